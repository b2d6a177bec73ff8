"""`init`: a first project that validates, plans and, at the sandbox, applies as it stands.

Nothing is overwritten. A project that is there already only gets what it lacks.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reconciler import disk, drivers
from reconciler.api.init import files
from reconciler.api.init.beginning import PLACES, PORT, Beginning, beginning, driver_named
from reconciler.api.init.steps import Step, steps
from reconciler.api.init.workflows import workflows
from reconciler.declare.project import ProjectFile, load
from reconciler.errors import Diagnostic, Usage
from reconciler.plan.scopes import needs_scope
from reconciler.site import Site

_IGNORED = (".reconciler/", "plan.json", "plan.json.*.sig", "plan.md", "report.md")


@dataclass(frozen=True, slots=True)
class Start:
    """A file of a first project, by the path it is shown with, and what was done about it."""

    path: str
    written: bool
    said: str


@dataclass(frozen=True, slots=True)
class Started:
    """What `init` did, and the commands that come next.

    *account*: the lines of the account to put into a project file that was there already.
    """

    files: tuple[Start, ...]
    steps: tuple[Step, ...]
    account: str | None = None


def init(
    site: Site,
    *,
    driver: str | None = None,
    account: str | None = None,
    at: str | None = None,
    settings: Mapping[str, str] | None = None,
    credentials: Mapping[str, str] | None = None,
    port: int = PORT,
    ci: str | None = None,
) -> Started:
    """Write a commented project file, an example manifest, an inventory, .gitignore entries.

    *at*: `sandbox` (whose campaigns the inventory then holds) or `vendor`; default: the vendor
    with *ci*, else the sandbox. *settings*: the driver's, by key. *credentials*: `env:NAME` or
    `file:PATH`, by key. *port*: the sandbox's. *ci*: `github` or `gitlab`, whose
    workflows are written too, or `other`, which gets the lock that they install from.
    """
    if at not in (None, *PLACES):
        raise Usage(f"--at {at}: write {' or '.join(PLACES)}")
    if there(site):
        return _added(site, driver=driver, account=account, at=at, ci=ci)
    place = at or ("sandbox" if ci is None else "vendor")
    begun = beginning(
        driver_named(driver),
        account,
        place,
        settings=settings or {},
        credentials=credentials or {},
        port=port,
    )
    # A journal that a cache brings may be an old one: each target is looked at first.
    look = ci is not None
    project = files.project(begun, look=look)
    if _keyed(begun, _checked(site, project)):
        project = files.project(begun, look=look, scope=True)
    texts = {site.config: project, "manifests/example.yaml": files.manifest(begun)}
    if begun.here:
        texts["inventory.ndjson"] = files.inventory(begun, site.now())
    if ci is not None:
        texts |= workflows(ci, credentials=tuple(begun.variables))
    return Started(_written(site, texts), tuple(steps(begun)))


def there(site: Site) -> bool:
    """Whether there is a project file already."""
    place = site.root / site.config
    return place.exists() or place.is_symlink()


def _added(
    site: Site, *, driver: str | None, account: str | None, at: str | None, ci: str | None
) -> Started:
    """What a project that is there lacks; of an account that was asked for, the lines to add."""
    left = Start(site.shown(site.config), False, "left as it is")
    texts: dict[str, str] = {}
    if ci is not None:
        names = [
            one.env
            for account_ in site.load_project().accounts.values()
            for one in account_.settings.credentials().values()
            if one.env is not None
        ]
        texts = workflows(ci, credentials=tuple(dict.fromkeys(names)))
    lines = None
    if driver is not None or account is not None:
        found = beginning(
            driver_named(driver), account, at or "vendor", settings={}, credentials={}
        )
        lines = files.account(found)
    return Started((left, *_written(site, texts)), (_VALIDATE,), lines)


_VALIDATE = Step("reconciler validate", "every mistake at once, with its place and the fix")


def _checked(site: Site, project: str) -> ProjectFile:
    """The project that the answers make; `Usage` with all that is wrong with it."""
    made, found = load(
        project.encode(), site.config, find_driver=drivers.find, driver_names=drivers.names
    )
    wrong = [one for one in found if one.severity == "error"]
    if wrong or made is None:
        raise Usage("\n".join(_said(one, project) for one in wrong))
    return made


def _keyed(begun: Beginning, project: ProjectFile) -> bool:
    """Whether only its key says whose campaigns the account's are: then it gets a `scope`."""
    account = project.accounts[begun.account]
    return needs_scope(account, begun.driver.of(account.settings))


def _said(one: Diagnostic, project: str) -> str:
    """What is wrong with an answer; the line shows which it was."""
    line = project.splitlines()[one.line - 1].partition(" # ")[0].strip() if one.line else ""
    message = re.sub(r"^`spec\.accounts\.[^`]*`", "this", one.message)
    return f"{line.partition(':')[0]}: {message}{f'; {one.fix}' if one.fix else ''}"


def _written(site: Site, texts: Mapping[str, str]) -> tuple[Start, ...]:
    found = [_write(site.root / path, body, site.shown(path)) for path, body in texts.items()]
    return (*found, _ignore(site.root / ".gitignore", site.shown(".gitignore")))


def _write(place: Path, text: str, shown: str) -> Start:
    if place.exists() or place.is_symlink():
        return Start(shown, False, "left as it is")
    disk.make_folder(place.parent)
    disk.write_whole(place, text.encode())
    return Start(shown, True, "")


def _ignore(place: Path, shown: str) -> Start:
    before = disk.read_file(place) if place.exists() else b""
    there = {line.strip() for line in before.decode("utf-8", "replace").splitlines()}
    new = [entry for entry in _IGNORED if entry not in there]
    if not new:
        return Start(shown, False, "has all entries")
    if before and not before.endswith(b"\n"):
        before += b"\n"
    disk.write_whole(place, before + "".join(f"{entry}\n" for entry in new).encode())
    return Start(shown, True, f"added {', '.join(new)}")


__all__ = ["Beginning", "Start", "Started", "Step", "init", "there"]

"""What can be checked without a vendor: files, inventory, state, programs, time zones."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from reconciler import disk
from reconciler.api.doctor.checks import Checkup
from reconciler.declare.project import ProjectFile
from reconciler.declare.zones import zone
from reconciler.errors import Diagnostic, InputError, ReconcilerError
from reconciler.inventory import Reader
from reconciler.inventory.sources import PROJECT, inventory_sources
from reconciler.lanes.state import need_workers, shared_url, state_path
from reconciler.model import Campaign
from reconciler.site import Site

_REMEMBERED = 200  # campaigns of an account: one of them is expected in its listing
Known = Mapping[str, list[Campaign]]


def files(site: Site) -> tuple[list[Checkup], ProjectFile | None]:
    """Project file and manifests; the project, if it can be used."""
    try:
        loaded = site.read()
    except ReconcilerError as error:
        return [Checkup("files", None, False, str(error))], None
    wrong = [_wrong("files", one) for one in loaded.diagnostics if one.severity == "error"]
    if wrong or loaded.project is None:
        return wrong, None
    count = len(loaded.files) - 1
    said = f"{loaded.files[0]} and {count} manifest{'' if count == 1 else 's'} are valid"
    return [Checkup("files", None, True, said)], loaded.project


def inventory(site: Site, project: ProjectFile) -> tuple[list[Checkup], Known]:
    """The inventory's files; some campaigns of each account."""
    known: dict[str, list[Campaign]] = {name: [] for name in project.accounts}
    missing = [path for path in project.inventory if not (site.root / path).exists()]
    if missing:
        said = f"there is no {', '.join(site.shown(one) for one in missing)} yet"
        fix = (
            "`reconciler inventory pull` writes it where the vendor can list; else bring an export"
        )
        return [Checkup("inventory", None, None, said, fix)], known
    count = 0
    try:
        with ExitStack() as spooled:
            sources = inventory_sources(site, project, PROJECT, spooled)
            for batch in Reader(sources, accounts=project.accounts.keys(), now=site.now()):
                count += len(batch)
                for one in batch:
                    if len(mine := known[one.account]) < _REMEMBERED:
                        mine.append(one)
    except InputError as error:
        wrong = [one for one in error.diagnostics if one.severity == "error"]
        return [_wrong("inventory", one) for one in wrong], known
    except ReconcilerError as error:
        return [Checkup("inventory", None, False, str(error))], known
    said = f"{count} campaigns in {', '.join(site.shown(one) for one in project.inventory)}"
    return [Checkup("inventory", None, True, said)], known


def state(site: Site, project: ProjectFile) -> Checkup:
    """Whether the journal and what lies beside it can be written: a file is made and removed."""
    try:
        if (url := shared_url(site, project)) is not None:
            need_workers()
            from reconciler.lanes.journal import postgres_admin

            postgres_admin.check(url, project.name, writes=True)
            return Checkup("state", None, True, f"{postgres_admin.shown(url)} can be written")
        folders = {site.root / ".reconciler", state_path(site, project).parent}
    except ReconcilerError as error:
        return Checkup("state", None, False, str(error))
    for folder in sorted(folders):
        place = _there(folder)
        try:
            disk.probe(place)
        except OSError as error:
            said = f"{place} cannot be written: {disk.why(error)}"
            fix = (
                "without it nothing is ever sent: make the folder writable for whoever runs this,"
                " or let `state` name another place"
            )
            return Checkup("state", None, False, said, fix)
    return Checkup("state", None, True, f"{site.shown('.reconciler')} can be written")


def _there(folder: Path) -> Path:
    """*folder*, or the nearest above it that is there already: where it would be made."""
    place = Path(os.path.abspath(folder))
    while not os.path.lexists(place):
        place = place.parent
    return place


def machine(project: ProjectFile | None) -> Iterator[Checkup]:
    """Programs and data of this machine."""
    needed = project is not None and (
        project.guards.approvals is not None and project.guards.approvals.required > 0
    )
    found = shutil.which("ssh-keygen")
    if found is not None:
        yield Checkup("ssh-keygen", None, True, found)
    else:
        said = "ssh-keygen is not installed" + ("" if needed else "; only approvals need it")
        fix = "install OpenSSH 8.9 or newer (Debian: apt-get install openssh-client)"
        yield Checkup("ssh-keygen", None, False if needed else None, said, fix)
    try:
        zone("Europe/Paris")
    except ValueError as error:
        yield Checkup("time-zones", None, False, f"Europe/Paris {error}", "pip install tzdata")
    else:
        yield Checkup("time-zones", None, True, "time zone data is there")


def _wrong(check: str, one: Diagnostic) -> Checkup:
    place = f"{one.place}: " if one.place else ""
    return Checkup(check, None, False, f"{place}{one.message}", one.fix)

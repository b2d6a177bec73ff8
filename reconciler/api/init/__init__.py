"""`init`: a first project that validates, and the CI workflows; nothing overwritten."""

from dataclasses import dataclass
from pathlib import Path

from reconciler import disk
from reconciler.api.init.assets import text
from reconciler.api.init.workflows import workflows
from reconciler.site import Site

_AFTER_SETTINGS = "      # guards: {maxDeletions: {count: 200}}"
_LOOK = """\
      before: look                # CI brings the journal from a cache, which may be an old one
"""

_IGNORED = (".reconciler/", "plan.json", "plan.json.*.sig", "plan.md", "report.md")


@dataclass(frozen=True, slots=True)
class Start:
    """A file of a first project, by the path it is shown with, and what was done about it."""

    path: str
    written: bool
    said: str


def init(site: Site, *, ci: str | None = None) -> list[Start]:
    """Write a commented project file, an example manifest and .gitignore entries.

    *ci*: `github` or `gitlab`, whose workflow is written too. What is there already stays.
    """
    project = text("project.yaml")
    files = {site.config: project, "manifests/example.yaml": text("manifest.yaml")}
    if ci is not None:
        # A journal that a cache brings may be an old one: each target is looked at first.
        files[site.config] = project.replace(_AFTER_SETTINGS, _LOOK + _AFTER_SETTINGS)
        files |= workflows(ci, credentials=("BATCH_REST_API_KEY",))
    found = [_write(site.root / path, body, site.shown(path)) for path, body in files.items()]
    return [*found, _ignore(site.root / ".gitignore", site.shown(".gitignore"))]


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

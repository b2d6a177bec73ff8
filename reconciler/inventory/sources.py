"""Which files an inventory is read from, and how: those that were given, else the project's."""

import os
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec
from msgspec import structs

from reconciler import disk
from reconciler.declare.reading import MTIME, for_format, need_tables, over, stamp
from reconciler.errors import ReconcilerError, Usage
from reconciler.inventory import InventorySource, format_of, shape
from reconciler.inventory.raw import Damaged, Raw
from reconciler.model import InventoryFile, Reading
from reconciler.safe import terminal

if TYPE_CHECKING:
    from reconciler.declare.project import ProjectFile
    from reconciler.site import Site

STDIN = "-"
_HEAD = 1 << 16  # bytes by which a format is told


class Given(msgspec.Struct, frozen=True):
    """What was said of the inventory where a command was given.

    *files*: instead of the project's, if there are any. *reading*: how all of them are read.
    *before*: the files of a saved plan, whose reading holds where nothing is said anew.
    """

    files: tuple[str, ...] = ()
    reading: Reading = Reading()
    before: tuple[InventoryFile, ...] = ()


PROJECT = Given()


def inventory_sources(
    site: "Site", project: "ProjectFile", given: Given, spooled: ExitStack
) -> list[InventorySource]:
    """The inventory's files: those that were *given*, else those that the project names.

    What can be read only once (standard input, a pipe) is copied to a file that lives as long as
    *spooled*.
    """
    if given.files:
        return given_sources(site, given, spooled)
    found = [named_source(site, project, one, given) for one in project.inventory]
    need_tables(given.reading, [one.format for one in found])
    return found


def given_sources(
    site: "Site", given: Given, spooled: ExitStack, *, option: str = "--inventory-format"
) -> list[InventorySource]:
    """The files that were named one by one; *option* is what says the format of one."""
    if given.files.count(STDIN) > 1:
        raise Usage("--inventory - can be given once")
    found = [_given(site, one, given, spooled, option) for one in given.files]
    need_tables(given.reading, [one.format for one in found])
    return found


def named_source(
    site: "Site", project: "ProjectFile", path: str, given: Given = PROJECT
) -> InventorySource:
    """The project's file *path*."""
    place = disk.inside(site.root, path)
    shown = Path(os.path.normpath(path)).as_posix()
    if place.exists() and not place.is_file():
        raise ReconcilerError(f"the inventory {site.shown(path)} is not a regular file")
    own = project.readings.get(path, Reading())
    found = _source(site, shown, place, partial(_open, place), own, given, "--inventory-format")
    return structs.replace(found, named=os.path.relpath(place), ours=True)


def format_by_suffix(path: str, option: str) -> str:
    """The format that the suffix of *path* says; `Usage` names *option*, which can say it too."""
    found = format_of(path)
    if found is None:
        raise Usage(f"the name of {path!r} does not say its format; give {option}")
    return found


def _by_content(opened: Callable[[], BinaryIO], path: str, option: str) -> str:
    """`Usage` that says what the file *path*, whose name says no format, looks like.

    What cannot be read in any format is read all the same: the reader tells what it is.
    """
    try:
        with opened() as file:
            head = Raw(file).read(_HEAD)
    except (OSError, Damaged):
        return "ndjson"
    looks = shape.looks(head)
    choice = f"{option} {looks}" if looks else f"{option} ndjson, json, yaml or csv"
    said = f"the name of {path!r} does not say its format; give {choice}"
    raise Usage(said + ("" if looks else " (whose cells may be parted by tabs)"))


def _given(
    site: "Site", path: str, given: Given, spooled: ExitStack, option: str
) -> InventorySource:
    if path == STDIN:
        stream = site.stdin()
        if stream is None:
            raise ReconcilerError("--inventory -: standard input is closed")
        opened = _spool(stream, spooled)
        return _source(site, STDIN, None, opened, Reading(), given, option)
    place = Path(path)
    shown = _shown(site.root, place)
    if place.is_char_device() or place.is_block_device():
        raise ReconcilerError(f"cannot read the inventory {shown}: it is a device")
    if place.exists() and not place.is_file() and not place.is_dir():
        with place.open("rb") as pipe:
            opened = _spool(pipe, spooled)
        return _source(site, shown, None, opened, Reading(), given, option, name=path)
    opened = partial(_open, place)
    return _source(site, shown, place, opened, Reading(), given, option, name=path)


def _source(
    site: "Site",
    shown: str,
    place: Path | None,
    opened: Callable[[], BinaryIO],
    own: Reading,
    given: Given,
    option: str,
    *,
    name: str | None = None,
) -> InventorySource:
    """A file that is read as *given* says, else as a plan before said, else as its *own* says.

    *place* None: it has no time of its own.
    """
    before = next((one for one in given.before if one.path == shown), None)
    if before is not None and before.reading is not None and given.reading == Reading():
        own = before.reading
    wanted = over(own, given.reading)
    by_suffix = "ndjson" if shown == STDIN else format_of(name or shown)
    format_ = wanted.format or by_suffix or _by_content(opened, name or shown, option)
    wanted = for_format(wanted, format_, by_suffix)
    if wanted.captured_at == MTIME:
        wanted = structs.replace(wanted, captured_at=_changed(site, shown, place))
    # a time that a plan found is of the bytes that it read: of others nobody knows it
    same = before.sha256 if before is not None and given.reading.captured_at is None else None
    held = same if own.captured_at else None
    taken = partial(_last_changed, place)
    return InventorySource(shown, opened, format_, wanted, held, name, taken=taken)


def _changed(site: "Site", shown: str, place: Path | None) -> str:
    """When the file at *place* was last changed; told, as it may not be what was meant."""
    if place is None or not place.exists():
        raise Usage(f"--captured-at {MTIME}: {shown} is no file with a time of its own")
    at = _last_changed(place)
    if at is None:
        raise Usage(
            f"--captured-at {MTIME}: {shown} lies in a git work tree, where a checkout makes every"
            " file new; write the time itself, or capturedAt in a header"
        )
    site.note(terminal(f"{shown}: captured {at}, when it was last changed"))
    return at


def _last_changed(place: Path | None) -> str | None:
    """When the file at *place* was last changed; None if that says nothing of what it holds."""
    if place is None or not place.exists():
        return None
    real = Path(os.path.realpath(place))
    if any((folder / ".git").exists() for folder in real.parents):
        return None
    return stamp(datetime.fromtimestamp(real.stat().st_mtime, UTC))


def _open(place: Path) -> BinaryIO:
    return place.open("rb")


def _shown(root: Path, place: Path) -> str:
    """Relative to the project's folder if *place* is inside it, else as it was given; with `/`."""
    whole, base = Path(os.path.abspath(place)), Path(os.path.abspath(root))
    return (whole.relative_to(base) if whole.is_relative_to(base) else place).as_posix()


def _spool(stream: BinaryIO, spooled: ExitStack) -> Callable[[], BinaryIO]:
    import shutil
    import tempfile

    copy = spooled.enter_context(tempfile.NamedTemporaryFile(prefix="reconciler-"))  # noqa: SIM115
    shutil.copyfileobj(stream, copy, 1024 * 1024)
    copy.flush()
    return partial(_open, Path(copy.name))

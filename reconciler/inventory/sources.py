"""Which files an inventory is read from: those that were given, else those the project names."""

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from reconciler import disk
from reconciler.errors import ReconcilerError, Usage
from reconciler.inventory import Source, format_of

if TYPE_CHECKING:
    from reconciler.declare.project import ProjectFile
    from reconciler.site import Site

STDIN = "-"


def inventory_sources(
    site: "Site",
    project: "ProjectFile",
    files: Sequence[str],
    format_: str | None,
    spooled: ExitStack,
) -> list[Source]:
    """The inventory's files: those *given*, else those that the project names.

    What can be read only once (standard input, a pipe) is copied to a file that lives as long as
    *spooled*.
    """
    if files:
        return given_sources(site, files, format_, spooled)
    return [_named(site, one, format_) for one in project.inventory]


def given_sources(
    site: "Site",
    files: Sequence[str],
    format_: str | None,
    spooled: ExitStack,
    *,
    option: str = "--inventory-format",
) -> list[Source]:
    """The files that were named one by one; *option* is what says the format of one."""
    if files.count(STDIN) > 1:
        raise Usage("--inventory - can be given once")
    return [_given(site, one, format_, spooled, option) for one in files]


def format_by_suffix(path: str, option: str) -> str:
    """The format that the suffix of *path* says; `Usage` names *option*, which can say it too."""
    found = format_of(path)
    if found is None:
        raise Usage(f"the name of {path!r} does not say its format; give {option}")
    return found


def _given(site: "Site", path: str, format_: str | None, spooled: ExitStack, option: str) -> Source:
    if path == STDIN:
        stream = site.stdin()
        if stream is None:
            raise ReconcilerError("--inventory -: standard input is closed")
        return Source(STDIN, _spool(stream, spooled), format_ or "ndjson")
    chosen = format_ or format_by_suffix(path, option)
    place = Path(path)
    shown = _shown(site.root, place)
    if place.is_char_device() or place.is_block_device():
        raise ReconcilerError(f"cannot read the inventory {shown}: it is a device")
    if place.exists() and not place.is_file() and not place.is_dir():
        with place.open("rb") as pipe:
            return Source(shown, _spool(pipe, spooled), chosen)
    return Source(shown, partial(_open, place), chosen)


def _named(site: "Site", path: str, format_: str | None) -> Source:
    place = disk.inside(site.root, path)
    shown = Path(os.path.normpath(path)).as_posix()
    if place.exists() and not place.is_file():
        raise ReconcilerError(f"the inventory {site.shown(path)} is not a regular file")
    chosen = format_ or format_by_suffix(path, "--inventory-format")
    return Source(shown, partial(_open, place), chosen)


def _open(place: Path) -> BinaryIO:
    return place.open("rb")


def _shown(root: Path, place: Path) -> str:
    """Relative to the project's folder if *place* is inside it, else as it was given; with `/`."""
    whole, base = Path(os.path.abspath(place)), Path(os.path.abspath(root))
    return (whole.relative_to(base) if whole.is_relative_to(base) else place).as_posix()


def _spool(stream: BinaryIO, spooled: ExitStack) -> Callable[[], BinaryIO]:
    copy = spooled.enter_context(tempfile.NamedTemporaryFile(prefix="reconciler-"))  # noqa: SIM115
    shutil.copyfileobj(stream, copy, 1024 * 1024)
    copy.flush()
    return partial(_open, Path(copy.name))

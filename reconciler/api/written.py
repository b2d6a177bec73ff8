"""Views into files: each whole or not at all, and in parts where one does not hold all."""

from collections.abc import Iterable
from pathlib import Path

from reconciler import disk


def write_parts(path: Path, parts: Iterable[Iterable[str]]) -> tuple[Path, ...]:
    """The first of *parts* at *path*, the others at `path.2`, `path.3` and so on; those written."""
    written = []
    for number, pieces in enumerate(parts, 1):
        place = path if number == 1 else path.with_name(f"{path.name}.{number}")
        disk.write_whole(place, "".join(pieces).encode("utf-8", "backslashreplace"))
        written.append(place)
    return tuple(written)

"""Views into files: each whole or not at all, and in parts where one does not hold all."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from reconciler import disk
from reconciler.errors import ReconcilerError

_GATHERED = 1 << 18  # characters that are written at a time


def encoded(pieces: Iterable[str]) -> Iterator[bytes]:
    """*pieces* as bytes, some of them at a time."""
    gathered, size = [], 0
    for one in pieces:
        gathered.append(one)
        size += len(one)
        if size >= _GATHERED:
            yield "".join(gathered).encode("utf-8", "backslashreplace")
            gathered, size = [], 0
    if gathered:
        yield "".join(gathered).encode("utf-8", "backslashreplace")


def write_parts(path: Path, parts: Iterable[Iterable[str]]) -> tuple[Path, ...]:
    """The first of *parts* at *path*, the others at `path.2`, `path.3` and so on; those written."""
    written = []
    for number, pieces in enumerate(parts, 1):
        place = path if number == 1 else path.with_name(f"{path.name}.{number}")
        disk.write_parts(place, encoded(pieces))
        written.append(place)
    return tuple(written)


def write_variables(path: str, values: Mapping[str, object], *, append: bool = False) -> None:
    """`NAME=VALUE` lines at *path*, as steps of a CI hand them on; None is an empty value.

    Values are numbers, digests and logins, which need no quotes.
    """
    text = "".join(f"{name}={'' if one is None else one}\n" for name, one in values.items())
    try:
        with open(path, "a" if append else "w", encoding="ascii") as file:
            file.write(text)
    except OSError as error:
        raise ReconcilerError(f"cannot write {path}: {error.strerror}") from error

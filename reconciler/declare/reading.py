"""How a file is read where it does not say so itself: said well, put together, true of a file."""

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from msgspec import structs

from reconciler.declare.near import near
from reconciler.declare.times import by_format, instant
from reconciler.errors import Usage
from reconciler.model import Campaign, Reading, Status

LABEL = "label."
ATTRIBUTE = "attributes."
IDS = "ids"  # `--set ids=text`: ids are meant as they are written
FIELDS = Campaign.__struct_encode_fields__  # the keys of a record, in the file's order
_STATUSES = tuple(one.value for one in Status)
_BLANK = re.compile(r"[\s_-]+")
_FOLDED = {one.casefold(): one for one in FIELDS}
_PREFIXES = {"label": LABEL, "labels": LABEL, "attribute": ATTRIBUTE, "attributes": ATTRIBUTE}

FORMATS = ("ndjson", "json", "yaml", "csv")
MTIME = "mtime"
_OF_TABLES = ("map", "set", "date_format")  # CSV alone needs them
_OPTIONS = {"captured_at": "--captured-at", "date_format": "--date-format"}


def field_of(name: str) -> str | None:
    """The field that a column of that *name* holds, whatever its case and blanks; None if none."""
    folded = fold(name)
    if folded in _FOLDED:
        return _FOLDED[folded]
    for ours in (LABEL, ATTRIBUTE):
        if name.startswith(ours) and name != ours:
            return name  # as we write it: its key is what follows, to the byte
    head, dot, rest = name.strip().partition(".")
    prefix = _PREFIXES.get(fold(head)) if dot else None
    return f"{prefix}{rest.strip()}" if prefix and rest.strip() else None


def fold(name: str) -> str:
    """*name* of a column as it is compared."""
    return _BLANK.sub("", name).casefold()


class WrongReading(NamedTuple):
    """What is wrong with one of the keys of a reading (as in the project file), and the fix."""

    path: tuple[str, ...]
    what: str
    fix: str


def reading(
    *,
    format: str | None = None,  # noqa: A002 - the key's name
    captured_at: str | datetime | None = None,
    date_format: str | None = None,
    map: Mapping[str, str] | None = None,  # noqa: A002
    set: Mapping[str, str] | None = None,  # noqa: A002
) -> Reading:
    """A reading of what was given; `Usage` with everything that is wrong with it."""
    at = captured_at.isoformat() if isinstance(captured_at, datetime) else captured_at
    made = Reading(
        format=format,
        captured_at=at,
        date_format=date_format,
        map=dict(map) if map else None,
        set=dict(set) if set else None,
    )
    if found := list(wrong(made)):
        raise Usage("; ".join(f"{_option(one.path)}: {one.what}; {one.fix}" for one in found))
    return named(made)


def _option(path: tuple[str, ...]) -> str:
    name = {"capturedAt": "captured-at", "dateFormat": "date-format", "format": "inventory-format"}
    return f"--{name.get(path[0], path[0])}" + "".join(f" {one}" for one in path[1:])


def wrong(one: Reading) -> Iterator[WrongReading]:
    """Everything that is wrong with a reading, wherever it was written."""
    if one.format is not None and one.format not in FORMATS:
        yield WrongReading(
            ("format",), f"no format {one.format!r}", f"use one of {', '.join(FORMATS)}"
        )
    if one.captured_at is not None and one.captured_at != MTIME:
        try:
            instant(one.captured_at)
        except ValueError:
            fix = f"write 2026-11-20T08:00:00Z, or {MTIME} for the time of the file"
            yield WrongReading(("capturedAt",), f"{one.captured_at!r} is no time", fix)
    if one.date_format is not None and (why := _wrong_format(one.date_format)) is not None:
        fix = "write it as %d/%m/%Y, with %H:%M:%S for times; %s is seconds since 1970"
        yield WrongReading(("dateFormat",), f"{one.date_format!r} {why}", fix)
    for key, keys in (("map", one.map or {}), ("set", one.set or {})):
        yield from _wrong_keys(key, keys)
    for field in sorted((one.map or {}).keys() & (one.set or {}).keys()):
        yield WrongReading(("set", field), "--map says the same field", "leave one of them out")


def _wrong_format(format_: str) -> str | None:
    try:
        by_format(format_)
    except ValueError:
        return "does not say day, month and year"
    return None


def _wrong_keys(key: str, keys: Mapping[str, str]) -> Iterator[WrongReading]:
    seen: dict[str, str] = {}
    for name, value in keys.items():
        field = field_of(name)
        if key == "set" and name == IDS:
            if value != "text":
                yield WrongReading((key, name), f"{value!r} says nothing", f"write {IDS}=text")
        elif field is None:
            like = near(name, [*FIELDS, LABEL, ATTRIBUTE])
            fix = f"did you mean {like}?" if like else f"the fields are {' '.join(FIELDS)}"
            yield WrongReading((key, name), "a record has no such field", fix)
        elif field in seen:
            yield WrongReading(
                (key, name), f"{seen[field]} is the same field", "leave one of them out"
            )
        elif not value:
            yield WrongReading((key, name), "nothing is said", "write FIELD=TEXT")
        elif key == "set" and field == "status" and value not in _STATUSES:
            yield WrongReading(
                (key, name), f"{value!r} is no status", f"use one of {' '.join(_STATUSES)}"
            )
        seen.setdefault(field or name, name)


def named(one: Reading) -> Reading:
    """The same with fields as records name them, whatever case they were written in."""

    def by_field(keys: Mapping[str, str] | None) -> dict[str, str] | None:
        return {field_of(name) or name: value for name, value in keys.items()} if keys else None

    return structs.replace(one, map=by_field(one.map), set=by_field(one.set))


def over(base: Reading, other: Reading) -> Reading:
    """*base*, but for what *other* says."""
    said = {key: value for key in other.__struct_fields__ if (value := getattr(other, key))}
    return structs.replace(base, **said)


def for_format(one: Reading, format_: str, by_suffix: str | None) -> Reading:
    """What of a reading a file in *format_* needs, and a plan keeps."""
    kept = one if format_ == "csv" else structs.replace(one, **dict.fromkeys(_OF_TABLES))
    return structs.replace(kept, format=None if format_ == by_suffix else format_)


def need_tables(one: Reading, formats: Iterable[str]) -> None:
    """`Usage` if *one*, which was said of files in *formats*, is of tables and none is one."""
    if "csv" in formats:
        return
    for key in _OF_TABLES:
        if getattr(one, key):
            option = _OPTIONS.get(key, f"--{key}")
            raise Usage(f"{option} is for CSV, and none of the files is: leave it out")


def stamp(at: datetime) -> str:
    """*at* as a reading holds it."""
    return at.astimezone(UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")


def shown(one: Reading) -> str:
    """The options that say a reading."""
    parts = [
        *(["--inventory-format", one.format] if one.format else []),
        *(["--captured-at", one.captured_at] if one.captured_at else []),
        *(["--date-format", one.date_format] if one.date_format else []),
        *(part for k, v in (one.map or {}).items() for part in ("--map", f"{k}={v}")),
        *(part for k, v in (one.set or {}).items() for part in ("--set", f"{k}={v}")),
    ]
    return shlex.join(parts)

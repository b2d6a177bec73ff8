"""One record, from any format's plain values, with everything that is wrong with it."""

import shlex
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reconciler.declare import times
from reconciler.declare.reading import FIELDS
from reconciler.inventory.notes import Notes, closest
from reconciler.model import Campaign, Status

_ATTRIBUTES = dict(zip(FIELDS, Campaign.__struct_fields__, strict=True))
_TIMES = ("createdAt", "updatedAt")
REQUIRED = ("account", "id", "name")
STATUSES: Mapping[str, Status] = {one.value: one for one in Status}
_LONGEST = 60  # characters of a wrong value that are shown

Where = Callable[..., tuple[int | None, int | None]]
"""A key, or the keys and indices that lead to one -> its line and column, as far as known.

None of them: where the record begins.
"""


@dataclass(frozen=True, slots=True)
class Dates:
    """How dates are read: by *instant*; in *format*, if one was said; *table*: one can be said."""

    instant: times.Instant = times.instant
    format: str | None = None
    table: bool = False


PLAIN = Dates()


class WrongValue(Exception):
    """A value that cannot be read: what, and the fix.

    *formats*: of a date, those that would read it, each with the day.
    """

    def __init__(
        self, what: str, fix: str | None = None, formats: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix
        self.formats = formats


def kind(value: object) -> str:
    """What *value* is, in words."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {short(_number(value))}"
        case str():
            return "text"
        case list():
            return "a list"
    return "an object"


def _number(value: float) -> str:
    # Python refuses to write out integers of thousands of digits
    too_long = isinstance(value, int) and value.bit_length() > 1000
    return "of more than 300 digits" if too_long else str(value)


def short(text: str) -> str:
    """*text*, cut where it is longer than anybody reads."""
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def as_text(key: str, value: object) -> str:
    """*value*, which must be text; `Wrong` says what it is."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        shown = short(_number(value))
        fix = (
            f'put quotes around it: "{shown}"'
            if isinstance(value, int)
            else "write it in quotes, as the vendor has it: a number may have lost digits"
        )
        raise WrongValue(f"`{key}` is the number {shown}, not text", fix)
    raise WrongValue(f"`{key}` is {kind(value)}, not text", "write text in quotes")


def as_texts(key: str, value: object) -> tuple[str, ...]:
    """*value*, which must be a list of text."""
    if not isinstance(value, list):
        raise WrongValue(f"`{key}` is {kind(value)}, not a list of text", 'write ["...", "..."]')
    return tuple(as_text(f"{key}[{index}]", one) for index, one in enumerate(value))


def _labels(key: str, value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        raise WrongValue(
            f"`{key}` is {kind(value)}, not an object of text", 'write {"team": "..."}'
        )
    return {name: as_text(f"{key}.{short(name)}", one) for name, one in value.items()}


def _object(key: str, value: object) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise WrongValue(f"`{key}` is {kind(value)}, not an object", 'write {"key": ...}')


def _status(key: str, value: object) -> Status:
    word = as_text(key, value)
    if word in STATUSES:
        return STATUSES[word]
    like = closest(word.lower(), STATUSES)
    allowed = " ".join(STATUSES)
    hint = f"did you mean `{like}`? " if like else ""
    raise WrongValue(
        f"`{key}` is `{short(word)}`, which is none of ours",
        f"{hint}Use one of {allowed}; the vendor's own word goes to attributes.status",
    )


def as_moment(key: str, value: object, dates: Dates = PLAIN) -> datetime:
    """The time that *value* is, as *dates* reads it; `Wrong` says how to write it."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        shown = short(_number(value))
        raise WrongValue(
            f"`{key}` is the number {shown}, not a time", _time_fix(_number(value), dates)
        )
    said = as_text(key, value)
    try:
        return dates.instant(said)
    except ValueError as error:
        what = f"`{key}` is `{short(said)}`, which is no time"
        formats = _formats(said.strip()) if dates.table and dates.format is None else None
        raise WrongValue(what, _time_fix(said.strip(), dates), formats) from error


def _time_fix(said: str, dates: Dates) -> str:
    if dates.format is not None:
        return f"write it as --date-format {shlex.quote(dates.format)} says, or say another format"
    if (since := times.epoch(said)) is not None:
        at, unit, _ = since
        return f'if these are {unit} since 1970, write "{at}"'
    if days := times.numbers(said):
        shown = " or ".join(f'"{day}"' for day in dict.fromkeys(day for day, _ in days))
        return f"write it as {shown}, whichever is meant"
    return "write it as 2026-11-20T08:00:00Z"


def _formats(said: str) -> dict[str, str] | None:
    """The formats that read the date *said*, each with what it is by it; None if none does."""
    if (since := times.epoch(said)) is not None:
        at, _, format_ = since
        return None if format_ is None else {format_: at}
    return {format_: day for day, format_ in times.numbers(said)} or None


_READERS: Mapping[str, Callable[[str, object], Any]] = {
    "account": as_text,
    "id": as_text,
    "name": as_text,
    "status": _status,
    "channel": as_text,
    "labels": _labels,
    "phoneNumbers": as_texts,
    "messageIds": as_texts,
    "attributes": _object,
    "unknown": as_texts,
}


def build(
    value: object,
    notes: Notes,
    where: Where,
    dates: Dates = PLAIN,
    told: Collection[str] = (),
) -> Campaign | None:
    """A record from *value*; None when something is wrong, which *notes* then know.

    *told*: fields of which something wrong is told already.
    """
    if not isinstance(value, dict):
        line, column = where()
        notes.error(
            "inventory-syntax",
            f"a record is an object, not {kind(value)}",
            line=line,
            column=column,
            fix='write {"account": "...", "id": "...", "name": "..."}',
        )
        return None
    fields: dict[str, Any] = {}
    slips: dict[str, str] = {}  # a field that is not there -> the key that is probably meant for it
    good = True
    for key, one in value.items():
        if key not in _ATTRIBUTES:
            rest = [name for name in FIELDS if name not in value]
            like = closest(key, rest)
            notes.unknown_field(key, where(key)[0], like)
            if like is not None:
                slips.setdefault(like, key)
            continue
        if one is None and key not in REQUIRED:
            continue
        try:
            fields[_ATTRIBUTES[key]] = (
                as_moment(key, one, dates) if key in _TIMES else _READERS[key](key, one)
            )
        except WrongValue as wrong:
            good = False
            line, column = where(key)
            if wrong.formats:
                notes.undated(wrong.what, str(one).strip(), line, column, wrong.formats)
            else:
                notes.error("inventory-field", wrong.what, line=line, column=column, fix=wrong.fix)
        else:
            notes.dated |= key in _TIMES
    for key in REQUIRED:
        if key not in value:
            good = False
            if key in told:
                continue
            slip = slips.get(key)
            line, column = where() if slip is None else where(slip)
            meant = f"`{slip}` stands there; did you mean `{key}`?"
            notes.error(
                "inventory-field",
                f"`{key}` is missing",
                line=line,
                column=column,
                fix="every record has account, id and name" if slip is None else meant,
            )
    return Campaign(**fields) if good else None

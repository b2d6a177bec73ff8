"""JSON text of records: decoded in bulk, and told apart at its place where that fails."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from reconciler.inventory.reading import Reading, closest
from reconciler.inventory.records import FIELDS, Where, build, instant
from reconciler.model import Campaign, Status

Batch = tuple[list[Campaign], Sequence[int]]
"""Records and their lines."""

Spot = Callable[[bytes], tuple[int, int]]
"""What stands before a place in a piece of text -> the place's line and column in the file."""

UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)
UNPARSED: Any = object()

_STRICT = msgspec.json.Decoder(Campaign)
_ANY = msgspec.json.Decoder()
_KEYS = msgspec.json.Decoder(dict[str, msgspec.Raw])


class _Loose(msgspec.Struct, kw_only=True, rename="camel"):
    """A record whose other keys do not matter and whose times are still text."""

    account: str
    id: str
    name: str
    status: Status | None = None
    channel: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    labels: dict[str, str] | None = None
    phone_numbers: tuple[str, ...] | None = None
    message_ids: tuple[str, ...] | None = None
    attributes: dict[str, Any] | None = None
    unknown: tuple[str, ...] | None = None


_LOOSE = msgspec.json.Decoder(_Loose)


def spot(line: int, column: int = 1) -> Spot:
    """The `Spot` of a piece of text that begins at *line* and *column*."""

    def of(before: bytes) -> tuple[int, int]:
        ends = before.count(b"\n")
        if not ends:
            return line, column + len(before.decode("utf-8", "replace"))
        last = before[before.rfind(b"\n") + 1 :]
        return line + ends, 1 + len(last.decode("utf-8", "replace"))

    return of


def decode(chunk: bytes, lines: Sequence[int], reading: Reading) -> list[Campaign] | None:
    """The records of *chunk*, one for each of *lines*; None if each must be looked at by itself.

    Unknown keys and plain dates are no reason for that.
    """
    try:
        records = _STRICT.decode_lines(chunk)
    except UNREADABLE:
        return _decode_loosely(chunk, lines, reading)
    return records if len(records) == len(lines) else None


def _decode_loosely(chunk: bytes, lines: Sequence[int], reading: Reading) -> list[Campaign] | None:
    try:
        loose = _LOOSE.decode_lines(chunk)
        keys = _KEYS.decode_lines(chunk)
        records = [_tight(one) for one in loose]
    except UNREADABLE:
        return None
    unknown: set[str] = set().union(*keys).difference(FIELDS)
    if len(records) != len(lines) or "kind" in unknown:
        return None
    unknown -= reading.unknown.keys()
    if unknown:
        for line, found in zip(lines, keys, strict=True):
            for key in found:
                if key in unknown:
                    rest = [one for one in FIELDS if one not in found]
                    reading.unknown_field(key, line, closest(key, rest))
    return records


def _tight(one: _Loose) -> Campaign:
    return Campaign(
        account=one.account,
        id=one.id,
        name=one.name,
        status=one.status,
        channel=one.channel,
        created_at=None if one.created_at is None else instant(one.created_at),
        updated_at=None if one.updated_at is None else instant(one.updated_at),
        labels=one.labels,
        phone_numbers=one.phone_numbers,
        message_ids=one.message_ids,
        attributes=one.attributes,
        unknown=one.unknown,
    )


def one_record(text: bytes) -> Campaign | None:
    """The record of *text*; None if anything about it is not as it should be."""
    try:
        return _STRICT.decode(text)
    except UNREADABLE:
        return None


def built(value: Any, text: bytes, at: Spot, reading: Reading) -> Campaign | None:
    """The record of *text*, whose JSON value is *value*; None when *reading* knows why not."""
    return None if value is UNPARSED else build(value, reading, place(text, at))


def parse(text: bytes, at: Spot, reading: Reading) -> Any:
    """The JSON value of *text*; `UNPARSED` if it is none, which *reading* then knows."""
    try:
        value = _ANY.decode(text)
        json.loads(text, object_pairs_hook=_once)
    except _Twice as error:
        what, fix = f"the key `{error}` a second time in one object", "keep one of them"
        index = max(text.rfind(json.dumps(str(error)).encode()), 0)
    except UNREADABLE as error:
        what, fix, index = _why(text, error)
    else:
        return value
    line, column = at(text[:index])
    reading.error("inventory-syntax", what, line=line, column=column, fix=fix)
    return UNPARSED


_LONE = re.compile(
    r"(?i)(?:^|[^\\])(?:\\\\)*(?P<lone>\\ud[89ab][0-9a-f]{2}(?!\\ud[c-f][0-9a-f]{2})"
    r"|(?<!\\ud[89ab][0-9a-f]{2})\\ud[c-f][0-9a-f]{2})"
)


def _why(text: bytes, error: Exception) -> tuple[str, str, int]:
    """What is wrong with text that is not JSON, the fix, and the byte (from 0)."""
    deep = "values are nested too deep", "flatten them", 0
    if isinstance(error, RecursionError):
        return deep
    if text.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in text[:2]:
        return "this is not UTF-8 but looks like UTF-16", "save the file as UTF-8", 0
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError as bad:
        what = f"byte 0x{text[bad.start]:02x} is not UTF-8"
        return what, "save the file as UTF-8", bad.start

    def byte(index: int) -> int:
        return len(decoded[:index].encode())

    try:
        json.loads(decoded, parse_constant=_refuse)
    except json.JSONDecodeError as bad:
        if bad.pos >= len(decoded.rstrip()) or bad.msg.startswith("Unterminated string"):
            what = "the text ends in the middle of a value"
            return what, "the file is truncated: write it again", byte(bad.pos)
        return f"this is not JSON: {bad.msg}", "mend it at the column", byte(bad.pos)
    except _Constant as bad:
        fix = 'leave it out, or write it as text: "NaN"'
        return f"`{bad}` is not a number of JSON", fix, byte(max(decoded.find(str(bad)), 0))
    except RecursionError:
        return deep
    except ValueError:
        return "a number has too many digits", "write it as text, in quotes", 0
    if lone := _LONE.search(decoded):
        what = f"`{lone['lone']}` is half a character (a lone surrogate)"
        return what, "write the character itself, in UTF-8", byte(lone.start("lone"))
    return f"this is not JSON: {error}", "mend it", 0


class _Twice(Exception):
    """A key that stands twice in one object: other readers would take the other value."""


def _once(pairs: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise _Twice(key)
        seen.add(key)


class _Constant(Exception):
    """NaN, Infinity or -Infinity."""


def _refuse(word: str) -> Any:
    raise _Constant(word)


def place(text: bytes, at: Spot) -> Where:
    """Where a top-level key of the JSON object *text* stands, well enough for people."""

    def where(key: str) -> tuple[int | None, int | None]:
        quoted = re.escape(key.encode("utf-8", "replace"))
        found = re.search(rb'[{,]\s*("' + quoted + rb'"\s*:)', text) if key else None
        return at(text[: found.start(1)]) if found else at(b"")

    return where

"""JSON text of records: decoded in bulk, and told apart at its place where that fails."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from reconciler.declare.encoding import windows_1252
from reconciler.declare.reading import FIELDS
from reconciler.declare.times import FINER, instant
from reconciler.inventory import fixes
from reconciler.inventory.jsonscan import DEEPEST, Scan, deeper, only
from reconciler.inventory.notes import Notes, closest
from reconciler.inventory.records import Where, build
from reconciler.model import Campaign, Campaigns, Status

Batch = tuple[Sequence[Campaign], Sequence[int]]
"""Records and their lines."""

Lines = Callable[[], Sequence[int]]
"""Counts the lines of a piece of text: nearly always nobody needs to."""

Spot = Callable[[bytes], tuple[int, int]]
"""What stands before a place in a piece of text -> the place's line and column in the file."""

WINDOWS = "WINDOWS-1252"  # as iconv calls it
UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)
UNPARSED: Any = object()

_STRICT = msgspec.json.Decoder(Campaign)
_ANY = msgspec.json.Decoder()
_ENCODE = msgspec.json.Encoder()
_QUOTE = b"\\u0022"  # an escape that becomes a quote of the text that it is written as


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


# ---------------------------------------------------------------- in bulk


def decode(chunk: bytes, lines: Lines, notes: Notes) -> Campaigns | None:
    """The records of *chunk*, one for each of *lines*; None if each must be looked at by itself.

    Unknown keys, plain dates and fine fractions of a second are no reason for that.
    """
    try:
        records = _STRICT.decode_lines(chunk)
    except UNREADABLE:
        return _decode_loosely(chunk, lines(), notes)
    if _deep(records):
        return None
    again = _ENCODE.encode_lines(records)
    if again != chunk:  # as we write it, it has a line for each
        if len(records) != len(lines()):
            return None
        if not _exact(chunk, again):
            return _decode_loosely(chunk, lines(), notes)
    return Campaigns(records, again)


def _deep(records: list[Campaign]) -> bool:
    """Whether one of *records* is nested too deep. Nothing else of a record nests."""
    nests = [
        value
        for one in records
        if one.attributes
        for value in one.attributes.values()
        if type(value) is dict or type(value) is list
    ]
    return any(deeper(value, DEEPEST - 2) for value in nests)


def _exact(chunk: bytes, again: bytes) -> bool:
    """Whether nothing of *chunk* is missing in *again*, what its records are written as.

    The decoder takes the last of two equal keys and rounds times without a word. Most text is what
    we would write, to the byte.
    """
    return again == chunk or (_nothing_lost(chunk, again) and FINER.search(chunk) is None)


def _nothing_lost(text: bytes, again: bytes) -> bool:
    """Whether *again*, written from what *text* says, has every key and text of it.

    Each has two quotes, and quotes inside of a text are escaped in both. So a value that was
    dropped, with its key, leaves fewer of them; only an escape that stands for a quote adds one.
    """
    return text.count(b'"') == again.count(b'"') and _QUOTE not in text


def _decode_loosely(chunk: bytes, lines: Sequence[int], notes: Notes) -> Campaigns | None:
    try:
        loose = _LOOSE.decode_lines(chunk)
        plain = _ANY.decode_lines(chunk)
        if len(loose) != len(lines) or any(map(deeper, plain)):
            return None
        if not _nothing_lost(chunk, _ENCODE.encode(plain)):
            return None
        records = Campaigns([_tight(one) for one in loose])
    except (*UNREADABLE, OverflowError):
        return None
    unknown: set[str] = set().union(*plain).difference(FIELDS)
    if "kind" in unknown:
        return None
    unknown -= notes.unknown.keys()
    if unknown:
        for line, found in zip(lines, plain, strict=True):
            for key in found:
                if key in unknown:
                    rest = [one for one in FIELDS if one not in found]
                    notes.unknown_field(key, line, closest(key, rest))
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


# ---------------------------------------------------------------- one by one


def one_record(text: bytes) -> Campaign | None:
    """The record of *text*; None if anything about it is not as it should be."""
    try:
        record = _STRICT.decode(text)
    except UNREADABLE:
        return None
    return record if not _deep([record]) and _exact(text, _ENCODE.encode(record)) else None


def built(value: Any, text: bytes, at: Spot, notes: Notes) -> Campaign | None:
    """The record of *text*, whose JSON value is *value*; None when *notes* know why not."""
    return None if value is UNPARSED else build(value, notes, place(text, at))


def parse(text: bytes, at: Spot, notes: Notes) -> Any:
    """The JSON value of *text*; `UNPARSED` if it is none, which *notes* then know."""
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError as bad:
        line, column = at(text[: bad.start])
        what, fix = not_utf8(text, bad.start, notes)
        notes.not_utf8(what, line, column, fix)
        return UNPARSED
    fault = only(decoded).fault
    if fault is None:
        try:
            return _ANY.decode(text)
        except UNREADABLE:  # nothing that the scan takes for good should get here
            what, fix, index = "the value cannot be read", "write it in a simpler form", 0
    else:
        what, fix, index = fault.what, fault.fix, fault.at
    line, column = at(decoded[:index].encode())
    notes.error("inventory-syntax", what, line=line, column=column, fix=fix)
    return UNPARSED


def not_utf8(text: bytes, index: int, notes: Notes) -> tuple[str, str]:
    """What is wrong with the byte of *text* at *index*, and the fix."""
    what = f"byte 0x{text[index]:02x} is not UTF-8"
    if (shown := windows_1252(text, index)) is None:
        return what, "save the file as UTF-8"
    fix = fixes.recode(notes.named, WINDOWS, gzip=notes.gzip)
    return f"{what}; in Windows-1252 it is `{shown}`", fix


def place(text: bytes, at: Spot) -> Where:
    """Where a key of the JSON value *text* stands; a key that is not there: what holds it."""
    found: list[tuple[str, Scan]] = []

    def where(*path: str | int) -> tuple[int | None, int | None]:
        if not found:
            decoded = text.decode("utf-8", "replace")
            found.append((decoded, only(decoded)))
        decoded, scan = found[0]
        while path and path not in scan.keys and path not in scan.values:
            path = path[:-1]
        index = scan.keys.get(path, scan.values.get(path, 0))
        return at(decoded[:index].encode())

    return where

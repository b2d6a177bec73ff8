"""NDJSON: one record a line, read in blocks; a block that fails is read line by line."""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from reconciler.inventory.raw import Damaged, Raw
from reconciler.inventory.reading import Reading
from reconciler.inventory.records import FIELDS, Where, build, header, instant, is_header
from reconciler.model import Campaign, Status

LINE = 1 << 20  # bytes a line may have
BLOCK = 1 << 15  # decoding is fastest when text and records stay in the processor's cache
BOM = b"\xef\xbb\xbf"
UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)

Batch = tuple[list[Campaign], Sequence[int]]

_STRICT = msgspec.json.Decoder(Campaign)
_ANY = msgspec.json.Decoder()


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


_LOOSE = msgspec.json.Decoder(_Loose)
_KEYS = msgspec.json.Decoder(dict[str, msgspec.Raw])


def read(raw: Raw, reading: Reading) -> Iterator[Batch]:
    """Batches of records with their lines. Wrong lines go to *reading* and are left out."""
    line = 1
    for chunk, whole in chunks(raw, reading):
        if not whole:
            reading.error(
                "inventory-line",
                f"the line is longer than {LINE // 1024} KiB",
                line=line,
                fix="one record a line; a JSON document needs --inventory-format json",
            )
            line += 1
            continue
        number = chunk.count(b"\n")
        yield from decode(chunk, range(line, line + number), reading)
        line += number


def chunks(raw: Raw, reading: Reading) -> Iterator[tuple[bytes, bool]]:
    """Whole lines as blocks that end in a line end; (b"", False) stands for a line too long."""
    carry = b""
    first = True
    while True:
        try:
            block = raw.read(BLOCK)
        except Damaged as damaged:
            # what is left of the last line is not worth a second error
            reading.error("inventory-gzip", str(damaged), fix=damaged.fix)
            return
        if first:
            while 0 < len(block) < len(BOM) and (more := raw.read(BLOCK)):
                block += more
            block, first = block.removeprefix(BOM), False
        if not block:
            if carry:
                yield carry + b"\n", True
            return
        end = block.rfind(b"\n") + 1
        if carry and len(carry) + (block.find(b"\n") if end else len(block)) > LINE:
            rest = _after_line(raw, block, reading)
            yield b"", False
            if rest is None:
                return
            block, carry = rest, b""
            end = block.rfind(b"\n") + 1
        if not end:
            carry += block
            continue
        yield (carry + block[:end] if carry else block[:end]), True
        carry = block[end:]


def _after_line(raw: Raw, block: bytes, reading: Reading) -> bytes | None:
    """What follows the line that goes on in *block*; None at the end of the file."""
    while (end := block.find(b"\n")) < 0:
        try:
            block = raw.read(BLOCK)
        except Damaged as damaged:
            reading.error("inventory-gzip", str(damaged), fix=damaged.fix)
            return None
        if not block:
            return None
    return block[end + 1 :]


def decode(chunk: bytes, lines: Sequence[int], reading: Reading) -> Iterator[Batch]:
    """The records of *chunk*, whose lines are *lines*."""
    try:
        records = _STRICT.decode_lines(chunk)
    except UNREADABLE:
        yield from _decode_loosely(chunk, lines, reading)
        return
    if len(records) != len(lines):
        yield from _line_by_line(chunk, lines, reading)
    elif records:
        yield records, lines


def _decode_loosely(chunk: bytes, lines: Sequence[int], reading: Reading) -> Iterator[Batch]:
    """Unknown keys and plain dates are no reason to go line by line."""
    try:
        loose = _LOOSE.decode_lines(chunk)
        keys = _KEYS.decode_lines(chunk)
        unknown: set[str] = set().union(*keys).difference(FIELDS)
        if len(loose) != len(lines) or "kind" in unknown:
            raise ValueError("not one record a line")
        records = [_tight(one) for one in loose]
    except UNREADABLE:
        yield from _line_by_line(chunk, lines, reading)
        return
    for line, found in zip(lines, keys, strict=True):
        if not unknown:
            break
        for key in [key for key in found if key in unknown]:
            unknown.discard(key)
            _note_unknown(key, line, found, reading)
    yield records, lines


def _note_unknown(key: str, line: int, found: dict[str, Any], reading: Reading) -> None:
    if key not in reading.unknown:
        from reconciler.inventory.reading import closest

        reading.unknown_field(key, line, closest(key, [one for one in FIELDS if one not in found]))


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
    )


def _line_by_line(chunk: bytes, lines: Sequence[int], reading: Reading) -> Iterator[Batch]:
    records: list[Campaign] = []
    at: list[int] = []
    for line, text in zip(lines, chunk.split(b"\n"), strict=False):
        if not text.strip():
            continue
        try:
            records.append(_STRICT.decode(text))
        except UNREADABLE:
            value = parse(text, line, reading)
            if is_header(value):
                # the records before it are not its own: they must be counted first
                if records:
                    yield records, at
                    records, at = [], []
                _header(value, text, line, reading)
                continue
            record = None
            if value is not UNPARSED:
                record = build(value, reading, place(text, line))
            if record is None:
                continue
            records.append(record)
        at.append(line)
    if records:
        yield records, at


def _header(value: dict[str, Any], text: bytes, line: int, reading: Reading) -> None:
    where = place(text, line)
    if "campaigns" in value:
        reading.error(
            "inventory-format",
            "this is a JSON document, not one record a line",
            line=line,
            column=where("campaigns")[1],
            fix="name the file .json or say --inventory-format json",
        )
        return
    header(value, reading, where)


UNPARSED: Any = object()


def parse(text: bytes, line: int | None, reading: Reading, *, column: int = 0) -> Any:
    """The JSON value of *text*; `UNPARSED` if it is none, which *reading* then knows."""
    try:
        return _ANY.decode(text)
    except RecursionError:
        what, fix, at = "values are nested too deep", "flatten them", 0
    except UNREADABLE as error:
        what, fix, at = _why(text, error)
    reading.error("inventory-syntax", what, line=line, column=column + at + 1, fix=fix)
    return UNPARSED


_SURROGATE = re.compile(
    r"(?i)(?<!\\)(?:\\\\)*(?P<lone>\\ud[89ab][0-9a-f]{2}(?!\\ud[c-f][0-9a-f]{2})"
    r"|(?<!\\ud[89ab][0-9a-f]{2})\\ud[c-f][0-9a-f]{2})"
)


def _why(text: bytes, error: Exception) -> tuple[str, str, int]:
    """What is wrong with a line that is not JSON, the fix, and the character (from 0)."""
    if text.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in text[:2]:
        return "this is not UTF-8 but looks like UTF-16", "save the file as UTF-8", 0
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError as bad:
        at = len(text[: bad.start].decode("utf-8"))
        return f"byte 0x{text[bad.start]:02x} is not UTF-8", "save the file as UTF-8", at
    try:
        json.loads(decoded, parse_constant=_refuse)
    except json.JSONDecodeError as bad:
        if bad.pos >= len(decoded.rstrip()):
            return "the line ends too early", "the file is truncated: write it again", bad.pos
        return f"this is not JSON: {bad.msg}", "mend it where the column says", bad.pos
    except _Constant as bad:
        at = max(decoded.find(str(bad)), 0)
        return f"`{bad}` is no JSON number", 'leave it out, or write it as text: "NaN"', at
    except RecursionError:
        return "values are nested too deep", "flatten them", 0
    except ValueError:
        return "a number has too many digits", "write it as text, in quotes", 0
    if lone := _SURROGATE.search(decoded):
        what = f"`{lone['lone']}` is half a character (a lone surrogate)"
        return what, "write the character itself, in UTF-8", lone.start("lone")
    return f"this is not JSON: {error}", "mend it", 0


class _Constant(Exception):
    """NaN, Infinity or -Infinity."""


def _refuse(word: str) -> Any:
    raise _Constant(word)


def place(text: bytes, line: int | None) -> Where:
    """Where a top-level key of the JSON object *text* stands, well enough for people."""

    def where(key: str) -> tuple[int | None, int | None]:
        found = (
            re.search(rb'[{,]\s*("' + re.escape(key.encode()) + rb'"\s*:)', text) if key else None
        )
        if found is None:
            return line, 1
        return line, len(text[: found.start(1)].decode("utf-8", "replace")) + 1

    return where

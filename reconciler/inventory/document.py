"""A JSON document or a bare JSON array of records, read record by record however large it is."""

import re
from collections.abc import Iterator
from typing import Any

from reconciler.inventory.jsontext import (
    UNPARSED,
    Batch,
    Spot,
    built,
    decode,
    one_record,
    parse,
    spot,
)
from reconciler.inventory.raw import Damaged, Raw
from reconciler.inventory.reading import Reading
from reconciler.inventory.records import header, is_header
from reconciler.model import Campaign

VALUE = 1 << 20  # bytes a record, or another value of the document, may have
_BLOCK = 1 << 16
_TOGETHER = 1 << 15  # bytes of records that are decoded together
_SPACE = re.compile(rb"[ \t\r\n]*+")
_BRACKET = re.compile(rb'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+")*+([\[\]{}])', re.DOTALL)
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_SCALAR = re.compile(rb"[^ \t\r\n,\[\]{}\":]++")
_BOM = b"\xef\xbb\xbf"


class _Broken(Exception):
    """The document cannot be read on: what is wrong, and the fix."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix


class _Text:
    """The bytes of a document as they come, and where in the file reading has got to."""

    def __init__(self, raw: Raw) -> None:
        self._raw = raw
        self._held = b""
        self._at = 0
        self._ended = False
        self.line = 1
        self.column = 1
        while len(self._held) < len(_BOM) and self._more():
            pass
        self._held = self._held.removeprefix(_BOM)

    def peek(self) -> bytes:
        """The next byte that is not blank; empty at the end."""
        while True:
            end = self._match(_SPACE).end()
            self._pass(end)
            if self._at < len(self._held):
                return self._held[self._at : self._at + 1]
            if not self._more():
                return b""

    def take(self, wanted: bytes, where: str) -> None:
        """Go past the byte *wanted*."""
        found = self.peek()
        if found != wanted:
            raise _unexpected(found, f"`{wanted.decode()}` {where}")
        self._pass(self._at + 1)

    def value(self) -> tuple[bytes, Spot]:
        """The next value's text and where it stands."""
        first = self.peek()
        if not first:
            raise _unexpected(first, "a value")
        line, column = self.line, self.column
        while (end := self._end(first)) is None:
            if len(self._held) - self._at > VALUE:
                what = f"a value is longer than {VALUE // 1024} KiB"
                raise _Broken(what, "no record is that large; split it")
            if not self._more() and (end := self._end(first)) is None:
                what = "the file ends in the middle of a value"
                raise _Broken(what, "the file is truncated: write it again")
            if end is not None:
                break
        text = self._held[self._at : end]
        self._pass(end)
        return text, spot(line, column)

    def _end(self, first: bytes) -> int | None:
        """Where the value that begins here ends; None if that is not known yet."""
        if first == b'"':
            match = _STRING.match(self._held, self._at)
            return match.end() if match else None
        if first not in (b"{", b"["):
            match = _SCALAR.match(self._held, self._at)
            if match is None:
                raise _unexpected(first, "a value")
            return match.end() if match.end() < len(self._held) or self._ended else None
        depth, at = 0, self._at
        while match := _BRACKET.match(self._held, at):
            at = match.end()
            depth += 1 if match[1] in b"[{" else -1
            if not depth:
                return at
        return None

    def _match(self, pattern: "re.Pattern[bytes]") -> "re.Match[bytes]":
        match = pattern.match(self._held, self._at)
        assert match is not None
        return match

    def _pass(self, end: int) -> None:
        ends = self._held.count(b"\n", self._at, end)
        if ends:
            self.line += ends
            self.column = 1
            start = self._held.rfind(b"\n", self._at, end) + 1
        else:
            start = self._at
        self.column += len(self._held[start:end].decode("utf-8", "replace"))
        self._at = end

    def _more(self) -> bool:
        block = b"" if self._ended else self._raw.read(_BLOCK)
        self._ended = not block
        self._held = self._held[self._at :] + block
        self._at = 0
        return bool(block)


def _unexpected(found: bytes, wanted: str) -> _Broken:
    if not found:
        return _Broken(
            f"the file ends where {wanted} should follow", "the file is truncated: write it again"
        )
    shown = ascii(found.decode("latin-1"))[1:-1]
    return _Broken(f"`{shown}` where {wanted} should follow", "mend it at the column")


def read(raw: Raw, reading: Reading) -> Iterator[Batch]:
    """Batches of records with their lines. What is wrong goes to *reading*."""
    text = None
    try:
        text = _Text(raw)
        yield from _document(text, reading)
    except Damaged as damaged:
        reading.damaged(damaged)
    except _Broken as broken:
        assert text is not None
        reading.cut = True
        reading.error(
            "inventory-syntax", broken.what, line=text.line, column=text.column, fix=broken.fix
        )


def _document(text: _Text, reading: Reading) -> Iterator[Batch]:
    first = text.peek()
    if first == b"[":
        yield from _array(text, reading)
    elif first == b"{":
        yield from _object(text, reading)
    elif not first:
        raise _Broken("the file is empty", 'write [] or {"kind":"Inventory","campaigns":[]}')
    else:
        value, at = text.value()
        parse(value, at, reading)
        raise _Broken("this is no inventory", "write a JSON object or an array of records")
    if text.peek():
        raise _Broken(
            "something follows the document",
            "for one record a line say --inventory-format ndjson, or name the file .ndjson",
        )


def _object(text: _Text, reading: Reading) -> Iterator[Batch]:
    """The document's keys in any order; the header speaks for all records, also those before it."""
    line, column = text.line, text.column
    text.take(b"{", "")
    found: dict[str, Any] = {}
    places: dict[str, tuple[int, int]] = {}
    while text.peek() != b"}":
        if found or places:
            text.take(b",", "between two keys")
        if text.peek() != b'"':
            raise _unexpected(text.peek(), "a key in quotes")
        here = text.line, text.column
        key = parse(*text.value(), reading)
        text.take(b":", "after a key")
        if key is UNPARSED:
            raise _Broken("the key cannot be read", "mend it")
        if key in places:
            reading.error(
                "inventory-header",
                f"the key `{key}` a second time",
                line=here[0],
                column=here[1],
                fix="keep one of them",
            )
        places[key] = here
        if key == "campaigns":
            if text.peek() != b"[":
                raise _Broken("`campaigns` is not a list", "write a list of records")
            yield from _array(text, reading)
        else:
            found[key] = parse(*text.value(), reading)
    text.take(b"}", "")
    _head(found, places, (line, column), reading)


def _head(
    found: dict[str, Any],
    places: dict[str, tuple[int, int]],
    start: tuple[int, int],
    reading: Reading,
) -> None:
    def where(key: str) -> tuple[int | None, int | None]:
        return places.get(key, start)

    known = {key: value for key, value in found.items() if value is not UNPARSED}
    if "campaigns" not in places:
        one = "account" in places
        reading.error(
            "inventory-format",
            "this is a single record" if one else "the document has no `campaigns`",
            line=start[0],
            column=start[1],
            fix="for one record a line say --inventory-format ndjson, or name the file .ndjson"
            if one or "kind" in places
            else 'write {"kind":"Inventory","campaigns":[...]}',
        )
    elif not is_header(known):
        line, column = where("kind")
        reading.error(
            "inventory-header",
            "the document does not say that it is an Inventory",
            line=line,
            column=column,
            fix='write "kind":"Inventory"',
        )
    else:
        header(known, reading, where)
        reading.claim_what_came_before()


def _array(text: _Text, reading: Reading) -> Iterator[Batch]:
    """The records of the array that begins here, in batches."""
    text.take(b"[", "")
    waiting: list[tuple[bytes, Spot, int]] = []
    size = number = 0
    while text.peek() != b"]":
        if number:
            text.take(b",", "between two records")
            if text.peek() == b"]":
                raise _unexpected(b"]", "a record")
        number += 1
        line = (text.peek(), text.line)[1]
        value, at = text.value()
        waiting.append((value, at, line))
        size += len(value)
        if size >= _TOGETHER:
            yield _batch(waiting, reading)
            waiting, size = [], 0
    text.take(b"]", "")
    if waiting:
        yield _batch(waiting, reading)


def _batch(waiting: list[tuple[bytes, Spot, int]], reading: Reading) -> Batch:
    lines = [line for _, _, line in waiting]
    together = decode(b"\n".join(value for value, _, _ in waiting), lines, reading)
    if together is not None:
        return together, lines
    records: list[Campaign] = []
    kept: list[int] = []
    for value, at, line in waiting:
        record = one_record(value)
        if record is None:
            record = built(parse(value, at, reading), value, at, reading)
        if record is None:
            reading.lost += 1
            continue
        records.append(record)
        kept.append(line)
    return records, kept

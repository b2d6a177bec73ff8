"""A JSON document or a bare JSON array of records, read record by record however large it is."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from reconciler.inventory.header import header, is_header
from reconciler.inventory.jsontext import (
    UNPARSED,
    Batch,
    Spot,
    built,
    decode,
    one_record,
    parse,
    place,
    spot,
)
from reconciler.inventory.notes import Notes, closest
from reconciler.inventory.raw import Damaged, Raw
from reconciler.inventory.shape import mistaken
from reconciler.model import Campaign

VALUE = 1 << 20  # bytes a record, or another value of the document, may have
_BLOCK = 1 << 16
_TOGETHER = 1 << 15  # bytes of records that are decoded together
_SPACE = re.compile(rb"[ \t\r\n]*+")
_BRACKET = re.compile(rb'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+")*+([\[\]{}])', re.DOTALL)
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_SCALAR = re.compile(rb"[^ \t\r\n,\[\]{}\":]++")


class _Broken(Exception):
    """The document cannot be read on: what is wrong, and the fix."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix


class _Told(Exception):
    """The document cannot be read on, and why is noted already."""


class _Text:
    """The bytes of a document as they come, and where in the file reading has got to."""

    def __init__(self, raw: Raw) -> None:
        self._raw = raw
        self._held = b""
        self._at = 0
        self._ended = False
        self.line = 1
        self.column = 1

    def head(self) -> bytes:
        """What has been read ahead, from here on."""
        return self._held[self._at :]

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
    return _Broken(f"`{shown}` where {wanted} should follow", f"write {wanted} there")


def read(raw: Raw, notes: Notes) -> Iterator[Batch]:
    """Batches of records with their lines. What is wrong goes to *notes*."""
    text = None
    try:
        text = _Text(raw)
        yield from _document(text, notes)
    except Damaged as damaged:
        notes.damaged(damaged)
    except _Told:
        notes.cut = True
    except _Broken as broken:
        assert text is not None
        notes.cut = True
        notes.error(
            "inventory-syntax", broken.what, line=text.line, column=text.column, fix=broken.fix
        )


def _document(text: _Text, notes: Notes) -> Iterator[Batch]:
    first = text.peek()
    head = text.head()
    if first == b"[":
        yield from _array(text, notes)
    elif first == b"{":
        yield from _object(text, notes, head)
    elif not first:
        raise _Broken("the file is empty", 'write [] or {"kind":"Inventory","campaigns":[]}')
    elif (other := mistaken(head, "json", notes.path)) is not None:
        raise _Broken(*other)
    else:
        value, at = text.value()
        if parse(value, at, notes) is UNPARSED:
            raise _Told
        raise _Broken("this is no inventory", "write a JSON object or an array of records")
    if text.peek():
        fix = "take it out: a document is one object or one array"
        raise _Broken("something follows the document", fix)


class _Key(msgspec.Struct, frozen=True):
    """A key of the document: where it stands, and the text of its value, unless it is records."""

    line: int
    column: int
    text: bytes
    at: Spot


def _object(text: _Text, notes: Notes, head: bytes) -> Iterator[Batch]:
    """The document's keys in any order; the header speaks for all records, also those before it."""
    start = text.line, text.column
    text.take(b"{", "")
    found: dict[str, Any] = {}
    keys: dict[str, _Key] = {}
    while text.peek() != b"}":
        if keys:
            text.take(b",", "between two keys")
        if text.peek() != b'"':
            raise _unexpected(text.peek(), "a key in quotes")
        line, column = text.line, text.column
        key = parse(*text.value(), notes)
        text.take(b":", "after a key")
        if key is UNPARSED:
            raise _Told
        if key in keys:
            said = f"the key `{key}` a second time"
            fix = "keep one of them"
            notes.error("inventory-header", said, line=line, column=column, fix=fix)
        if key == "campaigns":
            if text.peek() != b"[":
                raise _Broken("`campaigns` is not a list", "write a list of records")
            keys[key] = _Key(line, column, b"", spot(line, column))
            yield from _array(text, notes)
        else:
            text.peek()
            value, at = text.value()
            keys[key] = _Key(line, column, value, at)
            found[key] = parse(value, at, notes)
    text.take(b"}", "")
    if "campaigns" not in keys:
        _no_campaigns(keys, start, notes, head if text.peek() else b"")
        raise _Told
    _head(found, keys, start, notes)


def _no_campaigns(
    keys: Mapping[str, _Key], start: tuple[int, int], notes: Notes, head: bytes
) -> None:
    """What an object is that has no `campaigns`. *head*: how the file begins, if it goes on."""
    other = mistaken(head, "json", notes.path) if head else None
    if other is not None:
        said, fix = other
    elif "account" in keys:
        said, fix = "this is a single record", "put it into a list: [ before it, ] behind it"
    elif (slip := closest("campaigns", list(keys))) is not None:
        start = keys[slip].line, keys[slip].column
        said, fix = f"unknown key `{slip}`", "did you mean `campaigns`?"
    else:
        said = "the document has no `campaigns`"
        fix = 'add "campaigns": [] with the records in it, and "kind": "Inventory"'
    notes.error("inventory-format", said, line=start[0], column=start[1], fix=fix)


def _head(
    found: Mapping[str, Any], keys: Mapping[str, _Key], start: tuple[int, int], notes: Notes
) -> None:
    def where(*path: str | int) -> tuple[int | None, int | None]:
        key = keys.get(str(path[0])) if path else None
        if key is None:
            return start
        return place(key.text, key.at)(*path[1:]) if len(path) > 1 else (key.line, key.column)

    known = {key: value for key, value in found.items() if value is not UNPARSED}
    if is_header(known):
        header(known, notes, where)
        notes.claims.header_of_what_came_before()
    elif "kind" in known or "kind" not in keys:
        line, column = where("kind")
        said = "the document does not say that it is an Inventory"
        fix = 'write "kind":"Inventory"'
        notes.error("inventory-header", said, line=line, column=column, fix=fix)


def _array(text: _Text, notes: Notes) -> Iterator[Batch]:
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
            yield _batch(waiting, notes)
            waiting, size = [], 0
    text.take(b"]", "")
    if waiting:
        yield _batch(waiting, notes)


def _batch(waiting: list[tuple[bytes, Spot, int]], notes: Notes) -> Batch:
    lines = [line for _, _, line in waiting]
    together = decode(b"\n".join(value for value, _, _ in waiting), lambda: lines, notes)
    if together is not None:
        return together, lines
    records: list[Campaign] = []
    kept: list[int] = []
    for value, at, line in waiting:
        record = one_record(value)
        if record is None:
            record = built(parse(value, at, notes), value, at, notes)
        if record is None:
            notes.lost += 1
            continue
        records.append(record)
        kept.append(line)
    return records, kept

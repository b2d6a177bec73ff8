"""NDJSON records, each bound to the one before it by its SHA-256 (docs/audit-format.md)."""

import fcntl
import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
from msgspec import Raw

from reconciler.errors import ReconcilerError, Stale
from reconciler.prove.proofs import Verified

GENESIS = "0" * 64
LINE_LIMIT = 1024 * 1024
"""Bytes of one record at most, its line end included."""
MOST = 2**53 - 1
"""The largest whole number that every JSON reader keeps."""

_FEW = 8 * 1024
_TAIL = 64 * 1024
_BLOCK = 1024 * 1024
_LINKS = frozenset({"seq", "prev", "hash"})
_encoder = msgspec.json.Encoder(order="sorted")
_encode, _encode_lines = _encoder.encode, _encoder.encode_lines
_as_it_is = msgspec.json.Encoder().encode
record_of = msgspec.json.Decoder(dict[str, Any]).decode
"""The record that a `text`, or a line of the log, holds."""
members_of = msgspec.json.Decoder(dict[str, Raw]).decode
"""The same, the value of each of its members as it is written there."""

Record = Mapping[str, Any]


class BrokenLog(ReconcilerError):
    """The log's end is not what was written there; nothing was appended."""


class BadLink(Stale):
    """The first record that does not fit. *line* counts from 1; *seq* as far as it is known."""

    def __init__(self, line: int, seq: int | None, why: str) -> None:
        self.line = line
        self.seq = seq
        self.why = why
        super().__init__(f"line {line}{'' if seq is None else f' (record {seq})'}: {why}")


# ---------------------------------------------------------------- one record


def canonical(record: Record) -> bytes:
    """The one way to write *record*: keys sorted, no blanks, UTF-8."""
    return _encode(record)


def seal(record: object, *, seq: int, prev: str) -> tuple[bytes, str]:
    """(its line, its hash) for a mapping or a struct of `records`, which needs `at` and `type`.

    It is written as `text` writes it. ValueError if it cannot be a record.
    """
    return bind(_read(record), seq=seq, prev=prev)


def _read(record: object) -> Record:
    try:
        return record_of(text(record))
    except msgspec.ValidationError as error:
        raise ValueError("a record is a mapping") from error


def bind(record: Record, *, seq: int, prev: str) -> tuple[bytes, str]:
    """The same for what was read of a `text`, as `record_of` or `members_of` reads it."""
    if not (_is_text(record.get("at")) and _is_text(record.get("type"))):
        raise ValueError("a record needs `at` and `type`")
    first, last = _halves(tuple(record))
    whole = {**record, "seq": seq, "prev": prev}
    # The hash goes between what comes before it and what comes after: each has a member at least.
    before = _as_it_is({key: whole[key] for key in first})[:-1]
    after = _as_it_is({key: whole[key] for key in last})[1:]
    digest = hashlib.sha256(b"%b,%b" % (before, after)).hexdigest()
    line = b'%b,"hash":"%b",%b\n' % (before, digest.encode(), after)
    if len(line) > LINE_LIMIT:
        raise ValueError(f"a record of {len(line)} bytes is longer than {LINE_LIMIT}")
    return line, digest


@lru_cache(maxsize=64)
def _halves(keys: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """A record's members, sorted: those before its hash, and those after it, `seq` and `prev` too.

    *keys*: those it has; ValueError if links are among them.
    """
    if not _LINKS.isdisjoint(keys):
        raise ValueError("a record is a mapping without seq, prev and hash")
    every = sorted([*keys, "seq", "prev"])
    return [key for key in every if key < "hash"], [key for key in every if key > "hash"]


def _is_text(value: object) -> bool:
    return type(value) is str or (type(value) is Raw and bytes(value)[:1] == b'"')


# What may be a number with a fraction or an exponent, or of sixteen digits: of a mapping, or of a
# list. In a text of the record it does no harm. One by one: those are found faster.
_ODD = [
    re.compile(before + rb"-?\d+(?:[.eE][-+.eE\d]*|\d{15,})[],}]").search
    for before in (b'":', b",", rb"\[")
]


def text(record: object) -> bytes:
    """*record* as the log has it: canonical, and for every reader the same.

    Numbers with a fraction and those beyond ±(2^53-1) become text; a lone surrogate becomes its
    escape.
    """
    with suppress(ValueError, OverflowError, TypeError, msgspec.EncodeError):  # cannot be written
        data = _encode(record)
        if not any([odd(data) for odd in _ODD]):  # as nearly every one is
            return data
    return _encode(_plain(msgspec.to_builtins(record)))


def texts(records: Sequence[object]) -> list[bytes]:
    """`text` of each of *records*."""
    with suppress(ValueError, OverflowError, TypeError, msgspec.EncodeError):
        data = _encode_lines(records)
        if not any([odd(data) for odd in _ODD]):
            return data.split(b"\n")[:-1]
    return [text(one) for one in records]


def _plain(value: Any) -> Any:
    kind = type(value)  # what msgspec made has no types of its own
    if kind is str:
        return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()
    if kind is dict:
        return {
            _plain(str(key)): one if type(one) is str and one.isascii() else _plain(one)
            for key, one in value.items()
        }
    if kind is list or kind is tuple:
        return [_plain(one) for one in value]
    if kind is bool or value is None:
        return value
    if kind is int and -MOST <= value <= MOST:
        return value
    return str(value)


# ---------------------------------------------------------------- appending


def append(path: Path, records: Sequence[object]) -> str:
    """Append *records* durably and return the last hash; processes take turns.

    A torn last line (a crash while it was written) is cut; a record `cut` says so. `BrokenLog` if
    the end of the file is not a chain. When it raises, nothing was appended.
    """
    return append_after(path, None, lambda _: [_read(one) for one in records])


def append_after(
    path: Path, journal: str | None, records_after: Callable[[int], Sequence[Record]]
) -> str:
    """Like `append`, for the records of one *journal*, which number them rising (`entry`).

    None is ever appended twice, and none is taken for another journal's of the same number.
    *records_after* is called while other processes wait, with the newest `entry` that the log has
    of *journal* (0 if it has none), and returns what comes after it, as it was read of a `text`.
    """
    new = not os.path.lexists(path)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise _failed(path, 0, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # closing frees it, and so does death
        last = _append(path, descriptor, journal, records_after)
        if new:
            _sync_folder(path.parent)
    except OSError as error:
        raise _failed(path, 0, error) from error
    finally:
        os.close(descriptor)
    return last


def _append(
    path: Path,
    descriptor: int,
    journal: str | None,
    records_after: Callable[[int], Sequence[Record]],
) -> str:
    end, seq, prev, torn = _end_of(path, descriptor)
    records = records_after(0 if journal is None else _newest(descriptor, end, journal))
    if torn and len(records):
        records = [_cut(records[0]["at"], torn), *records]
    lines = []
    for record in records:
        seq += 1
        line, prev = bind(record, seq=seq, prev=prev)
        lines.append(line)
    data = b"".join(lines)
    try:
        os.ftruncate(descriptor, end)
        _write(descriptor, data, end)
        os.fsync(descriptor)
    except OSError as error:
        _take_back(descriptor, end)
        raise _failed(path, len(data), error) from error
    return prev


def _cut(at: str, torn: bytes) -> Record:
    digest = hashlib.sha256(torn).hexdigest()
    return {"type": "cut", "at": at, "bytes": len(torn), "sha256": digest}


def _write(descriptor: int, data: bytes, place: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, place)
        view, place = view[written:], place + written


def _take_back(descriptor: int, end: int) -> None:
    try:
        os.ftruncate(descriptor, end)
    except OSError:
        return  # a torn tail is cut by the next append


def _failed(path: Path, needed: int, error: OSError) -> ReconcilerError:
    size = f" ({needed} bytes)" if needed else ""
    return ReconcilerError(f"the audit log {path} cannot be written{size}: {error.strerror}")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def newest(path: Path, journal: str) -> int:
    """The newest `entry` that the log has of *journal*, 0 if it has none or is not there."""
    with _reading(path) as descriptor:
        if descriptor is None:
            return 0
        return _newest(descriptor, os.fstat(descriptor).st_size, journal)


def strangers(path: Path, journal: str) -> frozenset[str]:
    """The scopes at which others have asked for deletions since the newest record of *journal*."""
    found: set[str] = set()
    mark = b'"journal":' + _encode(journal)
    with _reading(path) as descriptor:
        if descriptor is None:
            return frozenset()
        for line in _backwards(descriptor, os.fstat(descriptor).st_size):
            if mark in line and _entry(line, journal) is not None:
                break
            if b'"type":"intent"' in line and (scope := _scope(line)) is not None:
                found.add(scope)
    return frozenset(found)


def _scope(line: bytes) -> str | None:
    try:
        scope = record_of(line).get("scope")
    except msgspec.MsgspecError:
        return None  # torn
    return scope if isinstance(scope, str) else None


@contextmanager
def _reading(path: Path) -> Iterator[int | None]:
    """The log, opened to be read; None if there is none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        yield None
        return
    except OSError as error:
        raise _unread(path, error) from error
    try:
        yield descriptor
    except OSError as error:  # a folder can be opened, and a disk fails when it likes
        raise _unread(path, error) from error
    finally:
        os.close(descriptor)


def _unread(path: Path, error: OSError) -> ReconcilerError:
    return ReconcilerError(f"the audit log {path} cannot be read: {error.strerror}")


def _newest(descriptor: int, end: int, journal: str) -> int:
    """Back from *end*, which costs little: a journal that writes now has mostly written last."""
    mark = b'"journal":' + _encode(journal)
    for line in _backwards(descriptor, end):
        if mark in line and (entry := _entry(line, journal)) is not None:
            return entry
    return 0


def _backwards(descriptor: int, end: int) -> Iterator[bytes]:
    """The lines before *end*, the last one first; what is torn among them."""
    rest, reach = b"", _FEW
    while end > 0:
        start = max(0, end - reach)
        reach = _BLOCK
        block = os.pread(descriptor, end - start, start) + rest
        end = start
        lines = block.split(b"\n")
        rest = lines.pop(0) if start else b""
        yield from reversed(lines)


def _entry(line: bytes, journal: str) -> int | None:
    """The number of the record on *line*, None if it is torn or not one of *journal*."""
    try:
        record = record_of(line)
    except msgspec.MsgspecError:
        return None
    entry = record.get("entry")
    return entry if record.get("journal") == journal and type(entry) is int else None


def _end_of(path: Path, descriptor: int) -> tuple[int, int, str, bytes]:
    """(where whole records end, last seq, last hash, what is torn after them)."""
    size = os.fstat(descriptor).st_size
    for reach in (_FEW, _TAIL, 2 * LINE_LIMIT + _TAIL):
        start = max(0, size - reach)
        tail = os.pread(descriptor, size - start, start)
        head, newline, torn = tail.rpartition(b"\n")
        lines = head.split(b"\n") if newline else []
        if start and lines:
            del lines[0]  # it may begin before what was read
        if lines or not start:
            break
    end = size - len(torn)
    if not lines:
        if start or end:
            raise _damaged(path, end)
        return end, 0, GENESIS, torn
    seq, prev = 0, None
    for line in lines:
        links = _held(line)
        if isinstance(links, str) or (prev is not None and links.prev != prev):
            raise _damaged(path, end)
        seq, prev = links.seq, links.hash
    assert prev is not None
    return end, seq, prev, torn


def _damaged(path: Path, end: int) -> BrokenLog:
    return BrokenLog(
        f"the audit log {path} is damaged near byte {end}: nothing was appended. `reconciler"
        " verify` names the record; keep the file, move it aside, and a new chain begins"
    )


# ---------------------------------------------------------------- verifying


class Links(msgspec.Struct, frozen=True, gc=False):
    """What binds a record to the one before it."""

    seq: int
    prev: str
    hash: str


_links = msgspec.json.Decoder(Links).decode


def verify(stream: BinaryIO) -> Verified:
    """Check a whole chain in one pass and little memory. `BadLink` names the first bad record."""
    last = None
    for links, _ in _linked(stream, stubs=False):
        last = links
    if last is None:
        return Verified(0, None, None, GENESIS)
    return Verified(last.seq, 1, last.seq, last.hash)


def walk(stream: BinaryIO, *, stubs: bool = False) -> Iterator[dict[str, Any]]:
    """Every record of a chain, each once it is known to hold; `BadLink` at the first that is not.

    *stubs*: a part of a chain, as evidence has it: it may begin anywhere, and records of other
    plans may be there as their `seq`, `prev` and `hash` alone.
    """
    for number, (links, line) in enumerate(_linked(stream, stubs=stubs), 1):
        record = record_of(line)
        if _encode(record) != line:
            raise BadLink(number, links.seq, "is not written canonically")
        yield record


def _linked(stream: BinaryIO, *, stubs: bool) -> Iterator[tuple[Links, bytes]]:
    number, seq, prev = 0, None if stubs else 0, None if stubs else GENESIS
    while line := stream.readline(LINE_LIMIT + 1):
        number += 1
        due = None if seq is None else seq + 1
        if not line.endswith(b"\n"):
            why = "is longer than a record may be" if len(line) > LINE_LIMIT else "is torn"
            raise BadLink(number, due, why)
        line = line[:-1]  # noqa: PLW2901 - the line end is not part of the record
        links = _held(line, stubs=stubs)
        if isinstance(links, str):
            raise BadLink(number, due, links)
        if due is not None and links.seq != due:
            raise BadLink(number, due, f"is missing; record {links.seq} is in its place")
        if prev is not None and links.prev != prev:
            raise BadLink(number, links.seq, "its `prev` is not the hash of the one before")
        seq, prev = links.seq, links.hash
        yield links, line


def _held(line: bytes, *, stubs: bool = False) -> Links | str:
    """The links of the record on *line* if it holds by itself, else what is wrong with it."""
    try:
        links = _links(line)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return "is not a record with `seq`, `prev` and `hash`"
    # The bytes without this member are the canonical record without `hash`; a record cannot
    # hold its own hash a second time.
    member = b'"hash":"%b",' % links.hash.encode()
    before, found, after = line.partition(member)
    if found and hashlib.sha256(before + after).hexdigest() == links.hash:
        return links
    if stubs and line == _encode(links) and len(links.prev) == len(links.hash) == len(GENESIS):
        return links
    return "its content does not have its `hash`"


def is_stub(record: Record) -> bool:
    """Whether *record* is only its links."""
    return record.keys() == _LINKS


def stub(record: Record) -> bytes:
    """The line that stands for *record* where its content is another plan's."""
    return _encode({key: record[key] for key in _LINKS}) + b"\n"

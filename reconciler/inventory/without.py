"""An inventory file without what is gone: the same file, format and gzip, less those records."""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Any

import msgspec

from reconciler import disk
from reconciler.declare.encoding import MARK
from reconciler.errors import ReconcilerError
from reconciler.inventory import InventorySource, Reader, csvfile, csvtext, csvwrite
from reconciler.inventory.columns import Columns
from reconciler.inventory.ndjson import chunks
from reconciler.inventory.notes import Notes
from reconciler.inventory.raw import Raw
from reconciler.inventory.sources import Given, inventory_sources
from reconciler.inventory.write import gzipped, pieces, save
from reconciler.model import AccountFacts, Campaign, Target

if TYPE_CHECKING:
    from reconciler.declare.project import ProjectFile
    from reconciler.site import Site

Gone = Mapping[tuple[str, str], Collection[str] | None]
"""(account, id) -> the parts that are gone (phone numbers, message ids), or None for all of it."""

_LISTS = ("phoneNumbers", "messageIds")


class _Key(msgspec.Struct):
    account: str
    id: str


_KEY = msgspec.json.Decoder(_Key)


def without_targets(
    site: "Site",
    project: "ProjectFile",
    given: Given,
    gone: Iterable[Target],
) -> None:
    """Take what is *gone* out of the inventory's files, each written whole or not at all."""
    lost: dict[tuple[str, str], set[str] | None] = {}
    for target in gone:
        key = (target.account, target.id)
        if target.part is None:
            lost[key] = None
        elif (parts := lost.setdefault(key, set())) is not None:
            parts.add(target.part)
    with ExitStack() as spooled:
        sources = inventory_sources(site, project, given, spooled)
        places = list(given.files) or [
            str(disk.inside(site.root, one)) for one in project.inventory
        ]
        for place, source in zip(places, sources, strict=True):
            save(place, without(source, lost, now=site.now()))


def without(source: InventorySource, gone: Gone, *, now: datetime) -> Iterator[bytes]:
    """The bytes of *source* without *gone*, for `write.save`.

    A record whose parts are all gone is left out. Header counts follow; `capturedAt` never
    changes. In NDJSON and CSV every other line stays as it is, to the byte. Raises `InputError` if
    the file cannot be read, before the first byte.
    """
    # what a header does not say about its age stays unsaid
    reading = msgspec.structs.replace(source.reading, captured_at=None)
    source = msgspec.structs.replace(source, reading=reading)
    reader = Reader([source], accounts=None, now=now)
    removed: Counter[str] = Counter()
    for batch in reader:
        for one in batch:
            if less(one, gone) is None:
                removed[one.account] += 1
    with source.open() as file:
        raw = Raw(file)
        raw.read(1)
    parts = _parts(source, gone, reader, removed, now)
    if raw.marked:
        parts = chain([MARK], parts)
    return gzipped(parts) if raw.gzip else parts


def _parts(
    source: InventorySource, gone: Gone, reader: Reader, removed: Mapping[str, int], now: datetime
) -> Iterator[bytes]:
    if source.format == "ndjson":
        return _lines(source, gone, now)
    if source.format == "csv":
        return _rows(source, gone, now)
    facts = reader.facts()
    accounts = {name: _fewer(one, removed.get(name, 0)) for name, one in facts.accounts.items()}
    kept = ([left for one in batch if (left := less(one, gone)) is not None] for batch in reader)
    return pieces(kept, accounts, source.format)


def _fewer(facts: AccountFacts, removed: int) -> AccountFacts:
    return msgspec.structs.replace(facts, campaigns=(facts.campaigns or 0) - removed)


def less(one: Campaign, gone: Gone) -> Campaign | None:
    """What is left of a record; None if it is gone."""
    parts = gone.get((one.account, one.id), ())
    if parts is None:
        return None
    if not parts:
        return one
    changed: dict[str, tuple[str, ...]] = {}
    for name in ("phone_numbers", "message_ids"):
        held: tuple[str, ...] | None = getattr(one, name)
        if held and (left := tuple(part for part in held if part not in parts)) != held:
            if not left:
                return None
            changed[name] = left
    return msgspec.structs.replace(one, **changed) if changed else one


# ---------------------------------------------------------------- CSV, row by row


def _rows(source: InventorySource, gone: Gone, now: datetime) -> Iterator[bytes]:
    notes = Notes(source.path, accounts=None, now=now, repeats=None, reading=source.reading)
    with source.open() as file:
        raw = Raw(file, source.path)
        for row, record, columns in csvfile.rows(raw, notes):
            left = record and less(record, gone)
            if record is not None and left is None:
                continue
            text = row.text
            if left is not None and columns is not None and left is not record:
                text = _with_parts(row, columns, left)
            yield text.encode()
        raw.finish()
    if notes.errors:
        raise ReconcilerError(f"{source.path} changed while it was read; it is as it was")


def _with_parts(row: csvtext.Row, columns: Columns, left: Campaign) -> str:
    """The row's text with the numbers and messages that *left* has."""
    parts = {"phoneNumbers": left.phone_numbers, "messageIds": left.message_ids}
    cells = {
        number: csvwrite.cell(name, parts[name]) for number, name in columns.places if name in parts
    }
    return row.replaced(cells)


# ---------------------------------------------------------------- NDJSON, line by line


def _lines(source: InventorySource, gone: Gone, now: datetime) -> Iterator[bytes]:
    removed = _removed(source, gone, now)

    def changed(line: bytes, number: int) -> bytes | None:
        fewer = removed.get(number)
        if fewer is not None:
            return _recount(line, fewer)
        return _cut(line, gone)

    return _changed(source, changed, now)


def _changed(
    source: InventorySource, change: Callable[[bytes, int], bytes | None], now: datetime
) -> Iterator[bytes]:
    with source.open() as file:
        raw = Raw(file, source.path)
        for number, line in enumerate(_each(raw, source.path, now), 1):
            new = change(line, number)
            if new is not None:
                yield new
        raw.finish()


def _each(raw: Raw, path: str, now: datetime) -> Iterator[bytes]:
    """Every line with its end. The last one gets an end if it had none."""
    notes = Notes(path, accounts=None, now=now, repeats=None)
    for chunk in chunks(raw, notes):
        if chunk is None:
            raise ReconcilerError(f"{path} changed while it was read; it is as it was")
        for line in chunk.split(b"\n")[:-1]:
            yield line + b"\n"
    if notes.errors:
        raise ReconcilerError(f"{path} changed while it was read; it is as it was")


def _removed(source: InventorySource, gone: Gone, now: datetime) -> dict[int, Counter[str]]:
    """Line of each header -> how many records it counts are gone, by account."""
    removed: dict[int, Counter[str]] = {}
    speaks: dict[str, int] = {}
    with source.open() as file:
        for number, line in enumerate(_each(Raw(file), source.path, now), 1):
            head = _head(line)
            if head is not None:
                accounts = head.get("accounts") or {}
                if not accounts:
                    speaks.clear()
                speaks |= dict.fromkeys(accounts, number)
            elif _cut(line, gone) is None:
                account = _KEY.decode(line).account
                if account in speaks:
                    removed.setdefault(speaks[account], Counter())[account] += 1
    return removed


def _head(line: bytes) -> dict[str, Any] | None:
    if b'"Inventory"' not in line:
        return None
    value = json.loads(line)
    return value if isinstance(value, dict) and value.get("kind") == "Inventory" else None


def _recount(line: bytes, fewer: Mapping[str, int]) -> bytes:
    head = json.loads(line)
    for account, number in fewer.items():
        said = head["accounts"][account]
        if said and said.get("campaigns") is not None:
            said["campaigns"] -= number
    return _dump(head)


def _cut(line: bytes, gone: Gone) -> bytes | None:
    """The line without what is gone; None if all of it is."""
    if not line.strip():
        return line
    try:
        key = _KEY.decode(line)
    except msgspec.MsgspecError:
        return line  # a header; the whole file was read before
    parts = gone.get((key.account, key.id), ())
    if parts is None:
        return None
    if not parts:
        return line
    value = json.loads(line)
    changed = False
    for name in _LISTS:
        held = value.get(name)
        if held and (left := [part for part in held if part not in parts]) != held:
            if not left:
                return None
            value[name], changed = left, True
    return _dump(value) if changed else line


def _dump(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

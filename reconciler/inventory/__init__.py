"""Inventory files: what exists now, read as a stream, with what the headers claim."""

from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from datetime import datetime
from typing import BinaryIO

import msgspec

from reconciler.errors import Diagnostic, InputError, Instead, ReconcilerError
from reconciler.inventory import ndjson
from reconciler.inventory.checks import accept
from reconciler.inventory.claims import oldest, together
from reconciler.inventory.jsontext import Batch
from reconciler.inventory.notes import SHOWN, Notes
from reconciler.inventory.raw import Damaged, Raw
from reconciler.inventory.repeats import Repeats
from reconciler.model import AccountFacts, Campaign, Campaigns, InventoryFile, Reading

FORMATS = ("ndjson", "json", "yaml", "csv")
_SUFFIXES = {
    "ndjson": "ndjson",
    "jsonl": "ndjson",
    "json": "json",
    "yaml": "yaml",
    "yml": "yaml",
    "csv": "csv",
}


def _unknown() -> None:
    return None


class InventorySource(msgspec.Struct, frozen=True):
    """An inventory file that can be opened again. *format*: ndjson, json, yaml or csv.

    *reading*: how it is read where it does not say so itself, well said. *bytes*: the SHA-256 of
    what the time of that reading is of; None: of whatever is there.
    """

    path: str  # as shown to people and written in the plan
    open: Callable[[], BinaryIO]  # raw bytes; gzip is seen by its magic number
    format: str
    reading: Reading = Reading()
    bytes: str | None = None
    named: str | None = None  # as a shell finds it; None: as it is shown
    ours: bool = False  # the project names it
    taken: Callable[[], str | None] = _unknown  # when it was last changed, if that says something


class Facts(msgspec.Struct, frozen=True):
    """What is known once every record has gone by.

    *accounts* has every account that a header names or a record is of: *complete* (None: no header
    said), *campaigns* (records seen), *captured_at* (oldest claim; None: unknown of some of its
    records), *why*, *fields* (those that every source knows). *oldest*: per account the oldest time
    that is known of any of its records.
    """

    accounts: Mapping[str, AccountFacts]
    files: tuple[InventoryFile, ...]
    warnings: tuple[Diagnostic, ...]
    oldest: Mapping[str, datetime] = {}


class Reader:
    """Reads *sources* as one inventory. Iterate over batches of records, then ask for `facts`.

    *accounts*: names the project has (None: any account is fine, for convert, diff and stats).
    Wrong input raises `errors.InputError` at the end of the pass, with everything that is wrong.
    """

    def __init__(
        self, sources: Sequence[InventorySource], *, accounts: Collection[str] | None, now: datetime
    ) -> None:
        self._sources = tuple(sources)
        self._accounts = None if accounts is None else frozenset(accounts)
        self._now = now
        self._facts: Facts | None = None

    def __iter__(self) -> Iterator[Campaigns]:
        """Batches of records (times aware, UTC). May be iterated a second time.

        Later passes raise `ReconcilerError` if a file is not what it was in the first.
        """
        if self._facts is not None:
            yield from self._again(self._facts)
            return
        repeats = Repeats()
        try:
            every: list[Notes] = []
            files: list[InventoryFile] = []
            for source in self._sources:
                notes = self._notes(source, repeats)
                every.append(notes)
                files.append((yield from _read(source, notes)))
            problems = [one for notes in every for one in notes.diagnostics()]
            self._see_unseen(repeats)
            if found := repeats.repeated():
                problems += self._place_repeated(found)
        finally:
            repeats.close()
        warnings = [one for notes in every for one in notes.warnings()]
        if problems:
            raise InputError([*problems, *warnings], self._instead(every))
        claims = [one.claims.by_account for one in every]
        self._facts = Facts(together(claims), tuple(files), tuple(warnings), oldest(claims))

    def _instead(self, every: Sequence[Notes]) -> list[Instead]:
        """What would read the files, if it would read all of them."""
        found: list[Instead] = []
        for source, notes in zip(self._sources, every, strict=True):
            if not notes.errors:
                continue
            one = notes.wants.instead(
                source.named or source.path,
                ours=source.ours,
                gzip=notes.gzip,
                taken=source.taken(),
                reading=source.reading,
            )
            if one is None:
                return []
            found.append(one)
        return found

    def facts(self) -> Facts:
        """After the first whole pass: facts of all files together."""
        if self._facts is None:
            raise RuntimeError("the inventory has not been read yet")
        return self._facts

    def _notes(self, source: InventorySource, repeats: Repeats | None) -> Notes:
        return Notes(
            source.path,
            accounts=self._accounts,
            now=self._now,
            repeats=repeats,
            reading=source.reading,
            named=source.named,
        )

    def _again(self, facts: Facts) -> Iterator[Campaigns]:
        for source, before in zip(self._sources, facts.files, strict=True):
            now = yield from _read(source, self._notes(source, None))
            if now.sha256 != before.sha256:
                raise ReconcilerError(f"{source.path} changed while it was read; try again")

    def _see_unseen(self, repeats: Repeats) -> None:
        """Read once more what came in order, if what came after it did not."""
        left = 0 if repeats.in_order else repeats.unseen
        for source in self._sources:
            if left <= 0:
                return
            for batch in _read(source, self._notes(source, None)):
                accounts = [one.account for one in batch[:left]]
                repeats.add_unseen(accounts, [one.id for one in batch[:left]])
                left -= len(accounts)
                if left <= 0:
                    return

    def _place_repeated(self, hashes: frozenset[int]) -> list[Diagnostic]:
        """Read everything once more to say which (account, id) came twice, and where."""
        first: dict[tuple[str, str], tuple[str, int]] = {}
        problems: list[Diagnostic] = []
        more = 0
        for source in self._sources:
            notes = self._notes(source, None)
            for records, lines in _batches(source, notes):
                for one, line in zip(records, lines, strict=True):
                    key = (one.account, one.id)
                    if hash(key) not in hashes:
                        continue
                    if key not in first:
                        first[key] = (source.path, line)
                    elif len(problems) < SHOWN:
                        problems.append(_repeated(one, source.path, line, first[key]))
                    else:
                        more += 1
        if more:
            said = f"{more} more records that were there before"
            problems.append(Diagnostic("error", "inventory-more", said))
        return problems


def _reader(name: str) -> Callable[[Raw, Notes], Iterator[Batch]]:
    """What reads the format *name*; only what is read is loaded."""
    if name == "csv":
        from reconciler.inventory import csvfile

        return csvfile.read
    if name == "yaml":
        from reconciler.inventory import yamlfile

        return yamlfile.read
    if name == "json":
        from reconciler.inventory import document

        return document.read
    return ndjson.read


def _batches(source: InventorySource, notes: Notes) -> Iterator[Batch]:
    with source.open() as file:
        raw = Raw(file, source.named or source.path)
        notes.gzip = raw.gzip
        yield from _reader(source.format)(raw, notes)
        raw.finish()


def _read(source: InventorySource, notes: Notes) -> Generator[Campaigns, None, InventoryFile]:
    """Checked batches of one file; returns what the plan says of the file."""
    digest = ""
    try:
        with source.open() as file:
            raw = Raw(file, source.named or source.path)
            notes.gzip = raw.gzip
            for records, lines in _reader(source.format)(raw, notes):
                if good := accept(records, lines, notes):
                    yield good
                del records, good  # the next ones take their place, which is still near
            raw.finish()
            digest = raw.sha256
    except Damaged as damaged:
        notes.damaged(damaged)
    except OSError as error:
        notes.error(
            "inventory-unreadable",
            f"cannot be read: {error.strerror or error}",
            fix="`reconciler inventory pull` writes it where the vendor can list; else check the"
            " path, or say --inventory FILE",
        )
    reading = source.reading
    if source.bytes not in (None, digest):
        reading = msgspec.structs.replace(reading, captured_at=None)
    notes.close(reading.captured_at)
    return InventoryFile(
        path=source.path,
        sha256=digest,
        campaigns=notes.campaigns,
        reading=reading if reading != Reading() else None,
    )


def _repeated(one: Campaign, path: str, line: int, first: tuple[str, int]) -> Diagnostic:
    where = f"line {first[1]}" if first[0] == path else f"{first[0]}:{first[1]}"
    return Diagnostic(
        "error",
        "inventory-duplicate",
        f"`{one.account}/{one.id}` a second time (first in {where})",
        path,
        line,
        None,
        "keep one of them",
    )


def format_of(path: str) -> str | None:
    """The format that a file name's suffix says (`.ndjson .jsonl .json .yaml .yml .csv`, `.gz`)."""
    name = path.rsplit("/", 1)[-1].lower().removesuffix(".gz")
    stem, dot, suffix = name.rpartition(".")
    return _SUFFIXES.get(suffix) if dot and stem else None

"""NDJSON: one record a line, read in blocks; a block that fails is read line by line."""

from collections.abc import Generator, Iterator, Sequence
from typing import Any

from reconciler.inventory import fixes
from reconciler.inventory.header import header, is_header
from reconciler.inventory.jsontext import Batch, built, decode, one_record, parse, place, spot
from reconciler.inventory.notes import Notes
from reconciler.inventory.raw import Damaged, Raw
from reconciler.inventory.shape import mistaken
from reconciler.model import Campaign

LINE = 1 << 20  # bytes a line may have
BLOCK = 1 << 17  # text and records stay in the processor's cache; a batch is worth its while


def read(raw: Raw, notes: Notes) -> Iterator[Batch]:
    """Batches of records with their lines. Wrong lines go to *notes* and are left out."""
    line = 1
    for chunk in chunks(raw, notes):
        if chunk is None:
            too_long(line, notes)
            line += 1
            continue
        if line == 1 and not _by_lines(chunk) and _other_format(chunk, notes):
            return
        for part in _parted(chunk) if line == 1 else (chunk,):
            line += yield from _read(part, line, notes)


def _parted(chunk: bytes) -> Iterator[bytes]:
    """The beginning of a file in parts: where its first line is a header, that is one."""
    end = chunk.index(b"\n") + 1
    if b'"kind"' in chunk[:end]:
        yield chunk[:end]
        chunk = chunk[end:]
    if chunk:
        yield chunk


def _read(chunk: bytes, line: int, notes: Notes) -> Generator[Batch, None, int]:
    """The records of whole lines, the first of which is *line*; returns how many lines these are.

    Where each of them is a record nobody has to count them.
    """
    if chunk.startswith(b"\n") and not chunk.strip(b"\n"):
        return len(chunk)  # nothing but line ends, perhaps a great many of them

    def lines() -> range:
        return range(line, line + chunk.count(b"\n"))

    records = decode(chunk, lines, notes)
    if records is None:
        yield from _line_by_line(chunk, lines(), notes)
        return len(lines())
    yield records, range(line, line + len(records))
    return len(records)


def too_long(line: int, notes: Notes) -> None:
    """Note a line that is longer than a line may be."""
    notes.lost += 1
    notes.error(
        "inventory-line",
        f"the line is longer than {LINE // 1024} KiB",
        line=line,
        fix="write one record a line; for a JSON document say --inventory-format json",
    )


def _by_lines(chunk: bytes) -> bool:
    """Whether the first line that is not blank is an object of its own, as far as one can see."""
    first = next((one for one in chunk[: LINE + 1].splitlines() if one.strip()), b"{}").strip()
    return first.startswith(b"{") and first.endswith(b"}")


def _other_format(chunk: bytes, notes: Notes) -> bool:
    found = mistaken(chunk, "ndjson", notes.path)
    if found is not None:
        notes.cut = True
        notes.error("inventory-format", found[0], line=1, column=1, fix=found[1])
    return found is not None


def chunks(raw: Raw, notes: Notes) -> Iterator[bytes | None]:
    """Blocks of whole lines, each ended by a line end; None stands for a line that is too long."""
    carry = b""
    while True:
        try:
            block = raw.read(BLOCK)
        except Damaged as damaged:
            # what is left of the last line is not worth a second error
            notes.damaged(damaged)
            return
        if not block:
            if carry:
                yield carry + b"\n"
            return
        end = block.rfind(b"\n") + 1
        if carry and len(carry) + (block.find(b"\n") if end else len(block)) > LINE:
            yield None
            carry = b""
            rest = _after_line(raw, block, notes)
            if rest is None:
                return
            block = rest
            end = block.rfind(b"\n") + 1
        if not end:
            carry += block
            continue
        yield carry + block[:end] if carry else block[:end]
        carry = block[end:]


def _after_line(raw: Raw, block: bytes, notes: Notes) -> bytes | None:
    """What follows the line that goes on in *block*; None at the end of the file."""
    while (end := block.find(b"\n")) < 0:
        try:
            block = raw.read(BLOCK)
        except Damaged as damaged:
            notes.damaged(damaged)
            return None
        if not block:
            return None
    return block[end + 1 :]


def _line_by_line(chunk: bytes, lines: Sequence[int], notes: Notes) -> Iterator[Batch]:
    records: list[Campaign] = []
    at: list[int] = []
    for line, text in zip(lines, chunk.split(b"\n"), strict=False):
        if not text.strip():
            continue
        record = one_record(text)
        if record is None:
            here = spot(line)
            value = parse(text, here, notes)
            if is_header(value):
                # the records before it are not its own: they must be counted first
                if records:
                    yield records, at
                    records, at = [], []
                _header(value, text, line, notes)
                continue
            record = built(value, text, here, notes)
        if record is None:
            notes.lost += 1
            continue
        records.append(record)
        at.append(line)
    if records:
        yield records, at


def _header(value: dict[str, Any], text: bytes, line: int, notes: Notes) -> None:
    where = place(text, spot(line))
    if "campaigns" in value:
        notes.error(
            "inventory-format",
            "this is a JSON document, not one record a line",
            line=line,
            column=where("campaigns")[1],
            fix=fixes.reads("json"),
        )
        return
    header(value, notes, where)

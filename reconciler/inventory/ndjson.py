"""NDJSON: one record a line, read in blocks; a block that fails is read line by line."""

from collections.abc import Iterator, Sequence
from typing import Any

from reconciler.inventory.jsontext import Batch, built, decode, one_record, parse, place, spot
from reconciler.inventory.raw import Damaged, Raw
from reconciler.inventory.reading import Reading
from reconciler.inventory.records import header, is_header
from reconciler.model import Campaign

LINE = 1 << 20  # bytes a line may have
BLOCK = 1 << 16  # decoding is fastest when text and records stay in the processor's cache
BOM = b"\xef\xbb\xbf"


def read(raw: Raw, reading: Reading) -> Iterator[Batch]:
    """Batches of records with their lines. Wrong lines go to *reading* and are left out."""
    line = 1
    for chunk in chunks(raw, reading):
        if chunk is None:
            too_long(line, reading)
            line += 1
            continue
        number = chunk.count(b"\n")
        if number == len(chunk):
            line += number  # nothing but line ends, perhaps a great many of them
            continue
        lines = range(line, line + number)
        records = decode(chunk, lines, reading)
        if records is None:
            yield from _line_by_line(chunk, lines, reading)
        elif records:
            yield records, lines
        line += number


def too_long(line: int, reading: Reading) -> None:
    """Note a line that is longer than a line may be."""
    reading.lost += 1
    reading.error(
        "inventory-line",
        f"the line is longer than {LINE // 1024} KiB",
        line=line,
        fix="write one record a line; for a JSON document say --inventory-format json",
    )


def chunks(raw: Raw, reading: Reading) -> Iterator[bytes | None]:
    """Blocks of whole lines, each ended by a line end; None stands for a line that is too long."""
    carry = b""
    first = True
    while True:
        try:
            block = raw.read(BLOCK)
        except Damaged as damaged:
            # what is left of the last line is not worth a second error
            reading.damaged(damaged)
            return
        if first:
            while 0 < len(block) < len(BOM) and (more := raw.read(BLOCK)):
                block += more
            block, first = block.removeprefix(BOM), False
            if not block:
                block = raw.read(BLOCK)
        if not block:
            if carry:
                yield carry + b"\n"
            return
        end = block.rfind(b"\n") + 1
        if carry and len(carry) + (block.find(b"\n") if end else len(block)) > LINE:
            yield None
            carry = b""
            rest = _after_line(raw, block, reading)
            if rest is None:
                return
            block = rest
            end = block.rfind(b"\n") + 1
        if not end:
            carry += block
            continue
        yield carry + block[:end] if carry else block[:end]
        carry = block[end:]


def _after_line(raw: Raw, block: bytes, reading: Reading) -> bytes | None:
    """What follows the line that goes on in *block*; None at the end of the file."""
    while (end := block.find(b"\n")) < 0:
        try:
            block = raw.read(BLOCK)
        except Damaged as damaged:
            reading.damaged(damaged)
            return None
        if not block:
            return None
    return block[end + 1 :]


def _line_by_line(chunk: bytes, lines: Sequence[int], reading: Reading) -> Iterator[Batch]:
    records: list[Campaign] = []
    at: list[int] = []
    for line, text in zip(lines, chunk.split(b"\n"), strict=False):
        if not text.strip():
            continue
        record = one_record(text)
        if record is None:
            here = spot(line)
            value = parse(text, here, reading)
            if is_header(value):
                # the records before it are not its own: they must be counted first
                if records:
                    yield records, at
                    records, at = [], []
                _header(value, text, line, reading)
                continue
            record = built(value, text, here, reading)
        if record is None:
            reading.lost += 1
            continue
        records.append(record)
        at.append(line)
    if records:
        yield records, at


def _header(value: dict[str, Any], text: bytes, line: int, reading: Reading) -> None:
    where = place(text, spot(line))
    if "campaigns" in value:
        reading.error(
            "inventory-format",
            "this is a JSON document, not one record a line",
            line=line,
            column=where("campaigns")[1],
            fix="name the file .json, or say --inventory-format json",
        )
        return
    header(value, reading, where)

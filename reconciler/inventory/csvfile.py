"""CSV with a header row: one record a row; an empty cell is a missing field."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from reconciler.inventory.jsontext import Batch
from reconciler.inventory.ndjson import chunks, too_long
from reconciler.inventory.raw import Raw
from reconciler.inventory.reading import Reading, closest
from reconciler.inventory.records import FIELDS, Where, build
from reconciler.model import Campaign

LABEL = "label."
ATTRIBUTE = "attributes."
LISTS = ("phoneNumbers", "messageIds", "unknown")
OBJECTS = ("labels", "attributes")
SEPARATOR = ";"
_TOGETHER = 200  # rows


class _Unreadable(Exception):
    """The text cannot be read on; the problem is noted already."""


def read(raw: Raw, reading: Reading) -> Iterator[Batch]:
    """Batches of records with their lines. Wrong rows go to *reading* and are left out."""
    rows = csv.reader(_lines(raw, reading), strict=True)
    records: list[Campaign] = []
    at: list[int] = []
    columns: list[str] | None = None
    line = 1
    try:
        for row in rows:
            start, line = line, rows.line_num + 1
            if not any(row):
                continue
            if columns is None:
                columns = _columns(row, start, reading)
                if columns is None:
                    return
                continue
            record = _record(columns, row, start, reading)
            if record is None:
                reading.lost += 1
                continue
            records.append(record)
            at.append(start)
            if len(records) >= _TOGETHER:
                yield records, at
                records, at = [], []
    except csv.Error as error:
        reading.cut = True
        reading.error(
            "inventory-syntax",
            f"this is not CSV: {error}",
            line=line,
            fix="quote cells that hold commas, quotes or line ends; double the quotes in them",
        )
    except _Unreadable:
        pass
    if records:
        yield records, at
    if columns is None and not reading.errors:
        reading.error("inventory-syntax", "there is no header row", fix="name the columns in it")


def _lines(raw: Raw, reading: Reading) -> Iterator[str]:
    line = 1
    for chunk in chunks(raw, reading):
        if chunk is None:
            too_long(line, reading)
            raise _Unreadable
        try:
            text = chunk.decode("utf-8")
        except UnicodeDecodeError as bad:
            before = chunk[: bad.start]
            column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8")) + 1
            reading.error(
                "inventory-syntax",
                f"byte 0x{chunk[bad.start]:02x} is not UTF-8",
                line=line + before.count(b"\n"),
                column=column,
                fix="save the file as UTF-8",
            )
            raise _Unreadable from bad
        # not splitlines: it also splits at characters that a name may hold
        yield from [one + "\n" for one in text.split("\n")[:-1]]
        line += chunk.count(b"\n")


def _columns(row: list[str], line: int, reading: Reading) -> list[str] | None:
    """The columns' names; None if the rows cannot be read by them."""
    if len(row) == 1 and (";" in row[0] or "\t" in row[0]):
        reading.error(
            "inventory-syntax",
            "the columns are not separated by commas",
            line=line,
            fix="export the table with commas",
        )
        return None
    missing = [name for name in ("account", "id", "name") if name not in row]
    for name in missing:
        reading.error(
            "inventory-field",
            f"there is no column `{name}`",
            line=line,
            fix="every record has account, id and name",
        )
    if missing:
        return None  # it may be any file at all: nothing of it is quoted
    good = True
    for number, name in enumerate(row):
        if name in row[:number]:
            good = False
            reading.error(
                "inventory-field",
                f"the column `{name}` a second time",
                line=line,
                fix="keep one of them",
            )
        elif not _known(name):
            known = [one for one in FIELDS if one not in row]
            reading.unknown_field(name, line, closest(name, [*known, LABEL, ATTRIBUTE]))
    return row if good else None


def _known(name: str) -> bool:
    return (
        name in FIELDS
        or (name.startswith(LABEL) and name != LABEL)
        or (name.startswith(ATTRIBUTE) and name != ATTRIBUTE)
    )


def _record(
    columns: Sequence[str], row: Sequence[str], line: int, reading: Reading
) -> Campaign | None:
    where: Where = lambda _: (line, None)  # noqa: E731
    if len(row) != len(columns):
        reading.error(
            "inventory-syntax",
            f"the row has {len(row)} cells, but there are {len(columns)} columns",
            line=line,
            fix="the file is truncated, or a comma is not quoted",
        )
        return None
    value: dict[str, Any] = {}
    for name, cell in zip(columns, row, strict=True):
        if cell and _known(name):
            try:
                _put(value, name, cell)
            except ValueError as error:
                reading.error("inventory-field", str(error), line=line, fix="mend the JSON")
                return None
    return build(value, reading, where)


def _put(value: dict[str, Any], name: str, cell: str) -> None:
    if name.startswith(LABEL):
        _into(value, "labels", {name.removeprefix(LABEL): cell})
    elif name.startswith(ATTRIBUTE):
        _into(value, "attributes", {name.removeprefix(ATTRIBUTE): cell})
    elif name in OBJECTS:
        found = _json(name, cell)
        if isinstance(found, dict):
            _into(value, name, found)
        else:
            value[name] = found
    elif name in LISTS:
        is_json = cell.startswith("[")
        value[name] = _json(name, cell) if is_json else _split(cell)
    else:
        value[name] = cell


def _into(value: dict[str, Any], name: str, more: Mapping[str, Any]) -> None:
    held = value.setdefault(name, {})
    if isinstance(held, dict):
        held.update(more)


def _split(cell: str) -> list[str]:
    return [one.strip() for one in cell.split(SEPARATOR) if one.strip()]


def _json(name: str, cell: str) -> Any:
    try:
        return msgspec.json.decode(cell.encode())
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ValueError(f"the cell `{name}` is not JSON") from error

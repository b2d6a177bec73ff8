"""CSV as people have it: one record a row, its columns in any order, by any of three delimiters."""

import itertools
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reconciler.declare.reading import ATTRIBUTE, IDS, LABEL
from reconciler.declare.times import by_format
from reconciler.inventory import fixes, shape
from reconciler.inventory.columns import Columns, Header, known, names_things
from reconciler.inventory.csvtext import (
    DELIMITERS,
    Row,
    Rows,
    Unreadable,
    cells_of,
    lines,
    separator,
)
from reconciler.inventory.jsonscan import Unscanned, value_of
from reconciler.inventory.jsontext import Batch
from reconciler.inventory.notes import Notes
from reconciler.inventory.raw import Raw
from reconciler.inventory.records import REQUIRED, STATUSES, Dates, build
from reconciler.inventory.wants import option
from reconciler.model import Campaign

LISTS = ("phoneNumbers", "messageIds", "unknown")
OBJECTS = ("labels", "attributes")
SEPARATOR = ";"
_TOGETHER = 200  # rows
_FEW = 2  # columns that may be no table at all
_HEAD_LINES = 200  # lines by which another format is told
_STRANGE = ("|", "^", "~", ":")  # what parts cells elsewhere
_TRIMMED = frozenset(  # elsewhere a blank may be meant: names go to the vendor to the byte
    {"account", "status", "createdAt", "updatedAt", "labels", "attributes", *LISTS}
)
_IDS = ("id", "phoneNumbers", "messageIds")
_REWRITTEN = re.compile(
    r"(?P<power>[+-]?\d+(?:[.,]\d+)?[eE][+-]?\d+)|(?P<formula>=.*)|(?P<decimal>[+-]?\d+[.,]0+)"
    r"|(?P<fault>#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!|SPILL!|CALC!))",
    re.DOTALL | re.ASCII,
)


def is_rewritten(text: str) -> bool:
    """Whether an id looks as if a spreadsheet had made it."""
    return _REWRITTEN.fullmatch(text) is not None


def read(raw: Raw, notes: Notes) -> Iterator[Batch]:
    """Batches of records with their lines. Wrong rows go to *notes* and are left out."""
    records: list[Campaign] = []
    at: list[int] = []
    try:
        for row, record, _ in rows(raw, notes):
            if record is None:
                continue
            records.append(record)
            at.append(row.line)
            if len(records) >= _TOGETHER:
                yield records, at
                records, at = [], []
    except Unreadable:
        pass
    if records:
        yield records, at


def rows(raw: Raw, notes: Notes) -> Iterator[tuple[Row, Campaign | None, Columns | None]]:
    """Every row as it stands, with its record: None where it is the header, blank or wrong.

    The columns come with the header and all that follows it.

    Raises `Unreadable` where the text cannot be read on.
    """
    source = lines(raw, notes)
    columns: Columns | None = None
    dates = Dates(table=True)
    if notes.reading.date_format is not None:
        form = notes.reading.date_format
        dates = Dates(by_format(form), form, table=True)
    for row in _rows(source, notes):
        if not any(row.cells) or (columns is None and separator(row.text) is not None):
            yield row, None, columns
        elif columns is None:
            columns = _header(row, notes)
            notes.fields = columns.fields
            yield row, None, columns
        else:
            record = _Record(columns, row, notes, dates).read()
            notes.lost += record is None
            yield row, record, columns
    if columns is None and not notes.errors:
        fix = "name the columns in its first row"
        notes.error("inventory-syntax", "there is no header row", fix=fix)


def _rows(source: Iterator[str], notes: Notes) -> Iterator[Row]:
    """The rows, once the first lines have said how their cells are parted."""
    first = list(itertools.islice(source, 1))
    while first and (not first[-1].strip() or (len(first) == 1 and separator(first[0]))):
        more = next(source, None)
        if more is None:
            break
        first.append(more)
    if first and first[-1].lstrip()[:1] in ("{", "["):
        begins = [first[-1], *itertools.islice(source, _HEAD_LINES)]
        head = "".join(begins).encode("utf-8", "replace")
        other = shape.mistaken(head, "csv", notes.named) or shape.is_in("json", "csv")
        notes.cut = True
        notes.error("inventory-format", other[0], line=len(first), column=1, fix=other[1])
        raise Unreadable
    said = separator(first[0]) if first else None
    delimiter = said or (_delimiter(first[-1], notes) if first else ",")
    strange = _strange(first[-1], delimiter, notes) if first else None
    if said is not None and said not in DELIMITERS:
        strange, first = said, first[1:]
    if strange is not None:
        what = f"the cells are parted by `{strange}`"
        fix = fixes.parted(notes.named, strange, gzip=notes.gzip)
        fix = f"export it with , or ; or tab, or: {fix}"
        line = 1 if strange == said else len(first)
        notes.wants.delimiter = delimiter = strange
        notes.error("inventory-syntax", what, line=line, column=1, fix=fix, wanted=True)
    yield from Rows(itertools.chain(first, source), delimiter, notes)


def _delimiter(line: str, notes: Notes) -> str:
    """The delimiter by which the header row has most columns that we know, then most columns."""

    def worth(delimiter: str) -> tuple[int, int]:
        cells = _split(line, delimiter)
        return known(cells, notes.reading), len(cells)

    return max(DELIMITERS, key=worth)


def _strange(line: str, delimiter: str, notes: Notes) -> str | None:
    """What parts the cells of a header row without one of our delimiters; None if nothing does."""
    if len(_split(line, delimiter)) > 1:
        return None

    def ours(delimiter: str) -> bool:
        cells = _split(line, delimiter)
        enough = 0 if len(cells) > _FEW else 1
        return known(cells, notes.reading) > enough or names_things(cells)

    return next(filter(ours, _STRANGE), None)


def _split(line: str, delimiter: str) -> list[str]:
    starts = cells_of(line, delimiter)
    if isinstance(starts, tuple):
        return line.split(delimiter)  # a column's name goes on in the next line
    ends = [*(start - 1 for start in starts[1:]), len(line.rstrip("\r\n"))]
    return [line[a:b].strip().strip('"') for a, b in zip(starts, ends, strict=True)]


def _header(row: Row, notes: Notes) -> Columns:
    columns = Header(row.cells, row.places(), notes).read()
    if columns is None:
        notes.cut = True
        raise Unreadable
    return columns


class _Record:
    """Reads one row by the columns."""

    def __init__(self, columns: Columns, row: Row, notes: Notes, dates: Dates) -> None:
        self._columns = columns
        self._row = row
        self._notes = notes
        self._dates = dates

    def read(self) -> Campaign | None:
        """The record; None when something is wrong, which the notes then know."""
        if len(self._row.cells) != self._columns.width:
            self._wrong_number()
            return None
        value: dict[str, Any] = {}
        wrong: set[str] = set()
        cells = self._row.cells
        named = [(name, cells[number]) for number, name in self._columns.places]
        for name, cell in itertools.chain(named, self._columns.fixed.items()):
            held = cell.strip() if name in _TRIMMED else cell
            if not held and name in REQUIRED:
                self._wrong(name, f"`{name}` is empty", "fill the cell, or take the row out")
                wrong.add(name)
            elif held and not self._put(value, name, held):
                wrong.add(name)
        record = build(value, self._notes, self._where, self._dates, wrong)
        return None if wrong else record

    def _put(self, value: dict[str, Any], name: str, cell: str) -> bool:
        """Whether the cell could be read into the record's *value*."""
        if not (self._as_written(name, cell) and self._is_status(name, cell)):
            return False
        try:
            _put(value, name, cell)
        except Unscanned as wrong:
            self._wrong(name, f"the cell `{name}` is not JSON: {wrong}", wrong.fix)
        except _Twice as twice:
            self._wrong(name, f"the key `{twice}` a second time in one record", "keep one of them")
        else:
            return True
        return False

    def _where(self, *path: str | int) -> tuple[int | None, int | None]:
        if not path:
            return self._row.line, 1
        places, wanted = self._columns.places, str(path[0])
        number = next((n for n, one in places if one == wanted), None)
        if number is None and wanted == "labels":
            number = next((n for n, one in places if one.startswith(LABEL)), None)
        return self._row.places()[number] if number is not None else (self._row.line, 1)

    def _wrong(self, name: str, what: str, fix: str, *, wanted: bool = False) -> None:
        line, column = self._where(name)
        self._notes.error("inventory-field", what, line=line, column=column, fix=fix, wanted=wanted)

    def _is_status(self, name: str, cell: str) -> bool:
        if name != "status" or cell.lower() in STATUSES:
            return True
        column = self._columns.written.get(name)
        fix = f"use one of {' '.join(STATUSES)}"
        if column is not None:
            fix += f"; or keep the vendor's words: {option('--map', 'attributes.status', column)}"
            self._notes.wants.say("--map", "attributes.status", column)
        what = f"`status` is `{cell[:60]}`, which is none of ours"
        self._wrong(name, what, fix, wanted=column is not None)
        return False

    def _wrong_number(self) -> None:
        have, want = len(self._row.cells), self._columns.width
        cells = "1 cell" if have == 1 else f"{have} cells"
        line, column = self._row.places()[min(want, have - 1)]
        self._notes.error(
            "inventory-syntax",
            f"the row has {cells}, but there are {want} columns",
            line=line,
            column=column,
            fix="the file is truncated, or a cell that holds a delimiter is not in quotes",
        )

    def _as_written(self, name: str, cell: str) -> bool:
        """Whether an id or number is as the vendor wrote it, and not as a spreadsheet shows it."""
        if name not in _IDS or (self._notes.reading.set or {}).get(IDS) == "text":
            return True
        for one in [cell] if name == "id" else cell.split(SEPARATOR):
            found = _REWRITTEN.fullmatch(one.strip())
            if found is not None:
                self._tell_rewritten(name, one.strip(), found.lastgroup or "")
                return False
        return True

    def _tell_rewritten(self, name: str, cell: str, how: str) -> None:
        what = {
            "power": "a spreadsheet has made a number of it, and its digits are lost",
            "formula": "it is a formula of a spreadsheet, not what the vendor wrote",
            "decimal": "a spreadsheet has made a number of it",
            "fault": "it is what a spreadsheet shows where it could not find or reckon a value",
        }[how]
        fix = (
            "export it again and import the column as text; if it is meant like this, say "
            f"{shlex.join(['--set', f'{IDS}=text'])}"
        )
        self._wrong(name, f"`{name}` is `{cell[:60]}`: {what}", fix)


class _Twice(Exception):
    """A key that two cells of one record give."""


def _put(value: dict[str, Any], name: str, cell: str) -> None:
    if name.startswith((LABEL, ATTRIBUTE)):
        into, _, key = name.partition(".")
        into = "labels" if into == "label" else into
        if isinstance(value.get(into, {}), dict):
            _into(value, into, {key: cell})
    elif name in OBJECTS:
        found = value_of(cell)
        if isinstance(found, dict) and isinstance(value.get(name, {}), dict):
            _into(value, name, found)
        else:
            value[name] = found
    elif name in LISTS:
        value[name] = value_of(cell) if cell.startswith("[") else _parts(cell)
    else:
        value[name] = cell.lower() if name == "status" else cell


def _into(value: dict[str, Any], name: str, more: Mapping[str, Any]) -> None:
    held = value.setdefault(name, {})
    for key, one in more.items():
        if key in held:
            raise _Twice(key)
        held[key] = one


def _parts(cell: str) -> Sequence[str]:
    return [one.strip() for one in cell.split(SEPARATOR) if one.strip()]

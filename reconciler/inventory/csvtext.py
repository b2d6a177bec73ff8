"""The text of a CSV file: lines, rows with the text they stand in, and the places of cells."""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.declare.encoding import windows_1252
from reconciler.inventory.jsontext import WINDOWS, not_utf8
from reconciler.inventory.ndjson import BLOCK, LINE, too_long
from reconciler.inventory.notes import Notes
from reconciler.inventory.raw import Damaged, Raw

DELIMITERS = (",", ";", "\t")
_LONGEST = 128 * 1024  # characters of a cell; what the reader takes by itself
_ENDS = re.compile(r"\r\n|\r|\n")
_SEP = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE | re.DOTALL)


class Unreadable(Exception):
    """The text cannot be read on; the problem is noted already."""


def lines(raw: Raw, notes: Notes) -> Iterator[str]:
    """Every line with its end, which may be any; a file's last one may have none.

    What is in another encoding that is known is noted, and read on for what else is wrong.
    """
    decoder: codecs.IncrementalDecoder = codecs.getincrementaldecoder("utf-8")()
    number, carry = 1, ""
    while True:
        try:
            block = raw.read(BLOCK)
        except Damaged as damaged:
            if damaged.encoding is None:
                notes.damaged(damaged)
                raise Unreadable from damaged
            decoder = _other(damaged.encoding)
            notes.wants.encoding = damaged.encoding
            notes.error(damaged.code, str(damaged), fix=damaged.fix, wanted=True)
            continue
        try:
            text = carry + decoder.decode(block, not block)
        except UnicodeDecodeError as bad:
            if not _note_encoding(bad, carry, number, notes):
                raise Unreadable from bad
            decoder = _other("cp1252")
            data = bytes(bad.object)
            text = carry + data[: bad.start].decode() + decoder.decode(data[bad.start :])
        if not block:
            if text:
                yield text
            return
        # a line that ends in a carriage return may go on with a line feed
        whole = text[:-1] if text.endswith("\r") else text
        carry = ""
        # not splitlines: it also splits at characters that a name may hold
        for line in io.StringIO(whole, newline=""):
            if not line.endswith(("\n", "\r")):
                carry = line
                break
            yield line
            number += 1
        carry += text[len(whole) :]
        if len(carry) > LINE:
            too_long(number, notes)
            raise Unreadable


def _other(encoding: str) -> codecs.IncrementalDecoder:
    return codecs.getincrementaldecoder(encoding)("replace")


def _note_encoding(bad: UnicodeDecodeError, carry: str, number: int, notes: Notes) -> bool:
    """Note it, and say whether it is known which encoding it is."""
    data = bytes(bad.object)
    before = carry + data[: bad.start].decode("utf-8")
    what, fix = not_utf8(data, bad.start, notes)
    parts = _ENDS.split(before)
    known = windows_1252(data, bad.start) is not None
    notes.wants.encoding = WINDOWS if known else None
    notes.cut = not known
    line, column = number + len(parts) - 1, len(parts[-1]) + 1
    notes.error("inventory-encoding", what, line=line, column=column, fix=fix, wanted=known)
    return known


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row, the line that it begins in, and its text with its end."""

    line: int
    cells: list[str]
    text: str
    delimiter: str

    def places(self) -> list[tuple[int, int]]:
        """Line and column of each cell."""
        starts = cells_of(self.text, self.delimiter)
        assert not isinstance(starts, tuple)  # it was read as CSV
        return [place(self.text, at, self.line) for at in starts]

    def replaced(self, cells: Mapping[int, str]) -> str:
        """The text of the row with other *cells*, by their number."""
        starts = cells_of(self.text, self.delimiter)
        assert not isinstance(starts, tuple)  # it was read as CSV
        end = len(self.text.rstrip("\r\n"))
        ends = [*(at - 1 for at in starts[1:]), end]
        parts = [self.text[a:b] for a, b in zip(starts, ends, strict=True)]
        for number, one in cells.items():
            parts[number] = quoted(one, self.delimiter)
        return self.delimiter.join(parts) + self.text[end:]


class Rows:
    """The rows of *lines*, all of a file, whose cells are parted by *delimiter*."""

    def __init__(self, lines: Iterator[str], delimiter: str, notes: Notes) -> None:
        self._delimiter = delimiter
        self._lines = lines
        self._notes = notes
        self._number = 1
        self._pending: list[str] = []

    def __iter__(self) -> Iterator[Row]:
        """All rows; raises `Unreadable` at one that is no CSV, which is noted."""
        reader = csv.reader(self._fed(), delimiter=self._delimiter, strict=True)
        while True:
            try:
                cells = next(reader, None)
            except csv.Error as error:
                self._broken()
                raise Unreadable from error
            if cells is None:
                return
            row = Row(self._number, cells, "".join(self._pending), self._delimiter)
            self._number += len(self._pending)
            self._pending = []
            yield row

    def _fed(self) -> Iterator[str]:
        for line in self._lines:
            self._pending.append(line)
            yield line

    def _broken(self) -> None:
        """Say in our words what the reader could not read."""
        text = "".join(self._pending)
        found = cells_of(text, self._delimiter)
        at, what, fix = found if isinstance(found, tuple) else _too_long(found, len(text))
        line, column = place(text, at, self._number)
        self._notes.cut = True
        self._notes.error("inventory-syntax", what, line=line, column=column, fix=fix)


def cells_of(text: str, delimiter: str) -> list[int] | tuple[int, str, str]:
    """Where each cell of the row in *text* begins; or a place that is no CSV, why, and the fix."""
    quoted = re.compile(r'"(?:[^"]++|"")*+"')
    plain = re.compile(rf"[^{re.escape(delimiter)}\r\n]*+")
    starts = [0]
    at = 0
    while True:
        if text.startswith('"', at):
            found = quoted.match(text, at)
            if found is None:
                fix = "close it; a quote inside of a cell in quotes is written twice"
                return at, "this is not CSV: the quote here is never closed", fix
            at = found.end()
            if at < len(text) and text[at] not in (delimiter, "\r", "\n"):
                fix = "write quotes inside of a cell twice, and put the whole cell in quotes"
                return at, "this is not CSV: the cell goes on after its closing quote", fix
        else:
            found = plain.match(text, at)
            assert found is not None
            at = found.end()
        if not text.startswith(delimiter, at):
            return starts
        at += 1
        starts.append(at)


def _too_long(starts: list[int], end: int) -> tuple[int, str, str]:
    sizes = [
        (after - start, start) for start, after in zip(starts, [*starts[1:], end], strict=True)
    ]
    fix = "no record is that large; or a quote is not closed"
    return max(sizes)[1], f"a cell is longer than {_LONGEST // 1024} KiB", fix


def quoted(cell: str, delimiter: str = ",") -> str:
    """*cell* as it is written in a row."""
    # not the csv module: it leaves a carriage return bare where lines end in a line feed
    special = delimiter in cell or any(one in cell for one in '"\r\n')
    if not cell or (cell == cell.strip() and not special):
        return cell
    return '"' + cell.replace('"', '""') + '"'


def place(text: str, at: int, line: int) -> tuple[int, int]:
    """Line and column of the character *at* of *text*, which begins at *line*."""
    parts = _ENDS.split(text[:at])
    return line + len(parts) - 1, len(parts[-1]) + 1


def separator(line: str) -> str | None:
    """The delimiter that a first line `sep=;` says; None if it is no such line."""
    found = _SEP.fullmatch(line.rstrip("\r\n"))
    return found[1] if found else None

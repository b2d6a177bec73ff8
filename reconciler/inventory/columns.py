"""The header row of a table: which column is which field, by its name or as the reader was told."""

import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from reconciler.declare.reading import ATTRIBUTE, FIELDS, IDS, LABEL, field_of, fold
from reconciler.inventory.claims import ordered
from reconciler.inventory.notes import Notes, closest
from reconciler.model import Reading

_REQUIRED = ("account", "id", "name")


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column, by its number, holds which field, and what every record has.

    A column may hold several fields, or none. *width*: how many columns there are. *written*: what
    the column of a field is called in the file.
    """

    width: int
    places: tuple[tuple[int, str], ...]
    fixed: Mapping[str, str]
    written: Mapping[str, str]

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that the table knows of each record."""
        every = {*(one for _, one in self.places), *self.fixed} - {"account", "id", "unknown"}
        return ordered(
            f"labels.{one.removeprefix(LABEL)}" if one.startswith(LABEL) else one
            for one in every
            if not one.startswith(ATTRIBUTE)
        )


def known(cells: Sequence[str], reading: Reading) -> int:
    """How many of *cells* are names of columns that anybody could mean."""
    mapped = {fold(one) for one in (reading.map or {}).values()}
    return sum(field_of(one) is not None or fold(one) in mapped for one in cells)


class Header:
    """Reads a header row of *cells*, each at a place (line, column). Problems go to *notes*."""

    def __init__(
        self, cells: Sequence[str], places: Sequence[tuple[int, int]], notes: Notes
    ) -> None:
        self._cells = cells
        self._places = places
        self._notes = notes
        self._map = dict(notes.reading.map or {})
        self._fixed = {k: v for k, v in (notes.reading.set or {}).items() if k != IDS}
        self._good = True
        # it may be any file at all: nothing of it is quoted unless it is a table of campaigns
        self._ours = known(cells, notes.reading) > 0

    def read(self) -> Columns | None:
        """The columns; None if the rows cannot be read by them."""
        places = self._mapped()
        for number, cell in enumerate(self._cells):
            own = self._own(number, cell, {one for one, _ in places})
            places += [(number, own)] if own is not None else []
        places.sort(key=lambda pair: pair[0])
        self._twice(places)
        self._missing(places)
        if not self._good:
            return None
        written = {field: self._cells[number] for number, field in places}
        return Columns(len(self._cells), tuple(places), self._fixed, written)

    def _mapped(self) -> list[tuple[int, str]]:
        """The columns that `--map` names, by their number."""
        found: list[tuple[int, str]] = []
        for field, column in self._map.items():
            same = [n for n, cell in enumerate(self._cells) if cell == column] or [
                n for n, cell in enumerate(self._cells) if fold(cell) == fold(column)
            ]
            if len(same) == 1:
                found.append((same[0], field))
                continue
            like = closest(column, [one for one in self._cells if one])
            fix = f"did you mean {_option('map', field, like)}?" if like else self._there()
            what = "there is no column" if not same else "there is more than one column"
            self._wrong(0, f"{what} `{column}`, which --map takes for `{field}`", fix)
        return found

    def _there(self) -> str:
        if not self._ours:
            return "no column of it is one of a campaign's"
        shown = [f"`{one}`" for one in self._cells if one.strip()][:12]
        return f"the columns are {', '.join(shown)}"

    def _own(self, number: int, cell: str, taken: Collection[int]) -> str | None:
        """The field that a column has by its own name, unless something else has it."""
        if number in taken:  # --map says all that it holds
            return None
        field = field_of(cell)
        if field is not None:
            return None if field in self._map else field
        if cell.strip() and self._ours:
            rest = [one for one in FIELDS if one not in self._cells]
            like = closest(cell.strip(), [*rest, LABEL, ATTRIBUTE])
            self._notes.unknown_field(cell, self._places[number][0], _whole(like))
        return None

    def _twice(self, places: Sequence[tuple[int, str]]) -> None:
        for index, (number, name) in enumerate(places):
            if name in [one for _, one in places[:index]]:
                cell = self._cells[number]
                shown = f"`{name}`" if cell == name else f"`{name}` (`{cell}`)"
                self._wrong(number, f"the column {shown} a second time", "keep one of them")
            elif name in self._fixed:
                fix = f"leave out {_option('set', name, self._fixed[name])}, or the column"
                self._wrong(number, f"the file has a column `{name}`, and --set fills it", fix)

    def _missing(self, places: Sequence[tuple[int, str]]) -> None:
        there = {*(one for _, one in places), *self._fixed}
        missing = [one for one in _REQUIRED if one not in there]
        for name in missing:
            if name in self._map:
                self._good = False  # told already
                continue
            fix = self._fix(name, places) if self._ours else "every record has account, id and name"
            self._wrong(0, f"there is no column `{name}`", fix)

    def _fix(self, name: str, places: Sequence[tuple[int, str]]) -> str:
        taken = {number for number, _ in places}
        free = [cell for number, cell in enumerate(self._cells) if number not in taken]
        like = next((cell for cell in free if fold(cell).endswith(name)), None)
        like = like or closest(name, [one for one in free if one.strip()])
        if like is not None:
            return f"say which it is: {_option('map', name, like)}"
        if name == "account":
            accounts = sorted(self._notes.accounts or ())
            return (
                f"say whose they are: {_option('set', name, accounts[0] if accounts else 'NAME')}"
            )
        free = [cell for cell in free if cell.strip()]
        return f"say which it is: {_option('map', name, free[0] if free else 'COLUMN')}"

    def _wrong(self, number: int, what: str, fix: str) -> None:
        self._good = False
        line, column = self._places[number] if number < len(self._places) else (1, 1)
        self._notes.error("inventory-field", what, line=line, column=column, fix=fix)


def _whole(like: str | None) -> str | None:
    return {LABEL: "label.NAME", ATTRIBUTE: "attributes.NAME"}.get(like or "", like)


def _option(name: str, field: str, value: str | None) -> str:
    return f"--{name} {shlex.quote(f'{field}={value}')}"

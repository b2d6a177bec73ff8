"""The header row of a table: which column is which field, by its name or as the reader was told."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from reconciler.declare.reading import ATTRIBUTE, FIELDS, IDS, LABEL, field_of, fold
from reconciler.inventory.claims import ordered
from reconciler.inventory.notes import Notes, closest
from reconciler.inventory.wants import option
from reconciler.model import Reading

_REQUIRED = ("account", "id", "name")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_CHOICES = 4  # accounts that are worth a command each


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


def names_things(cells: Sequence[str]) -> bool:
    """Whether one of *cells* is called some id and another some name, as `Campaign ID` is."""
    last = {words[-1].lower() for one in cells if (words := _WORD.findall(one))}
    return {"id", "name"} <= last


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
        self._ours = known(cells, notes.reading) > 0 or names_things(cells)

    def read(self) -> Columns | None:
        """The columns; None if the rows cannot be read by them."""
        places = self._mapped()
        for number, cell in enumerate(self._cells):
            own = self._own(number, cell, {one for one, _ in places})
            places += [(number, own)] if own is not None else []
        places.sort(key=lambda pair: pair[0])
        self._twice(places)
        self._missing(places)
        places.sort(key=lambda pair: pair[0])
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
            fix = f"did you mean {option('--map', field, like)}?" if like else self._there()
            what = "there is no column" if not same else "there is more than one column"
            what = f"{what} `{column}`, which --map takes for `{field}`"
            self._wrong(0, what, fix, wanted=like is not None)
            if like is not None:
                self._notes.wants.say("--map", field, like)
                found.append((self._cells.index(like), field))
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
                fix = f"leave out {option('--set', name, self._fixed[name])}, or the column"
                self._wrong(number, f"the file has a column `{name}`, and --set fills it", fix)

    def _missing(self, places: list[tuple[int, str]]) -> None:
        """Tell what is not there; what it probably is goes to *places* and to what is fixed."""
        there = {*(one for _, one in places), *self._fixed}
        for name in _REQUIRED:
            if name in there or name in self._map:
                continue  # it is told already that the column of a --map is not there
            if not self._ours:
                whose = name == "account"
                said = option("--set", name, "NAME") if whose else option("--map", name, "COLUMN")
                fix = f"name it in the first row, or say {said}"
                self._wrong(0, f"there is no column `{name}`", fix)
                continue
            number = self._meant(name, {number for number, _ in places})
            if number is not None:
                column = self._cells[number]
                fix = f"say which it is: {option('--map', name, column)}"
                self._notes.wants.say("--map", name, column)
                self._notes.unknown.pop(column, None)  # it is known now
                places.append((number, name))
            elif name == "account":
                fix = self._whose()
            else:
                fix = f"say which it is: {option('--map', name, 'COLUMN')}"
            known = number is not None or (name == "account" and bool(self._notes.accounts))
            self._wrong(0, f"there is no column `{name}`", fix, wanted=known)

    def _meant(self, name: str, taken: Collection[int]) -> int | None:
        """The number of the column that is probably meant for the field *name*."""
        free = {n: one for n, one in enumerate(self._cells) if n not in taken and one.strip()}
        ends = next((n for n, one in free.items() if fold(one).endswith(name)), None)
        if ends is not None:
            return ends
        like = closest(name, list(free.values()))
        if like is not None:
            return next(n for n, one in free.items() if one == like)
        return None if name == "account" else next(iter(free), None)

    def _whose(self) -> str:
        """How it is said whose the records are: one of the accounts, or of a few."""
        accounts = sorted(self._notes.accounts or ())
        if accounts and len(accounts) <= _CHOICES:
            meant = [(one, f"the campaigns are of {one}") for one in accounts]
            self._notes.wants.choose("--set", "account", meant)
        elif accounts:
            self._notes.wants.name_one("--set", "account", accounts)
        self._fixed["account"] = accounts[0] if accounts else "NAME"
        return f"say whose they are: {option('--set', 'account', self._fixed['account'])}"

    def _wrong(self, number: int, what: str, fix: str, *, wanted: bool = False) -> None:
        self._good &= wanted
        line, column = self._places[number] if number < len(self._places) else (1, 1)
        self._notes.error("inventory-field", what, line=line, column=column, fix=fix, wanted=wanted)


def _whole(like: str | None) -> str | None:
    return {LABEL: "label.NAME", ATTRIBUTE: "attributes.NAME"}.get(like or "", like)

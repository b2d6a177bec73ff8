"""Inventories as CSV: a column for each field, label and attribute that records have or know."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from reconciler.declare.known import unknown
from reconciler.declare.reading import ATTRIBUTE, FIELDS, LABEL
from reconciler.errors import Diagnostic, InputError
from reconciler.inventory.csvfile import LISTS, SEPARATOR, is_rewritten
from reconciler.inventory.csvtext import quoted
from reconciler.model import AccountFacts, Campaign

_MOST_COLUMNS = 500  # labels, and attributes, that get a column of their own
_SURE = ("account", "id", "attributes", "unknown")  # of these nobody asks whether they are known


@dataclass(slots=True)
class CsvColumns:
    """The columns that CSV needs for records: `see` them all before the first is written.

    *rewritten*: an id looks as if a spreadsheet had made it, so that reading needs to be told.
    """

    fields: set[str] = field(default_factory=lambda: {"account", "id", "name"})
    labels: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    rewritten: bool = False

    def see(self, records: Iterable[Campaign]) -> None:
        """Note which columns *records* need."""
        for one in records:
            ids = (one.id, *(one.phone_numbers or ()), *(one.message_ids or ()))
            self.rewritten = self.rewritten or any(is_rewritten(part) for part in ids)
            for key, _ in _cells(one):
                if key.startswith(LABEL) and len(self.labels) < _MOST_COLUMNS:
                    self.labels.add(key)
                elif key.startswith(ATTRIBUTE) and len(self.attributes) < _MOST_COLUMNS:
                    self.attributes.add(key)
                elif key.startswith(LABEL):
                    self.fields.add("labels")
                elif key.startswith(ATTRIBUTE):
                    self.fields.add("attributes")
                else:
                    self.fields.add(key)

    def names(self, accounts: Mapping[str, AccountFacts]) -> list[str]:
        """In the file's order: fields, labels and attributes by name.

        A field that *accounts* know has a column though no record has it, and where one is not
        known of all there is a column `unknown`: an empty cell says that there is nothing.
        """
        said = {name for one in accounts.values() for name in one.fields or ()}
        fields = self.fields | {one for one in said if one in FIELDS}
        labels = self.labels | {
            LABEL + one.partition(".")[2] for one in said if one.startswith("labels.")
        }
        if labels and any(
            one.fields is None or "labels" in one.fields for one in accounts.values()
        ):
            fields.add("labels")  # else those with a column would be all that is known
        asked = {_field(one) for one in (fields | labels) - {*_SURE, "name"}}
        if any(not _knows(one, name) for one in accounts.values() for name in asked):
            fields.add("unknown")
        own = [one for one in FIELDS if one in fields]
        return [*own, *sorted(labels), *sorted(self.attributes)]


def _is_sure(column: str) -> bool:
    return column in _SURE or column.startswith(ATTRIBUTE)


def _knows(facts: AccountFacts, name: str) -> bool:
    fields = facts.fields or ()
    return name in fields or (name.startswith("labels.") and "labels" in fields)


def _field(column: str) -> str:
    """What a column is called where fields are named."""
    return f"labels.{column.removeprefix(LABEL)}" if column.startswith(LABEL) else column


def table(
    batches: Iterable[Sequence[Campaign]], accounts: Mapping[str, AccountFacts], columns: CsvColumns
) -> Iterator[bytes]:
    """The header row and a row for each record."""
    names = columns.names(accounts)
    yield _lines([names])
    for batch in batches:
        yield _lines([_row(one, names, accounts.get(one.account)) for one in batch])


def _lines(rows: Iterable[Sequence[str]]) -> bytes:
    return "".join(",".join(map(quoted, row)) + "\n" for row in rows).encode()


def _row(one: Campaign, names: Sequence[str], facts: AccountFacts | None) -> list[str]:
    cells = dict(_cells(one))
    known = frozenset(names)
    _without_column(cells, known, LABEL, "labels")
    _without_column(cells, known, ATTRIBUTE, "attributes")
    if "unknown" in known:
        # labels that are there need not be all of them
        asked = [n for n in names if n == "labels" or (n not in cells and not _is_sure(n))]
        more = [name for name in map(_field, asked) if unknown(one, facts, name)]
        if every := list(dict.fromkeys((*(one.unknown or ()), *more))):
            cells["unknown"] = every
    return [cell(name, cells.get(name)) for name in names]


def _without_column(cells: dict[str, Any], known: frozenset[str], prefix: str, into: str) -> None:
    """Keys beyond the most that get a column go to the JSON column."""
    for key in [key for key in cells if key.startswith(prefix) and key not in known]:
        cells.setdefault(into, {})[key.removeprefix(prefix)] = cells.pop(key)


def _cells(one: Campaign) -> Iterator[tuple[str, Any]]:
    """(column, value) of a record. What is not plain text goes to the JSON columns."""
    for key, value in msgspec.to_builtins(one).items():
        if key not in ("labels", "attributes"):
            yield key, value
            continue
        prefix = LABEL if key == "labels" else ATTRIBUTE
        rest = {}
        for name, held in value.items():
            if isinstance(held, str) and held and name:
                yield prefix + name, held
            else:
                rest[name] = held
        if rest or not value:
            yield key, rest


def cell(name: str, value: object) -> str:
    """The text of a cell in the column *name*; `InputError` if CSV cannot hold it."""
    if value is None:
        return ""
    if isinstance(value, str):
        if not value:
            why = f"a record's `{name}` is empty text, which reads as missing"
            fix = "use ndjson or json"
            said = f"this inventory cannot be written as csv: {why}"
            raise InputError([Diagnostic("error", "inventory-format", said, fix=fix)])
        return value
    if name in LISTS and isinstance(value, list | tuple) and value and all(map(_is_simple, value)):
        return SEPARATOR.join(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _is_simple(part: str) -> bool:
    return bool(part) and part == part.strip() and SEPARATOR not in part and part[0] != "["

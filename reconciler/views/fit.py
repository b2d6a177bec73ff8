"""Views with a size limit: what matters first, then as many rows as fit, then what is left out.

A text may go on in further parts. Rows are chosen before anything is written: every section gets an
equal share of the room that all parts have, and what it does not need goes to the next ones.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Generic, TypeVar

import msgspec

Measure = Callable[[str], int]
R = TypeVar("R")

_SHORTEST = 50  # no row takes less


def characters(text: str) -> int:
    """As the strictest platform counts them: a character outside of the basic plane is two."""
    return len(text) if text.isascii() else len(text) + sum(map("\uffff".__lt__, text))


def utf8_bytes(text: str) -> int:
    return len(text.encode("utf-8", "replace"))


class DrawnRows(Generic[R]):
    """What *draw* makes of each of *values*, when it is asked for."""

    def __init__(self, values: Sequence[R], draw: Callable[[R], str]) -> None:
        self._values = values
        self._draw = draw

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[Callable[[], str]]:
        return (partial(self._draw, one) for one in self._values)


class Section(msgspec.Struct, frozen=True):
    """A list under a heading; without a row that fits, the heading is not written.

    *again* opens it anew in the next part. *left_out* says how many rows are not shown. Rows of the
    *front* are not what the text's end counts, so they always say themselves how many are missing.
    """

    opening: str
    again: str
    rows: "Sequence[Callable[[], str]] | DrawnRows[Any]"
    closing: str
    left_out: Callable[[int], str]
    front: bool = False


class Chosen(msgspec.Struct, frozen=True):
    """The rows of a section that fit, and how many do not."""

    section: Section
    rows: tuple[str, ...]

    @property
    def most(self) -> str:
        """At least as much as is written of it in one part."""
        one = self.section
        left_out = one.left_out(len(one.rows))
        if not self.rows:
            return left_out if one.front else ""
        return "".join((one.opening, *self.rows, left_out, one.closing))


class PartShape(msgspec.Struct, frozen=True, kw_only=True):
    """How long a part may be, how many there may be, and what stands at their edges.

    *heading* opens part 2 and those after it, *goes_on* ends a part that another follows, *foot*
    ends the last one and says how many rows are nowhere; *spare* is the room kept for these.
    """

    limit: int
    measure: Measure
    most: int
    heading: Callable[[int], str]
    goes_on: Callable[[int], str]
    foot: Callable[[int], str]
    spare: int

    def room(self, top: str) -> int:
        """What all parts hold together behind *top*."""
        return self.most * (self.limit - self.spare) - self.measure(top)


def choose(sections: Sequence[Section], room: int, measure: Measure) -> list[Chosen]:
    """As many rows of each section as its share of *room* takes."""
    found = []
    for at, section in enumerate(sections):
        share = room // (len(sections) - at)
        fixed = section.opening + section.closing + section.left_out(len(section.rows))
        rows = _fitting(section.rows, share - measure(fixed), measure)
        found.append(Chosen(section, tuple(rows)))
        room -= measure(found[-1].most)
    return found


def _fitting(rows: Iterable[Callable[[], str]], room: int, measure: Measure) -> list[str]:
    found: list[str] = []
    for row in rows:
        if room < _SHORTEST:
            break
        text = row()
        room -= measure(text)
        if room < 0:
            break
        found.append(text)
    return found


def parts(top: str, chosen: Sequence[Chosen], shape: PartShape) -> Iterator[str]:
    """The text in parts of at most `shape.limit` each, *top* first."""
    book = _Book(top, shape)
    hidden = 0
    for one in chosen:
        section, written = one.section, 0
        tail = section.left_out(len(section.rows)) + section.closing
        while written < len(one.rows):
            opening = section.again if written else section.opening
            written += book.take(opening, one.rows[written:], tail, section.closing)
            if written < len(one.rows):
                full = book.turn()
                if full is None:
                    break
                yield full
        missing = len(section.rows) - written
        hidden += 0 if section.front else missing
        if missing and (written or section.front):
            book.add(section.left_out(missing))
        if written:
            book.add(section.closing)
    yield book.end(hidden)


class _Book:
    """The part that is being written."""

    def __init__(self, top: str, shape: PartShape) -> None:
        self._shape = shape
        self._number = 1
        self._text = [top]
        self._left = shape.limit - shape.spare - shape.measure(top)
        self._open: str | None = None  # the closing of the section that is open
        self._fresh = False  # nothing but a heading yet: what does not fit here fits nowhere

    def take(self, opening: str, rows: Sequence[str], tail: str, closing: str) -> int:
        """Write as many of *rows* as fit before *tail*; how many those are."""
        measure = self._shape.measure
        left = self._left - measure(opening) - measure(tail)
        taken = 0
        for row in rows:
            left -= measure(row)
            if left < 0:
                break
            taken += 1
        if taken:
            for text in (opening, *rows[:taken]):
                self.add(text)
            self._open = closing
            self._fresh = False
        return taken

    def add(self, text: str) -> None:
        """Write *text*, whose room is accounted for; after a closing, nothing is open."""
        self._open = None
        self._text.append(text)
        self._left -= self._shape.measure(text)

    def turn(self) -> str | None:
        """The part that is full, and a new one; None if there may be no more."""
        shape = self._shape
        if self._number == shape.most or self._fresh:
            return None
        if self._open is not None:
            self.add(self._open)
        self._number += 1
        full = "".join([*self._text, shape.goes_on(self._number)])
        heading = shape.heading(self._number)
        self._text = [heading]
        self._left = shape.limit - shape.spare - shape.measure(heading)
        self._open = None
        self._fresh = True
        return full

    def end(self, hidden: int) -> str:
        return "".join([*self._text, self._shape.foot(hidden)])

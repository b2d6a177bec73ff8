"""Rows of campaigns as columns: one line each where the width allows, else two or more."""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from reconciler.model import Action, WaiverUse
from reconciler.plan.guards.waivers import OF_ACCOUNTS
from reconciler.safe import all_quoted, quoted, terminal
from reconciler.views import words
from reconciler.views.layout import cells, fold, listing, pads, widest, wrap
from reconciler.views.text.page import TextPage, all_lines_of, identities, lines_of
from reconciler.views.text.samerows import SameRows

_LEAST_NAME = 28  # with less room for the name, a row takes two lines
_MOST_LINES = 4  # of one name
SIGNS = {"delete": ("-", "red"), "refuse": ("!", "yellow"), "none": ("=", "dim")}
_FACTS = ("status", "updated", "line")


class Cells(msgspec.Struct, array_like=True, gc=False):
    """Some rows, by columns: each has a text for each row.

    *notes*: what else is said of some rows, by their places.
    """

    id: list[str]
    name: list[str]
    status: list[str]
    updated: list[str]
    line: list[str]
    notes: dict[int, list[str]]

    @classmethod
    def of(cls, some: Sequence[Action], page: TextPage, said: str | None) -> "Cells":
        """*some* actions. *said*: a message that their heading gives already."""
        return cls(
            id=identities([one.id for one in some]),
            name=_names([one.name for one in some]),
            status=[words.status(one.campaign) for one in some],
            updated=words.all_updated([one.campaign for one in some]),
            line=all_lines_of([one.sources for one in some]),
            notes={
                place: notes
                for place, one in enumerate(some)
                if (one.parts or one.message or one.look_first or one.waivers)
                and (notes := _said_of(one, page, said))
            },
        )

    @classmethod
    def of_same(cls, some: SameRows) -> "Cells":
        """The cells of deletions of which only the records differ."""
        return cls(
            id=identities(some.ids),
            name=all_quoted(some.names),
            status=some.statuses,
            updated=[f"updated {day}" for day in some.updated],
            line=[lines_of(some.like.sources)] * len(some.ids),
            notes={},
        )


class Widths(msgspec.Struct):
    """The cells that columns of text take."""

    id: int = 0
    name: int = 0
    status: int = 0
    updated: int = 0
    line: int = 0

    def take(self, some: Cells) -> None:
        """Make room for *some* rows more; what many rows share is measured once."""
        self.id = max(self.id, widest(some.id))
        self.name = max(self.name, widest(some.name))
        self.status = max(self.status, widest(list({*some.status})))
        self.updated = max(self.updated, len(max(some.updated)))  # a day is as wide as any other
        self.line = max(self.line, widest(list({*some.line})))


def rows(sign: str, blocks: Iterable[Cells], widths: Widths, page: TextPage) -> Iterator[str]:
    """Rows as lines, several to a piece; *widths* are those of all, *sign* stands before each."""
    taken = [widths.id, widths.status, widths.updated, widths.line]
    room = page.width - 4 - sum(taken) - 2 * sum(1 for width in taken if width)
    for some in blocks:
        if room >= min(widths.name, _LEAST_NAME):
            drawn = _in_columns(sign, some, widths, min(room, widths.name), page)
        else:
            drawn = _stacked(sign, some, widths, page)
        yield "\n".join(drawn)


def _in_columns(sign: str, some: Cells, widths: Widths, room: int, page: TextPage) -> Iterable[str]:
    names, more = _folded(some.name, room) if room else ([], {})
    columns = [_first(sign, some, widths)]
    if room:
        columns.append(pads(names, room))
    for column in _FACTS:
        if width := getattr(widths, column):
            columns.append(page.inked(pads(getattr(some, column), width), "dim"))
    indent = " " * (4 + widths.id + 2)
    below = {place: [f"{indent}{one}" for one in rest] for place, rest in more.items()}
    lines = list(map(str.rstrip, map("  ".join, zip(*columns, strict=True))))
    return _with(lines, below, _notes(some, page))


def _stacked(sign: str, some: Cells, widths: Widths, page: TextPage) -> Iterable[str]:
    room = page.width - 4 - widths.id - 2
    facts = zip(pads(some.status, widths.status), some.updated, some.line, strict=True)
    if widths.status and all(some.updated) and all(some.line):  # as nearly always
        tails = list(map("  ".join, facts))
    else:
        tails = ["  ".join(filter(None, one)).rstrip() for one in facts]
    firsts = _first(sign, some, widths)
    if widest(tails) <= room:
        shown = page.inked(tails, "dim")
        lines = list(map(str.rstrip, map("  ".join, zip(firsts, shown, strict=True))))
    else:
        pairs = zip(firsts, tails, strict=True)
        lines = [_one_or_two(first, tail, room, page) for first, tail in pairs]
    names, more = _folded(some.name, page.width - 6)
    lines = [f"{line}\n      {name}" for line, name in zip(lines, names, strict=True)]
    below = {place: [f"      {one}" for one in rest] for place, rest in more.items()}
    return _with(lines, below, _notes(some, page))


def _one_or_two(first: str, tail: str, room: int, page: TextPage) -> str:
    shown = page.ink(tail, "dim")
    if cells(tail) <= room:
        return f"{first}  {shown}".rstrip()
    return f"{first.rstrip()}\n      {shown}" if tail else first.rstrip()


def _first(sign: str, some: Cells, widths: Widths) -> list[str]:
    """Each row's sign and its id."""
    return [f"  {sign} {id_}" for id_ in pads(some.id, widths.id)]


def _folded(names: list[str], room: int) -> tuple[list[str], dict[int, list[str]]]:
    """The first line of each name, and by their places the others of those that have more."""
    if widest(names) <= room:
        return names, {}
    folded = [fold(name, room, _MOST_LINES) for name in names]
    more = {place: lines[1:] for place, lines in enumerate(folded) if len(lines) > 1}
    return [lines[0] for lines in folded], more


def _with(lines: list[str], *below: dict[int, list[str]]) -> Iterable[str]:
    """*lines*, and below each what stands there, by its place."""
    if not any(below):
        return lines
    return [
        one
        for place, line in enumerate(lines)
        for one in (line, *(more for some in below for more in some.get(place, ())))
    ]


def _notes(some: Cells, page: TextPage) -> dict[int, list[str]]:
    """What else is said of some rows, as lines, by their places."""
    return {
        place: [line for note in notes for line in wrap(note, page.width, "      ")]
        for place, notes in some.notes.items()
    }


def _names(names: list[str | None]) -> list[str]:
    if None not in names:
        return all_quoted(names)  # type: ignore[arg-type]
    return [quoted(name) if name is not None else "" for name in names]


def _said_of(action: Action, page: TextPage, said: str | None) -> list[str]:
    notes: list[str] = []
    if action.parts:
        notes.append(_parts(action, page))
    if action.message and action.message != said:
        notes.append(f"Note: {page.sentence(action.message)}")
    notes += [page.sentence(one[:1].upper() + one[1:]) for one in words.looked_at(action)]
    # What is waived for the whole account is said above, once.
    notes += [waived(one, page) for one in action.waivers if one.guard not in OF_ACCOUNTS]
    return notes


def waived(waiver: WaiverUse, page: TextPage) -> str:
    return (
        f"{terminal(waiver.guard)} is waived until {terminal(waiver.until)}:"
        f" {quoted(page.mask(waiver.because))} ({terminal(waiver.ticket)})"
    )


def _parts(action: Action, page: TextPage) -> str:
    shown = [terminal(one) for one in words.parts(action, show_numbers=page.show_numbers)]
    head = words.count(len(shown), words.parts_noun(action))
    if page.show_numbers:
        return f"{head}: {', '.join(shown)}"
    return f"{head}: {listing(shown, page.width - cells(head) - 8)}"

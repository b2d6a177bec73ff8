"""The cells of rows of campaigns, by columns, and how wide they are."""

from collections.abc import Sequence

import msgspec

from reconciler.model import Action, WaiverUse
from reconciler.plan.guards.waivers import OF_ACCOUNTS
from reconciler.safe import all_quoted, quoted, terminal
from reconciler.views import words
from reconciler.views.layout import cells, listing, widest
from reconciler.views.text.page import TextPage, all_lines, all_lines_of, identities
from reconciler.views.text.samerows import SameRows

_LEAST_NAME = 28  # with less room for the name, a row takes two lines


class Layout(msgspec.Struct, frozen=True):
    """Rows in columns of these widths; or *stacked*: names, of that width, below all else."""

    stacked: bool
    id: int
    name: int
    status: int
    updated: int = 0
    line: int = 0


class Widths(msgspec.Struct):
    """The cells that columns of text take at most."""

    id: int = 0
    name: int = 0
    status: int = 0
    updated: int = 0
    line: int = 0

    def take(self, other: "Widths") -> None:
        """Make room for *other* rows, too."""
        self.id = max(self.id, other.id)
        self.name = max(self.name, other.name)
        self.status = max(self.status, other.status)
        self.updated = max(self.updated, other.updated)
        self.line = max(self.line, other.line)

    def layout(self, page: TextPage) -> Layout:
        """How all of them are drawn on *page*."""
        taken = [self.id, self.status, self.updated, self.line]
        room = page.width - 4 - sum(taken) - 2 * sum(1 for width in taken if width)
        if room < min(self.name, _LEAST_NAME):
            return Layout(True, self.id, page.width - 6, self.status)
        return Layout(False, self.id, min(room, self.name), self.status, self.updated, self.line)


class Cells(msgspec.Struct, array_like=True, gc=False):
    """Some rows, by columns: each has a text for each row. Every text is ready to be shown.

    *notes*: what else is said of some rows, by their places.
    """

    id: list[str]
    name: list[str]
    status: list[str]
    updated: list[str]
    line: list[str]
    notes: dict[int, list[str]] = {}

    def widths(self) -> Widths:
        """What many rows share is measured once."""
        return Widths(
            widest(self.id),
            widest(self.name),
            widest(list({*self.status})),
            len(next(filter(None, self.updated), "")),  # a day is as wide as any other
            widest(list({*self.line})),
        )

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
        """The cells of deletions of which only records and lines differ."""
        return cls(
            id=identities(some.ids),
            name=all_quoted(some.names),
            status=some.statuses,
            updated=[f"updated {one[:10]}" for one in some.times],
            line=all_lines(some.lines, len(some.like.sources)),
        )


def _names(names: list[str | None]) -> list[str]:
    known = [name for name in names if name is not None]
    if len(known) == len(names):
        return all_quoted(known)
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

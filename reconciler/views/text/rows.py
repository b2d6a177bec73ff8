"""Rows of campaigns as columns: one line each where the width allows, else two or more."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import msgspec

from reconciler.model import Action, WaiverUse
from reconciler.plan.guards.waivers import OF_ACCOUNTS
from reconciler.safe import quoted, terminal
from reconciler.views import words
from reconciler.views.layout import cells, fold, listing, pad, widest, wrap
from reconciler.views.text.page import TextPage, identity, lines_of

_LEAST_NAME = 28  # with less room for the name, a row takes two lines
_MOST_LINES = 4  # of one name
_HELD = 2_000  # rows that are held to measure them
SIGNS = {"delete": ("-", "red"), "refuse": ("!", "yellow"), "none": ("=", "dim")}
_COLUMNS = ("id", "status", "updated", "line")


class TextRow(msgspec.Struct, frozen=True):
    sign: str
    style: str
    id: str
    name: str
    status: str
    updated: str
    line: str
    notes: tuple[str, ...]


def rows(actions: Sequence[Action], page: TextPage, *, said: str | None = None) -> Iterator[str]:
    """*said*: a message that the heading has given already.

    A great many are gone through twice, and never held.
    """
    found: Iterable[TextRow] = (_row(action, page, said) for action in actions)
    if len(actions) <= _HELD:
        found = list(found)
    widths = dict.fromkeys((*_COLUMNS, "name"), 0)
    for some in _some(found):
        for column in widths:
            widths[column] = max(widths[column], widest([getattr(row, column) for row in some]))
    if not isinstance(found, list):
        found = (_row(action, page, said) for action in actions)
    longest = widths.pop("name")
    taken = 4 + sum(widths.values()) + 2 * sum(1 for width in widths.values() if width)
    room = page.width - taken
    if room >= min(longest, _LEAST_NAME):
        return _in_columns(found, widths, min(room, longest), page)
    return _stacked(found, widths, page)


def _some(rows: Iterable[TextRow]) -> Iterator[Sequence[TextRow]]:
    if isinstance(rows, list):
        yield rows
        return
    while some := list(islice(rows, _HELD)):
        yield some


def _in_columns(
    found: Iterable[TextRow], widths: dict[str, int], room: int, page: TextPage
) -> Iterator[str]:
    for row in found:
        name = fold(row.name, room, _MOST_LINES) if room else [""]
        line = [f"  {page.ink(row.sign, row.style)} {pad(row.id, widths['id'])}"]
        if room:
            line.append(pad(name[0], room))
        for column in ("status", "updated", "line"):
            if widths[column]:
                line.append(page.ink(pad(getattr(row, column), widths[column]), "dim"))
        yield "  ".join(line).rstrip()
        indent = " " * (4 + widths["id"] + 2)
        yield from (f"{indent}{more}" for more in name[1:])
        yield from _notes(row, page)


def _stacked(found: Iterable[TextRow], widths: dict[str, int], page: TextPage) -> Iterator[str]:
    for row in found:
        facts = (pad(row.status, widths["status"]), row.updated, row.line)
        tail = "  ".join(filter(None, facts)).rstrip()
        first = f"  {page.ink(row.sign, row.style)} {pad(row.id, widths['id'])}"
        room = page.width - 4 - widths["id"] - 2
        shown = page.ink(tail, "dim")
        if cells(tail) <= room:
            yield f"{first}  {shown}".rstrip()
        else:
            yield first.rstrip()
            if tail:
                yield f"      {shown}"
        yield from (f"      {more}" for more in fold(row.name, page.width - 6, _MOST_LINES))
        yield from _notes(row, page)


def _notes(row: TextRow, page: TextPage) -> Iterator[str]:
    for note in row.notes:
        yield from wrap(note, page.width, "      ")


def _row(action: Action, page: TextPage, said: str | None) -> TextRow:
    sign, style = SIGNS[action.action]
    notes: list[str] = []
    if action.parts:
        notes.append(_parts(action, page))
    if action.message and action.message != said:
        notes.append(f"Note: {page.sentence(action.message)}")
    notes += [page.sentence(one[:1].upper() + one[1:]) for one in words.looked_at(action)]
    # What is waived for the whole account is said above, once.
    notes += [waived(one, page) for one in action.waivers if one.guard not in OF_ACCOUNTS]
    return TextRow(
        sign=sign,
        style=style,
        id=identity(action.id),
        name=quoted(action.name) if action.name is not None else "",
        status=words.status(action.campaign),
        updated=words.updated(action.campaign),
        line=lines_of(action.sources),
        notes=tuple(notes),
    )


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

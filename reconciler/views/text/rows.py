"""Rows of campaigns as columns: one line each where the width allows, else two or more."""

from collections.abc import Mapping

from reconciler.views.layout import cells, fold, pad, pads, wrap
from reconciler.views.text.cells import Cells, Layout, Widths
from reconciler.views.text.page import TextPage

_MOST_LINES = 4  # of one name
SIGNS = {"delete": ("-", "red"), "refuse": ("!", "yellow"), "none": ("=", "dim")}


def drawn(sign: str, some: Cells, own: Widths, layout: Layout, page: TextPage) -> str:
    """Rows as lines; *sign* stands before each. *own*: their widths."""
    lines = (_stacked if layout.stacked else _in_columns)(some, own, layout, page)
    _add(lines, _notes(some, page), "")
    start = f"  {sign} "
    return start + f"\n{start}".join(lines)


def _in_columns(some: Cells, own: Widths, layout: Layout, page: TextPage) -> list[str]:
    names, more = _folded(some.name, own, layout)
    columns = [pads(some.id, layout.id)]
    if layout.name:
        columns.append(pads(names, layout.name))
    if layout.status:
        columns.append(page.inked(_few(some.status, layout.status), "dim"))
    if layout.updated:
        columns.append(page.inked(pads(some.updated, layout.updated), "dim"))
    if layout.line:
        columns.append(page.inked(_few(some.line, layout.line), "dim"))
    lines = list(map(str.rstrip, map("  ".join, zip(*columns, strict=True))))
    _add(lines, more, " " * (4 + layout.id + 2))
    return lines


def _stacked(some: Cells, own: Widths, layout: Layout, page: TextPage) -> list[str]:
    room = page.width - 4 - layout.id - 2
    names, more = _folded(some.name, own, layout)
    ids = pads(some.id, layout.id)
    widest = layout.status + 2 + own.updated + 2 + own.line
    if layout.status and all(some.updated) and all(some.line) and widest <= room:
        # as nearly always
        on, off = page.ink.around("dim")
        before = {one: f"  {on}{pad(one, layout.status)}  " for one in {*some.status}}
        behind = {one: f"  {one}{off}\n      " for one in {*some.line}}
        columns = (
            ids,
            [before[one] for one in some.status],
            some.updated,
            [behind[one] for one in some.line],
            names,
        )
        lines = list(map("".join, zip(*columns, strict=True)))
    else:
        facts = zip(_few(some.status, layout.status), some.updated, some.line, strict=True)
        lines = [
            f"{_one_or_two(id_, list(said), room, page)}\n      {name}"
            for id_, said, name in zip(ids, facts, names, strict=True)
        ]
    _add(lines, more, "      ")
    return lines


def _one_or_two(first: str, facts: list[str], room: int, page: TextPage) -> str:
    tail = "  ".join(filter(None, facts)).rstrip()
    if not tail:
        return first.rstrip()
    shown = page.ink(tail, "dim")
    return f"{first}  {shown}" if cells(tail) <= room else f"{first.rstrip()}\n      {shown}"


def _folded(
    names: list[str], own: Widths, layout: Layout
) -> tuple[list[str], dict[int, list[str]]]:
    """The first line of each name, and by their places the others of those that have more."""
    if own.name <= layout.name:
        return names, {}
    firsts, more = list(names), {}
    together = "".join(names)  # each in quotes
    plain = together.isascii() and "  " not in together
    for place, name in enumerate(names):
        if plain and len(name) <= layout.name:
            continue
        at = name.rfind(" ", 0, layout.name + 1) if plain else 0
        if at > 0 and len(name) - at - 1 <= layout.name:  # as nearly always: in two lines
            firsts[place], more[place] = name[:at], [name[at + 1 :]]
        else:
            firsts[place], *rest = fold(name, layout.name, _MOST_LINES)
            if rest:
                more[place] = rest
    return firsts, more


def _add(lines: list[str], below: Mapping[int, list[str]], indent: str) -> None:
    """Below some of *lines*, by their places, what stands there."""
    start = f"\n{indent}"
    for place, more in below.items():
        lines[place] += f"{start}{start.join(more)}"


def _notes(some: Cells, page: TextPage) -> dict[int, list[str]]:
    """What else is said of some rows, as lines, by their places."""
    return {
        place: [line for note in notes for line in wrap(note, page.width, "      ")]
        for place, notes in some.notes.items()
    }


def _few(texts: list[str], width: int) -> list[str]:
    """`pads` for *texts* of which most are alike."""
    padded = {text: pad(text, width) for text in {*texts}}
    return [padded[text] for text in texts]

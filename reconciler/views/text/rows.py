"""Rows of campaigns as columns: one line each where the width allows, else two or more."""

from collections.abc import Mapping

from reconciler.views.layout import cells, fold, pad, pads, wrap
from reconciler.views.text.cells import Cells, Layout, Widths
from reconciler.views.text.page import TextPage

_MOST_LINES = 4  # of one name
SIGNS = {"delete": ("-", "red"), "refuse": ("!", "yellow"), "none": ("=", "dim")}


def drawn(sign: str, some: Cells, own: Widths, layout: Layout, page: TextPage) -> str:
    """Rows as lines; *sign* stands before each. *own*: their widths."""
    lines = (_stacked if layout.stacked else _in_columns)(sign, some, own, layout, page)
    _add(lines, _notes(some, page), "")
    return "\n".join(lines)


def _in_columns(sign: str, some: Cells, own: Widths, layout: Layout, page: TextPage) -> list[str]:
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
    rows = map("  ".join, zip(*columns, strict=True))
    lines = [f"  {sign} {row}".rstrip() for row in rows]
    _add(lines, more, " " * (4 + layout.id + 2))
    return lines


def _stacked(sign: str, some: Cells, own: Widths, layout: Layout, page: TextPage) -> list[str]:
    room = page.width - 4 - layout.id - 2
    names, more = _folded(some.name, own, layout)
    columns = (
        pads(some.id, layout.id),
        _few(some.status, layout.status),
        some.updated,
        some.line,
        names,
    )
    widest = layout.status + 2 + own.updated + 2 + own.line
    if layout.status and all(some.updated) and all(some.line) and widest <= room:
        # as nearly always
        on, off = page.ink.around("dim")
        lines = [
            f"  {sign} {id_}  {on}{status}  {updated}  {line}{off}\n      {name}"
            for id_, status, updated, line, name in zip(*columns, strict=True)
        ]
    else:
        lines = [
            f"{_one_or_two(f'  {sign} {id_}', facts, room, page)}\n      {name}"
            for id_, *facts, name in zip(*columns, strict=True)
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
    folded = [fold(name, layout.name, _MOST_LINES) for name in names]
    more = {place: rest for place, (_, *rest) in enumerate(folded) if rest}
    return [first for first, *_ in folded], more


def _add(lines: list[str], below: Mapping[int, list[str]], indent: str) -> None:
    """Below some of *lines*, by their places, what stands there."""
    for place, more in below.items():
        lines[place] = f"\n{indent}".join([lines[place], *more])


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

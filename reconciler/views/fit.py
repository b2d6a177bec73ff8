"""Views with a size limit: what matters first, then as many rows as fit, then what is left out."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

Measure = Callable[[str], int]


def characters(text: str) -> int:
    return len(text)


def utf8_bytes(text: str) -> int:
    return len(text.encode("utf-8", "replace"))


@dataclass(frozen=True, slots=True)
class Section:
    """A foldable list: *opening* and *closing* are written if a row fits, or there are none."""

    opening: str
    rows: Sequence[Callable[[], str]]
    closing: str
    left_out: Callable[[int], str]  # how it says that so many rows are not shown


def fit(sections: Sequence[Section], limit: int, measure: Measure) -> tuple[str, int]:
    """The sections in at most *limit*, and how many rows are not shown.

    Each section gets an equal share of what is left; what it does not need goes to the next ones.
    """
    written: list[str] = []
    missing = 0
    left = limit
    for at, section in enumerate(sections):
        share = left // (len(sections) - at)
        text, hidden = _one(section, share, measure)
        written.append(text)
        missing += hidden
        left -= measure(text)
    return "".join(written), missing


def _one(section: Section, room: int, measure: Measure) -> tuple[str, int]:
    total = len(section.rows)
    frame = measure(section.opening) + measure(section.closing) + measure(section.left_out(total))
    if frame > room:
        return "", total
    rows = list(_as_many_as_fit(section.rows, room - frame, measure))
    if total and not rows:
        return "", total
    hidden = total - len(rows)
    note = section.left_out(hidden) if hidden else ""
    return f"{section.opening}{''.join(rows)}{note}{section.closing}", hidden


def _as_many_as_fit(
    rows: Sequence[Callable[[], str]], room: int, measure: Measure
) -> Iterator[str]:
    for make in rows:
        row = make()
        room -= measure(row)
        if room < 0:
            return
        yield row


def head(lines: Sequence[str], room: int, measure: Measure, more: str) -> str:
    """As many *lines* as fit in *room*, then *more* if not all did."""
    whole = "".join(lines)
    if measure(whole) <= room:
        return whole
    kept = list(
        _as_many_as_fit([partial(str, line) for line in lines], room - measure(more), measure)
    )
    return "".join(kept) + (more if measure(more) <= room else "")

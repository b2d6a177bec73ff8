"""A plan in counts, for plans that are too long to be read row by row."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from reconciler.model import PlanDocument
from reconciler.safe import terminal
from reconciler.views import tally, words
from reconciler.views.askers import Asker, Askers
from reconciler.views.layout import table
from reconciler.views.tally import KINDS, AskingLine, Tally
from reconciler.views.text.of_plan import conclusion, head, violations
from reconciler.views.text.page import TextPage, who, word

_HEAD = ("delete", "refuse", "none")


def lines(plan: PlanDocument, *, color: bool, width: int, now: datetime | None) -> Iterator[str]:
    """Every line with its end."""
    del now
    page = TextPage.of(color=color, width=width, show_numbers=False, mask=words.plan_masker(plan))
    for line in _lines(plan, page):
        yield f"{line}\n"


def _lines(plan: PlanDocument, page: TextPage) -> Iterator[str]:
    found = tally.of_plan(plan, Askers(plan.inputs.manifests))
    yield from head(plan, page)
    yield from _by_line(found.lines, page)
    for title, counts in (
        ("By account", found.accounts),
        ("By reason", {f"{kind}/{reason}": one for (kind, reason), one in found.reasons.items()}),
        ("By last change", found.ages),
        ("By status", found.statuses),
        ("By owner", found.owners),
        ("By ticket", found.tickets),
    ):
        yield from _table(title, [(word(key), one) for key, one in counts.items()], page)
    if plan.warnings:
        yield ""
        yield f"{words.count(len(plan.warnings), 'warning').capitalize()}: see the whole plan."
    yield from violations(plan, page)
    yield ""
    yield from conclusion(plan, page)


def _by_line(counts: Mapping[AskingLine, Tally], page: TextPage) -> Iterator[str]:
    """The lines of each manifest under who asks and why."""
    asked: dict[Asker, list[tuple[str, Tally]]] = {}
    for line, one in counts.items():
        place = "no line" if line.line is None else f"line {line.line}"
        asked.setdefault(line.asker, []).append((place, one))
    for asker, rows in asked.items():
        name = f"{word(asker.name)} ({terminal(asker.path or '')}), account {word(asker.account)}"
        yield from _table(name, rows, page, who(asker.document))


def _table(
    title: str, counts: Sequence[tuple[str, Tally]], page: TextPage, said: str | None = None
) -> Iterator[str]:
    if not counts:
        return
    yield ""
    yield from page.wrapped(title, "bold", hanging="  ")
    if said:
        yield from page.wrapped(said, indent="  ", hanging="    ")
    targets = any(one.targets != one["delete"] for _, one in counts)
    heading = ["", *_HEAD, *(["targets"] if targets else [])]
    rows = [heading]
    for key, one in counts:
        cells = [f"{one[kind]:,}" if one[kind] else "-" for kind in KINDS]
        rows.append([key, *cells, *([f"{one.targets:,}"] if targets else [])])
    right = [False, *([True] * (len(heading) - 1))]
    first, *rest = table(rows, right, page.width - 2)
    yield f"  {page.ink(first, 'dim')}"
    yield from (f"  {line}" for line in rest)

"""What changed between two plans as Markdown: counts first, then what goes now, then the rest."""

from collections.abc import Iterator, Sequence
from functools import partial

from reconciler.model import PlanWarning, Violation
from reconciler.plan.compared import (
    AccountChange,
    ActionChange,
    ComparedPlan,
    Comparison,
    Effect,
    FieldChange,
)
from reconciler.views import words
from reconciler.views.compared import said
from reconciler.views.fit import Chosen, PartShape, Section, choose
from reconciler.views.fit import parts as fitted
from reconciler.views.frame import Frame
from reconciler.views.markdown import asked
from reconciler.views.markdown.dialect import DIALECTS, MOST_PARTS, Dialect, code, row, sentence
from reconciler.views.markdown.edges import shape

_COLUMNS = ("id", "name", "what became of it", "what differs", "line")
_COUNTED = ("delete", "refuse", "none", "targets")


def view(found: Comparison, frame: Frame) -> Iterator[str]:
    """One text, within the limit of `frame.fit`."""
    return _parts(found, frame, 1)


def parts(found: Comparison, frame: Frame) -> Iterator[str]:
    """The texts for `frame.fit`, as many as it takes, ten at most; without one a single text."""
    return _parts(found, frame, MOST_PARTS if frame.fit else 1)


def _parts(found: Comparison, frame: Frame, most: int) -> Iterator[str]:
    dialect = DIALECTS[frame.fit or "github"]
    project = found.after.metadata.project
    edges = shape(dialect, "comparison", project, found.after.digest, "change", most)
    mask = said.mask_of(found)
    top = _top(found, frame, dialect)
    front = _front(found, mask, edges, edges.measure(top))
    room = edges.room(top) - sum(edges.measure(one.most) for one in front)
    rows = choose(_sections(found, mask, dialect), room, edges.measure)
    return fitted(top, [*front, *rows], edges)


def _top(found: Comparison, frame: Frame, dialect: Dialect) -> str:
    now = found.effects()[Effect.NOW_DELETED]
    alert = [f"**{words.count(now, 'campaign')} would be deleted that the plan before leaves.**"]
    lines = [
        dialect.marker("comparison", found.after.metadata.project),
        f"### Two plans compared: {said.headline(found)}\n",
        dialect.alert("CAUTION", alert) if now else "",
        f"**{said.verdict(found)}**\n",
        f"Before: {_plan(found.before)}. Now: {_plan(found.after)}."
        + (f" [The run that made it]({frame.run_address})." if frame.run_address else "")
        + "\n",
    ]
    return "\n".join(filter(None, lines))


def _plan(one: ComparedPlan) -> str:
    about = one.metadata
    by = f" by {code(about.author)}" if about.author else ""
    return f"plan {code(one.digest)}, made {sentence(words.minute(about.created_at))}{by}"


# ---------------------------------------------------------------- before any action


def _front(found: Comparison, mask: words.Mask, edges: PartShape, top: int) -> list[Chosen]:
    sections = [
        _accounts(found),
        _listed("Violations that are new", found.came.violations, mask),
        _listed("Violations no more", found.went.violations, mask),
        _around(found.facts, mask),
        _listed("Warnings that are new", found.came.warnings, mask),
        _listed("Warnings no more", found.went.warnings, mask),
    ]
    left = edges.limit - edges.spare - top
    room = min(left, max(left // 2, 1_000))
    return choose([one for one in sections if one.rows], room, edges.measure)


def _accounts(found: Comparison) -> Section:
    titles = ("account", "delete", "refused", "untouched", "targets")
    heading = row([*titles, "added", "gone", "changed", "moved"])
    opening = f"\n{heading}|---|{'--:|' * 8}\n"
    return _section(
        opening, [partial(_account, name, one) for name, one in found.accounts.items()], "account"
    )


def _account(name: str, one: AccountChange) -> str:
    cells = [code(name, cell=True)]
    for field in _COUNTED:
        was, now = (getattr(side, field) if side else 0 for side in (one.before, one.after))
        cells.append(f"{now:,}" if was == now else f"{was:,} → **{now:,}**")
    return row([*cells, *(f"{n:,}" for n in (one.added, one.gone, one.changed, one.moved))])


def _listed(
    title: str, some: Sequence[Violation] | Sequence[PlanWarning], mask: words.Mask
) -> Section:
    return _section(f"\n**{title}**\n\n", [partial(_item, one, mask) for one in some], "line")


def _item(one: Violation | PlanWarning, mask: words.Mask) -> str:
    place = said.where(one)
    where = f"{code(place)}: " if place else ""
    return f"- {where}{code(said.code(one))}: {sentence(mask(one.message))}\n"


def _around(facts: Sequence[FieldChange], mask: words.Mask) -> Section:
    rows = [partial(_fact, one, mask) for one in facts]
    return _section("\n**Around them**\n\n", rows, "line")


def _fact(one: FieldChange, mask: words.Mask) -> str:
    return f"- {_field(one, mask)}\n"


def _section(opening: str, rows: Sequence[partial[str]], word: str) -> Section:
    return Section(
        opening=opening,
        again=opening,
        rows=rows,
        closing="",
        front=True,
        left_out=lambda number: f"\n_{words.count(number, f'more {word}')} not shown here._\n",
    )


# ---------------------------------------------------------------- the actions


def _sections(found: Comparison, mask: words.Mask, dialect: Dialect) -> list[Section]:
    grouped: dict[tuple[Effect, str], list[ActionChange]] = {}
    for one in found.changes:
        grouped.setdefault((one.effect, one.now.account), []).append(one)
    return [
        _changes(said.TITLES[effect], account, changes, mask, dialect)
        for (effect, account), changes in grouped.items()
    ]


def _changes(
    title: str, account: str, changes: Sequence[ActionChange], mask: words.Mask, dialect: Dialect
) -> Section:
    table = f"\n{row(_COLUMNS)}|---|---|---|---|---|\n"
    count = f"{len(changes):,}"
    return Section(
        opening=dialect.fold(title, account, count) + table,
        again=dialect.fold(title, account, f"{count}, continued") + table,
        rows=[partial(_row, one, mask, dialect.line) for one in changes],
        closing=dialect.fold_end,
        left_out=lambda number: f"\n{number:,} more not shown here.\n",
    )


def _row(one: ActionChange, mask: words.Mask, line: str) -> str:
    now = one.now
    fields = [_field(field, mask, cell=True) for field in said.told(one)]
    if one.kind != "changed" and now.message:
        fields.append(sentence(mask(now.message), cell=True))
    place = now.sources[0].path if now.sources else None
    return row(
        [
            code(now.id, cell=True) if now.id is not None else "",
            code(now.name, cell=True) if now.name is not None else "",
            said.became(one),
            line.join(fields),
            f"{code(place, cell=True)} {asked.lines(now.sources)}" if place else "",
        ]
    )


def _field(one: FieldChange, mask: words.Mask, *, cell: bool = False) -> str:
    values = said.values(one, lambda text: code(mask(text), cell=cell))
    return f"{code(said.name(one), cell=cell)}: {values}"

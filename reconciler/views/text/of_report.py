"""A report as text: account by account, and in each the manifests that asked."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from reconciler.model import Held, Outcome, PlanDocument, ReportDocument, TargetReport
from reconciler.plan.spool import grouped
from reconciler.safe import quoted, terminal
from reconciler.views import words
from reconciler.views.askers import Asker, Askers, place
from reconciler.views.layout import cells, fold
from reconciler.views.text.page import TextPage, identity, lines_of

_MOST_PENDING = 10
_STYLES = {
    Outcome.DELETED: ("-", "red"),
    Outcome.ALREADY_ABSENT: ("=", "dim"),
    Outcome.REFUSED: ("!", "yellow"),
    Outcome.DRIFTED: ("~", "yellow"),
    Outcome.PENDING: ("…", "dim"),
    Outcome.IN_DOUBT: ("?", "red"),
}


_Said = tuple[str, Held | None]  # a detail, and what it tells of
_ByOutcome = dict[Outcome, dict[_Said, Sequence[TargetReport]]]
_Asked = dict[Asker, _ByOutcome]


class _Told(msgspec.Struct, frozen=True):
    """How a report is told."""

    page: TextPage
    show: words.Masking
    everything: bool


def lines(
    report: ReportDocument,
    plan: PlanDocument | None,
    *,
    color: bool,
    width: int,
    show_numbers: bool,
    everything: bool,
) -> Iterator[str]:
    """Every line with its end."""
    show = words.Masking.of_report(report, plan, show_numbers=show_numbers)
    page = TextPage.of(color=color, width=width, show_numbers=show_numbers, mask=show.mask)
    for line in _lines(report, _Told(page, show, everything)):
        yield f"{line}\n"


def _lines(report: ReportDocument, told: _Told) -> Iterator[str]:
    page = told.page
    yield page.ink("Report", "bold")
    yield f"Plan {terminal(report.plan)}"
    span = words.span(report)
    yield from page.wrapped(f"{span[:1].upper()}{terminal(span[1:])}.", "dim")
    if report.approvals:
        names = ", ".join(map(terminal, report.approvals))
        yield from page.wrapped(f"Approved by {names}.", "dim", hanging="  ")
    known = Askers(report.manifests)
    drivers: dict[str, set[str]] = {}

    def key(target: TargetReport) -> tuple[Asker, Outcome, _Said]:
        drivers.setdefault(target.account, set()).add(target.driver or "")
        return known.of(target), target.outcome, (target.detail or "", target.reason)

    found = grouped(report.targets, key)
    by_account: dict[str, _Asked] = {}
    for asker, outcome, said in found:
        asked = by_account.setdefault(asker.account, {})
        mine = asked.setdefault(asker, {}).setdefault(outcome, {})
        mine[said] = found[asker, outcome, said]
    for account in sorted(by_account):
        yield ""
        shown = ", ".join(sorted(map(terminal, drivers[account] - {""})))
        yield from _account(account, shown, by_account[account], told)
    if report.notes:
        yield ""
        for note in report.notes:
            yield from page.wrapped(f"Note: {page.sentence(note)}", hanging="  ")
    yield ""
    yield from _conclusion(report, page)


def _account(account: str, drivers: str, asked: _Asked, told: _Told) -> Iterator[str]:
    driver = f" {told.page.ink(f'({drivers})', 'dim')}" if drivers else ""
    yield f"{told.page.ink(terminal(account), 'bold', 'cyan')}{driver}"
    yield from told.page.wrapped(f"{_counted(asked.values())}.", indent="  ")
    for asker in sorted(asked, key=place):
        mine = asked[asker]
        yield ""
        yield from told.page.asker(asker)
        if not told.everything and any(outcome.final for outcome in mine):
            yield from told.page.wrapped(f"{_counted([mine])}.", indent="  ")
        for outcome in Outcome:
            if outcome in mine and (told.everything or not outcome.final):
                yield from _outcome(outcome, mine[outcome], told)


def _counted(some: Iterable[_ByOutcome]) -> str:
    counts: Counter[str] = Counter()
    for mine in some:
        counts.update({str(one): sum(map(len, by.values())) for one, by in mine.items()})
    return ", ".join(f"{counts[one]:,} {one}" for one in words.OUTCOMES if counts[one])


def _outcome(
    outcome: Outcome, by_said: dict[_Said, Sequence[TargetReport]], told: _Told
) -> Iterator[str]:
    """Targets of which the same is said stand under one heading."""
    page = told.page
    _, style = _STYLES[outcome]
    for (detail, held), group in by_said.items():
        heading = str(outcome).capitalize() + (f": {page.sentence(detail)}" if detail else "")
        yield ""
        yield from page.wrapped(heading, *(() if style == "dim" else (style,)), indent="  ")
        if (way_out := words.way_out(outcome, held)) is not None:
            yield from page.wrapped(f"To lift it: {way_out}.", "dim", indent="    ")
        few = outcome is Outcome.PENDING and not told.everything
        most = _MOST_PENDING if few else len(group)
        for target in group[:most]:
            yield from _target(target, told)
        if len(group) > most:
            more = f"    and {len(group) - most:,} more (--format json lists every target)"
            yield page.ink(more, "dim")


def _target(target: TargetReport, told: _Told) -> Iterator[str]:
    page = told.page
    sign, style = _STYLES[target.outcome]
    shown = identity(target.id)
    if target.part is not None:
        shown += f"  #{terminal(told.show.part(target) or '')}"
    first = f"  {page.ink(sign, style)} {shown}"
    line = lines_of(target.sources)
    name = quoted(target.name) if target.name is not None else ""
    if cells(shown) + cells(name) + cells(line) + 8 <= page.width:
        yield "  ".join(filter(None, (first, name, page.ink(line, "dim"))))
    else:
        yield "  ".join(filter(None, (first, page.ink(line, "dim"))))
        yield from (f"      {more}" for more in fold(name, page.width - 6, 4) if more)
    if target.requests and not target.outcome.final:
        last = target.requests[-1]
        answer = f"answered {last.status}" if last.status is not None else "no answer"
        tried = f"{words.count(target.attempts, 'attempt')}, the last at {terminal(last.at)}:"
        said = f"{tried} {terminal(last.method)} {page.sentence(last.url)}, {answer}"
        yield from page.wrapped(said, "dim", indent="      ")


def _conclusion(report: ReportDocument, page: TextPage) -> Iterator[str]:
    said = ", ".join(
        f"{report.summary.get(one, 0):,} {one}" for one in words.OUTCOMES if report.summary.get(one)
    )
    tints = ("bold", "green") if report.exit_code == 0 else ("bold",)
    yield from page.wrapped(f"Result: {said or 'nothing was left to do'}.", *tints)
    if way_on := words.way_on(report):
        yield from page.wrapped(way_on)

"""A report as Markdown: what became of it by manifest, the worst first, then every target."""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial

from reconciler.model import Outcome, PlanDocument, ReportDocument, TargetReport
from reconciler.plan.spool import grouped
from reconciler.views import tally, words
from reconciler.views.askers import Asker, Askers, place
from reconciler.views.fit import Chosen, DrawnRows, PartShape, Section, choose
from reconciler.views.fit import parts as fitted
from reconciler.views.frame import Frame
from reconciler.views.markdown import asked
from reconciler.views.markdown.dialect import Dialect, code, row, sentence
from reconciler.views.markdown.edges import shape

_WORST = {outcome: at for at, outcome in enumerate(reversed(Outcome))}
_ROOMY = 10_000  # a limit that leaves room for more than what happened
_COLUMNS = ("id", "part", "name", "detail", "evidence", "driver", "last request", "line")


def parts(
    report: ReportDocument, plan: PlanDocument | None, frame: Frame, dialect: Dialect, *, most: int
) -> Iterator[str]:
    """The report in at most *most* texts, each within the dialect's limit (at least 2,000)."""
    project = plan.metadata.project if plan else ""
    edges = shape(dialect, "report", project, report.plan, "target", most)
    show = words.Masking.of_report(report, plan)
    known = Askers(report.manifests)
    top = _top(report, project, frame, dialect)
    front = _front(report, known, show, edges, dialect.measure(top))
    room = edges.room(top) - sum(edges.measure(one.most) for one in front)
    rows = choose(_sections(report, known, show, dialect), room, dialect.measure)
    return fitted(top, [*front, *rows], edges)


def _top(report: ReportDocument, project: str, frame: Frame, dialect: Dialect) -> str:
    counts = ", ".join(f"{report.summary.get(one, 0):,} {one}" for one in words.OUTCOMES)
    doubts = report.summary.get(str(Outcome.IN_DOUBT), 0)
    about = f"Plan {code(report.plan)}" + (f" for {code(project)}" if project else "")
    about += f", {sentence(words.span(report))}, exit code {report.exit_code}."
    if report.approvals:
        about += f" Approved by {', '.join(map(code, report.approvals))}."
    if frame.run_address:
        about += f" [The run that did it]({frame.run_address})."
    lines = [
        dialect.marker("report", project),
        f"### Campaign deletions, the report: {counts}\n",
        dialect.alert("WARNING", [f"**{_may_have(doubts)}**"]) if doubts else "",
        f"{about}\n",
    ]
    way_on = [words.way_on(report)]
    way_on += [f"Next: {code(one)}" for one in words.commands_after(report, frame.saved)]
    return "\n".join(filter(None, [*lines, *(f"{one}\n" for one in way_on if one)]))


def _may_have(doubts: int) -> str:
    return f"{words.count(doubts, 'target is', 'targets are')} in doubt: it may have happened."


def _front(
    report: ReportDocument, known: Askers, show: words.Masking, edges: PartShape, top: int
) -> list[Chosen]:
    lines = tally.of_report(report, known).lines
    happened = [one for one in words.OUTCOMES if report.summary.get(one)]
    notes = Section(
        opening="\n",
        again="\n",
        rows=[partial(_note, show.sentence(one)) for one in report.notes],
        closing="",
        front=True,
        left_out=lambda number: f"\n_{words.count(number, 'more note')} not shown here._\n",
    )
    ways = Counter((one.outcome, words.way_out(one.outcome, one.reason)) for one in report.targets)
    lifts = Section(
        opening="\n",
        again="\n",
        rows=[partial(_lift, *pair, ways[pair]) for pair in sorted(ways, key=_weight) if pair[1]],
        closing="",
        front=True,
        left_out=lambda number: (
            f"\n_{words.count(number, 'more way out', 'more ways out')} not shown here._\n"
        ),
    )
    sections = [asked.summary(lines, [(one, one) for one in happened]), notes]
    if edges.limit >= _ROOMY:
        sections.insert(1, lifts)
    left = edges.limit - edges.spare - top
    room = min(left, max(left // 2, 1_000))
    return choose([one for one in sections if one.rows], room, edges.measure)


def _weight(pair: tuple[Outcome, str | None]) -> int:
    return list(_WORST).index(pair[0])


def _lift(outcome: Outcome, way_out: str | None, number: int) -> str:
    return f"- {number:,} {outcome}. To lift it: {sentence(way_out or '')}.\n"


def _note(text: str) -> str:
    return f"- Note: {sentence(text)}\n"


def _sections(
    report: ReportDocument, known: Askers, show: words.Masking, dialect: Dialect
) -> list[Section]:
    found = grouped(report.targets, lambda one: (_WORST[one.outcome], known.of(one)))
    return [
        _section(asker, list(_WORST)[at], found[at, asker], show, dialect)
        for at, asker in sorted(found, key=lambda key: (key[0], place(key[1])))
    ]


def _section(
    asker: Asker,
    outcome: Outcome,
    targets: Sequence[TargetReport],
    show: words.Masking,
    dialect: Dialect,
) -> Section:
    count = f"{len(targets):,} {outcome}"
    table = f"{row(_COLUMNS)}|---|---|---|---|---|---|---|---|\n"
    fold = dialect.fold(asker.name, asker.account, count)
    again = dialect.fold(asker.name, asker.account, f"{count}, continued")
    return Section(
        opening=f"{fold}{asked.who(asker.document)}\n\n{table}",
        again=f"{again}{table}",
        rows=DrawnRows(targets, partial(_row, show=show)),
        closing=dialect.fold_end,
        left_out=lambda number: f"\n{number:,} more not shown here.\n",
    )


def _row(target: TargetReport, show: words.Masking) -> str:
    part = show.part(target)
    last = target.requests[-1] if target.requests else None
    answer = "" if last is None else f" ({last.status or 'no answer'})"
    return row(
        [
            code(target.id, cell=True),
            code(part, cell=True) if part is not None else "",
            code(target.name, cell=True) if target.name is not None else "",
            sentence(show.sentence(target.detail), cell=True) if target.detail else "",
            target.evidence or "",
            code(target.driver, cell=True) if target.driver else "",
            code(last.at, cell=True) + answer if last else "",
            asked.lines(target.sources),
        ]
    )

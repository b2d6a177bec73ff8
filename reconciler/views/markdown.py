"""Plan and report as Markdown for a pull-request comment or a step summary.

Counts and digest come first, details fold, and what does not fit is counted. Names and ids are
`<code>` elements (see `safe.markdown_code`): nothing in them mentions, links or formats.
"""

from collections.abc import Callable, Sequence
from functools import partial

from reconciler.model import Action, Outcome, Plan, Report, TargetReport
from reconciler.safe import cap, markdown, markdown_code
from reconciler.views import words
from reconciler.views.fit import Measure, Section, characters, fit, head

COMMENT = 65_536  # characters GitHub takes in a comment
_MOST = 240  # characters of one cell
_FOOT = 200  # room for the last line


def plan(plan: Plan, *, digest: str, limit: int = COMMENT, measure: Measure = characters) -> str:
    """The plan in at most *limit* (at least 2,000), as *measure* counts; ends with a newline."""
    room = limit - _FOOT
    top = _title(plan, digest)
    front = [
        *_violations(plan),
        *_accounts_table(plan),
        *_warnings(plan),
    ]
    front_room = min(room - measure(top), max(room // 2, 1_000))
    said = top + head(front, front_room, measure, "\n_More is left out here: see the plan._\n")
    details, missing = fit(_sections(plan), room - measure(said), measure)
    return said + details + _left_out(missing, "action")


def _left_out(missing: int, word: str) -> str:
    if not missing:
        return ""
    return f"\n**Left out: {words.count(missing, word)}**, to stay within the size limit.\n"


def _title(plan: Plan, digest: str) -> str:
    title = words.unchanged(plan) if words.nothing(plan) else words.headline(plan)
    about = plan.metadata
    lines = [
        f"### Campaign deletions: {title}",
        "",
        f"Plan {_code(digest)} for {_code(about.project)},"
        f" made {_text(words.minute(about.created_at))}"
        + (f" by {_code(about.author)}" if about.author else "")
        + (f" at commit {_code(about.commit[:12])}" if about.commit else "")
        + f", expires {_text(words.minute(about.expires_at))}.",
    ]
    if plan.estimate.requests:
        cost = words.count(plan.estimate.requests, "request")
        lines.append(f"It takes {cost}, about {words.duration(plan.estimate.seconds)}.")
    if plan.approvals.required:
        because = f" ({_text(plan.approvals.because)})" if plan.approvals.because else ""
        lines.append(f"Approvals needed: **{plan.approvals.required}**{because}.")
    return "\n".join(lines) + "\n"


def _violations(plan: Plan) -> list[str]:
    if not plan.violations:
        return []
    said = words.count(len(plan.violations), "violation")
    mask = words.plan_masker(plan)
    return [
        f"\n**This plan cannot be applied: {said}**\n\n",
        *(
            f"- {_code(one.guard)}"
            + (f" ({_code(one.account)})" if one.account else "")
            + f": {_text(mask(one.message))}\n"
            for one in plan.violations
        ),
    ]


def _accounts_table(plan: Plan) -> list[str]:
    if not plan.accounts:
        return []
    created = words.instant(plan.metadata.created_at)
    lines = [
        "\n| account | driver | delete | refuse | untouched | requests | time | inventory |\n"
        "|---|---|--:|--:|--:|--:|--:|---|\n"
    ]
    for name, facts in sorted(plan.accounts.items()):
        counts = plan.summary.accounts.get(name)
        cost = plan.estimate.accounts.get(name)
        numbers = (counts.delete, counts.refuse, counts.none) if counts else (0, 0, 0)
        cells = [
            _code(name),
            _code(facts.driver),
            *(f"{number:,}" for number in numbers),
            f"{cost.requests:,}" if cost else "0",
            words.duration(cost.seconds) if cost else "",
            _text(words.inventory(facts, created)),
        ]
        lines.append(f"| {' | '.join(cells)} |\n")
    return lines


def _warnings(plan: Plan) -> list[str]:
    if not plan.warnings:
        return []
    mask = words.plan_masker(plan)
    lines = [f"\n**{words.count(len(plan.warnings), 'warning').capitalize()}**\n\n"]
    for one in plan.warnings:
        line = f":{one.line}" if one.line is not None else ""
        where = f"{_code(f'{one.path}{line}')}: " if one.path else ""
        lines.append(f"- {where}{_text(mask(one.message))} ({_code(one.code)})\n")
    return lines


_COLUMNS = (
    "| | id | name | status | last change | reason | asked by |\n|---|---|---|---|---|---|---|\n"
)


def _sections(plan: Plan) -> list[Section]:
    mask = words.plan_masker(plan)
    groups: dict[tuple[int, str], list[Action]] = {}
    for action in plan.actions:
        kind = ("delete", "refuse", "none").index(action.action)
        groups.setdefault((kind, action.account), []).append(action)
    titles = ("to delete", "refused", "untouched")
    return [
        _section(
            f"{_code(account)}: {len(group):,} {titles[kind]}",
            _COLUMNS,
            [partial(_row, action, mask) for action in group],
        )
        for (kind, account), group in sorted(groups.items())
    ]


def _section(title: str, columns: str, rows: Sequence[Callable[[], str]]) -> Section:
    return Section(
        opening=f"\n<details><summary>{title}</summary>\n\n{columns}",
        rows=rows,
        closing="\n</details>\n",
        left_out=lambda number: f"\n{number:,} more not shown here.\n",
    )


_SIGNS = {"delete": "🗑", "refuse": "✋", "none": ""}


def _row(action: Action, mask: Callable[[str], str]) -> str:
    reason = [_text(str(action.reason))]
    if action.message:
        reason.append(_text(mask(action.message)))
    reason += [
        f"{_text(one.guard)} waived until {_text(one.until)}: {_text(mask(one.because))}"
        f" ({_text(one.ticket)})"
        for one in action.waivers
    ]
    name = _code(action.name) if action.name is not None else ""
    if action.parts:
        name += f"<br>{_parts(action)}"
    asked = [_code(words.place(one)) for one in action.sources[:3]]
    if len(action.sources) > 3:
        asked.append(f"and {len(action.sources) - 3:,} more")
    cells = [
        _SIGNS[action.action],
        _code(action.id) if action.id is not None else "",
        name,
        words.status(action.campaign),
        words.updated(action.campaign),
        "<br>".join(reason),
        "<br>".join(asked),
    ]
    return f"| {' | '.join(cells)} |\n"


def _parts(action: Action) -> str:
    shown = words.parts(action)
    few = ", ".join(_code(one) for one in shown[:3])
    more = f" and {len(shown) - 3:,} more" if len(shown) > 3 else ""
    return f"{words.count(len(shown), words.parts_noun(action))}: {few}{more}"


# ---------------------------------------------------------------- report


def report(
    report: Report,
    *,
    limit: int = COMMENT,
    digest: str = "",
    plan: Plan | None = None,
    measure: Measure = characters,
) -> str:
    """The report in at most *limit* (at least 2,000); *plan* tells numbers from message ids."""
    del digest  # the report names its plan
    show = words.Shown.of_report(report, plan)
    room = limit - _FOOT
    top = _report_title(report)
    notes = [f"\n- {_text(show.sentence(note))}\n" for note in report.notes]
    front_room = min(room - measure(top), max(room // 2, 1_000))
    said = top + head(notes, front_room, measure, "\n_More notes are left out._\n")
    sections = _report_sections(report, show)
    details, missing = fit(sections, room - measure(said), measure)
    return said + details + _left_out(missing, "target")


def _report_title(report: Report) -> str:
    counts = [f"{report.summary.get(one, 0):,} {one}" for one in words.OUTCOMES]
    start, end = words.instant(report.started_at), words.instant(report.ended_at)
    took = f", took {words.duration((end - start).total_seconds())}" if start and end else ""
    way_on = words.NEXT.get(report.exit_code)
    return (
        f"### Campaign deletions, the report: {', '.join(counts)}\n\n"
        f"Plan {_code(report.plan)}, started {_text(words.minute(report.started_at))}{took},"
        f" exit code {report.exit_code}.\n" + (f"\n{way_on}\n" if way_on else "")
    )


_REPORT_COLUMNS = "| id | part | name | detail | evidence | attempts |\n|---|---|---|---|---|--:|\n"


def _report_sections(report: Report, show: words.Shown) -> list[Section]:
    worst_first = list(reversed(Outcome))
    groups: dict[tuple[int, str], list[TargetReport]] = {}
    for target in report.targets:
        key = (worst_first.index(target.outcome), target.account)
        groups.setdefault(key, []).append(target)
    return [
        _section(
            f"{_code(account)}: {len(group):,} {worst_first[rank]}",
            _REPORT_COLUMNS,
            [partial(_target_row, target, show) for target in group],
        )
        for (rank, account), group in sorted(groups.items())
    ]


def _target_row(target: TargetReport, show: words.Shown) -> str:
    part = show.part(target)
    cells = [
        _code(target.id),
        _code(part) if part is not None else "",
        _code(target.name) if target.name is not None else "",
        _text(show.sentence(target.detail)) if target.detail else "",
        target.evidence or "",
        str(target.attempts),
    ]
    return f"| {' | '.join(cells)} |\n"


def _code(text: str) -> str:
    return markdown_code(cap(text, _MOST))


def _text(text: str) -> str:
    return markdown(cap(text, 2 * _MOST))

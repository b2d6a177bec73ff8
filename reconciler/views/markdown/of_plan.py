"""A plan as Markdown: what goes and who asks for it, then every action by manifest."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from reconciler.model import Action, PlanDocument, PlanWarning, Violation, WaiverUse
from reconciler.plan.spool import grouped
from reconciler.views import tally, words
from reconciler.views.askers import Asker, Askers, place
from reconciler.views.fit import Chosen, DrawnRows, PartShape, Section, choose
from reconciler.views.fit import parts as fitted
from reconciler.views.frame import Frame
from reconciler.views.markdown import asked
from reconciler.views.markdown.dialect import Dialect, code, row, sentence
from reconciler.views.markdown.edges import shape

_TITLES = (("delete", "to delete"), ("refuse", "refused"), ("none", "untouched"))
_COLUMNS = ("id", "name", "status", "last change", "reason", "line")


def parts(plan: PlanDocument, frame: Frame, dialect: Dialect, *, most: int) -> Iterator[str]:
    """The plan in at most *most* texts, each within the dialect's limit (at least 2,000)."""
    edges = shape(dialect, "plan", plan.metadata.project, frame.digest, "action", most)
    mask = words.plan_masker(plan)
    known = Askers(plan.inputs.manifests)
    top = _top(plan, frame, dialect)
    front = _front(plan, known, mask, edges, dialect.measure(top))
    rows = choose(_sections(plan, known, mask, dialect), _left(edges, top, front), dialect.measure)
    return fitted(top, [*front, *rows], edges)


def _left(edges: PartShape, top: str, front: Sequence[Chosen]) -> int:
    """The room for actions behind the front."""
    return edges.room(top) - sum(edges.measure(one.most) for one in front)


# ---------------------------------------------------------------- the top


def _top(plan: PlanDocument, frame: Frame, dialect: Dialect) -> str:
    title = words.unchanged(plan) if words.nothing(plan) else words.headline(plan)
    lines = [
        dialect.marker("plan", plan.metadata.project),
        f"### Campaign deletions: {title}\n",
        _alert(plan, dialect),
        f"{_about(plan, frame)}\n",
    ]
    if way_on := words.next_commands(plan, frame.saved):
        commands = ", then ".join(code(one) for one in way_on)
        lines.append(f"Next: {commands}\n")
    return "\n".join(filter(None, lines))


def _alert(plan: PlanDocument, dialect: Dialect) -> str:
    if not plan.summary.delete and not plan.violations:
        return ""
    said = words.count(plan.summary.delete, "campaign")
    targets = plan.summary.targets
    more = f" ({words.count(targets, 'target')})" if targets != plan.summary.delete else ""
    if not plan.violations:
        lines = [f"**This deletes {said}{more}.** What is deleted cannot be brought back."]
        return dialect.alert("CAUTION", lines)
    broken = words.count(len(plan.violations), "violation")
    lines = [f"**This plan cannot be applied: {broken}.** It would delete {said}{more}."]
    return dialect.alert("CAUTION", lines)


def _about(plan: PlanDocument, frame: Frame) -> str:
    about = plan.metadata
    said = (
        f"Plan {code(frame.digest)} for {code(about.project)},"
        f" made {sentence(words.minute(about.created_at))}"
        + (f" by {code(about.author)}" if about.author else "")
        + (f" at commit {code(about.commit[:12])}" if about.commit else "")
        + f", expires {sentence(words.minute(about.expires_at))}."
    )
    if plan.estimate.requests:
        cost = words.count(plan.estimate.requests, "request")
        said += f" It takes {cost}, about {words.duration(plan.estimate.seconds)}."
    if plan.approvals.required:
        because = f" ({sentence(plan.approvals.because)})" if plan.approvals.because else ""
        said += f" Approvals needed: **{plan.approvals.required}**{because}."
    if frame.run_address:
        said += f" [The run that made it]({frame.run_address})."
    return said


# ---------------------------------------------------------------- before any action


def _front(
    plan: PlanDocument, known: Askers, mask: words.Mask, edges: PartShape, top: int
) -> list[Chosen]:
    """Violations, the summary by line, accounts and warnings, in half of the first part."""
    lines = tally.of_plan(plan, known).lines
    counted = [("delete", "delete"), ("refuse", "refuse"), ("untouched", "none")]
    sections = [
        _listed("violation", [partial(_violation, one, mask) for one in plan.violations]),
        asked.summary(lines, counted),
        _accounts(plan),
        _listed("warning", [partial(_warning, one, mask) for one in plan.warnings]),
    ]
    left = edges.limit - edges.spare - top
    room = min(left, max(left // 2, 1_000))
    return choose([one for one in sections if one.rows], room, edges.measure)


def _listed(word: str, rows: Sequence[Callable[[], str]]) -> Section:
    title = f"\n**{words.count(len(rows), word).capitalize()}**\n\n"
    return Section(
        opening=title,
        again=title,
        rows=rows,
        closing="",
        front=True,
        left_out=lambda number: f"\n_{words.count(number, f'more {word}')} not shown here._\n",
    )


def _violation(one: Violation, mask: words.Mask) -> str:
    account = f" ({code(one.account)})" if one.account else ""
    way_out = words.lifts(one)
    lift = f" To lift it: {way_out}." if way_out else ""
    return f"- {code(one.guard)}{account}: {sentence(mask(one.message))}.{lift}\n"


def _warning(one: PlanWarning, mask: words.Mask) -> str:
    line = f":{one.line}" if one.line is not None else ""
    where = f"{code(f'{one.path}{line}')}: " if one.path else ""
    return f"- {where}{code(one.code)}: {sentence(mask(one.message))}\n"


def _accounts(plan: PlanDocument) -> Section:
    titles = ("account", "driver", "delete", "refuse", "untouched", "requests", "time", "inventory")
    opening = f"\n{row(titles)}|---|---|--:|--:|--:|--:|--:|---|\n"
    return Section(
        opening=opening,
        again=opening,
        rows=[partial(_account, plan, name) for name in sorted(plan.accounts)],
        closing="",
        front=True,
        left_out=lambda number: f"\n_{number:,} more accounts are not shown here._\n",
    )


def _account(plan: PlanDocument, name: str) -> str:
    facts, counts = plan.accounts[name], plan.summary.accounts.get(name)
    cost = plan.estimate.accounts.get(name)
    numbers = (counts.delete, counts.refuse, counts.none) if counts else (0, 0, 0)
    inventory = words.inventory(facts, words.instant(plan.metadata.created_at))
    return row(
        [
            code(name, cell=True),
            code(facts.driver, cell=True)
            + (f": {sentence(facts.instead, cell=True)}" if facts.instead else ""),
            *(f"{number:,}" for number in numbers),
            f"{cost.requests:,}" if cost else "0",
            words.duration(cost.seconds) if cost else "",
            sentence(inventory, cell=True),
        ]
    )


# ---------------------------------------------------------------- the actions


def _sections(
    plan: PlanDocument, known: Askers, mask: words.Mask, dialect: Dialect
) -> list[Section]:
    titles, kinds = dict(_TITLES), [kind for kind, _ in _TITLES]
    found = grouped(plan.actions, lambda one: (kinds.index(one.action), known.of(one)))
    return [
        _section(
            asker, f"{len(found[at, asker]):,} {titles[kinds[at]]}", found[at, asker], mask, dialect
        )
        for at, asker in sorted(found, key=lambda key: (key[0], place(key[1])))
    ]


def _section(
    asker: Asker,
    count: str,
    actions: Sequence[Action],
    mask: words.Mask,
    dialect: Dialect,
) -> Section:
    table = f"{row(_COLUMNS)}|---|---|---|---|---|---|\n"
    fold = dialect.fold(asker.name, asker.account, count)
    again = dialect.fold(asker.name, asker.account, f"{count}, continued")
    return Section(
        opening=f"{fold}{asked.who(asker.document)}\n\n{table}",
        again=f"{again}{table}",
        rows=DrawnRows(actions, partial(_row, mask=mask, line=dialect.line)),
        closing=dialect.fold_end,
        left_out=lambda number: f"\n{number:,} more not shown here.\n",
    )


def _row(action: Action, mask: words.Mask, line: str) -> str:
    reason = [str(action.reason)]
    if action.message:
        reason.append(sentence(mask(action.message), cell=True))
    if action.action == "refuse" and action.reason in words.LIFTS:
        reason.append(f"To lift it: {words.LIFTS[action.reason]}")
    reason += [sentence(one, cell=True) for one in words.looked_at(action)]
    reason += [_waived(one, mask) for one in action.waivers]
    name = code(action.name, cell=True) if action.name is not None else ""
    if action.parts:
        name += f"{line}{_parts(action)}"
    return row(
        [
            code(action.id, cell=True) if action.id is not None else "",
            name,
            words.status(action.campaign),
            words.updated(action.campaign),
            line.join(reason),
            asked.lines(action.sources),
        ]
    )


def _waived(one: WaiverUse, mask: words.Mask) -> str:
    guard, until = code(one.guard, cell=True), code(one.until, cell=True)
    because = sentence(mask(one.because), cell=True)
    return f"{guard} waived until {until}: {because} ({code(one.ticket, cell=True)})"


def _parts(action: Action) -> str:
    shown = words.parts(action)
    few = ", ".join(code(one, cell=True) for one in shown[:3])
    more = f" and {len(shown) - 3:,} more" if len(shown) > 3 else ""
    return f"{words.count(len(shown), words.parts_noun(action))}: {few}{more}"

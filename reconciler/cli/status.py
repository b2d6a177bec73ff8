"""`reconciler status`: runs, outcomes, doubts, locks, the rule that blocks now. Sends nothing."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from reconciler import safe
from reconciler.cli.app import App, ended_by_signals, pass_app
from reconciler.declare.project import Project
from reconciler.errors import Exit, ReconcilerError, Usage
from reconciler.lanes.known import UNKNOWN
from reconciler.model import Outcome, Target
from reconciler.plan.guards.spans import HORIZON
from reconciler.plan.guards.windows import Schedule, local

if TYPE_CHECKING:
    from reconciler.lanes.journal import Run, State
    from reconciler.lanes.known import Known

_RUNS = 10


@click.command(
    epilog="""\b
Examples:
  reconciler status
  reconciler status plan.json
  reconciler status --format json
  reconciler status --reviewed 12 --by carol --because "freeze was lifted by CHG-1200"

Exit codes: 0; with PLAN, 6 if targets of it are in doubt.
"""
)
@click.argument("plan", required=False, metavar="[PLAN]")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text")
@click.option("--reviewed", type=int, metavar="RUN", help="A person has reviewed what RUN waived.")
@click.option("--by", metavar="NAME", help="Who reviewed it.")
@click.option("--because", metavar="TEXT", help="What the review came to.")
@click.option("--show-numbers", is_flag=True, help="Do not mask phone numbers.")
@pass_app
def command(
    app: App,
    plan: str | None,
    format_: str,
    reviewed: int | None,
    by: str | None,
    because: str | None,
    show_numbers: bool,
) -> int:
    """Show runs, outcomes, what is in doubt, who holds a lane, and which rule blocks now."""
    from reconciler.cli._settle_log import pairs_of
    from reconciler.lanes.accounts import scopes_now
    from reconciler.lanes.known import Known
    from reconciler.lanes.state import journal, journal_read

    if reviewed is not None and not (by and because):
        raise Usage("--reviewed needs --by NAME and --because TEXT")
    if reviewed is None and (by or because):
        raise Usage("--by and --because belong to --reviewed RUN")
    project = app.load_project()
    opening = journal if reviewed is not None else journal_read
    with ended_by_signals(), opening(app, project) as opened:
        if reviewed is not None and not opened.review(reviewed, by or "", because or ""):
            raise ReconcilerError(f"run {reviewed} waived nothing, or there is no such run")
        known = Known(opened, scopes_now(app, pairs_of(app, project), opened, reveal=False))
        found = _gather(app, project, known, plan, show_numbers=show_numbers)
    if format_ == "json":
        app.out_json(found, indent=1)
    else:
        app.out("\n".join(_text(found)))
    return Exit.DOUBT if plan is not None and found["inDoubt"] else Exit.OK


def _gather(
    app: App, project: Project, known: "Known", path: str | None, *, show_numbers: bool
) -> dict[str, Any]:
    from reconciler.lanes.locks import Locks
    from reconciler.lanes.state import locks_folder

    opened = known.journal
    holders = Locks(locks_folder(app, project)).holders()
    doubts, flying = doubts_now(known, holders)
    newest = opened.doubtful_requests().items()
    requests = {target: number for number, ones in newest for target in known.targets(ones)}
    found: dict[str, Any] = {"kind": "Status", "project": project.name}
    digest = None
    if path is not None:
        digest, counts, mine = _plan(known, path, doubts)
        found |= {"plan": digest, "outcomes": counts}
        doubts = {target: state for target, state in doubts.items() if target in mine}
        flying &= mine
    mask = mask_of(doubts, show_numbers=show_numbers)
    found["inDoubt"] = [
        {
            "target": shown(target, show_numbers=show_numbers),
            "scope": known.identity(target).scope,
            "elsewhere": known.elsewhere(target) is not None,
            "detail": mask(state.detail) if state.detail else None,
            "request": requests.get(target),
            "state": "in doubt",
        }
        for target, state in doubts.items()
    ]
    found["inFlight"] = len(flying)
    found["lanes"] = holders
    found["accounts"] = [_account(known, name) for name in sorted(project.accounts)]
    found["blocked"] = _blocked(app, project)
    runs = opened.runs(digest)
    found["runs"] = [_run(one) for one in runs[:_RUNS]]
    found["runsInAll"] = len(runs)
    found["openForReview"] = [
        {"run": one.number, **waived}
        for one in opened.runs()
        if one.waived and one.reviewed is None
        for waived in one.waived
    ]
    return found


def _account(known: "Known", name: str) -> dict[str, Any]:
    """What the account is, as far as anybody can tell without its key, and what it was before."""
    scope = known.scopes.get(name)
    other = known.journal.elsewhere(name, known.scope(name))
    traced = None if scope is None else known.journal.traced(scope)
    return {
        "account": name,
        "scope": scope or UNKNOWN,
        "tracedSince": traced.strftime("%Y-%m-%dT%H:%M:%SZ") if traced else None,
        "outcomesOfAnotherScope": other,
    }


def doubts_now(
    known: "Known", holders: Sequence[object]
) -> "tuple[dict[Target, State], set[Target]]":
    """What is in doubt, and what is in flight: a request without an answer, while its run lives.

    *holders*: who holds a lane. With none, a request without an answer is in doubt.
    """
    doubts, flying = {}, set()
    for target, state in known.in_doubt().items():
        if state.outcome is Outcome.IN_DOUBT or not holders:
            doubts[target] = state
        else:
            flying.add(target)
    return doubts, flying


def _plan(
    known: "Known", path: str, doubts: "Mapping[Target, State]"
) -> tuple[str, dict[str, int], set[Target]]:
    from reconciler.plan.saved import read_plan

    saved = read_plan(path)
    targets = saved.targets
    states = known.states(targets)
    counts = {outcome.value: 0 for outcome in Outcome}
    for target in targets:
        state = states.get(target)
        outcome = state.outcome if state is not None and state.outcome else Outcome.PENDING
        counts[Outcome.IN_DOUBT.value if target in doubts else outcome.value] += 1
    return saved.digest, counts, set(targets)


def shown(target: Target, *, show_numbers: bool) -> str:
    """The target, its phone number masked unless that is asked for."""
    if show_numbers or target.part is None or not target.part.isdigit():
        return str(target)
    return f"{Target(target.account, target.id)}#{safe.mask_number(target.part)}"


def numbers_of(targets: Iterable[Target]) -> list[str]:
    """The parts of *targets*: what may be phone numbers."""
    return [one.part for one in targets if one.part is not None]


def mask_of(targets: Iterable[Target], *, show_numbers: bool = False) -> Callable[[str], str]:
    """Masks the phone numbers of *targets* in what a vendor or a person said."""
    from reconciler.views.words import masker

    return masker(numbers_of(targets), show_numbers)


def _blocked(app: App, project: Project) -> list[dict[str, Any]]:
    blocked = []
    for name, account in sorted(project.accounts.items()):
        decision = Schedule(account.guards.windows).decide(app.now())
        if decision.open:
            continue
        opens = decision.opens_at
        blocked.append(
            {
                "account": name,
                "rule": decision.rule,
                "because": decision.because,
                "opensAt": opens.strftime("%Y-%m-%dT%H:%M:%SZ") if opens else None,
                "timeZone": decision.time_zone,
            }
        )
    return blocked


def _run(one: "Run") -> dict[str, Any]:
    return {
        "run": one.number,
        "kind": one.kind,
        "plan": one.plan,
        "started": one.started.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "ended": one.ended.strftime("%Y-%m-%dT%H:%M:%SZ") if one.ended else None,
        "exitCode": one.exit_code,
        "holder": json.loads(one.holder),
        "waived": list(one.waived),
        "reviewed": one.reviewed,
    }


def _opens(at: str | None, time_zone: str) -> str:
    from datetime import datetime

    if at is None:
        return f"; it does not open within {HORIZON.days} days"
    return f"; opens {local(datetime.fromisoformat(at), time_zone)}"


def _text(found: dict[str, Any]) -> list[str]:
    say = safe.terminal
    lines = [f"Project {say(found['project'])}"]
    if "plan" in found:
        counts = ", ".join(f"{n} {word}" for word, n in found["outcomes"].items() if n) or "nothing"
        lines += [f"Plan {found['plan']}", f"  {counts}"]
    for lane in found["lanes"]:
        accounts = ", ".join(map(str, lane.get("accounts", ())))
        who = f"pid {lane.get('pid')} of {lane.get('user')} on {lane.get('host')}"
        since = f", since {lane['since']}" if "since" in lane else ""
        lines.append(say(f"Lane {lane.get('lane')} ({accounts}) is held by {who}{since}"))
    for one in found["accounts"]:
        if one["outcomesOfAnotherScope"]:
            count = one["outcomesOfAnotherScope"]
            was = f"{one['account']}: {count} outcomes belong to another scope of this account"
            lines.append(say(f"{was}; now it is {one['scope']}"))
    if found["inFlight"]:
        lines.append(f"{found['inFlight']} targets in flight")
    for one in found["blocked"]:
        why = f" ({one['because']})" if one["because"] else ""
        opens = _opens(one["opensAt"], one["timeZone"])
        lines.append(say(f"{one['account']}: blocked now by {one['rule']}{why}{opens}"))
    if found["inDoubt"]:
        lines.append(f"{len(found['inDoubt'])} in doubt (reconciler settle looks at them):")
        for one in found["inDoubt"]:
            where = f", request {one['request']}" if one["request"] is not None else ""
            there = f", at {one['scope']}, which no account is now" if one["elsewhere"] else ""
            why = one["detail"] or "no answer yet"
            lines.append(say(f"  {one['target']}{where}{there}: {why}"))
    else:
        lines.append("Nothing is in doubt.")
    for one in found["openForReview"]:
        said = f"Open for review: run {one['run']} waived {one['rule']}"
        lines.append(say(f"{said} ({one['ticket']}: {one['because']})"))
    lines.append("Runs:" if found["runs"] else "No run yet.")
    for one in found["runs"]:
        end = f"exit {one['exitCode']}" if one["ended"] else "not ended"
        lines.append(
            say(f"  {one['run']}  {one['started']}  {one['kind']}  {end}  {one['plan'] or ''}")
        )
    left = found["runsInAll"] - len(found["runs"])
    if left:
        lines.append(f"  and {left} earlier ones")
    return lines

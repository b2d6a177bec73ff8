"""`reconciler settle`: find out what became of targets in doubt; it never deletes anything."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler import planfile, safe
from reconciler.cli._options import known, seconds
from reconciler.cli.app import App, pass_app
from reconciler.cli.status import doubts_now, mask_of, shown
from reconciler.errors import Exit, ReconcilerError, Usage
from reconciler.guards.waivers import sort_out
from reconciler.model import Action, Campaign, Outcome, Plan, Project, Target

if TYPE_CHECKING:
    from reconciler.apply.journal import State
    from reconciler.apply.journal.sqlite import SqliteJournal


@dataclass(frozen=True, slots=True)
class _Planned:
    """The planned action of a target, with the digests of the manifests and files behind it."""

    action: Action
    digests: tuple[str, ...]
    inventory: tuple[str, ...]


@click.command(
    epilog="""\b
Examples:
  reconciler settle                       # look at everything in doubt
  reconciler settle plan.json
  reconciler settle --as deleted push-prod/orchestration_06 --because "seen in the dashboard"
  reconciler settle --as not-deleted --request 41 --because "Ozonetel support, case 9912"

Exit codes: 0 nothing is in doubt any more, 6 doubts remain, 75 another run holds a lane.
"""
)
@click.argument("arguments", nargs=-1, metavar="[PLAN] [TARGET]...")
@click.option(
    "--as",
    "found",
    type=click.Choice(["deleted", "not-deleted"]),
    help="Record what a person found out, instead of looking.",
)
@click.option("--request", type=int, metavar="N", help="All targets of this request.")
@click.option("--account", metavar="A", help="All targets of this account.")
@click.option("--because", metavar="TEXT", help="How the person knows.")
@click.option("--inventory", multiple=True, metavar="FILE", help="Instead of the project's.")
@click.option("--max-wait", default="15m", show_default=True, metavar="DURATION")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text")
@click.option("--events", metavar="FILE|-", help="Write JSON lines while it runs.")
@click.option("--show-numbers", is_flag=True, help="Do not mask phone numbers.")
@pass_app
def command(
    app: App,
    arguments: tuple[str, ...],
    found: str | None,
    request: int | None,
    account: str | None,
    because: str | None,
    inventory: tuple[str, ...],
    max_wait: str,
    format_: str,
    events: str | None,
    show_numbers: bool,
) -> int:
    """Resolve targets in doubt by looking at the vendor, or record a person's finding."""
    from reconciler.apply.locks import Locks
    from reconciler.cli._state import journal, locks_folder

    plan, targets = _arguments(arguments, named=found is not None)
    if events == "-" and format_ == "json":
        raise Usage("--events - and --format json both want standard output")
    if found is None and (request is not None or because is not None or targets):
        raise Usage("TARGET, --request and --because belong to --as deleted|not-deleted")
    if found is not None:
        if not because:
            raise Usage("--as needs --because TEXT: how do you know?")
        if sum((bool(targets), request is not None, account is not None)) != 1:
            raise Usage("--as takes targets, or --request N, or --account A")
    longest = seconds(max_wait)
    project = app.load_project()
    known("--account", [] if account is None else [account], project.accounts)
    with journal(app, project) as opened:
        # One request may have many numbers, and what is said of one target may name any of them.
        mask = mask_of(opened.in_doubt(), show_numbers=show_numbers)
        chosen = _chosen(opened, plan, targets, request, account, show_numbers=show_numbers)
        if found is not None:
            _record(app, project, opened, chosen, found, because or "")
        elif chosen:
            _look(
                app,
                project,
                opened,
                chosen,
                inventory=inventory,
                max_wait=longest,
                events=events,
            )
        doubts, _ = doubts_now(opened, Locks(locks_folder(app, project)).holders())
        left = len(_of_plan(plan, doubts))
        return _tell(app, opened, chosen, left, format_, mask, show_numbers=show_numbers)


def _arguments(given: Sequence[str], *, named: bool) -> tuple[Plan | None, list[Target]]:
    """A plan comes first, if there is one; what else is there are targets."""
    rest, plan = list(given), None
    if rest and (not named or Path(rest[0]).is_file()):
        from reconciler.cli._plan import read_plan

        plan, _ = read_plan(rest.pop(0))
    try:
        return plan, [Target.parse(text) for text in rest]
    except ValueError as error:
        raise Usage(str(error)) from error


def _chosen(
    opened: "SqliteJournal",
    plan: Plan | None,
    targets: Sequence[Target],
    request: int | None,
    account: str | None,
    *,
    show_numbers: bool,
) -> "dict[Target, State]":
    doubts = opened.in_doubt()
    wanted = set(targets) if targets else None
    if request is not None:
        wanted = _of_request(opened, request, doubts)
    if wanted is not None and (strange := sorted(wanted - set(doubts))):
        named = ", ".join(shown(one, show_numbers=show_numbers) for one in strange)
        raise ReconcilerError(f"not in doubt: {named}; `reconciler status` lists what is")
    return {
        target: state
        for target, state in _of_plan(plan, doubts).items()
        if (wanted is None or target in wanted) and (account is None or target.account == account)
    }


def _of_request(
    opened: "SqliteJournal", request: int, doubts: "Mapping[Target, State]"
) -> set[Target]:
    """Those of its targets that are still in doubt: some may have been settled one by one."""
    about = opened.targets_of(request)
    if not about:
        raise ReconcilerError(f"there is no request {request} about targets in the journal")
    left = set(about) & set(doubts)
    if not left:
        raise ReconcilerError(f"no target of request {request} is in doubt any more")
    return left


def _of_plan(plan: Plan | None, doubts: "Mapping[Target, State]") -> "dict[Target, State]":
    """The doubts about deletions of *plan*; without one, all."""
    if plan is None:
        return dict(doubts)
    mine = {t for one in plan.actions if one.action == "delete" for t in one.targets}
    return {target: state for target, state in doubts.items() if target in mine}


# ---------------------------------------------------------------- a person's finding


def _record(
    app: App,
    project: Project,
    opened: "SqliteJournal",
    chosen: "Mapping[Target, State]",
    found: str,
    because: str,
) -> None:
    from reconciler.apply.journal import Ruling
    from reconciler.apply.locks import Locks
    from reconciler.apply.run import take
    from reconciler.cli import _run
    from reconciler.cli._state import holder, locks_folder, person, started

    if not chosen:
        return
    by = person()
    pairs = _accounts(project, chosen)
    locks = Locks(locks_folder(app, project))
    locks.take(_run.lanes_of(pairs), {**holder(), "plan": "settle", "accounts": _names(chosen)})
    try:
        run = opened.begin(None, "settle", json.dumps(holder()), [], started())
        take(pairs, opened, run)
        states = opened.states(chosen)  # what another run has settled meanwhile stays settled
        chosen = {t: one for t, one in states.items() if one.outcome is Outcome.IN_DOUBT}
        records = _records(app, chosen)
        plans = sorted({state.plan or "" for state in chosen.values()})
        now = app.now()
        changes: dict[str, Any] = {
            "detail": because,
            "evidence": "person",
            "at": now,
            "seen_at": None,
            "cleared": False,
        }
        if found == "deleted":
            changes["outcome"] = Outcome.DELETED
        else:
            changes |= {"outcome": None, "doubts": 0}
        findings = [
            {
                "type": "finding",
                "plan": plan,
                "targets": [str(t) for t, state in chosen.items() if (state.plan or "") == plan],
                "found": found,
                "by": by,
                "because": because,
            }
            for plan in plans
        ]
        told = [
            _target_record(target, state, records.get(target), because)
            for target, state in chosen.items()
            if found == "deleted"
        ]
        rulings = [
            Ruling(target, {**changes, "digests": one.digests, "inventory": one.inventory})
            if (one := records.get(target)) is not None
            else Ruling(target, changes)
            for target in chosen
        ]
        begun = _begun(project, plans)
        over = [
            _over(plan, {found: sum((one.plan or "") == plan for one in chosen.values())}, Exit.OK)
            for plan in plans
            if plan
        ]
        opened.commit("", 0, run, rulings=rulings, audit=[*begun, *findings, *told, *over])
        opened.end(run, Exit.OK, {"summary": {found: len(chosen)}})
    finally:
        locks.release()


def _begun(project: Project, plans: Iterable[str]) -> list[dict[str, Any]]:
    """This run in the share of the log of each plan whose targets it settles."""
    from reconciler.cli._state import started

    said = {"type": "run-started", "project": project.name, "command": "settle", **started()}
    return [{**said, "plan": plan} for plan in plans if plan]


def _over(plan: str, counts: Mapping[str, int], code: int) -> dict[str, Any]:
    """The end of this run in the share of the log of *plan*."""
    said = {"exitCode": code, "summary": dict(counts), "report": None}
    return {"type": "run-ended", "plan": plan, **said}


def _target_record(
    target: Target, state: "State", planned: _Planned | None, because: str
) -> dict[str, Any]:
    """A target that a person found deleted."""
    return {
        "type": "target",
        "plan": state.plan or "",
        "target": str(target),
        "account": target.account,
        "id": target.id,
        "part": target.part,
        "outcome": Outcome.DELETED.value,
        "detail": because,
        "evidence": "person",
        **_facts(target, planned),
    }


def _facts(target: Target, planned: _Planned | None) -> dict[str, Any]:
    from reconciler.apply.prepare import facts_of

    if planned is not None:
        return facts_of(planned.action, {})
    return {"name": target.id, "sources": [], "waivers": [], "campaign": None}


# ---------------------------------------------------------------- looking


def _look(
    app: App,
    project: Project,
    opened: "SqliteJournal",
    chosen: "Mapping[Target, State]",
    *,
    inventory: Sequence[str],
    max_wait: float,
    events: str | None,
) -> None:
    from reconciler.apply.locks import Locks
    from reconciler.apply.prepare import rules_of, witnesses
    from reconciler.apply.run import AccountWork, summary, take
    from reconciler.apply.work import can_look
    from reconciler.cli import _run
    from reconciler.cli._plan import make_plan
    from reconciler.cli._state import holder, locks_folder, started

    every = _accounts(project, chosen)
    pairs = [(account, driver) for account, driver in every if can_look(driver)]
    for account, driver in every:
        if not can_look(driver):
            said = f"{account.name}: {driver.title} cannot be looked at; use settle --as"
            app.note(safe.terminal(said))
    if not pairs:
        return
    made, _, extras = make_plan(app, now=app.now(), inventory=inventory)
    settings = _run.opened(app, pairs)
    names = [account.name for account, _ in pairs]
    locks = Locks(locks_folder(app, project))
    locks.take(_run.lanes_of(pairs), {**holder(), "plan": "settle", "accounts": names})
    with ExitStack() as held:
        held.callback(locks.release)
        follow = held.enter_context(_run.Events(app, events, mask_of(chosen)))
        run = opened.begin(None, "settle", json.dumps(holder()), [], started())
        ledgers = take(pairs, opened, run)
        states = opened.states(chosen)
        plans = sorted({state.plan or "" for state in states.values()})
        opened.commit("", 0, run, audit=_begun(project, plans))
        records = _records(app, states)
        waivers = sort_out(project.waivers, today=app.now().date())
        context = _run.context(
            app,
            opened,
            run,
            emit=follow.emit,
            max_wait=max_wait,
        )
        works = []
        for account, driver in pairs:
            session, secrets = _run.session(account, driver, settings[account.name])
            seen = witnesses(account.name, made, made, extras.matches, extras.facts)
            works.append(
                AccountWork(
                    account=account,
                    driver=driver,
                    session=session,
                    secrets=secrets,
                    jobs=_jobs(states, records, account.name),
                    witnesses=seen.without({t.id for t in chosen}),
                    rules=rules_of(account, extras.asked, waivers, app.now()),
                )
            )
        running = _run.Running(context, follow.tick)
        fates = running.go(works, ledgers, send=False)
        counts = summary(fates)
        left = Exit.DOUBT if counts[Outcome.IN_DOUBT.value] else Exit.OK
        code = running.signalled or left
        over = []
        for plan in filter(None, plans):
            mine = {t: fate for t, fate in fates.items() if states[t].plan == plan}
            over.append(_over(plan, summary(mine), code))
        opened.commit("", 0, run, audit=over)
        opened.end(run, code, {"summary": counts})


def _jobs(
    states: "Mapping[Target, State]", records: Mapping[Target, _Planned], account: str
) -> list[Any]:
    from reconciler.apply.work import Job
    from reconciler.driver import Item

    jobs = []
    for target, state in states.items():
        if target.account != account or state.outcome is not Outcome.IN_DOUBT:
            continue
        known = records.get(target)
        action = known.action if known is not None else None
        record: Campaign | None = action.campaign if action is not None else None
        name = record.name if record else (action.name if action else None) or target.id
        item = Item(target, name, record.channel if record else None)
        jobs.append(
            Job(
                item=item,
                planned=record,
                digests=known.digests if known is not None else state.digests,
                inventory=known.inventory if known is not None else state.inventory,
                state=state,
                facts={**_facts(target, known), "name": name},
            )
        )
    return jobs


def _records(app: App, states: "Mapping[Target, State]") -> dict[Target, _Planned]:
    """What was planned of each target, from the plans kept while they were applied."""
    from reconciler.apply.merge import digests_of, inventory_of
    from reconciler.cli._state import kept_plan

    found: dict[Target, _Planned] = {}
    for digest in {state.plan for state in states.values() if state.plan}:
        data = kept_plan(app, digest)
        if data is None:
            continue
        plan = planfile.loads(data)
        for action in plan.actions:
            if action.action == "delete":
                one = _Planned(action, digests_of(plan, action), inventory_of(plan))
                mine = [t for t in action.targets if t in states and states[t].plan == digest]
                found |= dict.fromkeys(mine, one)
    return found


def _accounts(project: Project, chosen: "Mapping[Target, State]") -> list[tuple[Any, Any]]:
    from reconciler.cli._run import drivers_of

    drivers = drivers_of(project.accounts)
    lost = sorted({t.account for t in chosen} - set(project.accounts))
    if lost:
        raise ReconcilerError(f"in doubt at accounts the project no longer has: {', '.join(lost)}")
    accounts = [project.accounts[name] for name in _names(chosen)]
    return [(account, drivers[account.driver]) for account in accounts]


def _names(chosen: "Mapping[Target, State]") -> list[str]:
    return sorted({target.account for target in chosen})


# ---------------------------------------------------------------- telling


def _tell(
    app: App,
    opened: "SqliteJournal",
    chosen: "Mapping[Target, State]",
    left: int,
    format_: str,
    mask: Callable[[str], str],
    *,
    show_numbers: bool,
) -> int:
    """Tell what became of *chosen*; *left*: how many doubts there are now, of others too."""
    states = opened.states(chosen)
    if format_ == "json":
        listed = [
            {
                "target": shown(target, show_numbers=show_numbers),
                "outcome": state.outcome.value if state.outcome else None,
                "detail": mask(state.detail) if state.detail else None,
                "evidence": state.evidence,
            }
            for target, state in states.items()
        ]
        app.out_json({"kind": "Settlement", "inDoubt": left, "targets": listed}, indent=None)
    else:
        for target, state in states.items():
            said = state.outcome.value if state.outcome else "not deleted; apply may send it again"
            if state.cleared:
                said = "still there after two looks; apply may send it once more"
            why = f" ({mask(state.detail)})" if state.detail else ""
            name = safe.terminal(shown(target, show_numbers=show_numbers))
            app.out(f"{name}: {said}{safe.terminal(why)}")
        app.out("Nothing is in doubt." if not left else f"{left} in doubt.")
    return Exit.DOUBT if left else Exit.OK

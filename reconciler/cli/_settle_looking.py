"""`settle` by looking: what the vendors show of targets in doubt. Nothing is sent that deletes."""

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from reconciler import safe
from reconciler.cli._settle_log import (
    Planned,
    accounts_of,
    begun_records,
    ended_record,
    facts,
    records_of,
)
from reconciler.cli.app import App
from reconciler.cli.status import numbers_of
from reconciler.declare.project import Project
from reconciler.errors import Exit
from reconciler.events import told
from reconciler.lanes.stop import Stop
from reconciler.model import Campaign, Outcome, Target
from reconciler.plan.guards.waivers import sort_out

if TYPE_CHECKING:
    from reconciler.lanes.journal import State
    from reconciler.lanes.known import Known


def look(
    app: App,
    project: Project,
    known: "Known",
    chosen: "Mapping[Target, State]",
    *,
    inventory: Sequence[str],
    max_wait: float,
    stop: Stop,
) -> None:
    """Look at all of *chosen* that can be looked at. *max_wait*: seconds, for a quiet period."""
    from reconciler.lanes.accounts import open_accounts
    from reconciler.lanes.locks import Locks
    from reconciler.lanes.rules import rules_of, witnesses
    from reconciler.lanes.run import by_lane, summary, take, work_of
    from reconciler.lanes.running import Execution
    from reconciler.lanes.state import holder, locks_folder, started
    from reconciler.lanes.work import can_look
    from reconciler.plan.today import make_plan

    every, opened = accounts_of(app, project, chosen, known), known.journal
    for target in chosen:
        if (scope := known.elsewhere(target)) is not None:
            said = f"{target}: it is in doubt at {scope}, which no account is now"
            app.note(safe.terminal(f"{said}; point one there, or use settle --as"))
    pairs = [(account, driver) for account, driver in every if can_look(driver)]
    for account, driver in every:
        if not can_look(driver):
            said = f"{account.name}: {driver.title} cannot be looked at; use settle --as"
            app.note(safe.terminal(said))
    if not pairs:
        return
    fresh = make_plan(app, now=app.now(), inventory=inventory)
    accounts = open_accounts(app, pairs, opened)
    names = [one.name for one in accounts]
    locks = Locks(locks_folder(app, project))
    locks.take(sorted(by_lane(accounts)), {**holder(), "plan": "settle", "accounts": names})
    opened.watch(locks.check)
    with ExitStack() as held:
        held.callback(locks.release)
        held.enter_context(told(app.listener, numbers_of(chosen)))
        run = opened.begin(None, "settle", json.dumps(holder()), [], started())
        ledgers = take(accounts, opened, run)
        states = known.states(chosen)
        plans = sorted({state.plan or "" for state in states.values()})
        opened.commit("", 0, run, audit=begun_records(project, plans))
        records = records_of(app, states)
        waivers = sort_out(project.waivers, today=app.now().date())
        execution = Execution(app, opened, run, stop=stop, max_wait=max_wait)
        works = []
        for one in accounts:
            account = one.account
            seen = witnesses(account.name, fresh.plan, fresh.plan, fresh.matches, fresh.facts)
            works.append(
                work_of(
                    one,
                    jobs=_jobs(states, records, account.name),
                    witnesses=seen.without({t.id for t in chosen}),
                    rules=rules_of(account, one.driver, fresh.asked, waivers, app.now()),
                )
            )
        fates = execution.go(works, ledgers, send=False)
        counts = summary(fates)
        left = Exit.DOUBT if counts[Outcome.IN_DOUBT.value] else Exit.OK
        code = stop.exit or left
        over = []
        for plan in filter(None, plans):
            mine = {t: fate for t, fate in fates.items() if states[t].plan == plan}
            over.append(ended_record(plan, summary(mine), code))
        opened.commit("", 0, run, audit=over)
        opened.end(run, code, {"summary": counts})


def _jobs(
    states: "Mapping[Target, State]", records: Mapping[Target, Planned], account: str
) -> list[Any]:
    from reconciler.driver import Item
    from reconciler.lanes.work import Job

    jobs = []
    for target, state in states.items():
        if target.account != account or state.outcome is not Outcome.IN_DOUBT:
            continue
        planned = records.get(target)
        action = planned.action if planned is not None else None
        record: Campaign | None = action.campaign if action is not None else None
        name = record.name if record else (action.name if action else None) or target.id
        item = Item(target, name, record.channel if record else None)
        jobs.append(
            Job(
                item=item,
                planned=record,
                asked=state.asked,
                inventory=planned.inventory if planned is not None else state.inventory,
                state=state,
                facts={**facts(target, planned), "name": name},
            )
        )
    return jobs

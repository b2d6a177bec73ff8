"""`settle` by looking: what the vendors show of targets in doubt. Nothing is sent that deletes."""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from reconciler import safe
from reconciler.apply.settle.doubts import numbers_of
from reconciler.apply.settle.log import (
    PlannedDeletion,
    Plans,
    digests_of,
    end_record,
    facts,
    plans_of,
    start_records,
)
from reconciler.declare.project import ProjectFile
from reconciler.driver import Item
from reconciler.driver.looks import can_look
from reconciler.errors import Exit
from reconciler.events import told
from reconciler.inventory.sources import Given
from reconciler.lanes.accounts import Pair, open_accounts, pairs_of
from reconciler.lanes.journal import Journal, State
from reconciler.lanes.known import Known
from reconciler.lanes.rules import Doomed, rules_of, witnesses
from reconciler.lanes.run import AccountWork, by_lane, by_target, summary, take, work_of
from reconciler.lanes.running import Execution
from reconciler.lanes.state import holder, locks, started
from reconciler.lanes.stop import Stop
from reconciler.lanes.work import Fate, Job, OpenAccount
from reconciler.model import Outcome, Target
from reconciler.plan.guards.waivers import sort_out
from reconciler.plan.today import FreshPlan, make_plan
from reconciler.site import Site


def look(
    site: Site,
    project: ProjectFile,
    known: Known,
    chosen: Mapping[Target, State],
    *,
    inventory: Given,
    max_wait: float,
    stop: Stop,
) -> None:
    """Look at all of *chosen* that can be looked at. *max_wait*: seconds, for a quiet period."""
    pairs = _lookable(site, project, known, chosen)
    if not pairs:
        return
    journal = known.journal
    fresh = make_plan(site, now=site.now(), inventory=inventory)
    accounts = open_accounts(site, pairs, journal)
    who = {**holder(), "plan": "settle", "accounts": [one.name for one in accounts]}
    with told(site.listener, numbers_of(chosen)):  # what it opens may wait for its reader
        held = locks(site, project, journal)
        try:
            held.take(sorted(by_lane(accounts)), who)
            journal.watch(held.check)
            run = journal.begin(None, "settle", json.dumps(who), [], started())
            ledgers = take(accounts, journal, run)
            states = known.states(chosen)
            journal.commit("", 0, run, audit=start_records(project, digests_of(states)))
            works = _works(site, project, journal, accounts, fresh, states)
            execution = Execution(site, journal, run, stop=stop, max_wait=max_wait)
            fates = by_target(works, execution.go(works, ledgers, send=False))
            _end(journal, run, states, fates, stop.exit)
        finally:
            held.release()


def _lookable(
    site: Site, project: ProjectFile, known: Known, chosen: Mapping[Target, State]
) -> list[Pair]:
    """The accounts, by name, that can be looked at for *chosen*; of the others, why not is told."""
    here = set()
    for target in chosen:
        if (scope := known.elsewhere(target)) is None:
            here.add(target.account)
            continue
        said = f"{target}: it is in doubt at {scope}, which no account is now"
        site.note(safe.terminal(f"{said}; point one there, or use settle --as"))
    found = []
    for account, driver in pairs_of(site, project):
        if account.name in here and can_look(driver):
            found.append((account, driver))
        elif account.name in here:
            said = f"{account.name}: {driver.title} cannot be looked at; use settle --as"
            site.note(safe.terminal(said))
    return found


def _works(
    site: Site,
    project: ProjectFile,
    journal: Journal,
    accounts: Sequence[OpenAccount],
    fresh: FreshPlan,
    states: Mapping[Target, State],
) -> list[AccountWork]:
    plans, now = plans_of(site, journal, states), site.now()
    waivers = sort_out(project.waivers, today=now.date())
    looked_at = {target.id for target in states}
    doomed = Doomed(fresh.plan)
    works = []
    for one in accounts:
        seen = witnesses(one.name, doomed, fresh.plan, fresh.matches, fresh.facts)
        works.append(
            work_of(
                one,
                jobs=_jobs(states, plans, one.name),
                witnesses=seen.without(looked_at),
                rules=rules_of(one.account, one.driver, fresh.asked, fresh.matches, waivers, now),
            )
        )
    return works


def _facts(target: Target, planned: PlannedDeletion | None, name: str) -> dict[str, Any]:
    return {**facts(target, planned), "name": name}


def _jobs(states: Mapping[Target, State], plans: Plans, account: str) -> list[Job]:
    jobs = []
    for target, state in states.items():
        if target.account != account or state.outcome is not Outcome.IN_DOUBT:
            continue
        planned = plans.get(target)
        action = planned.action if planned is not None else None
        record = action.campaign if action is not None else None
        name = record.name if record else (action.name if action else None) or target.id
        jobs.append(
            Job(
                item=Item(target, name, record.channel if record else None),
                planned=record,
                asked=state.asked,
                inventory=planned.inventory if planned is not None else state.inventory,
                state=state,
                facts=partial(_facts, target, planned, name),
            )
        )
    return jobs


def _end(
    journal: Journal,
    run: int,
    states: Mapping[Target, State],
    fates: Mapping[Target, Fate],
    stopped: Exit | None,
) -> None:
    counts = summary(fates)
    code = stopped or (Exit.DOUBT if counts[Outcome.IN_DOUBT.value] else Exit.OK)
    records = []
    for plan in filter(None, digests_of(states)):
        mine = {t: fate for t, fate in fates.items() if states[t].plan == plan}
        records.append(end_record(plan, summary(mine), code))
    journal.commit("", 0, run, audit=records)
    journal.end(run, code, {"summary": counts})

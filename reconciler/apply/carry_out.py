"""The run of an apply that may send: its lanes taken, its requests sent."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from reconciler.apply.after import Ending
from reconciler.apply.agenda import Agenda, Share
from reconciler.apply.jobs import LookPolicy, PlannedJobs
from reconciler.apply.judging import judge, write_down
from reconciler.apply.limits import check_limits
from reconciler.apply.permits import Permit, start_record
from reconciler.apply.task import Task
from reconciler.apply.untraced import older_than_trace
from reconciler.driver.looks import can_look
from reconciler.events import Event, told
from reconciler.lanes.journal import Ledger
from reconciler.lanes.known import Known
from reconciler.lanes.rules import rules_of
from reconciler.lanes.run import AccountWork, by_lane, take, work_of
from reconciler.lanes.running import Execution
from reconciler.lanes.state import holder, keep_plan, keep_signatures, locks, log_ahead
from reconciler.lanes.work import OpenAccount
from reconciler.model import stamp
from reconciler.plan.lines import phone_numbers
from reconciler.plan.today import FreshPlan


@dataclass(frozen=True, slots=True)
class Clearance:
    """An apply that nothing forbids any more.

    *accounts*: those that something is to be done at. *untraced*: the names of those of which the
    journal may not know what was sent. *judged*: every target as it was by the *entry* of the
    journal, and by its *mark*.
    """

    task: Task
    known: Known
    fresh: FreshPlan
    permit: Permit
    accounts: Sequence[OpenAccount]
    untraced: Sequence[str]
    judged: Agenda
    entry: int
    mark: tuple[int, int] | None = None

    def latest(self) -> Agenda:
        """Every target as it was judged, unless something of one was written down since.

        For whoever does not send: what another run is just writing may be missed.
        """
        if self.known.journal.newest_entry == self.entry:
            return self.judged
        return self.agenda()

    def agenda(self) -> Agenda:
        """Every target as it is by now: what other runs did meanwhile counts."""
        if self.mark is not None and self.known.journal.mark == self.mark:
            return self.judged
        return judge(self.task, self.fresh, self.known)


@dataclass(frozen=True, slots=True)
class TakenRun:
    """A run that is in the journal. *policy* is by what the journal said before it was."""

    number: int
    ledgers: Mapping[str, Ledger]
    policy: LookPolicy


def carry_out(clearance: Clearance) -> tuple[Agenda, Ending]:
    """Take the lanes and send what is left.

    `Locked` if another run holds a lane; `NotAllowed` if it has used up what a limit allows.
    """
    task = clearance.task
    who = {
        **holder(),
        "since": stamp(task.now, "milliseconds"),
        "plan": f"plan {task.saved.digest[:19]}",
        "accounts": [one.name for one in clearance.accounts],
    }
    # First: what a listener opens may wait for its reader, and one that fails leaves no run.
    with told(task.site.listener, phone_numbers(task.saved.plan.actions)):
        held = locks(task.site, task.project, clearance.known.journal)
        try:
            held.take(sorted(by_lane(clearance.accounts)), who)
            clearance.known.journal.watch(held.check)
            if any(one.account.guards.max_deletions.per for one in clearance.accounts):
                # What another run deleted since we looked counts; from now on nobody else does.
                facts = clearance.fresh.facts
                check_limits(task, clearance.known, clearance.agenda(), facts)
            return _carried_out(clearance, who)
        finally:
            held.release()


def _carried_out(clearance: Clearance, who: Mapping[str, Any]) -> tuple[Agenda, Ending]:
    task = clearance.task
    started = task.site.now()
    run = _begun(clearance, who)
    agenda = clearance.agenda()
    write_down(task, clearance.known, run.number, agenda, clearance.fresh)
    permit = clearance.permit
    ending = Ending(started, run.number, permit.notes, approvals=permit.approvals)
    if not agenda.working:
        return agenda, ending
    execute(clearance, run, agenda)
    return agenda, replace(ending, stop=task.stop.exit)


def _begun(clearance: Clearance, who: Mapping[str, Any]) -> TakenRun:
    """The run in the journal, its lanes taken over from whoever had them."""
    task, known, given = clearance.task, clearance.known, clearance.permit
    saved, journal = task.saved, known.journal
    resumed = journal.first_applied(saved.digest) is not None
    names = [one.name for one in clearance.accounts]
    policy = LookPolicy(
        untraced=clearance.untraced,
        resumed=resumed,
        older=older_than_trace(known, clearance.fresh, names),
    )
    keep_plan(task.site, journal, saved)
    keep_signatures(task.site, journal, saved.digest, given.consent.given)
    said = start_record(task, given, resumed=resumed)
    holding = json.dumps(who, sort_keys=True)
    run = journal.begin(saved.digest, "apply", holding, given.waived, said)
    # Those that a limit leaves for later too: a person has answered for all of the plan's.
    journal.trace([known.scope(one) for one in task.losing])
    return TakenRun(run, take(clearance.accounts, journal, run), policy)


def execute(clearance: Clearance, run: TakenRun, agenda: Agenda) -> None:
    """Work what *agenda* has; what became of it is laid over it."""
    task, options, site = clearance.task, clearance.task.options, clearance.task.site
    journal = clearance.known.journal
    execution = Execution(
        site,
        journal,
        run.number,
        task.saved.digest,
        stop=task.stop,
        closed=lambda account: clearance.permit.windows.closed(account, journal.now()),
        max_wait=options.max_wait,
        first_run=options.first_run,
        drain=options.grace,
        log=lambda: log_ahead(site, journal),
    )
    works = _works(clearance, agenda, run.policy)
    total = sum(len(one.jobs) for one in works)
    site.listener.event(Event(site.now(), "run-started", total=total, detail=task.saved.digest))
    ends = execution.go(works, run.ledgers, send=True)
    for work, fates in zip(works, ends, strict=True):
        agenda.worked(work.open.name, fates)
    reached = sum(one.reached for one in ends)
    site.listener.event(Event(site.now(), "run-ended", done=reached))


def _works(clearance: Clearance, agenda: Agenda, policy: LookPolicy) -> list[AccountWork]:
    """The work of each account: what may be sent, and what is in doubt, whatever a limit says."""
    task, fresh = clearance.task, clearance.fresh
    plan = task.saved.plan

    def work(one: OpenAccount) -> AccountWork:
        share = agenda.accounts.get(one.name, Share(0))
        return work_of(
            one,
            jobs=PlannedJobs(
                plan,
                partial(agenda.to_work, one.name),
                share.working,
                one.account,
                one.driver,
                fresh.manifests,
                policy,
            ),
            witnesses=agenda.witnesses[one.name],
            rules=rules_of(
                one.account, one.driver, fresh.asked, fresh.matches, task.waivers, task.now
            ),
            plain=not (share.doubts or can_look(one.driver)),
        )

    return [work(one) for one in clearance.accounts]

"""An apply from its first look at the journal to its report."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from reconciler import safe
from reconciler.apply.after import Ending, keep, report_of, update_inventory
from reconciler.apply.agenda import Agenda
from reconciler.apply.carry_out import Clearance, carry_out
from reconciler.apply.handing import hand_over
from reconciler.apply.judging import accounts_of, all_done, judge, plan_anew, write_down
from reconciler.apply.permits import Permit, permit, start_record
from reconciler.apply.task import Task
from reconciler.apply.untraced import check_blind, tell_untraced, untraced_now
from reconciler.errors import ReconcilerError
from reconciler.lanes import state
from reconciler.lanes.accounts import (
    Pair,
    open_accounts,
    pairs_of,
    scopes_now,
    shared,
    unopened,
)
from reconciler.lanes.known import Known
from reconciler.model import ReportDocument
from reconciler.plan.today import FreshPlan


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What a run did. *failure*: what went wrong once that was known, in a file or the journal.

    *left*: it goes on at workers.
    """

    report: ReportDocument
    failure: ReconcilerError | None = None
    left: bool = False


def apply(task: Task, document: Callable[[ReportDocument], Iterable[bytes]]) -> Conclusion:
    """Carry out what is left of the plan. *document*: a report as it is kept, in parts.

    `Stale` and `NotAllowed` before the first request if it may not be sent; `Locked` if another run
    holds a lane.
    """
    report: ReportDocument | None = None
    left = False
    try:
        with state.journal(task.site, task.project) as journal:
            pairs = pairs_of(task.site, task.project)
            known = Known(journal, scopes_now(task.site, pairs, journal, reveal=True))
            agenda, ending = _apply(task, known, pairs)
            report, left = report_of(task, known, agenda, ending), ending.left
            if ending.run is not None and not ending.left:
                keep(task, journal, ending.run, report, document(report))
        if task.options.update_inventory and not left:
            update_inventory(task, report)
    except ReconcilerError as error:
        if report is None:
            raise
        return Conclusion(report, error)
    return Conclusion(report, left=left)


def _apply(task: Task, known: Known, pairs: Sequence[Pair]) -> tuple[Agenda, Ending]:
    done = all_done(task.saved, known, task.site.now())
    if done is not None:  # it is judged no more, not even by its age
        return done, Ending(task.now)
    same = shared(pairs, known.scopes)
    choice = task.options.choice.everywhere(same)  # whatever name it was said under
    task = replace(task, options=replace(task.options, choice=choice))
    names = task.losing
    _tell_elsewhere(task, known, names)
    new = untraced_now(task, known, names)
    if new:
        tell_untraced(task, new)
        if not task.options.first_run and not task.options.attended:
            check_blind(new, {account.name: driver for account, driver in pairs})
    fresh = plan_anew(task, same)
    entry, mark = known.journal.newest_entry, known.journal.mark
    agenda = judge(task, fresh, known)
    working = accounts_of(task, fresh, agenda.working)
    if task.options.workers:  # those who send have the credentials
        accounts = unopened(working, known.scopes)
    else:
        accounts = open_accounts(task.site, working, known.journal)
    given = permit(task, known, agenda, fresh)
    if not accounts:
        return agenda, _nothing_to_send(task, known, agenda, fresh, given)
    clearance = Clearance(task, known, fresh, given, accounts, new, agenda, entry, mark)
    return hand_over(clearance) if task.options.workers else carry_out(clearance)


def _tell_elsewhere(task: Task, known: Known, names: Sequence[str]) -> None:
    """What the journal recorded under an account's name and somewhere else says nothing here."""
    for name in names:
        count = known.journal.elsewhere(name, known.scope(name))
        if count:
            said = f"{name}: {count} outcomes belong to another scope of this account"
            task.site.note(safe.terminal(f"{said}; they say nothing of {known.scope(name)}"))


def _nothing_to_send(
    task: Task, known: Known, agenda: Agenda, fresh: FreshPlan, given: Permit
) -> Ending:
    """Today's files leave nothing to send: a run that says so, without a lane."""
    said, holder = start_record(task, given, resumed=False), json.dumps(state.holder())
    run = known.journal.begin(task.saved.digest, "apply", holder, given.waived, said)
    write_down(task, known, run, agenda, fresh)
    return Ending(task.now, run, given.notes, approvals=given.approvals)

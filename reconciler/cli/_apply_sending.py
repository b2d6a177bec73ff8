"""The run of an apply that may send: its lanes taken, its requests sent, its end told."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reconciler.apply.report import stamp
from reconciler.cli._apply_after import Ended, finish
from reconciler.cli._apply_judging import Judged, Made, judge, write_down
from reconciler.cli._apply_permits import Permit, audit, check_limits
from reconciler.cli._apply_task import Task
from reconciler.errors import Exit
from reconciler.events import Event, told
from reconciler.lanes.journal import Ledger
from reconciler.lanes.known import Known
from reconciler.lanes.locks import Locks
from reconciler.lanes.preparing import Looking, jobs, rules_of, witnesses
from reconciler.lanes.run import AccountWork, by_lane, take, work_of
from reconciler.lanes.running import Execution
from reconciler.lanes.state import holder, keep_plan, locks_folder
from reconciler.lanes.work import Fate, OpenAccount
from reconciler.model import Target
from reconciler.views.words import plan_numbers


@dataclass(frozen=True, slots=True)
class Ready:
    """An apply that nothing forbids any more.

    *accounts*: those that something is to be done at. *untraced*: the names of those of which the
    journal may not know what was sent.
    """

    task: Task
    known: Known
    made: Made
    permit: Permit
    accounts: Sequence[OpenAccount]
    untraced: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Begun:
    """A run that is in the journal. *looking* is by what the journal said before it was."""

    number: int
    ledgers: Mapping[str, Ledger]
    looking: Looking


def send(ready: Ready) -> int:
    """Take the lanes, carry the plan out, tell what happened; the exit code.

    `Locked` if another run holds a lane; `Refused` if it has used up what a limit allows.
    """
    task = ready.task
    who = {
        **holder(),
        "since": stamp(task.now),
        "plan": f"plan {task.saved.digest[:19]}",
        "accounts": [one.name for one in ready.accounts],
    }
    locks = Locks(locks_folder(task.app, task.project))
    try:
        locks.take(sorted(by_lane(ready.accounts)), who)
        ready.known.journal.watch(locks.check)
        if any(one.account.guards.max_deletions.per for one in ready.accounts):
            # What another run has deleted since we looked counts; from now on nobody else does.
            check_limits(task, ready.known, _judged(ready).left, ready.made)
        # Before the run begins: one that cannot tell its events leaves no trace.
        with told(task.app.listener, plan_numbers(task.saved.plan)):
            ending, judged = _carried_out(ready, who)
        return finish(task, ready.known, judged, ending)
    finally:
        locks.release()


def _judged(ready: Ready) -> Judged:
    """Every target as it is by now: what other runs did meanwhile counts."""
    return judge(ready.task, ready.made, ready.known)


def _carried_out(ready: Ready, who: Mapping[str, Any]) -> tuple[Ended, Judged]:
    task, journal = ready.task, ready.known.journal
    resumed = journal.first_applied(task.saved.digest) is not None
    looking = Looking(untraced=ready.untraced, resumed=resumed)
    keep_plan(task.app, task.saved.digest, task.saved.data)
    started = task.app.now()
    said = audit(task, ready.permit, resumed=resumed)
    holding = json.dumps(who, sort_keys=True)
    run = journal.begin(task.saved.digest, "apply", holding, ready.permit.waived, said)
    # Those that a limit leaves for later too: a person has answered for all of the plan's.
    losing = {one.account for one in task.saved.plan.actions if one.action == "delete"}
    journal.trace([ready.known.scope(one) for one in sorted(losing) if task.options.within(one)])
    begun = _Begun(run, take(ready.accounts, journal, run), looking)
    judged = _judged(ready)
    write_down(task, ready.known, run, judged, ready.made)
    ended = Ended(started, run, ready.permit.notes)
    if not judged.working(task.options):
        return ended, judged
    fates, signal = _executed(ready, begun, judged)
    shut = any(fate.detail and fate.detail.startswith("the window") for fate in fates.values())
    ended = replace(ended, worked=fates.keys(), signal=signal, shut=shut)
    return ended, replace(judged, fates={**judged.fates, **fates})


def _executed(
    ready: Ready, begun: _Begun, judged: Judged
) -> tuple[dict[Target, Fate], Exit | None]:
    """What became of the targets that were worked, and the signal that ended it, if one did."""
    task, options = ready.task, ready.task.options
    app, digest = task.app, task.saved.digest
    execution = Execution(
        app,
        ready.known.journal,
        begun.number,
        digest,
        stop=task.stop,
        closed=lambda account: ready.permit.windows.closed(account, app.now()),
        max_wait=options.max_wait,
        first_run=options.first_run,
    )
    works = _works(ready, judged, begun.looking)
    total = sum(len(one.jobs) for one in works)
    app.listener.event(Event(app.now(), "run-started", total=total, detail=digest))
    fates = execution.go(works, begun.ledgers, send=True)
    app.listener.event(Event(app.now(), "run-ended", done=len(fates)))
    return fates, task.stop.exit


def _works(ready: Ready, judged: Judged, looking: Looking) -> list[AccountWork]:
    """The work of each account: what may be sent, and what is in doubt, whether left out or not."""
    task, made = ready.task, ready.made
    plan, extras = task.saved.plan, made.extras
    going = [
        one if one.fate is not None else replace(one, fate=judged.fates.get(one.target))
        for one in judged.planned
        if one.target not in judged.fates or one.in_doubt
    ]
    works = []
    for one in ready.accounts:
        account = one.account
        works.append(
            work_of(
                one,
                jobs=jobs(
                    plan, going, account, one.driver, extras.manifests, looking, judged.asking
                ),
                witnesses=witnesses(account.name, plan, made.plan, extras.matches, extras.facts),
                rules=rules_of(account, extras.asked, task.waivers, task.now),
            )
        )
    return works

"""`apply --workers`: the lanes of a plan handed over to workers, and followed to their end."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from reconciler.apply.after import Ending
from reconciler.apply.agenda import Agenda
from reconciler.apply.bundle import Work, fates_of, records
from reconciler.apply.carry_out import Clearance
from reconciler.apply.consent import signatures
from reconciler.apply.judging import write_down
from reconciler.apply.permits import start_record
from reconciler.apply.task import Task
from reconciler.errors import Exit, ReconcilerError
from reconciler.events import Event, from_kept, told
from reconciler.lanes.handed import Bundle, HandedLane, Handover
from reconciler.lanes.journal import Journal
from reconciler.lanes.run import by_lane
from reconciler.lanes.state import dispatched, holder, keep_plan, keep_signatures, locks
from reconciler.lanes.work import Fate
from reconciler.model import Outcome, Target, stamp
from reconciler.plan.lines import phone_numbers
from reconciler.plan.spool import Spool

T = TypeVar("T")

_POLL = 0.3  # seconds between two looks at what the workers told
_PATIENCE = 60.0  # seconds for which a database that is away is waited for
_AGAIN = 30.0  # seconds after which a lane without a job is given one: workers do so much sooner


def hand_over(clearance: Clearance) -> tuple[Agenda, Ending]:
    """Hand what is left to workers, unless that was done before; follow it to the end.

    With `detach` it is not followed: the ending says so, and has no fates.
    """
    task, journal = clearance.task, clearance.known.journal
    handed = _handover(journal)
    gate = locks(task.site, task.project, journal)
    who = _who(clearance)
    gate.take([f"hand-over of {task.saved.digest}"], who)
    try:
        open_ = handed.lanes(plan=task.saved.digest)
        started = task.site.now()
        run, agenda = (open_[0].run, None) if open_ else _handed(clearance, handed, who)
        dispatched(task.site, task.project, handed.lanes(run=run))
    finally:
        gate.release()
    agenda = agenda or clearance.latest()
    permit = clearance.permit
    ending = Ending(started, run, permit.notes, approvals=permit.approvals)
    if task.options.detach:
        _tell_left(task, run)
        return agenda, replace(ending, left=True)
    with told(task.site.listener, phone_numbers(task.saved.plan.actions)):
        lanes = _Following(clearance, run).to_the_end()
    if lanes is None:
        _tell_left(task, run)
        return agenda, replace(ending, left=True, stop=task.stop.exit)
    told_of = {one.number for one in lanes if handed.fates(one.number) is not None}
    if len(told_of) < len(lanes):  # what such a lane did, the journal knows
        agenda = clearance.agenda()
    for one in lanes:
        for name in one.accounts:
            if one.number in told_of:
                agenda.told(name, partial(_fates, handed, one, name))
            else:
                agenda.told(name, partial(_left, agenda, name, Fate(Outcome.PENDING, one.said)))
    codes = [Exit(one.code) for one in lanes if one.code is not None]
    return agenda, replace(ending, refused=min(codes) if codes else None)


def _tell_left(task: Task, run: int) -> None:
    task.site.aloud(
        f"Handed to workers as run {run}, which goes on without this command. `reconciler status "
        "--follow` shows it; `reconciler apply PLAN --workers` follows it to its report."
    )


def _handover(journal: Journal) -> Handover:
    if journal.shared is None:
        raise ReconcilerError(
            "workers share a state in PostgreSQL, and this project keeps its state in a file; write"
            " `state: {env: RECONCILER_STATE}`, and let the variable hold a postgresql:// URL"
        )
    return journal.shared.handed


def _who(clearance: Clearance) -> dict[str, Any]:
    task = clearance.task
    return {
        **holder(),
        "since": stamp(task.now, "milliseconds"),
        "plan": f"plan {task.saved.digest[:19]}",
        "accounts": [one.name for one in clearance.accounts],
    }


def _handed(clearance: Clearance, handed: Handover, who: Mapping[str, Any]) -> tuple[int, Agenda]:
    """A new run, whose lanes are handed over: its number, and what was judged for it."""
    task, known = clearance.task, clearance.known
    saved, journal = task.saved, known.journal
    resumed = journal.first_applied(saved.digest) is not None
    agenda = clearance.latest()
    keep_plan(task.site, journal, saved)
    given = signatures(task)  # all: a worker's checkout may ask for approvals where ours does not
    keep_signatures(task.site, journal, saved.digest, given)
    said = start_record(task, clearance.permit, resumed=resumed)
    run = journal.begin(saved.digest, "apply", json.dumps(who), clearance.permit.waived, said)
    journal.trace([known.scope(one) for one in task.losing])
    write_down(task, known, run, agenda, clearance.fresh)
    facts, bundles = clearance.fresh.facts, []
    lanes = by_lane(clearance.accounts)
    listed = records(clearance.fresh, {one: [m.name for m in lanes[one]] for one in lanes})
    for lane, members in lanes.items():
        names = tuple(one.name for one in members)
        work = Work(
            campaigns={n: one.campaigns or 0 for n, one in facts.accounts.items() if n in names},
            oldest={name: at for name, at in facts.oldest.items() if name in names},
            scopes={one.name: one.scope for one in members},
            signatures=given,
            requested_by=task.options.requested_by,
            untraced=tuple(name for name in clearance.untraced if name in names),
            resumed=resumed,
            max_wait=task.options.max_wait,
            first_run=task.options.first_run,
            override=task.options.override,
        )
        count = sum(agenda.accounts[name].working for name in names)
        left = b"".join(agenda.accounts[name].marks for name in sorted(names))
        # Made before the transaction: one that is silent meanwhile would be ended.
        packed = Spool()
        for part in work.packed(left, listed[lane]()):
            packed.write(part)
        bundles.append(Bundle(lane, names, count, packed.parts()))
    handed.hand(run, saved.digest, bundles)
    return run, agenda


def _fates(handed: Handover, lane: HandedLane, account: str) -> Iterator[tuple[Target, Fate]]:
    """What workers made of the targets of *lane* that are of *account*, in the plan's order."""
    parts = handed.fates(lane.number)
    assert parts is not None  # what was told stays
    for target, fate in fates_of(parts):
        if target.account == account:
            yield target, fate


def _left(agenda: Agenda, account: str, fate: Fate) -> Iterator[tuple[Target, Fate]]:
    return (
        (one.target, fate)
        for one in agenda.of(account)
        if one.fate_now is None and not one.in_doubt
    )


class _Following:
    """What the workers tell of a run, told on; the database may go away for a while."""

    def __init__(self, clearance: Clearance, run: int) -> None:
        self._task = clearance.task
        self._journal = clearance.known.journal
        self._run = run
        self._after = 0
        self._tended = time.monotonic()

    def to_the_end(self) -> list[HandedLane] | None:
        """The lanes at their end; None if the follower was told to stop: they go on without it."""
        lanes = self._patiently(self._lanes)
        total = sum(one.targets for one in lanes)
        now, listener = self._task.site.now, self._task.site.listener
        listener.event(Event(now(), "run-started", total=total, detail=self._task.saved.digest))
        stopped: list[bool] = []
        with self._task.stop.ends(lambda: stopped.append(True)):
            while True:
                ended = self._patiently(lambda: _handover(self._journal).ended(self._run))
                self._patiently(self._tell)
                listener.tick()
                if ended:
                    break
                if stopped:
                    return None
                self._tend()
                time.sleep(_POLL)
        lanes = self._patiently(self._lanes)
        self._patiently(lambda: _handover(self._journal).forget(self._run))
        listener.event(Event(now(), "run-ended", done=sum(one.done for one in lanes)))
        return lanes

    def _lanes(self) -> list[HandedLane]:
        return _handover(self._journal).lanes(run=self._run)

    def _tell(self) -> None:
        while lines := _handover(self._journal).told(self._run, self._after):
            for number, line in lines:
                self._after = number
                for event in from_kept(line):
                    self._task.site.listener.event(event)

    def _tend(self) -> None:
        """A lane whose job was lost with the last moments of a database gets another."""
        if time.monotonic() - self._tended < _AGAIN:
            return
        self._tended = time.monotonic()
        lanes = self._patiently(self._lanes)
        self._patiently(lambda: dispatched(self._task.site, self._task.project, lanes))

    def _patiently(self, work: Callable[[], T]) -> T:
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                return work()
            except ReconcilerError:
                if time.monotonic() > until:
                    raise
            time.sleep(1)
            try:
                self._journal.reopen()
            except ReconcilerError:
                continue

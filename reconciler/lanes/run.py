"""One run: every account's lane side by side, each within its limits, until nothing is left."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from msgspec import structs

from reconciler.driver import Session
from reconciler.driver.looks import can_look
from reconciler.lanes.halts import AccountStopped
from reconciler.lanes.journal import Journal, JournalFailed, Ledger
from reconciler.lanes.lane import Lane
from reconciler.lanes.line import Gate, Line
from reconciler.lanes.look import confirm, opening, settle
from reconciler.lanes.pace import Pace, slack
from reconciler.lanes.proxies import sender_through
from reconciler.lanes.send import Sender
from reconciler.lanes.session import open_session
from reconciler.lanes.work import (
    Fate,
    Job,
    Jobs,
    OpenAccount,
    Rules,
    RunContext,
    Witnesses,
)
from reconciler.model import Held, Limits, Outcome, Target
from reconciler.plan.alike import Alike

_LONGEST_PAUSE = 86400.0  # seconds: a pause in the journal from a clock gone wrong ends here
_ROUNDS = 8  # drain, confirm, settle: far more than any target can need
_AT_ONCE = 256  # jobs that are gone through before others get their turn
_PLAIN, _DOUBT, _LOOK, _GOING = range(4)  # the ways of a job to its request


@dataclass(slots=True)
class AccountWork:
    """Everything one account's lane needs. *secrets* are the values no text may show.

    *plain*: none of its jobs is in doubt, or to be looked at.
    """

    open: OpenAccount
    session: Session
    secrets: Sequence[str]
    jobs: Jobs
    witnesses: Witnesses
    rules: Rules
    plain: bool = False


def work_of(
    opened: OpenAccount, *, jobs: Jobs, witnesses: Witnesses, rules: Rules, plain: bool = False
) -> AccountWork:
    """The work of an account whose credentials are read."""
    session, secrets = open_session(opened)
    return AccountWork(opened, session, secrets, jobs, witnesses, rules, plain)


def strictest(limits: Sequence[Limits]) -> Limits:
    """What accounts that share a lane may do together."""
    slowest = min(limits, key=lambda one: one.requests / one.per)
    return Limits(slowest.requests, slowest.per, min(one.concurrency for one in limits))


@dataclass(frozen=True, slots=True)
class Worked:
    """The fate of each job of an account at the end of a run, in the jobs' order."""

    lane: Lane

    @property
    def reached(self) -> int:
        """How many of the jobs are more than `pending`."""
        return self.lane.fates.reached

    def __iter__(self) -> Iterator[Fate]:
        return (_fate(self.lane, place) for place in range(self.lane.total))


async def execute(
    works: Sequence[AccountWork],
    context: RunContext,
    ledgers: Mapping[str, Ledger],
    *,
    send: bool,
    sender: Callable[[AccountWork], Sender] | None = None,
) -> dict[Target, Fate]:
    """What became of each job's target, once every account has been worked; see `work_all`."""
    return by_target(works, await work_all(works, context, ledgers, send=send, sender=sender))


def by_target(works: Sequence[AccountWork], ends: Sequence[Worked]) -> dict[Target, Fate]:
    """The fate of each target of *works*, which are few."""
    return {
        job.target: fate
        for work, end in zip(works, ends, strict=True)
        for job, fate in zip(work.jobs, end, strict=True)
    }


async def work_all(
    works: Sequence[AccountWork],
    context: RunContext,
    ledgers: Mapping[str, Ledger],
    *,
    send: bool,
    sender: Callable[[AccountWork], Sender] | None = None,
) -> list[Worked]:
    """Work every account; returns what became of the jobs of each.

    *ledgers* are those of the lanes, just taken. *send* False: only look at what is in doubt
    (`settle`). A failure of ours stops every account, lets what is in flight finish, is written
    down as far as possible, and is then raised.
    """
    gates = gates_of([one.open for one in works], context, ledgers)
    lanes: list[Lane] = []
    for work in works:
        line = Line(
            context=context,
            gate=gates[work.open.lane],
            driver=work.open.driver,
            session=work.session,
            scope=work.open.scope,
            sender=sender(work) if sender else sender_of(work.open),
            secrets=work.secrets,
        )
        lanes.append(Lane(line, work.open.account.max_batch, total=len(work.jobs)))
    context.each_second += [lane.heed for lane in lanes]
    tasks = [
        asyncio.create_task(_guarded(lane, work, send=send))
        for lane, work in zip(lanes, works, strict=True)
    ]
    await asyncio.gather(*tasks)
    failures = [lane.failure for lane in lanes if lane.failure is not None]
    if failures:
        raise failures[0]
    return [Worked(lane) for lane in lanes]


async def _guarded(lane: Lane, work: AccountWork, *, send: bool) -> None:
    line = lane.line
    line.emit("account-started", total=lane.total, done=0)
    try:
        await _work(lane, work, send=send)
    except AccountStopped as stop:
        lane.stop(str(stop), stop.halt)
    except BaseException as error:
        lane.failed(error)
    finally:
        _write_down(lane)
        line.emit("account-done", done=lane.fates.reached, total=lane.total, detail=lane.stopped)


def _write_down(lane: Lane) -> None:
    """What is known and not yet durable; a journal that failed is never asked again."""
    try:
        if lane.failure is None:
            lane.flush()
    except Exception as error:  # this lane must not take the others' last seconds
        lane.fail(error)
    if lane.failure is not None and not isinstance(lane.failure, JournalFailed):
        lane.salvage()


async def _work(lane: Lane, work: AccountWork, *, send: bool) -> None:
    lane.line.gate.patient(lane.line.context)
    way = await _Way.of(lane, work)
    doubts = lane.in_doubt()
    if not send:
        await settle(lane, doubts, work.witnesses, work.rules)
        return
    if way.looks or doubts:
        looked = way.jobs(_LOOK)
        found = opening(lane, doubts, looked, way.looks, work.witnesses, work.rules)
        async for job in found:
            way.goes(job)
    cleared = [job for job in doubts if job.state.cleared and job.may_send]
    await lane.drain(chain(way.jobs(_PLAIN, _GOING), cleared))
    for _ in range(_ROUNDS):
        while lane.unconfirmed and not lane.barred:
            await confirm(lane, work.witnesses)
            await lane.go_on()
        if lane.barred or lane.line.context.stop.is_set():
            break
        open_ = lane.in_doubt()
        await settle(lane, open_, work.witnesses, work.rules)
        again = [job for job in open_ if job.state.cleared and job.may_send]
        if lane.halted or not again:
            break
        await lane.drain(again)


class _Way:
    """How far each job is on its way to a request: a byte for each, and what a look has kept."""

    def __init__(self, work: AccountWork) -> None:
        self._jobs = work.jobs
        self._ways = bytearray(len(work.jobs))
        self._copies: Alike[str] | None = None
        if work.open.account.keep_copy:
            self._copies = Alike(str.encode, bytes.decode, len(work.jobs))

    @classmethod
    async def of(cls, lane: Lane, work: AccountWork) -> "_Way":
        """Every job is gone through; the lane holds those in doubt from now on."""
        way, looks = cls(work), can_look(work.open.driver)
        if work.plain:
            return way
        for place, job in enumerate(work.jobs):
            if place % _AT_ONCE == 0:
                await asyncio.sleep(0)
            job.place = place
            if job.state.outcome is Outcome.IN_DOUBT:
                way._ways[place] = _DOUBT
                lane.doubts[place] = job
            elif job.look is not None and looks:
                way._ways[place] = _LOOK
        return way

    @property
    def looks(self) -> int:
        """How many are to be looked at first."""
        return self._ways.count(_LOOK)

    def goes(self, job: Job) -> None:
        """*job* may be sent: a look has shown it."""
        self._ways[job.place] = _GOING
        if self._copies is not None and job.state.copy is not None:
            self._copies[job.place] = job.state.copy

    def jobs(self, *ways: int) -> Iterator[Job]:
        """The jobs on one of *ways*, each as a look has left it."""
        for place, job in enumerate(self._jobs):
            if self._ways[place] not in ways:
                continue
            job.place = place
            if self._copies is not None and (copy := self._copies[place]) is not None:
                job.state = structs.replace(job.state, copy=copy)
            yield job


def _fate(lane: Lane, place: int) -> Fate:
    """What is told at the end of the run of the job at *place*."""
    job = lane.doubts.get(place)
    if job is not None and job.state.outcome is Outcome.IN_DOUBT:
        return Fate(Outcome.IN_DOUBT, job.state.detail)
    told = lane.fates.get(place)
    if told is not None and told.outcome is not Outcome.IN_DOUBT:
        return told
    if job is not None and job.state.cleared and job.withheld is not None:
        return job.withheld  # two looks have ended its doubt
    context = lane.line.context
    if lane.stopped is None and lane.shut is not None:
        return Fate(Outcome.PENDING, lane.shut, shut=True, held=Held.WINDOW)
    if lane.stopped is not None:
        return Fate(Outcome.PENDING, lane.stopped, held=Held.STOPPED)
    return Fate(Outcome.PENDING, "interrupted" if context.stop.is_set() else None)


def sender_of(opened: OpenAccount) -> Sender:
    """What sends for an account, as the project file says."""
    account, timeout = opened.account, opened.driver.timeout
    if account.timeout is not None:
        timeout = account.timeout.total_seconds()
    return sender_through(opened.proxy, opened.ca_file, timeout)


def by_lane(accounts: Sequence[OpenAccount]) -> dict[str, list[OpenAccount]]:
    """The accounts of each lane, in the lanes' order."""
    shared: dict[str, list[OpenAccount]] = {}
    for one in accounts:
        shared.setdefault(one.lane, []).append(one)
    return dict(sorted(shared.items()))


def take(accounts: Sequence[OpenAccount], journal: Journal, run: int) -> dict[str, Ledger]:
    """Take every lane over from whoever had it; what was under way there is in doubt from now."""
    ledgers = {}
    for lane, members in by_lane(accounts).items():
        limits = strictest([one.account.limits for one in members])
        scopes = sorted({one.scope for one in members})
        window = limits.per + slack(limits)
        ledgers[lane] = journal.take(lane, scopes, run, window)
    return ledgers


def gates_of(
    accounts: Sequence[OpenAccount], context: RunContext, ledgers: Mapping[str, Ledger]
) -> dict[str, Gate]:
    """A gate a lane, going on where its ledger ends."""
    gates = {}
    for lane, members in by_lane(accounts).items():
        limits = strictest([one.account.limits for one in members])
        pace = resumed(ledgers[lane], limits, context.wall())
        gates[lane] = Gate(lane, ledgers[lane].epoch, pace)
    return gates


def resumed(ledger: Ledger, limits: Limits, now: datetime) -> Pace:
    """A pace that goes on where *ledger* ends. A clock that jumped back only makes it wait."""
    loop = asyncio.get_running_loop().time()

    def moment(at: datetime) -> float:
        return loop - max(0.0, (now - at).total_seconds())

    pace = Pace(limits)
    pace.remember((moment(sent), moment(end or now)) for sent, end in ledger.recent)
    if ledger.paused_until is not None:
        left = (ledger.paused_until - now).total_seconds()
        pace.pause(loop + min(max(left, 0.0), max(ledger.pause, 0.0), _LONGEST_PAUSE))
    return pace


def summary(fates: Mapping[Target, Fate]) -> dict[str, int]:
    """How many targets ended in each outcome; every outcome is named."""
    counts = {outcome.value: 0 for outcome in Outcome}
    for fate in fates.values():
        counts[fate.outcome.value] += 1
    return counts

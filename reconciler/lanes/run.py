"""One run: every account's lane side by side, each within its limits, until nothing is left."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from reconciler.driver import Session
from reconciler.driver.looks import can_look
from reconciler.lanes.journal import Journal, JournalFailed, Ledger
from reconciler.lanes.lane import Lane
from reconciler.lanes.line import Gate, Line
from reconciler.lanes.look import confirm, opening, settle
from reconciler.lanes.pace import Pace, slack
from reconciler.lanes.proxies import sender_through
from reconciler.lanes.send import Sender
from reconciler.lanes.session import open_session
from reconciler.lanes.work import (
    AccountStopped,
    Fate,
    Job,
    OpenAccount,
    Rules,
    RunContext,
    Witnesses,
)
from reconciler.model import Limits, Outcome, Target

_LONGEST_PAUSE = 86400.0  # seconds: a pause in the journal from a clock gone wrong ends here
_ROUNDS = 8  # drain, confirm, settle: far more than any target can need


@dataclass(slots=True)
class AccountWork:
    """Everything one account's lane needs. *secrets* are the values no text may show."""

    open: OpenAccount
    session: Session
    secrets: Sequence[str]
    jobs: list[Job]
    witnesses: Witnesses
    rules: Rules


def work_of(
    opened: OpenAccount, *, jobs: list[Job], witnesses: Witnesses, rules: Rules
) -> AccountWork:
    """The work of an account whose credentials are read."""
    session, secrets = open_session(opened)
    return AccountWork(opened, session, secrets, jobs, witnesses, rules)


def strictest(limits: Sequence[Limits]) -> Limits:
    """What accounts that share a lane may do together."""
    slowest = min(limits, key=lambda one: one.requests / one.per)
    return Limits(slowest.requests, slowest.per, min(one.concurrency for one in limits))


async def execute(
    works: Sequence[AccountWork],
    context: RunContext,
    ledgers: Mapping[str, Ledger],
    *,
    send: bool,
    sender: Callable[[AccountWork], Sender] | None = None,
) -> dict[Target, Fate]:
    """Work every account; returns what became of each job's target.

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
        lanes.append(Lane(line, work.jobs, work.open.account.max_batch, total=len(work.jobs)))
    context.each_second += [lane.heed for lane in lanes]
    tasks = [
        asyncio.create_task(_guarded(lane, work, send=send))
        for lane, work in zip(lanes, works, strict=True)
    ]
    await asyncio.gather(*tasks)
    failures = [lane.failure for lane in lanes if lane.failure is not None]
    if failures:
        raise failures[0]
    fates: dict[Target, Fate] = {}
    for lane in lanes:
        fates |= {job.target: _fate(lane, job) for job in lane.jobs}
    return fates


async def _guarded(lane: Lane, work: AccountWork, *, send: bool) -> None:
    line = lane.line
    line.emit("account-started", total=lane.total, done=0)
    try:
        await _work(lane, work, send=send)
    except AccountStopped as stop:
        lane.stop(str(stop))
    except BaseException as error:
        lane.failed(error)
    finally:
        _write_down(lane)
        done = sum(fate.outcome is not Outcome.PENDING for fate in lane.fates.values())
        line.emit("account-done", done=done, total=lane.total, detail=lane.stopped)


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
    gate, most = lane.line.gate, lane.line.context.max_wait
    if (paused := gate.pace.paused_until - gate.now()) > most:
        lane.stop(f"the vendor asked to wait {paused:.0f} s more, which is over --max-wait")
        return
    doubts = [job for job in work.jobs if job.state.outcome is Outcome.IN_DOUBT]
    if not send:
        await settle(lane, doubts, work.witnesses, work.rules)
        return
    others = [job for job in work.jobs if job.state.outcome is not Outcome.IN_DOUBT]
    looked = [job for job in others if job.look is not None]
    plain = [job for job in others if job.look is None or not can_look(work.open.driver)]
    going = set()
    if looked or doubts:
        must = [job for job in looked if job not in plain]
        found = await opening(lane, doubts, must, work.witnesses, work.rules)
        going = {job.target for job in found}
    keep = {job.target for job in plain} | going
    queue = [job for job in others if job.target in keep]
    await lane.drain([*queue, *(job for job in doubts if job.state.cleared and job.may_send)])
    for _ in range(_ROUNDS):
        while lane.unconfirmed and not lane.barred:
            await confirm(lane, work.witnesses)
            await lane.go_on()
        if lane.barred or lane.line.context.stop.is_set():
            break
        open_ = [job for job in work.jobs if job.state.outcome is Outcome.IN_DOUBT]
        await settle(lane, open_, work.witnesses, work.rules)
        again = [job for job in open_ if job.state.cleared and job.may_send]
        if lane.halted or not again:
            break
        await lane.drain(again)


def _fate(lane: Lane, job: Job) -> Fate:
    """What is told of *job* at the end of the run."""
    state = job.state
    if state.outcome is Outcome.IN_DOUBT:
        return Fate(Outcome.IN_DOUBT, state.detail)
    told = lane.fates.get(job.target)
    if told is not None and told.outcome is not Outcome.IN_DOUBT:
        return told
    if state.cleared and job.withheld is not None:  # two looks have ended its doubt
        return job.withheld
    context = lane.line.context
    if lane.stopped is None and lane.shut is not None:
        return Fate(Outcome.PENDING, lane.shut, shut=True)
    return Fate(Outcome.PENDING, lane.stopped or ("interrupted" if context.stop.is_set() else None))


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

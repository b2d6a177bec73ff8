"""Drains one account: take, intend, send, settle. It knows no engine and no database.

    queue -> (pace says now) -> intent durable -> one send -> verdict -> outcome durable -> counted

Intents of requests that may leave at once share a commit with the outcomes that came before them.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from typing import Any

import msgspec

from reconciler.driver import (
    Absent,
    Answer,
    Deleted,
    Doubt,
    Item,
    Refused,
    Request,
    Split,
    Throttled,
    Unauthorised,
    Unconfirmed,
    Unproven,
    Verdict,
    growth,
)
from reconciler.errors import ReconcilerError
from reconciler.lanes.fates import Fates
from reconciler.lanes.halts import AccountStopped, Halt, whole
from reconciler.lanes.journal import Intent, JournalFailed, LaneLost, Result, Ruling, State
from reconciler.lanes.line import Line
from reconciler.lanes.pace import Breaker, jittered
from reconciler.lanes.trouble import ends_the_run, unexpected
from reconciler.lanes.wire import NoAnswer, NotSent, Unsendable, Wire, wire_request
from reconciler.lanes.work import Fate, Job
from reconciler.model import Held, Identity, Outcome, Target

UNCONFIRMED = "unconfirmed-404"
_SPLITS = 64  # extra requests a run that halving may cost (spec §4)
_LOOK_AFTER = 3  # unconfirmed answers before the scope itself is questioned
_UNCONFIRMED = 5_000  # of them before they are asked about, whatever is known of the scope
_WINDOW = 512  # jobs that are taken from those that wait at a time, where the driver lets us
_SHARE = 0.2  # seconds an outcome may wait for the next intents, to share their commit

Batch = tuple[Job, ...]


@dataclass(slots=True)
class _Sending:
    number: int
    batch: Batch
    request: Request
    wire: Wire = field(repr=False)
    tokens: int  # how many tokens the run had had when `wire` was made
    intended: float  # when its intent became durable, on the loop's clock


@dataclass(slots=True)
class Lane:
    """One account's work and what became of it, by the jobs' places.

    Of *total* jobs those are held that are about to be sent, in flight, or were ever in doubt
    (`doubts`). `fates` has every target told so far.
    """

    line: Line
    max_batch: int | None
    total: int = 0
    fates: Fates = field(init=False)
    doubts: dict[int, Job] = field(default_factory=dict)
    unconfirmed: list[Job] = field(default_factory=list)
    scope_proven: bool = False  # a look with a witness has shown that silence means something
    stopped: str | None = None
    shut: str | None = None  # why the window closed
    barred: bool = False  # the credentials are not accepted: looking is in vain too
    failure: BaseException | None = None
    _feed: Iterator[Batch] = field(default_factory=lambda: iter(()))
    _queue: deque[Batch] = field(default_factory=deque)
    _ready: deque[_Sending] = field(default_factory=deque)
    _results: list[Result] = field(default_factory=list)
    _known_since: float = 0.0  # when the oldest of the results not yet durable came
    _rulings: list[Ruling] = field(default_factory=list)
    _records: list[dict[str, Any]] = field(default_factory=list)
    _told: list[tuple[Job, Fate, str]] = field(default_factory=list)
    _breaker: Breaker = field(default_factory=Breaker)
    _retries: int = 0
    _splits: int = 0
    _most: int | None = None  # targets that the next request may take, where that grows
    _asking: bool = False  # drain must pause: the unconfirmed need a look
    _sends: set["asyncio.Task[Answer]"] = field(default_factory=set)
    _busy: int = 0  # requests under way, their answers not yet dealt with
    _ended: asyncio.Event = field(default_factory=asyncio.Event)  # one of them has ended

    def __post_init__(self) -> None:
        grows = self.line.driver.growth
        self._most = grows.first if grows is not None else None
        self.fates = Fates(self.total)

    # ---- the queue

    async def drain(self, jobs: Iterable[Job]) -> None:
        """Send for every job, until nothing is left, the account stops, or the run does.

        They are taken as their turn comes.
        """
        self._feed = chain(self._feed, self._batches(jobs))
        await self.go_on()

    def _batches(self, jobs: Iterable[Job]) -> Iterator[Batch]:
        """The requests of *jobs*; no more of them are held than the driver must see together."""
        held: dict[Target, Job] = {}

        def items() -> Iterator[Item]:
            for job in jobs:
                held[job.target] = job
                yield job.item

        driver, settings = self.line.driver, self.line.session.settings
        for batch in growth.batches(driver, settings, items(), self.max_batch, _WINDOW):
            yield tuple(held.pop(item.target) for item in batch)

    async def go_on(self) -> None:
        """Work the queue with as many runners as the limits allow at a time."""
        self._asking = False
        if self.halted or not self._waiting:
            return
        try:
            await self.line.login()
        except AccountStopped as stop:
            self.stop(str(stop), stop.halt)
            return
        runners = [
            asyncio.create_task(self._runner())
            for _ in range(self.line.gate.pace.limits.concurrency)
        ]
        watch = asyncio.create_task(self._cut_off(runners))
        try:
            await asyncio.wait(runners)
        finally:
            watch.cancel()
        if self.failure is not None:
            raise self.failure  # whether anything may still be written depends on what it is
        self._recall()
        self.flush()

    @property
    def halted(self) -> bool:
        """Whether no further request of this account may leave."""
        context = self.line.context
        return bool(self.stopped or self.failure or context.stop.is_set() or self.shut is not None)

    def stop(self, said: str, halt: Halt) -> None:
        """No further request of this account in this run, for what is *said*."""
        if self.stopped is None:
            self.stopped = why = whole(self.line.scrubbed(said), halt)
            self.line.gate.changed.set()
            self.line.emit("account-stopped", detail=why)

    def heed(self) -> None:
        """Stop, and look no more, if a person has ended the run here."""
        if self.failure is not None or self.barred:
            return
        try:
            said = self.line.heed()
        except JournalFailed as error:
            self.fail(error)
            return
        if said is not None:
            self.barred = True
            self.stop(said, Halt.PERSON)

    def failed(self, error: BaseException) -> None:
        """*error* ended the work: the journal's ends the run, any other this account's alone."""
        if ends_the_run(error):
            self.fail(error)
        else:
            said = str(error) if isinstance(error, ReconcilerError) else unexpected(error)
            self.stop(said, Halt.UNEXPECTED)

    def fail(self, error: BaseException) -> None:
        """The whole run ends; `go_on` and `execute` raise *error* once the others have stopped."""
        self.failure = self.failure or error
        self.line.context.stop.set()

    async def _runner(self) -> None:
        try:
            while not self.halted and not self._asking:
                if not self._waiting:
                    if not self._busy:
                        break
                    await self._until_one_ends()  # it may come back
                    continue
                if self._overdue():
                    self.flush()
                await self.line.login()
                if not await self.line.gate.open(self.line.context, self._pointless):
                    continue
                sending = self._next()
                if sending is None:
                    break
                if self.line.gate.pace.wait(self.line.gate.now()) > 0:
                    self._ready.appendleft(sending)
                    await asyncio.sleep(0)
                    continue
                self.line.gate.leave()
                self._busy += 1
                try:
                    await self._perform(sending)
                finally:
                    self._busy -= 1
                    self._ended.set()
            if self.failure is None:
                self.flush()  # no intents will come to share a commit with
        except AccountStopped as stop:
            self.stop(str(stop), stop.halt)
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            self.failed(error)

    @property
    def _waiting(self) -> bool:
        """Whether anything is there to be sent."""
        return bool(self._ready or self._filled())

    def _filled(self) -> bool:
        """Whether a batch is queued: the next one is taken where none is."""
        if not self._queue and (batch := next(self._feed, None)) is not None:
            self._queue.append(batch)
        return bool(self._queue)

    def _pointless(self) -> bool:
        """Whether no runner need wait for its turn: a last wait would only be in vain."""
        return self.halted or self._asking or not self._waiting

    async def _until_one_ends(self) -> None:
        self.flush()
        self._ended.clear()
        await self._ended.wait()

    def _overdue(self) -> bool:
        """Whether outcomes must not wait for the next intents: those come late, or are awaited."""
        if not self._results:
            return False
        now = self.line.gate.now()
        return now - self._known_since > _SHARE or self.line.gate.pace.wait(now) > _SHARE

    def _know(self, result: Result) -> None:
        """*result* is durable with the next commit."""
        if not self._results:
            self._known_since = self.line.gate.now()
        self._results.append(result)

    async def _cut_off(self, runners: Sequence["asyncio.Task[None]"]) -> None:
        """After a signal: what is in flight gets a few seconds, then it is in doubt."""
        await self.line.context.stop.wait()
        if self._sends:
            drain = self.line.context.drain
            said = f"stopping; {len(self._sends)} requests in flight have {drain:g} s to end"
            self.line.emit("account-stopped", detail=said)
        await asyncio.wait(runners, timeout=self.line.context.drain)
        for task in tuple(self._sends):
            task.cancel()

    def _next(self) -> _Sending | None:
        """The next request whose intent is durable; commits intents when there is none."""
        if self._ready:
            return self._ready.popleft()
        self.shut = self.line.context.closed(self.line.account)
        if self.shut is not None:
            self.line.emit("account-stopped", detail=self.shut)
            return None
        batches: list[Batch] = []
        requests: list[tuple[Request, Wire]] = []
        intents: list[Intent] = []
        while len(batches) < self.line.gate.burst and self._filled():
            batch = self._portion(self._queue.popleft())
            made = self._request(batch)
            if made is None:
                continue
            request = made[0]
            batches.append(batch)
            requests.append(made)
            intents.append(
                Intent(
                    self.line.account,
                    self.line.scope,
                    "delete",
                    request.method,
                    request.shown_url,
                    tuple(self._identity(job) for job in batch),
                    tuple(job.asked for job in batch),
                )
            )
        numbers = self.flush(intents) if intents else []
        now = self.line.gate.now()
        for number, batch, made in zip(numbers, batches, requests, strict=True):
            self._ready.append(_Sending(number, batch, *made, self.line.tokens, now))
        return self._ready.popleft() if self._ready else None

    def _portion(self, batch: Batch) -> Batch:
        """As much of *batch* as a request may take by now; the rest goes on waiting."""
        most = self._most
        if most is None or len(batch) <= most:
            return batch
        driver, settings = self.line.driver, self.line.session.settings
        jobs = {job.target: job for job in batch}
        items = tuple(job.item for job in batch)
        first, rest = growth.portion(driver.batches, settings, items, most)
        for one in reversed(rest):
            self._queue.appendleft(tuple(jobs[item.target] for item in one))
        return tuple(jobs[item.target] for item in first)

    def _grow(self, began: float, *, deleted: bool) -> None:
        """Another size for the next request, where the vendor answers only once it is done."""
        grows, most = self.line.driver.growth, self._most
        if grows is not None and most is not None:
            self._most = grows.after(most, self.line.gate.now() - began, deleted=deleted)

    def _request(self, batch: Batch) -> tuple[Request, Wire] | None:
        items = tuple(job.item for job in batch)
        request = self.line.driver.delete(self.line.session, items)
        try:
            return request, wire_request(request)
        except Unsendable as error:
            for job in batch:
                self.tell(job, Fate(Outcome.REFUSED, str(error)))
            return None

    def _recall(self) -> None:
        """Take back intents that were never sent."""
        while self._ready:
            sending = self._ready.pop()
            self._know(Result(sending.number, None, "recalled", None, sent=False))
            self._queue.appendleft(sending.batch)

    # ---- one request

    async def _perform(self, sending: _Sending) -> None:
        """Send it, and make what is to be made of its answer; no trouble loses what is known."""
        self.line.emit("request", request=sending.number, total=len(sending.batch))
        try:
            await self._exchange(sending)
        except ReconcilerError:
            raise
        except Exception as error:
            self._lost(sending, unexpected(error))

    async def _exchange(self, sending: _Sending) -> None:
        used, began = self.line.tokens, self.line.gate.now()
        wire = sending.wire if sending.tokens == used else None  # else it has an old token
        sent = self.line.send(sending.request, sending.intended, wire, lambda: self.halted)
        task = asyncio.create_task(sent)
        self._sends.add(task)
        try:
            answer = await task
        except NotSent as error:
            if self.halted:
                self._ready.append(sending)  # recalled with the others, once all have ended
            else:
                self._not_sent(sending, str(error), began)
            return
        except (NoAnswer, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and not task.cancelled():
                raise
            said = str(error) or "interrupted before an answer came"
            status = error.status if isinstance(error, NoAnswer) else None
            self._came(Result(sending.number, status, "no-answer", said), began)
            self._grow(began, deleted=False)
            self._verdict(sending, Doubt(said), None)
            return
        finally:
            self._sends.discard(task)
        verdict = self._judged(sending, answer)
        self._grow(began, deleted=isinstance(verdict, Deleted))
        said = type(verdict).__name__.lower()
        self._came(self.line.result(sending.number, answer, said, verdict.detail), began)
        if isinstance(verdict, Unauthorised) and verdict.renew:
            await self._renewed(sending, verdict, used)
        elif isinstance(verdict, Split) and verdict.sift and await self._sifted(sending.batch):
            self._breaker.succeeded()
            self.line.untroubled()
        else:
            self._verdict(sending, verdict, answer)

    def _came(self, result: Result, began: float) -> None:
        """A request that began then, by the gate's clock, is over."""
        self._know(result)
        self.line.emit(
            "answer",
            request=result.number,
            status=result.status,
            detail=result.verdict,
            seconds=round(self.line.gate.now() - began, 3),
        )

    def _judged(self, sending: _Sending, answer: Answer) -> Verdict:
        """What *answer* means; in doubt where the driver fails to say."""
        items = tuple(job.item for job in sending.batch)
        try:
            return self.line.driver.judge(self.line.session, items, answer)
        except AccountStopped as stop:
            self.stop(str(stop), stop.halt)
            return Doubt(str(stop))

    def _lost(self, sending: _Sending, said: str) -> None:
        """It may have left, and trouble of ours hides what came of it: in doubt, and no more."""
        if all(one.number != sending.number for one in self._results):
            self._know(Result(sending.number, None, "failed", said))
        told = {job.place for job, *_ in self._told}
        untold = tuple(job for job in sending.batch if job.place not in told)
        self._all(untold, Fate(Outcome.IN_DOUBT, said), sent=True, doubt=True)
        self.stop(said, Halt.UNEXPECTED)

    def _not_sent(self, sending: _Sending, said: str, began: float) -> None:
        self._came(Result(sending.number, None, "not-sent", said, sent=False), began)
        self._queue.appendleft(sending.batch)
        if self.line.holding:
            return  # it left together with one that has been counted
        self._retries += 1
        if self._breaker.failed() or self._retries > 20 + self.total // 10:
            self.stop(f"the vendor could not be reached: {said}", Halt.UNREACHABLE)
            return
        chance = self.line.context.chance()
        self.line.hold(jittered(self._breaker.row, chance), f"not reached: {said}")
        self._recall()

    async def _renewed(self, sending: _Sending, verdict: Unauthorised, used: int) -> None:
        """The token was refused, so nothing happened: a new one, then the same targets again."""
        try:
            await self.line.renew(verdict, used)
        except AccountStopped:
            if self.line.context.stop.is_set():
                self._queue.appendleft(sending.batch)
                raise
            said = self.line.scrubbed(verdict.detail)
            self._all(sending.batch, Fate(Outcome.REFUSED, said, "answer"), sent=True)
            self.barred = True
            raise
        self._queue.appendleft(sending.batch)

    def _verdict(self, sending: _Sending, verdict: Verdict, answer: Answer | None) -> None:
        batch = sending.batch
        detail = self.line.scrubbed(verdict.detail) if verdict.detail else None
        if not isinstance(verdict, Doubt | Throttled):
            self._breaker.succeeded()
            self.line.untroubled()
        match verdict:
            case Deleted():
                self._all(batch, Fate(Outcome.DELETED, detail, "answer"), sent=True)
            case Absent() if len(batch) == 1:
                self._all(batch, Fate(Outcome.ALREADY_ABSENT, detail, "answer"), sent=True)
            case Refused():
                self._all(batch, Fate(Outcome.REFUSED, detail, "answer"), sent=True)
            case Unconfirmed(known=True) if len(batch) == 1:
                self._told_unknown(batch, detail)
            case Unconfirmed() | Absent():  # of several, nobody knows which one is meant
                self._unconfirmed(batch)
            case Throttled():
                self._queue.appendleft(batch)
                assert answer is not None
                self.line.throttled(msgspec.structs.replace(verdict, detail=detail or ""), answer)
                self._recall()
            case Unauthorised():
                self._all(batch, Fate(Outcome.REFUSED, detail, "answer"), sent=True)
                self.barred = True
                said = f"the vendor does not accept the credentials: {detail}"
                self.stop(said, Halt.CREDENTIALS)
            case Split():
                self._split(batch, detail or "")
            case Unproven():  # a doubt until a look, but nothing that the account could mend
                self._all(batch, Fate(Outcome.IN_DOUBT, detail), sent=True, doubt=True)
            case Doubt():
                self._all(batch, Fate(Outcome.IN_DOUBT, detail), sent=True, doubt=True)
                if self._breaker.failed():
                    said = f"{self._breaker.row} doubtful answers in a row: {detail}"
                    self.stop(said, Halt.DOUBTS)

    async def _sifted(self, batch: Batch) -> bool:
        """Whether the vendor tells what it refused a request for: then that alone is refused.

        Without a target that it knows, what it does not know means nothing.
        """
        driver = self.line.driver
        if driver.sift is None or len(batch) == 1:
            return False
        self.flush()  # that nothing changed is known for good, whatever comes now
        found = await self.line.aside(
            driver.sift(self.line.session, tuple(job.item for job in batch)), driver.sift_apart
        )
        named = set() if found is None else {item.target for item in found.unknown}
        unknown = tuple(job for job in batch if job.target in named)
        if found is None or not 0 < len(unknown) < len(batch):
            return False
        self._all(unknown, Fate(Outcome.REFUSED, found.why, "answer"), sent=True)
        self._queue.appendleft(tuple(job for job in batch if job.target not in named))
        return True

    def _split(self, batch: Batch, detail: str) -> None:
        """The request was refused as a whole: ask by halves, each with its own intent."""
        if len(batch) == 1 or self._splits + 2 > _SPLITS:
            self._all(batch, Fate(Outcome.REFUSED, detail, "answer"), sent=True)
            return
        self._splits += 2
        jobs = {job.target: job for job in batch}
        halves = self.line.driver.split(tuple(job.item for job in batch))
        for half in reversed(halves):
            self._queue.appendleft(tuple(jobs[item.target] for item in half))

    def _told_unknown(self, batch: Batch, detail: str | None) -> None:
        """It is gone, or never was: after a doubtful request of our own, that one did it."""
        for job in batch:
            if job.state.doubts > 0:
                self.tell(job, Fate(Outcome.ALREADY_ABSENT, detail, "answer"), sent=True)
            else:
                said = f"unconfirmed: {detail}"
                fate = Fate(Outcome.REFUSED, said, "answer", held=Held.UNCONFIRMED)
                self.tell(job, fate, sent=True)

    def _unconfirmed(self, batch: Batch) -> None:
        """It may be gone, or the address may be wrong. Until a look says more: not deleted."""
        for job in batch:
            doubtful = job.state.doubts > 0
            fate = Fate(Outcome.REFUSED, UNCONFIRMED, "answer", held=Held.UNCONFIRMED)
            if doubtful:
                fate = Fate(Outcome.IN_DOUBT, UNCONFIRMED, held=Held.UNCONFIRMED)
            self.tell(job, fate, sent=True, doubt=doubtful)
            self.unconfirmed.append(job)
        most = _UNCONFIRMED if self.scope_proven else _LOOK_AFTER
        if len(self.unconfirmed) >= most:
            self._asking = True

    # ---- outcomes

    def _all(self, batch: Batch, fate: Fate, *, sent: bool = False, doubt: bool = False) -> None:
        """*fate* of each of *batch*: what nearly all have in common is made once."""
        fate, now = self._scrubbed(fate), self.line.context.wall()
        last: tuple[Job, State] | None = None
        for job in batch:
            if last is None or not _alike(job, *last):
                last = job, job.state
                changes = self._changes(job, fate, now, sent=sent, doubt=doubt)
                after = msgspec.structs.replace(job.state, **changes)
            self._tell(job, fate, changes, after)

    def tell(
        self,
        job: Job,
        fate: Fate,
        *,
        sent: bool = False,
        doubt: bool = False,
        **more: Any,
    ) -> None:
        """*fate* of *job*: durable with the next commit, counted only then."""
        fate, now = self._scrubbed(fate), self.line.context.wall()
        changes = {**self._changes(job, fate, now, sent=sent, doubt=doubt), **more}
        self._tell(job, fate, changes, msgspec.structs.replace(job.state, **changes))

    def _scrubbed(self, fate: Fate) -> Fate:
        return replace(fate, detail=self.line.scrubbed(fate.detail)) if fate.detail else fate

    def _changes(
        self, job: Job, fate: Fate, now: datetime, *, sent: bool, doubt: bool
    ) -> dict[str, Any]:
        """What *fate* makes of the state of *job*."""
        state = job.state
        changes: dict[str, Any] = {
            "outcome": fate.outcome,
            "detail": fate.detail,
            "evidence": fate.evidence,
            "at": now,
            "plan": self.line.context.plan or state.plan,
            "asked": job.asked,
            "inventory": job.inventory,
            "copy": state.copy,
        }
        if sent:
            changes["sends"] = state.sends + 1
        if doubt:
            changes |= {
                "doubts": state.doubts + 1,
                "last_byte_at": now,
                "seen_at": None,
                "cleared": False,
            }
        return changes

    def _tell(self, job: Job, fate: Fate, changes: dict[str, Any], after: State) -> None:
        self._rule(job, changes, after)
        record = self._record(job, fate)
        self._records.append(record)
        self._told.append((job, fate, record["target"]))

    def note(self, job: Job, **changes: Any) -> None:
        """Change what the journal knows of *job* without telling an outcome."""
        self._rule(job, changes, msgspec.structs.replace(job.state, **changes))

    def _rule(self, job: Job, changes: dict[str, Any], after: State) -> None:
        self._rulings.append(Ruling(self._identity(job), self.line.account, changes))
        job.state = after
        if after.outcome is Outcome.IN_DOUBT:
            self.doubts[job.place] = job

    def in_doubt(self) -> list[Job]:
        """The jobs whose targets are in doubt by now, in the order of their places."""
        doubts = (self.doubts[place] for place in sorted(self.doubts))
        return [job for job in doubts if job.state.outcome is Outcome.IN_DOUBT]

    def _identity(self, job: Job) -> Identity:
        return Identity(self.line.scope, job.target.id, job.target.part)

    def _record(self, job: Job, fate: Fate) -> dict[str, Any]:
        return {
            "type": "target",
            "plan": self.line.context.plan or job.state.plan or "",
            "target": str(job.target),
            "account": job.target.account,
            "scope": self.line.scope,
            "id": job.target.id,
            "part": job.target.part,
            "outcome": fate.outcome.value,
            "detail": fate.detail,
            "evidence": fate.evidence,
            "copy": job.state.copy,
            **job.facts(),
        }

    def flush(self, intents: Sequence[Intent] = ()) -> list[int]:
        """One durable commit of everything known, with *intents*; then it is told."""
        if not (intents or self._results or self._rulings):
            return []
        try:
            numbers = self.line.save(
                results=self._results,
                rulings=self._rulings,
                intents=intents,
                audit=self._records,
            )
        except (LaneLost, AccountStopped):
            self._count()  # only the intents were turned away
            raise
        self._count()
        if intents:
            self._log(numbers)
        return numbers

    def _log(self, numbers: Sequence[int]) -> None:
        """The audit log has an intent before its request leaves: no journal put back hides it."""
        try:
            self.line.context.log()
        except ReconcilerError:
            for number in numbers:
                self._know(Result(number, None, "recalled", None, sent=False))
            raise

    def _count(self) -> None:
        """What was just written is durable: now it counts, and is told."""
        told, self._told = self._told, []
        self._results, self._rulings, self._records = [], [], []
        now = self.line.context.wall()
        for job, fate, name in told:
            self.fates.put(job.place, fate)
            self.line.outcome(now, name, fate, done=self.fates.told, total=self.total)

    def salvage(self) -> None:
        """Write down what is still known after a failure that was not the journal's own."""
        with suppress(ReconcilerError):  # the first failure is the one that is told
            self._recall()
            self.flush()


def _alike(job: Job, other: Job, state: State) -> bool:
    """Whether an outcome says the same of *job* as of *other*, which was in *state*."""
    return (
        job.state is state
        and (job.asked is other.asked or job.asked == other.asked)
        and (job.inventory is other.inventory or job.inventory == other.inventory)
    )

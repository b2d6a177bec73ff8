"""One account's line to its vendor: paced, journaled, with its token; it knows no outcomes."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf
from typing import Any

import msgspec

from reconciler.driver import (
    Answer,
    Driver,
    Flow,
    Request,
    Secret,
    Session,
    Throttled,
    Token,
    Unauthorised,
    secrets_in,
)
from reconciler.events import Event
from reconciler.lanes import rim
from reconciler.lanes.driving import tamed
from reconciler.lanes.halts import AccountStopped, Halt
from reconciler.lanes.journal import Intent, LaneLost, Result, Ruling, StopOrdered
from reconciler.lanes.pace import LONGEST, Breaker, Pace, jittered, retry_after, throttle_wait
from reconciler.lanes.scrub import scrubbed
from reconciler.lanes.send import Sender
from reconciler.lanes.wire import NoAnswer, NotSent, Wire
from reconciler.lanes.work import Fate, RunContext

_READ_TRIES = 4
_UNREAD = 3  # reads in a row that no try has had answered, before the account stops
_THROTTLES = 12  # "not now" in a row, without one yes between, before the account stops
_LONGEST_PAUSE = 86400.0  # seconds: a Retry-After beyond any sense bars nobody for ever
_PASSING = 32  # secrets made for single requests that are kept in mind
_RENEWALS = 3  # new tokens a run: another process that logs us out is survived, not fought
_WORN = 0.9  # of the time that a token lives
_FRESH = 1.0  # seconds after its commit in which an intent cannot have been taken away
_READ = 2048  # characters of a foreign text that are looked at; more is never shown
_SHOWN = 500  # of them, once the secrets are out: what a detail may have
_ID = 200
_VENDOR_IDS = ("x-request-id", "x-amzn-requestid", "request-id", "x-correlation-id", "cf-ray")


def _never() -> bool:
    return False


@dataclass(slots=True)
class Gate:
    """A lane's pace, waited for. Accounts that share a vendor's limit share one gate."""

    lane: str
    epoch: int
    pace: Pace
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    @property
    def burst(self) -> int:
        """How many requests the limits let leave at once: their intents may share a commit."""
        fits = int(0.02 / self.pace.interval) if self.pace.interval > 0 else 1
        return max(1, min(self.pace.limits.concurrency, fits))

    async def open(self, context: RunContext, pointless: Callable[[], bool] | None = None) -> bool:
        """Wait until a request may leave; False when the run stops first.

        False as well once there is nothing that it would be for: *pointless* is asked whenever
        `changed` is set. `AccountStopped` as `patient` says.
        """
        while not context.stop.is_set() and not (pointless is not None and pointless()):
            self.patient(context)
            wait = self.pace.wait(self.now())
            if wait == 0:
                return True
            if pointless is None and wait < 3600 and not self.pace.flying:
                await context.nap(wait)
            else:
                await self._until_changed(context, wait)
        return False

    def patient(self, context: RunContext) -> None:
        """`AccountStopped` if the vendor has asked for a longer wait than this run takes.

        Another run may have been asked, or another account that shares the vendor's limit.
        """
        wait = self.pace.paused_until - self.now()
        if wait > max(context.max_wait, LONGEST):
            said = f"the vendor asked to wait {wait:.0f} s more, which is over --max-wait"
            raise AccountStopped(said, Halt.WAIT)

    async def _until_changed(self, context: RunContext, wait: float) -> None:
        self.changed.clear()
        waiters = [
            asyncio.ensure_future(self.changed.wait()),
            asyncio.ensure_future(context.stop.wait()),
        ]
        try:
            await asyncio.wait(
                waiters,
                timeout=None if wait == float("inf") else wait,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            for waiter in waiters:
                waiter.cancel()

    def leave(self) -> None:
        self.pace.leave(self.now())

    def land(self, *, sent: bool = True) -> None:
        self.pace.land(self.now(), sent=sent)
        self.changed.set()


class Line:
    """Sends one account's requests. *secrets* are the values that no shown text may hold.

    *tries*: how often a read is asked until it is answered.
    """

    def __init__(
        self,
        *,
        context: RunContext,
        gate: Gate,
        driver: Driver,
        session: Session,
        scope: str,
        sender: Sender,
        secrets: Sequence[str],
        tries: int = _READ_TRIES,
    ) -> None:
        self.context = context
        self._tries = tries
        self._unread = Breaker(limit=_UNREAD)
        self.gate = gate
        self.driver = tamed(driver)
        self.account = session.account
        self.scope = scope
        self.session = msgspec.structs.replace(session, token=Secret(self._token_text))
        self._sender = sender
        self._secrets = [secret for secret in secrets if secret]
        self._passing: deque[str] = deque(maxlen=_PASSING)  # what the newest requests carried
        self._token: str | None = None
        self.tokens = 0  # how many this run has had: says which one a request left with
        self._worn = inf  # when the token should be replaced, on the loop's clock
        self._renewals = 0
        self._accepted = False  # whether the vendor has taken the newest token yet
        self._login = asyncio.Lock()
        self._throttled = 0
        self._paused_until = 0.0
        self._ended: str | None = None  # why a person has ended the run here
        self._over = asyncio.Event()
        self.trouble: str | None = None  # why the newest read got no answer, if it got none

    # ---- journal

    def save(
        self,
        *,
        results: Sequence[Result] = (),
        rulings: Sequence[Ruling] = (),
        intents: Sequence[Intent] = (),
        audit: Sequence[Mapping[str, Any]] = (),
    ) -> list[int]:
        """One durable commit on this lane; `AccountStopped` if a person has ended the run here."""
        try:
            return self.context.journal.commit(
                self.gate.lane,
                self.gate.epoch,
                self.context.run,
                results=results,
                rulings=rulings,
                intents=intents,
                audit=audit,
            )
        except StopOrdered as order:
            self.end(str(order))
            raise AccountStopped(str(order), Halt.PERSON) from order

    # ---- ended by a person

    def heed(self) -> str | None:
        """Why a person has ended the run here, if one has: then nobody waits for a turn any more.

        What is in flight ends as it would.
        """
        said = self.context.journal.stop_ordered(self.context.run, self.scope)
        if said is not None:
            self.end(said)
        return said

    def end(self, why: str) -> None:
        """No further request leaves, because of *why*; whoever waits to send one is woken."""
        self._ended = self._ended or why
        self._over.set()
        self.gate.changed.set()

    async def nap(self, seconds: float) -> bool:
        """Sleep, unless the run ends; True if it slept to the end."""
        return await self.context.nap(seconds, self._over)

    def _interrupted(self) -> AccountStopped:
        return (
            AccountStopped(self._ended, Halt.PERSON)
            if self._ended
            else AccountStopped("interrupted", Halt.INTERRUPTED)
        )

    # ---- sending

    async def send(
        self,
        request: Request,
        intended: float | None = None,
        wire: Wire | None = None,
        halted: Callable[[], bool] = _never,
    ) -> Answer:
        """One exchange, its slot already taken with `gate.leave`; gives the slot back.

        *halted*: whether it must not leave any more; asked just before it does. *intended*: when
        its intent became durable. `LaneLost` if that is so long ago that somebody
        may have taken the lane since (this process was stopped, or the machine was), and has.
        """
        landed = False

        def land(*, sent: bool = True) -> None:
            nonlocal landed
            if not landed:
                landed = True
                self.gate.land(sent=sent)

        def leaves() -> None:
            if self.context.stop.is_set() or halted():
                raise NotSent("the run was told to stop")
            if intended is not None and self.gate.now() - intended > _FRESH and not self._mine():
                raise LaneLost(f"another run has taken {self.gate.lane}; nothing was sent")

        try:
            self._learn(request)
            return await self._sender.send(request, leaves, land, wire)
        except NotSent as error:
            land(sent=False)
            raise NotSent(self.scrubbed(str(error))) from error
        except NoAnswer as error:
            raise NoAnswer(self.scrubbed(str(error)), error.status) from error
        finally:
            land()

    def _mine(self) -> bool:
        return self.context.journal.holds(self.gate.lane, self.gate.epoch)

    async def _unless_stopped(self, exchange: Coroutine[Any, Any, Answer]) -> Answer:
        """A read is left where it is when the run must stop: it changes nothing."""
        task = asyncio.ensure_future(exchange)
        stop = asyncio.ensure_future(self.context.stop.wait())
        try:
            await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                task.cancel()
                await asyncio.wait({task})
            if task.cancelled():
                raise NoAnswer("interrupted")
            return task.result()
        finally:
            stop.cancel()
            task.cancel()

    async def read(self, flow: Flow, kind: str, tape: list[Answer] | None = None) -> Any:
        """Run a reading *flow* to its end; every request of it is paced and journaled.

        What it shows comes without our secrets. *tape*: takes every answer that the flow gets.
        """
        try:
            request = next(flow)
            while True:
                answer = await self._answer(request, kind)
                if tape is not None:
                    tape.append(answer)
                request = flow.send(answer)
        except StopIteration as end:
            return await self.clean(end.value)

    async def clean(self, shown: Any) -> Any:
        """What a reading flow returned, without our secrets."""
        return await rim.clean(shown, self.hidden, by_name=self.driver.by_name)

    async def _answer(self, request: Request, kind: str) -> Answer:
        """A read may be repeated: it changes nothing. "Not now" is no failure of it."""
        failed = 0
        self.trouble = None
        while True:
            await self.login()
            if not await self.gate.open(self.context, self._over.is_set):
                raise self._interrupted()
            (number,) = self.save(
                intents=[Intent(self.account, self.scope, kind, request.method, request.shown_url)]
            )
            self.gate.leave()
            used = self.tokens
            answer = Answer(0, {}, b"")
            try:
                answer = await self._unless_stopped(self.send(request))
            except (NotSent, NoAnswer) as error:
                self.trouble = str(error)
                sent = isinstance(error, NoAnswer)
                status = error.status if isinstance(error, NoAnswer) else None
                self.save(results=[Result(number, status, "no-answer", str(error), sent=sent)])
            else:
                self.trouble = None
                said = "unread"
                try:
                    verdict = self.driver.gate(answer)
                    said = type(verdict).__name__.lower() if verdict else "read"
                finally:
                    self.save(results=[self.result(number, answer, said, None)])
                if verdict is None and answer.status < 500:
                    self.untroubled()
                    self._unread.succeeded()
                    return answer
                if isinstance(verdict, Throttled):
                    self.throttled(verdict, answer)
                    continue
                if isinstance(verdict, Unauthorised):
                    await self.renew(verdict, used)
                    continue
            failed += 1
            if failed == self._tries:
                if self._unread.failed():
                    raise self._unanswered(answer)
                return answer
            wait = jittered(failed, self.context.chance())
            until = self.context.wall() + timedelta(seconds=wait)
            why = self.trouble or f"HTTP {answer.status}"
            self.emit("wait", until=until, seconds=wait, detail=f"a look had no answer: {why}")
            if not await self.nap(wait):
                raise self._interrupted()

    def _unanswered(self, answer: Answer) -> AccountStopped:
        why = self.trouble or f"HTTP {answer.status}"
        halt = Halt.UNREACHABLE if self.trouble else Halt.DOUBTS
        return AccountStopped(f"{self._unread.row} looks in a row had no answer: {why}", halt)

    def result(self, number: int, answer: Answer, verdict: str, detail: str | None) -> Result:
        """What the journal keeps of *answer*: never its body."""
        vendor = next((answer.headers[k] for k in _VENDOR_IDS if k in answer.headers), None)
        return Result(
            number=number,
            status=answer.status,
            verdict=verdict,
            detail=self.scrubbed(detail) if detail else None,
            vendor_id=self.scrubbed(vendor)[:_ID] if vendor else None,
        )

    # ---- not now

    def throttled(self, verdict: Throttled, answer: Answer) -> None:
        """The vendor said "not now": the whole lane waits, and longer each time in a row."""
        now = self.gate.now()
        if now >= self._paused_until:
            self._throttled += 1
        if self._throttled > _THROTTLES:
            raise AccountStopped(
                f"throttled {_THROTTLES} times in a row: {verdict.detail}", Halt.THROTTLED
            )
        asked = retry_after(answer.headers.get("retry-after"), self.context.wall())
        chance = self.context.chance()
        wait = throttle_wait(self._throttled - 1, verdict.wait, asked, chance)
        if wait > self.context.max_wait:
            self._pause(min(wait, _LONGEST_PAUSE))
            raise AccountStopped(
                f"throttled, and asked to wait {wait:.0f} s, which is over --max-wait", Halt.WAIT
            )
        self.hold(wait, verdict.detail)

    def untroubled(self) -> None:
        """A clean answer: the row of throttles is over, and the token is a good one."""
        self._throttled = 0
        self._accepted = True

    @property
    def holding(self) -> bool:
        """Whether a `hold` is under way."""
        return self.gate.now() < self._paused_until

    def hold(self, seconds: float, why: str) -> None:
        """Nothing of this lane leaves for *seconds*, whoever owns it."""
        until = self._pause(seconds)
        self.emit("wait", until=until, seconds=seconds, detail=why)

    def _pause(self, seconds: float) -> datetime:
        """Until when the lane is paused now: an earlier, longer pause stays."""
        now = self.gate.now()
        self._paused_until = max(self._paused_until, now + seconds)
        self.gate.pace.pause(self._paused_until)
        until = self.context.wall() + timedelta(seconds=self.gate.pace.paused_until - now)
        if seconds >= 1:
            self.context.journal.pause(self.gate.lane, until)
        return until

    # ---- credentials

    async def login(self) -> None:
        """Get the token, if this vendor has one and there is none that lives on. Single-flight."""
        if self.driver.authenticate is None:
            return
        async with self._login:
            if self._token is None or self.gate.now() >= self._worn:
                await self._authenticate()

    async def renew(self, verdict: Unauthorised, used: int) -> None:
        """One new token where that may help; else the account stops.

        *used*: what `tokens` was when the request left.
        """
        if not verdict.renew or self.driver.authenticate is None:
            raise AccountStopped(
                f"the vendor does not accept the credentials: {verdict.detail}", Halt.CREDENTIALS
            )
        async with self._login:
            if self.tokens != used:
                return  # somebody else of this run has just renewed it
            if self._renewals >= _RENEWALS or (self._renewals and not self._accepted):
                raise AccountStopped(
                    f"the token was refused again right after a new one ({verdict.detail}); "
                    "is another process using this account?",
                    Halt.SHARED_TOKEN,
                )
            self._renewals += 1
            await self._authenticate()

    async def _authenticate(self) -> None:
        assert self.driver.authenticate is not None
        flow = self.driver.authenticate(self.session)
        try:
            request = next(flow)
            while True:
                request = flow.send(await self._unpaced(request))
        except StopIteration as end:
            match end.value:
                case Token(secret=secret, lives=lives):
                    self._token = secret.reveal()
                    self._worn = inf if lives is None else self.gate.now() + _WORN * lives
                    self._secrets.append(self._token)
                    self.tokens += 1
                    self._accepted = False
                case other:
                    detail = getattr(other, "detail", "no token came")
                    raise AccountStopped(
                        f"no token could be had: {self.scrubbed(str(detail))}", Halt.TOKEN
                    ) from None

    async def aside(self, flow: Flow, apart: float) -> Any:
        """Run a *flow* of harmless questions, *apart* seconds apart; None if the run must stop."""
        try:
            request = next(flow)
            while True:
                answer = await self._unpaced(request)
                if not await self.context.nap(apart):
                    flow.close()
                    return None
                request = flow.send(answer)
        except StopIteration as end:
            return end.value
        except AccountStopped:
            return None

    async def _unpaced(self, request: Request) -> Answer:
        """A token request, or a question aside: beside the limit, and once it left, sent once."""
        self._learn(request)
        for attempt in range(self._tries):
            try:
                return await self._unless_stopped(self._sender.send(request))
            except NotSent as error:
                if attempt == self._tries - 1:
                    said = self.scrubbed(f"not reached: {error}")
                    raise AccountStopped(said, Halt.UNREACHABLE) from error
            except NoAnswer:
                return Answer(0, {}, b"")
            if not await self.nap(jittered(attempt + 1, self.context.chance())):
                raise self._interrupted()
        raise AssertionError("unreachable")

    def _token_text(self) -> str:
        if self._token is None:
            raise AccountStopped("no token was issued", Halt.TOKEN)
        return self._token

    def scrubbed(self, text: str) -> str:
        """*text* without any secret of this account, however the vendor echoed it; then cut.

        It can be written down everywhere: no half of a surrogate pair, no NUL.
        """
        found = scrubbed(text[:_READ], [*self._secrets, *self._passing])
        found = found.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
        return found if len(found) <= _SHOWN else f"{found[: _SHOWN - 1]}…"

    def cleaned(self, body: bytes) -> str:
        """All of *body* as text, without any secret of this account."""
        return self.hidden(body.decode("utf-8", "replace"))

    def hidden(self, text: str) -> str:
        """All of *text*, without any secret of this account."""
        return scrubbed(text, [*self._secrets, *self._passing])

    def _learn(self, request: Request) -> None:
        """What a driver makes of a secret (a signed token) is one too, and may be echoed."""
        named = (*request.query, *request.headers, *(request.form or ()))
        hidden = tuple(secrets_in(request.body))
        for text in (request.path, hidden, *(text for _, text in named)):
            for part in text if isinstance(text, tuple) else (text,):
                if not isinstance(part, Secret):
                    continue
                shown = part.reveal()
                if shown and shown not in self._secrets and shown not in self._passing:
                    self._passing.append(shown)

    # ---- telling

    def emit(self, kind: Any, *, at: datetime | None = None, **details: Any) -> None:
        """Tell whoever follows the run; *at* which time, if that is not now."""
        if details.get("detail"):
            details["detail"] = self.scrubbed(details["detail"])
        details.setdefault("account", self.account)
        self.context.emit(Event(at=at or self.context.wall(), kind=kind, **details))

    def outcome(self, at: datetime, target: str, fate: Fate, *, done: int, total: int) -> None:
        """Tell what became of *target*; of *fate* no text holds a secret any more."""
        told = fate.outcome.value, fate.detail, None, total, done
        self.context.emit(Event(at, "outcome", self.account, target, *told))

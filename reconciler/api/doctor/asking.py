"""One page of a listing, or one look, asked of each account; what its answer says of all else."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urlsplit

from reconciler.api.doctor.checks import Checkup, skipped
from reconciler.api.doctor.local import Known
from reconciler.driver import (
    Answer,
    Flow,
    Item,
    Listing,
    Missing,
    Present,
    Request,
    Unauthorised,
    Unclear,
)
from reconciler.lanes.halts import AccountStopped, Halt
from reconciler.lanes.line import Gate, Line
from reconciler.lanes.run import sender_of
from reconciler.lanes.send import Sender
from reconciler.lanes.session import open_session
from reconciler.lanes.wire import NoAnswer, NotSent, Stage, Wire
from reconciler.lanes.work import OpenAccount, RunContext
from reconciler.model import Campaign, Target

CHECKS: Final = ("reached", "tls", "log-in", "reads", "clock")
_SKEW: Final = timedelta(seconds=60)  # tokens and windows of a minute go wrong from here on
_FIXES: Final[Mapping[Stage | None, tuple[str, str]]] = {
    "name": (
        "reached",
        "check the host's name, and whether this machine can look names up; behind a proxy, say"
        " `proxy` in the account",
    ),
    "connection": (
        "reached",
        "is it up, is the port right, does a firewall stand between? Behind a proxy, say `proxy`"
        " in the account",
    ),
    "tls": (
        "tls",
        "if a proxy of yours opens TLS on the way, name its authority in the account's `caFile`",
    ),
    "certificates": ("tls", "let `caFile` name a PEM file of certificates, or take it away"),
}


async def ask(
    accounts: Sequence[OpenAccount],
    context: RunContext,
    gates: Callable[[], Mapping[str, Gate]],
    known: Known,
) -> dict[str, list[Checkup]]:
    """Ask every account, side by side."""
    opened = gates()
    visits = [_Visit(one, context, opened[one.lane], known[one.name]) for one in accounts]
    found = await asyncio.gather(*(one.checks() for one in visits))
    return {one.name: checks for one, checks in zip(accounts, found, strict=True)}


class _Watched(Sender):
    """A sender that remembers what came of its last request."""

    def __init__(self, inner: Sender) -> None:
        super().__init__()
        self._inner = inner
        self.stage: Stage | None = None
        self.failure: NotSent | NoAnswer | None = None
        self.answer: Answer | None = None

    async def send(
        self,
        request: Request,
        leaves: Callable[[], None] = lambda: None,
        answered: Callable[[], None] = lambda: None,
        wire: Wire | None = None,
    ) -> Answer:
        try:
            self.answer = await self._inner.send(request, leaves, answered, wire)
        except (NotSent, NoAnswer) as error:
            self.failure = error
            raise
        self.failure = None
        return self.answer


class _Visit:
    """One account, asked once."""

    def __init__(
        self, opened: OpenAccount, context: RunContext, gate: Gate, known: Sequence[Campaign]
    ) -> None:
        self._opened = opened
        self._known = known
        self._context = context
        self._sender = _Watched(sender_of(opened))
        session, secrets = open_session(opened)
        self._line = Line(
            context=context,
            gate=gate,
            driver=opened.driver,
            session=session,
            scope=opened.scope,
            sender=self._sender,
            secrets=secrets,
            tries=1,
        )
        self._base = urlsplit(session.base)
        self._left = list(CHECKS)
        self._found: list[Checkup] = []

    async def checks(self) -> list[Checkup]:
        """Everything that can be said of it."""
        try:
            self._line.gate.patient(self._context)
            await self._line.login()
            await self._read()
        except AccountStopped as stop:
            self._stopped(stop)
        if "clock" in self._left:
            self._clock()
        found = [*self._found, *skipped(self._left, self._opened.name, "see above")]
        return sorted(found, key=lambda one: CHECKS.index(one.check))

    def _say(self, check: str, ok: bool | None, said: str, fix: str | None = None) -> None:
        if check in self._left:
            self._left.remove(check)
            said = self._line.scrubbed(said)
            self._found.append(Checkup(check, self._opened.name, ok, said, fix))

    # ---- what was heard

    async def _read(self) -> None:
        driver, session = self._line.driver, self._line.session
        if driver.list is not None:
            self._heard(await self._line.read(_first(driver.list(session)), "list"))
        elif driver.look is not None and self._known:
            one = self._known[0]
            item = Item(Target(one.account, one.id), one.name, one.channel)
            self._heard(await self._line.read(driver.look(session, item), "look"))
        elif driver.authenticate is not None:
            self._reached()
            self._say("log-in", True, "the vendor gave a token")
            self._say("reads", None, f"the driver {driver.name} can neither list nor look")
        else:
            why = "no look without a campaign of it in the inventory"
            if driver.look is None:
                why = f"the driver {driver.name} can neither list nor look: nothing can be asked"
            for check in CHECKS:
                self._say(check, None, why)

    def _heard(self, found: object) -> None:
        if self._sender.answer is None or self._sender.failure is not None:
            self._unreached()
            return
        self._reached()
        self._say("log-in", True, "the vendor accepts the credentials")
        match found:
            case None:
                self._say("reads", True, "the first page of the listing came; there are more")
            case Listing(complete=False, partial=False, why=why):
                said = f"the listing cannot be read: {why or 'it is not whole'}"
                self._say("reads", False, said, _RIGHTS)
            case Listing() as listing:
                self._listed(listing)
            case Present():
                self._say("reads", True, "a campaign of the inventory is there")
            case Unclear(detail=detail):
                self._say("reads", False, f"a look says nothing: {detail}", _RIGHTS)
            case Missing(detail=detail):
                said = f"a campaign of the inventory is not there: {detail}"
                self._say("reads", None, said, _WHERE)

    def _listed(self, listing: Listing) -> None:
        shown = {one.id for one in listing.campaigns}
        expected = {one.id for one in self._known}
        count = f"{len(shown)} campaigns are listed"
        if expected and not shown & expected:
            said = f"{count}, and none of those that the inventory has of the account"
            # A vendor that never lists everything may well leave these out.
            self._say("reads", None if listing.partial else False, said, _WHERE)
        elif shown:
            self._say("reads", True, count)
        else:
            self._say("reads", True, "no campaign is listed: right only if there is none", _WHERE)

    def _reached(self) -> None:
        self._say("reached", True, f"{self._base.netloc} answers")
        if self._base.scheme == "https":
            self._say("tls", True, "its certificate is accepted")
        else:
            self._say("tls", None, "no TLS: it is this machine")

    def _stopped(self, stop: AccountStopped) -> None:
        """The account was stopped: nothing came, or it was the credentials, or something else."""
        answer, said = self._sender.answer, str(stop)
        if stop.halt is Halt.WAIT and answer is None and self._sender.failure is None:
            for check in CHECKS:
                self._say(check, None, f"skipped: {said}")
            return
        if answer is None or self._sender.failure is not None:
            self._unreached()
            return
        self._reached()
        refused = isinstance(self._line.driver.gate(answer), Unauthorised)
        if refused or not self._logged_in:
            self._say("log-in", False, said, _KEYS)
        else:
            self._say("log-in", None, "skipped: see below")
            self._say("reads", False, said, _RIGHTS)

    @property
    def _logged_in(self) -> bool:
        return self._line.driver.authenticate is None or self._line.tokens > 0

    def _unreached(self) -> None:
        failure = self._sender.failure
        stage = failure.stage if isinstance(failure, NotSent) else None
        check, fix = _FIXES.get(stage, ("reached", "try again; does it last, ask the vendor"))
        if self._base.hostname in ("127.0.0.1", "localhost", "::1"):
            fix = f"for the sandbox: reconciler sandbox --port {self._base.port or 80}"
        if check == "tls":
            self._say("reached", True, f"{self._base.netloc} answers")
        said = str(failure) if failure is not None else "nothing was sent"
        self._say(check, False, said, fix)

    def _clock(self) -> None:
        """This machine's clock beside the vendor's, as its last answer has it."""
        answer = self._sender.answer
        date = None if answer is None else answer.headers.get("date")
        if answer is None or date is None:
            self._say("clock", None, "the vendor said no time")
            return
        try:
            theirs = parsedate_to_datetime(date)
            ahead = self._context.wall() - theirs
        except Exception:  # whatever garbage makes a reader of dates raise
            self._say("clock", None, "the vendor's time cannot be read")
            return
        seconds = abs(round(ahead.total_seconds()))
        if abs(ahead) <= _SKEW:
            self._say("clock", True, f"{seconds} s from the vendor's")
            return
        where = "ahead of" if ahead > timedelta() else "behind"
        said = f"this machine's clock is {timedelta(seconds=seconds)} {where} the vendor's"
        self._say("clock", False, said, "set this machine's clock (NTP)")


_KEYS = "is it the right key, of the right project, with the rights that the driver's page names?"
_RIGHTS = "may the key read here, and are project, host and version right?"
_WHERE = "is it the right project, key and host? And is the inventory this account's?"


def _first(flow: Flow) -> Flow:
    """*flow* until its first answer: what it returns then, None if it asks for more."""
    answer = yield next(flow)
    try:
        flow.send(answer)
    except StopIteration as end:
        return end.value
    flow.close()
    return None

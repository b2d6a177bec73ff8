"""A vendor in memory, a sender without a network, and an event loop whose time jumps."""

import asyncio
import json
import selectors
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from reconciler.declare.project import Account, Guards
from reconciler.driver import (
    Absent,
    Answer,
    Deleted,
    Doubt,
    Driver,
    Item,
    Listing,
    Missing,
    Present,
    Refused,
    Request,
    Session,
    Settings,
    Split,
    Throttled,
    Token,
    Unauthorised,
    Unclear,
    Unconfirmed,
    revealed,
)
from reconciler.lanes.journal.postgres import PostgresJournal
from reconciler.lanes.journal.sql import SqlJournal
from reconciler.lanes.journal.sqlite import SqliteJournal
from reconciler.lanes.known import Known
from reconciler.lanes.run import AccountWork, execute, take
from reconciler.lanes.work import Fate, Job, OpenAccount, Rules, RunContext, Witnesses
from reconciler.model import Campaign, Held, Limits, Target
from reconciler.plan import scopes

EPOCH = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
PLAN = "sha256:" + "a" * 64


# ---------------------------------------------------------------- time that jumps


class _Jumping(selectors.DefaultSelector):
    """Instead of waiting, time goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if not ready and timeout is None:
            raise AssertionError("nothing will ever happen: the run hangs")
        if not ready and timeout:
            self.now += timeout
        return ready


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop that never waits: its clock jumps to the next timer. *start*: its time."""

    def __init__(self, start: float = 1000.0) -> None:
        self._jumping = _Jumping()
        self._jumping.now = start
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now

    def go(self, until: float) -> None:
        """Let the time between two runs pass."""
        self._jumping.now = max(self._jumping.now, until)


def run_on(loop: JumpingLoop, main: Coroutine[Any, Any, Any]) -> Any:
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(main)
    finally:
        asyncio.set_event_loop(None)


# ---------------------------------------------------------------- a driver and its vendor


def _request(session: Session, method: Any, *path: str, body: Any = None) -> Request:
    headers = (("Auth", ("Bearer ", session.token)),)
    return Request(method, session.base, ("c", *path), headers=headers, body=body)


def _delete(session: Session, items: tuple[Item, ...]) -> Request:
    ids = [item.target.id if item.target.part is None else item.target.part for item in items]
    return _request(session, "DELETE", *ids[:1], body=ids)


def _gate(answer: Answer) -> Throttled | Unauthorised | None:
    match answer.status:
        case 429:
            return Throttled("429 " + answer.body.decode(), 5.0)
        case 401:
            return Unauthorised("401 " + answer.body.decode(), renew=True)
        case 403:
            return Unauthorised("403 " + answer.body.decode())
    return None


def _judge(session: Session, items: tuple[Item, ...], answer: Answer) -> Any:
    if (first := _gate(answer)) is not None:
        return first
    said = answer.body.decode("utf-8", "replace")
    match answer.status:
        case 200:
            return Deleted(said or None)
        case 404:
            return Unconfirmed("404 " + said)
        case 406:
            return Unconfirmed("406 " + said, known=True)
        case 409:
            return Refused("409 " + said)
        case 410:
            return Absent("410 " + said)
        case 422:
            return Split("422 " + said)
    return Doubt(f"{answer.status} {said}")


def _list(session: Session) -> Any:
    answer = yield _request(session, "GET")
    if answer.status != 200:
        return Listing((), complete=False, why=str(answer.status), unavailable=answer.status == 405)
    return Listing(tuple(map(_record, json.loads(answer.body))), complete=True)


def _look(session: Session, item: Item) -> Any:
    answer = yield _request(session, "GET", item.target.id)
    match answer.status:
        case 200:
            return Present(_record(json.loads(answer.body)))
        case 404:
            return Missing("not there")
        case 410:
            return Missing("it says gone", sure=True)
    return Unclear(str(answer.status), unavailable=answer.status == 405)


def _authenticate(session: Session) -> Any:
    answer = yield Request("POST", session.base, ("token",))
    if answer.status != 200:
        return Unauthorised(f"token {answer.status}")
    from reconciler.driver import Secret

    return Token(Secret.of(answer.body.decode()))


def _record(one: Mapping[str, Any]) -> Campaign:
    return Campaign(
        account="a",
        id=one["id"],
        name=one.get("name", one["id"]),
        created_at=datetime.fromisoformat(one["born"]) if "born" in one else None,
        status=one.get("status"),
    )


class NoSettings(Settings):
    """Nothing to set."""


DRIVER = Driver(
    name="memory",
    title="Memory",
    call="DELETE /c/{id}",
    docs="https://vendor.example",
    settings=NoSettings,
    complete=True,
    base_url=lambda _: "http://127.0.0.1:1",
    limits=lambda _: Limits(1000, 1.0, 4),
    scope=lambda _: "memory",
    unsafe=lambda *_: None,
    delete=_delete,
    judge=_judge,
    gate=_gate,
    authenticate=_authenticate,
    list=_list,
    look=_look,
)
LISTS_ONLY = replace(DRIVER, look=None)
LOOKS_ONLY = replace(DRIVER, list=None)
BLIND = replace(DRIVER, list=None, look=None)


@dataclass
class Seen:
    """One request as the vendor saw it."""

    kind: str  # delete, look, list, token
    ids: tuple[str, ...]
    at: float
    token: str
    answered: float = 0.0


@dataclass
class Vendor:
    """Campaigns by id. *answers* decides what a deletion is answered with; None: well.

    *connects*: seconds until there is a connection for a request for these ids.
    """

    left: dict[str, dict[str, Any]]
    answers: Callable[[Seen, "Vendor"], Any] | None = None
    reads: Callable[[Seen, "Vendor"], Any] | None = None
    tokens: Callable[[Seen, "Vendor"], Any] | None = None
    latency: float = 0.0
    connects: Callable[[tuple[str, ...]], float | None] = lambda _: None
    seen: list[Seen] = field(default_factory=list)
    issued: int = 0

    def remove(self, ids: Iterable[str]) -> None:
        for one in ids:
            self.left.pop(one, None)

    @property
    def deletes(self) -> list[Seen]:
        return [one for one in self.seen if one.kind == "delete"]

    def sent(self) -> list[str]:
        return [i for one in self.deletes for i in one.ids]

    async def answer(self, request: Request) -> Answer:
        kind = {"DELETE": "delete", "POST": "token"}.get(request.method)
        ids = tuple(request.body or ()) if kind == "delete" else tuple(map(str, request.path[1:]))
        kind = kind or ("look" if ids else "list")
        token = revealed(dict(request.headers).get("Auth", "")) if kind != "token" else ""
        one = Seen(kind, ids, asyncio.get_running_loop().time(), token)
        self.seen.append(one)
        given = await self._given(one)
        one.answered = asyncio.get_running_loop().time()
        if isinstance(given, BaseException):
            raise given
        if isinstance(given, Answer):
            return given
        status, *rest = given if isinstance(given, tuple) else (given,)
        body = rest[0] if rest else b""
        return Answer(status, rest[1] if len(rest) > 1 else {}, body)

    async def _given(self, one: Seen) -> Any:
        if self.latency:
            await asyncio.sleep(self.latency)
        chosen = {"delete": self.answers, "token": self.tokens}.get(one.kind, self.reads)
        said = chosen(one, self) if chosen is not None else None
        if asyncio.iscoroutine(said):
            said = await said
        return said if said is not None else self._well(one)

    def _well(self, one: Seen) -> Any:
        match one.kind:
            case "token":
                self.issued += 1
                return (200, f"token-{self.issued}".encode())
            case "delete":
                if not any(i in self.left for i in one.ids):
                    return 404
                self.remove(one.ids)
                return 200
            case "look":
                found = self.left.get(one.ids[0])
                return 404 if found is None else (200, json.dumps(found).encode())
        return (200, json.dumps(list(self.left.values())).encode())


class MemorySender:
    """In the place of `send.Sender`: the vendor's own answer."""

    def __init__(self, vendor: Vendor) -> None:
        self._vendor = vendor

    async def send(
        self,
        request: Request,
        leaves: Callable[[], None] = lambda: None,
        answered: Callable[[], None] = lambda: None,
        wire: object = None,
    ) -> Answer:
        if wait := self._vendor.connects(tuple(request.body or ())):
            await asyncio.sleep(wait)
        leaves()
        answer = await self._vendor.answer(request)
        answered()
        return answer


def campaigns(*ids: str, **more: Any) -> dict[str, dict[str, Any]]:
    return {i: {"id": i, "name": i, **more} for i in ids}


# ---------------------------------------------------------------- a run

SCOPE = "http://127.0.0.1:1 memory"


def opened_as(account: Account, driver: Driver, scope: str = SCOPE) -> OpenAccount:
    """*account* as if its credentials had been read."""
    return OpenAccount(
        account, driver, account.settings, scope, scopes.limit(account, driver, scope)
    )


@dataclass
class World:
    """One project state: a journal in *folder*, a loop, and one account at one vendor."""

    folder: Path
    vendor: Vendor
    driver: Driver = DRIVER
    limits: Limits = Limits(1000, 1.0, 4)
    loop: JumpingLoop = field(default_factory=JumpingLoop)
    witnesses: Sequence[str] = ()
    max_wait: float = 900.0
    first_run: bool = False
    plan: str = PLAN
    chance: float = 0.5
    broken: Callable[[Target, Campaign], Held | None] = lambda _t, _c: None
    closed: Callable[[str], str | None] = lambda _: None
    events: list[Any] = field(default_factory=list)
    secrets: Sequence[str] = ()
    context: RunContext | None = None
    url: str | None = None  # of a database in place of the file
    skew: timedelta = timedelta(0)  # by which the machine's clock is wrong

    def __post_init__(self) -> None:
        self.journal = self._open()

    def _open(self) -> SqlJournal:
        """The real journal, but for the disk's own promise, which no test here asks about."""
        if self.url is not None:
            return PostgresJournal(self.url, "acme", clock=self.wall)
        made = SqliteJournal(self.folder / "state.db", "acme", clock=self.wall)
        made._db.run("PRAGMA synchronous=OFF")
        return made

    def wall(self) -> datetime:
        return EPOCH + timedelta(seconds=self.loop.time()) + self.skew

    @property
    def account(self) -> Account:
        return Account(
            name="a",
            driver=self.driver.name,
            settings=NoSettings(),
            definition="sha256:a",
            limits=self.limits,
            complete=True,
            guards=Guards(),
        )

    def reopen(self) -> None:
        """As another process would: nothing but the file remains."""
        self.journal.close()
        self.journal = self._open()

    def close(self) -> None:
        self.journal.close()
        self.loop.close()

    def target(self, id_: str) -> Target:
        return Target("a", id_)

    @property
    def known(self) -> Known:
        return Known(self.journal, {"a": SCOPE})

    def states(self, *ids: str) -> dict[str, Any]:
        found = self.known.states(Target("a", i) for i in ids)
        return {target.id: state for target, state in found.items()}

    def jobs(self, ids: Sequence[str], **more: Any) -> list[Job]:
        states = self.states(*ids)
        made = []
        for i in ids:
            planned = Campaign(account="a", id=i, name=i)
            extra = {"planned": planned, "asked": ("m1",), "inventory": ("i1",), **more}
            state = {"state": states[i]} if i in states else {}
            made.append(Job(item=Item(Target("a", i), i), **{**extra, **state}))
        return made

    def go(self, ids: Sequence[str], *, send: bool = True, **more: Any) -> dict[str, Fate]:
        """A run that deletes *ids*: its fates, by id."""
        ledgers, run, work = self.begin(ids, send=send, **more)

        async def main() -> Any:
            self.context = self._context(run, send)
            return await execute(
                [work],
                self.context,
                ledgers,
                send=send,
                sender=lambda _: MemorySender(self.vendor),  # type: ignore[arg-type,return-value]
            )

        fates = run_on(self.loop, main())
        self.journal.end(run, 0, {})
        return {target.id: fate for target, fate in fates.items()}

    def begin(self, ids: Sequence[str], *, send: bool, **more: Any) -> tuple[Any, int, AccountWork]:
        run = self.journal.begin(self.plan if send else None, "apply", "{}", [], {})
        opened = opened_as(self.account, self.driver)
        ledgers = take([opened], self.journal, run)
        work = AccountWork(
            open=opened,
            session=Session(
                account="a",
                settings=self.account.settings,
                base="http://127.0.0.1:1",
                token=None,  # type: ignore[arg-type]  # the line puts its own
                nonce=lambda: "n",
            ),
            secrets=list(self.secrets),
            jobs=self.jobs(ids, **more),
            witnesses=Witnesses(
                tuple(Item(Target("a", i), i) for i in self.witnesses), len(self.vendor.left)
            ),
            rules=Rules(self.broken),
        )
        return ledgers, run, work

    def _context(self, run: int, send: bool) -> RunContext:
        return RunContext(
            journal=self.journal,
            run=run,
            plan=self.plan if send else None,
            wall=self.wall,
            chance=lambda: self.chance,
            emit=self.events.append,
            closed=self.closed,
            max_wait=self.max_wait,
            first_run=self.first_run,
        )


def told(fates: Mapping[str, Fate]) -> dict[str, str]:
    return {i: fate.outcome.value for i, fate in fates.items()}

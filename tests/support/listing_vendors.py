"""Vendors that list over real HTTP on the loopback interface, with every twist a test asks for."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from reconciler import drivers
from reconciler.declare.project import Account, Guards
from reconciler.lanes.journal import Ledger
from reconciler.lanes.line import Gate
from reconciler.lanes.run import gates_of
from reconciler.lanes.session import session_of
from reconciler.lanes.work import OpenAccount, RunContext
from reconciler.model import Limits
from reconciler.pull.listing import Heard, ListWork, list_all
from reconciler.testing import settings as settings_of

SECRET = "sesame-secret"
SETTINGS: dict[str, dict[str, Any]] = {
    "batch-cep": {"project": "project_1", "restApiKey": {"env": "KEY"}},
    "batch-mep": {"apiKey": {"env": "KEY"}, "restApiKey": {"env": "KEY"}},
    "cellcast": {"apiKey": {"env": "KEY"}},
    "kore": {
        "host": "platform.kore.ai",
        "streamId": "st-1",
        "accountId": "acc1",
        "clientId": "cs-1",
        "clientSecret": {"env": "KEY"},
    },
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: *number* counts from 1, *body* is its JSON, if any."""

    number: int
    method: str
    path: str
    query: Mapping[str, str]
    body: Any


@dataclass(frozen=True, slots=True)
class Said:
    """An answer: *body* is bytes or a JSON value; *status* 0 cuts the connection."""

    body: Any = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Script = Callable[[Asked], Said]


@contextmanager
def serving(script: Script) -> Iterator[tuple[str, list[Asked]]]:
    """A server that answers by *script*; gives its URL and what it was asked."""
    asked: list[Asked] = []
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16  # head and body leave together

        def answer(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            text = self.rfile.read(length)
            split = urlsplit(self.path)
            with lock:
                one = Asked(
                    len(asked) + 1,
                    self.command,
                    split.path,
                    dict(parse_qsl(split.query)),
                    json.loads(text) if text else None,
                )
                asked.append(one)
                said = script(one)
            if said.status == 0:
                self.close_connection = True
                return
            body = said.body if isinstance(said.body, bytes) else json.dumps(said.body).encode()
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = answer  # noqa: N815 - the names that http.server calls

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Notes:
    """A journal in memory, for runs that only read."""

    def __init__(self) -> None:
        self.intents = 0

    def commit(self, *_: object, intents: Sequence[object] = (), **__: object) -> list[int]:
        first = self.intents + 1
        self.intents += len(intents)
        return list(range(first, self.intents + 1))

    def pause(self, *_: object) -> None:
        """Nobody else is there to be told."""

    def stop_ordered(self, *_: object) -> None:
        """Nobody ends it."""


class Clock:
    """A clock that waits do not take any time on."""

    def __init__(self) -> None:
        self.skipped = 0.0
        self.naps: list[float] = []
        self._begin = datetime(2026, 11, 20, 8, tzinfo=UTC)

    def wall(self) -> datetime:
        return self._begin + timedelta(seconds=self.skipped)


@dataclass(slots=True)
class _Context(RunContext):
    clock: Clock = field(default_factory=Clock)

    async def nap(self, seconds: float, over: asyncio.Event | None = None) -> bool:
        self.clock.naps.append(seconds)
        self.clock.skipped += seconds
        return not (self.stop.is_set() or (over is not None and over.is_set()))


@dataclass(slots=True)
class _Gate(Gate):
    clock: Clock = field(default_factory=Clock)

    def now(self) -> float:
        return self.clock.skipped

    async def _until_changed(self, context: RunContext, wait: float) -> None:
        await context.nap(wait)


@dataclass(frozen=True, slots=True)
class Listed:
    """What a listing gave. *asked* are the requests, *waits* the naps in seconds."""

    heard: Heard
    asked: list[Asked]
    waits: list[float]

    @property
    def ids(self) -> list[str]:
        return [one.id for one in self.heard.listing.campaigns]


def listed(driver_name: str, script: Script, *, max_wait: float = 900) -> Listed:
    """List one account of *driver_name* from a server that answers by *script*."""
    driver = drivers.find(driver_name)
    assert driver is not None
    plain = settings_of(driver, SETTINGS[driver_name])
    assert plain.credentials()
    clock = Clock()
    with serving(script) as (url, asked):
        account = Account(
            name="acc",
            driver=driver_name,
            settings=plain,
            definition="sha256:0",
            limits=Limits(1000, 1.0, 1),
            complete=driver.complete,
            guards=Guards(),
            base_url=url,
        )
        settings = plain.resolved(dict.fromkeys(plain.credentials(), SECRET))
        nonce = iter(map(str, range(10_000)))
        session = session_of(account, driver, settings, lambda: next(nonce))
        opened = OpenAccount(account, driver, settings, "scope", "lane")
        work = ListWork(opened, session, [SECRET])
        heard = _run(work, clock, max_wait)
    return Listed(heard, asked, clock.naps)


def _run(work: ListWork, clock: Clock, max_wait: float) -> Heard:
    ledgers = {work.open.lane: Ledger(1, (), None)}

    async def go() -> dict[str, Heard]:
        context = _Context(
            journal=Notes(),
            run=1,
            plan=None,
            wall=clock.wall,
            chance=lambda: 0.5,
            emit=lambda _: None,
            closed=lambda _: None,
            max_wait=max_wait,
            first_run=False,
            clock=clock,
        )

        def gates() -> dict[str, Gate]:
            made = gates_of([work.open], context, ledgers)
            return {k: _Gate(one.lane, one.epoch, one.pace, clock=clock) for k, one in made.items()}

        return await list_all([work], context, gates, free=lambda _: None)

    (heard,) = asyncio.run(go()).values()
    return heard

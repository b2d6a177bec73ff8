"""A vendor on loopback that writes down what it sees, and can kill its client at a chosen moment.

It speaks the calls of the driver `parcel` (third_party/) and those of `batch-cep`. It runs in a
thread of its own; what it saw is in `events`, in the order in which it happened.
"""

import asyncio
import json
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Literal, Self
from urllib.parse import urlsplit

Moment = Literal["arrival", "effect", "half", "answer"]


@dataclass(frozen=True, slots=True)
class Seen:
    """One thing that happened: a `delete` arrived, had its `effect`, or a `look` was answered.

    *id* None: a look that showed everything.
    """

    kind: Literal["delete", "effect", "look"]
    id: str | None
    at: float  # monotonic


@dataclass(frozen=True, slots=True)
class Trap:
    """Send *signal* to the client at this *moment* of its *count*-th request of this *kind*."""

    kind: Literal["delete", "look"]
    moment: Moment
    count: int
    signal: int = signal.SIGKILL


@dataclass(slots=True)
class Habits:
    """How the vendor behaves. Times in seconds."""

    slowest: float = 0.020  # answers take between nothing and this
    finishes: float = 0.5  # chance that it finishes a request whose client is gone
    late: float = 0.1  # by so much later, at most
    silent: bool = False  # takes deletions, and never answers nor acts
    deaf: bool = False  # takes reads, and never answers
    holds: bool = False  # keeps deletions waiting until `release`
    holds_after: int = 0  # but for so many, the first


@dataclass(slots=True)
class _Exchange:
    method: str
    path: str
    body: bytes
    client: "_Client"


@dataclass
class Vendor:
    """What is still there (`left`), what happened (`events`), and a trap for the client."""

    left: dict[str, str]
    seed: int = 0
    habits: Habits = field(default_factory=Habits)
    events: list[Seen] = field(default_factory=list)
    sprung: threading.Event = field(default_factory=threading.Event)
    connections: int = 0

    def __post_init__(self) -> None:
        self.url = ""
        self._dice = random.Random(self.seed)
        self._loop = asyncio.new_event_loop()
        self._trap: Trap | None = None
        self._victim: int | None = None
        self._pending = 0
        self._counts = {"delete": 0, "look": 0}
        self._held: list[Callable[[], None]] = []
        self._arrived = threading.Condition()

    # ---- life

    def __enter__(self) -> Self:
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        started.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            self._loop.create_server(lambda: _Client(self), "127.0.0.1", 0)
        )
        port = server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        started.set()
        self._loop.run_forever()
        server.close()

    # ---- traps

    def arm(self, trap: Trap | None, victim: int) -> None:
        """Set *trap* for the process *victim*; None takes the old one away."""

        def set_it() -> None:
            self.sprung.clear()
            self._trap, self._victim = trap, victim
            self._counts = {"delete": 0, "look": 0}

        self._call(set_it)

    def _spring(self, kind: str, moment: Moment, number: int) -> bool:
        """Whether the client is dead now."""
        trap = self._trap
        if trap is None or (trap.kind, trap.moment, trap.count) != (kind, moment, number):
            return False
        assert self._victim is not None
        self._trap = None
        with suppress(ProcessLookupError):
            os.kill(self._victim, trap.signal)
        self.sprung.set()
        return trap.signal == signal.SIGKILL

    def quiet(self) -> None:
        """Wait until every request that came has been finished or dropped."""
        done = threading.Event()

        def look() -> None:
            if self._pending:
                self._loop.call_later(0.01, look)
            else:
                done.set()

        self._call(look)
        assert done.wait(60)

    def _call(self, what: Callable[[], None]) -> None:
        done = threading.Event()

        def run() -> None:
            what()
            done.set()

        self._loop.call_soon_threadsafe(run)
        assert done.wait(60)

    # ---- requests

    def take(self, exchange: _Exchange) -> None:
        path = urlsplit(exchange.path).path
        deleted = None
        if exchange.method == "DELETE":
            deleted = path.rpartition("/")[2]
        elif path.endswith("/campaigns/delete"):
            deleted = json.loads(exchange.body)["id"]
        kind = "look" if deleted is None else "delete"
        self._counts[kind] = number = self._counts[kind] + 1
        if deleted is not None:
            with self._arrived:
                self.events.append(Seen("delete", deleted, time.monotonic()))
                self._arrived.notify_all()
        if self._spring(kind, "arrival", number):
            exchange.client.gone = True  # it is dead, though its connection may not say so yet
        if self.habits.silent if deleted is not None else self.habits.deaf:
            return
        self._pending += 1
        work = partial(self._work, exchange, path, kind, deleted, number)
        if deleted is not None and self.habits.holds and self.deletes > self.habits.holds_after:
            self._held.append(work)
        else:
            self._loop.call_later(self._dice.random() * self.habits.slowest, work)

    def release(self) -> None:
        """Work what was held, and hold nothing more."""

        def let_go() -> None:
            self.habits.holds = False
            held, self._held = self._held, []
            for work in held:
                work()

        self._call(let_go)

    def await_deletes(self, count: int) -> None:
        """Wait until *count* deletions have arrived in all."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: self.deletes >= count, 60)

    @property
    def deletes(self) -> int:
        """How many deletions have arrived."""
        return sum(one.kind == "delete" for one in list(self.events))

    def _work(
        self, exchange: _Exchange, path: str, kind: str, deleted: str | None, number: int
    ) -> None:
        if deleted is not None and exchange.client.gone and kind == "delete":
            if self._dice.random() < self.habits.finishes:
                late = self._dice.random() * self.habits.late
                self._loop.call_later(late, self._finish, exchange, path, kind, deleted, number)
            else:
                self._pending -= 1
            return
        self._finish(exchange, path, kind, deleted, number)

    def _finish(
        self, exchange: _Exchange, path: str, kind: str, deleted: str | None, number: int
    ) -> None:
        self._pending -= 1
        status, said = self._delete(deleted) if deleted is not None else self._look(path)
        dead = self._spring(kind, "effect", number)
        body = json.dumps(said).encode()
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n"
        answer = head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body
        if dead:
            return
        trap = self._trap
        if trap is not None and (trap.kind, trap.moment, trap.count) == (kind, "half", number):
            exchange.client.send(answer[: len(answer) // 2])
            self._spring(kind, "half", number)
            return
        exchange.client.send(answer)
        self._spring(kind, "answer", number)
        exchange.client.close()

    def _delete(self, id_: str) -> tuple[int, object]:
        if id_ not in self.left:
            return 404, {"unknown": id_}
        del self.left[id_]
        self.events.append(Seen("effect", id_, time.monotonic()))
        return 200, {"deleted": id_}

    def _look(self, path: str) -> tuple[int, object]:
        now = time.monotonic()
        if path.endswith("/parcels"):
            self.events.append(Seen("look", None, now))
            return 200, {"parcels": list(self.left.items())}
        if path.endswith("/orchestrations/list"):
            self.events.append(Seen("look", None, now))
            shown = [{"id": i, "name": n, "status": "stopped"} for i, n in self.left.items()]
            return 200, {"orchestrations": shown, "has_more": False}
        id_ = path.rpartition("/")[2]
        self.events.append(Seen("look", id_, now))
        if id_ in self.left:
            return 200, {"id": id_, "name": self.left[id_]}
        return 404, {"unknown": id_}


class _Client(asyncio.Protocol):
    def __init__(self, vendor: Vendor) -> None:
        self._vendor = vendor
        self._bytes = b""
        self.gone = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._vendor.connections += 1

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone = True

    def send(self, data: bytes) -> None:
        if not self.gone:
            self._transport.write(data)

    def close(self) -> None:
        """Every request asks for it."""
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._bytes += data
        while True:
            head, end, rest = self._bytes.partition(b"\r\n\r\n")
            if not end:
                return
            length = 0
            for line in head.split(b"\r\n")[1:]:
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            if len(rest) < length:
                return
            self._bytes = rest[length:]
            method, path, _ = head.split(b"\r\n")[0].decode().split(" ")
            self._vendor.take(_Exchange(method, path, rest[:length], self))


# ---------------------------------------------------------------- judging


def blind_seconds(events: Iterable[Seen]) -> list[str]:
    """The targets that were sent for a second time without a look in between."""
    sent: dict[str, bool] = {}  # id -> looked at since
    blind = []
    for one in events:
        if one.kind == "look":
            for id_ in [one.id] if one.id is not None else list(sent):
                if id_ in sent:
                    sent[id_] = True
        elif one.kind == "delete":
            assert one.id is not None
            if sent.get(one.id) is False:
                blind.append(one.id)
            sent[one.id] = False
    return blind

"""Each driver at a vendor whose every byte on the wire may be bent: status line to trailers.

The vendor is the sandbox, so what is bent is what would really come at that place. Client and
vendor share one event loop whose time jumps when nothing is under way.
"""

import asyncio
import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from reconciler.driver import Item, Secret, Session, revealed
from reconciler.lanes.run import AccountWork, execute, gates_of, take
from reconciler.lanes.send import Sender
from reconciler.lanes.work import Fate, Job, Rules, Witnesses
from reconciler.model import Campaign, Target
from reconciler.pull.listing import ListWork, list_all
from reconciler.sandbox import create_app
from reconciler.testing import Example
from tests.support import cookbook, driver_examples, second_ring
from tests.support.apply_world import MemorySender, Vendor, campaigns, opened_as, run_on
from tests.support.fuzz import HEADERS, Fuzz
from tests.support.fuzz_place import GOOD, Place
from tests.support.wire_server import Got, Wire, serving

EXAMPLES: dict[str, Example] = {
    **{f"{one.driver.name} {n}": one for n, one in enumerate(driver_examples.EXAMPLES)},
    **{f"{one.driver.name} {n}": one for n, one in enumerate(second_ring.EXAMPLES)},
    **{f"http as {name}": cookbook.EXAMPLES[name] for name in cookbook.TWINS},
}
_BELOW = {"batch-cep": "batch", "batch-mep": "batch"}
_PLAIN = {"userName": "userName", "project": "project", "streamId": "streamId"}


def told(example: Example) -> str:
    """The vendor that the sandbox plays for *example*, as it calls it."""
    twins = {id(cookbook.EXAMPLES[name]): twin for name, twin in cookbook.TWINS.items()}
    return twins.get(id(example), example).driver.name


def items_of(example: Example) -> tuple[Item, ...]:
    """One target of each of its first campaigns: those to delete, and last one that stays."""
    first: dict[str, Item] = {}
    for one in example.items:
        first.setdefault(one.target.id, one)
    found = tuple(first.values())[:3]
    rest = example.items[-1]
    return found if len(found) > 2 or rest in found else (*found, rest)


@dataclass
class BentVendor:
    """The sandbox on a socket. *bends*: which requests are answered with bent bytes."""

    example: Example
    fuzz: Fuzz
    bends: Callable[[Got], bool]
    clock: Callable[[], float]
    bent: int = 0
    asked: int = 0  # a minute lies between two requests, for its limits
    app: Any = field(init=False)

    def __post_init__(self) -> None:
        vendor = told(self.example)
        options = {k: v for k, v in self.example.settings.items() if k in ("kind",)}
        rows: dict[str, dict[str, Any]] = {}
        for one in items_of(self.example):
            row = {"account": "bad", "id": one.target.id, "name": one.name, "status": "draft"}
            row = rows.setdefault(one.target.id, row)
            if vendor in ("kore", "cellcast"):
                row["channel"] = one.channel or "sms"
            if one.target.part is not None:
                row.setdefault(self.example.driver.parts or "parts", []).append(one.target.part)
        self.app = create_app(
            rows.values(), {"bad": (vendor, options)}, clock=lambda: 60.0 * self.asked,
            wall=lambda: 1.8e9 + self.clock(), sleep=asyncio.sleep,
        )  # fmt: skip

    async def serve(self, wire: Wire, got: Got) -> None:
        status, headers, body = await self.said(got)
        data = self.framed(status, headers, body)
        if not self.bends(got):
            wire.write(plainly(status, headers, body))
            return
        self.bent += 1
        dice = self.fuzz.dice
        wire.write(self.fuzz.wire(data) if dice.random() < 0.8 else data)
        match dice.randrange(6):
            case 0:
                wire.stays = True
            case 1:
                wire.reset()
            case _:
                wire.close()

    async def said(self, got: Got) -> tuple[int, dict[str, str], bytes]:
        """What the sandbox says."""
        url = urlsplit(got.target)
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1",
            "method": got.method, "scheme": "http", "path": unquote(url.path),
            "raw_path": url.path.encode(), "query_string": url.query.encode(), "root_path": "",
            "headers": [(k.encode("latin-1"), v.encode("latin-1")) for k, v in got.headers.items()],
            "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 1),
        }  # fmt: skip
        self.asked += 1
        said: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": got.body, "more_body": False}

        async def send(message: Any) -> None:
            said.append(message)

        await self.app(scope, receive, send)
        head = {k.decode(): v.decode("latin-1") for k, v in said[0]["headers"]}
        return said[0]["status"], head, b"".join(one.get("body", b"") for one in said[1:])

    def framed(self, status: int, headers: Mapping[str, str], body: bytes) -> bytes:
        """A whole answer in one of the forms that HTTP has, with headers by chance."""
        dice = self.fuzz.dice
        more = [(k, v) for k, v in headers.items() if k != "content-length"]
        if dice.random() < 0.4:
            odd = self.fuzz.header().replace("\r", "").replace("\n", "")[:3000]
            more.append((dice.choice(HEADERS), odd))
        reason = dice.choice(("OK", "", "Not " + self.fuzz.header()[:40].replace("\n", "")))
        if dice.random() < 0.2:
            more.append(("content-encoding", "gzip"))
            body = gzip.compress(body, mtime=0)
        version, before = "1.1", b""
        match dice.randrange(6):
            case 0:
                version = "1.0"
            case 1:
                more.append(("transfer-encoding", "chunked"))
                body = self.chunks(body)
            case 2:
                before = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n"
                more.append(("content-length", str(len(body))))
            case _:
                more.append(("content-length", str(len(body))))
        head = f"HTTP/{version} {status} {reason}\r\n" + "".join(f"{k}: {v}\r\n" for k, v in more)
        return before + head.encode("latin-1", "replace") + b"\r\n" + body

    def chunks(self, body: bytes) -> bytes:
        """*body* in chunks, with extensions and trailers by chance."""
        dice, found = self.fuzz.dice, b""
        while body:
            size = dice.randint(1, len(body))
            extension = b";x=y" if dice.random() < 0.3 else b""
            found += b"%x%b\r\n%b\r\n" % (size, extension, body[:size])
            body = body[size:]
        trailer = b"X-T: " + self.fuzz.header().encode("latin-1")[:90] + b"\r\n"
        return found + b"0\r\n" + (trailer if dice.random() < 0.4 else b"") + b"\r\n"


def plainly(status: int, headers: Mapping[str, str], body: bytes) -> bytes:
    lines = [f"{k}: {v}" for k, v in headers.items() if k != "content-length"]
    head = "\r\n".join([f"HTTP/1.1 {status} X", *lines, f"content-length: {len(body)}", "", ""])
    return head.encode("latin-1") + body


class WirePlace(Place):
    """A place whose bad account is an example's, at a vendor on a socket."""

    def __init__(self, folder: Path, example: Example) -> None:
        self.example = example
        plain = example.checked
        key = "sandbox-secret" if told(example) == "kore" else "sandbox-key"
        settings = plain.resolved(dict.fromkeys(plain.credentials(), key))
        if hasattr(settings, "client_id"):
            settings = settings.model_copy(update={"client_id": "sandbox-client"})
        super().__init__(folder, example.driver, settings)

    def bad_session(self, url: str) -> Session:
        below = _BELOW.get(told(self.example), told(self.example))
        base = f"{url}/{below}"
        return Session("bad", self.bad.settings, base, Secret.of("t0k3n"), lambda: "n")

    def token_path(self) -> str | None:
        """Where a token is asked for; None where the driver needs none."""
        if self.driver.authenticate is None:
            return None
        flow: Any = self.driver.authenticate(self.bad_session("http://127.0.0.1"))
        try:
            request = next(flow)
        except StopIteration:  # made here, without a request
            return None
        return "/" + "/".join(revealed(one) for one in request.path)

    def apply_at(self, fuzz: Fuzz, bends: Callable[[Got], bool]) -> tuple[dict[Target, Fate], int]:
        """One run of both accounts: fates, and how many answers were bent."""
        vendor = self._vendor(fuzz, bends)
        run, (bad, good), ledgers = self.begin(self.driver)
        *items, witness = (
            Item(Target("bad", one.target.id, one.target.part), one.name, one.channel)
            for one in items_of(self.example)
        )
        well = MemorySender(Vendor(campaigns(*GOOD)))
        look = "before: look" if fuzz.dice.random() < 0.5 else None

        async def main() -> dict[Target, Fate]:
            async with serving(vendor.serve) as server:
                work = AccountWork(
                    open=bad, session=self.bad_session(server.url), secrets=["k3y"],
                    jobs=[self.job(one, look) for one in items],
                    witnesses=Witnesses((witness,), 3), rules=Rules(lambda _t, _c: None),
                )  # fmt: skip
                sender = Sender(deadline=5.0)
                return await execute(
                    [work, self.good_work(good)], self.context(run), ledgers, send=True,
                    sender=lambda one: sender if one.open is bad else well,  # type: ignore[arg-type,return-value]
                )  # fmt: skip

        fates = run_on(self.loop, main())
        self.end(run)
        return fates, vendor.bent

    def job(self, item: Item, look: str | None) -> Job:
        planned = Campaign(account="bad", id=item.target.id, name=item.name, channel=item.channel)
        return Job(item=item, planned=planned, look=look if self.driver.look else None)

    def pull_at(self, fuzz: Fuzz, bends: Callable[[Got], bool]) -> tuple[Any, int]:
        """One pull of the bad account."""
        vendor = self._vendor(fuzz, bends)
        run = self.journal.begin(None, "pull", "{}", [], {})
        opened = opened_as(self.bad, self.driver, "bad")
        ledgers = take([opened], self.journal, run)

        async def main() -> Any:
            async with serving(vendor.serve) as server:
                work = ListWork(opened, self.bad_session(server.url), ["k3y"])
                context, sender = self.context(run), Sender(deadline=5.0)
                gates = gates_of([work.open], context, ledgers)
                return await list_all(
                    [work], context, lambda: gates, free=lambda _: None, sender=lambda _: sender
                )

        heard = run_on(self.loop, main())
        self.end(run)
        return heard, vendor.bent

    def _vendor(self, fuzz: Fuzz, bends: Callable[[Got], bool]) -> BentVendor:
        return BentVendor(self.example, fuzz, bends, self.loop.time)

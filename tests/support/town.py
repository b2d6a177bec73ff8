"""Many vendors behind one real server, each a sandbox below its own path, with a will of its own.

What each is asked, and what it did, is written down in order: that is its ledger.
"""

import asyncio
import json
import threading
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from reconciler.sandbox import create_app, serve
from reconciler.sandbox.world import Cut

WHIMS = ("drop", "drop-after", "kill", "kill-after", "500", "429", "400")
"""What a vendor may do at a deletion: cut before or after it, or the client dies then, or no.

`hold` is one more: it waits until the town is free.
"""

OLD, NEW = 4, 3


@dataclass(frozen=True)
class Place:
    """Whose campaigns they are: one project (or stream) at one vendor of one town."""

    town: str
    driver: str
    tenant: str


@dataclass
class Asked:
    """One request: *command* during which it came; a deletion has an *id*, and may have worked."""

    command: int
    place: Place | None
    id: str | None = None
    status: int | None = None
    worked: bool = False


@dataclass
class Town:
    """An ASGI app. *left*: the ids that each place still has; *whims* of the next deletions."""

    left: dict[Place, set[str]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    whims: list[str] = field(default_factory=list)
    command: int = 0
    kill: Callable[[], None] = lambda: None  # what a kill does
    apps: dict[str, Any] = field(default_factory=dict)
    flying: int = 0  # requests that are under way
    free: threading.Event = field(default_factory=threading.Event)  # what "hold" waits for
    held: threading.Event = field(default_factory=threading.Event)  # a deletion waits for it

    def build(self, places: Sequence[Place]) -> None:
        """Begin anew, with *places* all of whose campaigns have the same ids."""
        self.left = {one: {f"c{n}" for n in range(OLD)} for one in places}
        self.asked, self.whims = [], []
        self.apps = {}
        for town in sorted({one.town for one in places}):
            mine = [one for one in places if one.town == town]
            tenants = {f"{one.driver}-{one.tenant}": _tenant(one) for one in mine}
            records = [r for one in mine for r in campaigns(f"{one.driver}-{one.tenant}", one)]
            self.apps[town] = create_app(records, tenants, 1000)

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        town, _, rest = scope["path"].lstrip("/").partition("/")
        if town == "pulse":
            while self.flying:
                await asyncio.sleep(0.001)
            await _answer(send, 200)
            return
        self.flying += 1
        try:
            await self._asked(town, rest, scope, receive, send)
        finally:
            self.flying -= 1

    async def _asked(
        self, town: str, rest: str, scope: dict[str, Any], receive: Any, send: Any
    ) -> None:
        body = b""
        while True:
            part = await receive()
            body += part.get("body", b"")
            if not part.get("more_body"):
                break
        raw = f"/{rest}".encode()
        inner = {**scope, "path": f"/{rest}", "raw_path": raw, "root_path": ""}
        place, id_ = _meant(town, rest, scope, body)
        row = Asked(self.command, place, id_)
        self.asked.append(row)
        whim = self.whims.pop(0) if id_ is not None and self.whims else "ok"
        if whim == "hold":
            self.held.set()
            await asyncio.get_running_loop().run_in_executor(None, self.free.wait)
            whim = "ok"
        if whim in ("drop", "kill"):
            await self._cut(whim, inner, receive, send)
        elif whim in ("500", "429", "400"):
            row.status = int(whim)
            await _answer(send, row.status)
        else:
            said = await self._done(row, town, body, inner)
            if whim == "ok":
                for message in said:
                    await send(message)
            else:
                row.status = None
                await self._cut(whim, inner, receive, send)

    async def _done(self, row: Asked, town: str, body: bytes, scope: Any) -> list[Any]:
        """What the vendor says, once it has done what was asked."""
        said: list[Any] = []

        async def given() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        async def kept(message: Any) -> None:
            said.append(message)

        await self.apps[town](scope, given, kept)
        row.status = said[0]["status"]
        if row.id is not None and row.place is not None and 200 <= row.status < 300:
            row.worked = row.id in self.left[row.place]
            self.left[row.place].discard(row.id)
        return said

    async def _cut(self, whim: str, scope: Any, receive: Any, send: Any) -> None:
        if whim.startswith("kill"):
            self.kill()
        await Cut()(scope, receive, send)


async def _answer(send: Any, status: int) -> None:
    kind = [(b"content-type", b"application/json"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": status, "headers": kind})
    await send({"type": "http.response.body", "body": b"{}"})


def _tenant(place: Place) -> tuple[str, Mapping[str, str]]:
    return place.driver, {"project" if place.driver == "batch-cep" else "streamId": place.tenant}


def _meant(town: str, path: str, scope: Any, body: bytes) -> tuple[Place | None, str | None]:
    """Whose campaigns a request is about, and which it would delete."""
    parts = path.split("/")
    if parts[0] == "batch":
        headers = dict(scope["headers"])
        place = Place(town, "batch-cep", headers[b"x-batch-project"].decode())
        return place, json.loads(body)["id"] if path.endswith("/delete") else None
    if "campaign" in parts and "public" in parts:
        place = Place(town, "kore", parts[parts.index("public") + 1])
        return place, parts[-1] if scope["method"] == "DELETE" else None
    return None, None


def campaigns(account: str, place: Place) -> list[dict[str, Any]]:
    """What *place* has at first, as records of *account*: those to delete, and those that stay."""
    channel = {"channel": "sms"} if place.driver == "kore" else {}
    return [
        {
            "account": account,
            "id": f"{kind[0]}{n}",
            "name": f"{'old' if kind == 'c' else 'new'} {n}",
            "status": "stopped",
            "createdAt": "2024-01-01T00:00:00Z",
            **channel,
        }
        for kind, many in (("c", OLD), ("k", NEW))
        for n in range(many)
    ]


def quiet(url: str) -> None:
    """Wait until nothing is under way in the town at *url*.

    What a process sent before it died is heard first: it came before this did.
    """
    for _ in range(2):
        with urllib.request.urlopen(f"{url}/pulse", timeout=60) as answer:
            answer.read()


@contextmanager
def town() -> Iterator[tuple[Town, str]]:
    """A town and its address."""
    made = Town()
    with serve(made) as url:  # type: ignore[arg-type]
        yield made, url

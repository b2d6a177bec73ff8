"""A driver's own requests, answered by the sandbox."""

import asyncio
import json
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import msgspec

from reconciler.driver import Answer, Item, Request, Secret, Session, Verdict, revealed
from reconciler.sandbox import create_app
from reconciler.testing import Example


class Wire:
    """Sends a driver's requests to a sandbox without any socket; its clock is ours.

    Each request comes *apart* seconds after the one before. `asked` holds them all.
    """

    def __init__(
        self, campaigns: list[dict[str, Any]], *, apart: float = 60.0, **options: Any
    ) -> None:
        self.now = 0.0
        self.apart = apart
        self.asked: list[Request] = []
        self.app = create_app(
            campaigns,
            clock=lambda: self.now,
            wall=lambda: 1.8e9 + self.now,
            sleep=self._sleep,
            **options,
        )

    async def _sleep(self, seconds: float) -> None:
        self.now += seconds

    def send(self, request: Request) -> Answer:
        self.now += self.apart
        self.asked.append(request)
        path = [one.reveal() if isinstance(one, Secret) else one for one in request.path]
        query = [f"{k}={quote(revealed(v), safe='')}" for k, v in request.query]
        headers = {name: revealed(value) for name, value in request.headers}
        body = None if request.body is None else json.dumps(request.body).encode()
        if request.form is not None:
            body = urlencode([(key, revealed(text)) for key, text in request.form]).encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        url = f"{request.base}/{'/'.join(path)}" + (f"?{'&'.join(query)}" if query else "")

        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport) as client:
                return await client.request(request.method, url, headers=headers, content=body)

        found = asyncio.run(asked())
        date = {"date": format_datetime(datetime.fromtimestamp(1.8e9 + self.now, UTC))}
        return Answer(found.status_code, {**date, **found.headers}, found.content)

    def run(self, flow: Any) -> Any:
        try:
            request = next(flow)
            while True:
                request = flow.send(self.send(request))
        except StopIteration as end:
            return end.value

    def delete(self, example: Example, session: Session, *items: Item) -> Verdict:
        """What the driver makes of the sandbox's answer to its own request."""
        answer = self.send(example.driver.delete(session, items))
        return example.driver.judge(session, items, answer)

    @property
    def ledger(self) -> dict[str, Any]:
        """What the sandbox says was asked and is left."""
        sent = Request("GET", "http://sandbox", ("__ledger",))
        said: dict[str, Any] = json.loads(self.send(sent).body)
        return said

    @property
    def effects(self) -> list[str]:
        return [effect for row in self.ledger["requests"] for effect in row["effect"]]


def session_at(example: Example, prefix: str = "", key: str = "sandbox-key") -> Session:
    """The example's session at the sandbox, each credential of it being *key*."""
    prefix = prefix or example.driver.name
    settings = example.checked
    settings = settings.resolved(dict.fromkeys(settings.credentials(), key))
    return msgspec.structs.replace(
        example.session, account="acc", settings=settings, base=f"http://sandbox/{prefix}"
    )


def record(id_: str, **fields: Any) -> dict[str, Any]:
    """A campaign of the account `acc`."""
    return {"account": "acc", "id": id_, "name": f"Campaign {id_}", **fields}

"""What the sandbox's tests share: a world without sockets, records, Kore.ai tokens."""

import asyncio
import base64
import hashlib
import hmac
import json
from typing import Any

import httpx

from reconciler.sandbox import create_app


class World:
    """A sandbox with a clock of its own, asked without any socket."""

    def __init__(self, campaigns: list[dict[str, Any]], **options: Any) -> None:
        self.now = 0.0
        self.slept: list[float] = []
        options = {"clock": lambda: self.now, "wall": lambda: 1.8e9 + self.now, **options}
        self.app = create_app(campaigns, sleep=options.pop("sleep", self._sleep), **options)

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def ask(self, method: str, path: str, *, apart: float = 60.0, **parts: Any) -> httpx.Response:
        """One request, *apart* seconds after the one before."""
        self.now += apart
        return asyncio.run(self.send(method, path, **parts))

    async def send(self, method: str, path: str, **parts: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
            return await client.request(method, path, **parts)

    @property
    def ledger(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.ask("GET", "/__ledger", apart=0).json()["requests"]
        return rows

    @property
    def left(self) -> dict[str, Any]:
        left: dict[str, Any] = self.ask("GET", "/__ledger", apart=0).json()["campaigns"]
        return left

    @property
    def effects(self) -> list[str]:
        return [effect for row in self.ledger for effect in row["effect"]]


def record(account: str, id_: str, **fields: Any) -> dict[str, Any]:
    return {"account": account, "id": id_, "name": f"Campaign {id_}", **fields}


def signed(
    claims: dict[str, Any] | None = None,
    *,
    secret: str = "sandbox-secret",
    alg: str = "HS256",
) -> str:
    """A JWT as Kore.ai's page describes it."""

    def part(value: Any) -> str:
        raw = value if isinstance(value, bytes) else json.dumps(value).encode()
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    head = part({"alg": alg, "typ": "JWT"})
    text = f"{head}.{part(claims or {'sub': 'me', 'appId': 'sandbox-app'})}"
    return f"{text}.{part(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest())}"

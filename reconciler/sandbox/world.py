"""What happens to a request: faults, limits, the vendor's answer, the ledger."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from reconciler.sandbox import ledger, limits
from reconciler.sandbox.faults import Fault, Faults
from reconciler.sandbox.state import State
from reconciler.sandbox.vendor import Vendor
from reconciler.sandbox.wire import Call, Reply, page, with_headers

SEE_OTHER = Reply(303, headers={"location": "/__elsewhere"})
Sleep = Callable[[float], Awaitable[None]]


class Sandbox:
    """The world behind the routes: vendors, faults, ledger, clock."""

    def __init__(
        self,
        vendors: Iterable[Vendor],
        state: State,
        faults: Faults,
        clock: Callable[[], float],
        sleep: Sleep,
    ) -> None:
        self._vendors = {vendor.name: vendor for vendor in vendors}
        self._state = state
        self._faults = faults
        self._clock = clock
        self._sleep = sleep
        self._ledger = ledger.Ledger(clock, datetime.now(UTC))

    async def vendor(self, request: Request) -> Response:
        """Any request below a vendor's prefix."""
        at = self._clock()
        body = await request.body()
        raw = request.scope["raw_path"].decode("ascii", "replace")
        prefix, *path = (unquote(part) for part in raw.lstrip("/").split("/"))
        name = _vendor_of(prefix, path)
        struck = self._faults.strike(name)
        headers = {key.lower(): value for key, value in request.headers.items()}
        query, pairs = dict(request.query_params), tuple(request.query_params.multi_items())
        kinds = frozenset(struck)
        call = Call(request.method, tuple(path), query, headers, body, at, kinds, pairs)
        row = self._ledger.open(name, call, raw, request.url.query)
        reply = await self._reply(self._vendors[name], call, struck, row)
        ledger.close(row, reply)
        return Cut() if reply is None else response(reply)

    async def _reply(
        self, vendor: Vendor, call: Call, struck: dict[str, Fault], row: dict[str, Any]
    ) -> Reply | None:
        counted = vendor.limits(call)
        if not limits.enter(counted, call.at):
            return with_headers(vendor.throttled(call, 0), vendor.headers(call))
        try:
            if "slow" in struck:
                await self._sleep(struck["slow"].seconds)
            before = self._before(vendor, call, struck)
            if before is not None:
                return before[0]
            reply = with_headers(vendor.answer(call), vendor.headers(call))
            row["effect"] = list(reply.effect)
            if "slow-after" in struck:
                await self._sleep(struck["slow-after"].seconds)
            return _after(vendor, reply, struck)
        finally:
            limits.leave(counted)

    def _before(
        self, vendor: Vendor, call: Call, struck: Mapping[str, Fault]
    ) -> tuple[Reply | None] | None:
        """The answer of a fault that keeps the request from the vendor; (None,): no answer."""
        if "throttle" in struck:
            reply = vendor.throttled(call, self._faults.variant(vendor.name, "throttle"))
            return (with_headers(reply, vendor.headers(call)),)
        if "error" in struck:
            nth = self._faults.variant(vendor.name, "error")
            return (vendor.errors[nth % len(vendor.errors)],)
        if "html" in struck:
            return (page(200, "Welcome"),)
        if "redirect" in struck:
            return (SEE_OTHER,)
        return (None,) if "drop" in struck else None

    async def elsewhere(self, request: Request) -> Response:
        """Where redirects lead: whoever follows one gets a 204 that means nothing."""
        call = Call(request.method, (), {}, dict(request.headers), b"", self._clock())
        row = self._ledger.open("redirected", call, request.url.path, request.url.query)
        ledger.close(row, Reply(204))
        return Response(status_code=204)

    async def ledger(self, _request: Request) -> Response:
        """What was asked and what is left."""
        return JSONResponse({"requests": self._ledger.rows, "campaigns": self._state.left()})


def _after(vendor: Vendor, reply: Reply, struck: Mapping[str, Fault]) -> Reply | None:
    """*reply* as a fault spoils it on its way back; None: it never comes."""
    if "drop-after" in struck:
        return None
    if "error-after" in struck:
        return vendor.errors[0]
    if "html-after" in struck:
        return page(200, "Welcome")
    if "redirect-after" in struck:
        return SEE_OTHER
    return Reply(200, effect=reply.effect, ok=True) if "empty" in struck and reply.ok else reply


def _vendor_of(prefix: str, path: list[str]) -> str:
    if prefix == "batch":
        return "batch-mep" if path and path[0].startswith("1.") else "batch-cep"
    return prefix


def response(reply: Reply) -> Response:
    headers = dict(reply.headers)
    if reply.content_type is not None:
        headers["content-type"] = reply.content_type
    return Response(reply.body, reply.status, headers)


class Cut(Response):
    """No answer: the connection ends. Needs `reconciler.sandbox.server`; elsewhere it raises."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        transport = scope.get("state", {}).get("transport")
        if transport is None:
            raise ConnectionAbortedError("the sandbox cut this connection")
        transport.abort()
        # Once the server has seen the end, it no longer expects an answer to this request.
        while (await receive())["type"] != "http.disconnect":
            pass

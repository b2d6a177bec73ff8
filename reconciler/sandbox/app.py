"""The ASGI application: every vendor below its prefix, a ledger and a pulse."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reconciler.model import Campaign
from reconciler.sandbox.batch_cep import BatchCep
from reconciler.sandbox.batch_mep import BatchMep
from reconciler.sandbox.brevo import Brevo
from reconciler.sandbox.cellcast import Cellcast
from reconciler.sandbox.faults import VENDORS, Fault, Faults
from reconciler.sandbox.hubspot import HubSpot
from reconciler.sandbox.klaviyo import Klaviyo
from reconciler.sandbox.kore import Kore
from reconciler.sandbox.listmonk import Listmonk
from reconciler.sandbox.mailchimp import Mailchimp
from reconciler.sandbox.onesignal import OneSignal
from reconciler.sandbox.ozonetel import Ozonetel
from reconciler.sandbox.sendgrid import SendGrid
from reconciler.sandbox.state import State, Tenants
from reconciler.sandbox.twilio import Twilio
from reconciler.sandbox.vendor import Vendor
from reconciler.sandbox.wire import failure
from reconciler.sandbox.world import Sandbox, Sleep, response

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
PREFIXES = ("batch", *(name for name in VENDORS if not name.startswith("batch-")))


async def _health(_request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _nowhere(request: Request) -> Response:
    paths = ", ".join(f"/{one}" for one in (*PREFIXES, "__ledger", "__health"))
    return response(failure(404, {"error": f"{request.url.path} is not here; there are {paths}"}))


def create_app(
    campaigns: Iterable[Campaign | Mapping[str, Any]],
    accounts: Tenants | None = None,
    speed: float = 1.0,
    faults: Iterable[Fault | str] = (),
    clock: Callable[[], float] = time.monotonic,
    *,
    kore_secrets: Iterable[str] = (),
    sleep: Sleep = asyncio.sleep,
    wall: Callable[[], float] = time.time,
) -> Starlette:
    """The sandbox, holding *campaigns*.

    *accounts*: account -> (driver, what identifies it at the vendor); without it the vendor is
    told by a record's shape and every tenant sees everything. *speed*: how many times shorter the
    windows of the limits are. *faults*: as on the command line, `ValueError` if one is not.
    *clock* (seconds, monotonic) counts the limits; *wall* (Unix time) is for tokens.
    *kore_secrets*: accepted beside `sandbox-secret`.
    """
    state = State(campaigns, accounts)
    secrets = ("sandbox-secret", *kore_secrets)
    vendors: tuple[Vendor, ...] = (
        BatchCep(state, speed),
        BatchMep(state, speed),
        Kore(state, speed, secrets=secrets, wall=wall),
        Ozonetel(state, speed, wall=wall),
        Cellcast(state, speed),
        SendGrid(state, speed, wall=wall),
        Klaviyo(state, speed),
        Mailchimp(state, speed),
        HubSpot(state, speed),
        OneSignal(state, speed),
        Brevo(state, speed),
        Twilio(state, speed),
        Listmonk(state),
    )
    world = Sandbox(vendors, state, Faults(faults), clock, sleep)
    below = [Route(f"/{one}/{{path:path}}", world.vendor, methods=METHODS) for one in PREFIXES]
    return Starlette(
        routes=[
            Route("/__health", _health),
            Route("/__ledger", world.ledger),
            Route("/__elsewhere", world.elsewhere, methods=METHODS),
            *below,
            Route("/{path:path}", _nowhere, methods=METHODS),
        ]
    )

"""Klaviyo: campaigns by channel, and send jobs.

Specification: github.com/klaviyo/openapi; rates and errors:
developers.klaviyo.com/en/docs/rate_limits_and_error_handling. Choices, since nothing is written:
any state can be deleted, an unknown id is a 404, and archived ones come only when asked for.
"""

import re
from collections.abc import Mapping
from math import ceil
from typing import Any

from reconciler.model import Status
from reconciler.sandbox.limits import Limit, Window
from reconciler.sandbox.state import Held, State
from reconciler.sandbox.times import offset
from reconciler.sandbox.vendor import Vendor
from reconciler.sandbox.wire import Call, Reply, dumped, empty, page, whole

HERE = "https://a.klaviyo.com/api/campaigns"  # the vendor's own address, on purpose
CHANNELS = ("email", "sms", "mobile_push")
_REVISION = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}(\.\w+)?")
_FILTER = re.compile(r"equals\(messages\.channel,'(\w+)'\)(?:,equals\(archived,(true|false)\))?")
_WORDS = {
    Status.DRAFT: "Draft",
    Status.SCHEDULED: "Scheduled",
    Status.READY: "Scheduled",
    Status.RUNNING: "Sending",
    Status.PAUSED: "Cancelled",
    Status.STOPPED: "Cancelled",
    Status.COMPLETED: "Sent",
    Status.SENT: "Sent",
}


class Klaviyo(Vendor):
    """10 a second and 150 a minute for each key and kind of call."""

    name = "klaviyo"

    def __init__(self, state: State, speed: float) -> None:
        self._state = state
        self._burst, self._steady = Window(10, 1 / speed), Window(150, 60 / speed)
        self.errors = (
            _errors(500, "error", "A server error occurred."),
            page(503, "Service Unavailable"),
        )

    def limits(self, call: Call) -> tuple[Limit, ...]:
        kind = f"{call.method} {len(call.path)} {_key(call)}"
        return ((self._burst, kind), (self._steady, kind))

    def headers(self, call: Call) -> Mapping[str, str]:
        window, key = self.limits(call)[1]
        return {
            "ratelimit-limit": str(window.requests),
            "ratelimit-remaining": str(window.left(key, call.at)),
            "ratelimit-reset": str(ceil(window.wait(key, call.at))),
        }

    def throttled(self, call: Call, _nth: int) -> Reply:
        full = [
            window.wait(k, call.at)
            for window, k in self.limits(call)
            if not window.left(k, call.at)
        ]
        reply = _errors(429, "throttled", "Request was throttled.")
        wait = {"retry-after": str(max(ceil(max(full, default=1)), 1))}
        return Reply(429, reply.body, reply.content_type, wait)

    def answer(self, call: Call) -> Reply:
        refused = self._refused(call)
        if refused is not None:
            return refused
        match (call.method, *call.path):
            case ("GET", "api", "campaigns"):
                return self._list(call)
            case ("GET", "api", "campaigns", id_):
                found = self._find(call, id_)
                return _said({"data": _item(found)}) if found else _missing(id_)
            case ("DELETE", "api", "campaigns", id_):
                found = self._find(call, id_)
                return self._delete(found) if found else _missing(id_)
            case ("PATCH", "api", "campaign-send-jobs", id_):
                found = self._find(call, id_)
                return _stopped(found, call) if found else _missing(id_)
        return _errors(404, "not_found", "The path is not known.")

    def _refused(self, call: Call) -> Reply | None:
        key = _key(call)
        known = key.startswith("sandbox-") and self._state.known(self.name, {"apiKey": key})
        if "auth" in call.faults or not known:
            return _errors(401, "not_authenticated", "Missing or invalid private key.")
        if not _REVISION.fullmatch(call.headers.get("revision", "")):
            return _errors(400, "invalid", "The revision header is required.", "revision")
        barred = "no-list" if call.method == "GET" else "no-delete"
        if barred in call.faults:
            return _errors(403, "permission_denied", "The key lacks a scope.")
        return None

    def _find(self, call: Call, id_: str) -> Held | None:
        found = self._state.find(self.name, id_, {"apiKey": _key(call)})
        return found[0] if found else None

    def _delete(self, held: Held) -> Reply:
        self._state.remove(self.name, held)
        return empty((held.target(),))

    def _list(self, call: Call) -> Reply:
        asked = _FILTER.fullmatch(call.query.get("filter", ""))
        size = whole(call.query.get("page[size]"), 100, least=1)
        start = whole(call.query.get("page[cursor]", "").removeprefix("c") or None, 0)
        if asked is None or asked[1] not in CHANNELS:
            return _errors(400, "invalid", "A channel filter is required.", "filter")
        if size is None or size > 100 or start is None:
            return _errors(400, "invalid", "page[size] is 1 to 100.", "page[size]")
        everything = [
            one
            for one in self._state.all(self.name, {"apiKey": _key(call)})
            if channel_of(one) == asked[1] and _archived(one) == (asked[2] == "true")
        ]
        rest = [one for one in everything if one.order >= start]
        more = rest[size].order if len(rest) > size else None
        if more is not None and "loop" in call.faults:
            more = start
        url = f"{HERE}?page%5Bsize%5D={size}&page%5Bcursor%5D=c{more}"
        links = {"self": HERE, "prev": None, "next": None if more is None else url}
        page: dict[str, Any] = {"data": [_item(one) for one in rest[:size]], "links": links}
        if "tags" in call.query.get("include", "").split(","):
            page["included"] = [tag for one in rest[:size] for tag in _tags(one)]
        return _said(page)


def _key(call: Call) -> str:
    return call.authorization("klaviyo-api-key") or ""


def channel_of(held: Held) -> str:
    """`sms` and `mobile_push` (also `push`), or `email` for everything else."""
    channel = held.campaign.channel
    if channel in ("push", "mobile_push"):
        return "mobile_push"
    return "sms" if channel == "sms" else "email"


def _archived(held: Held) -> bool:
    return held.attribute("archived") is True


def _item(held: Held) -> dict[str, Any]:
    campaign = held.campaign
    own = held.attribute("status")
    special = isinstance(own, str) and own.startswith(
        ("Cancelled", "Preparing", "Adding", "Queued")
    )
    attributes = {
        "name": campaign.name,
        "status": own if special and not held.word else held.status_word(_WORDS, "Draft"),
        "archived": _archived(held),
        "created_at": offset(campaign.created_at),
        "updated_at": offset(campaign.updated_at or campaign.created_at),
        "scheduled_at": None,
        "send_time": None,
    }
    tags = [{"type": "tag", "id": tag["id"]} for tag in _tags(held)]
    return {
        "type": "campaign",
        "id": campaign.id,
        "attributes": attributes,
        "relationships": {"tags": {"data": tags}},
    }


def _tags(held: Held) -> list[dict[str, Any]]:
    labels = held.campaign.labels or {}
    return [
        {"type": "tag", "id": f"tag-{held.order}-{n}", "attributes": {"name": f"{key}:{value}"}}
        for n, (key, value) in enumerate(labels.items())
    ]


def _stopped(held: Held, call: Call) -> Reply:
    """Cancels a send, or reverts it to a draft."""
    data = (call.json_object() or {}).get("data")
    asked = data.get("attributes") if isinstance(data, dict) else None
    action = asked.get("action") if isinstance(asked, dict) else None
    if action not in ("cancel", "revert"):
        return _errors(400, "invalid", "action is cancel or revert.", "/data/attributes/action")
    held.word = "Cancelled" if action == "cancel" else "Draft"
    return empty()


def _said(value: Any) -> Reply:
    return Reply(200, dumped(value), "application/vnd.api+json", ok=True)


def _errors(status: int, code: str, detail: str, pointer: str = "/data/") -> Reply:
    source = {"pointer": pointer}
    one = {"id": "e-1", "code": code, "title": detail, "detail": detail, "source": source}
    return Reply(status, dumped({"errors": [one]}), "application/vnd.api+json")


def _missing(id_: str) -> Reply:
    return _errors(404, "not_found", f"A campaign with id {id_} does not exist.")

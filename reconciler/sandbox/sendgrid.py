"""Twilio SendGrid v3: Single Sends, one and many, and their schedule.

Specification: github.com/twilio/sendgrid-oai tsg_mc_singlesends_v3; rate headers:
twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/rate-limits. Choices, since
nothing is written: 10 requests a second; a bulk deletion with an unknown id deletes nothing, one
without `ids` deletes everything (the worst reading), and any state can be deleted.
"""

from collections.abc import Callable, Mapping
from math import ceil
from typing import Any

from reconciler.model import Status
from reconciler.sandbox.limits import Limit, Window
from reconciler.sandbox.state import Held, State
from reconciler.sandbox.times import zulu
from reconciler.sandbox.vendor import Vendor
from reconciler.sandbox.wire import Call, Reply, empty, failure, page, success, whole

HERE = "https://api.sendgrid.com/v3/marketing/singlesends"  # the vendor's own address, on purpose
MOST = 50  # ids of a bulk deletion
_WORDS = {
    Status.DRAFT: "draft",
    Status.SCHEDULED: "scheduled",
    Status.READY: "scheduled",
    Status.RUNNING: "triggered",
    Status.COMPLETED: "triggered",
    Status.SENT: "triggered",
}


class SendGrid(Vendor):
    """10 requests a second for each key (a guess: no number is published)."""

    name = "sendgrid"

    def __init__(self, state: State, speed: float, *, wall: Callable[[], float]) -> None:
        self._state = state
        self._window = Window(10, 1 / speed)
        self._wall = wall
        self.errors = (_errors(500, "internal server error"), page(503, "Service Unavailable"))

    def limits(self, call: Call) -> tuple[Limit, ...]:
        return ((self._window, call.bearer() or ""),)

    def headers(self, call: Call) -> Mapping[str, str]:
        ((window, key),) = self.limits(call)
        return self._rate(window.left(key, call.at), window.wait(key, call.at))

    def _rate(self, left: int, wait: float) -> dict[str, str]:
        return {
            "x-ratelimit-limit": str(self._window.requests),
            "x-ratelimit-remaining": str(left),
            "x-ratelimit-reset": str(ceil(self._wall() + wait)),  # Unix time
        }

    def throttled(self, call: Call, _nth: int) -> Reply:
        ((window, key),) = self.limits(call)
        reply = _errors(429, "too many requests")
        return Reply(429, reply.body, reply.content_type, self._rate(0, window.wait(key, call.at)))

    def answer(self, call: Call) -> Reply:
        if call.path[:3] != ("v3", "marketing", "singlesends"):
            return _errors(404, "not found")
        refused = self._refused(call)
        if refused is not None:
            return refused
        match (call.method, *call.path[3:]):
            case ("GET",):
                return self._list(call)
            case ("DELETE",):
                return self._delete_many(call)
            case ("GET", id_):
                found = self._find(call, id_)
                return success(_item(found)) if found else _missing()
            case ("DELETE", id_):
                found = self._find(call, id_)
                return self._delete(found) if found else _missing()
            case ("DELETE", id_, "schedule"):
                found = self._find(call, id_)
                return _unscheduled(found) if found else _missing()
        return _errors(405, "method not allowed")

    def _refused(self, call: Call) -> Reply | None:
        key = call.bearer() or ""
        known = key.startswith("sandbox-") and self._state.known(self.name, _given(call))
        if "auth" in call.faults or not known:
            return _errors(401, "authorization required")
        barred = "no-list" if call.method == "GET" else "no-delete"
        return _errors(403, "access forbidden") if barred in call.faults else None

    def _find(self, call: Call, id_: str) -> Held | None:
        found = self._state.find(self.name, id_, _given(call))
        return found[0] if found else None

    def _delete(self, *found: Held) -> Reply:
        for held in found:
            self._state.remove(self.name, held)
        return empty(tuple(held.target() for held in found))

    def _delete_many(self, call: Call) -> Reply:
        ids = [id_ for text in call.every("ids") for id_ in text.split(",") if id_]
        if not ids:
            return self._delete(*self._state.all(self.name, _given(call)))
        if len(ids) > MOST:
            return _errors(400, f"at most {MOST} ids", "ids")
        found = [self._find(call, id_) for id_ in dict.fromkeys(ids)]
        there = [held for held in found if held is not None]
        if len(there) == len(found):
            return self._delete(*there)
        effect = self._delete(*there).effect if "part-done" in call.faults else ()
        reply = _missing()
        return Reply(reply.status, reply.body, reply.content_type, effect=effect)

    def _list(self, call: Call) -> Reply:
        size = whole(call.query.get("page_size"), 25, least=1)
        start = whole(call.query.get("page_token", "").removeprefix("t") or None, 0)
        if size is None or size > 100 or start is None:
            return _errors(400, "page_size is 1 to 100, page_token is that of a page", "page_size")
        everything = self._state.all(self.name, _given(call))
        rest = [one for one in everything if one.order >= start]
        metadata: dict[str, Any] = {"self": _url(size, start), "count": len(everything)}
        if len(rest) > size:
            following = start if "loop" in call.faults else rest[size].order
            metadata["next"] = _url(size, following)
        return success({"result": [_item(one) for one in rest[:size]], "_metadata": metadata})


def _given(call: Call) -> Mapping[str, str]:
    return {
        "apiKey": call.bearer() or "",
        "onBehalfOf": call.headers.get("on-behalf-of", ""),
    }


def _url(size: int, start: int) -> str:
    return f"{HERE}?page_size={size}&page_token=t{start}"


def _item(held: Held) -> dict[str, Any]:
    campaign = held.campaign
    return {
        "id": campaign.id,
        "name": campaign.name,
        "status": held.status_word(_WORDS, "draft"),
        "categories": [f"{key}:{value}" for key, value in (campaign.labels or {}).items()],
        "send_at": held.attribute("send_at"),
        "is_abtest": False,
        "abtest": None,
        "created_at": zulu(campaign.created_at),
        "updated_at": zulu(campaign.updated_at or campaign.created_at),
    }


def _unscheduled(held: Held) -> Reply:
    held.word = "draft"
    return success({"send_at": None, "status": "draft"})


def _errors(status: int, message: str, field: str | None = None) -> Reply:
    return failure(status, {"errors": [{"field": field, "message": message, "error_id": ""}]})


def _missing() -> Reply:
    return _errors(404, "resource not found")

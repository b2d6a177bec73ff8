"""Brevo API v3: email, SMS and WhatsApp campaigns, each with ids of their own.

Pages: developers.brevo.com/reference/delete-email-campaign, …/docs/{api-limits,limit-headers};
types of npm @getbrevo/brevo. Choices, since nothing is written: a page has at most 100 campaigns,
and WhatsApp campaigns keep the rules of SMS.
"""

from collections.abc import Mapping
from math import ceil
from typing import Any

from reconciler.model import Status
from reconciler.sandbox.limits import Limit, Window
from reconciler.sandbox.state import Held, State
from reconciler.sandbox.times import zulu
from reconciler.sandbox.vendor import Vendor
from reconciler.sandbox.wire import HTML, Call, Reply, empty, failure, page, success, whole

_KINDS = {"emailCampaigns": "email", "smsCampaigns": "sms", "whatsappCampaigns": "whatsapp"}
_SETTABLE = {  # the status that a campaign has afterwards
    "archive": "archive",
    "darchive": "sent",
    "suspended": "suspended",
    "cancel": "cancelled",
    "queued": "queued",
    "draft": "draft",
}
_WORDS = {
    Status.DRAFT: "draft",
    Status.SCHEDULED: "queued",
    Status.READY: "queued",
    Status.RUNNING: "inProcess",
    Status.PAUSED: "suspended",
    Status.STOPPED: "suspended",
    Status.COMPLETED: "archive",
    Status.SENT: "sent",
}
_KNOWN = {*_WORDS.values(), "inReview", "cancelling", "cancelled"}


class Brevo(Vendor):
    """100 requests an hour for each key."""

    name = "brevo"

    def __init__(self, state: State, speed: float) -> None:
        self._state = state
        self._window = Window(100, 3600 / speed)
        self.errors = (failure(500, {"message": "Internal server error"}), page(502, "Bad Gateway"))

    def limits(self, call: Call) -> tuple[Limit, ...]:
        return ((self._window, call.headers.get("api-key", "")),)

    def headers(self, call: Call) -> Mapping[str, str]:
        ((window, key),) = self.limits(call)
        return {
            "x-sib-ratelimit-limit": str(window.requests),
            "x-sib-ratelimit-remaining": str(window.left(key, call.at)),
            "x-sib-ratelimit-reset": str(max(ceil(window.wait(key, call.at)), 1)),  # seconds left
        }

    def throttled(self, _call: Call, _nth: int) -> Reply:
        return _error(429, "too_many_requests", "The expected rate limit is exceeded.")

    def answer(self, call: Call) -> Reply:
        if len(call.path) < 2 or call.path[0] != "v3" or call.path[1] not in _KINDS:
            return _error(404, "document_not_found", "Route not found")
        refused = self._refused(call)
        if refused is not None:
            return refused
        given = {"apiKey": call.headers["api-key"], "kind": _KINDS[call.path[1]]}
        match (call.method, *call.path[2:]):
            case ("GET",):
                return self._list(call, given)
            case (method, id_, *rest):
                found = self._find(id_, given)
                if found is None:
                    return _error(404, "document_not_found", "Campaign ID does not exist")
                return self._one(call, method, found, given["kind"], *rest)
        return _error(405, "method_not_allowed", "Method not allowed")

    def _refused(self, call: Call) -> Reply | None:
        key = call.headers.get("api-key", "")
        known = key.startswith("sandbox-") and self._state.known(self.name, {"apiKey": key})
        if "auth" in call.faults or not known:
            return _error(401, "unauthorized", "Key not found")
        barred = "no-list" if call.method == "GET" else "no-delete"
        return _forbidden() if barred in call.faults else None

    def _find(self, id_: str, given: Mapping[str, str]) -> Held | None:
        found = [one for one in self._state.find(self.name, id_, given) if self._is(one, given)]
        return found[0] if found else None

    def _is(self, held: Held, given: Mapping[str, str]) -> bool:
        channel = held.campaign.channel
        own = channel if channel in _KINDS.values() else "email"
        return (self._state.told(held, "kind") or own) == given["kind"]

    def _one(self, call: Call, method: str, held: Held, kind: str, *rest: str) -> Reply:
        word = _word(held)
        match (method, *rest):
            case ("GET",):
                return success(_item(held, html=True))
            case ("DELETE",):
                kept = (
                    word != "draft" if kind == "email" else word in ("queued", "inProcess", "sent")
                )
                if kept:
                    return _forbidden()
                self._state.remove(self.name, held)
                return empty((held.target(),))
            case ("PUT", "status"):
                asked = (call.json_object() or {}).get("status")
                if asked not in _SETTABLE:
                    return _error(400, "invalid_parameter", "status is not valid")
                held.word = _SETTABLE[asked]
                return empty((held.target(),) if asked == "archive" else ())
        return _error(405, "method_not_allowed", "Method not allowed")

    def _list(self, call: Call, given: Mapping[str, str]) -> Reply:
        limit = whole(call.query.get("limit"), 50)
        offset = whole(call.query.get("offset"), 0)
        sort = call.query.get("sort", "desc")
        if limit is None or limit > 100 or offset is None or sort not in ("asc", "desc"):
            return _error(400, "out_of_range", "Limit exceeds max value")
        html = call.query.get("excludeHtmlContent") != "true"
        found = [one for one in self._state.all(self.name, given) if self._is(one, given)]
        if sort == "desc":
            found.reverse()
        found = [one for one in found if call.query.get("status") in (None, _word(one))]
        shown = [_item(one, html=html) for one in found[offset : offset + limit]]
        return success({"campaigns": shown, "count": len(found)})


def _word(held: Held) -> str:
    own = held.attribute("status")
    return own if own in _KNOWN and not held.word else held.status_word(_WORDS, "draft")


def _item(held: Held, *, html: bool) -> dict[str, Any]:
    campaign = held.campaign
    return {
        "id": int(campaign.id) if campaign.id.isdecimal() else campaign.id,
        "name": campaign.name,
        "subject": campaign.name,
        "type": held.attribute("type") or "classic",
        "status": _word(held),
        "createdAt": zulu(campaign.created_at),
        "modifiedAt": zulu(campaign.updated_at or campaign.created_at),
        "tags": [f"{key}:{value}" for key, value in (campaign.labels or {}).items()],
        **({"htmlContent": HTML.format("Hello")} if html else {}),
    }


def _error(status: int, code: str, message: str) -> Reply:
    return failure(status, {"code": code, "message": message})


def _forbidden() -> Reply:
    """The same word for a state that cannot be deleted and for a key that may not."""
    return _error(403, "permission_denied", "You don't have permission to perform this action")

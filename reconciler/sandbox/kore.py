"""Kore.ai public API v2: delete, get, status and list of SMS and voice campaigns.

Pages: docs.kore.ai/ai-for-service/apis/contact-center/{delete-sms-campaign-v2,
get-all-campaigns-v2, get-sms-campaign-by-id-v2, get-campaign-status-v2, rate-limit-ccai}. No error
status or body is documented: those here are one possible reading (a wrong type: 200 `failure`).
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from reconciler.sandbox import _kore_token
from reconciler.sandbox._kore_records import instant, list_item, snapshot, type_of, word_of
from reconciler.sandbox.limits import Limit, Window
from reconciler.sandbox.state import Held, State
from reconciler.sandbox.vendor import Vendor
from reconciler.sandbox.wire import Call, Reply, failure, page, success

RATE = "You've exceeded the per-minute rate limit. Please wait for sometime before retrying."
TYPES = ("sms", "voice")
_SORTS: dict[str, Callable[[Held], str]] = {
    "updatedAt": lambda held: instant(held, "updatedAt"),
    "createdAt": lambda held: instant(held, "createdAt"),
    "name": lambda held: held.campaign.name,
}
MOST = 100  # a page's length; the vendor names none, a sibling list caps there


class Kore(Vendor):
    """60 requests a minute for each account id, reads included."""

    name = "kore"
    errors: tuple[Reply, ...] = (
        failure(500, {"status": "error", "message": "Internal server error"}),
        page(502, "Bad Gateway"),
    )

    def __init__(
        self, state: State, speed: float, *, secrets: Iterable[str], wall: Callable[[], float]
    ) -> None:
        self._state = state
        self._window = Window(60, 60 / speed)
        self._secrets = tuple(secrets)
        self._wall = wall

    def limits(self, call: Call) -> tuple[Limit, ...]:
        return ((self._window, call.headers.get("accountid", "")),)

    def throttled(self, _call: Call, nth: int) -> Reply:
        """The answer to one too many; the HTTP status is not documented, so faults take turns."""
        return failure((429, 403, 200)[nth % 3], {"status": "failure", "message": RATE})

    def answer(self, call: Call) -> Reply:
        if call.path[:4] != ("campaign", "api", "v2", "public"):
            return page(404, "Not Found")
        match (call.method, *call.path[4:]):
            case ("POST", stream, "campaign", "getAllCampaignDetails"):
                return self._refused(call, stream, "error") or self._list(call, stream)
            case ("POST", stream, "campaign", campaign, "status"):
                return self._refused(call, stream) or self._status(call, stream, campaign)
            case ("GET", stream, "campaign", campaign):
                return self._refused(call, stream) or self._get(call, stream, campaign)
            case ("DELETE", stream, "campaign", campaign):
                return self._refused(call, stream) or self._delete(call, stream, campaign)
        return page(404, "Not Found")

    def _refused(self, call: Call, stream: str, word: str = "failure") -> Reply | None:
        why = _kore_token.fault_of(
            call.headers.get("auth", ""), self._secrets, jti="jti" in call.faults, now=self._wall()
        )
        if why is not None or "auth" in call.faults:
            return failure(401, {"msg": "Invalid SDK credentials", "code": 4002, "why": why})
        for name in ("iid", "accountid"):
            if not call.headers.get(name):
                return failure(400, {"status": word, "message": f"header {name} is required"})
        if call.query.get("accountId") != call.headers["accountid"]:
            return failure(400, {"status": word, "message": "accountId is required"})
        if not self._state.known(self.name, {"streamId": stream}):
            return failure(404, {"status": word, "message": "Stream not found"})
        if not self._state.known(self.name, _given(call, stream)):
            return failure(401, {"msg": "Invalid SDK credentials", "code": 4002})
        return None

    def _find(self, call: Call, stream: str, campaign: str) -> Held | None:
        found = self._state.find(self.name, campaign, _given(call, stream))
        return found[0] if found else None

    def _delete(self, call: Call, stream: str, campaign: str) -> Reply:
        if call.body or call.query.get("campaignType") not in TYPES:
            return _no(400, "campaignType is sms or voice, and there is no body")
        held = self._find(call, stream, campaign)
        if held is None:
            return _no(404, "Campaign not found")
        if type_of(held) != call.query["campaignType"]:
            return _no(200, "Campaign type does not match")
        self._state.remove(self.name, held)
        message = f"Campaign {held.campaign.name} deleted successfully"
        answer = {"status": "success", "message": message, "data": snapshot(held)}
        return success(answer, effect=(held.target(),))

    def _get(self, call: Call, stream: str, campaign: str) -> Reply:
        held = self._find(call, stream, campaign)
        if held is None:
            return _no(404, "Campaign not found")
        return success({"status": "success", "data": snapshot(held)})

    def _status(self, call: Call, stream: str, campaign: str) -> Reply:
        if call.query.get("view") != "status" or call.json_object() != {}:
            return _no(400, "view is status, and the body is {}")
        held = self._find(call, stream, campaign)
        if held is None:
            return _no(404, "Campaign not found")
        data = {"id": held.campaign.id, "status": word_of(held), "name": held.campaign.name}
        return success({"status": "success", "data": data})

    def _list(self, call: Call, stream: str) -> Reply:
        body = call.json_object()
        if body is None or body.get("type") not in TYPES:
            return _wrong("type is sms or voice")
        limit, skip = body.get("limit", 50), body.get("skip", 0)
        if not (_whole(limit) and _whole(skip) and limit and _whole(body.get("page", 1))):
            return _wrong("limit, skip and page are numbers")
        limit = min(limit, MOST)
        if "skip" not in body:
            skip = max(body.get("page", 1) - 1, 0) * limit
        filters = body.get("filters") or {}
        if not isinstance(filters, dict) or not isinstance(body.get("sortBy") or {}, dict):
            return _wrong("filters and sortBy are objects")
        found = [
            one
            for one in self._state.all(self.name, _given(call, stream))
            if type_of(one) == body["type"]
            and (not filters.get("status") or word_of(one) in filters["status"])
        ]
        _sort(found, body.get("sortBy") or {})
        shown = found[skip : skip + limit]
        data = {
            "results": [list_item(one) for one in shown],
            "skip": skip,
            "limit": limit,
            "hasMore": skip + limit < len(found),
            "totalPages": -(-len(found) // limit),
            "totalResults": len(found),
        }
        return success({"status": "success", "message": "Campaigns fetched", "data": data})


def _given(call: Call, stream: str) -> Mapping[str, str]:
    return {
        "streamId": stream,
        "accountId": call.headers["accountid"],
        "iid": call.headers["iid"],
    }


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _sort(found: list[Held], by: dict[str, Any]) -> None:
    for key, value in _SORTS.items():
        if key in by:
            found.sort(key=value, reverse=by[key] == "desc")


def _no(status: int, message: str) -> Reply:
    return failure(status, {"status": "failure", "message": message})


def _wrong(message: str) -> Reply:
    return failure(400, {"status": "error", "message": message})

"""OneSignal: messages are cancelled, and stay.

Pages: documentation.onesignal.com/reference/{cancel-message,view-message,view-messages} and
…/rate-limits; github.com/OneSignal/api. An unknown id is a 400 in the older specification and a
404 in the newer, and errors are texts or objects: they take turns. Choices, since nothing is
written: what was sent is a 400, and what is cancelled already is a 200 with `success: false`.
"""

from collections.abc import Mapping
from typing import Any

from reconciler.model import Status
from reconciler.sandbox.limits import Limit, Window
from reconciler.sandbox.state import Held, State
from reconciler.sandbox.times import unix
from reconciler.sandbox.vendor import Vendor
from reconciler.sandbox.wire import Call, Reply, failure, page, success, whole

_OVER = (Status.COMPLETED, Status.SENT)
_AHEAD = (Status.DRAFT, Status.SCHEDULED, Status.READY)
_LATER = 4_000_000_000


class OneSignal(Vendor):
    """Cancelling: 150 a second for each app; viewing: 1 a second (an old page's number)."""

    name = "onesignal"

    def __init__(self, state: State, speed: float) -> None:
        self._state = state
        self._cancel, self._view = Window(150, 1 / speed), Window(1, 1 / speed)
        self._unknown = 0
        self.errors = (failure(500, {"errors": ["Internal server error"]}), page(503, "Sorry"))

    def limits(self, call: Call) -> tuple[Limit, ...]:
        window = self._cancel if call.method == "DELETE" else self._view
        return ((window, call.query.get("app_id", "")),)

    def throttled(self, _call: Call, _nth: int) -> Reply:
        reply = failure(429, {"errors": ["API rate limit exceeded."]})
        return Reply(429, reply.body, reply.content_type, {"retry-after": "1"})

    def answer(self, call: Call) -> Reply:
        path = call.path[2:] if call.path[:2] == ("api", "v1") else call.path
        if path[:1] != ("notifications",):
            return failure(404, {"errors": ["Not found"]})
        refused = self._refused(call)
        if refused is not None:
            return refused
        match (call.method, *path[1:]):
            case ("GET",):
                return self._list(call)
            case ("GET", id_):
                found = self._state.find(self.name, id_, _given(call))
                return success(_item(found[0])) if found else self._missing()
            case ("DELETE", id_):
                found = self._state.find(self.name, id_, _given(call))
                return self._stop(found[0]) if found else self._missing()
        return failure(404, {"errors": ["Not found"]})

    def _refused(self, call: Call) -> Reply | None:
        key = call.authorization("key") or call.bearer() or ""
        if "auth" in call.faults or not key.startswith("sandbox-"):
            return failure(401, {"errors": ["Please include a valid API key."]})
        if not call.query.get("app_id") or not self._state.known(self.name, _given(call)):
            return failure(
                400, {"errors": ["app_id not found. You may be missing a Content-Type."]}
            )
        if call.method == "GET" and "no-list" in call.faults:
            return failure(403, {"errors": ["Access denied."]})
        return None

    def _stop(self, held: Held) -> Reply:
        if held.gone:
            return failure(200, {"success": False, "errors": ["Message is already canceled"]})
        if held.campaign.status in _OVER:
            text = "Notification has already been sent to all recipients"
            return failure(400, {"errors": [text], "success": False})
        held.gone = True
        return success({"success": True}, effect=(held.target(),))

    def _missing(self) -> Reply:
        self._unknown += 1
        if self._unknown % 2:
            return failure(404, {"errors": [{"code": "not_found", "title": "Message not found"}]})
        return failure(400, {"errors": ["Message Not Found"]})

    def _list(self, call: Call) -> Reply:
        limit = whole(call.query.get("limit"), 50)
        offset = whole(call.query.get("offset"), 0)
        kind = call.query.get("kind")
        if limit is None or offset is None or kind not in (None, "0", "1", "3"):
            return failure(400, {"errors": ["limit, offset and kind are numbers"]})
        found = [
            _item(one)
            for one in reversed(self._state.all(self.name, _given(call)))
            if one.attribute("journey") is not True
            and kind in (None, str(one.attribute("kind") or 0))
        ]
        limit = min(limit, 50)
        shown = found[offset : offset + limit]
        told = {"total_count": len(found), "offset": offset, "limit": limit}
        return success({**told, "notifications": shown})


def _given(call: Call) -> Mapping[str, str]:
    return {"appId": call.query.get("app_id", "")}


def _item(held: Held) -> dict[str, Any]:
    campaign = held.campaign
    created = unix(campaign.created_at)
    return {
        "id": campaign.id,
        "name": campaign.name,
        "canceled": held.gone,
        "queued_at": created,
        "send_after": _LATER if campaign.status in _AHEAD else created,
        "completed_at": created + 60 if campaign.status in _OVER else None,
        "remaining": 0,
        "successful": 0,
        "template_id": None,
    }

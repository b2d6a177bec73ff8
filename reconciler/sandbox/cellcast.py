"""Cellcast: cancelScheduleQuickMessage, and the two reports on messages.

Pages: developer.cellcast.com/api-docs/{cancel-campaign,get-list-sent-messages,get-message-detail}.
A message is cancelled once; after that, like a sent or an unknown one, it is `message not found`
with HTTP 200. The rate and everything about failure but 400 and 401 is third parties' word.
"""

from collections.abc import Mapping
from typing import Any

from reconciler.sandbox.limits import Limit, Window
from reconciler.sandbox.state import Held, State
from reconciler.sandbox.times import zulu
from reconciler.sandbox.vendor import Vendor
from reconciler.sandbox.wire import Call, Reply, failure, success, whole

TYPES = ("sms", "mms")
_AHEAD = "2099-01-01T00:00:00.000Z"


class Cellcast(Vendor):
    """10 requests a second for each key."""

    name = "cellcast"

    def __init__(self, state: State, speed: float) -> None:
        self._state = state
        self._window = Window(10, 1 / speed)
        self.errors: tuple[Reply, ...] = (_stack(500, "Internal Server Error"), _maintenance())

    def limits(self, call: Call) -> tuple[Limit, ...]:
        return ((self._window, call.bearer() or ""),)

    def throttled(self, _call: Call, _nth: int) -> Reply:
        """The answer to one too many; its body belongs to neither of the two envelopes."""
        return Reply(429, b"Too many requests, please try again later.", "text/plain")

    def answer(self, call: Call) -> Reply:
        match (call.method, *call.path):
            case ("POST", "api", "v1", "gateway", "cancelScheduleQuickMessage"):
                return self._refused(call) or self._cancel(call)
            case ("GET", "api", "v2", "report", "message"):
                return self._refused(call) or self._list(call)
            case ("GET", "api", "v2", "report", "message", message):
                return self._refused(call) or self._detail(call, message)
        return _stack(404, "Not found")

    def _refused(self, call: Call) -> Reply | None:
        token = call.bearer() or ""
        known = token.startswith("sandbox-") and self._state.known(self.name, {"apiKey": token})
        if "auth" in call.faults or not known:
            return _stack(401, "Token expired")
        return None

    def _cancel(self, call: Call) -> Reply:
        body = call.json_object()
        if body is None:
            return _stack(400, "the body is not a JSON object")
        for key in ("messageId", "type"):
            if key not in body or body[key] == "":
                return _stack(400, f"{key} is required")
            if not isinstance(body[key], str):
                return _stack(400, f"{key} must be a string")
        if body["type"] not in TYPES:
            return _stack(400, "type must be one of [sms, mms]")
        message = body["messageId"]
        for held in self._state.find(self.name, message, _given(call)):
            if held.messages[message] == "queued" and type_of(held) == body["type"]:
                held.messages[message] = "canceled"
                text = "Job Removed successfully"
                many = held.campaign.message_ids is not None
                effect = (held.target(message if many else None),)
                return success(_envelope(True, text, {"message": text}), effect=effect)
        return _missing()

    def _detail(self, call: Call, message: str) -> Reply:
        found = self._state.find(self.name, message, _given(call))
        if not found:
            return _missing()
        return success(_envelope(True, "Message detail", _item(found[0], message)))

    def _list(self, call: Call) -> Reply:
        number, limit = (
            whole(call.query.get(key), default, least=1)
            for key, default in (("page", 1), ("limit", 10))
        )
        kind = call.query.get("campType")
        if number is None or limit is None or kind not in (None, *TYPES):
            return _stack(400, "page and limit are numbers, campType is sms or mms")
        items = [
            item
            for held in self._state.all(self.name, _given(call))
            for item in (_item(held, message) for message in held.messages)
            if kind in (None, type_of(held)) and _wanted(item, call.query)
        ]
        last = max(-(-len(items) // limit), 1)
        data = {
            "items": items[(number - 1) * limit : number * limit],
            "total": len(items),
            "limit": limit,
            "current": number,
            "totalPages": last,
            "hasNextPage": number < last,
            "nextPage": number + 1 if number < last else None,
        }
        return success(_envelope(True, "Message list", data))


def type_of(held: Held) -> str:
    """`mms`, or `sms` for everything else."""
    return "mms" if held.campaign.channel == "mms" else "sms"


def _given(call: Call) -> Mapping[str, str]:
    return {"apiKey": call.bearer() or ""}


def _wanted(item: dict[str, Any], query: Mapping[str, str]) -> bool:
    status = query.get("status")
    day = item["createdAt"][:10]
    return (
        (status is None or item["status"] == status.replace("delievered", "delivered"))
        and query.get("customString") in (None, item["customString"])
        and query.get("fromDate", day) <= day <= query.get("toDate", day)
    )


def _item(held: Held, message: str) -> dict[str, Any]:
    status = held.messages[message]
    created = zulu(held.campaign.created_at)
    return {
        "_id": message,
        "status": status,
        "message": "Hello",
        "sender": "ACME",
        "receiver": "+61400000000",
        "createdAt": created,
        "send_time": created if status in ("sent", "delivered") else None,
        "scheduleAt": (held.attribute("scheduleAt") or _AHEAD) if status == "queued" else None,
        "customString": held.campaign.name,
    }


def _envelope(status: bool, message: str, data: Any, error: Any = None) -> dict[str, Any]:
    return {
        "app_type": "web",
        "app_version": "1.0",
        "maintainence": 0,  # the vendor's spelling
        "new_version": 0,
        "force_update": 0,
        "invalid_token": 0,
        "refresh_token": "",
        "show_message": 0,
        "is_enc": False,
        "status": status,
        "message": message,
        "message_type": "toast",
        "data": data,
        "error": error or {},
    }


def _missing() -> Reply:
    text = "message not found"
    return failure(200, _envelope(False, text, {}, {"error": text}))


def _maintenance() -> Reply:
    return failure(503, {**_envelope(False, "Under maintenance", {}), "maintainence": 1})


def _stack(code: int, message: str) -> Reply:
    return failure(code, {"code": code, "message": message, "stack": f"APIError: {message}."})

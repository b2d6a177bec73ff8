"""Twilio API 2010-04-01: messages are cancelled while they are scheduled, and deleted afterwards.

Specification: github.com/twilio/twilio-oai twilio_api_v2010; twilio.com/docs/api/errors/{30409,
20009}. Choices, since nothing is written: 400 for 30409 and 409 for 20009, the error body, and
10 requests a second.
"""

from collections.abc import Mapping
from typing import Any

from reconciler.sandbox.limits import Limit, Window
from reconciler.sandbox.state import Held, State
from reconciler.sandbox.times import rfc2822
from reconciler.sandbox.vendor import Vendor
from reconciler.sandbox.wire import Call, Reply, empty, failure, page, success, whole

_VERSION = "2010-04-01"
_OVER = ("canceled", "delivered", "failed", "read", "received", "sent", "undelivered")


class Twilio(Vendor):
    """10 requests a second for each account (a guess)."""

    name = "twilio"

    def __init__(self, state: State, speed: float) -> None:
        self._state = state
        self._window = Window(10, 1 / speed)
        self.errors = (_error(500, 20500, "Internal server error"), page(503, "Unavailable"))

    def limits(self, call: Call) -> tuple[Limit, ...]:
        return ((self._window, call.path[2] if len(call.path) > 2 else ""),)

    def throttled(self, _call: Call, _nth: int) -> Reply:
        return _error(429, 20429, "Too Many Requests")

    def answer(self, call: Call) -> Reply:
        match call.path:
            case (version, "Accounts", account, *rest) if version == _VERSION:
                refused = self._refused(call, account)
                return refused if refused is not None else self._messages(call, account, rest)
        return _missing(call)

    def _refused(self, call: Call, account: str) -> Reply | None:
        user, password = call.basic() or ("", "")
        own = user == account or user.startswith("SK")
        if "auth" in call.faults or not own or not password.startswith("sandbox-"):
            return _error(401, 20003, "Authenticate")
        known = account.startswith("AC") and self._state.known(self.name, {"accountSid": account})
        return None if known else _missing(call)

    def _messages(self, call: Call, account: str, rest: list[str]) -> Reply:
        given = {"accountSid": account}
        match (call.method, *rest):
            case ("GET", "Messages.json"):
                return self._list(call, account, given)
            case (method, "Messages", name) if name.endswith(".json"):
                sid = name.removesuffix(".json")
                found = self._state.find(self.name, sid, given)
                return self._one(call, method, found[0], sid) if found else _missing(call)
        return _missing(call)

    def _one(self, call: Call, method: str, held: Held, sid: str) -> Reply:
        many = held.campaign.message_ids is not None
        effect = (held.target(sid if many else None),)
        match method:
            case "GET":
                return success(_item(held, sid))
            case "DELETE" if held.messages[sid] not in _OVER:
                text = "Cannot delete this resource before it is complete"
                return _error(409, 20009, text)
            case "DELETE":
                self._state.forget(self.name, held, sid)
                return empty(effect)
            case "POST" if call.form() != {"Status": "canceled"}:
                return _error(400, 20001, "Status is canceled, and the body is a form")
            case "POST" if held.messages[sid] != "scheduled":
                return _error(400, 30409, "Message cannot be canceled")
            case "POST":
                held.messages[sid] = "canceled"
                return success(_item(held, sid), effect=effect)
        return _error(405, 20004, "Method not allowed")

    def _list(self, call: Call, account: str, given: Mapping[str, str]) -> Reply:
        size = whole(call.query.get("PageSize"), 50, least=1)
        number = whole(call.query.get("PageToken", "").removeprefix("PA") or None, 0)
        if size is None or number is None:
            return _error(400, 20001, "PageSize is a number, PageToken that of a page")
        size = min(size, 1000)
        items = [
            _item(held, sid) for held in self._state.all(self.name, given) for sid in held.messages
        ]
        shown = items[number * size : (number + 1) * size]
        path = f"/{_VERSION}/Accounts/{account}/Messages.json?PageSize={size}&Page="
        following = number if "loop" in call.faults else number + 1
        more = (
            f"{path}{following}&PageToken=PA{following}"
            if (number + 1) * size < len(items)
            else None
        )
        told = {"first_page_uri": f"{path}0", "next_page_uri": more, "page": number}
        return success({"messages": shown, "page_size": size, **told})


def _item(held: Held, sid: str) -> dict[str, Any]:
    campaign = held.campaign
    state = held.messages[sid]
    return {
        "sid": sid,
        "status": state,
        "to": "+15550100",
        "from": "+15550199",
        "body": "Hello",
        "date_created": rfc2822(campaign.created_at),
        "date_sent": rfc2822(campaign.created_at) if state in _OVER else None,
        "date_updated": rfc2822(campaign.updated_at or campaign.created_at),
        "messaging_service_sid": held.attribute("messaging_service_sid"),
        "error_code": None,
        "direction": "outbound-api",
    }


def _error(status: int, code: int, message: str) -> Reply:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return failure(status, {"code": code, "message": message, "more_info": more, "status": status})


def _missing(call: Call) -> Reply:
    path = "/".join(call.path)
    return _error(404, 20404, f"The requested resource /{path} was not found")

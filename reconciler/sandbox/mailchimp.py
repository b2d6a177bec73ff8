"""Mailchimp Marketing API 3.0: campaigns, and the two softer actions.

Specification as copied in github.com/api-evangelist/mailchimp (campaigns, errors, rate limits).
Choices, since nothing is written: what is being sent or was sent cannot be deleted (one client's
word). The key names the data centre, which a sandbox has none of.
"""

from collections.abc import Mapping
from typing import Any

from reconciler.model import Status
from reconciler.sandbox.limits import Limit, Window
from reconciler.sandbox.state import Held, State
from reconciler.sandbox.times import offset
from reconciler.sandbox.vendor import Vendor
from reconciler.sandbox.wire import Call, Reply, dumped, empty, page, success, whole

_FILTER = ("save", "paused", "schedule", "sending", "sent")  # fewer words than items show
_WORDS = {
    Status.DRAFT: "save",
    Status.SCHEDULED: "schedule",
    Status.READY: "save",
    Status.RUNNING: "sending",
    Status.PAUSED: "paused",
    Status.STOPPED: "canceled",
    Status.COMPLETED: "archived",
    Status.SENT: "sent",
}
_KNOWN = {*_WORDS.values(), "canceling"}


class Mailchimp(Vendor):
    """10 requests at a time for each key; no number per time."""

    name = "mailchimp"

    def __init__(self, state: State, speed: float) -> None:
        self._state = state
        self._window = Window(1_000_000, 1 / speed, open=10)
        self.errors = (_problem(500, "Internal Server Error"), page(502, "Bad Gateway"))

    def limits(self, call: Call) -> tuple[Limit, ...]:
        return ((self._window, _key(call)),)

    def throttled(self, _call: Call, nth: int) -> Reply:
        """429, and in a flood a 403 whose body is no JSON."""
        return page(403, "Forbidden") if nth % 2 else _problem(429, "Too Many Requests")

    def answer(self, call: Call) -> Reply:
        if call.path[:2] != ("3.0", "campaigns"):
            return _problem(404, "Resource Not Found")
        refused = self._refused(call)
        if refused is not None:
            return refused
        match (call.method, *call.path[2:]):
            case ("GET",):
                return self._list(call)
            case (method, id_, *rest):
                found = self._state.find(self.name, id_, {"apiKey": _key(call)})
                if not found:
                    return _problem(404, "Resource Not Found")
                return self._one(method, found[0], *rest)
        return _problem(405, "Method Not Allowed")

    def _refused(self, call: Call) -> Reply | None:
        key = _key(call)
        known = key.startswith("sandbox-") and self._state.known(self.name, {"apiKey": key})
        if "auth" in call.faults or not known:
            return _problem(401, "API Key Invalid")
        barred = "no-list" if call.method == "GET" else "no-delete"
        return _problem(403, "Forbidden") if barred in call.faults else None

    def _one(self, method: str, held: Held, *rest: str) -> Reply:
        word = held.status_word(_WORDS, "save")
        match (method, *rest):
            case ("GET",):
                return success(_item(held))
            case ("DELETE",) if word in ("sending", "sent"):
                return _problem(400, "Bad Request", f"A campaign that is {word} cannot be deleted.")
            case ("DELETE",):
                self._state.remove(self.name, held)
                return empty((held.target(),))
            case ("POST", "actions", "unschedule") if word == "schedule":
                held.word = "save"
                return empty()
            case ("POST", "actions", "cancel-send") if word == "sending":
                held.word = "canceled"
                return empty()
        return _problem(400, "Bad Request", "The resource submitted could not be validated.")

    def _list(self, call: Call) -> Reply:
        count = whole(call.query.get("count"), 10)
        start = whole(call.query.get("offset"), 0)
        word = call.query.get("status")
        if count is None or count > 1000 or start is None or word not in (None, *_FILTER):
            return _problem(400, "Invalid Resource", "count is at most 1000.")
        items = [_item(one) for one in self._state.all(self.name, {"apiKey": _key(call)})]
        found = [one for one in items if word in (None, one["status"])]
        shown = found[start : start + count]
        return success({"campaigns": shown, "total_items": len(found), "_links": []})


def _key(call: Call) -> str:
    """Basic with any user name, or Bearer."""
    return (call.basic() or ("", call.bearer() or ""))[1]


def _item(held: Held) -> dict[str, Any]:
    campaign = held.campaign
    own = held.attribute("status")
    ahead = campaign.status in (Status.DRAFT, Status.SCHEDULED, Status.READY)
    return {
        "id": campaign.id,
        "web_id": held.order + 1,
        "type": held.attribute("type") or "regular",
        "create_time": offset(campaign.created_at),
        "send_time": "" if ahead else offset(campaign.created_at),
        "status": own if own in _KNOWN and not held.word else held.status_word(_WORDS, "save"),
        "emails_sent": 0,
        "settings": {"title": campaign.name, "subject_line": campaign.name},
        "recipients": {"list_id": "a1b2c3"},
        "_links": [],
    }


def _problem(status: int, title: str, detail: str = "") -> Reply:
    body: Mapping[str, Any] = {
        "type": "https://mailchimp.com/developer/marketing/docs/errors/",
        "title": title,
        "status": status,
        "detail": detail or title,
        "instance": "00000000-0000-0000-0000-000000000000",
    }
    return Reply(status, dumped(body), "application/problem+json; charset=utf-8")

"""listmonk v6: campaigns, as its own source says (github.com/knadh/listmonk).

`cmd/campaigns.go`, `internal/core/campaigns.go`, `internal/auth/auth.go`, `queries/campaigns.sql`.
Deleting many at once answers 200 whatever there was, and `all=true` deletes everything: both are
here, so that whoever calls them is seen.
"""

from typing import Any

from reconciler.model import Status
from reconciler.sandbox.limits import Limit
from reconciler.sandbox.state import Held, State
from reconciler.sandbox.times import zulu
from reconciler.sandbox.vendor import Vendor
from reconciler.sandbox.wire import Call, Reply, failure, page, success, whole

_WORDS = {
    Status.DRAFT: "draft",
    Status.SCHEDULED: "scheduled",
    Status.READY: "draft",
    Status.RUNNING: "running",
    Status.PAUSED: "paused",
    Status.STOPPED: "cancelled",
    Status.COMPLETED: "finished",
    Status.SENT: "finished",
}
_FROM = {"cancelled": ("running", "paused"), "paused": ("running",), "running": ("draft", "paused")}


class Listmonk(Vendor):
    """No limit of its own; a fault `throttle` is the proxy before it."""

    name = "listmonk"

    def __init__(self, state: State) -> None:
        self._state = state
        self.errors = (_no(500, "Error deleting campaign"), page(502, "Bad Gateway"))

    def limits(self, _call: Call) -> tuple[Limit, ...]:
        return ()

    def throttled(self, _call: Call, _nth: int) -> Reply:
        return page(429, "Too Many Requests")

    def answer(self, call: Call) -> Reply:
        if call.path[:2] != ("api", "campaigns"):
            return _no(404, "Not Found")
        refused = self._refused(call)
        if refused is not None:
            return refused
        match (call.method, *call.path[2:]):
            case ("GET",):
                return self._list(call)
            case ("DELETE",):
                return self._delete_many(call)
            case (method, id_, *rest):
                if whole(id_, 0, least=1) is None:
                    return _no(400, "Invalid ID")
                return self._one(call, method, id_, *rest)
        return _no(405, "Method Not Allowed")

    def _refused(self, call: Call) -> Reply | None:
        """`token user:token`, or Basic with the same two; a session cookie hides both."""
        user, _, token = (call.authorization("token") or "").partition(":")
        if not token:
            user, token = call.basic() or ("", "")
        hidden = "session=" in call.headers.get("cookie", "")
        known = token.startswith("sandbox-") and self._state.known(self.name, {"user": user})
        if "auth" in call.faults or hidden or not known:
            return _no(403, "invalid API credentials")
        barred = "no-list" if call.method == "GET" else "no-delete"
        return _no(403, "permission denied: campaigns") if barred in call.faults else None

    def _permitted(self, call: Call) -> list[Held]:
        everything = self._state.all(self.name, {"user": _user(call)})
        if "few-lists" not in call.faults:
            return everything
        return [one for one in everything if one.attribute("hidden") is not True]

    def _one(self, call: Call, method: str, id_: str, *rest: str) -> Reply:
        found = [one for one in self._permitted(call) if one.campaign.id == id_]
        if not found:
            few = "few-lists" in call.faults
            return _no(403, "permission denied: lists") if few else _no(400, "Campaign not found")
        held = found[0]
        match (method, *rest):
            case ("GET",):
                return success({"data": _item(held)})
            case ("DELETE",):
                return self._deleted(held)
            case ("PUT", "status"):
                word, asked = _word(held), (call.json_object() or {}).get("status")
                if asked not in _FROM or word not in _FROM[asked]:
                    return _no(400, "Only running and paused campaigns can be cancelled")
                held.word = asked
                return success({"data": _item(held)})
        return _no(405, "Method Not Allowed")

    def _deleted(self, *found: Held) -> Reply:
        for held in found:
            self._state.remove(self.name, held)
        return success({"data": True}, effect=tuple(held.target() for held in found))

    def _delete_many(self, call: Call) -> Reply:
        ids, query = call.every("id"), call.query.get("query", "")
        everything = self._permitted(call)
        if call.query.get("all") == "true":
            return self._deleted(*everything)
        if not ids and not query:
            return _no(400, "No IDs given.")
        return self._deleted(
            *(
                one
                for one in everything
                if one.campaign.id in ids or (query and query in one.campaign.name)
            )
        )

    def _list(self, call: Call) -> Reply:
        number = whole(call.query.get("page"), 1) or 1
        asked = call.query.get("per_page")
        found = self._permitted(call)
        size = len(found) if asked == "all" else min(whole(asked, 20) or 20, 50)
        found.sort(key=lambda one: one.order, reverse=call.query.get("order") != "asc")
        shown = found[(number - 1) * size : number * size]
        if not shown:  # an empty page counts nothing, whatever there is
            return success(
                {"data": {"results": [], "query": "", "total": 0, "per_page": 0, "page": 0}}
            )
        data = {
            "results": [_item(one) for one in shown],
            "query": "",
            "total": len(found),
            "per_page": size,
            "page": number,
        }
        return success({"data": data})


def _user(call: Call) -> str:
    return (call.authorization("token") or "").partition(":")[0] or (call.basic() or ("", ""))[0]


def _word(held: Held) -> str:
    return held.status_word(_WORDS, "draft")


def _item(held: Held) -> dict[str, Any]:
    campaign = held.campaign
    return {
        "id": int(campaign.id) if campaign.id.isdecimal() else campaign.id,
        "uuid": f"00000000-0000-4000-8000-{held.order:012}",
        "name": campaign.name,
        "subject": campaign.name,
        "status": _word(held),
        "type": held.attribute("type") or "regular",
        "tags": [f"{key}:{value}" for key, value in (campaign.labels or {}).items()],
        "messenger": campaign.channel or "email",
        "send_at": None,
        "started_at": None,
        "created_at": zulu(campaign.created_at),
        "updated_at": zulu(campaign.updated_at or campaign.created_at),
        "to_send": 0,
        "sent": 0,
        "archive": False,
    }


def _no(status: int, message: str) -> Reply:
    return failure(status, {"message": message})

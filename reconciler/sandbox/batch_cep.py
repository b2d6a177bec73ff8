"""Batch.com Project (CEP) API, every 2.N: campaigns/delete, orchestrations/list and view.

Pages: doc.batch.com/developer/api/cep/{campaigns/delete,orchestrations/list,orchestrations/view}.
The delete page promises 204 in prose and 200 `{}` in its schema: here they take turns. The view is
of push campaigns only; the status numbers of its two errors are a choice.
"""

import re
from collections.abc import Mapping
from typing import Any

from reconciler.model import Status
from reconciler.sandbox import _batch
from reconciler.sandbox.limits import Limit, Window
from reconciler.sandbox.state import Held, State
from reconciler.sandbox.times import zoneless
from reconciler.sandbox.vendor import Vendor
from reconciler.sandbox.wire import Call, Reply, success, whole

_VERSION = re.compile(r"2\.[0-9]{1,3}")
_WORDS = {
    Status.DRAFT: "draft",
    Status.SCHEDULED: "running",
    Status.READY: "running",
    Status.RUNNING: "running",
    Status.PAUSED: "stopped",
    Status.STOPPED: "stopped",
    Status.COMPLETED: "completed",
    Status.SENT: "completed",
}


class BatchCep(Vendor):
    """One request a second for each project key, whatever it asks."""

    name = "batch-cep"
    errors: tuple[Reply, ...] = _batch.ERRORS

    def __init__(self, state: State, speed: float) -> None:
        self._state = state
        self._window = Window(1, 1 / speed)
        self._deleted = 0

    def limits(self, call: Call) -> tuple[Limit, ...]:
        return ((self._window, call.headers.get("x-batch-project", "")),)

    def throttled(self, _call: Call, _nth: int) -> Reply:
        """The answer to one too many."""
        return _batch.TOO_MANY

    def answer(self, call: Call) -> Reply:
        match (call.method, *call.path):
            case ("POST", version, "campaigns", "delete") if _VERSION.fullmatch(version):
                return self._refused(call) or self._delete(call)
            case ("GET", version, "orchestrations", what) if _VERSION.fullmatch(version):
                refused = self._refused(call)
                if refused is None and "no-list" in call.faults:
                    refused = _batch.MISUSE
                if refused is not None or what not in ("list", "view"):
                    return refused or _batch.NOT_FOUND
                return self._list(call) if what == "list" else self._view(call)
        return _batch.NOT_FOUND

    def _refused(self, call: Call) -> Reply | None:
        if "auth" in call.faults or not (call.bearer() or "").startswith("sandbox-"):
            return _batch.UNAUTHORISED
        if not call.headers.get("x-batch-project"):
            return _batch.error(400, 30, "the header X-Batch-Project is required")
        return None

    def _delete(self, call: Call) -> Reply:
        body = call.json_object()
        if body is None:
            return _batch.error(400, 32, "the body is not a JSON object")
        if "id" not in body:
            return _batch.error(400, 30, "id is required")
        if not isinstance(body["id"], str) or not body["id"] or len(body) > 1:
            return _batch.error(400, 31, "the body is id alone, and id is a string")
        found = self._state.find(self.name, body["id"], _given(call))
        if not found:
            return _batch.NOT_FOUND
        self._state.remove(self.name, found[0])
        self._deleted += 1
        effect = (found[0].target(),)
        return (
            Reply(204, effect=effect, ok=True) if self._deleted % 2 else success({}, effect=effect)
        )

    def _view(self, call: Call) -> Reply:
        found = self._state.find(self.name, call.query.get("orchestration_id", ""), _given(call))
        if not found:
            return _batch.NOT_FOUND
        item = _item(found[0])
        if (item["type"], item["channels"]) != ("campaign", ["push"]):
            return _batch.error(400, 31, "only push campaigns can be viewed")
        return success({**item, "created_date": f"{item['created_date']}Z"})

    def _list(self, call: Call) -> Reply:
        limit = whole(call.query.get("limit"), 10, least=1)
        start = _position(call.query.get("from"))
        if limit is None or limit > 100 or start is None:
            return _batch.error(400, 31, "limit is 1 to 100, from is the next_from of a page")
        everything = self._state.all(self.name, _given(call))
        rest = [one for one in everything if one.order >= start]
        answer: dict[str, Any] = {
            "orchestrations": [_item(one) for one in rest[:limit]],
            "count": len(everything),
            "has_more": len(rest) > limit,
        }
        if len(rest) > limit:
            answer["next_from"] = f"cursor_{rest[limit].order:08x}"
        return success(answer)


def _given(call: Call) -> Mapping[str, str]:
    return {"project": call.headers["x-batch-project"]}


def _position(cursor: str | None) -> int | None:
    """Where a page starts: by order of creation, so a deletion between pages moves nothing."""
    if cursor is None:
        return 0
    try:
        return int(cursor.removeprefix("cursor_"), 16) if cursor.startswith("cursor_") else None
    except ValueError:
        return None


def _item(held: Held) -> dict[str, Any]:
    campaign = held.campaign
    return {
        "id": campaign.id,
        "type": held.attribute("type") or "campaign",
        "channels": [campaign.channel or "push"],
        "platforms": held.attribute("platforms") or ["ios", "android"],
        "source": held.attribute("source") or "dashboard",
        "created_date": zoneless(campaign.created_at),
        "name": campaign.name,
        "labels": [f"{key}:{value}" for key, value in (campaign.labels or {}).items()],
        "status": held.status_word(_WORDS, "stopped"),
        "start_time": held.attribute("start_time") or zoneless(campaign.created_at),
    }

"""Batch.com Mobile (MEP) API 1.1: push and in-app campaigns delete, list and get.

Pages: doc.batch.com/developer/api/mep/{campaigns,in-app-campaigns-api}/{delete,list,get-campaign}.
The delete pages promise HTTP 200 and show no body: an empty one and `{}` take turns. The list is a
bare array. An in-app campaign always has a trigger; a push campaign with one is an automation.
"""

import re
from datetime import UTC, datetime
from typing import Any

from reconciler.model import Status
from reconciler.sandbox import _batch
from reconciler.sandbox.limits import Limit, Window
from reconciler.sandbox.state import Given, Held, State
from reconciler.sandbox.times import zoneless
from reconciler.sandbox.vendor import Vendor
from reconciler.sandbox.wire import Call, Reply, success, whole

_VERSION = re.compile(r"1\.[0-9]{1,3}")
_KINDS = {"campaigns": "push", "in-app-campaigns": "in-app"}

_LIVE = (Status.SCHEDULED, Status.READY, Status.RUNNING, Status.COMPLETED, Status.SENT)
_OLDEST = datetime.min.replace(tzinfo=UTC)


class BatchMep(Vendor):
    """One request a second for each app key (the number is third parties'), whatever it asks."""

    name = "batch-mep"
    errors: tuple[Reply, ...] = _batch.ERRORS

    def __init__(self, state: State, speed: float) -> None:
        self._state = state
        self._window = Window(1, 1 / speed)
        self._deleted = 0

    def limits(self, call: Call) -> tuple[Limit, ...]:
        return ((self._window, call.path[1] if len(call.path) > 1 else ""),)

    def throttled(self, _call: Call, _nth: int) -> Reply:
        """The answer to one too many."""
        return _batch.TOO_MANY

    def answer(self, call: Call) -> Reply:
        match (call.method, *call.path):
            case (method, version, app, kind, *rest) if _VERSION.fullmatch(version) and rest:
                refused = self._refused(call, app)
                if refused is not None or kind not in _KINDS:
                    return refused or _batch.NOT_FOUND
                return self._act(call, method, rest, {"apiKey": app, "kind": _KINDS[kind]})
        return _batch.NOT_FOUND

    def _act(self, call: Call, method: str, rest: list[str], given: Given) -> Reply:
        match (method, *rest):
            case ("POST", "delete", token):
                return self._delete(given, token)
            case ("GET", "list"):
                return self._unreadable(call) or self._list(call, given)
            case ("GET", token):
                return self._unreadable(call) or self._get(given, token)
        return _batch.NOT_FOUND

    def _find(self, given: Given, token: str) -> Held | None:
        found = [one for one in self._state.find(self.name, token, given) if self._is(one, given)]
        return found[0] if found else None

    def _is(self, held: Held, given: Given) -> bool:
        own = "in-app" if held.campaign.channel == "in-app" else "push"
        return (self._state.told(held, "kind") or own) == given["kind"]

    def _refused(self, call: Call, app: str) -> Reply | None:
        key = call.headers.get("x-authorization", "")
        if "auth" in call.faults or not key.startswith("sandbox-"):
            return _batch.UNAUTHORISED
        if call.method == "POST" and not call.says_json:
            return _batch.error(400, 32, "the content type is application/json")
        return None if self._state.known(self.name, {"apiKey": app}) else _batch.NOT_FOUND

    def _unreadable(self, call: Call) -> Reply | None:
        """A Dev key deletes but does not read."""
        return _batch.MISUSE if "no-list" in call.faults else None

    def _delete(self, given: Given, token: str) -> Reply:
        found = self._find(given, token)
        if found is None:
            return _batch.NOT_FOUND
        self._state.remove(self.name, found)
        self._deleted += 1
        effect = (found.target(),)
        return (
            Reply(200, effect=effect, ok=True) if self._deleted % 2 else success({}, effect=effect)
        )

    def _get(self, given: Given, token: str) -> Reply:
        found = self._find(given, token)
        if found is None:
            return _batch.NOT_FOUND
        targeting = {"segments": ["ENGAGED"], "languages": ["en"]}
        messages = [{"language": "en", "title": found.campaign.name, "body": "Hello"}]
        item = _item(found, given["kind"])
        return success({**item, "targeting": targeting, "messages": messages})

    def _list(self, call: Call, given: Given) -> Reply:
        start = whole(call.query.get("from"), 0)
        limit = whole(call.query.get("limit"), 10, least=1)
        flags = {key: call.query.get(key) for key in ("live", "from_api")}
        if start is None or limit is None or limit > 100:
            return _batch.error(400, 31, "from is an offset, limit is 1 to 100")
        if not set(flags.values()) <= {None, "true", "false"}:
            return _batch.error(400, 31, "live and from_api are true or false")
        newest = sorted(
            (one for one in self._state.all(self.name, given) if self._is(one, given)),
            key=lambda one: one.campaign.created_at or _OLDEST,
            reverse=True,
        )
        wanted = {key: value == "true" for key, value in flags.items() if value is not None}
        every = (_item(one, given["kind"]) for one in newest)
        items = [item for item in every if wanted.items() <= item.items()]
        return success(items[start : start + limit])


def _item(held: Held, kind: str) -> dict[str, Any]:
    campaign = held.campaign
    live = held.attribute("live")
    ahead = campaign.status in (Status.SCHEDULED, Status.READY)
    item: dict[str, Any] = {
        "campaign_token": campaign.id,
        "from_api": held.attribute("from_api") is not False,
        "dev_only": False,
        "created_date": zoneless(campaign.created_at),
        "name": campaign.name,
        "live": live if isinstance(live, bool) else campaign.status in _LIVE,
        "push_time": held.attribute("push_time")
        or ("2099-01-01T00:00:00" if ahead else zoneless(campaign.created_at)),
    }
    if kind == "in-app":
        item["trigger"] = {"when": "next_session", "capping": 10}
    elif held.attribute("trigger") is not None:
        item["trigger"] = {}
    return item

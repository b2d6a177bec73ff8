"""Batch.com Mobile (MEP) API 1.1: push campaigns delete, list and get.

Pages: doc.batch.com/developer/api/mep/campaigns/{delete,list,get-campaign}. The delete page
promises HTTP 200 and shows no body: an empty one and `{}` take turns. The list is a bare array.
"""

from datetime import UTC, datetime
from typing import Any

from reconciler.model import Status
from reconciler.sandbox import _batch
from reconciler.sandbox.limits import Window
from reconciler.sandbox.state import Held, State
from reconciler.sandbox.times import zoneless
from reconciler.sandbox.wire import Call, Reply, success, whole

VERSION = "1.1"

_LIVE = (Status.SCHEDULED, Status.READY, Status.RUNNING, Status.COMPLETED, Status.SENT)
_OLDEST = datetime.min.replace(tzinfo=UTC)


class BatchMep:
    """One request a second for each app key (the number is third parties'), whatever it asks."""

    name = "batch-mep"
    errors: tuple[Reply, ...] = _batch.ERRORS

    def __init__(self, state: State, speed: float) -> None:
        self._state = state
        self._window = Window(1, 1 / speed)
        self._deleted = 0

    def limit(self, call: Call) -> tuple[Window, str]:
        """The limit that counts *call*, and the key it is counted under."""
        return self._window, call.path[1] if len(call.path) > 1 else ""

    def throttled(self, _nth: int) -> Reply:
        """The answer to one too many."""
        return _batch.TOO_MANY

    def answer(self, call: Call) -> Reply:
        """What Batch says, and does."""
        match (call.method, *call.path):
            case ("POST", version, app, "campaigns", "delete", token) if version == VERSION:
                return self._refused(call, app) or self._delete(app, token)
            case ("GET", version, app, "campaigns", "list") if version == VERSION:
                return self._refused(call, app) or self._unreadable(call) or self._list(call, app)
            case ("GET", version, app, "campaigns", token) if version == VERSION:
                return self._refused(call, app) or self._unreadable(call) or self._get(app, token)
        return _batch.NOT_FOUND

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

    def _delete(self, app: str, token: str) -> Reply:
        found = self._state.find(self.name, token, {"apiKey": app})
        if not found:
            return _batch.NOT_FOUND
        self._state.remove(self.name, found[0])
        self._deleted += 1
        effect = (found[0].target(),)
        return (
            Reply(200, effect=effect, ok=True) if self._deleted % 2 else success({}, effect=effect)
        )

    def _get(self, app: str, token: str) -> Reply:
        found = self._state.find(self.name, token, {"apiKey": app})
        if not found:
            return _batch.NOT_FOUND
        targeting = {"segments": ["ENGAGED"], "languages": ["en"]}
        messages = [{"language": "en", "title": found[0].campaign.name, "body": "Hello"}]
        return success({**_item(found[0]), "targeting": targeting, "messages": messages})

    def _list(self, call: Call, app: str) -> Reply:
        start = whole(call.query.get("from"), 0)
        limit = whole(call.query.get("limit"), 10, least=1)
        flags = {key: call.query.get(key) for key in ("live", "from_api")}
        if start is None or limit is None or limit > 100:
            return _batch.error(400, 31, "from is an offset, limit is 1 to 100")
        if not set(flags.values()) <= {None, "true", "false"}:
            return _batch.error(400, 31, "live and from_api are true or false")
        newest = sorted(
            self._state.all(self.name, {"apiKey": app}),
            key=lambda one: one.campaign.created_at or _OLDEST,
            reverse=True,
        )
        wanted = {key: value == "true" for key, value in flags.items() if value is not None}
        items = [item for item in map(_item, newest) if wanted.items() <= item.items()]
        return success(items[start : start + limit])


def _item(held: Held) -> dict[str, Any]:
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
    if held.attribute("trigger") is not None:
        item["trigger"] = {}
    return item

"""HubSpot: marketing emails, and the campaigns that hold assets together.

Specification: github.com/HubSpot/HubSpot-public-api-spec-collection, Marketing Emails and Campaigns
Public Api, 2026-03; a deleted email is archived and can be read with `archived=true`; a campaign's
204 says nothing, by the vendor's own words. Choices, since nothing is written: any state can be
deleted, an unknown email is a 404, at most 100 a page. The rate is that of a small plan.
"""

import re
from collections.abc import Mapping
from typing import Any

from reconciler.model import Status
from reconciler.sandbox.limits import Limit, Window
from reconciler.sandbox.state import Held, State
from reconciler.sandbox.times import zulu
from reconciler.sandbox.vendor import Vendor
from reconciler.sandbox.wire import Call, Reply, empty, failure, page, success, whole

_VERSION = re.compile(r"20[0-9]{2}-(03|09)(-beta)?")
_MOST_INPUTS = 50
_EMAIL = {
    Status.DRAFT: "DRAFT",
    Status.SCHEDULED: "SCHEDULED",
    Status.READY: "DRAFT",
    Status.RUNNING: "PROCESSING",
    Status.PAUSED: "CANCELED",
    Status.STOPPED: "CANCELED",
    Status.COMPLETED: "PUBLISHED",
    Status.SENT: "PUBLISHED",
}
_CAMPAIGN = {
    Status.DRAFT: "planned",
    Status.SCHEDULED: "planned",
    Status.READY: "planned",
    Status.RUNNING: "active",
    Status.PAUSED: "paused",
    Status.STOPPED: "paused",
    Status.COMPLETED: "completed",
    Status.SENT: "completed",
}


class HubSpot(Vendor):
    """100 requests in ten seconds and 250,000 a day for each token."""

    name = "hubspot"

    def __init__(self, state: State, speed: float) -> None:
        self._state = state
        self._burst, self._day = Window(100, 10 / speed), Window(250_000, 86_400 / speed)
        self.errors = (_error(500, "INTERNAL_ERROR", "internal error"), page(502, "Bad Gateway"))

    def limits(self, call: Call) -> tuple[Limit, ...]:
        key = call.bearer() or ""
        return ((self._burst, key), (self._day, key))

    def headers(self, call: Call) -> Mapping[str, str]:
        window, key = self.limits(call)[0]
        return {
            "x-hubspot-ratelimit-max": str(window.requests),
            "x-hubspot-ratelimit-remaining": str(window.left(key, call.at)),
            "x-hubspot-ratelimit-interval-milliseconds": "10000",
        }

    def throttled(self, _call: Call, _nth: int) -> Reply:
        text = "You have reached your ten_secondly_rolling limit."
        return _error(429, "RATE_LIMITS", text, policyName="TEN_SECONDLY_ROLLING")

    def answer(self, call: Call) -> Reply:
        kind, rest = _route(call.path)
        if kind is None:
            return _error(404, "OBJECT_NOT_FOUND", "no such path")
        refused = self._refused(call)
        if refused is not None:
            return refused
        given = {"accessToken": call.bearer() or "", "kind": kind}
        match (call.method, *rest):
            case ("GET",):
                return self._list(call, kind, given)
            case ("POST", "batch", "archive") if kind == "campaigns":
                return self._delete_many(call, given)
            case ("GET", id_):
                return self._get(call, kind, self._find(id_, given))
            case ("DELETE", id_) if kind == "campaigns":
                return self._removed(self._find(id_, given))
            case ("DELETE", id_):
                found = self._find(id_, given)
                return _missing() if found is None or found.gone else self._archive(found)
            case ("POST", id_, "unpublish") if kind == "emails":
                found = self._find(id_, given)
                return _missing() if found is None or found.gone else _unpublished(found)
        return _error(405, "VALIDATION_ERROR", "method not allowed")

    def _refused(self, call: Call) -> Reply | None:
        token = call.bearer() or ""
        known = token.startswith("sandbox-")
        if "auth" in call.faults or not (
            known and self._state.known(self.name, {"accessToken": token})
        ):
            return _error(401, "INVALID_AUTHENTICATION", "Authentication credentials not found.")
        barred = "no-list" if call.method == "GET" else "no-delete"
        if barred in call.faults:
            return _error(
                403, "MISSING_SCOPES", "This app hasn't been granted all required scopes."
            )
        return None

    def _find(self, id_: str, given: Mapping[str, str]) -> Held | None:
        found = [one for one in self._state.find(self.name, id_, given) if self._is(one, given)]
        return found[0] if found else None

    def _is(self, held: Held, given: Mapping[str, str]) -> bool:
        own = "campaigns" if held.campaign.channel == "campaign" else "emails"
        return (self._state.told(held, "kind") or own) == given["kind"]

    def _archive(self, held: Held) -> Reply:
        held.gone = True
        return empty((held.target(),))

    def _removed(self, *found: Held | None) -> Reply:
        """Always 204, whatever there was."""
        there = [held for held in found if held is not None]
        for held in there:
            self._state.remove(self.name, held)
        return empty(tuple(held.target() for held in there))

    def _delete_many(self, call: Call, given: Mapping[str, str]) -> Reply:
        inputs = (call.json_object() or {}).get("inputs")
        if not isinstance(inputs, list) or len(inputs) > _MOST_INPUTS:
            return _error(400, "VALIDATION_ERROR", "inputs is a list of at most 50")
        ids = [
            one["id"] for one in inputs if isinstance(one, dict) and isinstance(one.get("id"), str)
        ]
        return self._removed(*(self._find(id_, given) for id_ in dict.fromkeys(ids)))

    def _get(self, call: Call, kind: str, held: Held | None) -> Reply:
        if held is None or held.gone != (call.query.get("archived") == "true"):
            return _missing()
        return success(_item(held, kind, call))

    def _list(self, call: Call, kind: str, given: Mapping[str, str]) -> Reply:
        limit = whole(call.query.get("limit"), 10, least=1)
        start = whole(call.query.get("after"), 0)
        archived = call.query.get("archived") == "true"
        if limit is None or limit > 100 or start is None:
            return _error(400, "VALIDATION_ERROR", "limit is 1 to 100, after is that of a page")
        everything = [
            one
            for one in self._state.all(self.name, given)
            if self._is(one, given) and one.gone == archived
        ]
        rest = [one for one in everything if one.order >= start]
        shown = [_item(one, kind, call) for one in rest[:limit]]
        answer: dict[str, Any] = {"total": len(everything), "results": shown}
        if len(rest) > limit:
            after = str(start if "loop" in call.faults else rest[limit].order)
            answer["paging"] = {"next": {"after": after, "link": f"https://api.hubapi.com?{after}"}}
        return success(answer)


def _route(path: tuple[str, ...]) -> tuple[str | None, tuple[str, ...]]:
    """`emails` or `campaigns`, and what follows the version."""
    match path:
        case ("marketing", ("emails" | "campaigns") as kind, version, *rest):
            if _VERSION.fullmatch(version):
                return kind, tuple(rest)
        case ("marketing", "v3", ("emails" | "campaigns") as kind, *rest):
            return kind, tuple(rest)
    return None, ()


def _item(held: Held, kind: str, call: Call) -> dict[str, Any]:
    campaign = held.campaign
    item: dict[str, Any] = {
        "id": campaign.id,
        "createdAt": zulu(campaign.created_at),
        "updatedAt": zulu(campaign.updated_at or campaign.created_at),
    }
    if kind == "campaigns":
        known = {
            "hs_name": campaign.name,
            "hs_campaign_status": held.status_word(_CAMPAIGN, "planned"),
        }
        asked = {name for text in call.every("properties") for name in text.split(",")}
        properties = {key: value for key, value in known.items() if key in asked}
        return {**item, "properties": properties, "businessUnits": []}
    own = held.attribute("state")
    state = own if isinstance(own, str) and not held.word else held.status_word(_EMAIL, "DRAFT")
    return {
        **item,
        "name": campaign.name,
        "subject": campaign.name,
        "state": state,
        "type": held.attribute("type") or "BATCH_EMAIL",
        "isPublished": state.startswith(("PUBLISHED", "AUTOMATED")) and "DRAFT" not in state,
        "archived": held.gone,
        "workflowNames": held.attribute("workflowNames") or [],
        **({"deletedAt": zulu(campaign.updated_at)} if held.gone else {}),
    }


def _unpublished(held: Held) -> Reply:
    held.word = "DRAFT"
    return empty()


def _error(status: int, category: str, message: str, **more: str) -> Reply:
    told = {"status": "error", "message": message, "correlationId": "c-1", "category": category}
    return failure(status, {**told, **more})


def _missing() -> Reply:
    return _error(404, "OBJECT_NOT_FOUND", "Object not found")

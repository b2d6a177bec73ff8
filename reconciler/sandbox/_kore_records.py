"""An inventory record as Kore.ai shows it: whole, in a list of SMS, and in a list of voice."""

from typing import Any

from reconciler.model import Status
from reconciler.sandbox.state import Held
from reconciler.sandbox.times import zulu

_WORDS = {
    Status.DRAFT: "Preparing",
    Status.SCHEDULED: "Scheduled",
    Status.READY: "Ready",
    Status.RUNNING: "Active",
    Status.PAUSED: "Paused",
    Status.STOPPED: "Stopped",
    Status.COMPLETED: "Completed",
    Status.SENT: "Completed",
}
_SCHEDULE = {"isSchedulingEnabled": False, "isRecurrenceEnabled": False}


def type_of(held: Held) -> str:
    """`voice`, or `sms` for everything else."""
    return "voice" if held.campaign.channel == "voice" else "sms"


def word_of(held: Held) -> str:
    """The campaign's own state, which is not the outcome of a request."""
    own = held.attribute("status")
    return "Rescheduled" if own == "Rescheduled" else held.status_word(_WORDS, "Ready")


def instant(held: Held, key: str) -> str:
    """`createdAt` or `updatedAt`; without an update, the creation."""
    created = held.campaign.created_at
    return zulu(created if key == "createdAt" else held.campaign.updated_at or created)


def _common(held: Held) -> dict[str, Any]:
    return {
        "name": held.campaign.name,
        "description": held.attribute("description") or "",
        "status": word_of(held),
        "priority": "5",
        "createdAt": instant(held, "createdAt"),
        "updatedAt": instant(held, "updatedAt"),
        "schedule": _SCHEDULE,
        "contactLists": ["Everybody"],
    }


def list_item(held: Held) -> dict[str, Any]:
    """An item of the list: SMS has `id`, voice has `_id`."""
    key = "id" if type_of(held) == "sms" else "_id"
    more = (
        {"totalMessagesSent": 0, "format": "simple"}
        if key == "id"
        else {"dialingMode": "agentless"}
    )
    return {**_common(held), key: held.campaign.id, **more}


def snapshot(held: Held) -> dict[str, Any]:
    """What delete and get-one show under `data`."""
    return {
        "_id": held.campaign.id,
        **_common(held),
        "lname": held.campaign.name.lower(),
        "dncLists": {},
        "dialingStrategy": {"callerId": {"phoneNumber": "+15550100"}},
        "message": {"template_name": "Welcome", "message": "SGVsbG8=", "templateId": "cmt-1"},
        "isImported": False,
        "isFiltersEnabled": False,
        "format": "simple",
    }

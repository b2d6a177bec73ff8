"""Deletions that deserve a second look before anybody agrees to them, and why."""

from datetime import datetime, timedelta

from reconciler.model import Action, Status
from reconciler.plan.guards.waivers import OF_ACCOUNTS

WAIVED = "a guard is waived"
LOOKED_AT = "nobody knows whether it is kept"
UNLISTED = "not in the inventory"
MAY_SEND = "may still send"
RECENT = "changed in the last 4 weeks"
WHY = (WAIVED, LOOKED_AT, UNLISTED, MAY_SEND, RECENT)  # the first that holds is said

_RECENT = timedelta(days=28)
_SENDING = frozenset({Status.READY, Status.SCHEDULED, Status.RUNNING, Status.PAUSED})


def second_look(action: Action, now: datetime | None) -> str | None:
    """Why the deletion should be looked at twice; None if it is like most others."""
    if action.action != "delete":
        return None
    if any(one.guard not in OF_ACCOUNTS for one in action.waivers):
        return WAIVED
    if action.look_first:
        return LOOKED_AT
    record = action.campaign
    if record is None:
        return UNLISTED
    if record.status in _SENDING:
        return MAY_SEND
    last = record.updated_at or record.created_at
    recent = last is not None and now is not None and now - last < _RECENT
    return RECENT if recent else None

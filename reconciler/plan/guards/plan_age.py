"""Is the plan still young enough to be applied, or to be resumed?"""

from datetime import datetime, timedelta

from reconciler.plan.guards.texts import span


def expired(expires: datetime, *, now: datetime) -> str | None:
    """By how much a plan never applied is too old, or None; *expires* itself is in time."""
    if now <= expires:
        return None
    return f"the plan expired {span(now - expires)} ago; plan again"


def outlived(started: datetime, *, now: datetime, most: timedelta) -> str | None:
    """By how much a plan that was *started* can no longer be resumed, or None."""
    age = now - started
    if age <= most:
        return None
    return (
        f"the plan was first applied {span(age)} ago and may be resumed for {span(most)}:"
        f" {span(age - most)} too late; plan again"
    )

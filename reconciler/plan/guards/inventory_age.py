"""Is the inventory recent enough to delete by?"""

from datetime import datetime, timedelta

from reconciler.plan.guards.texts import span


def violation(
    captured: datetime | None, *, now: datetime, most: timedelta, written: bool
) -> str | None:
    """By how much the inventory is too old, or None; exactly *most* is allowed.

    An unknown capture time (None) breaks the guard only where the project file wrote it.
    """
    if captured is None:
        if not written:
            return None
        return f"nobody knows when the inventory was captured, and at most {span(most)} is allowed"
    age = now - captured
    if age <= most:
        return None
    return (
        f"the inventory is {span(age)} old and at most {span(most)} is allowed:"
        f" {span(age - most)} too old"
    )

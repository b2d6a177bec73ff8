"""Is the inventory recent enough to delete by?"""

from datetime import datetime, timedelta

from reconciler.plan.guards.texts import span


def violation(
    captured: datetime | None,
    *,
    now: datetime,
    most: timedelta,
    written: bool,
    oldest: datetime | None = None,
) -> str | None:
    """By how much the inventory is too old, or None; exactly *most* is allowed.

    *captured* None: nobody knows the time of some of it; *oldest* is then the oldest time that is
    known, if any is, and judged. What stays unknown breaks the guard only where the project file
    wrote it.
    """
    at = captured or oldest
    part = "part of " if captured is None and at is not None else ""
    if at is not None and (age := now - at) > most:
        return (
            f"{part}the inventory is {span(age)} old and at most {span(most)} is allowed:"
            f" {span(age - most)} too old"
        )
    if captured is not None or not written:
        return None
    allowed = f"at most {span(most)} is allowed"
    return f"nobody knows when {part}the inventory was captured, and {allowed}"

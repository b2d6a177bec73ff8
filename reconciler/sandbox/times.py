"""Times as the vendors print them. A record without one gets a fixed one: they always have one."""

from datetime import UTC, datetime

_FIXED = datetime(2025, 1, 1, tzinfo=UTC)


def zoneless(moment: datetime | None) -> str:
    """UTC without saying so, as both of Batch's lists print it."""
    return (moment or _FIXED).astimezone(UTC).replace(tzinfo=None).isoformat()


def zulu(moment: datetime | None) -> str:
    """UTC with `Z`, to the millisecond, or finer if the record is."""
    moment = (moment or _FIXED).astimezone(UTC).replace(tzinfo=None)
    return f"{moment.isoformat(timespec='auto' if moment.microsecond % 1000 else 'milliseconds')}Z"

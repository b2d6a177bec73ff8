"""Times as the vendors print them. A record without one gets a fixed one: they always have one."""

from datetime import UTC, datetime
from email.utils import format_datetime

_FIXED = datetime(2025, 1, 1, tzinfo=UTC)


def zoneless(moment: datetime | None) -> str:
    """UTC without saying so, as both of Batch's lists print it."""
    return (moment or _FIXED).astimezone(UTC).replace(tzinfo=None).isoformat()


def zulu(moment: datetime | None) -> str:
    """UTC with `Z`, to the millisecond, or finer if the record is."""
    moment = (moment or _FIXED).astimezone(UTC).replace(tzinfo=None)
    return f"{moment.isoformat(timespec='auto' if moment.microsecond % 1000 else 'milliseconds')}Z"


def offset(moment: datetime | None) -> str:
    """UTC with `+00:00`, to the second."""
    return (moment or _FIXED).astimezone(UTC).isoformat(timespec="seconds")


def rfc2822(moment: datetime | None) -> str:
    """As in mail headers: `Fri, 20 Nov 2026 08:00:00 +0000`."""
    return format_datetime((moment or _FIXED).astimezone(UTC))


def unix(moment: datetime | None) -> int:
    """Whole seconds since 1970."""
    return int((moment or _FIXED).timestamp())

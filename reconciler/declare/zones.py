"""Time zones by name. Their data is the system's, else that of the package tzdata."""

from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo, available_timezones

NO_DATA = (
    "cannot be looked up: there is no time zone data here; "
    "install your system's package of it, or `pip install tzdata`"
)


def zone(name: str) -> tzinfo:
    """The zone of an IANA *name*. ValueError, in words that follow the name, if there is none."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        said = "is not an IANA time zone" if available_timezones() else NO_DATA
        raise ValueError(said) from None

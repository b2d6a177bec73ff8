"""Durations and dates as the guards say them."""

from datetime import UTC, date, datetime, timedelta

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def span(duration: timedelta) -> str:
    """*duration* with its two largest units (`3d 4h`); less than a second is `under 1s`."""
    rest = int(duration.total_seconds())
    if rest < 1:
        return "under 1s"
    parts: list[str] = []
    for size, unit in _UNITS:
        number, rest = divmod(rest, size)
        if number:
            parts.append(f"{number}{unit}")
        elif parts:
            break
    return " ".join(parts[:2])


def today(now: datetime) -> date:
    """The UTC day of *now*: `until` includes it whole."""
    return now.astimezone(UTC).date()

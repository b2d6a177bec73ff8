"""Cron schedules of five fields, as cronsim reads them."""

from datetime import datetime
from typing import Any

_RANGES = {
    "minute": ("a minute", "0 to 59"),
    "hour": ("an hour", "0 to 23"),
    "day-of-month": ("a day of the month", "1 to 31, or L for the last"),
    "month": ("a month", "1 to 12"),
    "day-of-week": ("a day of the week", "0 (Sunday) to 6"),
}
"""What the parser calls a field -> the same in our words, and what may stand there."""


def cron(text: str) -> str:
    """A schedule that comes at some time; ValueError says what is wrong."""
    from cronsim import CronSim, CronSimError

    if len(text.split()) != 5:
        fields = "minute, hour, day of the month, month, day of the week"
        raise ValueError(f'is not a cron schedule of five fields; write {fields}: "0 9 * * 1-4"')
    try:
        next(CronSim(text, datetime(2000, 1, 1)))
    except CronSimError as error:
        field = next((one for one in _RANGES if one in str(error).lower()), None)
        if field is None:
            raise ValueError('is not a cron schedule; write it as "0 9 * * 1-4"') from None
        what, way = _RANGES[field]
        raise ValueError(
            f"is not a cron schedule: it has {what} that there is not; write {way} for it"
        ) from None
    except StopIteration:
        raise ValueError("is a cron schedule that never comes") from None
    return text


def _any_case(names: str) -> str:
    return "|".join("".join(f"[{c}{c.lower()}]" for c in name) for name in names.split())


def _field(one: str, more: str = "") -> str:
    """A field's list of numbers or names (*one*), ranges and steps; *more*: what else it may be."""
    step = "(/0*[1-9][0-9]*)?"
    part = rf"((\*|({one})(-({one}))?){step}{more})"
    return f"{part}(,{part})*"


_MONTHS = _any_case("JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC")
_DAYS = f"0*[0-7]|{_any_case('SUN MON TUE WED THU FRI SAT')}"
_FIELDS = (
    _field("0*[0-5]?[0-9]"),
    _field("0*(1?[0-9]|2[0-3])"),
    _field("0*([1-9]|[12][0-9]|3[01])", "|[Ll][Ww]?(/0*[1-9][0-9]*)?"),
    _field(f"0*([1-9]|1[0-2])|{_MONTHS}"),
    _field(_DAYS, f"|0*[0-7][Ll]|({_DAYS})#0*[1-5]"),
)
CRON: dict[str, Any] = {
    "type": "string",
    "pattern": r"^\s*" + r"\s+".join(_FIELDS) + r"\s*$",
    "examples": ["0 9 * * 1-4"],
}
"""The same for an editor, but for ranges the wrong way round and days that never come."""

"""Times as files have them: cut, never rounded; in the form that the reader was told."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d):(\d\d)(\.\d+)?(?:([Zz])|([+-]\d\d):?(\d\d))?", re.ASCII
)
_NUMBERS = re.compile(r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})(.*)", re.ASCII | re.DOTALL)
_DIGITS = re.compile(r"\d{9,20}(?:\.\d+)?", re.ASCII)
FINER = re.compile(rb"\.\d{7}")
"""In the text of records: perhaps a time finer than a microsecond."""

_START = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS = {"%s": 1, "%Q": 1000}  # since 1970: in seconds, in milliseconds
_FIRST = datetime(1990, 1, 1, tzinfo=UTC)
_LAST = datetime(2100, 1, 1, tzinfo=UTC)

Instant = Callable[[str], datetime]
"""The text of a time -> the time; naive if it has no zone. ValueError if it is none."""


def instant(text: str) -> datetime:
    """RFC 3339, or a plain date (its midnight UTC); naive if it has no zone. ValueError if not.

    What is finer than a microsecond is cut, so that no time passes into the next second, or day;
    second 60 is second 59.
    """
    if _DAY.fullmatch(text):
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(text)
    day, minute, second, fraction, utc, hours, minutes = found.groups()
    zone = "+00:00" if utc else f"{hours}:{minutes}" if hours else ""
    if hours and int(minutes) > 59:
        raise ValueError(text)
    rest = (fraction or "")[:7]
    at = datetime.fromisoformat(f"{day}T{minute}:{'59' if second == '60' else second}{rest}{zone}")
    return at.replace(tzinfo=UTC) if utc or at.utcoffset() == timedelta() else at


def by_format(format_: str) -> Instant:
    """How dates in *format_* are read: as `strptime` does, `%s` and `%Q` are since 1970.

    Without a time of day it is the day's midnight UTC, as a plain date is. ValueError if *format_*
    names no day.
    """
    if format_ in _SECONDS:
        unit = _SECONDS[format_]
        return lambda text: _since(text, unit)
    probe = datetime(2001, 11, 22, 13, 14, 15)
    if datetime.strptime(probe.strftime(format_), format_).date() != probe.date():
        raise ValueError(format_)
    of_day = not re.search(r"%[HIcX]", format_)

    def read(text: str) -> datetime:
        at = datetime.strptime(text, format_)
        return at.replace(tzinfo=UTC) if of_day and at.tzinfo is None else at

    return read


def _since(text: str, unit: int) -> datetime:
    if not re.fullmatch(r"\d{1,17}(?:\.\d+)?", text, re.ASCII):
        raise ValueError(text)
    whole, _, fraction = text.partition(".")
    micro = 1_000_000 // unit
    exact = int(whole) * micro + int((fraction + "000000")[: len(str(micro)) - 1] or 0)
    try:
        return _START + timedelta(microseconds=exact)
    except OverflowError as error:
        raise ValueError(text) from error


def epoch(text: str) -> tuple[str, str, str | None] | None:
    """What a number that is probably a time since 1970 means: the time, the unit, its format."""
    if not _DIGITS.fullmatch(text):
        return None
    for unit, factor, format_ in (
        ("seconds", 1, "%s"),
        ("milliseconds", 1000, "%Q"),
        ("microseconds", 1_000_000, None),
        ("nanoseconds", 1_000_000_000, None),
    ):
        whole = int(text.partition(".")[0])
        try:
            at = _START + timedelta(seconds=whole // factor)
        except OverflowError:
            continue
        if _FIRST <= at < _LAST:
            return at.strftime("%Y-%m-%dT%H:%M:%SZ"), unit, format_
    return None


def numbers(text: str) -> list[tuple[str, str]]:
    """The days that a date such as `01/02/2025` may be, each with the format that reads it so."""
    found = _NUMBERS.fullmatch(text.strip())
    if found is None:
        return []
    first, mark, second, third, rest = found.groups()
    tail = _tail(rest)
    if tail is None:
        return []
    if len(first) == 4:
        orders = ["%Y{0}%m{0}%d"]
    elif len(third) == 4:
        orders = ["%d{0}%m{0}%Y", "%m{0}%d{0}%Y"]
    elif len(third) == 2 and len(first) <= 2:
        orders = ["%d{0}%m{0}%y", "%m{0}%d{0}%y"]
    else:
        return []
    days = []
    for order in orders:
        format_ = order.format(mark) + tail
        try:
            days.append((datetime.strptime(text.strip(), format_).date().isoformat(), format_))
        except ValueError:
            continue
    return days


def _tail(rest: str) -> str | None:
    """The format of the time of day that follows a date; None if it is none that we know."""
    if not rest:
        return ""
    for format_ in (" %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", "T%H:%M", ", %H:%M"):
        try:
            datetime.strptime(rest, format_)
        except ValueError:
            continue
        return format_
    return None

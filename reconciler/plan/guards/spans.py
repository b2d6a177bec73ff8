"""When one window is open: spans of UTC instants, half-open; those that touch are one.

What a change of the clock does to a schedule is cronsim's to say (the rules of Debian's cron).
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from itertools import pairwise

from cronsim import CronSim

HORIZON = timedelta(days=400)
"""How far ahead anybody is told when a window opens or closes; a duration is no longer."""

REACH = HORIZON + timedelta(days=1)
"""How far ahead is searched: a day more, so that what was found may be kept for a day."""

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_SECOND = timedelta(seconds=1)
_ANY_DAY = datetime(2000, 1, 1)

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class DateRange:
    """Whole days of a zone, both included; None is open-ended."""

    zone: tzinfo
    first: date | None
    last: date | None

    def next(self, at: datetime) -> Span:
        """The span that covers *at*, else the next; nothing before `REACH` is an empty one there.

        One that goes on beyond `REACH` ends anywhere after it.
        """
        until = at + REACH
        start = self._midnight(self.first) if self.first else at
        end = self._midnight(self.last + _DAY) if self.last else until
        return (start, end) if start < until and end > at else (until, until)

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.zone).astimezone(UTC)


class Cron:
    """Minutes of a zone's clock, each of which opens the window for a time that elapses.

    Of fixed times cronsim says itself what becomes of one that is skipped or comes twice. A `*`
    means the minutes that the clock really shows: those of each stretch between two changes.
    (Asked across a change, cronsim steps from hour to hour past some of them: after a change of
    half an hour, and after a midnight that is skipped.)
    """

    __slots__ = ("_all_day", "_duration", "_fixed", "_schedule", "_sim", "_zone")

    def __init__(self, schedule: str, duration: timedelta, zone: tzinfo) -> None:
        """CronSimError if *schedule* is not cron."""
        self._schedule, self._duration, self._zone = schedule, duration, zone
        self._sim = sim = CronSim(schedule, _ANY_DAY)
        self._fixed = not any(field.startswith("*") for field in schedule.split()[:2])
        minutes = sorted(60 * hour + minute for hour in sim.hours for minute in sim.minutes)
        longest = max(b - a for a, b in pairwise([*minutes, minutes[0] + 24 * 60]))
        self._all_day = timedelta(minutes=longest) <= duration

    def next(self, at: datetime) -> Span:
        """As of `DateRange`."""
        until = at + REACH
        first = next(self._starts(at - self._duration, until), until)
        if first == until:
            return until, until
        start, end = first, first + self._duration
        while end < until:
            if (sure := self._goes_on(start)) > end:
                start, end = sure - self._duration, sure
            last = self._last(max(start, end - _HOUR), end) or self._last(start, end)
            if last is None:
                break
            start, end = last, last + self._duration
        return first, end

    def _starts(self, after: datetime, until: datetime) -> Iterator[datetime]:
        """When the window is opened, in order, from the second after *after* to before *until*."""
        while after < until:
            zone, stop = (self._zone, until) if self._fixed else self._stretch_of(after + _SECOND)
            for at in CronSim(self._schedule, after.astimezone(zone)):
                if at >= min(stop, until):
                    break
                yield at.astimezone(UTC)
            after = stop - _SECOND if stop < until else until

    def _last(self, after: datetime, until: datetime) -> datetime | None:
        """The last start after *after* up to *until* itself."""
        found = deque(self._starts(after, until + _SECOND), maxlen=1)
        return found[0] if found else None

    def _goes_on(self, start: datetime) -> datetime:
        """An instant until which the window that opened at *start* stays open; maybe *start*.

        A schedule that is open all day stays so while its days follow one another and the clock is
        not changed; that is not walked.
        """
        zone, change = self._stretch_of(start)
        day = start.astimezone(zone).date()
        sure = start
        while self._all_day and sure < change and self._runs_on(day):
            day += _DAY
            sure = min(change, datetime.combine(day, time(), zone).astimezone(UTC))
        return sure

    def _runs_on(self, day: date) -> bool:
        return day.month in self._sim.months and self._sim.match_day(day)

    def _stretch_of(self, at: datetime) -> tuple[tzinfo, datetime]:
        """The zone's offset at *at*, and when it becomes another (or an instant out of reach)."""
        years = range(at.year, at.year + 4)
        changes = (change for year in years for change in _changes(self._zone, year))
        change = next((one for one in changes if one > at), at + 2 * REACH)
        return timezone(_offset(at, self._zone)), change


@lru_cache(maxsize=64)
def _changes(zone: tzinfo, year: int) -> tuple[datetime, ...]:
    """The instants of *year* at which *zone* changes its offset."""
    first, found = datetime(year, 1, 1, tzinfo=UTC), []
    for day in range(366):
        low, high = first + day * _DAY, first + (day + 1) * _DAY
        before = _offset(low, zone)
        if _offset(high, zone) == before:
            continue
        while high - low > _SECOND:
            middle = low + (high - low) // 2
            low, high = (middle, high) if _offset(middle, zone) == before else (low, middle)
        found.append(high.replace(microsecond=0))
    return tuple(found)


def _offset(at: datetime, zone: tzinfo) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta(0)

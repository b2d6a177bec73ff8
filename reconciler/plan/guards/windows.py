"""When deletions may be sent: deny beats allow, and one allow present means closed outside it.

A cron schedule names wall-clock minutes of the window's zone; each opens the window for *duration*
of elapsed time. Where the zone changes its clock (the rule of Debian's cron, which Argo CD's users
know too):

* a schedule of fixed times (neither minute nor hour starts with `*`) means each of them once a
  day: one that the clock jumps over happens right after the jump, one that the clock shows twice
  happens the first time;
* a schedule with a `*` there means every such minute the clock really shows: none in a jump, both
  where the clock shows it twice.

Dates are whole days of the window's zone (UTC unless it says otherwise), both included.
Intervals are half-open: open at the first instant, closed at the last.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from reconciler.model import Window

HORIZON = timedelta(days=400)
"""How far `opens_at` and `closes_at` are searched for."""

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)
_ANY_DAY = datetime(2000, 1, 1)  # a naive day: it has no clock change
_REACH = HORIZON + _DAY
_STEP = timedelta(days=4)

Span = tuple[datetime, datetime]
Moment = TypeVar("Moment", datetime, timedelta)


@dataclass(frozen=True, slots=True)
class WindowDecision:
    """Whether sending is allowed at an instant, and until when that holds.

    *rule*: the window that decided, in words; None if nothing decided (no windows, or no deny
    that holds and no allow in the project). *because*: that window's own text. *opens_at* (only
    when closed) and *closes_at* (only when open) are aware UTC instants; None: not within 400 days.
    """

    open: bool
    rule: str | None = None
    because: str | None = None
    opens_at: datetime | None = None
    closes_at: datetime | None = None


OUTSIDE = "outside every allow window"
"""The *rule* when no allow window is open."""


def decide(windows: Sequence[Window], now: datetime) -> WindowDecision:
    """Whether *windows* let a request be sent at *now* (aware). ValueError: see `check`."""
    return Schedule(windows).decide(now)


def check(window: Window) -> str | None:
    """What is wrong with *window* (cron, duration, zone, dates), or None."""
    try:
        _compile(window)
    except ValueError as error:
        return str(error)
    return None


def describe(window: Window) -> str:
    """*window* in one line, with its place in the project file if it is known."""
    if window.schedule is not None and window.duration is not None:
        text = f'{window.kind} "{window.schedule}" for {_duration(window.duration)}'
    else:
        text = window.kind
        text += f" from {window.first}" if window.first else ""
        text += f" to {window.last}" if window.last else ""
    text += f" {window.time_zone}"
    return f"{text} ({window.path}:{window.line})" if window.path and window.line else text


def _duration(length: timedelta) -> str:
    seconds = int(length.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


class Schedule:
    """Compiled windows. `decide` costs a comparison while the last decision still holds."""

    __slots__ = ("_held", "_rules")

    def __init__(self, windows: Sequence[Window]) -> None:
        """ValueError if a window's cron, zone, duration or dates make no sense (see `check`)."""
        self._rules = tuple(_Rule(window) for window in windows)
        self._held: tuple[datetime, datetime, WindowDecision] | None = None

    def decide(self, now: datetime) -> WindowDecision:
        """The decision at *now* (aware)."""
        if not self._rules:
            return WindowDecision(open=True)
        held = self._held
        if held is None or not held[0] <= now < held[1]:
            held = self._held = self._hold(now.astimezone(UTC))
        decision = held[2]
        turn = decision.closes_at if decision.open else decision.opens_at
        if turn is not None and turn - now > HORIZON:
            return replace(decision, opens_at=None, closes_at=None)
        return decision

    def _hold(self, now: datetime) -> tuple[datetime, datetime, WindowDecision]:
        """The decision at *now*, and a stretch [now, end) in which it stays the same."""
        edges = [edge for rule in self._rules for edge in rule.next(now) if edge > now]
        end = min((*edges, now + _DAY))  # within a day the search, a day too long, stays right
        deny, allow = self._holding(now, "deny"), self._holding(now, "allow")
        rule = deny or allow
        if deny or not (allow or self._only_denies):
            return now, end, _decision(False, rule, self._opens(now))
        return now, end, _decision(True, rule, self._closes(now))

    @property
    def _only_denies(self) -> bool:
        return all(rule.window.kind == "deny" for rule in self._rules)

    def _holding(self, at: datetime, kind: str) -> "_Rule | None":
        """The first rule of *kind* whose window covers *at*."""
        rules = (rule for rule in self._rules if rule.window.kind == kind)
        return next((rule for rule in rules if rule.covers(at)), None)

    def _opens(self, now: datetime) -> datetime | None:
        """The first open instant after the closed *now*."""
        at, last = now, now + _REACH
        while at < last:
            if deny := self._holding(at, "deny"):
                at = deny.next(at)[1]
            elif self._only_denies or self._holding(at, "allow"):
                return at
            else:
                at = min(rule.next(at)[0] for rule in self._rules if rule.window.kind == "allow")
        return None

    def _closes(self, now: datetime) -> datetime | None:
        """The first closed instant after the open *now*."""
        denies = (rule.next(now)[0] for rule in self._rules if rule.window.kind == "deny")
        last = min((*denies, now + _REACH))
        at = now
        while at < last:
            if self._only_denies:
                at = last
            elif allow := self._holding(at, "allow"):
                at = allow.next(at)[1]
            else:
                return at
        return last if last < now + _REACH else None


def _decision(opened: bool, rule: "_Rule | None", turn: datetime | None) -> WindowDecision:
    return WindowDecision(
        open=opened,
        rule=describe(rule.window) if rule else (None if opened else OUTSIDE),
        because=rule.window.because if rule else None,
        opens_at=None if opened else turn,
        closes_at=turn if opened else None,
    )


class _Rule:
    """One window, with the spans around the last question kept."""

    __slots__ = ("_high", "_low", "_spans", "_starts", "_when", "window")

    def __init__(self, window: Window) -> None:
        self.window = window
        self._when = _compile(window)
        self._low = self._high = datetime.min.replace(tzinfo=UTC)
        self._spans: list[Span] = []
        self._starts: list[datetime] = []

    def covers(self, at: datetime) -> bool:
        return self.next(at)[0] <= at

    def next(self, at: datetime) -> Span:
        """The span that covers *at*, else the next one; far beyond the horizon if there is none."""
        last = at + _REACH
        if not self._low <= at < self._high:
            self._load(at, at + _STEP)
        while True:
            k = bisect_right(self._starts, at)
            index = k - 1 if k and self._spans[k - 1][1] > at else k
            found = self._spans[index] if index < len(self._spans) else None
            if found and (found[1] < self._high or self._high >= last):
                return found
            if self._high >= last:
                return last, last
            self._load(at, at + 2 * (self._high - at) + _STEP)  # it may go on beyond what is known

    def _load(self, low: datetime, high: datetime) -> None:
        self._low, self._high = low, high
        self._spans = self._when.spans(low, high)
        self._starts = [span[0] for span in self._spans]


# ---------------------------------------------------------------- one window's spans


@dataclass(frozen=True, slots=True)
class _Dates:
    """Whole days, both included; None is open-ended."""

    zone: ZoneInfo
    first: date | None
    last: date | None

    def spans(self, low: datetime, high: datetime) -> list[Span]:
        start = low if self.first is None else _midnight(self.first, self.zone, fold=0)
        end = high if self.last is None else _midnight(self.last + _DAY, self.zone, fold=1)
        return [(start, end)] if start < end and start < high and end > low else []


@dataclass(frozen=True, slots=True)
class _Cron:
    """Days times minutes of the day. *plain*: a day's merged spans where no clock changes."""

    zone: ZoneInfo
    duration: timedelta
    days: str
    minutes: tuple[timedelta, ...]
    plain: tuple[tuple[timedelta, timedelta], ...]
    fixed: bool

    def spans(self, low: datetime, high: datetime) -> list[Span]:
        """Merged spans that touch [low, high), ascending."""
        # A day of margin: a clock that is put back across midnight shows the day before again.
        first = (low - self.duration).astimezone(self.zone).date() - _DAY
        last = high.astimezone(self.zone).date() + _DAY
        found: list[Span] = []
        for midnight in CronSim(self.days, datetime.combine(first, time()) - _MINUTE):
            if midnight.date() > last:
                break
            found.extend(self._day(midnight))
        merged = _merge(sorted(found))
        return [span for span in merged if span[1] > low and span[0] < high]

    def _day(self, midnight: datetime) -> Iterator[Span]:
        edges = (midnight, midnight + _DAY)
        offsets = {
            edge.replace(tzinfo=self.zone, fold=fold).utcoffset()
            for edge in edges
            for fold in (0, 1)
        }
        if len(offsets) == 1:
            start = midnight.replace(tzinfo=self.zone).astimezone(UTC)
            yield from ((start + begin, start + end) for begin, end in self.plain)
            return
        for minute in self.minutes:
            for at in self._instants(midnight + minute):
                yield at, at + self.duration

    def _instants(self, wall: datetime) -> tuple[datetime, ...]:
        """When the zone's clock shows *wall*: once, twice, or (in a jump) never."""
        early, late = (_instant(wall, self.zone, fold) for fold in (0, 1))
        if early is None:
            return (_after_gap(wall, self.zone),) if self.fixed else ()
        if self.fixed or late is None or late == early:
            return (early,)
        return early, late


def _compile(window: Window) -> _Dates | _Cron:
    try:
        zone = ZoneInfo(window.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{window.time_zone!r} is not an IANA time zone") from error
    if window.schedule is None:
        if window.duration is not None:
            raise ValueError("a duration needs a schedule")
        if window.first is None and window.last is None:
            raise ValueError("a window needs a schedule with a duration, or dates")
        if window.first and window.last and window.first > window.last:
            raise ValueError(f"the window ends ({window.last}) before it begins ({window.first})")
        return _Dates(zone, *_within_calendar(window.first, window.last))
    if window.duration is None or window.duration <= timedelta(0):
        raise ValueError("a schedule needs a duration of at least one second")
    if window.duration > HORIZON:
        raise ValueError(f"a duration is at most {_duration(HORIZON)}")
    if window.first is not None or window.last is not None:
        raise ValueError("a window has a schedule or dates, not both")
    return _cron(window.schedule, window.duration, zone)


def _within_calendar(first: date | None, last: date | None) -> tuple[date | None, date | None]:
    """Days too near the calendar's ends to add a day and a zone to are as good as open-ended."""
    return (
        first if first and first.year > 1000 else None,
        last if last and last.year < 9000 else None,
    )


def _cron(schedule: str, duration: timedelta, zone: ZoneInfo) -> _Cron:
    fields = schedule.split()
    if len(fields) != 5:
        raise ValueError(f"{schedule!r} is not five cron fields (minute hour day month weekday)")
    minute, hour, *days = fields
    try:
        CronSim(schedule, _ANY_DAY)  # the whole of it, for the errors the halves would not show
        of_day = CronSim(f"{minute} {hour} * * *", _ANY_DAY - _MINUTE)
        minutes = []
        for at in of_day:
            if at >= _ANY_DAY + _DAY:
                break
            minutes.append(at - _ANY_DAY)
    except CronSimError as error:
        raise ValueError(f"{schedule!r} is not a cron schedule: {error}") from error
    return _Cron(
        zone=zone,
        duration=duration,
        days=" ".join(("0", "0", *days)),
        minutes=tuple(minutes),
        plain=tuple(_merge([(start, start + duration) for start in minutes])),
        fixed=not minute.startswith("*") and not hour.startswith("*"),
    )


def _merge(spans: Sequence[tuple[Moment, Moment]]) -> list[tuple[Moment, Moment]]:
    """Sorted *spans* with those that touch or overlap joined."""
    merged: list[tuple[Moment, Moment]] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def _instant(wall: datetime, zone: ZoneInfo, fold: int) -> datetime | None:
    """The UTC instant at which *zone* shows *wall*, or None if it never does."""
    at = wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
    return at if at.astimezone(zone).replace(tzinfo=None) == wall else None


def _after_gap(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first instant after the jump that swallowed *wall*."""
    while (at := _instant(wall, zone, 0)) is None:
        wall += _MINUTE
    return at


def _midnight(day: date, zone: ZoneInfo, *, fold: int) -> datetime:
    """When *day* begins in *zone*: its first midnight, or (*fold* 1) its second if it has two."""
    wall = datetime.combine(day, time())
    return _instant(wall, zone, fold) or _after_gap(wall, zone)

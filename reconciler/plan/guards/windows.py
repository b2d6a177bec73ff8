"""When deletions may be sent: deny beats allow, and one allow present means closed outside it.

A cron schedule names wall-clock minutes of the window's zone; each opens the window for *duration*
of elapsed time. Where the zone changes its clock, the rule of Debian's cron holds, which Argo CD's
users know too (docs/windows.md); `spans` has it from cronsim.

Dates are whole days of the window's zone (UTC unless it says otherwise), both included.
Intervals are half-open: open at the first instant, closed at the last.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from cronsim import CronSimError

from reconciler.declare.project import Window
from reconciler.declare.zones import zone
from reconciler.plan.guards.spans import HORIZON, REACH, Cron, DateRange, Span

_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class WindowDecision:
    """Whether sending is allowed at an instant, and until when that holds.

    *rule*: the window that decided, in words; None if nothing decided (no windows, or no deny
    that holds and no allow in the project). *because*: that window's own text. *opens_at* (only
    when closed) and *closes_at* (only when open) are aware UTC instants; None: not within 400 days.
    *time_zone* is that of the window which opens or closes then; people are told the time in it.
    """

    open: bool
    rule: str | None = None
    because: str | None = None
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    time_zone: str = field(default="UTC", compare=False)

    @property
    def opens(self) -> str | None:
        """*opens_at* for people."""
        return local(self.opens_at, self.time_zone) if self.opens_at else None


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


def local(at: datetime, time_zone: str) -> str:
    """The instant *at* as the clocks of *time_zone* show it, with their offset."""
    if time_zone == "UTC":
        return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    shown = at.astimezone(zone(time_zone)).isoformat(" ", "minutes")
    return f"{shown[:16]} {shown[16:]} ({time_zone})"


def _duration(length: timedelta) -> str:
    seconds = int(length.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


class Schedule:
    """Compiled windows. `decide` costs a comparison while the last decision still holds."""

    __slots__ = ("_held", "_rules", "_shut")

    def __init__(self, windows: Sequence[Window]) -> None:
        """ValueError if a window's cron, zone, duration or dates make no sense (see `check`)."""
        self._rules = tuple(_Rule(window) for window in windows)
        self._held: tuple[datetime, datetime, WindowDecision] | None = None
        self._shut: Span | None = None  # in it nothing opens

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
        opened = not deny and (allow is not None or self._only_denies)
        turn = self._closes(now) if opened else self._opens(now)
        decision = WindowDecision(
            open=opened,
            rule=describe(rule.window) if rule else (None if opened else OUTSIDE),
            because=rule.window.because if rule else None,
            opens_at=None if opened else turn,
            closes_at=turn if opened else None,
            time_zone=self._turning(turn) if turn else "UTC",
        )
        return now, end, decision

    def _turning(self, turn: datetime) -> str:
        """The zone of a window that opens or closes at *turn*."""
        spans = ((rule.next(turn - _INSTANT), rule.window.time_zone) for rule in self._rules)
        return next((zone for span, zone in spans if turn in span), "UTC")

    @property
    def _only_denies(self) -> bool:
        return all(rule.window.kind == "deny" for rule in self._rules)

    def _holding(self, at: datetime, kind: str) -> "_Rule | None":
        """The first rule of *kind* whose window covers *at*."""
        rules = (rule for rule in self._rules if rule.window.kind == kind)
        return next((rule for rule in rules if rule.covers(at)), None)

    def _opens(self, now: datetime) -> datetime | None:
        """The first open instant after the closed *now*."""
        at, last = now, now + REACH
        if self._shut is not None and self._shut[0] <= now < self._shut[1]:
            at = self._shut[1]  # what was searched once, for a year of windows, is known
        while at < last:
            if deny := self._holding(at, "deny"):
                at = deny.next(at)[1]
            elif self._only_denies or self._holding(at, "allow"):
                break
            else:
                at = min(rule.next(at)[0] for rule in self._rules if rule.window.kind == "allow")
        self._shut = now, min(at, last)
        return at if at < last else None

    def _closes(self, now: datetime) -> datetime | None:
        """The first closed instant after the open *now*."""
        denies = (rule.next(now)[0] for rule in self._rules if rule.window.kind == "deny")
        last = min((*denies, now + REACH))
        at = now
        while at < last:
            if self._only_denies:
                at = last
            elif allow := self._holding(at, "allow"):
                at = allow.next(at)[1]
            else:
                return at
        return last if last < now + REACH else None


class _Rule:
    """One window, with the last span that was asked for."""

    __slots__ = ("_asked", "_span", "_when", "window")

    def __init__(self, window: Window) -> None:
        self.window = window
        self._when = _compile(window)
        self._asked = datetime.max.replace(tzinfo=UTC)
        self._span: Span = (self._asked, self._asked)

    def covers(self, at: datetime) -> bool:
        return self.next(at)[0] <= at

    def next(self, at: datetime) -> Span:
        """The span that covers *at*, else the next one; see `Dates.next`."""
        if self._asked <= at < self._span[1]:
            return self._span
        span = self._when.next(at)
        if span[1] < at + REACH:  # else it says nothing of what a later question would reach
            self._asked, self._span = at, span
        return span


def _compile(window: Window) -> DateRange | Cron:
    """What says when *window* is open; ValueError: see `check`."""
    try:
        where = zone(window.time_zone)
    except ValueError as error:
        raise ValueError(f"{window.time_zone!r} {error}") from None
    if window.schedule is None:
        if window.duration is not None:
            raise ValueError("a duration needs a schedule")
        if window.first is None and window.last is None:
            raise ValueError("a window needs a schedule with a duration, or dates")
        if window.first and window.last and window.first > window.last:
            raise ValueError(f"the window ends ({window.last}) before it begins ({window.first})")
        return DateRange(where, *_within_calendar(window.first, window.last))
    if window.duration is None or window.duration <= timedelta(0):
        raise ValueError("a schedule needs a duration of at least one second")
    if window.duration > HORIZON:
        raise ValueError(f"a duration is at most {_duration(HORIZON)}")
    if window.first is not None or window.last is not None:
        raise ValueError("a window has a schedule or dates, not both")
    if len(window.schedule.split()) != 5:
        said = "is not five cron fields (minute hour day month weekday)"
        raise ValueError(f"{window.schedule!r} {said}")
    try:
        return Cron(window.schedule, window.duration, where)
    except CronSimError as error:
        raise ValueError(f"{window.schedule!r} is not a cron schedule: {error}") from error


def _within_calendar(first: date | None, last: date | None) -> tuple[date | None, date | None]:
    """Days too near the calendar's ends to add a day and a zone to are as good as open-ended."""
    return (
        first if first and first.year > 1000 else None,
        last if last and last.year < 9000 else None,
    )

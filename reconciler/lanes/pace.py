"""When the next request of a lane may leave; pure, every time is an argument (seconds).

A request counts against the vendor's window from some instant between its leaving and its answer.
So it is held against the limit from the moment it leaves until one window, plus slack, after its
*answer*: whatever instant the vendor chose, no window of the vendor's is exceeded. Requests are
spread evenly, so a fresh start (whose past nobody knows) never bursts.
"""

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime

from reconciler.model import Limits

_IDLE = float("inf")
_FOREVER = 1e9  # seconds
_MINUTE = 60.0
LONGEST = 30.0  # seconds: what we ever wait by ourselves, after a failure
_TICK = 1e-6  # a shorter wait may be lost in a large clock's rounding, and then never ends
_TOLERANCE = 0.002  # timers are late by about this much; a lateness is caught up, not added up


def slack(limits: Limits) -> float:
    """What is added to a window for clocks that disagree: 1 s on a minute, never under 20 ms."""
    return max(0.020, limits.per / 60)


@dataclass(slots=True)
class Pace:
    """The ledger of one lane. *next_even* spreads, *recent* and *flying* hold the window."""

    limits: Limits
    recent: deque[float] = field(default_factory=deque)  # answer times, ascending
    flying: int = 0
    next_even: float = 0.0
    paused_until: float = 0.0

    @property
    def hold(self) -> float:
        """How long an answered request still counts."""
        return self.limits.per + slack(self.limits)

    @property
    def interval(self) -> float:
        """The even distance between two requests."""
        return self.hold / self.limits.requests

    def remember(self, past: Iterable[tuple[float, float]]) -> None:
        """Take over the requests (sent, counted until answered) of an earlier owner."""
        sent, answered = 0.0, []
        for left, end in past:
            sent = max(sent, left)
            answered.append(end)
        self.recent = deque(sorted([*self.recent, *answered]))
        if answered:
            self.next_even = max(self.next_even, sent + self.interval)

    def wait(self, now: float) -> float:
        """Seconds until a request may leave; 0: now; infinite: only after an answer."""
        if self.flying >= self.limits.concurrency:
            return _IDLE
        while self.recent and self.recent[0] + self.hold <= now:
            self.recent.popleft()
        until = max(self.paused_until, self.next_even)
        over = self.flying + len(self.recent) - self.limits.requests
        if over >= 0:
            if over >= len(self.recent):
                return _IDLE
            until = max(until, self.recent[over] + self.hold)
        return until - now if until - now > _TICK else 0.0

    def leave(self, now: float) -> None:
        """A request leaves now."""
        self.flying += 1
        late = now - self.next_even
        base = self.next_even if 0 <= late <= _TOLERANCE else now
        self.next_even = base + self.interval

    def land(self, now: float, *, sent: bool = True) -> None:
        """Its answer came, or will never come; *sent* False: nothing left, nothing counts."""
        self.flying -= 1
        if sent:
            self.recent.append(now)

    def pause(self, until: float) -> None:
        """Nothing leaves before *until*; an earlier, longer pause stays."""
        self.paused_until = max(self.paused_until, until)


def jittered(attempt: int, chance: float, *, base: float = 0.5, cap: float = LONGEST) -> float:
    """Full jitter: a wait between 0 and `min(cap, base * 2**attempt)`; *chance* is in [0, 1)."""
    return float(chance * min(cap, base * 2 ** min(attempt, 16)))


def throttle_wait(attempt: int, vendor: float, asked: float | None, chance: float) -> float:
    """How long an account waits after "not now": Retry-After if given, else the vendor's rule,
    doubled each time in a row up to eightfold, plus a little so that callers spread."""
    rule = vendor if 0 <= vendor < _FOREVER else _MINUTE  # a driver may say anything
    least = asked if asked is not None else rule * 2 ** min(attempt, 3)
    return float(least + chance * max(0.02 * least, 0.02))


def retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for (RFC 9110 §10.2.3); None if it says nothing.

    Garbage says nothing, whatever it makes a reader of dates raise.
    """
    if value is None:
        return None
    if re.fullmatch(r"[0-9]{1,9}", text := value.strip()):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
        return None if moment.tzinfo is None else max(0.0, (moment - now).total_seconds())
    except Exception:  # ValueError, OverflowError, TypeError, IndexError: its reader has them all
        return None


@dataclass(slots=True)
class Breaker:
    """Opens after *limit* failures in a row; a success closes it."""

    limit: int = 5
    row: int = 0

    def failed(self) -> bool:
        """Count a failure; True when the account must stop."""
        self.row += 1
        return self.row >= self.limit

    def succeeded(self) -> None:
        """A clean answer came."""
        self.row = 0

"""A lane's turn at a worker: lanes that last for days give way to those that wait for one."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from reconciler.apply.windows import OpenWindows

SECONDS = 600.0
_AGAIN = 10.0  # seconds between two looks whether others wait

_SAID = "other lanes wait for a worker; this one goes on after them"


class Turn:
    """Lasts `SECONDS` from the first request, then for as long as nobody waits (*crowded*)."""

    def __init__(
        self, crowded: Callable[[], bool], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._crowded = crowded
        self._clock = clock
        self._next: float | None = None
        self.over = False
        """Whether it has ended; what is in flight still ends as it does."""

    def ended(self) -> bool:
        """Whether it ends now, or has."""
        if self._next is None:
            self._next = self._clock() + SECONDS
        elif not self.over and self._clock() >= self._next:
            self._next = self._clock() + _AGAIN
            self.over = self._crowded()
        return self.over

    def within(self, windows: OpenWindows) -> OpenWindows:
        """*windows*, which close at the end of the turn."""
        return _InTurn(windows.schedules, windows.decision, self)


@dataclass(frozen=True, slots=True)
class _InTurn(OpenWindows):
    turn: Turn | None = None

    def closed(self, account: str, now: datetime) -> str | None:
        if self.turn is not None and self.turn.ended():
            return _SAID
        return OpenWindows.closed(self, account, now)

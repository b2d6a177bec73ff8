"""A vendor's rate limit: so many requests in any window of so many seconds, for each key."""

from collections import defaultdict, deque
from collections.abc import Sequence


class Window:
    """Admits *requests* in any *per* seconds for each key, counted by arrival.

    A refused request does not count. *open*: one more is refused while so many of the same key
    have not been answered. The clock is whoever calls: it passes *at*.
    """

    def __init__(self, requests: int, per: float, *, open: int | None = None) -> None:
        self.requests = requests
        self.per = per
        self._most_open = open
        self._seen: defaultdict[str, deque[float]] = defaultdict(deque)
        self._open: defaultdict[str, int] = defaultdict(int)

    def left(self, key: str, at: float) -> int:
        """How many more requests it would admit now."""
        seen = self._seen[key]
        while seen and at - seen[0] >= self.per:
            seen.popleft()
        return max(self.requests - len(seen), 0)

    def wait(self, key: str, at: float) -> float:
        """Seconds until the window is empty of what fills it now; 0 if nothing does."""
        self.left(key, at)
        seen = self._seen[key]
        return max(seen[0] + self.per - at, 0.0) if seen else 0.0

    def admits(self, key: str, at: float) -> bool:
        """Whether a request that arrives now may enter."""
        crowded = self._most_open is not None and self._open[key] >= self._most_open
        return not crowded and self.left(key, at) > 0

    def enter(self, key: str, at: float) -> bool:
        """Whether a request that arrives now is admitted; an admitted one must `leave`."""
        if not self.admits(key, at):
            return False
        self._seen[key].append(at)
        self._open[key] += 1
        return True

    def leave(self, key: str) -> None:
        """An admitted request has been answered."""
        self._open[key] -= 1


Limit = tuple[Window, str]
"""A window, and the key that a request is counted under."""


def enter(limits: Sequence[Limit], at: float) -> bool:
    """Whether every window admits a request that arrives now; else it counts in none of them."""
    if not all(window.admits(key, at) for window, key in limits):
        return False
    return all(window.enter(key, at) for window, key in limits)


def leave(limits: Sequence[Limit]) -> None:
    """A request that all *limits* admitted has been answered."""
    for window, key in limits:
        window.leave(key)

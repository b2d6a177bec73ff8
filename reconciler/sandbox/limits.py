"""A vendor's rate limit: so many requests in any window of so many seconds, for each key."""

from collections import defaultdict, deque


class Window:
    """Admits *requests* in any *per* seconds for each key, counted by arrival.

    A refused request does not count. *serial*: one more is refused while another of the same key
    has not been answered. The clock is whoever calls: it passes *at*.
    """

    def __init__(self, requests: int, per: float, *, serial: bool = False) -> None:
        self._requests = requests
        self._per = per
        self._serial = serial
        self._seen: defaultdict[str, deque[float]] = defaultdict(deque)
        self._open: defaultdict[str, int] = defaultdict(int)

    def enter(self, key: str, at: float) -> bool:
        """Whether a request that arrives now is admitted; an admitted one must `leave`."""
        seen = self._seen[key]
        while seen and at - seen[0] >= self._per:
            seen.popleft()
        if len(seen) >= self._requests or (self._serial and self._open[key]):
            return False
        seen.append(at)
        self._open[key] += 1
        return True

    def leave(self, key: str) -> None:
        """An admitted request has been answered."""
        self._open[key] -= 1

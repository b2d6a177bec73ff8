"""When an apply sent its requests, account by account, under the limit that each account has.

What is drawn over time is how many requests fall into the limit's window that ends there (60 in any
60 s): as long as it stays under the line, the limit was kept.
"""

from collections import deque
from collections.abc import Sequence
from datetime import datetime

import msgspec

from reconciler.model import Limits, Outcome, ReportDocument, TargetReport
from reconciler.views import words
from reconciler.views.html.story import OUTCOMES

BINS = 120
_NAMED = 12  # doubts that are listed


class DrawnLane(msgspec.Struct, frozen=True):
    """One account. *usage*: the share of the limit in use, by bin; None if no limit is known.

    *worst*: the worst outcome that a request of the bin had a part in, None if it sent none.
    """

    account: str
    driver: str
    requests: int
    doubts: int
    limit: str | None
    peak: int  # requests in one window at most
    usage: tuple[float, ...] | None
    worst: tuple[Outcome | None, ...]


class Timeline(msgspec.Struct, frozen=True):
    """*lanes*: those with doubts first. *doubts*: the targets in doubt, the first of them."""

    start: datetime | None
    end: datetime | None
    lanes: tuple[DrawnLane, ...]
    doubts: tuple[TargetReport, ...]
    more_doubts: int


class _Sent(msgspec.Struct):
    at: datetime
    worst: Outcome


def timeline(report: ReportDocument) -> Timeline:
    """What *report* says of its requests."""
    sent = _sent(report)
    times = [one.at for some in sent.values() for one in some]
    start = min(times, default=words.instant(report.started_at))
    end = max(times, default=words.instant(report.ended_at))
    doubts = [one for one in report.targets if one.outcome is Outcome.IN_DOUBT]
    counts = {name: 0 for name in sent}
    drivers: dict[str, str] = {}
    for one in report.targets:
        drivers.setdefault(one.account, one.driver or "")
        if one.outcome is Outcome.IN_DOUBT:
            counts[one.account] = counts.get(one.account, 0) + 1
    lanes = [
        _lane(name, drivers[name], sent[name], counts[name], report.limits.get(name), start, end)
        for name in sent
    ]
    lanes.sort(key=lambda lane: (-lane.doubts, lane.account))
    named = tuple(doubts[:_NAMED])
    return Timeline(start, end, tuple(lanes), named, len(doubts) - len(named))


def _sent(report: ReportDocument) -> dict[str, list[_Sent]]:
    """The requests of each account by time; one that many targets share is one."""
    found: dict[str, dict[tuple[str, str, str], _Sent]] = {}
    for target in report.targets:
        mine = found.setdefault(target.account, {})
        for request in target.requests:
            at = words.instant(request.at)
            if at is None:
                continue
            key = (request.at, request.method, request.url)
            known = mine.setdefault(key, _Sent(at, target.outcome))
            known.worst = max(known.worst, target.outcome, key=OUTCOMES.index)
    return {name: sorted(some.values(), key=lambda one: one.at) for name, some in found.items()}


def _lane(
    account: str,
    driver: str,
    sent: Sequence[_Sent],
    doubts: int,
    limits: Limits | None,
    start: datetime | None,
    end: datetime | None,
) -> DrawnLane:
    worst: list[Outcome | None] = [None] * BINS
    for one in sent:
        at = _bin(one.at, start, end)
        before = worst[at]
        worst[at] = one.worst if before is None else max(before, one.worst, key=OUTCOMES.index)
    usage, peak = _usage([one.at for one in sent], limits, start, end)
    said = None
    if limits is not None:
        said = f"{words.count(limits.requests, 'request')} in any {words.duration(limits.per)}"
    return DrawnLane(account, driver, len(sent), doubts, said, peak, usage, tuple(worst))


def _usage(
    sent: Sequence[datetime],
    limits: Limits | None,
    start: datetime | None,
    end: datetime | None,
) -> tuple[tuple[float, ...] | None, int]:
    """The most of the limit that was in use in each bin, as a share; and the most requests."""
    if limits is None or not sent or start is None or end is None:
        return None, 0
    shares = [0.0] * BINS
    peak = 0
    window: deque[datetime] = deque()
    # Where a bin begins counts too: a window reaches over bins in which nothing was sent.
    edges = [(start + (end - start) * at / BINS, at) for at in range(BINS)]
    moments = [*edges, *((at, -1) for at in sent)]
    for moment, edge in sorted(moments):
        if edge < 0:
            window.append(moment)
        while window and (moment - window[0]).total_seconds() >= limits.per:
            window.popleft()
        peak = max(peak, len(window))
        at = _bin(moment, start, end) if edge < 0 else edge
        shares[at] = max(shares[at], len(window) / limits.requests)
    return tuple(shares), peak


def _bin(at: datetime, start: datetime | None, end: datetime | None) -> int:
    if start is None or end is None or end <= start:
        return 0
    share = (at - start).total_seconds() / (end - start).total_seconds()
    return min(max(int(share * BINS), 0), BINS - 1)

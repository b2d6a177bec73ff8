"""The lanes that are worked, or wait for a worker, as `status` shows them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from reconciler.lanes.handed import HandedLane, LaneState
from reconciler.lanes.journal import Journal
from reconciler.model import Target


@dataclass(frozen=True, slots=True)
class LaneStanding:
    """A lane. *owner*: who works it, as they said themselves; None: nobody does.

    *done*, *left*: targets; *rate*: of them, a second; *eta*: when it is done at that rate. None
    where it was not handed to workers: only the one who works it knows. *said*: why it waits, or
    has stopped.
    """

    lane: str
    accounts: tuple[str, ...]
    plan: str | None
    state: LaneState
    owner: Mapping[str, Any] | None
    done: int | None
    left: int | None
    rate: float | None
    waiting_until: datetime | None
    eta: datetime | None
    in_doubt: int
    said: str | None


def lanes_now(
    journal: Journal, holders: Sequence[Mapping[str, Any]], doubts: Collection[Target]
) -> tuple[LaneStanding, ...]:
    """Those that somebody holds, then those of each run that workers have not ended yet."""
    held = [_held(one, doubts) for one in holders if "worker" not in one]
    if journal.shared is None:
        return tuple(held)
    handed = journal.shared.handed
    runs = sorted({one.run for one in handed.lanes()})
    now = journal.now()
    return (
        *held,
        *(_handed(one, now, doubts) for run in runs for one in handed.lanes(run=run)),
    )


def _held(holder: Mapping[str, Any], doubts: Collection[Target]) -> LaneStanding:
    accounts = tuple(map(str, holder.get("accounts", ())))
    return LaneStanding(
        lane=str(holder.get("lane")),
        accounts=accounts,
        plan=holder.get("plan"),
        state="working",
        owner=holder,
        done=None,
        left=None,
        rate=None,
        waiting_until=None,
        eta=None,
        in_doubt=_doubts(accounts, doubts),
        said=None,
    )


def _handed(lane: HandedLane, now: datetime, doubts: Collection[Target]) -> LaneStanding:
    left = max(0, lane.targets - lane.done) if lane.open else 0
    took = (now - lane.began).total_seconds() if lane.began is not None else 0.0
    rate = round(lane.done / took, 3) if took > 0 and lane.open else None
    eta = now + timedelta(seconds=left / rate) if rate and lane.state == "working" else None
    return LaneStanding(
        lane=lane.lane,
        accounts=lane.accounts,
        plan=lane.plan,
        state=lane.state,
        owner=lane.owner if lane.open else None,
        done=lane.done,
        left=left,
        rate=rate,
        waiting_until=lane.waiting_until,
        eta=eta,
        in_doubt=_doubts(lane.accounts, doubts),
        said=lane.said,
    )


def _doubts(accounts: Collection[str], doubts: Collection[Target]) -> int:
    return sum(one.account in accounts for one in doubts)

"""What stands in a project, as JSON and for a terminal. Pure."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from reconciler.model import stamp
from reconciler.plan.guards.spans import HORIZON
from reconciler.plan.guards.windows import local
from reconciler.safe import terminal
from reconciler.views.words import count, masker, target

if TYPE_CHECKING:
    from reconciler.apply.settle.lanes import LaneStanding
    from reconciler.apply.settle.status import ClosedWindow, OpenDoubt, Standing
    from reconciler.lanes.journal import Run

_RUNS = 10


def document(status: "Standing", *, show_numbers: bool = False) -> dict[str, Any]:
    """The JSON of `status`. Phone numbers are masked unless *show_numbers*."""
    mask = masker((one.target.part or "" for one in status.in_doubt), show_numbers)
    plan = {} if status.plan is None else {"plan": status.plan, "outcomes": status.outcomes}
    return {
        "kind": "Status",
        "project": status.project,
        **plan,
        "inDoubt": [
            {
                "target": target(one.target, show_numbers=show_numbers),
                "scope": one.scope,
                "elsewhere": one.elsewhere,
                "detail": mask(one.detail) if one.detail else None,
                "request": one.request,
                "state": "in doubt",
            }
            for one in status.in_doubt
        ],
        "inFlight": status.in_flight,
        "lanes": [_lane(one) for one in status.lanes],
        "accounts": [
            {
                "account": one.name,
                "scope": one.scope,
                "tracedSince": _time(one.traced),
                "outcomesOfAnotherScope": one.strangers,
            }
            for one in status.accounts
        ],
        "blocked": [
            {
                "account": one.account,
                "rule": one.rule,
                "because": one.because,
                "opensAt": _time(one.opens),
                "timeZone": one.time_zone,
            }
            for one in status.blocked
        ],
        "runs": [_run(one) for one in status.runs[:_RUNS]],
        "runsInAll": len(status.runs),
        "openForReview": [{"run": one.run, **one.waived} for one in status.open_for_review],
    }


def _lane(one: "LaneStanding") -> dict[str, Any]:
    owner = one.owner
    return {
        "lane": one.lane,
        "accounts": list(one.accounts),
        "plan": one.plan,
        "state": one.state,
        "owner": None
        if owner is None
        else {name: owner.get(name) for name in ("worker", "host", "pid", "user", "since")},
        "done": one.done,
        "left": one.left,
        "rate": one.rate,
        "waitingUntil": _time(one.waiting_until),
        "eta": _time(one.eta),
        "inDoubt": one.in_doubt,
        "said": one.said,
    }


def _run(one: "Run") -> dict[str, Any]:
    return {
        "run": one.number,
        "kind": one.kind,
        "plan": one.plan,
        "started": _time(one.started),
        "ended": _time(one.ended),
        "exitCode": one.exit_code,
        "holder": json.loads(one.holder),
        "waived": list(one.waived),
        "reviewed": one.reviewed,
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else stamp(moment, "seconds")


def text(status: "Standing", *, show_numbers: bool = False) -> str:
    """The same for a terminal. Phone numbers are masked unless *show_numbers*."""
    return "\n".join(terminal(line) for line in _lines(status, show_numbers=show_numbers))


class Lanes:
    """Tells of lanes, through *out*, whenever they are not what was told last."""

    def __init__(self, out: Callable[[str], None]) -> None:
        self._out = out
        self._told = ""

    def tell(self, status: "Standing") -> None:
        """Tell of the lanes of *status* as they are now."""
        said = lanes(status)
        if said != self._told:
            self._out(said)
            self._told = said


def lanes(status: "Standing") -> str:
    """A line a lane."""
    return "\n".join(terminal(_lane_line(one)) for one in status.lanes)


def _lines(status: "Standing", *, show_numbers: bool) -> Iterator[str]:
    yield f"Project {status.project}"
    if status.plan is not None:
        counts = ", ".join(f"{n} {word}" for word, n in status.outcomes.items() if n) or "nothing"
        yield f"Plan {status.plan}"
        yield f"  {counts}"
    for lane in status.lanes:
        yield _lane_line(lane)
    for account in status.accounts:
        if account.strangers:
            said = f"{account.strangers} outcomes belong to another scope of this account"
            yield f"{account.name}: {said}; now it is {account.scope}"
    if status.in_flight:
        yield f"{count(status.in_flight, 'target')} in flight"
    for window in status.blocked:
        yield _blocked(window)
    yield from _doubts(status.in_doubt, show_numbers=show_numbers)
    for one in status.open_for_review:
        said = f"Open for review: run {one.run} waived {one.waived['rule']}"
        yield f"{said} ({one.waived['ticket']}: {one.waived['because']})"
    yield from _runs(status.runs)


def _lane_line(lane: "LaneStanding") -> str:
    head = f"Lane {lane.lane} ({', '.join(lane.accounts)})"
    owner = lane.owner or {}
    who = f"pid {owner.get('pid')} of {owner.get('user')} on {owner.get('host')}"
    since = f", since {owner['since']}" if "since" in owner else ""
    if lane.done is None:
        return f"{head} is held by {who}{since}"
    parts = [lane.state, f"{lane.done} done, {lane.left} left"]
    if lane.rate:
        parts.append(f"{lane.rate:g}/s")
    if lane.eta is not None:
        parts.append(f"until {_time(lane.eta)}")
    if lane.waiting_until is not None:
        parts.append(f"waits until {_time(lane.waiting_until)}")
    if lane.in_doubt:
        parts.append(f"{lane.in_doubt} in doubt")
    if lane.owner is not None:
        parts.append(f"worked by {who}{since}")
    if lane.said is not None:
        parts.append(lane.said)
    return f"{head}: {', '.join(parts)}"


def _blocked(window: "ClosedWindow") -> str:
    why = f" ({window.because})" if window.because else ""
    opens = f"; it does not open within {HORIZON.days} days"
    if window.opens is not None:
        opens = f"; opens {local(window.opens, window.time_zone)}"
    return f"{window.account}: blocked now by {window.rule}{why}{opens}"


def _doubts(doubts: "tuple[OpenDoubt, ...]", *, show_numbers: bool) -> Iterator[str]:
    if not doubts:
        yield "Nothing is in doubt."
        return
    mask = masker((one.target.part or "" for one in doubts), show_numbers)
    yield f"{len(doubts)} in doubt (reconciler settle looks at them):"
    for one in doubts:
        where = f", request {one.request}" if one.request is not None else ""
        there = f", at {one.scope}, which no account is now" if one.elsewhere else ""
        why = mask(one.detail) if one.detail else "no answer yet"
        yield f"  {target(one.target, show_numbers=show_numbers)}{where}{there}: {why}"


def _runs(runs: "tuple[Run, ...]") -> Iterator[str]:
    yield "Runs:" if runs else "No run yet."
    for one in runs[:_RUNS]:
        end = f"exit {one.exit_code}" if one.ended else "not ended"
        yield f"  {one.number}  {_time(one.started)}  {one.kind}  {end}  {one.plan or ''}"
    if len(runs) > _RUNS:
        yield f"  and {len(runs) - _RUNS} earlier ones"

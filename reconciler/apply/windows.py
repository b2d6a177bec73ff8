"""The windows that hold for a run: which accounts may be worked now, and until when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from reconciler.apply.task import Task
from reconciler.errors import NotAllowed
from reconciler.plan.guards.windows import Schedule


@dataclass(frozen=True, slots=True)
class OpenWindows:
    """The schedules of a run, by account. *decision*: the open window, as it is logged."""

    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    decision: Mapping[str, Any] | None = None

    def closed(self, account: str, now: datetime) -> str | None:
        """Why nothing may leave for *account* at *now*; None if its window is open."""
        if account not in self.schedules:
            return None
        decision = self.schedules[account].decide(now)
        if decision.open:
            return None
        opens = f"; opens {decision.opens}" if decision.opens else ""
        why = f" ({decision.because})" if decision.because else ""
        return f"the window is closed: {decision.rule}{why}{opens}"


def open_windows(task: Task, accounts: Sequence[str]) -> OpenWindows:
    """`NotAllowed` if every account's window is closed; those still open go on alone."""
    if task.options.lifts("windows") or not accounts:
        return OpenWindows()
    schedules = {name: Schedule(task.project.accounts[name].guards.windows) for name in accounts}
    windows = OpenWindows(schedules)
    now = task.site.now()
    closed = [windows.closed(name, now) for name in accounts]
    if all(closed):
        waivable = "windows" in task.project.guards.waivable
        waive = ", or lift it with --waive windows --because TEXT --ticket T" if waivable else ""
        raise NotAllowed(f"{closed[0]}; nothing was sent. Apply again when it opens{waive}")
    decisions = [schedules[name].decide(now) for name in accounts]
    first = next(one for one in decisions if one.open)
    return OpenWindows(schedules, {"open": True, "rule": first.rule, "because": first.because})

"""A clock that leaps ahead where a run would wait for long: a quiet period costs no time.

What is proven with it is when something is done by the run's own clock, and that it is done then.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from reconciler.lanes.work import RunContext
from reconciler.site import Site

_LONG = 1.0  # seconds: a wait of so long is a wait for a vendor, not for a turn


def leaping(put: Callable[[Any, str, Any], None] = setattr) -> None:
    """From here on this process's clock leaps, or (*put* of a `MonkeyPatch`) for one test."""
    real, ahead = RunContext.nap, timedelta(0)
    now = Site.now

    async def nap(context: RunContext, seconds: float, *over: Any) -> bool:
        nonlocal ahead
        if seconds < _LONG:
            return await real(context, seconds, *over)
        ahead += timedelta(seconds=seconds)
        return await real(context, 0, *over)

    put(Site, "now", lambda site: now(site) + ahead)
    put(RunContext, "nap", nap)

"""`worker`: work the lanes that other machines hand over, from this checkout."""

from collections.abc import Iterable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from reconciler.events import Hears, Listener
from reconciler.lanes.stop import Stop
from reconciler.site import Site

if TYPE_CHECKING:
    from reconciler.apply.fleet import Worker


def work(
    sites: Iterable[Site],
    *,
    concurrency: int = 8,
    stall: float = 30.0,
    grace: float = 5.0,
    once: bool = False,
    metrics: str | None = None,
    stop: Stop | None = None,
    hears: Hears = lambda listener: listener,
) -> None:
    """Work the lanes of the projects of *sites* until *stop*.

    With *once* until none can be worked now.

    *metrics*: `[HOST:]PORT` where Prometheus and probes are answered meanwhile. *hears* makes each
    lane's listener of the one that tells those who follow.
    """
    from reconciler.lanes.state import need_workers

    need_workers()
    from reconciler.apply.fleet import Worker, WorkerOptions, run_workers

    options = WorkerOptions(concurrency=concurrency, stall=stall, grace=grace, once=once)
    ending, places = stop or Stop(), list(sites)
    workers: list[Worker] = []
    with ExitStack() as stack:
        if metrics is not None:
            from reconciler.events.metrics import Metrics, MetricsListener, address_of, served

            counts, other = Metrics(), hears
            url = stack.enter_context(served(counts, address_of(metrics), lambda: _why(workers)))
            places[0].note(f"metrics: {url}/metrics")

            def counted(listener: Listener) -> Listener:
                return MetricsListener(other(listener), counts)

            hears = counted
        workers += [Worker(site, options, ending, hears) for site in places]
        run_workers(workers)


def _why(workers: Iterable["Worker"]) -> str | None:
    """What keeps one of *workers* from taking a lane."""
    found = (f"{one.site.root}: waits for {one.waits_for}" for one in workers if one.waits_for)
    return next(found, None)

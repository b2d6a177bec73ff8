"""`worker`: work the lanes that other machines hand over, from this checkout."""

from collections.abc import Iterable

from reconciler.lanes.stop import Stop
from reconciler.site import Site


def work(
    sites: Iterable[Site],
    *,
    concurrency: int = 8,
    stall: float = 30.0,
    grace: float = 5.0,
    once: bool = False,
    stop: Stop | None = None,
) -> None:
    """Work the lanes of the projects of *sites* until *stop*, or with *once* until none is left."""
    from reconciler.lanes.state import need_workers

    need_workers()
    from reconciler.apply.fleet import Worker, WorkerOptions, run_workers

    options = WorkerOptions(concurrency=concurrency, stall=stall, grace=grace, once=once)
    ending = stop or Stop()
    run_workers([Worker(site, options, ending) for site in sites])

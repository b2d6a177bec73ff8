"""One run of the executor, on an event loop in a thread of its own.

The caller's thread only waits. So a run is the same whether the caller has an event loop or not,
needs no signal handler, and ends well whatever a handler of the caller's does meanwhile.
"""

import asyncio
import random
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from reconciler.events import Event
from reconciler.lanes.aside import Aside
from reconciler.lanes.journal import Journal, Ledger
from reconciler.lanes.resolver import Resolver
from reconciler.lanes.run import AccountWork, Worked, work_all
from reconciler.lanes.state import keep_copy
from reconciler.lanes.stop import Stop
from reconciler.lanes.work import RunContext
from reconciler.site import Site

T = TypeVar("T")

_TICK = 1.0  # seconds between two ticks of the listener


class Execution:
    """Run *run* of the journal, by the site's clock and with real dice.

    Without *plan* and *closed*: a run that only reads. *stop* ends it, as does a listener of the
    site that fails: what it raised is raised once the run has ended.
    """

    def __init__(
        self,
        site: Site,
        journal: Journal,
        run: int,
        plan: str | None = None,
        *,
        stop: Stop,
        max_wait: float,
        closed: Callable[[str], str | None] = lambda _: None,
        first_run: bool = False,
        drain: float = 4.0,
        log: Callable[[], None] = lambda: None,
    ) -> None:
        self._listener = site.listener
        self._failure: Exception | None = None
        self._stop = stop
        self.context = RunContext(
            journal=journal,
            run=run,
            plan=plan,
            wall=journal.now,
            chance=random.random,
            emit=self._emit,
            closed=closed,
            max_wait=max_wait,
            first_run=first_run,
            drain=drain,
            keep=lambda data: keep_copy(site, journal, data),
            log=log,
        )

    def go(
        self, works: Sequence[AccountWork], ledgers: Mapping[str, Ledger], *, send: bool
    ) -> list[Worked]:
        """Work every account; what became of the jobs of each."""
        return self.complete(work_all(works, self.context, ledgers, send=send))

    def complete(self, work: Coroutine[Any, Any, T]) -> T:
        """Run *work*, which heeds the context's `stop`, to its end."""
        loop = asyncio.new_event_loop()

        def end() -> None:
            with suppress(RuntimeError):  # the loop has just been closed: the run is over
                loop.call_soon_threadsafe(self.context.stop.set)

        def body() -> T:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                loop.set_default_executor(Resolver())
                return runner.run(self._ticking(work))

        aside = Aside(body)
        with self._stop.ends(end):
            try:
                aside.start()
                aside.wait()
            except BaseException:  # a signal handler of the caller's: the run ends before it counts
                self._stop.set()
                if aside.begins():
                    aside.wait()
                else:
                    work.close()
                    loop.close()
                raise
        if self._failure is not None:
            raise self._failure
        return aside.result()

    async def _ticking(self, work: Coroutine[Any, Any, T]) -> T:
        clock = asyncio.create_task(self._tick())
        try:
            return await work
        finally:
            clock.cancel()

    async def _tick(self) -> None:
        """Times on a terminal go on while nothing happens."""
        while True:
            await asyncio.sleep(_TICK)
            self._tell(self._listener.tick)
            for call in self.context.each_second:
                call()

    def _emit(self, event: Event) -> None:
        self._tell(self._listener.event, event)

    def _tell(self, tell: Callable[..., None], *what: Event) -> None:
        if self._failure is not None:
            return
        try:
            tell(*what)
        except Exception as error:  # raised at the end; until then the journal comes first
            self._failure = error
            self.context.stop.set()

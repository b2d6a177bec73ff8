"""A worker: takes the lanes that are handed out for a project, and works several side by side."""

import asyncio
import os
import socket
import threading
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from reconciler.apply.plans import Plans
from reconciler.apply.tending import Tender, tidy
from reconciler.apply.working import work_lane
from reconciler.declare.project import ProjectFile
from reconciler.errors import Exit, ReconcilerError
from reconciler.events import Hears
from reconciler.lanes import state
from reconciler.lanes.dispatch.procrastinate import Engine
from reconciler.lanes.journal import Away
from reconciler.lanes.stop import Stop
from reconciler.lanes.trouble import unexpected
from reconciler.model import stamp
from reconciler.site import Site

_AWAY = 1.0  # seconds until a database that is away is tried again


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """*concurrency*: lanes at a time. *stall*: seconds without a sign of life until a worker counts
    as dead. *grace*: seconds that requests in flight have after a signal. *once*: end when nothing
    can be worked now.
    """

    concurrency: int = 8
    stall: float = 30.0
    grace: float = 5.0
    once: bool = False


@dataclass(slots=True)
class Worker:
    """Works the lanes of one project, from its checkout. *stop* ends it.

    *hears* makes each lane's listener. *waits_for*: what keeps it from taking a lane, None if
    nothing does.
    """

    site: Site
    options: WorkerOptions
    stop: Stop
    hears: Hears
    waits_for: str | None = "the database"
    name: str = field(default_factory=lambda: f"{socket.gethostname()}/{os.getpid()}")
    _plans: Plans = field(default_factory=Plans)
    _lanes: set[Stop] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    async def run(self) -> None:
        """Until it is told to stop; a database that is away is waited for."""
        project, url = self.site.load_project(), self._url()
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()

        def end() -> None:
            loop.call_soon_threadsafe(ended.set)

        with (
            self.stop.ends(end),
            ThreadPoolExecutor(self.options.concurrency + 1) as pool,
        ):
            checked = False
            while True:
                try:
                    if not checked:  # what is wrong with it is told at once
                        await asyncio.to_thread(self._check, project)
                    checked = True
                    await self._serve(project, url, pool, ended)
                except Exception as error:
                    if not checked and (self.options.once or not isinstance(error, Away)):
                        raise
                    if not (said := _away(error)):
                        raise
                    if self.options.once:
                        raise ReconcilerError(f"{said}; run again when it is there") from None
                    if said != self.waits_for:  # once, however long it lasts
                        self.site.note(f"{said}; trying again every {_AWAY:g} s")
                    self.waits_for = said
                if ended.is_set() or self.options.once:
                    return
                with suppress(TimeoutError):
                    await asyncio.wait_for(ended.wait(), _AWAY)
                if ended.is_set():
                    return

    def _url(self) -> str:
        project = self.site.load_project()
        url = state.shared_url(self.site, project)
        if url is None:
            raise ReconcilerError(
                f"{self.site.shown(self.site.config)}: workers share a state in PostgreSQL; write "
                "`state: {env: RECONCILER_STATE}`, and let the variable hold a postgresql:// URL"
            )
        state.need_workers()
        return url

    def _check(self, project: ProjectFile) -> None:
        """`ReconcilerError` if the state cannot be worked; `Away` if it is not there."""
        with state.journal_read(self.site, project):
            pass

    async def _serve(
        self, project: ProjectFile, url: str, pool: ThreadPoolExecutor, ended: asyncio.Event
    ) -> None:
        """Work with one connection to the engine, as long as that lasts."""
        loop, options = asyncio.get_running_loop(), self.options

        async def work(number: int) -> None:
            if not ended.is_set():
                await loop.run_in_executor(pool, self._work, project, number, ended)

        engine = Engine(url, work, stall=options.stall)
        async with engine.open(), _tender(self.site, project, options.stall) as tender:
            await self._mend(engine, tender)
            self.waits_for = None
            side = [
                asyncio.create_task(self._tend(engine, tender)),
                asyncio.create_task(self._tidy(project)),
                asyncio.create_task(self._drain(engine, ended)),
            ]
            try:
                await engine.run(
                    concurrency=options.concurrency, name=self.name, wait=not options.once
                )
            finally:
                for one in side:
                    one.cancel()
            if ended.is_set() or options.once:
                await self._mend(engine, tender)
                hurried = ended.is_set() or not options.once
                await asyncio.to_thread(tidy, self.site, project, busy=hurried)

    async def _drain(self, engine: Engine, ended: asyncio.Event) -> None:
        """After a signal: no new request; the engine, and its sign of life, end with the lanes."""
        await ended.wait()
        self.waits_for = "its end"
        with self._lock:
            lanes = list(self._lanes)
        for one in lanes:
            one.set(self.stop.exit or Exit.TERM)
        while self._lanes:
            await asyncio.sleep(0.05)
        engine.stop()

    async def _tend(self, engine: Engine, tender: Tender) -> None:
        """Lanes whose worker is dead, or whose job was lost, are handed out anew.

        A dead worker's last sign of life is a stall time old before it counts as dead, and that is
        seen an eighth of it later at the latest: half of the second is left to take the lane in.
        """
        clock, pause = asyncio.get_running_loop().time, max(0.1, self.options.stall / 8)
        while True:
            began = clock()
            with suppress(Exception):  # the engine itself notices that the database is away
                await self._mend(engine, tender)
            await asyncio.sleep(max(0.05, began + pause - clock()))

    async def _mend(self, engine: Engine, tender: Tender) -> None:
        if not self._lanes:
            self._plans.forget()  # it takes room on the disk
        lanes = await asyncio.to_thread(tender.due)
        await engine.mend(lanes, partial(asyncio.to_thread, tender.free))

    async def _tidy(self, project: ProjectFile) -> None:
        """Runs that nobody follows are ended, and the audit log is brought up to date."""
        while True:
            with suppress(Exception):
                await asyncio.to_thread(tidy, self.site, project, busy=bool(self._lanes))
            await asyncio.sleep(max(0.2, self.options.stall / 2))

    def _work(self, project: ProjectFile, number: int, ended: asyncio.Event) -> None:
        """One lane, in a thread of the pool. What goes wrong is its own trouble."""
        stop = Stop()
        with self._lock:
            self._lanes.add(stop)
        try:
            if not ended.is_set():
                work_lane(
                    self.site,
                    project,
                    number,
                    owner=self._owner(),
                    stop=stop,
                    grace=self.options.grace,
                    hears=self.hears,
                    plans=self._plans,
                )
        except ReconcilerError as error:
            self.site.note(f"lane {number}: {error}")
        except Exception as error:  # noqa: BLE001 - a lane's trouble must not end the others
            self.site.note(f"lane {number}: {unexpected(error)}")
        finally:
            with self._lock:
                self._lanes.discard(stop)

    def _owner(self) -> Mapping[str, Any]:
        since = stamp(self.site.now(), "milliseconds")
        return {**state.holder(), "worker": self.name, "since": since}


@asynccontextmanager
async def _tender(site: Site, project: ProjectFile, stall: float) -> AsyncIterator[Tender]:
    made = Tender(site, project, stall)
    try:
        yield made
    finally:
        await asyncio.to_thread(made.close)  # it may still be at it


def _away(error: BaseException) -> str | None:
    """What is told of a database that is not there, or has just gone; None of anything else."""
    if isinstance(error, ReconcilerError):  # it was there when this worker began
        return str(error)
    if type(error).__module__.partition(".")[0] in ("procrastinate", "psycopg", "psycopg_pool"):
        return "the connection to the database was lost, or this worker counted as dead"
    return None


def run_workers(workers: Sequence[Worker]) -> None:
    """Run *workers*, each of a project, side by side."""

    async def body() -> None:
        # What the engine fails at is noticed by its end; its own words are not shown.
        asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
        await asyncio.gather(*(one.run() for one in workers))

    asyncio.run(body())

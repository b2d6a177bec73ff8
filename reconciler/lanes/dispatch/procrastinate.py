"""Who works which lane: Procrastinate hands the lanes of a database out to workers.

One job a lane, with the lane as its lock; what there is to do lies in the journal's tables, so a
job that is lost costs nothing: whoever notices makes another (`Engine.mend`).
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any

import procrastinate
from procrastinate import exceptions, jobs
from procrastinate.schema import SchemaManager

from reconciler.lanes.handed import HandedLane
from reconciler.lanes.journal.postgres_link import for_engine, prepared_for_engine

_TASK = "lane"
_QUEUE = "lanes"

logging.getLogger("procrastinate").setLevel(logging.CRITICAL)  # we tell in our own words


def schema() -> str:
    """The SQL that makes the engine's tables, in the schema that is searched."""
    return SchemaManager.get_schema()


class Engine:
    """The engine of one database. *work* works the lane of a number, in a thread; None: a client.

    *stall*: seconds without a sign of life after which a worker counts as dead.
    """

    def __init__(
        self, url: str, work: Callable[[int], Awaitable[None]] | None = None, *, stall: float = 30.0
    ) -> None:
        self._stall = stall
        connector = procrastinate.PsycopgConnector(
            conninfo=for_engine(url),
            configure=prepared_for_engine,
            min_size=1,
            max_size=4,
            timeout=15.0,
        )
        self._app = procrastinate.App(connector=connector)
        self._works = work is not None
        self._worker: Any = None
        self._here: set[int] = set()  # the lanes that are worked here
        self._unworked: set[int | None] = set()  # jobs of ours that nobody here was at, last time

        @self._app.task(name=_TASK, queue=_QUEUE)
        async def lane(number: int) -> None:
            if work is None:
                return
            self._here.add(number)
            try:
                await work(number)
            finally:
                self._here.discard(number)

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Engine"]:
        """Meanwhile it is connected."""
        async with self._app.open_async():
            yield self

    async def mend(
        self, lanes: Collection[HandedLane], free: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """See to it that each of *lanes* that is open and due has a job that is alive.

        *free* is called first where a worker is dead, or frozen: it may keep others from its lanes.
        """
        wanted = [one for one in lanes if one.open and one.due]
        if not wanted:
            return
        manager = self._app.job_manager
        dead: list[jobs.Job] = []
        if self._works:  # a client does not know after how long a worker counts as dead
            since = self._stall
            dead += await manager.get_stalled_jobs(queue=_QUEUE, seconds_since_heartbeat=since)
        if dead and free is not None:
            await free()
        alive = [
            job
            for status in ("todo", "doing")
            for job in await manager.list_jobs_async(queue=_QUEUE, status=status)
        ]
        dead += self._lost(alive)
        for job in dead:
            # Not tried again but ended: whoever wakes up with it must not end another's.
            assert job.id is not None
            with suppress(exceptions.ConnectorException):
                await manager.finish_job_by_id_async(job.id, jobs.Status.FAILED, delete_job=True)
        ended = {job.id for job in dead}
        there = {job.task_kwargs.get("number") for job in alive if job.id not in ended}
        # All at once: a lane waits for no other's.
        if missing := [_job(one) for one in wanted if one.number not in there]:
            await manager.batch_defer_jobs_async(missing)

    def _lost(self, alive: Iterable[jobs.Job]) -> list[jobs.Job]:
        """Those of *alive* that are this worker's, and that it was not at the last time either.

        It never heard that it has them, or could not say that they had ended: a connection that
        was lost just then keeps the one from the other.
        """
        mine = self._worker.worker_id if self._worker is not None else None
        found = [
            one
            for one in alive
            if mine is not None
            and one.worker_id == mine
            and one.task_kwargs.get("number") not in self._here
        ]
        before, self._unworked = self._unworked, {one.id for one in found}
        return [one for one in found if one.id in before]

    async def run(self, *, concurrency: int, name: str, wait: bool) -> None:
        """Work what is handed out, until `stop`; without *wait*, until nothing is left."""
        self._worker = self._app._worker(
            queues=[_QUEUE],
            concurrency=concurrency,
            name=name,
            wait=wait,
            install_signal_handlers=False,
            fetch_job_polling_interval=max(0.1, min(5.0, self._stall / 8)),
            update_heartbeat_interval=max(0.1, self._stall / 4),
            stalled_worker_timeout=self._stall,
            delete_jobs="always",
        )
        await self._worker.run()

    def stop(self) -> None:
        """No further job; those under way end as they do."""
        if self._worker is not None:
            self._worker.stop()


def _job(lane: HandedLane) -> jobs.Job:
    return jobs.Job(
        queue=_QUEUE,
        lock=lane.lane,
        queueing_lock=None,
        task_name=_TASK,
        task_kwargs={"number": lane.number},
    )

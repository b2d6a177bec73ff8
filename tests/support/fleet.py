"""A project of many lanes, its state in PostgreSQL, and workers as processes."""

import json
import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests.support.crash_project import THIRD_PARTY, Ended, Place, check_done, ended, make, parcels
from tests.support.crash_vendor import Habits, Vendor
from tests.support.postgres import Postgres

STALL = 3.0
LIMIT, PER = 8, 1.0
PATIENCE = 90.0
_CLOCK = "SELECT extract(epoch FROM clock_timestamp())::float8"


@dataclass
class Fleet:
    """A plan of several lanes, and the workers that there are."""

    place: Place
    vendors: Mapping[str, Vendor]
    server: Postgres
    database: str
    folder: Path
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    frozen: set[int] = field(default_factory=set)
    _started: int = 0

    def start(
        self, count: int = 1, concurrency: int = 8, grace: float = 1, skew: float = 0
    ) -> None:
        """Start *count* workers, whose machines' clocks are wrong by *skew* seconds."""
        place = self.place if not skew else _skewed(self.place, skew)
        for _ in range(count):
            self._started += 1
            said = (self.folder / f"worker{self._started}.log").open("wb")
            more = ("--stall", str(STALL), "--grace", str(grace), "--concurrency", str(concurrency))
            self.workers.append(place.start("worker", *more, stdout=said, stderr=said))
            said.close()

    def said(self, number: int) -> str:
        """What the worker that was started as the *number*-th told."""
        return (self.folder / f"worker{number}.log").read_text("utf-8")

    def apply(self) -> subprocess.Popen[bytes]:
        return self.place.start("apply", "plan.json", "--workers", "--format", "json")

    def owners(self) -> dict[str, int | None]:
        """Lane -> the pid that works it, of lanes that are not at their end."""
        rows = self.server.ask(
            "SELECT lane, owner FROM reconciler.handed WHERE state NOT IN ('done', 'stopped')",
            self.database,
        )
        return {
            str(lane): None if owner is None else json.loads(str(owner))["pid"]
            for lane, owner in rows
        }

    @property
    def now(self) -> float:
        """The time by the database."""
        return float(str(self.server.ask(_CLOCK, self.database)[0][0]))

    def heartbeats(self) -> list[tuple[int, float]]:
        """The last sign of life of each worker, by the database."""
        ask = "SELECT id, extract(epoch FROM last_heartbeat)::float8 FROM procrastinate_workers"
        with psycopg.connect(self.server.url(self.database), autocommit=True) as link:
            link.execute("SELECT set_config('search_path', 'reconciler', false)")
            return link.execute(ask).fetchall()

    def verdicts(self) -> list[str | None]:
        """What came of each deletion request, by the journal."""
        ask = "SELECT verdict FROM reconciler.requests WHERE kind='delete' ORDER BY number"
        return [None if one is None else str(one) for (one,) in self.server.ask(ask, self.database)]

    def epochs(self) -> list[object]:
        """How often each lane was taken, by the journal."""
        rows = self.server.ask("SELECT epoch FROM reconciler.lanes ORDER BY lane", self.database)
        return [epoch for (epoch,) in rows]

    @property
    def seen(self) -> int:
        """How much the vendors have seen."""
        return sum(len(one.events) for one in self.vendors.values())

    def until(self, holds: Callable[[], Any], what: str) -> float:
        """Wait until *holds*; the seconds that took."""
        began = time.monotonic()
        while not holds():
            assert time.monotonic() - began < PATIENCE, f"never: {what}\n{self.logs()}"
            time.sleep(0.02)
        return time.monotonic() - began

    def logs(self) -> str:
        return "\n".join(f"{n + 1}: {self.said(n + 1)}" for n in range(self._started))

    # ---- what happens to workers

    def kill(self, dice: random.Random) -> None:
        """kill -9 of one: all of its lanes are soon somebody else's."""
        victim = self._busy(dice)
        self.workers.remove(victim)
        os.kill(victim.pid, signal.SIGKILL)
        victim.wait()
        self.check_moved(victim.pid)
        self.start(concurrency=24)

    def freeze(self, dice: random.Random) -> None:
        """SIGSTOP of one until its lanes are somebody else's; then it wakes."""
        victim = self._busy(dice)
        os.kill(victim.pid, signal.SIGSTOP)
        try:
            self.check_moved(victim.pid)
        finally:
            os.kill(victim.pid, signal.SIGCONT)

    def _busy(self, dice: random.Random) -> subprocess.Popen[bytes]:
        """A worker that has lanes, if any are left."""
        self.until(lambda: any(self.owners().values()) or not self.owners(), "one is at work")
        owners = self.owners().values()
        busy = [one for one in self.workers if one.pid in owners]
        return dice.choice(busy or self.workers)

    def check_moved(self, pid: int) -> None:
        """The lanes of *pid*, which has just died or frozen, move within twice the stall time.

        That is told by what the database saw, in signs of life of the others: there are four in a
        stall time, however slow the machine is.
        """
        died, beats = self.now, set[tuple[int, float]]()
        mine = [number for number, _, whose in self._handed() if whose == pid]

        def moved() -> bool:
            beats.update((who, at) for who, at in self.heartbeats() if at > died)
            return pid not in self.owners().values()

        self.until(moved, "the lanes move")
        taken = {number: at for number, at, _ in self._handed()}
        for lane in mine:
            counts = Counter(who for who, at in beats if at < taken[lane])
            assert min(counts.values(), default=0) <= 2 * 4 + 1, (lane, counts, self.logs())

    def _handed(self) -> list[tuple[Any, ...]]:
        """Number, last taking and owner of each lane that is not at its end."""
        rows = self.server.ask("SELECT number, taken, owner FROM reconciler.handed", self.database)
        return [(n, at, owner and json.loads(str(owner))["pid"]) for n, at, owner in rows]

    def restart(self, _: random.Random) -> None:
        """The database crashes, and comes back."""
        self.server.restart("immediate")

    def drain(self, _: random.Random) -> None:
        """SIGTERM of all, and others in their place."""
        leaving, self.workers = self.workers, []
        for one in leaving:
            one.send_signal(signal.SIGTERM)
        for one in leaving:
            code = one.wait(30)  # one that has just begun ends as any process does
            assert code in (0, 143, -signal.SIGTERM), (code, self.logs())
        self.start(3, concurrency=24)

    def finish(self, client: subprocess.Popen[bytes]) -> Ended:
        """Whatever happened, applied again until it is done."""
        last = ended(client, timeout=PATIENCE)
        for _ in range(6):
            if last.code == 0:
                break
            assert last.code in (1, 5, 6), (last, self.logs())
            last = ended(self.apply(), timeout=PATIENCE)
        assert last.code == 0, (last, self.logs())
        check_done(self.vendors, last.out)
        return last

    def stop(self) -> None:
        for one in self.workers:
            one.kill()
            one.wait()


@contextmanager
def fleet(
    folder: Path,
    server: Postgres,
    *,
    lanes: int,
    targets: int,
    seed: int = 0,
    habits: Habits | None = None,
) -> Iterator[Fleet]:
    """*lanes* accounts, each of a vendor of its own with *targets* to lose; no worker yet."""
    with ExitStack() as stack:
        vendors = {
            f"shop{n}": stack.enter_context(
                Vendor(parcels(targets, spared=2), seed=seed + n, habits=habits or Habits())
            )
            for n in range(lanes)
        }
        name = stack.enter_context(server.database("crash"))
        place = make(
            folder / "project",
            vendors,
            shared=server.url(name),
            limits=f"{{requests: {LIMIT}, per: {PER:g}s, concurrency: 2}}",
        )
        made = Fleet(place, vendors, server, name, folder)
        try:
            yield made
        finally:
            made.stop()


def _skewed(place: Place, seconds: float) -> Place:
    """The same place on a machine whose clock is wrong."""
    path = f"{Path(__file__).parent / 'skewed'}:{THIRD_PARTY}"
    return Place(place.root, {**place.env, "SKEW": str(seconds), "PYTHONPATH": path})


def crowded(vendor: Vendor) -> list[float]:
    """Where more requests than `LIMIT` came within `PER`, less what a network may shift."""
    times = sorted(one.at for one in vendor.events if one.kind != "effect")
    most = PER - 0.1
    return [first for first, last in zip(times, times[LIMIT:], strict=False) if last - first < most]

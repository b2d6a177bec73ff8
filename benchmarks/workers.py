"""What workers keep of a bare HTTP loop's pace, and what lanes cost that only wait.

    python benchmarks/workers.py [--quick] [--targets N] [--rounds R]

A vendor in a process of its own takes 100 campaigns a request, has no limit, and answers after a
quarter of a second, as a vendor does that has a hundred things to delete, or at once, as none does.
Each round sends the same requests twice: by one bare `httpx.AsyncClient` loop that remembers
nothing, 8 in flight, and by three workers, a lane each of 8 in flight, which have every intent in
PostgreSQL (with `fsync`) before its request leaves and every outcome before it counts. The vendor
measures both from the first deletion to the last. Where a vendor takes its time that is what three
workers are for; where it answers at once, all of them, the database, the command that follows them
and the vendor share the machine's processors, and what a target costs of those is the limit: it is
told too, with the start of each process, for both. Then a worker looks after 1,000 lanes that wait
for a window.
"""

import argparse
import asyncio
import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from _side import HERE, PYTHON, at_least, at_most, finish, published
from durable import IN_FLIGHT, Vendor, measured

sys.path.insert(0, str(HERE.parent))
from tests.support.postgres import Postgres, server  # noqa: E402

LANES = ("east", "north", "west")
_READY = "SELECT count(*) FROM reconciler.procrastinate_workers"
BATCH = 100
WAIT = 0.25
IDLE = 1000


class Slow(Vendor):
    """Takes its time."""

    wait = 0.0  # seconds until it answers

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(_Later(transport, self.wait) if self.wait else transport)


class _Later(asyncio.Transport):
    """What is written and closed to *other* is so *wait* seconds later."""

    def __init__(self, other: Any, wait: float) -> None:
        super().__init__()
        self._do = partial(asyncio.get_running_loop().call_later, wait)
        self._other = other

    def write(self, data: Any) -> None:
        self._do(self._other.write, data)

    def close(self) -> None:
        self._do(self._other.close)


async def serve(wait: float) -> None:
    """Answer until killed, after *wait* seconds each; the port is told on stdout."""
    Slow.wait = wait
    made = await asyncio.get_running_loop().create_server(Slow, "127.0.0.1", 0)
    print(made.sockets[0].getsockname()[1], flush=True)
    await made.serve_forever()


async def bare(url: str, requests: int) -> None:
    """The loop anybody would write."""
    import httpx

    waiting = iter(range(requests))
    limits = httpx.Limits(max_connections=IN_FLIGHT)
    async with httpx.AsyncClient(limits=limits, trust_env=False) as client:

        async def work() -> None:
            for number in waiting:
                inputs = [{"id": f"old{number * BATCH + one}"} for one in range(BATCH)]
                answer = await client.post(f"{url}/delete", json={"inputs": inputs})
                answer.raise_for_status()

        await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))


# ---------------------------------------------------------------- the project

_ACCOUNT = """\
    {name}:
      driver: http
      baseUrl: {url}/{name}
      scope: {name}
      inventory: complete
      limits: {{requests: 1000000, per: 1s, concurrency: {flight}}}
      settings:
        delete:
          {{method: POST, path: /delete, json: {{inputs: [{{id: "${{id}}"}}]}}, many: {{max: 100}}}}
        answers: [{{status: 204, body: empty, means: deleted}}]
"""


def prepare(folder: Path, url: str, targets: int) -> None:
    """A project whose plan deletes *targets* campaigns of each account."""
    (folder / "manifests").mkdir()
    accounts = "".join(_ACCOUNT.format(name=one, url=url, flight=IN_FLIGHT) for one in LANES)
    (folder / "reconciler.yaml").write_text(
        "apiVersion: reconciler/v1\nkind: Project\nmetadata: {name: benchmark}\n"
        f"spec:\n  state: {{env: RECONCILER_STATE}}\n  accounts:\n{accounts}"
        "  guards: {maxDeletions: {count: 1000000}}\n"
    )
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    facts = {one: {"complete": True, "campaigns": targets + 1, "capturedAt": now} for one in LANES}
    lines: list[dict[str, Any]] = [{"apiVersion": "reconciler/v1", "kind": "Inventory"}]
    lines[0] |= {"capturedAt": now, "accounts": facts}
    for account in LANES:
        (folder / "manifests" / f"{account}.yaml").write_text(
            "apiVersion: reconciler/v1\nkind: CampaignAbsence\n"
            f"metadata: {{name: {account}, owner: qa, reason: benchmark, ticket: CHG-1}}\n"
            f'spec: {{account: {account}, absent: [{{match: {{name: "old*"}}}}]}}\n'
        )
        for name in (*(f"old{n}" for n in range(targets)), "kept"):
            lines.append({"account": account, "id": name, "name": name, "status": "stopped"})
    (folder / "inventory.ndjson").write_text("".join(json.dumps(one) + "\n" for one in lines))


def begun(folder: Path, state: str, *arguments: str) -> "subprocess.Popen[bytes]":
    """The real command line, begun; what it says is in a file of the folder."""
    with (folder / f"{arguments[0]}.log").open("ab") as log:
        return subprocess.Popen(
            [PYTHON, "-m", "reconciler", "--no-color", *arguments],
            cwd=folder,
            env={**os.environ, "RECONCILER_STATE": state},
            stdout=log,
            stderr=log,
        )


def reconciler(folder: Path, state: str, *arguments: str) -> None:
    """The same to its end, which must be a good one."""
    if code := begun(folder, state, *arguments).wait():
        sys.exit(
            f"reconciler {arguments[0]}: {code}\n{(folder / f'{arguments[0]}.log').read_text()}"
        )


@contextmanager
def workers(folder: Path, state: str, count: int) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """*count* workers, for a lane each."""
    made = [begun(folder, state, "worker", "--concurrency", "1") for _ in range(count)]
    try:
        yield made
    finally:
        for one in made:
            one.send_signal(signal.SIGTERM)
        for one in made:
            one.wait()


# ---------------------------------------------------------------- the race


class Round(NamedTuple):
    """Requests a second, and seconds of processor, of both."""

    bare: float
    workers: float
    bare_cpu: float
    workers_cpu: float


def race(url: str, database: Postgres, requests: int, rounds: int) -> list[Round]:
    """Round by round, who goes first alternating."""
    found = []
    for number in range(rounds):
        pace, cpu = {}, {}
        for one in ("bare", "workers") if number % 2 else ("workers", "bare"):
            if one == "bare":
                command = [PYTHON, __file__, "--bare", url, "--targets", str(requests * BATCH)]
                before = children()
                subprocess.run(command, check=True)
                cpu[one] = children() - before
            else:
                cpu[one] = apply(url, database, requests * BATCH // len(LANES))
            pace[one] = measured(url, requests)
        found.append(Round(pace["bare"], pace["workers"], cpu["bare"], cpu["workers"]))
    return found


def children() -> float:
    """Seconds of processor of the processes that were begun here and have ended."""
    took = resource.getrusage(resource.RUSAGE_CHILDREN)
    return took.ru_utime + took.ru_stime


def apply(url: str, database: Postgres, targets: int) -> float:
    """Delete them by three workers; the seconds of processor of all but the vendor."""
    with tempfile.TemporaryDirectory() as place, database.database("benchmark") as name:
        folder, state = Path(place), database.url(name)
        prepare(folder, url, targets)
        reconciler(folder, state, "plan", "--out", "plan.json")
        before = children() + used(None, database)
        with workers(folder, state, len(LANES)):
            while database.ask(_READY, name) != [(len(LANES),)]:
                time.sleep(0.1)
            reconciler(folder, state, "apply", "plan.json", "--workers", "--first-run")
        return children() + used(None, database) - before


def idle(url: str, database: Postgres, seconds: float) -> float:
    """Of a core, in per cent: a worker, and the database it asks, beside `IDLE` waiting lanes."""
    with tempfile.TemporaryDirectory() as place, database.database("benchmark") as name:
        folder, state = Path(place), database.url(name)
        prepare(folder, url, 1)
        database.tell(
            "INSERT INTO reconciler.handed(run, plan, lane, accounts, targets, state, "
            "waiting_until) SELECT 1, 'sha256:0', 'lane ' || n, '[\"east\"]', 9, 'waiting', "
            f"extract(epoch FROM now()) + 86400 FROM generate_series(1, {IDLE}) n",
            name,
        )
        with workers(folder, state, 1) as (worker,):
            time.sleep(5)  # it begins
            before, began = used(worker.pid, database), time.monotonic()
            time.sleep(seconds)
            return 100 * (used(worker.pid, database) - before) / (time.monotonic() - began)


def used(worker: int | None, database: Postgres) -> float:
    """Seconds of processor that the worker, if any, and the database's processes have had."""
    master = int((database.folder / "data" / "postmaster.pid").read_text().split()[0])
    ticks = 0
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = place.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(place.parent.name) in (worker, master) or int(fields[1]) == master:
            ticks += sum(map(int, fields[11:13]))
        if int(place.parent.name) == master:
            ticks += sum(map(int, fields[13:15]))  # of those that have ended
    return ticks / os.sysconf("SC_CLK_TCK")


def said(rounds: Sequence[Round]) -> str:
    bare_, workers_, *_ = (statistics.median(paces) for paces in zip(*rounds, strict=True))
    return f"{workers_:.0f} to {bare_:.0f} requests a second"


@contextmanager
def vendor(wait: float) -> Iterator[str]:
    """The URL of a vendor that answers after *wait* seconds."""
    command = [PYTHON, __file__, "--serve", str(wait)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as made:
        assert made.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(made.stdout.readline())}"
        finally:
            made.kill()


def main(arguments: Sequence[str] | None = None) -> int:
    """Race, wait, print, judge."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--targets", type=int, default=30_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="smaller, and no result is kept")
    parser.add_argument("--serve", type=float, metavar="SECONDS", help=argparse.SUPPRESS)
    parser.add_argument("--bare", metavar="URL", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.serve is not None:
        asyncio.run(serve(given.serve))
    if given.bare:
        asyncio.run(bare(given.bare, given.targets // BATCH))
        return 0
    targets, rounds = (6_000, 1) if given.quick else (given.targets, given.rounds)
    with ExitStack() as stack:
        slow, quick = (stack.enter_context(vendor(wait)) for wait in (WAIT, 0.0))
        durable = {"fsync": "on", "full_page_writes": "on", "autovacuum": "on"}
        database = stack.enter_context(server(**durable))
        requests = targets // BATCH
        found = [race(url, database, requests, rounds) for url in (slow, quick)]
        share = idle(slow, database, 10 if given.quick else 60)
    ratios = [statistics.median(one.workers / one.bare for one in rounds_) for rounds_ in found]
    notes = [said(rounds_) for rounds_ in found]
    cpu = statistics.median(one.workers_cpu for one in found[1])
    bare_cpu = statistics.median(one.bare_cpu for one in found[1])
    what = "three workers, 100 campaigns a request / a bare keep-alive httpx loop"
    figures = [
        at_least(0.7, f"{what}, answers after {WAIT:g} s", ratios[0], note=notes[0]),
        published(f"{what}, answers at once", ratios[1], note=notes[1]),
        published(
            "processor for 1,000 targets: workers, database and command",
            1000 * cpu / targets,
            unit="s",
            note=f"the loop: {1000 * bare_cpu / targets:.3f} s",
        ),
        at_most(2, f"a worker and its database beside {IDLE:,} waiting lanes", share, unit="%"),
    ]
    runs = f"{rounds} rounds of {targets:,} targets"
    return finish("workers", "What workers cost", figures, runs=runs, quick=given.quick)


if __name__ == "__main__":
    sys.exit(main())

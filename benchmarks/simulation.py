"""Days of deletions played in minutes: the real lanes and journal, simulated time and vendors.

    python benchmarks/simulation.py [--quick] [--accounts N] [--targets N]

Every account has a limit of its own: most may send one request a second, each tenth two a minute,
each hundredth one in five minutes.
Vendors take 0.2 s to answer, and 97 requests in a hundred well; the others are throttled, doubtful
or refused. Nothing waits: the clock jumps to the next thing that happens, so what is measured is
the processor's time of lanes, pace and journal alone. Each account checks that its vendor's limit
was kept. Where one process stops scaling is where its accounts together may send more requests a
second than it has processor time for.
"""

import argparse
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from _side import at_most, finish, published

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from reconciler.declare.project import Account, Guards
from reconciler.driver import Item, Session
from reconciler.lanes.journal.sqlite import SqliteJournal
from reconciler.lanes.run import AccountWork, execute, take
from reconciler.lanes.work import Job, Rules, RunContext, Witnesses
from reconciler.model import Campaign, Limits, Target
from tests.support.apply_world import (
    DRIVER,
    EPOCH,
    JumpingLoop,
    MemorySender,
    NoSettings,
    Seen,
    Vendor,
    campaigns,
    opened_as,
    run_on,
)

QUICK, SLOW, SLOWEST = Limits(1, 1.0, 1), Limits(2, 60.0, 1), Limits(1, 300.0, 1)
LATENCY = 0.2
ODD = {3: 429, 41: 500, 77: 409}  # of a hundred requests of a vendor, by number: its answer


def oddly(one: Seen, vendor: Vendor) -> int | None:
    del one
    return ODD.get(len(vendor.seen) % 100)


@dataclass
class Played:
    """What one simulation took and what came of it."""

    accounts: int
    requests: int
    days: float  # of simulated time
    cpu: float  # seconds
    peak: float  # MiB
    outcomes: Counter[str]
    late: int  # vendors whose limit was not kept

    @property
    def each(self) -> float:
        """Milliseconds of processor time a request."""
        return 1000 * self.cpu / self.requests


def play(folder: Path, accounts: int, targets: int) -> Played:
    """Delete *targets* campaigns of each of *accounts*."""
    loop = JumpingLoop()

    def wall() -> datetime:
        return EPOCH + timedelta(seconds=loop.time())

    journal = SqliteJournal(folder / f"{accounts}.db", "simulated", clock=wall)
    journal._db.run("PRAGMA synchronous=OFF")  # the disk's own time is another benchmark
    vendors: dict[str, Vendor] = {}
    limits: dict[str, Limits] = {}
    works: list[AccountWork] = []
    for number in range(accounts):
        name = f"account-{number:04}"
        limits[name] = SLOWEST if number % 100 == 99 else SLOW if number % 10 == 9 else QUICK
        vendors[name], work = account_of(name, limits[name], targets)
        works.append(work)
    run = journal.begin("sha256:" + "a" * 64, "apply", "{}", [], {})
    ledgers = take([one.open for one in works], journal, run)
    began, start = time.process_time(), loop.time()

    async def main() -> Any:
        context = RunContext(
            journal=journal,
            run=run,
            plan="sha256:" + "a" * 64,
            wall=wall,
            chance=lambda: 0.5,
            emit=lambda _: None,
            closed=lambda _: None,
            max_wait=3600.0,
            first_run=True,
        )
        return await execute(
            works,
            context,
            ledgers,
            send=True,
            sender=lambda work: MemorySender(vendors[work.open.account.name]),  # type: ignore[arg-type,return-value]
        )

    fates = run_on(loop, main())
    cpu = time.process_time() - began
    journal.end(run, 0, {})
    journal.close()
    return Played(
        accounts,
        sum(len(one.seen) for one in vendors.values()),
        (loop.time() - start) / 86400,
        cpu,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        Counter(fate.outcome.value for fate in fates.values()),
        sum(not kept(vendors[name].seen, limits[name]) for name in vendors),
    )


def account_of(name: str, limits: Limits, targets: int) -> tuple[Vendor, AccountWork]:
    """An account with *targets* campaigns to delete, and its vendor."""
    ids = [f"{name}-{n}" for n in range(targets)]
    vendor = Vendor(campaigns(*ids), answers=oddly, latency=LATENCY)
    account = Account(
        name=name,
        driver=DRIVER.name,
        settings=NoSettings(),
        definition=f"sha256:{name}",
        limits=limits,
        complete=True,
        guards=Guards(),
    )
    session = Session(
        account=name,
        settings=account.settings,
        base="http://127.0.0.1:1",
        token=None,  # type: ignore[arg-type]  # the line puts its own
        nonce=lambda: "n",
    )
    jobs = [
        Job(
            item=Item(Target(name, one), one),
            planned=Campaign(account=name, id=one, name=one),
            asked=("m1",),
            inventory=("i1",),
        )
        for one in ids
    ]
    opened = opened_as(account, DRIVER, f"http://127.0.0.1:1 {name}")
    rules = Rules(lambda _t, _c: None)
    return vendor, AccountWork(opened, session, [], jobs, Witnesses((), targets), rules)


def kept(seen: Sequence[Seen], limits: Limits) -> bool:
    """Whether no window of the vendor's had more requests than *limits* allow (tokens are free)."""
    times = [one.at for one in seen if one.kind != "token"]
    pairs = zip(times, times[limits.requests :], strict=False)
    return all(later - earlier >= limits.per - 1e-6 for earlier, later in pairs)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--accounts", type=int, default=1000)
    parser.add_argument("--targets", type=int, default=1000, help="of each account")
    given = parser.parse_args()
    most = 100 if given.quick else given.accounts
    targets = 50 if given.quick else given.targets
    with tempfile.TemporaryDirectory() as folder:
        few = play(Path(folder), max(1, most // 100), targets)
        many = play(Path(folder), most, targets)
    total = sum(many.outcomes.values())
    told = ", ".join(f"{count:,} {name}" for name, count in sorted(many.outcomes.items()))
    print(f"{total:,} targets in {many.accounts:,} accounts: {told}")
    print(f"{many.requests:,} requests, {many.days:.1f} days, {many.cpu:.0f} s of processor")
    ceiling = 1000 / many.each
    return finish(
        "simulation",
        "Days of deletions, simulated",
        [
            at_most(0, "vendors whose limit was not kept", float(few.late + many.late), unit=""),
            at_most(
                2,
                f"processor time of a request: {many.accounts:,} accounts beside {few.accounts:,}",
                many.each / few.each,
            ),
            published(
                "requests a second that one process has time for",
                ceiling,
                unit="/s",
                note=f"it stops scaling at about {ceiling:,.0f} accounts of one request a second",
            ),
            published(f"peak memory, {total:,} targets", many.peak, unit="MiB"),
        ],
        runs="one of each",
        quick=given.quick,
    )


if __name__ == "__main__":
    sys.exit(main())

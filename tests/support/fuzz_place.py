"""A journal, a clock that jumps, an account that is well and one whose vendor says anything."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from reconciler.declare.project import Account, Guards
from reconciler.driver import Driver, Item, Secret, Session
from reconciler.lanes.journal.sqlite import SqliteJournal
from reconciler.lanes.run import AccountWork, take
from reconciler.lanes.work import Job, OpenAccount, Rules, RunContext, Witnesses
from reconciler.model import Campaign, Limits, Target
from tests.support import apply_world
from tests.support.apply_world import JumpingLoop, opened_as

EPOCH = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
GOOD = ("a1", "b2")


class Place:
    """The journal is the real one, but for the disk's own promise."""

    def __init__(self, folder: Path, driver: Driver, settings: Any) -> None:
        self.loop = JumpingLoop()
        self.driver = driver
        self.journal = SqliteJournal(folder / "state.db", "acme", clock=self.wall)
        self.journal._db.run("PRAGMA synchronous=OFF")
        self.bad = self._account("bad", driver, settings)
        self.good = self._account("good", apply_world.DRIVER, apply_world.NoSettings())

    def close(self) -> None:
        self.journal.close()
        self.loop.close()

    def wall(self) -> datetime:
        return EPOCH + timedelta(seconds=self.loop.time() % 10_000_000)

    def _account(self, name: str, driver: Driver, settings: Any) -> Account:
        return Account(
            name=name,
            driver=driver.name,
            settings=settings,
            definition="sha256:a",
            limits=Limits(100_000, 1.0, 1),
            complete=True,
            guards=Guards(),
        )

    def context(self, run: int) -> RunContext:
        return RunContext(
            journal=self.journal,
            run=run,
            plan="sha256:x",
            wall=self.wall,
            chance=lambda: 0.5,
            emit=lambda _: None,
            closed=lambda _: None,
            max_wait=0.0,
            first_run=True,
        )

    def session(self, account: Account) -> Session:
        token = Secret.of("t0k3n")
        return Session(account.name, account.settings, "http://127.0.0.1:1", token, lambda: "n")

    def end(self, run: int) -> None:
        """The run is over: of every request of it something is known."""
        self.journal.end(run, 0, {})
        (waiting,) = self.journal._db.one("SELECT count(*) FROM requests WHERE answered IS NULL")
        assert waiting == 0

    def begin(self, driver: Driver) -> tuple[int, tuple[OpenAccount, OpenAccount], Any]:
        """A run of both accounts, of which nothing is remembered: its number, lanes taken."""
        for table in ("targets", "requests", "audit"):
            self.journal._db.run(f"DELETE FROM {table}")
        self.journal._db.run("UPDATE lanes SET paused_until=NULL")
        run = self.journal.begin("sha256:x", "apply", "{}", [], {})
        bad = opened_as(self.bad, driver, "bad")
        good = opened_as(self.good, apply_world.BLIND, "good")
        return run, (bad, good), take([bad, good], self.journal, run)

    def good_work(self, opened: OpenAccount) -> AccountWork:
        """What the account that is well has to do."""
        jobs = [job_of(opened, one, None, None) for one in GOOD]
        return self.work(opened, jobs)

    def work(self, opened: OpenAccount, jobs: list[Job]) -> AccountWork:
        return AccountWork(
            open=opened,
            session=self.session(opened.account),
            secrets=["k3y"],
            jobs=jobs,
            witnesses=Witnesses((Item(Target(opened.name, "witness"), "witness"),), 3),
            rules=Rules(lambda _t, _c: None),
        )


def job_of(opened: OpenAccount, id_: str, part: str | None, look: str | None) -> Job:
    return Job(
        item=Item(Target(opened.name, id_, part), id_, "sms"),
        planned=Campaign(account=opened.name, id=id_, name=id_),
        look=look,
    )

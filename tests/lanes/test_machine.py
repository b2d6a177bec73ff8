"""Plan, apply, crash, resume, settle, recreate, in any order: nothing is lost and nothing blind.

A model of the vendor remembers everything that was sent to it and everything that was looked at;
the journal is the real one, and it dies in the middle of what it does, as a killed process does.
"""

import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from reconciler.apply.jobs import LookPolicy, PlannedJobs, decided
from reconciler.apply.merge import MergeFacts, PlanTarget, merge
from reconciler.driver import Answer, Item, Secret, Session
from reconciler.lanes.known import Known
from reconciler.lanes.run import AccountWork, execute, take
from reconciler.lanes.wire import NoAnswer, NotSent
from reconciler.lanes.work import Fate, Job, Jobs, Rules, Witnesses
from reconciler.model import (
    AccountFacts,
    Campaign,
    InputFile,
    Inputs,
    InventoryFile,
    Limits,
    ManifestFile,
    Outcome,
    PlanDocument,
    Status,
    Target,
)
from tests.support import planner_world as w
from tests.support.apply_world import DRIVER, SCOPE, Seen, Vendor, World, opened_as, run_on
from tests.support.postgres import Postgres

IDS = ("a", "b", "c")
KEEP = "witness"
BEHAVIOURS = (
    "ok",
    "ok",
    "ok",
    "doubt",  # nothing happened, and no answer came
    "done",  # it happened, and no answer came
    "oops",  # 500, nothing happened
    "oops-done",
    "404",  # the vendor's own confusion: it is there
    "throttle",
    "refuse",
    "expired",
    "not-sent",
    "die",  # the client is killed; nothing happened
    "die-done",
)
HARMLESS = {
    "throttle",
    "refuse",
    "expired",
    "not-sent",
    "404",
}  # the vendor said so: nothing happened


class Killed(BaseException):
    """The process is no more."""


@dataclass
class Dying:
    """A journal whose process can be killed before or after one of its commits."""

    inner: Any
    before: int | None = None
    after: int | None = None
    dead: bool = False
    commits: int = 0

    def die(self) -> None:
        self.dead = True
        raise Killed

    def commit(self, *given: Any, **more: Any) -> Any:
        if self.dead:
            raise Killed
        self.commits += 1
        if self.commits == self.before:
            self.die()
        found = self.inner.commit(*given, **more)
        if self.commits == self.after:
            self.die()
        return found

    def __getattr__(self, name: str) -> Any:
        if self.dead:
            raise Killed
        return getattr(self.inner, name)


@dataclass
class Doing:
    """What is known of one deletion that reached the vendor."""

    id: str
    harmless: bool
    looked: bool = False  # since then


ASKING: dict[tuple[str, str], tuple[str, ...]] = {}


@dataclass
class Saved:
    plan: PlanDocument
    digest: str
    records: Mapping[str, Campaign]


@dataclass
class Model:
    """What the vendor saw. *sent*: the last deletion of each id."""

    sent: dict[str, Doing] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


class Executor(RuleBasedStateMachine):
    plans = Bundle("plans")

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="reconciler-machine-"))
        self.births = 0
        self.born_at: dict[str, datetime | None] = {}  # on the wall
        self.seen_gone: dict[tuple[Target, datetime | None], datetime | None] = {}
        self.model = Model()
        self.vendor = Vendor({KEEP: {"id": KEEP, "name": KEEP}})
        for one in IDS:
            self.create(one)
        limits = Limits(100, 1.0, 2)
        self.world = World(self.folder, self.vendor, limits=limits, url=self.emptied())
        self.vendor.answers, self.vendor.reads = self.answer, self.read
        self.behaviours: list[str] = []
        self.allowed: dict[str, Campaign] = {}
        self.looks_first = False
        self.kept: set[str] = set()
        self.edition = 0
        self.made = 0
        self.pull()

    def emptied(self) -> str | None:
        """The URL of a database to keep the state in, None for a file."""
        return None

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    # ---- the vendor

    def create(self, id_: str) -> None:
        self.births += 1
        born = (w.CAPTURED - timedelta(days=400) + timedelta(hours=self.births)).isoformat()
        self.born_at[id_] = self.world.wall() if hasattr(self, "world") else None
        self.vendor.left[id_] = {"id": id_, "name": f"name of {id_}", "born": born}

    def answer(self, one: Seen, vendor: Vendor) -> Any:
        (id_,) = one.ids
        how = self.behaviours.pop(0) if self.behaviours else "ok"
        before = self.model.sent.get(id_)
        if before is not None and not before.harmless and not before.looked:
            self.model.wrong.append(f"{id_} was sent again without a look between")
        if id_ not in self.allowed:
            self.model.wrong.append(f"{id_} was sent, and both plans do not delete it")
        there = vendor.left.get(id_)
        planned = self.allowed.get(id_)
        if self.looks_first and there and planned and _born(there) != planned.created_at:
            self.model.wrong.append(f"{id_} is another campaign now, and was sent on a resume")
        if how != "not-sent":
            self.model.sent[id_] = Doing(id_, how in HARMLESS)
        if how in ("ok", "done", "oops-done", "die-done"):
            if there is None and how == "ok":
                self.model.sent[id_].harmless = True
                return 404
            vendor.left.pop(id_, None)
        match how:
            case "ok":
                return 200
            case "doubt" | "done":
                return NoAnswer("reset")
            case "oops" | "oops-done":
                return 500
            case "throttle":
                return 429, b"", {"retry-after": "3"}
            case "refuse":
                return 409
            case "expired":
                return 401
            case "not-sent":
                return NotSent("connection refused")
            case "404":
                return 404
        self.journal.dead = True
        return Killed()

    def read(self, one: Seen, vendor: Vendor) -> None:
        for doing in self.model.sent.values():
            if one.kind == "list" or doing.id in one.ids:
                doing.looked = True

    # ---- files

    @rule()
    def pull(self) -> None:
        """A new, complete inventory."""
        self.inventory = {i: _record(one) for i, one in self.vendor.left.items()}
        self.captured = self.world.wall()
        self.pulled = f"i{self.vendor_time()}"

    def vendor_time(self) -> float:
        return self.world.loop.time()

    @rule(id_=st.sampled_from(IDS))
    def keep(self, id_: str) -> None:
        self.kept ^= {id_}

    @rule()
    def edit(self) -> None:
        """Somebody edits the manifest: what came back may go again."""
        self.edition += 1

    def fresh(self) -> PlanDocument:
        manifest = w.manifest("m", [{"id": i} for i in IDS], [{"id": i} for i in sorted(self.kept)])
        records = list(self.inventory.values())
        facts = AccountFacts(campaigns=len(records), captured_at=self.captured, complete=True)
        inputs = Inputs(
            project=InputFile(path="p", sha256="0"),
            manifests=(ManifestFile(path=manifest.path, sha256=f"m{self.edition}", documents=()),),
            inventory=(InventoryFile(path="i", sha256=self.pulled, campaigns=len(records)),),
        )
        return w.plan(
            [manifest], records, facts_=w.facts(records, a=facts), inputs=inputs, now=self.captured
        )

    # ---- the world goes on

    @rule(id_=st.sampled_from(IDS))
    def recreate(self, id_: str) -> None:
        self.create(id_)
        self.pass_(5.0)

    @rule(id_=st.sampled_from(IDS))
    def vanish(self, id_: str) -> None:
        self.vendor.left.pop(id_, None)

    @rule(seconds=st.sampled_from([1.0, 45.0, 3600.0]))
    def pass_(self, seconds: float) -> None:
        self.world.loop.go(self.world.loop.time() + seconds)

    # ---- commands

    @rule(target=plans)
    def plan(self) -> Saved:
        self.made += 1
        self.pass_(1.0)
        return Saved(self.fresh(), f"sha256:{self.made:064x}", dict(self.inventory))

    @rule(
        saved=plans,
        behaviours=st.lists(st.sampled_from(BEHAVIOURS), max_size=8),
        dies=st.one_of(st.none(), st.tuples(st.booleans(), st.integers(1, 8))),
    )
    def apply(self, saved: Saved, behaviours: list[str], dies: tuple[bool, int] | None) -> None:
        fresh = self.fresh()
        targets = [t for one in saved.plan.actions if one.action == "delete" for t in one.targets]
        self.behaviours = list(behaviours)
        self.allowed = {
            i: one
            for i, one in saved.records.items()
            if i not in self.kept and self.inventory.get(i) == one
        }
        journal = self.world.journal
        resumed, empty = journal.first_applied(saved.digest) is not None, not journal.traced(SCOPE)
        self.looks_first = resumed or empty
        policy = LookPolicy(untraced=("a",) if empty else (), resumed=resumed)
        planned: list[PlanTarget] = []

        def work(run: int) -> Jobs:
            planned.extend(self.merged(saved, fresh, targets))
            rulings, audit = decided(
                saved.plan, saved.digest, planned, [], self.known, now=self.world.wall()
            )
            if rulings:
                self.journal.commit("", 0, run, rulings=rulings, audit=audit)
            working = [one for one in planned if one.fate is None or one.in_doubt]
            return PlannedJobs(
                saved.plan, lambda: working, len(working), w.account(), DRIVER, [], policy
            )

        fates = self.run(saved, work, dies)
        if fates is not None:
            told = {one.target: fates.get(one.target) or one.fate for one in planned}
            assert None not in told.values()
            assert list(told) == targets
        self.check_final(targets)

    def merged(self, saved: Saved, fresh: PlanDocument, targets: list[Target]) -> list[PlanTarget]:
        facts = MergeFacts(
            by_name=(),
            captured={"a": self.captured},
            complete={"a"},
            witnessed={"a"} if KEEP in self.inventory else set(),
            revived=(),
            listed={("a", i): one for i, one in self.inventory.items()},
            declared={("a", i) for i in saved.records},
            asking=ASKING,
            lookable={"a"},
            now=self.world.wall(),
        )
        states = self.world.known.states(targets)
        return merge(saved.plan, saved.digest, fresh, states, facts)

    def run(
        self,
        saved: Saved | None,
        work: Callable[[int], Jobs],
        dies: tuple[bool, int] | None = None,
    ) -> dict[Target, Fate] | None:
        """One process: it ends, or it is killed (None). Without a plan it only looks."""
        world, send = self.world, saved is not None
        before, after = (
            (None, None) if dies is None else (dies[1], None) if dies[0] else (None, dies[1])
        )
        self.journal = Dying(world.journal, before, after)
        world.journal = self.journal  # type: ignore[assignment]
        digest = saved.digest if saved is not None else None
        fates: dict[Target, Fate] | None = None
        try:
            run = self.journal.begin(digest, "apply" if send else "settle", "{}", [], {})
            opened = opened_as(world.account, DRIVER)
            if send:
                self.journal.trace([SCOPE])
            ledgers = take([opened], self.journal, run)
            todo = work(run)
            context = world._context(run, send)
            context.plan = digest
            whole = AccountWork(
                open=opened,
                session=Session("a", None, "http://127.0.0.1:1", Secret.of(""), lambda: "n"),
                secrets=[],
                jobs=todo,
                witnesses=Witnesses((Item(Target("a", KEEP), KEEP),), len(self.vendor.left)),
                rules=Rules(lambda _t, _c: None),
            )

            async def main() -> dict[Target, Fate]:
                return await execute([whole], context, ledgers, send=send, sender=self.sender)

            fates = run_on(world.loop, main())
            self.journal.end(run, 0, {})
        except Killed:
            fates = None
        world.journal = self.journal.inner
        world.reopen()
        return fates

    @property
    def known(self) -> Known:
        return Known(self.journal, {"a": SCOPE})

    def sender(self, _: AccountWork) -> Any:
        return Sending(self.vendor, self.journal)

    @rule()
    def settle(self) -> None:
        targets = list(self.world.known.in_doubt())
        self.behaviours, self.allowed = [], {}

        def work(run: int) -> list[Job]:
            states = self.known.states(targets)
            return [
                Job(item=Item(one, f"name of {one.id}"), planned=None, state=states[one])
                for one in targets
            ]

        sends = len(self.vendor.deletes)
        self.run(None, work)
        assert len(self.vendor.deletes) == sends
        self.check_final(targets)

    @precondition(lambda self: self.world.journal.in_doubt())
    @rule()
    def settle_as(self) -> None:
        """A person looks at the vendor's own pages, and tells the truth."""
        journal = self.world.journal
        doubts = self.world.known.in_doubt()
        run = journal.begin(None, "settle", "{}", [], {})
        take([opened_as(self.world.account, DRIVER)], journal, run)
        for target in doubts:
            known: dict[str, Any] = {"evidence": "person", "at": self.world.wall()}
            if target.id in self.vendor.left:
                changes = {**known, "outcome": None, "doubts": 0, "seen_at": None, "cleared": False}
            else:
                changes = {**known, "outcome": Outcome.DELETED}
            journal.commit("", 0, run, rulings=[self.world.known.ruling(target, changes)])
        for doing in self.model.sent.values():
            doing.looked = True
        assert journal.in_doubt() == {}

    # ---- what must hold

    def check_final(self, targets: list[Target]) -> None:
        """What became final is gone, unless it came back after that was seen."""
        for target, state in self.world.known.states(targets).items():
            if state.outcome is None or not state.outcome.final:
                continue
            if target.id in self.model.sent:
                self.model.sent[target.id].looked = True  # what is known to its end is known
            when = self.captured if state.evidence == "inventory" else state.at
            seen = self.seen_gone.setdefault((target, state.at), when)
            born = self.born_at[target.id]
            back = born is not None and seen is not None and born >= seen
            assert back or target.id not in self.vendor.left, f"{target} is there, and is {state}"

    @invariant()
    def nothing_was_sent_that_should_not_have_been(self) -> None:
        if hasattr(self, "model"):
            assert self.model.wrong == []
            assert KEEP in self.vendor.left


class Sending:
    """In the place of the real sender: the vendor, and death."""

    def __init__(self, vendor: Vendor, journal: Dying) -> None:
        self._vendor, self._journal = vendor, journal

    async def send(
        self,
        request: Any,
        leaves: Callable[[], None] = lambda: None,
        answered: Callable[[], None] = lambda: None,
        wire: object = None,
    ) -> Answer:
        if self._journal.dead:
            raise Killed  # a dead process sends nothing
        leaves()
        answer = await self._vendor.answer(request)
        answered()
        return answer


def _born(one: Mapping[str, Any]) -> Any:
    return datetime.fromisoformat(one["born"]) if "born" in one else None


def _record(one: Mapping[str, Any]) -> Campaign:
    return Campaign(
        account="a", id=one["id"], name=one["name"], created_at=_born(one), status=Status.STOPPED
    )


Executor.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestExecutor = Executor.TestCase


class SharedExecutor(Executor):
    """The same, with the state in PostgreSQL."""

    server: ClassVar[Postgres]

    def emptied(self) -> str | None:
        self.borrowed = ExitStack()
        return self.server.url(self.borrowed.enter_context(self.server.database()))

    def teardown(self) -> None:
        super().teardown()
        if hasattr(self, "borrowed"):
            self.borrowed.close()


def test_nothing_is_lost_and_nothing_blind_with_a_shared_state_either(postgres: Postgres) -> None:
    SharedExecutor.server = postgres
    few = settings(max_examples=40, stateful_step_count=30, deadline=None)
    run_state_machine_as_test(SharedExecutor, settings=few)

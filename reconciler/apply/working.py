"""A lane that was handed over, worked by a worker with its own project, manifests, credentials."""

import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from reconciler.apply.bundle import Work, fates_text, unpacked
from reconciler.apply.carry_out import Clearance, TakenRun, executed
from reconciler.apply.choice import Choice
from reconciler.apply.jobs import LookPolicy
from reconciler.apply.judging import accounts_of, plan_anew, write_down
from reconciler.apply.permits import Permit
from reconciler.apply.task import ApplyOptions, Task
from reconciler.apply.windows import OpenWindows
from reconciler.declare.project import ProjectFile
from reconciler.errors import Locked, ReconcilerError, Stale
from reconciler.events import Event, Hears, Listener, kept, told
from reconciler.inventory.sources import Given
from reconciler.lanes import state
from reconciler.lanes.accounts import open_accounts, pairs_of, scopes_now, shared
from reconciler.lanes.handed import HandedLane, Handover
from reconciler.lanes.journal import Journal, JournalFailed, LaneLocks, LaneLost
from reconciler.lanes.known import Known
from reconciler.lanes.run import take
from reconciler.lanes.stop import Stop
from reconciler.lanes.work import Fate
from reconciler.model import Outcome, Target
from reconciler.plan import planfile
from reconciler.plan.guards.waivers import sort_out
from reconciler.plan.guards.windows import Schedule
from reconciler.plan.saved import Saved
from reconciler.plan.spool import Spool
from reconciler.site import Site

_POLL = 1.0  # seconds between two looks whether a lane, or its window, is free


def work_lane(
    site: Site, number: int, *, owner: Mapping[str, Any], stop: Stop, grace: float, hears: Hears
) -> None:
    """Work the lane *number* until nothing is left of it, or *stop*; whoever had it is fenced.

    *hears* makes the lane's listener of the one that tells those who follow. What happens to it
    is written down where it was handed over. `JournalFailed` if that cannot be.
    """
    project = site.load_project()
    with state.journal(site, project) as journal:
        assert journal.shared is not None
        handed = journal.shared.handed
        lane = handed.take(number, owner)
        if lane is None:
            return
        held = journal.shared.locks()
        runner = _Runner(site, project, journal, handed, lane, held, owner, stop, grace, hears)
        try:
            with told(runner.listener, ()):
                runner.run()
        except (LaneLost, JournalFailed):
            raise
        except Locked:  # somebody froze in the middle of a transaction: later
            runner.mark("queued")
        except ReconcilerError as error:
            runner.mark("stopped", said=str(error), code=error.exit)
        finally:
            held.release()


@dataclass(slots=True)
class _Runner:
    site: Site
    project: ProjectFile
    journal: Journal
    handed: Handover
    lane: HandedLane
    held: LaneLocks
    owner: Mapping[str, Any]
    stop: Stop
    grace: float
    hears: Hears
    told: "_Teller" = field(init=False)
    listener: Listener = field(init=False)

    def __post_init__(self) -> None:
        self.told = _Teller(self)
        self.listener = self.hears(self.told)

    @property
    def takes(self) -> int:
        """The number of this taking: who has taken it later has another."""
        return self.lane.takes + 1

    def mark(self, to: Any, **more: Any) -> bool:
        """What the lane is now."""
        return self.handed.mark(self.lane.number, self.takes, to, **more)

    def run(self) -> None:
        """Until nothing is left, or this worker is to end."""
        if not self._locked():
            self.mark("queued")
            return
        work = unpacked(self.handed.work(self.lane.number))
        again = self.lane.takes > 0 and not self.lane.clean
        while True:
            fates = self._pass(work, again=again)
            if self.stop.exit is not None and _left(fates):
                self.mark("queued", done=_done(fates))
                return
            if not any(one.shut for one in fates.values()):
                self.mark("done", done=_done(fates), fates=fates_text(fates))
                return
            if not self._opened(fates):
                return
            again = False

    def _locked(self) -> bool:
        """Whether the lane's lock was got; a run beside the workers is waited for."""
        who = {**self.owner, "run": self.lane.run, "plan": f"plan {self.lane.plan[:19]}"}
        while self.stop.exit is None:
            try:
                self.held.take([self.lane.lane], {**who, "accounts": list(self.lane.accounts)})
            except Locked as error:
                if not self.mark("waiting", said=str(error)):
                    raise LaneLost(f"another worker has taken {self.lane.lane}") from error
                time.sleep(_POLL)
            else:
                return self.mark("working")
        return False

    def _opened(self, fates: Mapping[Target, Fate]) -> bool:
        """Wait until a window opens; False if the lane came to its end first."""
        while self.stop.exit is None:
            now = self.site.now()
            begun = self.journal.first_applied(self.lane.plan) or now
            if now - begun > self.project.guards.resume_max_age:
                self.mark("done", done=_done(fates), fates=fates_text(fates))
                return False
            shut = {target.account for target, one in fates.items() if one.shut}
            decisions = [self._window(name).decide(now) for name in shut]
            if any(one.open for one in decisions):
                return self.mark("working")
            opens = [one.opens_at for one in decisions if one.opens_at is not None]
            until = min(opens).timestamp() if opens else None
            self.mark("waiting", said=decisions[0].rule, until=until, done=_done(fates))
            time.sleep(min(_POLL * 5, max(_POLL, until - now.timestamp() if until else _POLL * 5)))
        self.mark("queued", done=_done(fates))
        return False

    def _window(self, name: str) -> Schedule:
        return Schedule(self.project.accounts[name].guards.windows)

    # ---- one pass

    def _pass(self, work: Work, *, again: bool) -> dict[Target, Fate]:
        """Judge by today's files what was handed over, and send what may be sent."""
        with tempfile.NamedTemporaryFile(prefix="reconciler-", suffix=".ndjson") as file:
            file.write(work.inventory)
            file.flush()
            return self._judged(work, self._task(work, file.name), again=again)

    def _task(self, work: Work, inventory: str) -> Task:
        self.project = project = self.site.load_project()
        saved, now = self._saved(), self.journal.now()
        for name in self.lane.accounts:
            self._check(saved, name)
        options = ApplyOptions(
            choice=Choice(targets=frozenset(work.targets)),
            inventory=Given(files=(str(Path(inventory)),)),
            max_wait=work.max_wait,
            override=work.override,
            first_run=work.first_run,
            attended=True,
            part=True,
            grace=self.grace,
        )
        waivers = sort_out(project.waivers, today=now.date())
        site = self.site.heard_by(self.listener)
        return Task(site, options, project, waivers, saved, now, self.stop)

    def _saved(self) -> Saved:
        data = state.kept(self.site, self.journal, "plan", self.lane.plan)
        if data is None or planfile.digest(data) != self.lane.plan:
            raise Stale(f"plan {self.lane.plan[:19]} is not in the database as it was handed over")
        spool = Spool(data)
        return Saved(Path("plan.json"), spool, self.lane.plan, planfile.read(spool))

    def _check(self, saved: Saved, name: str) -> None:
        """`Stale` if the account is another here than the plan says."""
        mine, planned = self.project.accounts.get(name), saved.plan.accounts[name]
        if mine is None or mine.definition != planned.definition:
            raise Stale(
                f"account {name!r} of {self.site.shown(self.site.config)} on this worker is not "
                "what the plan says (driver, settings or base URL); bring the worker's checkout up "
                "to date, or plan again"
            )

    def _judged(self, work: Work, task: Task, *, again: bool) -> dict[Target, Fate]:
        pairs = pairs_of(self.site, self.project)
        known = Known(self.journal, scopes_now(self.site, pairs, self.journal, reveal=True))
        fresh = plan_anew(task, shared(pairs, known.scopes))
        mine = [one for one in pairs if one[0].name in self.lane.accounts]
        accounts = open_accounts(self.site, mine, self.journal)
        if any(one.lane != self.lane.lane for one in accounts):
            raise Stale(
                f"the credentials on this worker are of another lane than {self.lane.lane}; "
                "give it those that the plan was made for"
            )
        ledgers = take(accounts, self.journal, self.lane.run)
        permit = Permit(override=work.override, windows=self._windows(work))
        clearance = Clearance(task, known, fresh, permit, accounts, work.untraced)
        agenda = clearance.agenda()
        write_down(task, known, self.lane.run, agenda, fresh)
        fates = dict(agenda.fates)
        working = agenda.working(task.options)
        if working:
            names = {one.name for one, _ in accounts_of(task, fresh, working)}
            clearance = replace(clearance, accounts=[one for one in accounts if one.name in names])
            policy = LookPolicy(untraced=work.untraced, resumed=work.resumed or again)
            fates |= executed(clearance, TakenRun(self.lane.run, ledgers, policy), agenda)
        self.told.flush()
        return {target: fates.get(target, Fate(Outcome.PENDING)) for target in work.targets}

    def _windows(self, work: Work) -> OpenWindows:
        if work.override is not None and work.override.rule == "windows":
            return OpenWindows()
        return OpenWindows({name: self._window(name) for name in self.lane.accounts})


class _Teller(Listener):
    """Tells those who follow the run, a few things at a time."""

    def __init__(self, runner: _Runner) -> None:
        self._runner = runner
        self._lines: list[str] = []
        self._done = 0

    def event(self, event: Event) -> None:
        if event.kind in ("run-started", "run-ended"):  # of the run, not of its lanes
            return
        self._lines.append(kept(event))
        self._done += event.kind == "outcome"

    def tick(self) -> None:
        self.flush()

    def flush(self) -> None:
        """What was told since."""
        if not self._lines:
            return
        lines, self._lines = self._lines, []
        self._runner.handed.tell(self._runner.lane.run, lines)
        if not self._runner.mark("working", done=self._done):
            raise LaneLost(f"another worker has taken {self._runner.lane.lane}")


def _left(fates: Mapping[Target, Fate]) -> bool:
    return any(one.outcome in (Outcome.PENDING, Outcome.IN_DOUBT) for one in fates.values())


def _done(fates: Mapping[Target, Fate]) -> int:
    return sum(one.outcome is not Outcome.PENDING for one in fates.values())

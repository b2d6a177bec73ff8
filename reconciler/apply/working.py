"""A lane that was handed over, worked by a worker with its own project, manifests, credentials."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.apply.agenda import Agenda
from reconciler.apply.bundle import Unpacked, packed_fates, unpacked
from reconciler.apply.carry_out import execute
from reconciler.apply.checkout import Checkout
from reconciler.apply.plans import Plans
from reconciler.apply.turn import Turn
from reconciler.declare.project import ProjectFile
from reconciler.errors import Exit, Locked, ReconcilerError
from reconciler.events import Event, Hears, Listener, kept, told
from reconciler.lanes import state
from reconciler.lanes.handed import HandedLane, Handover
from reconciler.lanes.journal import Journal, JournalFailed, LaneLocks, LaneLost
from reconciler.lanes.stop import Interrupted, Stop
from reconciler.lanes.trouble import unexpected
from reconciler.lanes.work import Fate
from reconciler.model import Outcome, Target
from reconciler.plan.saved import Saved
from reconciler.plan.spool import Spool
from reconciler.site import Site

_BESIDE = 5.0  # seconds until it is looked again whether a run beside the workers has ended


def work_lane(
    site: Site,
    project: ProjectFile,
    number: int,
    *,
    owner: Mapping[str, Any],
    stop: Stop,
    grace: float,
    hears: Hears,
    plans: Plans,
) -> None:
    """Work the lane *number* until nothing is left of it, or *stop*; whoever had it is fenced.

    *project* says where the state is: the file is read anew at every pass. *hears* makes the lane's
    listener of the one that tells those who follow. What happens to it is written down where it
    was handed over. `JournalFailed` if that cannot be.
    """
    with closing(state.open_journal(site, project)) as journal:
        assert journal.shared is not None
        handed = journal.shared.handed
        lane = handed.take(number, owner)
        if lane is None:
            return
        held = journal.shared.locks()
        runner = _Runner(site, journal, handed, lane, held, owner, stop, grace, hears)
        try:
            with (
                plans.of(journal, lane, stop.heed) as plan,
                told(runner.listener, plan.numbers),
            ):
                runner.run(plan.saved, unpacked(handed.work(number)))
        except (LaneLost, JournalFailed):
            raise
        except Interrupted:
            runner.mark("queued", whole=lane.clean)
        except Locked:  # somebody froze in the middle of a transaction: later
            runner.mark("queued", whole=False)
        except ReconcilerError as error:
            runner.mark("stopped", said=f"{runner.judge}: {error}", code=error.exit)
        except Exception as error:  # ours; what was sent is in the journal, and looked at next time
            said = f"{runner.judge}: {unexpected(error)}"
            runner.mark("stopped", said=said, code=Exit.ERROR)
            raise
        finally:
            held.release()


@dataclass(slots=True)
class _Runner:
    site: Site
    journal: Journal
    handed: Handover
    lane: HandedLane
    held: LaneLocks
    owner: Mapping[str, Any]
    stop: Stop
    grace: float
    hears: Hears
    turn: Turn = field(init=False)
    checkout: Checkout | None = field(init=False, default=None)
    told: "_Teller" = field(init=False)
    listener: Listener = field(init=False)

    def __post_init__(self) -> None:
        self.turn = Turn(self.handed.crowded)
        self.told = _Teller(self)
        self.listener = self.hears(self.told)

    @property
    def judge(self) -> str:
        """Whose word ends the lane: this worker's, by its files."""
        return f"{self.owner['worker']}, by {self.site.shown(self.site.config)}"

    @property
    def takes(self) -> int:
        """The number of this taking: who has taken it later has another."""
        return self.lane.takes + 1

    def mark(self, to: Any, **more: Any) -> bool:
        """What the lane is now."""
        return self.handed.mark(self.lane.number, self.takes, to, **more)

    def run(self, saved: Saved, work: Unpacked) -> None:
        """Until nothing is left, it has to wait, or this worker is to end."""
        if not self._locked():
            return
        ends = self._pass(saved, work, again=self.lane.takes > 0 and not self.lane.clean)
        while ends.shut and self.stop.exit is None:
            if self.turn.over:
                break
            if self._waits(ends):
                return
            ends = self._pass(saved, work, again=False)
        if ends.left and (self.stop.exit is not None or self.turn.over):
            self.mark("queued", done=ends.done)
        else:
            self._done(ends)

    def _done(self, ends: "_Ends") -> None:
        self.mark("done", done=ends.done, fates=ends.fates.parts())

    def _locked(self) -> bool:
        """Whether the lane's lock was got; a run beside the workers is waited for."""
        who = {**self.owner, "run": self.lane.run, "plan": f"plan {self.lane.plan[:19]}"}
        try:
            self.held.take([self.lane.lane], {**who, "accounts": list(self.lane.accounts)})
        except Locked as error:
            until = self.journal.now().timestamp() + _BESIDE
            self.mark("waiting", said=str(error), until=until, whole=self.lane.clean)
            return False
        return True

    def _waits(self, ends: "_Ends") -> bool:
        """Give the lane back until a window opens, or the plan is too old; False if one is open."""
        assert self.checkout is not None
        now = self.journal.now()
        decisions = [self.checkout.window(name).decide(now) for name in sorted(ends.shut)]
        if any(one.open for one in decisions):
            return False
        begun = self.journal.first_applied(self.lane.plan) or now
        last = begun + self.checkout.project.guards.resume_max_age
        opens = [one.opens_at for one in decisions if one.opens_at is not None]
        if now >= last:
            self._done(ends)
        else:
            until = min([*opens, last]).timestamp()
            files = self.checkout.project.digest
            said = decisions[0].rule
            self.mark("waiting", said=said, until=until, files=files, done=ends.done)
        return True

    # ---- one pass

    def _pass(self, saved: Saved, work: Unpacked, *, again: bool) -> "_Ends":
        """Judge by today's files what was handed over, and send what may be sent."""
        self.checkout = checkout = self._checkout(saved)
        with work.file() as inventory:
            cleared = checkout.cleared(work, inventory, again=again)
        clearance = cleared.clearance
        agenda = clearance.judged
        self.told.done = agenda.done
        if clearance.accounts:
            permit = replace(clearance.permit, windows=self.turn.within(clearance.permit.windows))
            execute(replace(clearance, permit=permit), cleared.run, agenda)
        self.told.flush()
        return _Ends(agenda)

    def _checkout(self, saved: Saved) -> Checkout:
        site = self.site.heard_by(self.listener)
        project = self.site.load_project()
        return Checkout(site, project, self.journal, self.lane, saved, self.stop, self.grace)


class _Ends:
    """What became of what was handed over, which is gone through once.

    *shut*: the accounts whose windows closed before all was reached. *left*: whether a target is
    not at its end. *done*: how many were reached. *fates*: all of them, as they are kept.
    """

    def __init__(self, agenda: Agenda) -> None:
        self.shut: set[str] = set()
        self.left, self.done = False, 0
        self.fates = Spool()  # packing takes long: not in the middle of a transaction
        for part in packed_fates(self._counted(agenda)):
            self.fates.write(part)

    def _counted(self, agenda: Agenda) -> Iterator[tuple[Target, Fate]]:
        for one, fate in agenda.ends():
            if not one.taken:
                continue
            if fate.shut:
                self.shut.add(one.target.account)
            self.left |= fate.outcome in (Outcome.PENDING, Outcome.IN_DOUBT)
            self.done += fate.outcome is not Outcome.PENDING
            yield one.target, fate


class _Teller(Listener):
    """Tells those who follow the run, a few things at a time."""

    def __init__(self, runner: _Runner) -> None:
        self._runner = runner
        self._events: list[Event] = []
        self.done = 0

    def event(self, event: Event) -> None:
        if event.kind in ("run-started", "run-ended"):  # of the run, not of its lanes
            return
        self._events.append(event)
        self.done += event.kind == "outcome"

    def tick(self) -> None:
        self.flush()

    def flush(self) -> None:
        """What was told since."""
        if not self._events:
            return
        events, self._events = self._events, []
        self._runner.handed.tell(self._runner.lane.run, list(kept(events)))
        if not self._runner.mark("working", done=self.done):
            raise LaneLost(f"another worker has taken {self._runner.lane.lane}")

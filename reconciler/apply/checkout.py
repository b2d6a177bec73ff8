"""What a worker's own checkout says of a lane: nothing that the client found is taken on trust.

The client hands over the plan's bytes, the approvals, the rule it was told to lift, and records.
Project file, signers, manifests and waivers are those of the worker's checkout, as they are at this
taking of the lane; credentials come from its own environment.
"""

from array import array
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from msgspec import structs

from reconciler.apply.bundle import Unpacked, Work
from reconciler.apply.carry_out import Clearance, TakenRun
from reconciler.apply.jobs import LookPolicy
from reconciler.apply.judging import judge, plan_anew, write_down
from reconciler.apply.permits import Permit, at_any_hour
from reconciler.apply.task import ApplyOptions, Task
from reconciler.apply.untraced import check_blind, older_than_trace, untraced_now
from reconciler.apply.windows import OpenWindows
from reconciler.declare.project import ProjectFile
from reconciler.errors import Stale
from reconciler.inventory.sources import Given
from reconciler.lanes.accounts import Pair, open_accounts, pairs_of, scopes_now, shared
from reconciler.lanes.handed import HandedLane
from reconciler.lanes.journal import Journal
from reconciler.lanes.known import Known
from reconciler.lanes.run import take
from reconciler.lanes.stop import Stop
from reconciler.lanes.work import OpenAccount
from reconciler.plan.guards.waivers import sort_out
from reconciler.plan.guards.windows import Schedule
from reconciler.plan.saved import Saved
from reconciler.plan.spool import Picked
from reconciler.site import Site


@dataclass(frozen=True, slots=True)
class Cleared:
    """What may be done of a lane now. *run*: the lane, just taken over."""

    clearance: Clearance
    run: TakenRun


@dataclass(frozen=True, slots=True)
class Checkout:
    """The files of *site* as they are now, before what was handed over as *lane* of *saved*.

    *grace*: seconds that requests in flight have once *stop* is set.
    """

    site: Site
    project: ProjectFile
    journal: Journal
    lane: HandedLane
    saved: Saved
    stop: Stop
    grace: float

    def cleared(self, handed: Unpacked, inventory: Path, *, again: bool) -> Cleared:
        """Judge what was handed over, whose records are in *inventory*, and take its lane over.

        *again*: whoever had the lane may have sent what is not known. `Stale`, `NotAllowed`,
        `InputError` or `Usage` if this checkout, or this environment, forbids it; `Interrupted`
        if the worker is to end: of a million targets all this takes minutes.
        """
        self.stop.heed()
        work, whole = handed.work, self._task(handed, inventory)
        mine = self._narrowed(whole)
        pairs = pairs_of(self.site, self.project)
        known = Known(self.journal, scopes_now(self.site, pairs, self.journal, reveal=True))
        fresh = plan_anew(mine, shared(pairs, known.scopes), self.stop.heed)
        self.stop.heed()
        drivers = {account.name: driver for account, driver in pairs}
        accounts = self._opened(work, [one for one in pairs if one[0].name in self._names])
        # The hand-over left a trace of each: where there is none, the database lost it since.
        lost = untraced_now(whole, known, self.lane.accounts)
        check_blind(lost, drivers)
        ledgers = take(accounts, self.journal, self.lane.run)
        entry = self.journal.newest_entry
        agenda = judge(mine, fresh, known, self.stop.heed)
        permit = Permit()
        if agenda.working:
            counted = structs.replace(fresh, facts=work.counted(fresh.facts))
            permit = at_any_hour(whole, known, agenda, counted, begun=self._begun())
        write_down(mine, known, self.lane.run, agenda, fresh)
        names = sorted({*work.untraced, *lost})
        policy = LookPolicy(
            untraced=names,
            resumed=work.resumed or again,
            older=older_than_trace(known, fresh, self.lane.accounts),
        )
        # A person's word was about what was untraced then.
        options = replace(mine.options, first_run=work.first_run and not lost)
        clearance = Clearance(
            replace(mine, options=options),
            known,
            fresh,
            Permit(permit.override, permit.consent, self.windows(work)),
            [one for one in accounts if one.name in agenda.working],
            names,
            agenda,
            entry,
        )
        return Cleared(clearance, TakenRun(self.lane.run, ledgers, policy))

    def windows(self, work: Work) -> OpenWindows:
        """Those of the lane's accounts, unless the project let them be lifted."""
        if work.override is not None and work.override.rule == "windows":
            return OpenWindows()
        return OpenWindows({name: self.window(name) for name in self.lane.accounts})

    def window(self, name: str) -> Schedule:
        """The windows of an account."""
        return Schedule(self.project.accounts[name].guards.windows)

    @property
    def _names(self) -> frozenset[str]:
        return frozenset(self.lane.accounts)

    def _begun(self) -> datetime | None:
        runs = self.journal.runs(self.lane.plan)
        return next((one.started for one in runs if one.number == self.lane.run), None)

    # ---- the task

    def _task(self, handed: Unpacked, inventory: Path) -> Task:
        work, now = handed.work, self.journal.now()
        for name in self.lane.accounts:
            self._check(name)
        options = ApplyOptions(
            inventory=Given(files=(str(inventory),)),
            signatures=work.signatures,
            requested_by=work.requested_by,
            max_wait=work.max_wait,
            override=work.override,
            part=True,
            left=handed.left,
            grace=self.grace,
        )
        waivers = sort_out(self.project.waivers, today=now.date())
        return Task(self.site, options, self.project, waivers, self.saved, now, self.stop)

    def _narrowed(self, task: Task) -> Task:
        """The same of this lane alone: what is not in it, others rule over."""
        plan, names = task.saved.plan, self._names
        if names >= plan.accounts.keys():
            return task
        places = array("I")
        for name in sorted(names):  # an account's stand together, in the order of names
            places.extend(plan.places_of(name))
        mine = Picked(plan.deletions, places)
        narrow = structs.replace(
            plan,
            accounts={name: one for name, one in plan.accounts.items() if name in names},
            summary=structs.replace(plan.summary, delete=len(mine), refuse=0, none=0),
            actions=mine,
        )
        saved = replace(task.saved, plan=narrow)
        return replace(task, saved=saved)

    def _check(self, name: str) -> None:
        """`Stale` if the account is another here than the plan says."""
        mine, planned = self.project.accounts.get(name), self.saved.plan.accounts[name]
        if mine is None or mine.definition != planned.definition:
            raise Stale(
                f"account {name!r} of {self.site.shown(self.site.config)} on this worker is not "
                "what the plan says (driver, settings or base URL); bring the worker's checkout up "
                "to date, or plan again"
            )

    def _opened(self, work: Work, mine: list[Pair]) -> list[OpenAccount]:
        accounts = open_accounts(self.site, mine, self.journal)
        for one in accounts:
            if one.lane != self.lane.lane or one.scope != work.scopes.get(one.name):
                raise Stale(
                    f"the credentials of account {one.name!r} on this worker are of another scope "
                    "than those that the plan was handed over for; give it the same"
                )
        return accounts

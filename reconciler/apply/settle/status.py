"""What stands: runs, outcomes, doubts, who holds a lane, which rule blocks now. Sends nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from reconciler.apply.settle.doubts import doubts_now, planned
from reconciler.apply.settle.lanes import LaneStanding, lanes_now
from reconciler.declare.project import ProjectFile
from reconciler.errors import Exit
from reconciler.lanes.accounts import pairs_of, scopes_now
from reconciler.lanes.journal import Journal, Run
from reconciler.lanes.known import UNKNOWN, Known
from reconciler.lanes.state import locks
from reconciler.model import Outcome, PlanDocument, Target
from reconciler.plan.guards.windows import Schedule
from reconciler.plan.spool import paged
from reconciler.site import Site


@dataclass(frozen=True, slots=True)
class OpenDoubt:
    """A target in doubt. *request*: the newest that is; *detail* None: no answer yet.

    *elsewhere*: it was asked in a *scope* that no account has today.
    """

    target: Target
    scope: str
    elsewhere: bool
    detail: str | None
    request: int | None


@dataclass(frozen=True, slots=True)
class AccountStanding:
    """What an account is, as far as anybody can tell without its key, and what it was before.

    *traced*: since when the journal knows what was sent there. *strangers*: outcomes that were
    recorded under its name and belong to another scope.
    """

    name: str
    scope: str
    traced: datetime | None
    strangers: int


@dataclass(frozen=True, slots=True)
class ClosedWindow:
    """An account that a rule blocks now. *opens* None: nobody can see that far."""

    account: str
    rule: str | None
    because: str | None
    opens: datetime | None
    time_zone: str


@dataclass(frozen=True, slots=True)
class WaivedRule:
    """A rule that a run lifted, and that nobody has reviewed yet."""

    run: int
    waived: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands in a project. With *plan* (its digest), *outcomes*, doubts and *runs* are its.

    *in_flight*: requests without an answer whose run lives. *lanes*: those that
    are worked, or wait for a worker. *runs*: newest first.
    """

    project: str
    plan: str | None
    outcomes: Mapping[str, int]
    in_doubt: tuple[OpenDoubt, ...]
    in_flight: int
    lanes: tuple[LaneStanding, ...]
    accounts: tuple[AccountStanding, ...]
    blocked: tuple[ClosedWindow, ...]
    runs: tuple[Run, ...]
    open_for_review: tuple[WaivedRule, ...]

    @property
    def exit_code(self) -> Exit:
        """The exit code of the command: doubts count where a plan was named."""
        return Exit.DOUBT if self.plan is not None and self.in_doubt else Exit.OK


@dataclass(frozen=True, slots=True)
class NamedPlan:
    """A plan that is asked about. *head*: it may lack its actions, which *whole* has."""

    digest: str
    head: PlanDocument
    whole: Callable[[], PlanDocument]


def standing(
    site: Site, project: ProjectFile, journal: Journal, named: NamedPlan | None
) -> Standing:
    """What stands, of a plan or of all."""
    scopes = scopes_now(site, pairs_of(site, project), journal, reveal=False)
    known = Known(journal, scopes)
    holders = locks(site, project, journal).holders()
    doubts, flying = doubts_now(known, holders)
    newest = journal.doubtful_requests().items()
    requests = {target: number for number, ones in newest for target in known.targets(ones)}
    outcomes: Mapping[str, int] = {}
    if named is not None:
        counted = None if doubts or flying else _counted(known, named)
        outcomes = counted or _outcomes(known, named.whole(), set(doubts))
        mine = planned(named.whole(), {*doubts, *flying}) if doubts or flying else set()
        doubts = {target: state for target, state in doubts.items() if target in mine}
        flying &= mine
    digest = None if named is None else named.digest
    runs = journal.runs()
    return Standing(
        project=project.name,
        plan=digest,
        outcomes=outcomes,
        in_doubt=tuple(
            OpenDoubt(
                target,
                known.identity(target).scope,
                known.elsewhere(target) is not None,
                state.detail,
                requests.get(target),
            )
            for target, state in doubts.items()
        ),
        in_flight=len(flying),
        lanes=lanes_now(journal, holders, doubts),
        accounts=tuple(_account(known, name) for name in sorted(project.accounts)),
        blocked=tuple(_blocked(project, site.now())),
        runs=tuple(one for one in runs if digest in (None, one.plan)),
        open_for_review=tuple(_unreviewed(runs)),
    )


def _counted(known: Known, named: NamedPlan) -> dict[str, int] | None:
    """What `_outcomes` says, from counts alone; None where these do not say the same.

    They do where the journal knows nothing of the plan's scopes but what came of this plan, and no
    two of its accounts are one.
    """
    names = [name for name, one in named.head.summary.accounts.items() if one.targets]
    scopes = {name: scope for name in names if (scope := known.scopes.get(name)) is not None}
    if len(set(scopes.values())) < len(scopes):
        return None
    counts = {outcome.value: 0 for outcome in Outcome}
    for name, scope in scopes.items():
        found = known.journal.tally(named.digest, name, scope)
        if found is None:
            return None
        for outcome, number in found.items():
            counts[outcome] += number
    counts[Outcome.PENDING.value] += named.head.summary.targets - sum(counts.values())
    return counts


def _outcomes(known: Known, plan: PlanDocument, doubts: set[Target]) -> dict[str, int]:
    """How many targets of the plan are in each outcome; every outcome is named."""
    counts = {outcome.value: 0 for outcome in Outcome}
    for targets in paged(plan.targets):
        states = known.states(targets)
        for target in targets:
            state = states.get(target)
            outcome = state.outcome if state is not None and state.outcome else Outcome.PENDING
            counts[Outcome.IN_DOUBT.value if target in doubts else outcome.value] += 1
    return counts


def _account(known: Known, name: str) -> AccountStanding:
    scope = known.scopes.get(name)
    strangers = known.journal.elsewhere(name, known.scope(name))
    traced = None if scope is None else known.journal.traced(scope)
    return AccountStanding(name, scope or UNKNOWN, traced, strangers)


def _blocked(project: ProjectFile, now: datetime) -> list[ClosedWindow]:
    found = []
    for name, account in sorted(project.accounts.items()):
        one = Schedule(account.guards.windows).decide(now)
        if not one.open:
            opens, zone = one.opens_at, one.time_zone
            found.append(ClosedWindow(name, one.rule, one.because, opens, zone))
    return found


def _unreviewed(runs: Sequence[Run]) -> list[WaivedRule]:
    return [
        WaivedRule(one.number, waived)
        for one in runs
        if one.waived and one.reviewed is None
        for waived in one.waived
    ]

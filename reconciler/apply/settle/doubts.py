"""The targets in doubt: which there are, and which of them are meant."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from reconciler.errors import ReconcilerError
from reconciler.events import shown_target
from reconciler.lanes.journal import State
from reconciler.lanes.known import Known
from reconciler.model import Outcome, PlanDocument, Target


@dataclass(frozen=True, slots=True)
class Selection:
    """Which targets in doubt are meant: those of a plan, of a request, of an account, those named.

    What is None or empty leaves nothing out.
    """

    plan: PlanDocument | None = None
    targets: Collection[Target] = ()
    request: int | None = None
    account: str | None = None

    def among(self, known: Known) -> dict[Target, State]:
        """Those that are in doubt; an error if one that was named is not."""
        doubts = known.in_doubt()
        wanted = set(self.targets) if self.targets else None
        if self.request is not None:
            wanted = _of_request(known, self.request, doubts)
        if wanted is not None and (strange := sorted(wanted - set(doubts))):
            named = ", ".join(shown_target(str(one)) for one in strange)
            raise ReconcilerError(f"not in doubt: {named}; `reconciler status` lists what is")
        return {
            target: state
            for target, state in self.of_plan(doubts).items()
            if (wanted is None or target in wanted) and self.account in (None, target.account)
        }

    def of_plan(self, doubts: Mapping[Target, State]) -> dict[Target, State]:
        """Those of *doubts* that are about deletions of the plan; without one, all."""
        if self.plan is None:
            return dict(doubts)
        then = {t: Target(state.account, t.id, t.part) for t, state in doubts.items()}
        mine = planned(self.plan, set(then.values()))
        return {target: state for target, state in doubts.items() if then[target] in mine}


def planned(plan: PlanDocument, targets: Collection[Target]) -> set[Target]:
    """Those of *targets* that *plan* deletes."""
    return {one for one in plan.targets if one in targets} if targets else set()


def _of_request(known: Known, request: int, doubts: Mapping[Target, State]) -> set[Target]:
    """Those of its targets that are still in doubt: some may have been settled one by one."""
    about = known.targets(known.journal.targets_of(request))
    if not about:
        raise ReconcilerError(f"there is no request {request} about targets in the journal")
    left = set(about) & set(doubts)
    if not left:
        raise ReconcilerError(f"no target of request {request} is in doubt any more")
    return left


def doubts_now(known: Known, holders: Sequence[object]) -> tuple[dict[Target, State], set[Target]]:
    """What is in doubt, and what is in flight: a request without an answer, while its run lives.

    *holders*: who holds a lane. With none, a request without an answer is in doubt.
    """
    doubts, flying = {}, set()
    for target, state in known.in_doubt().items():
        if state.outcome is Outcome.IN_DOUBT or not holders:
            doubts[target] = state
        else:
            flying.add(target)
    return doubts, flying


def numbers_of(targets: Iterable[Target]) -> list[str]:
    """The parts of *targets*: what may be phone numbers."""
    return [one.part for one in targets if one.part is not None]

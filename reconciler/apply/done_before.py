"""What a journal says of a plan's deletions that were asked for before, in sentences."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from reconciler.apply.merge import came_back
from reconciler.lanes.accounts import pairs_of, scopes_now
from reconciler.lanes.journal import Journal, State
from reconciler.lanes.known import Known
from reconciler.model import Action, Outcome, PlanDocument, Target
from reconciler.plan.spool import paged
from reconciler.site import Site

_TOGETHER = 5_000  # targets that are asked for at a time


def sentences(site: Site, journal: Journal, plan: PlanDocument, about: Target | None) -> list[str]:
    """A sentence for each kind of thing that *journal* knows of *plan*, or of *about* alone."""
    if not journal.runs():
        return []
    pairs = pairs_of(site, site.load_project())
    known = Known(journal, scopes_now(site, pairs, journal, reveal=False))
    return list(_told(known, plan, about, site.now()))


def _told(known: Known, plan: PlanDocument, about: Target | None, now: datetime) -> Iterator[str]:
    gone: Counter[int | None] = Counter()
    back = doubts = 0
    numbers: dict[str | None, int | None] = {}
    for action, one in _states(known, plan, about):
        if one.outcome is Outcome.IN_DOUBT:
            doubts += 1
        elif one.outcome is not None and one.outcome.final:
            if came_back(plan, action, one, now):
                back += 1
            else:
                if one.plan not in numbers:
                    numbers[one.plan] = _run(known.journal, one.plan)
                gone[numbers[one.plan]] += 1
    for run, count in sorted(gone.items(), key=lambda pair: pair[0] or 0):
        by = f" by run {run}" if run is not None else ""
        were = "was" if count == 1 else "were"
        yield (
            f"{count:,} of these {were} deleted{by} and the inventory is older: pull it, or apply "
            "with --update-inventory"
        )
    if back:
        came = "was" if back == 1 else "were"
        yield (
            f"{back:,} of these {came} deleted before and came back: apply leaves them alone until "
            "a waiver of `resurrected`, or an absence that did not ask before"
        )
    if doubts:
        yield f"{doubts:,} of these may be gone already: reconciler settle finds out"


def _states(
    known: Known, plan: PlanDocument, about: Target | None
) -> Iterator[tuple[Action, State]]:
    """The deletions of *plan* of which the journal knows something."""
    pairs = (
        (action, target)
        for action in plan.actions
        if action.action == "delete"
        and (about is None or (action.account, action.id) == (about.account, about.id))
        for target in action.targets
    )
    for some in paged(pairs, _TOGETHER):
        states = known.states(target for _, target in some)
        yield from ((action, states[target]) for action, target in some if target in states)


def _run(journal: Journal, plan: str | None) -> int | None:
    """The newest run of *plan*."""
    runs = journal.runs(plan) if plan else ()
    return runs[0].number if runs else None

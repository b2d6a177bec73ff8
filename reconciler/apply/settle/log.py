"""What the ways to settle share: what was planned of a target, and the run's share of the log."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.apply.jobs import SourceWords, facts_of
from reconciler.apply.merge import inventory_of
from reconciler.declare.project import ProjectFile
from reconciler.lanes.journal import Journal, State
from reconciler.lanes.state import kept, started
from reconciler.model import Action, Target
from reconciler.plan import planfile
from reconciler.site import Site


@dataclass(frozen=True, slots=True)
class PlannedDeletion:
    """The action that a target is of, with the digests of the inventory files behind it."""

    action: Action
    inventory: tuple[str, ...]


Plans = Mapping[Target, PlannedDeletion]


def plans_of(
    site: Site, journal: Journal, states: Mapping[Target, State]
) -> dict[Target, PlannedDeletion]:
    """What was planned of each target, from the plans kept while they were applied.

    A plan calls an account what it was called then, and so does a state.
    """
    found: dict[Target, PlannedDeletion] = {}
    then = {Target(one.account, t.id, t.part): t for t, one in states.items()}
    for digest in {state.plan for state in states.values() if state.plan}:
        data = kept(site, journal, "plan", digest)
        if data is None:
            continue
        plan = planfile.loads(data)
        for action in plan.actions:
            if action.action == "delete":
                one = PlannedDeletion(action, inventory_of(plan))
                mine = [then[t] for t in action.targets if t in then]
                mine = [t for t in mine if states[t].plan == digest]
                found |= dict.fromkeys(mine, one)
    return found


def facts(target: Target, planned: PlannedDeletion | None) -> dict[str, Any]:
    """What the audit log says of a target beside its outcome."""
    if planned is not None:
        return facts_of(planned.action, SourceWords(()))
    return {"name": target.id, "sources": [], "waivers": [], "campaign": None}


def digests_of(states: Mapping[Target, State]) -> list[str]:
    """The plans that *states* are of, empty for those of none."""
    return sorted({state.plan or "" for state in states.values()})


def start_records(project: ProjectFile, plans: Iterable[str]) -> list[dict[str, Any]]:
    """This run in the share of the log of each plan whose targets it settles."""
    said = {"type": "run-started", "project": project.name, "command": "settle", **started()}
    return [{**said, "plan": plan} for plan in plans if plan]


def end_record(plan: str, counts: Mapping[str, int], code: int) -> dict[str, Any]:
    """The end of this run in the share of the log of *plan*."""
    said = {"exitCode": code, "summary": dict(counts), "report": None}
    return {"type": "run-ended", "plan": plan, **said}

"""What the ways to settle share: what was planned of a target, and the run's share of the log."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.cli.app import App
from reconciler.errors import ReconcilerError
from reconciler.model import Action, Project, Target
from reconciler.plan import planfile

if TYPE_CHECKING:
    from reconciler.lanes.journal import State


@dataclass(frozen=True, slots=True)
class Planned:
    """The planned action of a target, with the digests of the manifests and files behind it."""

    action: Action
    digests: tuple[str, ...]
    inventory: tuple[str, ...]


def records_of(app: App, states: "Mapping[Target, State]") -> dict[Target, Planned]:
    """What was planned of each target, from the plans kept while they were applied."""
    from reconciler.apply.merge import digests_of, inventory_of
    from reconciler.lanes.state import kept_plan

    found: dict[Target, Planned] = {}
    for digest in {state.plan for state in states.values() if state.plan}:
        data = kept_plan(app, digest)
        if data is None:
            continue
        plan = planfile.loads(data)
        for action in plan.actions:
            if action.action == "delete":
                one = Planned(action, digests_of(plan, action), inventory_of(plan))
                mine = [t for t in action.targets if t in states and states[t].plan == digest]
                found |= dict.fromkeys(mine, one)
    return found


def facts(target: Target, planned: Planned | None) -> dict[str, Any]:
    """What the audit log says of a target beside its outcome."""
    from reconciler.lanes.preparing import facts_of

    if planned is not None:
        return facts_of(planned.action, {})
    return {"name": target.id, "sources": [], "waivers": [], "campaign": None}


def accounts_of(project: Project, chosen: "Mapping[Target, State]") -> list[tuple[Any, Any]]:
    """The accounts of *chosen* with their drivers; an error if the project lost one."""
    from reconciler.cli._run import drivers_of

    drivers = drivers_of(project.accounts)
    lost = sorted({t.account for t in chosen} - set(project.accounts))
    if lost:
        raise ReconcilerError(f"in doubt at accounts the project no longer has: {', '.join(lost)}")
    accounts = [project.accounts[name] for name in names(chosen)]
    return [(account, drivers[account.driver]) for account in accounts]


def names(chosen: "Mapping[Target, State]") -> list[str]:
    """The names of the accounts of *chosen*."""
    return sorted({target.account for target in chosen})


def begun_records(project: Project, plans: Iterable[str]) -> list[dict[str, Any]]:
    """This run in the share of the log of each plan whose targets it settles."""
    from reconciler.lanes.state import started

    said = {"type": "run-started", "project": project.name, "command": "settle", **started()}
    return [{**said, "plan": plan} for plan in plans if plan]


def ended_record(plan: str, counts: Mapping[str, int], code: int) -> dict[str, Any]:
    """The end of this run in the share of the log of *plan*."""
    said = {"exitCode": code, "summary": dict(counts), "report": None}
    return {"type": "run-ended", "plan": plan, **said}

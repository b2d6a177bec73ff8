"""What the ways to settle share: what was planned of a target, and the run's share of the log."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.cli.app import App
from reconciler.declare.project import Account, Project
from reconciler.driver import Driver
from reconciler.model import Action, Target
from reconciler.plan import planfile

if TYPE_CHECKING:
    from reconciler.lanes.journal import State
    from reconciler.lanes.known import Known


@dataclass(frozen=True, slots=True)
class Planned:
    """The planned action of a target, with the digests of the inventory files behind it."""

    action: Action
    inventory: tuple[str, ...]


def records_of(app: App, states: "Mapping[Target, State]") -> dict[Target, Planned]:
    """What was planned of each target, from the plans kept while they were applied.

    A plan calls an account what it was called then, and so does a state.
    """
    from reconciler.apply.merge import inventory_of
    from reconciler.lanes.state import kept_plan

    found: dict[Target, Planned] = {}
    then = {Target(one.account, t.id, t.part): t for t, one in states.items()}
    for digest in {state.plan for state in states.values() if state.plan}:
        data = kept_plan(app, digest)
        if data is None:
            continue
        plan = planfile.loads(data)
        for action in plan.actions:
            if action.action == "delete":
                one = Planned(action, inventory_of(plan))
                mine = [then[t] for t in action.targets if t in then]
                mine = [t for t in mine if states[t].plan == digest]
                found |= dict.fromkeys(mine, one)
    return found


def facts(target: Target, planned: Planned | None) -> dict[str, Any]:
    """What the audit log says of a target beside its outcome."""
    from reconciler.apply.jobs import facts_of

    if planned is not None:
        return facts_of(planned.action, {})
    return {"name": target.id, "sources": [], "waivers": [], "campaign": None}


def pairs_of(app: App, project: Project) -> list[tuple[Account, Driver]]:
    """Every account of the project with its driver."""
    drivers = app.drivers_of(project)
    return [(account, drivers[account.name]) for account in project.accounts.values()]


def accounts_of(
    app: App, project: Project, chosen: "Mapping[Target, State]", known: "Known"
) -> list[tuple[Account, Driver]]:
    """The accounts that have *chosen* today, by name, with their drivers."""
    here = {one.account for one in chosen if known.elsewhere(one) is None}
    return [pair for pair in sorted(pairs_of(app, project), key=_name) if pair[0].name in here]


def _name(pair: tuple[Account, Driver]) -> str:
    return pair[0].name


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

"""What today's files and the journal say of the targets of a saved plan, before any request."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.apply.merge import Ground, Planned, finished, merge
from reconciler.cli._apply_task import Options, Saved, Task
from reconciler.driver import Driver
from reconciler.lanes.journal import NOTHING, Journal, State
from reconciler.lanes.preparing import decided, limited, witnesses
from reconciler.lanes.work import Fate
from reconciler.model import Account, Plan, Target
from reconciler.plan.matching import Question

if TYPE_CHECKING:
    from reconciler.plan.today import FreshPlan


@dataclass(frozen=True, slots=True)
class Made:
    """The plan that today's files make, and what it was made of."""

    plan: Plan
    extras: "FreshPlan"


@dataclass(frozen=True, slots=True)
class Judged:
    """Every target of the saved plan, and the fates of those that nothing is sent for."""

    planned: Sequence[Planned]
    fates: Mapping[Target, Fate]

    @property
    def left(self) -> list[Planned]:
        """The targets that may still be sent."""
        return [one for one in self.planned if one.target not in self.fates]

    def working(self, options: Options) -> list[Planned]:
        """The targets that something is still to be done about: sent, or settled."""
        return [
            one
            for one in self.planned
            if one.target not in self.fates or (one.in_doubt and options.within(one.target.account))
        ]


def all_done(saved: Saved, journal: Journal) -> Judged | None:
    """Every target with its fate if all are final already; None if one is not."""
    if not saved.plan.applicable:
        return None
    states = journal.states(saved.targets)
    planned, fates = [], {}
    for action in saved.plan.actions:
        for target in action.targets if action.action == "delete" else ():
            state = states.get(target, NOTHING)
            fate = finished(saved.plan, saved.digest, action, target, state)
            if fate is None or not fate.outcome.final:
                return None
            planned.append(Planned(action, target, state, fate, action.campaign))
            fates[target] = fate
    return Judged(planned, fates)


def plan_anew(task: Task) -> Made:
    """The plan of today's files, which asks for the campaigns of the saved one as well."""
    from reconciler.plan.today import make_plan

    saved = task.saved.plan
    planned = {(one.account, one.id): None for one in saved.actions if one.id}
    fresh = make_plan(
        task.app,
        also=[Question("absent", name, id=id_) for name, id_ in planned if id_ is not None],
        inventory=task.options.inventory,
        inventory_format=task.options.inventory_format,
        now=task.now,
        author=saved.metadata.author,
    )
    return Made(fresh.plan, fresh)


def judge(task: Task, made: Made, states: Mapping[Target, State]) -> Judged:
    """Every target with the fate that it has before anything is sent, if it has one.

    *states*: what the journal knows of the targets.
    """
    saved = task.saved
    planned = merge(saved.plan, saved.digest, made.plan, states, _ground(task, made, states))
    fates = {one.target: one.fate for one in planned if one.fate is not None}
    chosen = task.options.accounts or None
    return Judged(planned, fates | limited(planned, accounts=chosen, limit=task.options.limit))


def _ground(task: Task, made: Made, states: Collection[Target]) -> Ground:
    saved, extras = task.saved.plan, made.extras
    facts, names = extras.facts.accounts, sorted(saved.accounts)
    fresh = made.plan.accounts
    return Ground(
        by_name={n for n in names if extras.drivers[task.project.accounts[n].driver].by_name},
        captured={n: facts[n].captured_at if n in facts else None for n in names},
        complete={n for n in names if n in fresh and fresh[n].complete},
        witnessed={
            n for n in names if witnesses(n, saved, made.plan, extras.matches, extras.facts).items
        },
        revived={t for t in states if task.waivers.of_target("resurrected", t)},
        listed={key: hit.campaign for key, hit in extras.matches.hits.items()},
    )


def accounts_of(task: Task, made: Made, planned: Sequence[Planned]) -> list[tuple[Account, Driver]]:
    """The accounts of *planned*, by name, each with its driver."""
    names = sorted({one.target.account for one in planned})
    accounts = [task.project.accounts[name] for name in names]
    return [(account, made.extras.drivers[account.driver]) for account in accounts]


def write_down(task: Task, journal: Journal, run: int, judged: Judged, made: Made) -> None:
    """What today's files decided about targets, without a request, is durable too."""
    saved, manifests = task.saved, made.extras.manifests
    rulings, records = decided(saved.plan, saved.digest, judged.planned, manifests, now=task.now)
    if rulings:
        journal.commit("", 0, run, rulings=rulings, audit=records)

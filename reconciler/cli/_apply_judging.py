"""What today's files and the journal say of the targets of a saved plan, before any request."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from reconciler.apply.merge import Ground, Planned, known_fate, merge
from reconciler.cli._apply_task import Options, Saved, Task
from reconciler.declare.project import Account
from reconciler.driver import Driver
from reconciler.lanes.journal import NOTHING
from reconciler.lanes.known import Known
from reconciler.lanes.preparing import decided, limited, witnesses
from reconciler.lanes.work import Fate, can_look
from reconciler.model import Plan, Target
from reconciler.plan.askers import askers, declared
from reconciler.plan.asking import asks
from reconciler.plan.guards.texts import today
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
    """Every target of the saved plan, and the fates of those that nothing is sent for.

    *asking*: the absences that ask for each campaign today (`plan.askers`).
    """

    planned: Sequence[Planned]
    fates: Mapping[Target, Fate]
    asking: Mapping[tuple[str, str], Collection[str]] = field(default_factory=dict)

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


def all_done(saved: Saved, known: Known, now: datetime) -> Judged | None:
    """Every target with its fate if all are final already; None if one is not."""
    if not saved.plan.applicable:
        return None
    states = known.states(saved.targets)
    planned, fates = [], {}
    for action in saved.plan.actions:
        for target in action.targets if action.action == "delete" else ():
            state = states.get(target, NOTHING)
            fate = known_fate(saved.plan, saved.digest, action, state, now)
            if fate is None or not fate.outcome.final:
                return None
            planned.append(Planned(action, target, state, fate, action.campaign))
            fates[target] = fate
    return Judged(planned, fates)


def plan_anew(task: Task, shared: Mapping[str, tuple[str, ...]] | None = None) -> Made:
    """The plan of today's files, which asks for the campaigns of the saved one as well.

    *shared*: the accounts of one scope, as credentials show it; None: as the files show it.
    """
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
        shared=shared,
    )
    return Made(fresh.plan, fresh)


def judge(task: Task, made: Made, known: Known | None) -> Judged:
    """Every target with the fate that it has before anything is sent, if it has one.

    *known*: what the journal knows; None: nobody asks it.
    """
    saved = task.saved
    states = {} if known is None else known.states(saved.targets)
    ground = _ground(task, made, known, states)
    planned = merge(saved.plan, saved.digest, made.plan, states, ground)
    fates = {one.target: one.fate for one in planned if one.fate is not None}
    left_out = limited(planned, accounts=task.options.accounts or None, limit=task.options.limit)
    return Judged(planned, fates | left_out, ground.asking)


def _ground(task: Task, made: Made, known: Known | None, states: Collection[Target]) -> Ground:
    saved, extras, now = task.saved.plan, made.extras, task.app.now()
    drivers = {n: extras.drivers[a.driver] for n, a in task.project.accounts.items()}
    table = asks(extras.asked, extras.matches, task.project, today=today(task.now))
    hits = extras.matches.hits
    lost = [
        one.campaign
        for one in saved.actions
        if one.action == "delete" and one.campaign and (one.account, one.id) not in hits
    ]
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
        listed={key: hit.campaign for key, hit in hits.items()},
        declared=declared(extras.asked, table, lost, now),
        asking=askers(
            extras.asked,
            table,
            extras.matches,
            (lambda name: name) if known is None else known.scope,
            lambda name: drivers[name].by_name,
        ),
        lookable={n for n in names if can_look(drivers[n])},
        now=now,
    )


def accounts_of(task: Task, made: Made, planned: Sequence[Planned]) -> list[tuple[Account, Driver]]:
    """The accounts of *planned*, by name, each with its driver."""
    names = sorted({one.target.account for one in planned})
    accounts = [task.project.accounts[name] for name in names]
    return [(account, made.extras.drivers[account.driver]) for account in accounts]


def write_down(task: Task, known: Known, run: int, judged: Judged, made: Made) -> None:
    """What today's files decided about targets, without a request, is durable too."""
    saved, manifests = task.saved, made.extras.manifests
    rulings, records = decided(
        saved.plan, saved.digest, judged.planned, manifests, known, judged.asking, now=task.now
    )
    if rulings:
        known.journal.commit("", 0, run, rulings=rulings, audit=records)

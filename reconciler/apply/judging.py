"""What today's files and the journal say of the targets of a saved plan, before any request."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.apply.jobs import Asking, decided
from reconciler.apply.merge import MergeFacts, PlanTarget, known_fate, merge
from reconciler.apply.task import ApplyOptions, Task
from reconciler.declare.project import Account
from reconciler.driver import Driver
from reconciler.lanes.journal import NOTHING
from reconciler.lanes.known import Known
from reconciler.lanes.rules import witnesses
from reconciler.lanes.work import Fate, can_look
from reconciler.model import Campaign, Outcome, PlanDocument, Target
from reconciler.plan.askers import askers, declared
from reconciler.plan.asking import asks
from reconciler.plan.guards.texts import today
from reconciler.plan.matching import Question
from reconciler.plan.saved import Saved
from reconciler.plan.today import FreshPlan, make_plan


@dataclass(frozen=True, slots=True)
class Agenda:
    """Every target of the saved plan, and the fates of those that nothing is sent for.

    *asking*: the absences that ask for each campaign today (`plan.askers`).
    """

    targets: Sequence[PlanTarget]
    fates: Mapping[Target, Fate]
    asking: Asking = field(default_factory=dict)

    @property
    def left(self) -> list[PlanTarget]:
        """The targets that may still be sent."""
        return [one for one in self.targets if one.target not in self.fates]

    def working(self, options: ApplyOptions) -> list[PlanTarget]:
        """The targets that something is still to be done about: sent, or settled."""
        return [
            one
            for one in self.targets
            if one.target not in self.fates or (one.in_doubt and options.choice.takes(one.target))
        ]


def all_done(saved: Saved, known: Known, now: datetime) -> Agenda | None:
    """Every target with its fate if all are final already; None if one is not."""
    if not saved.plan.applicable:
        return None
    states = known.states(saved.plan.targets)
    targets, fates = [], {}
    for action in saved.plan.actions:
        for target in action.targets if action.action == "delete" else ():
            state = states.get(target, NOTHING)
            fate = known_fate(saved.plan, saved.digest, action, state, now)
            if fate is None or not fate.outcome.final:
                return None
            targets.append(PlanTarget(action, target, state, fate, action.campaign))
            fates[target] = fate
    return Agenda(targets, fates)


def plan_anew(task: Task, shared: Mapping[str, tuple[str, ...]] | None = None) -> FreshPlan:
    """The plan of today's files, which asks for the campaigns of the saved one as well.

    *shared*: the accounts of one scope, as credentials show it; None: as the files show it.
    """
    saved = task.saved.plan
    planned = {(one.account, one.id): None for one in saved.actions if one.id}
    return make_plan(
        task.site,
        also=[Question("absent", name, id=id_) for name, id_ in planned if id_ is not None],
        inventory=task.inventory,
        now=task.now,
        author=saved.metadata.author,
        shared=shared,
        part=task.options.part,
    )


def judge(task: Task, fresh: FreshPlan, known: Known | None) -> Agenda:
    """Every target with the fate that it has before anything is sent, if it has one.

    *known*: what the journal knows; None: nobody asks it.
    """
    saved = task.saved
    states = {} if known is None else known.states(saved.plan.targets)
    facts = _facts(task, fresh, known, states)
    targets = merge(saved.plan, saved.digest, fresh.plan, states, facts)
    fates = {one.target: one.fate for one in targets if one.fate is not None}
    return Agenda(targets, fates | _left_out(targets, task.options), facts.asking)


def _facts(
    task: Task, fresh: FreshPlan, known: Known | None, states: Collection[Target]
) -> MergeFacts:
    saved, now = task.saved.plan, task.site.now()
    drivers = fresh.drivers
    table = asks(fresh.asked, fresh.matches, task.project, today=today(task.now))
    accounts, names = fresh.facts.accounts, sorted(saved.accounts)
    plans = fresh.plan.accounts
    listed = {key: hit.campaign for key, hit in fresh.matches.hits.items()}
    return MergeFacts(
        by_name={n for n in names if drivers[n].by_name},
        captured={n: accounts[n].captured_at if n in accounts else None for n in names},
        complete={n for n in names if n in plans and plans[n].complete},
        witnessed={
            n for n in names if witnesses(n, saved, fresh.plan, fresh.matches, fresh.facts).items
        },
        revived={
            t
            for t in states
            if task.waivers.of_target("resurrected", t, listed.get((t.account, t.id)))
        },
        listed=listed,
        declared=declared(fresh.asked, table, _no_longer_listed(saved, fresh), now),
        asking=askers(
            fresh.asked,
            table,
            fresh.matches,
            (lambda name: name) if known is None else known.scope,
            lambda name: drivers[name].by_name,
        ),
        lookable={n for n in names if can_look(drivers[n])},
        now=now,
    )


def _no_longer_listed(saved: PlanDocument, fresh: FreshPlan) -> list[Campaign]:
    """The records that the saved plan deletes and today's inventory does not list."""
    hits = fresh.matches.hits
    return [
        one.campaign
        for one in saved.actions
        if one.action == "delete" and one.campaign and hits.get((one.account, one.id or "")) is None
    ]


def _left_out(targets: Sequence[PlanTarget], options: ApplyOptions) -> dict[Target, Fate]:
    """Targets that this run leaves out, by what was asked for: `pending`, with why."""
    left_out: dict[Target, Fate] = {}
    taken = 0
    for one in targets:
        if one.fate is not None:
            continue
        if (option := options.choice.left_out(one.target)) is not None:
            left_out[one.target] = Fate(Outcome.PENDING, f"left out by {option}")
        elif options.limit is not None and taken >= options.limit:
            left_out[one.target] = Fate(Outcome.PENDING, f"left out by --limit {options.limit}")
        else:
            taken += 1
    return left_out


def accounts_of(
    task: Task, fresh: FreshPlan, targets: Sequence[PlanTarget]
) -> list[tuple[Account, Driver]]:
    """The accounts of *targets*, by name, each with its driver."""
    names = sorted({one.target.account for one in targets})
    accounts = [task.project.accounts[name] for name in names]
    return [(account, fresh.drivers[account.name]) for account in accounts]


def write_down(task: Task, known: Known, run: int, agenda: Agenda, fresh: FreshPlan) -> None:
    """What today's files decided about targets, without a request, is durable too."""
    saved, manifests = task.saved, fresh.manifests
    rulings, records = decided(
        saved.plan, saved.digest, agenda.targets, manifests, known, agenda.asking, now=task.now
    )
    if rulings:
        known.journal.commit("", 0, run, rulings=rulings, audit=records)

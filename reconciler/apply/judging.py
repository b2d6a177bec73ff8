"""What today's files and the journal say of the targets of a saved plan, before any request."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from msgspec import structs

from reconciler.apply.agenda import Agenda
from reconciler.apply.jobs import decided
from reconciler.apply.merge import MergeFacts, PlanTarget, known_fate, merge
from reconciler.apply.pages import pages
from reconciler.apply.task import ApplyOptions, Task
from reconciler.apply.twins import DOUBLE, doubles
from reconciler.declare.project import Account
from reconciler.driver import Driver
from reconciler.driver.looks import can_look
from reconciler.lanes.journal import NOTHING
from reconciler.lanes.known import Known
from reconciler.lanes.rules import Doomed, witnesses
from reconciler.lanes.work import Fate, Witnesses
from reconciler.model import Held, Outcome
from reconciler.plan import scopes
from reconciler.plan.askers import StillAsked, askers
from reconciler.plan.asking import asks
from reconciler.plan.guards.texts import today
from reconciler.plan.hits import Keys
from reconciler.plan.lines import keys
from reconciler.plan.packing import Hit
from reconciler.plan.saved import Saved
from reconciler.plan.spool import paged
from reconciler.plan.today import FreshPlan, make_plan


def all_done(saved: Saved, known: Known, now: datetime) -> Agenda | None:
    """Every target with its fate if all are final already; None if one is not."""
    if not saved.plan.applicable:
        return None
    agenda = Agenda(saved.plan)
    shared = scopes.twins({name: one for name, one in known.scopes.items() if one is not None})
    same = doubles(saved.plan, None, shared)
    planned = ((action, one) for action in saved.plan.deletions for one in action.targets)
    for some in paged(planned):
        states = known.states(target for _, target in some)
        for action, target in some:
            if target in same:
                one = PlanTarget(action, target, NOTHING, DOUBLE, action.campaign, double=True)
                agenda.add([one])
                continue
            state = states.get(target, NOTHING)
            fate = known_fate(saved.plan, saved.digest, action, state, now)
            if fate is None or not fate.outcome.final:
                return None
            agenda.add([PlanTarget(action, target, state, fate, action.campaign)])
    return agenda


def plan_anew(
    task: Task,
    shared: Mapping[str, tuple[str, ...]] | None = None,
    heed: Callable[[], None] = lambda: None,
) -> FreshPlan:
    """The plan of today's files, which asks for the campaigns of the saved one as well.

    *shared*: the accounts of one scope, as credentials show it; None: as the files show it. *heed*
    is called every some records, and may raise.
    """
    saved = task.saved.plan
    return make_plan(
        task.site,
        listed=Keys(one for one in keys(saved.actions) if one[1] is not None),
        inventory=task.inventory,
        now=task.now,
        author=saved.metadata.author,
        shared=shared,
        part=task.options.part,
        estimated=False,
        heed=heed,
    )


def judge(
    task: Task, fresh: FreshPlan, known: Known | None, heed: Callable[[], None] = lambda: None
) -> Agenda:
    """Every target with the fate that it has before anything is sent, if it has one.

    *known*: what the journal knows; None: nobody asks it. *heed* is called every some campaigns,
    and may raise: all of them take long.
    """
    seen = witnesses_of(task, fresh)
    agenda = Agenda(task.saved.plan, seen)
    for some in judged(task, fresh, known, seen):
        heed()
        agenda.add(some)
    return agenda


def witnesses_of(task: Task, fresh: FreshPlan) -> dict[str, Witnesses]:
    """Records of each account of the plan that nothing deletes."""
    doomed = Doomed(task.saved.plan, fresh.plan)
    return {
        name: witnesses(name, doomed, fresh.plan, fresh.matches, fresh.facts)
        for name in sorted(task.saved.plan.accounts)
    }


def judged(
    task: Task, fresh: FreshPlan, known: Known | None, seen: Mapping[str, Witnesses]
) -> Iterator[list[PlanTarget]]:
    """The same targets, those of some campaigns at a time. *seen*: the `witnesses_of` them."""
    saved = task.saved
    now = task.site.now() if known is None else known.journal.now()
    table = asks(fresh.asked, fresh.matches, task.project, today=today(task.now))
    static = _facts(task, fresh, now, seen)
    absences = StillAsked(fresh.asked, table, now)
    scope = (lambda name: name) if known is None else known.scope

    def asking(hits: Iterable[Hit]) -> dict[tuple[str, str], frozenset[str]]:
        drivers = fresh.drivers
        return askers(fresh.asked, table, hits, scope, lambda name: drivers[name].by_name)

    twins = fresh.asked.shared
    static = replace(static, doubles=doubles(saved.plan, fresh.plan, twins))
    every = fresh.matches.hits.values() if twins else ()
    shared = asking(one for one in every if one.key[0] in twins)
    left_out = _LeftOut(task.options)
    for page in pages(saved.plan, fresh.plan, fresh.matches.hits):
        targets = [target for action in page.saved for target in action.targets]
        own = [target for target in targets if target not in static.doubles]
        states = {} if known is None else known.states(own)
        listed = {key: hit.campaign for key, hit in page.hits.items()}
        gone = [
            one.campaign
            for one in page.saved
            if one.campaign is not None and (one.account, one.id) not in listed
        ]
        facts = replace(
            static,
            revived={
                t
                for t in states
                if task.waivers.of_target("resurrected", t, listed.get((t.account, t.id)))
            },
            listed=listed,
            declared=absences.among(gone),
            asking={**asking(page.hits.values()), **shared}
            if shared
            else asking(page.hits.values()),
        )
        merged = merge(
            structs.replace(saved.plan, actions=page.saved),
            saved.digest,
            structs.replace(fresh.plan, actions=page.fresh),
            states,
            facts,
        )
        yield list(map(left_out, merged))


def _facts(
    task: Task, fresh: FreshPlan, now: datetime, seen: Mapping[str, Witnesses]
) -> MergeFacts:
    """What is the same for all pages."""
    saved, drivers = task.saved.plan, fresh.drivers
    accounts, names = fresh.facts.accounts, sorted(saved.accounts)
    plans = fresh.plan.accounts
    return MergeFacts(
        by_name={n for n in names if drivers[n].by_name},
        captured={n: accounts[n].captured_at if n in accounts else None for n in names},
        complete={n for n in names if n in plans and plans[n].complete},
        witnessed={name for name in names if seen[name].items},
        revived=(),
        listed={},
        declared=(),
        asking={},
        lookable={n for n in names if can_look(drivers[n])},
        now=now,
    )


class _LeftOut:
    """Targets that this run leaves out, by what was asked for: `pending`, with why."""

    def __init__(self, options: ApplyOptions) -> None:
        self._options = options
        self._handed = None if options.left is None else iter(options.left)
        self._taken = 0

    def __call__(self, one: PlanTarget) -> PlanTarget:
        """*one*, the next in the plan's order, as this run takes it."""
        options = self._options
        option = options.choice.left_out(one.target)
        if self._handed is not None and not next(self._handed, 0):
            option = "the hand-over"
        if one.fate is not None:
            return one if option is None else structs.replace(one, taken=False)
        if option is not None:
            fate = Fate(Outcome.PENDING, f"left out by {option}", held=Held.LEFT_OUT)
            return structs.replace(one, left_out=fate, taken=False)
        if options.limit is not None and self._taken >= options.limit:
            said = f"left out by --limit {options.limit}"
            fate = Fate(Outcome.PENDING, said, held=Held.LIMIT)
            return structs.replace(one, left_out=fate)
        self._taken += 1
        return one


def accounts_of(task: Task, fresh: FreshPlan, names: Sequence[str]) -> list[tuple[Account, Driver]]:
    """The accounts *names*, each with its driver."""
    accounts = [task.project.accounts[name] for name in names]
    return [(account, fresh.drivers[account.name]) for account in accounts]


def write_down(task: Task, known: Known, run: int, agenda: Agenda, fresh: FreshPlan) -> None:
    """What today's files decided about targets, without a request, is durable too.

    Whoever holds the lane of such a target meanwhile knows better: what it wrote stays.
    """
    saved, manifests = task.saved, fresh.manifests
    for some in paged(agenda if agenda.decided else ()):
        rulings, records = decided(saved.plan, saved.digest, some, manifests, known, now=task.now)
        if rulings:
            known.journal.commit("", 0, run, rulings=rulings, audit=records, mild=True)

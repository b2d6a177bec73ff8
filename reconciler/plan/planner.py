"""The plan itself: actions, then everything that is counted over them."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from reconciler.declare.project import ProjectFile
from reconciler.driver import Driver, Item, growth, one_each
from reconciler.model import (
    API_VERSION,
    Action,
    Cost,
    Counts,
    Estimate,
    Inputs,
    PlanAccount,
    PlanDocument,
    PlanMetadata,
    Source,
    Summary,
    stamp,
)
from reconciler.plan import limits, looks, scopes, warnings
from reconciler.plan.asked import QuestionSet
from reconciler.plan.asking import asks
from reconciler.plan.coverage import Coverage, Covered, cover
from reconciler.plan.drafting import Draft, Findings
from reconciler.plan.guards.texts import today
from reconciler.plan.guards.waivers import sort_out
from reconciler.plan.judging import Ground, Wanted, actions
from reconciler.plan.losses import Loss
from reconciler.plan.matching import Matches

if TYPE_CHECKING:  # reading is not pure; only the shape is needed
    from reconciler.inventory import Facts


_UNSAID = Estimate(requests=0, seconds=0, accounts={})


def plan(
    project: ProjectFile,
    facts: "Facts",
    matches: Matches,
    asked: QuestionSet,
    drivers: Mapping[str, Driver],
    *,
    now: datetime,
    author: str | None,
    commit: str | None,
    tool: str,
    inputs: Inputs,
    only_accounts: Collection[str] | None = None,
    only_manifests: Collection[str] | None = None,
    attributes: bool = False,
    estimated: bool = True,
) -> PlanDocument:
    """What should be deleted, what is refused, and why.

    *matches* are the inventory's answers to *asked*; *drivers* by account; *now* is aware, its
    fraction of a second is dropped. *only_accounts* and *only_manifests* leave deletions out and
    change nothing else. *attributes*: whether records are shown with them. *estimated*: whether it
    says what it takes; whoever carries a plan out looks at no other's.
    """
    now = now.replace(microsecond=0)
    waivers = sort_out(project.waivers, today=today(now))
    table = asks(asked, matches, project, today=today(now))
    accounts = sorted({one.account for manifest in asked.manifests for one in manifest.absent})
    covered = {name: cover(project.accounts[name], facts.accounts.get(name)) for name in accounts}
    grounds = {
        name: Ground(
            account=project.accounts[name],
            driver=drivers[name],
            covered=covered[name],
            shared=matches.shared.get(name, frozenset()),
            waivers=waivers,
        )
        for name in accounts
    }
    wanted = _wanted(only_accounts, only_manifests)
    found = Findings(asked, table, matches, project, drivers, facts.accounts, now)
    draft = Draft(project, waivers)
    for some in found.stretches(
        lambda one: actions(one, grounds[one.account], wanted, attributes=attributes)
    ):
        draft.add(some)
    losses = draft.losses.accounts
    judged = limits.judge(project, facts, waivers, losses, accounts, now=now)
    lifted = judged.lifted
    if draft.whole is not draft.losses:
        lifted = limits.judge(
            project, facts, waivers, draft.whole.accounts, accounts, now=now
        ).lifted
    counts = {name: draft.losses.counts(name) for name in accounts}
    ordered = draft.done(judged)
    deletes = ordered[: sum(one.delete for one in counts.values())]
    return PlanDocument(
        api_version=API_VERSION,
        kind="Plan",
        metadata=PlanMetadata(
            project=project.name,
            created_at=stamp(now),
            expires_at=stamp(limits.expires(project, losses, now=now)),
            tool=tool,
            author=author,
            commit=commit,
        ),
        inputs=inputs,
        accounts={
            name: _account(project, name, facts, covered[name], grounds[name].driver)
            for name in accounts
        },
        applicable=not judged.violations,
        violations=judged.violations,
        approvals=limits.approvals(project, losses, judged),
        warnings=(
            *warnings.of_inventory(facts),
            *warnings.of_selectors(asked, table, matches),
            *warnings.of_exceptions(asked, matches, _complete(project, facts)),
            *warnings.of_accounts(project, facts, losses),
            *warnings.of_waivers(waivers, draft.whole, lifted),
        ),
        summary=_summary(counts),
        estimate=_estimate(project, facts, drivers, deletes, counts, losses)
        if estimated
        else _UNSAID,
        actions=ordered,
    )


def items(action: Action) -> tuple[Item, ...]:
    """The targets of *action* as a driver takes them; names to the byte, as the record has them."""
    record = action.campaign
    name = record.name if record is not None else action.name or action.id or ""
    channel = record.channel if record is not None else None
    return tuple([Item(target, name, channel) for target in action.targets])


def _wanted(accounts: Collection[str] | None, manifests: Collection[str] | None) -> Wanted:
    def wanted(account: str, sources: Sequence[Source]) -> bool:
        if accounts is not None and account not in accounts:
            return False
        return manifests is None or any(one.manifest in manifests for one in sources)

    return wanted


def _complete(project: ProjectFile, facts: "Facts") -> dict[str, bool]:
    return {
        name: cover(account, facts.accounts.get(name)).coverage is Coverage.COMPLETE
        for name, account in project.accounts.items()
    }


def _account(
    project: ProjectFile, name: str, facts: "Facts", covered: Covered, driver: Driver
) -> PlanAccount:
    account, known = project.accounts[name], facts.accounts.get(name)
    captured = known.captured_at if known is not None else None
    return PlanAccount(
        driver=account.driver,
        definition=account.definition,
        captured_at=None if captured is None else stamp(captured),
        complete=covered.coverage is Coverage.COMPLETE,
        campaigns=(known.campaigns or 0) if known is not None else 0,
        instead=driver.instead(account.settings),
    )


def _summary(counts: dict[str, Counts]) -> Summary:
    every = counts.values()
    return Summary(
        delete=sum(one.delete for one in every),
        refuse=sum(one.refuse for one in every),
        none=sum(one.none for one in every),
        targets=sum(one.targets for one in every),
        accounts=counts,
    )


def _estimate(
    project: ProjectFile,
    facts: "Facts",
    drivers: Mapping[str, Driver],
    deletes: Sequence[Action],
    counts: Mapping[str, Counts],
    losses: Mapping[str, Loss],
) -> Estimate:
    """Each request uses up its share of the account's limit: `requests x per / limit`, rounded up.

    Accounts that share a limit at the vendor wait for each other, the others do not. The looks at
    the start are requests too. *deletes* stand by account.
    """
    costs: dict[str, Cost] = {}
    lanes: dict[str, int] = {}
    done = 0
    for name, count in counts.items():
        account, driver = project.accounts[name], drivers[name]
        mine, done = deletes[done : done + count.delete], done + count.delete
        requests = count.targets
        if driver.batches is not one_each:
            asked = growth.requests(driver, account.settings, _items(mine), account.max_batch)
            requests = sum(1 for _ in asked)
        known = facts.accounts.get(name)
        campaigns = (known.campaigns or 0) if known is not None else 0
        if name in losses:
            requests += looks.requests(driver, losses[name].looks, campaigns)
        seconds = _ceil(requests * account.limits.per / account.limits.requests)
        costs[name] = Cost(requests=requests, seconds=seconds)
        lane = scopes.limit(account, driver, scopes.likeness(account, driver))
        lanes[lane] = lanes.get(lane, 0) + seconds
    return Estimate(
        requests=sum(cost.requests for cost in costs.values()),
        seconds=max(lanes.values(), default=0),
        accounts=costs,
    )


def _items(actions: Iterable[Action]) -> Iterator[Item]:
    return (item for action in actions for item in items(action))


def _ceil(value: float) -> int:
    # Rounded first: 0.1 * 30 is a little more than 3.
    return -int(-round(value, 6) // 1)

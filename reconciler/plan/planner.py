"""The plan itself: actions, then everything that is counted over them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import structs

from reconciler.declare.project import ProjectFile
from reconciler.driver import Driver, Item, growth
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
    Reason,
    Source,
    Summary,
    stamp,
)
from reconciler.plan import limits, scopes, warnings
from reconciler.plan.asked import QuestionSet
from reconciler.plan.asking import asks
from reconciler.plan.candidates import candidates
from reconciler.plan.coverage import Coverage, Covered, cover
from reconciler.plan.guards.texts import today
from reconciler.plan.guards.waivers import sort_out
from reconciler.plan.judging import Ground, Wanted, actions
from reconciler.plan.matching import Matches
from reconciler.plan.planfile import count
from reconciler.plan.sharing import joined

if TYPE_CHECKING:  # reading is not pure; only the shape is needed
    from reconciler.inventory import Facts

_ORDER = {"delete": 0, "refuse": 1, "none": 2}
_REASONS = {reason: place for place, reason in enumerate(Reason)}


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
) -> PlanDocument:
    """What should be deleted, what is refused, and why.

    *matches* are the inventory's answers to *asked*; *drivers* by account; *now* is aware, its
    fraction of a second is dropped. *only_accounts* and *only_manifests* leave deletions out and
    change nothing else. *attributes*: whether records are shown with them.
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
    every = joined(
        (
            pair
            for one in candidates(asked, table, matches, project, drivers, facts.accounts, now=now)
            for pair in actions(one, grounds[one.account], wanted, attributes=attributes)
        ),
        asked,
    )
    ordered = tuple(sorted([action for action, shown in every if shown], key=_place))
    judged = limits.judge(project, facts, waivers, ordered, accounts, now=now)
    ordered = tuple([_lifted(action, judged) for action in ordered])
    whole = [action for action, _ in every]
    lifted = judged.lifted
    if len(whole) > len(ordered):
        lifted = limits.judge(project, facts, waivers, whole, accounts, now=now).lifted
    return PlanDocument(
        api_version=API_VERSION,
        kind="Plan",
        metadata=PlanMetadata(
            project=project.name,
            created_at=stamp(now),
            expires_at=stamp(limits.expires(project, ordered, now=now)),
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
        approvals=limits.approvals(project, ordered, judged),
        warnings=(
            *warnings.of_inventory(facts),
            *warnings.of_selectors(asked, table, matches),
            *warnings.of_exceptions(asked, matches, _complete(project, facts)),
            *warnings.of_accounts(project, facts, ordered),
            *warnings.of_waivers(waivers, whole, lifted),
        ),
        summary=_summary(ordered, accounts),
        estimate=_estimate(project, drivers, ordered, accounts),
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


def _lifted(action: Action, judged: limits.Judged) -> Action:
    """A deletion that stands only because a waiver lifts a limit of its account says so."""
    used = judged.used(action.account) if action.action == "delete" else ()
    return structs.replace(action, waivers=(*action.waivers, *used)) if used else action


def _place(action: Action) -> tuple[object, ...]:
    return (
        _ORDER[action.action],
        action.account,
        action.id is not None,
        action.id or "",
        action.name or "",
        _REASONS[action.reason],
        action.parts or (),
        action.message or "",
    )


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


def _summary(actions: tuple[Action, ...], accounts: Iterable[str]) -> Summary:
    total = count(actions)
    return Summary(
        delete=total.delete,
        refuse=total.refuse,
        none=total.none,
        targets=total.targets,
        accounts={name: _counts(actions, name) for name in accounts},
    )


def _counts(actions: tuple[Action, ...], account: str) -> Counts:
    return count(tuple(action for action in actions if action.account == account))


def _estimate(
    project: ProjectFile,
    drivers: Mapping[str, Driver],
    actions: tuple[Action, ...],
    accounts: Iterable[str],
) -> Estimate:
    """Each request uses up its share of the account's limit: `requests x per / limit`, rounded up.

    Accounts that share a limit at the vendor wait for each other, the others do not.
    """
    costs: dict[str, Cost] = {}
    lanes: dict[str, int] = {}
    for name in accounts:
        account = project.accounts[name]
        driver = drivers[account.name]
        planned = [
            item
            for action in actions
            if action.action == "delete" and action.account == name
            for item in items(action)
        ]
        requests = 0
        if planned:
            asked = growth.requests(
                driver.batches, driver.growth, account.settings, planned, account.max_batch
            )
            requests = sum(1 for _ in asked)
        seconds = _ceil(requests * account.limits.per / account.limits.requests)
        costs[name] = Cost(requests=requests, seconds=seconds)
        lane = scopes.limit(account, driver, scopes.likeness(account, driver))
        lanes[lane] = lanes.get(lane, 0) + seconds
    return Estimate(
        requests=sum(cost.requests for cost in costs.values()),
        seconds=max(lanes.values(), default=0),
        accounts=costs,
    )


def _ceil(value: float) -> int:
    # Rounded first: 0.1 * 30 is a little more than 3.
    return -int(-round(value, 6) // 1)

"""What is judged of a whole account: violations, who lifts them, approvals, the plan's end."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from reconciler.declare.project import Account, MaxDeletions, ProjectFile, Waiver
from reconciler.model import AccountFacts, ApprovalsNeeded, Violation, WaiverUse
from reconciler.plan.guards import inventory_age, max_deletions
from reconciler.plan.guards.waivers import Waivers, use
from reconciler.plan.losses import Loss

if TYPE_CHECKING:  # reading is not pure; only the shape is needed
    from reconciler.inventory import Facts


class Judged(msgspec.Struct, frozen=True):
    """The broken limits that nobody lifts, and the waivers that lift one; by account name."""

    violations: tuple[Violation, ...]
    lifted: tuple[tuple[str, Waiver], ...]

    def used(self, account: str) -> tuple[WaiverUse, ...]:
        """The waivers that lift a limit of *account*."""
        return tuple(use(waiver) for name, waiver in self.lifted if name == account)


def judge(
    project: ProjectFile,
    facts: "Facts",
    waivers: Waivers,
    losses: Mapping[str, Loss],
    accounts: Iterable[str],
    *,
    now: datetime,
) -> Judged:
    """The limits of every account that loses something; where nothing goes, none is broken."""
    violations: list[Violation] = []
    lifted: list[tuple[str, Waiver]] = []
    for name in accounts:
        if name not in losses:
            continue
        account = project.accounts[name]
        known = facts.accounts.get(name) or AccountFacts()
        campaigns, captured = known.campaigns or 0, known.captured_at
        for guard, said, waiver in (
            _deletions(account, losses[name], campaigns, waivers),
            _age(account, captured, facts.oldest.get(name), waivers, now),
        ):
            if said is not None:
                violations.append(Violation(guard=guard, account=name, message=said))
            elif waiver is not None:
                lifted.append((name, waiver))
    return Judged(violations=tuple(violations), lifted=tuple(lifted))


_Verdict = tuple[str, str | None, Waiver | None]


def _deletions(account: Account, loss: Loss, campaigns: int, waivers: Waivers) -> _Verdict:
    guard = "max-deletions"
    targets, deleted = loss.targets, loss.campaigns
    said = max_deletions.violation(
        account.guards.max_deletions, targets=targets, deleted=deleted, campaigns=campaigns
    )
    if said is None:
        return guard, None, None
    lifting = [one for one in waivers.of_account(guard, account.name) if one.count is not None]
    if not lifting:
        return guard, said, None
    best = max(lifting, key=lambda one: one.count or 0)
    over = max_deletions.violation(
        MaxDeletions(count=best.count), targets=targets, deleted=deleted, campaigns=campaigns
    )
    if over is None:
        return guard, None, best
    place = f"the waiver at {best.path}:{best.line} allows {best.count}"
    return guard, f"{said}; {place}", None


def _age(
    account: Account,
    captured: datetime | None,
    oldest: datetime | None,
    waivers: Waivers,
    now: datetime,
) -> _Verdict:
    guard = "inventory-age"
    said = inventory_age.violation(
        captured,
        now=now,
        most=account.guards.inventory_max_age,
        written=account.guards.inventory_max_age_written,
        oldest=oldest,
    )
    if said is None:
        return guard, None, None
    for waiver in waivers.of_account(guard, account.name):
        return guard, None, waiver
    return guard, said, None


def expires(project: ProjectFile, losing: Iterable[str], *, now: datetime) -> datetime:
    """When the plan can no longer be applied: the strictest `planMaxAge` of who loses something."""
    ages = [project.accounts[name].guards.plan_max_age for name in losing]
    return now + min(ages, default=project.guards.plan_max_age)


def approvals(project: ProjectFile, losses: Mapping[str, Loss], judged: Judged) -> ApprovalsNeeded:
    """How many signatures the plan needs, and why.

    Accounts under one rule count together; of several rules (an account may have its own) the
    one that asks for most wins.
    """
    rules: dict[tuple[int, int], list[str]] = defaultdict(list)
    for name in sorted(losses):
        rule = project.accounts[name].guards.approvals
        if rule is not None:
            rules[rule.required, rule.above].append(name)
    needed = ApprovalsNeeded(required=0, because=None)
    for (required, above), names in sorted(rules.items()):
        mine = [losses[name] for name in names]
        because: list[str] = []
        if sum(one.targets for one in mine) > above:
            because.append(f"above {above}")
        if any(one.waived for one in mine) or any(judged.used(name) for name in names):
            because.append("a waiver is used")
        if because and required > needed.required:
            needed = ApprovalsNeeded(required=required, because=" and ".join(because))
    return needed

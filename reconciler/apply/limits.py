"""What limits still allow of a plan today, judged on the targets that are still to go."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from reconciler.apply.agenda import Agenda, Share
from reconciler.apply.task import Task
from reconciler.declare.project import Account, ProjectFile
from reconciler.errors import NotAllowed
from reconciler.inventory import Facts
from reconciler.lanes.known import Known
from reconciler.model import AccountFacts, Violation
from reconciler.plan.guards import inventory_age, max_deletions
from reconciler.plan.guards.lifts import ways_out
from reconciler.plan.guards.texts import span
from reconciler.plan.guards.waivers import Waivers


def check_limits(
    task: Task, known: Known, agenda: Agenda, facts: Facts, *, begun: datetime | None = None
) -> None:
    """`NotAllowed` if what is left breaks `max-deletions` or `inventory-age` today.

    *begun*: when the run began, if that was before; the inventory is judged as of then.
    """

    def since(account: str, moment: datetime) -> int:
        return known.journal.deleted_since(known.scope(account), moment)

    left = {name: agenda.accounts[name] for name in agenda.left}
    broken = violations(task.project, left, facts, task.waivers, since, now=task.now, begun=begun)
    if broken:
        raise refusal(broken)


def refusal(broken: Sequence[Violation]) -> NotAllowed:
    """The error that tells *broken*."""
    said = "; ".join(
        f"{one.guard} ({one.account}): {one.message}" if one.account else one.message
        for one in broken
    )
    return NotAllowed(f"{said}; nothing was sent.{ways_out(one.guard for one in broken)}")


def violations(
    project: ProjectFile,
    left: Mapping[str, Share],
    facts: Facts,
    waivers: Waivers,
    deleted_since: Callable[[str, datetime], int],
    *,
    now: datetime,
    begun: datetime | None = None,
) -> list[Violation]:
    """`max-deletions` and `inventory-age`, judged today on the targets that are still to go."""
    found: list[Violation] = []
    for name, share in sorted(left.items()):
        account, mine = project.accounts[name], facts.accounts.get(name)
        per = account.guards.max_deletions.per
        before = deleted_since(name, now - per) if per is not None else 0
        if said := _too_many(account, share, before, mine, waivers):
            found.append(Violation(guard="max-deletions", account=name, message=said))
        if waivers.of_account("inventory-age", name):
            continue
        oldest = facts.oldest.get(name)
        if said := _too_old(account, mine, oldest, project.guards.plan_max_age, begun or now):
            found.append(Violation(guard="inventory-age", account=name, message=said))
    return found


def _too_many(
    account: Account,
    left: Share,
    before: int,
    known: AccountFacts | None,
    waivers: Waivers,
) -> str | None:
    """By how much *left* and what was deleted *before* break the account's limit."""
    limit = account.guards.max_deletions
    waived = waivers.of_account("max-deletions", account.name)
    if counts := [one.count for one in waived if one.count is not None]:
        limit = type(limit)(count=max(counts), percent=None, per=limit.per)
    said = max_deletions.violation(
        limit,
        targets=left.left + before,
        deleted=left.campaigns,  # percent is of this plan alone
        campaigns=(known.campaigns or 0) if known is not None else 0,
    )
    if said is None or limit.per is None:
        return said
    return f"{said} ({before} of them before, within {span(limit.per)})"


def _too_old(
    account: Account,
    known: AccountFacts | None,
    oldest: datetime | None,
    plan_max_age: timedelta,
    now: datetime,
) -> str | None:
    guards = account.guards
    return inventory_age.violation(
        known.captured_at if known is not None else None,
        now=now,
        most=max(guards.inventory_max_age, plan_max_age),
        written=guards.inventory_max_age_written,
        oldest=oldest,
    )

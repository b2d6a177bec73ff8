"""What a look is judged by: guards that a record must pass, records that give silence a meaning."""

from datetime import datetime

from reconciler.declare.project import Account
from reconciler.driver import Item
from reconciler.inventory import Facts
from reconciler.lanes.work import Rules, Witnesses
from reconciler.model import Campaign, Plan, Reason, Target
from reconciler.plan.asked import Asked
from reconciler.plan.guards import running
from reconciler.plan.guards.waivers import Waivers
from reconciler.plan.matching import Matcher, Matches, Question

_WITNESSES = 200


def rules_of(account: Account, asked: Asked, waivers: Waivers, now: datetime) -> Rules:
    """The guards that a record must pass when a look shows it."""
    protects = [
        Question("protect", q.account, q.id, q.name, q.match)
        for q in asked.questions
        if q.role == "protect" and q.account == account.name
    ]

    def broken(target: Target, seen: Campaign) -> str | None:
        if not waivers.of_target("protected", target) and protects:
            matcher = Matcher(protects, now=now)
            matcher.feed([seen])
            if matcher.finish().hits:
                return Reason.PROTECTED.value
        if running.refusal(seen, account.guards) and not waivers.of_target("running", target):
            return Reason.RUNNING.value
        return None

    return Rules(broken)


def witnesses(account: str, saved: Plan, fresh: Plan, matches: Matches, facts: Facts) -> Witnesses:
    """Records of the account's inventory that neither plan deletes."""
    doomed = {one.id for one in (*saved.actions, *fresh.actions) if one.action == "delete"}
    spared = [one.campaign for one in fresh.actions if one.campaign and one.account == account]
    pool = [one for one in (*matches.unasked.get(account, ()), *spared) if one.id not in doomed]
    known = facts.accounts.get(account)
    return Witnesses(
        tuple(Item(Target(account, c.id), c.name, c.channel) for c in pool[:_WITNESSES]),
        (known.campaigns or 0) if known is not None else 0,
    )

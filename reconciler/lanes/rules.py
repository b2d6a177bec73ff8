"""What a look is judged by: guards and exceptions, and records that give silence a meaning."""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from itertools import chain, islice

from reconciler.declare.manifest import Entry
from reconciler.declare.project import Account
from reconciler.driver import Driver, Item
from reconciler.inventory import Facts
from reconciler.lanes.work import Rules, Witnesses
from reconciler.model import AccountFacts, Campaign, Held, PlanDocument, Reason, Target
from reconciler.plan import exceptions
from reconciler.plan.asked import Origin, QuestionSet
from reconciler.plan.guards import running
from reconciler.plan.guards.waivers import Waivers
from reconciler.plan.hits import Keys
from reconciler.plan.lines import keys
from reconciler.plan.matching import Matcher, Matches, Question

_WITNESSES = 200


def rules_of(
    account: Account,
    driver: Driver,
    asked: QuestionSet,
    matches: Matches,
    waivers: Waivers,
    now: datetime,
) -> Rules:
    """The rules of *account*, from what *asked* keeps and protects there.

    *matches*: what the inventory of today answered; its records say which parts a campaign has.
    """
    mine = [
        (q, origin)
        for q, origin in zip(asked.questions, asked.origins, strict=True)
        if q.role != "absent" and q.account == account.name
    ]
    every = _Exceptions([q for q, _ in mine], [origin for _, origin in mine], driver, now)

    def lifted(guard: str, target: Target) -> bool:
        if (guard, target.account, target.id) not in waivers.active:
            return False
        hit = matches.hits.get((target.account, target.id))
        record = None if hit is None else hit.campaign
        return waivers.of_target(guard, target, record) is not None

    def broken(target: Target, seen: Campaign) -> Held | None:
        protected = every.hold(target, every.asked(seen), Reason.PROTECTED)
        if protected and not lifted("protected", target):
            return Held.PROTECTED
        if running.refusal(seen, account.guards) and not lifted("running", target):
            return Held.RUNNING
        return None

    def excepted(
        target: Target, seen: Campaign, planned: Campaign | None, due: bool
    ) -> Held | None:
        whole = exceptions.seen_over(planned, seen, exceptions.shown(driver))
        waived = lifted("protected", target)
        answers = every.asked(whole)
        if every.hold(target, answers, Reason.KEPT):
            return Held.KEPT
        if not waived and every.hold(target, answers, Reason.PROTECTED):
            return Held.PROTECTED
        return (
            Held.UNKNOWN if due and every.unclear(target, whole, answers, waived=waived) else None
        )

    return Rules(broken, excepted)


class _Exceptions:
    """The keeps and protections of one account, asked of one record at a time."""

    def __init__(
        self,
        questions: Sequence[Question],
        origins: Sequence[Origin],
        driver: Driver,
        now: datetime,
    ) -> None:
        self._questions = questions
        self._origins = origins
        self._facts = AccountFacts(fields=exceptions.shown(driver))
        self._now = now

    def asked(self, record: Campaign) -> Matches:
        """What *record* answers: the questions that hold, and those it lacks a field for."""
        matcher = Matcher(self._questions, now=self._now, spare=0)
        matcher.feed([record])
        return matcher.finish()

    def hold(self, target: Target, answers: Matches, because: Reason) -> bool:
        """Whether an exception of this kind holds, by what the record *answers*."""
        hits = answers.hits.values()
        return any(_is(self._origins[i], because, target) for hit in hits for i in hit.asked)

    def unclear(self, target: Target, record: Campaign, answers: Matches, *, waived: bool) -> bool:
        """Whether an exception may hold for *record*, as far as the look tells."""
        for index in sorted({*answers.lacking, *answers.nameless}):
            origin = self._origins[index]
            kind = Reason.KEPT if isinstance(origin, Entry) else Reason.PROTECTED
            if (waived and kind is Reason.PROTECTED) or not _is(origin, kind, target):
                continue
            if exceptions.may_hold([origin], record, self._facts):
                return True
        return False


def _is(origin: Origin, because: Reason, target: Target) -> bool:
    if not isinstance(origin, Entry):
        return because is Reason.PROTECTED
    numbers = origin.phone_numbers
    return because is Reason.KEPT and (numbers is None or target.part in numbers)


class Doomed:
    """The ids that any of *plans* deletes, under whatever account."""

    def __init__(self, *plans: PlanDocument) -> None:
        self._plans = plans

    @cached_property
    def _ids(self) -> Keys:
        return Keys(one for plan in self._plans for _, one in keys(plan.deletions))

    def __contains__(self, id_: str) -> bool:
        return id_ in self._ids


def witnesses(
    account: str, doomed: Doomed, fresh: PlanDocument, matches: Matches, facts: Facts
) -> Witnesses:
    """Records of the account's inventory that no plan deletes."""
    left = fresh.actions[fresh.summary.delete :]
    spared = (one.campaign for one in left if one.campaign and one.account == account)
    every = chain(matches.unasked.get(account, ()), spared)
    pool = list(islice((one for one in every if one.id not in doomed), _WITNESSES))
    known = facts.accounts.get(account)
    return Witnesses(
        tuple(Item(Target(account, c.id), c.name, c.channel) for c in pool),
        (known.campaigns or 0) if known is not None else 0,
    )

"""Deletions by the million: what was judged of one record holds for those like it. Pure.

Records that the same absences ask for, and of which none gives a reason of its own, have one
verdict: it is found once, by asking everything, and then only what a record itself may answer is
asked of the next. What the verdict says is written once, too.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from reconciler.declare.project import Account
from reconciler.driver import Driver
from reconciler.model import Action, Campaign, Status
from reconciler.plan.guards import running
from reconciler.plan.lines import line
from reconciler.plan.packing import PackedHit, Plain


class Stretch(NamedTuple):
    """Deletions of campaigns without parts, all of one absence and account, as lines in order.

    *like*: an action as they are, of another record; *last*: the last id.
    """

    like: Action
    shown: bool
    lines: Sequence[bytes]
    statuses: Mapping[Status | None, int]
    last: str


class _Verdict(msgspec.Struct, frozen=True, gc=False):
    """A deletion as others are, whether it is in the plan, and what stands around a record."""

    action: Action
    shown: bool
    before: bytes
    between: bytes
    after: bytes

    @classmethod
    def of(cls, action: Action, hit: PackedHit, *, shown: bool) -> "_Verdict":
        text = line(action)
        before, _, more = text.partition(hit.own)
        between, _, end = more.partition(hit.own)
        return cls(action, shown, before, between, end.removeprefix(hit.rest))


def plainness(accounts: Mapping[str, Account], drivers: Mapping[str, Driver]) -> Plain:
    """Says whether a record by itself gives no reason to leave it alone, and has no parts.

    Where a vendor goes by name or takes parts, other records or parts decide too: none is plain.
    """
    usual = {
        name: (
            _let(one),
            one.settings,
            drivers[name].unsafe,
            drivers[name].unsupported,
        )
        for name, one in accounts.items()
        if not drivers[name].by_name and drivers[name].parts != "phoneNumbers"
    }

    def plain(record: Campaign) -> bool:
        found = usual.get(record.account)
        if found is None or record.message_ids is not None:
            return False
        let, settings, unsafe, unsupported = found
        given: Any = settings
        return (
            record.status in let
            and unsafe(given, record, None) is None
            and unsupported(given, record) is None
        )

    return plain


def _let(account: Account) -> frozenset[Status | None]:
    """The statuses that are no reason to leave a campaign alone."""
    every = [Campaign(account=account.name, id="", name="", status=one) for one in (None, *Status)]
    return frozenset(one.status for one in every if running.refusal(one, account.guards) is None)


class Usual:
    """The verdicts so far. *twins*: the questions by name for what may be an id."""

    def __init__(self, twins: Collection[int]) -> None:
        self._verdicts: dict[tuple[str, tuple[int, ...]], _Verdict] = {}
        self._twins = frozenset(twins)

    def of(self, account: str, hits: Sequence[PackedHit], at: int) -> Stretch | None:
        """What becomes of *hits* of *account* from *at* on, as many as are alike.

        None: the one at that place has to be judged.
        """
        asked = hits[at].asked
        verdict = self._verdicts.get((account, asked))
        if verdict is None:
            return None
        mine = []
        for hit in hits[at:] if at else hits:
            if hit.asked != asked or hit.unsure or not hit.plain:
                break
            mine.append(hit)
        if not mine:
            return None
        before, between, after = verdict.before, verdict.between, verdict.after
        return Stretch(
            verdict.action,
            verdict.shown,
            [b"".join((before, one.own, between, one.own, one.rest, after)) for one in mine],
            Counter([one.status for one in mine]),
            mine[-1].id,
        )

    def learn(self, account: str, hit: PackedHit, judged: Sequence[tuple[Action, bool]]) -> None:
        """Everything was asked about *hit*, and *judged* came of it."""
        key = account, hit.asked
        if not hit.plain or hit.unsure or key in self._verdicts or len(judged) != 1:
            return
        if not self._twins.isdisjoint(hit.asked):  # there its name has a say
            return
        action, shown = judged[0]
        own = action.message or action.waivers or action.parts is not None
        if action.action == "delete" and not own:
            self._verdicts[key] = _Verdict.of(action, hit, shown=shown)

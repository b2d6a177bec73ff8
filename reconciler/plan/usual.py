"""Deletions by the million: what was judged of one record holds for those like it. Pure.

Records that the same absences ask for, and of which none gives a reason of its own, have one
verdict: it is found once, by asking everything, and then only what a record itself may answer is
asked of the next.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec

from reconciler.model import Action, Campaign
from reconciler.plan.guards import running
from reconciler.plan.hits import Hit
from reconciler.plan.judging import Ground, shown_record


class _Verdict(msgspec.Struct, frozen=True, gc=False):
    """A deletion as others are, and whether it is in the plan."""

    action: Action
    shown: bool


class _Account:
    """What is known of the records of one account. *verdicts*: by the questions they answer."""

    __slots__ = ("_guards", "_settings", "_unsafe", "_unsupported", "verdicts")

    def __init__(self, ground: Ground) -> None:
        self._guards = ground.account.guards
        self._settings: Any = ground.account.settings
        self._unsafe = ground.driver.unsafe
        self._unsupported = ground.driver.unsupported
        self.verdicts: dict[tuple[int, ...], _Verdict] = {}

    def plain(self, record: Campaign) -> bool:
        """Whether *record* by itself gives no reason to leave it alone, and has no parts."""
        return (
            record.message_ids is None
            and running.refusal(record, self._guards) is None
            and self._unsafe(self._settings, record, None) is None
            and self._unsupported(self._settings, record) is None
        )


class Usual:
    """The verdicts so far. *twins*: the questions by name for what may be an id.

    Where a vendor goes by name or takes parts, other records or parts decide too: nothing is usual.
    """

    def __init__(
        self, grounds: Mapping[str, Ground], twins: Collection[int], *, attributes: bool
    ) -> None:
        self._accounts = {
            name: _Account(ground)
            for name, ground in grounds.items()
            if not ground.driver.by_name and ground.driver.parts != "phoneNumbers"
        }
        self._twins = frozenset(twins)
        self._attributes = attributes

    def of(self, hits: Sequence[Hit], at: int) -> tuple[list[Action], bool]:
        """What becomes of *hits* from *at* on, as many as are alike; whether it is in the plan.

        No action: the one at that place has to be judged.
        """
        first = hits[at]
        name, asked, made = first.campaign.account, first.asked, list[Action]()
        account = self._accounts.get(name)
        verdict = None if account is None else account.verdicts.get(asked)
        if account is None or verdict is None:
            return made, False
        one, plain = verdict.action, account.plain
        for place in range(at, len(hits)):
            hit = hits[place]
            record = hit.campaign
            alike = hit.asked == asked and record.account == name and not hit.unsure
            if not alike or not plain(record):
                break
            if record.attributes is not None:
                record = shown_record(record, attributes=self._attributes)
            made.append(
                Action(
                    action="delete",
                    reason=one.reason,
                    account=name,
                    driver=one.driver,
                    id=record.id,
                    name=record.name,
                    parts=None,
                    message=None,
                    look_first=None,
                    sources=one.sources,
                    waivers=(),
                    campaign=record,
                )
            )
        return made, verdict.shown

    def learn(self, hit: Hit, judged: Sequence[tuple[Action, bool]]) -> None:
        """Everything was asked about *hit*, and *judged* came of it."""
        account = self._accounts.get(hit.campaign.account)
        if account is None or hit.unsure or hit.asked in account.verdicts or len(judged) != 1:
            return
        if not self._twins.isdisjoint(hit.asked):  # there its name has a say
            return
        action, shown = judged[0]
        own = action.message or action.waivers or action.parts is not None
        if action.action == "delete" and not own and account.plain(hit.campaign):
            account.verdicts[hit.asked] = _Verdict(action, shown)

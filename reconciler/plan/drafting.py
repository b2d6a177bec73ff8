"""The actions of a plan in their order, none of them held: found by campaign, kept as lines. Pure.

Campaigns that the inventory lists come by account and id. The few that it does not list, and those
of accounts that share a scope, are held, put in order and woven in.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial

from msgspec import structs

from reconciler.declare.project import ProjectFile
from reconciler.driver import Driver
from reconciler.model import AccountFacts, Action, Reason
from reconciler.plan.asked import QuestionSet
from reconciler.plan.asking import Ask
from reconciler.plan.candidates import Candidate, listed, unlisted
from reconciler.plan.guards.waivers import Waivers
from reconciler.plan.limits import Judged
from reconciler.plan.lines import action_sink, decoded
from reconciler.plan.losses import Losses
from reconciler.plan.matching import Matches
from reconciler.plan.packing import Hit, unpacked
from reconciler.plan.samerecords import SameSink
from reconciler.plan.sharing import joined
from reconciler.plan.spool import Lines
from reconciler.plan.usual import Stretch, Usual

_REASONS = {reason: place for place, reason in enumerate(Reason)}

Pair = tuple[Action, bool]  # an action, and whether it is in the plan
Judge = Callable[[Candidate], Sequence[Pair]]


class Findings:
    """Everything that is asked for."""

    def __init__(
        self,
        asked: QuestionSet,
        table: Mapping[int, Ask],
        matches: Matches,
        project: ProjectFile,
        drivers: Mapping[str, Driver],
        facts: Mapping[str, AccountFacts],
        now: datetime,
    ) -> None:
        self._asked = asked
        self._hits = matches.hits
        self._table = table
        self._listed = partial(listed, asked=asked, asks=table, facts=facts)
        self._unlisted = partial(unlisted, asked, table, project, drivers, now=now)

    def stretches(self, judged: Judge) -> Iterator[Stretch | Pair]:
        """What *judged* says of each campaign, by account and id; most are as others were."""
        shared = self._asked.shared
        held: list[Pair] = []
        if shared:
            some = (hit for hit in self._hits.in_order() if hit.campaign.account in shared)
            held += [pair for hit in some for pair in self._judged(hit, judged)]
        held += [pair for one in self._unlisted() for pair in judged(one)]
        held = sorted(joined(held, self._asked), key=_place)
        return _woven(self._rest(judged), held)

    def _rest(self, judged: Judge) -> Iterator[Stretch | Pair]:
        shared, kinds = self._asked.shared, self._hits.kinds
        usual = Usual(self._asked.twins, kinds, self._table)
        for account, some in self._hits.packed():
            at = 0
            while at < len(some):
                if (found := usual.of(account, some, at)) is not None:
                    yield found
                    at += len(found.lengths)
                    continue
                if account not in shared:
                    one = some.part(at, at + 1)
                    pairs = self._judged(unpacked(one, kinds)[0], judged)
                    usual.learn(account, one, pairs)
                    yield from sorted(pairs, key=_place)
                at += 1

    def _judged(self, hit: Hit, judged: Judge) -> Sequence[Pair]:
        candidate = self._listed(hit)
        return () if candidate is None else judged(candidate)


def _woven(found: Iterator[Stretch | Pair], held: Sequence[Pair]) -> Iterator[Stretch | Pair]:
    """What is *found*, and what was *held* at its places among it."""
    waiting = deque(held)
    for some in found:
        due: list[Pair] = []
        while waiting and not _after(waiting[0], some):
            due.append(waiting.popleft())
        if due:
            yield from sorted([*_pairs(some), *due], key=_place)
        else:
            yield some
    yield from waiting


def _after(held: Pair, some: Stretch | Pair) -> bool:
    """Whether the place of *held* is behind all of *some*."""
    if isinstance(some, Stretch):
        return _place(held)[:3] > (some.like.account, True, some.last)
    return _place(held) >= _place(some)


def _pairs(some: Stretch | Pair) -> list[Pair]:
    if isinstance(some, Stretch):
        return [(one, some.shown) for one in decoded(some.text)]
    return [some]


class Draft:
    """The actions of a plan that is being made.

    *losses* count what is in it; *whole* also what `--account` and `--manifest` leave out.
    """

    def __init__(self, project: ProjectFile, waivers: Waivers) -> None:
        self._sinks = {"delete": action_sink(), "refuse": action_sink(), "none": action_sink()}
        self._same = SameSink()
        self._new = partial(Losses, project, waivers)
        self.losses = self._new()
        self._whole: Losses | None = None

    @property
    def whole(self) -> Losses:
        """The losses if nothing were left out; *losses* themselves if nothing is."""
        return self._whole or self.losses

    def add(self, some: Stretch | Pair) -> None:
        """The next actions. Those that are not shown are left out."""
        shown = some.shown if isinstance(some, Stretch) else some[1]
        if not shown and self._whole is None:
            self._whole = self._copied()
        if self._whole is not None:
            _count(self._whole, some)
        if shown:
            _count(self.losses, some)
            if isinstance(some, Stretch):
                deletions = self._sinks["delete"]
                self._same.add(len(deletions), some)
                deletions.add_text(some.text, some.lengths)
            else:
                self._sinks[some[0].action].add(some[0])

    def _copied(self) -> Losses:
        again = self._new()
        for sink in self._sinks.values():
            for one in sink.done():
                again.add(one)
        return again

    def done(self, judged: Judged) -> Lines[Action]:
        """Deletions, refusals, then the rest. Lifted limits are told by each deletion.

        Beside them stand the records of those that are alike, as `SameRecords`.
        """
        first, same = self._sinks["delete"], self._same.done()
        if judged.lifted:
            plain, first, same = first.done(), action_sink(), ()
            for one in plain:
                used = judged.used(one.account)
                more = structs.replace(one, waivers=(*one.waivers, *used)) if used else one
                first.add(more)
        first.extend(self._sinks["refuse"])
        first.extend(self._sinks["none"])
        return first.done(same)


def _count(losses: Losses, some: Stretch | Pair) -> None:
    if isinstance(some, Stretch):
        losses.add_alike(some)
    else:
        losses.add(some[0])


def _place(pair: Pair) -> tuple[object, ...]:
    action = pair[0]
    return (
        action.account,
        action.id is not None,
        action.id or "",
        action.name or "",
        _REASONS[action.reason],
        action.parts or (),
        action.message or "",
    )

"""The actions of a plan in their order, none of them held: found by campaign, kept as lines. Pure.

Campaigns that the inventory lists come by account and id. The few that it does not list, and those
of accounts that share a scope, are held, put in order and woven in.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple

from msgspec import structs

from reconciler.declare.project import ProjectFile
from reconciler.driver import Driver
from reconciler.model import AccountFacts, Action, Reason
from reconciler.plan.asked import QuestionSet
from reconciler.plan.asking import Ask
from reconciler.plan.candidates import Candidate, listed, unlisted
from reconciler.plan.guards.waivers import Waivers
from reconciler.plan.hits import Hit
from reconciler.plan.limits import Judged
from reconciler.plan.lines import action_sink
from reconciler.plan.losses import Losses
from reconciler.plan.matching import Matches
from reconciler.plan.sharing import joined
from reconciler.plan.spool import Lines
from reconciler.plan.usual import Usual

_REASONS = {reason: place for place, reason in enumerate(Reason)}

Pair = tuple[Action, bool]  # an action, and whether it is in the plan
Judge = Callable[[Candidate], Sequence[Pair]]


class Stretch(NamedTuple):
    """Actions in their order. *alike*: deletions of campaigns without parts, one absence's all."""

    actions: Sequence[Action]
    shown: bool
    alike: bool = False


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
        self._listed = partial(listed, asked=asked, asks=table, facts=facts)
        self._unlisted = partial(unlisted, asked, table, project, drivers, now=now)

    def stretches(self, judged: Judge, usual: Usual) -> Iterator[Stretch]:
        """What *judged* says of each campaign, by account and id; of most *usual* knows it."""
        shared = self._asked.shared
        held: list[Pair] = []
        if shared:
            some = (hit for hit in self._hits.in_order() if hit.campaign.account in shared)
            held += [pair for hit in some for pair in self._judged(hit, judged)]
        held += [pair for one in self._unlisted() for pair in judged(one)]
        held = sorted(joined(held, self._asked), key=_place)
        return _woven(self._rest(judged, usual), held)

    def _rest(self, judged: Judge, usual: Usual) -> Iterator[Stretch]:
        shared = self._asked.shared
        for some in self._hits.blocks():
            at = 0
            while at < len(some):
                actions, shown = usual.of(some, at)
                if actions:
                    yield Stretch(actions, shown, alike=True)
                elif some[at].campaign.account not in shared:
                    found = self._judged(some[at], judged)
                    usual.learn(some[at], found)
                    yield from _single(sorted(found, key=_place))
                at += len(actions) or 1

    def _judged(self, hit: Hit, judged: Judge) -> Sequence[Pair]:
        candidate = self._listed(hit)
        return () if candidate is None else judged(candidate)


def _woven(stretches: Iterator[Stretch], held: Sequence[Pair]) -> Iterator[Stretch]:
    """*stretches*, and what was *held* at its places among them."""
    waiting = deque(held)
    for some in stretches:
        due: list[Pair] = []
        while waiting and _place(waiting[0]) < _place((some.actions[-1], some.shown)):
            due.append(waiting.popleft())
        if due:
            mine = [(one, some.shown) for one in some.actions]
            yield from _single(sorted([*mine, *due], key=_place))
        else:
            yield some
    yield from _single(waiting)


def _single(pairs: Iterable[Pair]) -> Iterator[Stretch]:
    return (Stretch((action,), shown) for action, shown in pairs)


class Draft:
    """The actions of a plan that is being made.

    *losses* count what is in it; *whole* also what `--account` and `--manifest` leave out.
    """

    def __init__(self, project: ProjectFile, waivers: Waivers) -> None:
        self._sinks = {"delete": action_sink(), "refuse": action_sink(), "none": action_sink()}
        self._new = partial(Losses, project, waivers)
        self.losses = self._new()
        self._whole: Losses | None = None

    @property
    def whole(self) -> Losses:
        """The losses if nothing were left out; *losses* themselves if nothing is."""
        return self._whole or self.losses

    def add(self, some: Stretch) -> None:
        """The next actions. Those that are not shown are left out."""
        if not some.shown and self._whole is None:
            self._whole = self._copied()
        if self._whole is not None:
            _count(self._whole, some)
        if some.shown:
            _count(self.losses, some)
            self._sinks[some.actions[0].action].add(*some.actions)

    def _copied(self) -> Losses:
        again = self._new()
        for sink in self._sinks.values():
            for one in sink.done():
                again.add(one)
        return again

    def done(self, judged: Judged) -> Lines[Action]:
        """Deletions, refusals, then the rest. Lifted limits are told by each deletion."""
        first = self._sinks["delete"]
        if judged.lifted:
            plain, first = first.done(), action_sink()
            for one in plain:
                used = judged.used(one.account)
                more = structs.replace(one, waivers=(*one.waivers, *used)) if used else one
                first.add(more)
        first.extend(self._sinks["refuse"])
        first.extend(self._sinks["none"])
        return first.done()


def _count(losses: Losses, some: Stretch) -> None:
    if some.alike:
        losses.add_alike(some.actions)
    else:
        for action in some.actions:
            losses.add(action)


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

"""Saved plan and fresh plan side by side, some campaigns at a time; nothing else is held. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, TypeVar

import msgspec

from reconciler.model import Action, PlanDocument
from reconciler.plan.hits import Hits
from reconciler.plan.lines import decoded
from reconciler.plan.packing import Hit, Key
from reconciler.plan.spool import Twice

_PAGE = 2_000  # actions of the saved plan

T = TypeVar("T")


class SideBySide(msgspec.Struct, frozen=True):
    """Deletions of the saved plan, and what today's plan and inventory say of their campaigns."""

    saved: tuple[Action, ...]
    fresh: tuple[Action, ...]
    hits: dict[Key, Hit]


def pages(saved: PlanDocument, fresh: PlanDocument, hits: Hits) -> Iterator[SideBySide]:
    """Every deletion of *saved*, those of one campaign together. Both plans are in their order."""
    twice = Twice(decoded)  # nearly always they are the same lines
    ahead = [
        _Ahead((_key(one), one) for one in twice.of(part) if one.id is not None)
        for part in _parts(fresh)
    ]
    found = _Ahead((one.key, one) for one in hits.in_order())
    for some in _some(twice.of(saved.deletions)):
        last, mine = _key(some[-1]), set(map(_key, some))
        today = [one for part in ahead for key, one in part.upto(last) if key in mine]
        listed = {key: one for key, one in found.upto(last) if key in mine}
        yield SideBySide(tuple(some), tuple(today), listed)


def _parts(plan: PlanDocument) -> Iterator[Sequence[Action]]:
    """Deletions, refusals and the rest: each is in the order of account and id."""
    counts, at = plan.summary, 0
    for number in (counts.delete, counts.refuse, counts.none):
        yield plan.actions[at : at + number]
        at += number


def _some(actions: Iterable[Action]) -> Iterator[list[Action]]:
    some: list[Action] = []
    for one in actions:
        if len(some) >= _PAGE and _key(one) != _key(some[-1]):
            yield some
            some = []
        some.append(one)
    if some:
        yield some


def _key(action: Action) -> Key:
    return action.account, action.id or ""


class _Ahead(Generic[T]):
    """Values in the order of their keys, taken up to a key at a time."""

    def __init__(self, values: Iterator[tuple[Key, T]]) -> None:
        self._values = values
        self._next = next(values, None)

    def upto(self, last: Key) -> Iterator[tuple[Key, T]]:
        while (one := self._next) is not None and one[0] <= last:
            self._next = next(self._values, None)
            yield one

"""Saved plan and fresh plan side by side, some campaigns at a time; nothing else is held. Pure."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

import msgspec

from reconciler.model import Action, PlanDocument
from reconciler.plan.hits import Hits
from reconciler.plan.packing import Hit, Key

_PAGE = 2_000  # actions of the saved plan

T = TypeVar("T")


class SideBySide(msgspec.Struct, frozen=True):
    """Deletions of the saved plan, and what today's plan and inventory say of their campaigns."""

    saved: tuple[Action, ...]
    fresh: tuple[Action, ...]
    hits: dict[Key, Hit]


def pages(saved: PlanDocument, fresh: PlanDocument, hits: Hits) -> Iterator[SideBySide]:
    """Every deletion of *saved*, those of one campaign together. Both plans are in their order."""
    ahead = [_Ahead(filter(_has_id, one), _key) for one in _sections(fresh)]
    found = _Ahead(hits.in_order(), lambda hit: hit.key)
    for some in _some(saved.deletions):
        last = _key(some[-1])
        mine = {_key(one) for one in some}
        today = [one for section in ahead for one in section.upto(last) if _key(one) in mine]
        listed = {one.key: one for one in found.upto(last) if one.key in mine}
        yield SideBySide(tuple(some), tuple(today), listed)


def _sections(plan: PlanDocument) -> Iterator[Sequence[Action]]:
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


def _has_id(action: Action) -> bool:
    return action.id is not None


class _Ahead(Generic[T]):
    """Values in the order of their keys, taken up to a key at a time."""

    def __init__(self, values: Iterator[T], key: Callable[[T], Key]) -> None:
        self._values = values
        self._key = key
        self._next = next(values, None)

    def upto(self, last: Key) -> Iterator[T]:
        while self._next is not None and self._key(self._next) <= last:
            one, self._next = self._next, next(self._values, None)
            yield one

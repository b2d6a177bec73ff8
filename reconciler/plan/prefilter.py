"""Regexes by the thousand that begin with anything: what a name must hold for them to match it.

RE2 knows the literals without which a regex cannot match (`re2.Filter`), and finds those of many
regexes in a name at once. The few that may match are then asked one by one. A filter that ran out
of memory would say nothing instead of saying so: every name carries a mark that must be found.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import re2

from reconciler.model import by_place

_GROUP = 1000  # regexes a filter: its automaton stays far below what RE2 gives it
_MARK = "\x01\x02\x03"
_MANY = 100  # regexes that are asked one by one for a name

Compile = Callable[[str], Callable[[str], object]]
Ask = Callable[[Sequence[tuple[int, str]]], Callable[[str], list[int]]]


class Prefilter:
    """*patterns* by account, each with its index. *whole* compiles one, *sets* many together.

    *loose* are those that hold no literal: they may match anything, and are nobody's here.
    """

    def __init__(
        self,
        patterns: Mapping[str, Sequence[tuple[int, str]]],
        options: Any,
        whole: Compile,
        sets: Ask,
    ) -> None:
        self._whole = whole
        self._sets = sets
        self._groups: dict[str, list[_Group]] = defaultdict(list)
        self._compiled: dict[int, Callable[[str], object]] = {}
        self.loose: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for account, own in patterns.items():
            for at in range(0, len(own), _GROUP):
                group = _Group(own[at : at + _GROUP], options)
                self._groups[account].append(group)
                if group.loose:
                    self.loose[account] += [group.patterns[one] for one in sorted(group.loose)]

    def among(
        self, names: Sequence[str], accounts: Sequence[str]
    ) -> Iterator[tuple[int, list[int]]]:
        """Places of the names that patterns of their account match whole, with their indices.

        What no name of many can match is found for all of them at once.
        """
        for account, own in by_place(accounts).items():
            if account not in self._groups:
                continue
            together = "\n".join([names[place] for place in own])
            groups = [one for one in self._groups[account] if one.possible(together)]
            if groups:
                for place in own:
                    if matched := self._of(names[place], groups):
                        yield place, matched

    def _of(self, name: str, groups: "Sequence[_Group]") -> list[int]:
        """Indices of the patterns of *groups* that match *name* whole."""
        found: list[int] = []
        for group in groups:
            some = group.possible(name)
            if len(some) > _MANY:
                if group.asked is None:
                    group.asked = self._sets(
                        [one for at, one in enumerate(group.patterns) if at not in group.loose]
                    )
                found += group.asked(name)
                continue
            for at in some:
                index, pattern = group.patterns[at]
                matches = self._compiled.get(index)
                if matches is None:
                    matches = self._compiled[index] = self._whole(pattern)
                if matches(name) is not None:
                    found.append(index)
        return found


class _Group:
    """Patterns of one filter. *loose*: places of those without a literal."""

    __slots__ = ("_filter", "asked", "loose", "patterns")

    def __init__(self, patterns: Sequence[tuple[int, str]], options: Any) -> None:
        self.patterns = patterns
        self.asked: Callable[[str], list[int]] | None = None
        self._filter = re2.Filter()
        for _, pattern in patterns:
            self._filter.Add(pattern, options)
        self._filter.Add(_MARK, options)
        self._filter.Compile()
        found = self._filter.Match(_MARK, True) or ()
        working = len(patterns) in found
        self.loose = (
            frozenset(found) - {len(patterns)} if working else frozenset(range(len(patterns)))
        )

    def possible(self, name: str) -> list[int]:
        """Places of the patterns that may match *name*, without those that may match anything."""
        if len(self.loose) == len(self.patterns):
            return []
        found = self._filter.Match(f"{name}\n{_MARK}", True) or ()
        if len(self.patterns) not in found:  # it could not tell: any may
            found = range(len(self.patterns))
        return [at for at in found if at not in self.loose and at < len(self.patterns)]

"""Globs and regexes over names: all of a project at once, at a cost that hardly grows with them."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from itertools import compress, count
from operator import itemgetter
from typing import Any

import re2

from reconciler.declare.manifest import Selector
from reconciler.plan.names import Asked, Found, add, nfc, note
from reconciler.plan.prefilter import Prefilter

_MEMORY = 48 << 20  # bytes of automata, all together
_LEAST = 8 << 20  # what RE2 gives a pattern by itself: whatever was accepted compiles in it
_FEW = 300  # regexes that begin with anything and fit into one automaton
_IN_FULL = 150  # globs that begin with a wildcard and are looked for by all their literal runs
_ALONE = re.compile(r"\\[AzCQ]|\(\?[a-zA-Z]*-?[a-zA-Z]*[mU]")
"""What in a regex needs its name alone, not as a line among others."""

_BEGINS = re.compile(r"[0-9A-Za-z ]{2,}(?![?*{])[^|]*$")
"""Regexes that begin with some letters: one automaton takes a great many of them."""


class Patterns:
    """Which globs and regexes match a name.

    Globs without a wildcard are found in a dict, globs that are a beginning and then anything in a
    tree of beginnings. Of all others, one pass of RE2 over the names of a batch, as lines, finds
    the few names worth a closer look, and that look is one RE2 set of the account's patterns. Many
    regexes that begin with anything would not fit into that pass: they have a filter of literals.
    """

    def __init__(self, patterns: Sequence[tuple[str, int, Selector]]) -> None:
        self._also: dict[int, Callable[[str], object]] = {}
        self._exact: dict[str, list[Asked]] = defaultdict(list)
        prefixes: list[tuple[str, Asked]] = []
        sieve: list[str] = []
        inside: list[list[str]] = []
        closer: dict[str, list[tuple[int, str]]] = defaultdict(list)
        alone: dict[str, list[tuple[int, str]]] = defaultdict(list)
        loose: dict[str, list[tuple[int, str]]] = defaultdict(list)
        for account, index, selector in patterns:
            if selector.name is None:
                assert selector.name_regex is not None
                pattern = nfc(selector.name_regex)
                if _ALONE.search(pattern):
                    alone[account].append((index, pattern))
                elif _BEGINS.match(pattern):
                    sieve.append(f"^(?:{pattern})$")
                    closer[account].append((index, pattern))
                else:
                    loose[account].append((index, pattern))
                continue
            if selector.name_regex is not None:
                self._also[index] = _whole(nfc(selector.name_regex))
            runs, wild = _parse(nfc(selector.name))
            if not wild:
                self._exact[runs[0]].append((account, index))
            elif not any(runs[1:]) and set(wild) == {".*"}:
                prefixes.append((runs[0], (account, index)))
            else:
                pattern = _pattern(runs, wild)
                closer[account].append((index, pattern))
                if runs[0] or not any(runs):
                    sieve.append(f"^(?:{pattern})$")
                else:
                    inside.append(runs)
        sieve += _inside(inside)
        self._prefilter: Prefilter | None = None
        if sum(map(len, loose.values())) > _FEW:
            self._prefilter = Prefilter(loose, _options(_LEAST), _whole, _sets)
            loose = self._prefilter.loose
        for account, some in loose.items():
            sieve += [f"^(?:{pattern})$" for _, pattern in some]
            closer[account] += some
        share = max(_LEAST, _MEMORY // 2 // max(1, len(closer) + len(alone)))
        self._tree = Tree(prefixes) if prefixes else None
        self._sieve = _sieves(sieve, max(_LEAST, _MEMORY // 2))
        self._closer = {account: _Sets(own, share) for account, own in closer.items()}
        self._alone = {account: _Sets(own, share) for account, own in alone.items()}

    def of(self, names: Sequence[str], accounts: Sequence[str]) -> Found:
        """Place in *names* (NFC) -> indices of the patterns that match that name whole.

        *accounts*: the account that each name is of.
        """
        found: Found = {}
        if self._exact:
            exact = self._exact
            for place in compress(count(), map(exact.__contains__, names)):
                add(found, place, exact[names[place]], accounts[place])
        if self._tree is not None:
            for place, own in self._tree.of(names):
                add(found, place, own, accounts[place])
        if self._sieve:
            for place in self._candidates(names):
                sets = self._closer.get(accounts[place])
                if sets is not None and (matched := sets.of(names[place])):
                    note(found, place, matched)
        if self._prefilter is not None:
            for place, matched in self._prefilter.among(names, accounts):
                note(found, place, matched)
        if self._alone:
            for place, account in enumerate(accounts):
                if account in self._alone and (matched := self._alone[account].of(names[place])):
                    note(found, place, matched)
        if self._also:
            for place, indices in found.items():
                found[place] = tuple(one for one in indices if self._holds(one, names[place]))
        return found

    def _holds(self, index: int, name: str) -> bool:
        also = self._also.get(index)
        return also is None or also(name) is not None

    def _candidates(self, names: Sequence[str]) -> Iterable[int]:
        """Places of the names that some pattern of the sieve may match."""
        several: set[int] = set()
        if "\n" in "".join(names):
            several = {place for place, name in enumerate(names) if "\n" in name}
            names = ["" if place in several else name for place, name in enumerate(names)]
        text = "\n".join(names).encode()
        for sieve in self._sieve:
            several.update(_hit_lines(sieve, text))
        return several


def _hit_lines(sieve: Any, text: bytes) -> Iterable[int]:
    """Numbers (from 0) of the lines of *text* in which *sieve* finds something."""
    line = start = counted = 0
    while start <= len(text) and (hit := sieve.search(text, start)):
        at = hit.start()
        line += text.count(b"\n", counted, at)
        counted = at
        yield line
        end = text.find(b"\n", at)
        if end < 0:
            return
        start = end + 1


class _Sets:
    """RE2 sets over patterns; as few as memory allows, never one pattern less."""

    def __init__(self, patterns: Sequence[tuple[int, str]], memory: int) -> None:
        self._sets: list[tuple[Any, list[int]]] = []
        self._single: list[tuple[Callable[[str], object], int]] = []
        waiting = [list(patterns)] if patterns else []
        while waiting:
            some = waiting.pop()
            compiled = _set([pattern for _, pattern in some], memory)
            if compiled is not None:
                self._sets.append((compiled, [index for index, _ in some]))
            elif len(some) > 1:
                half = len(some) // 2
                waiting += [some[:half], some[half:]]
            else:
                self._single.append((_whole(some[0][1]), some[0][0]))

    def __bool__(self) -> bool:
        return bool(self._sets or self._single)

    def of(self, name: str) -> list[int]:
        """Indices of the patterns that match *name* whole."""
        found = [indices[number] for one, indices in self._sets for number in one.Match(name) or ()]
        found.extend(index for matches, index in self._single if matches(name) is not None)
        return found


def _options(memory: int) -> Any:
    options = re2.Options()
    options.max_mem = memory
    options.dot_nl = True
    options.never_capture = True
    options.log_errors = False
    return options


def _sets(patterns: Sequence[tuple[int, str]]) -> Callable[[str], list[int]]:
    return _Sets(patterns, _LEAST).of


def _set(patterns: Sequence[str], memory: int) -> Any:
    """The compiled set; None if it is too large."""
    compiled = re2.Set.FullMatchSet(_options(memory))
    try:
        for pattern in patterns:
            compiled.Add(pattern)
        compiled.Compile()
    except re2.error:
        return None
    return compiled


def _whole(pattern: str) -> Callable[[str], object]:
    matches: Callable[[str], object] = re2.compile(pattern, _options(_LEAST * 2)).fullmatch
    return matches


def _sieves(patterns: Sequence[str], memory: int) -> list[Any]:
    """Unions of *patterns* for a text of lines; none of them can match a line end."""
    options = _options(memory)
    options.never_nl = True
    found = []
    waiting = [sorted(set(patterns))] if patterns else []
    while waiting:
        some = waiting.pop()
        try:
            found.append(re2.compile(("(?m)" + "|".join(some)).encode(), options))
        except re2.error:
            if len(some) == 1:
                return [re2.compile(b"(?m)^", options)]  # every name gets the closer look
            waiting += [some[: len(some) // 2], some[len(some) // 2 :]]
    return found


def _inside(globs: Sequence[list[str]]) -> list[str]:
    """What to look for in a name for each glob that begins with a wildcard, by its literal runs.

    All runs in their order tell names apart best; the automaton of many such patterns would not
    fit in memory, so of many only the run that is least usual among them is looked for.
    """
    if len(globs) <= _IN_FULL:
        return [f"(?:{'.*'.join(_quoted(run) for run in runs if run)})" for runs in globs]
    usual = Counter(run for runs in globs for run in set(runs))
    return [
        f"(?:{_quoted(min(filter(None, runs), key=lambda run: (usual[run], -len(run))))})"
        for runs in globs
    ]


# ---------------------------------------------------------------- globs


def _parse(glob: str) -> tuple[list[str], list[str]]:
    """A glob as literal runs and, between each two of them, a wildcard in RE2's words."""
    runs: list[str] = []
    wild: list[str] = []
    run = index = 0
    escaped = False
    while index < len(glob):
        character = glob[index]
        if character == "\\" and index + 1 < len(glob):
            escaped = True
            index += 1
        elif character in "*?[":
            runs.append(_plain(glob[run:index], escaped))
            escaped = False
            if character == "[":
                index, text = _bracket(glob, index)
                wild.append(text)
            else:
                wild.append("." if character == "?" else ".*")
            run = index + 1
        index += 1
    runs.append(_plain(glob[run:], escaped))
    return runs, wild


_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def _plain(text: str, escaped: bool) -> str:
    return _ESCAPE.sub(r"\1", text) if escaped else text


def _pattern(runs: Sequence[str], wild: Sequence[str]) -> str:
    """The glob of `_parse` as an RE2 pattern for the whole name."""
    parts = [_quoted(runs[0])]
    for between, run in zip(wild, runs[1:], strict=True):
        parts += (between, _quoted(run))
    return "".join(parts)


def _bracket(glob: str, start: int) -> tuple[int, str]:
    """The `[...]` at *start* as RE2, and the index of its `]`."""
    index = start + 1
    negated = glob[index : index + 1] == "!"
    index += negated
    members: list[str] = []
    first = index
    while index < len(glob):
        if glob[index] == "]" and index > first:
            return index, f"[{'^' if negated else ''}{''.join(members)}]"
        index, low = _member(glob, index)
        if glob[index : index + 1] == "-" and glob[index + 1 : index + 2] not in ("", "]"):
            index, high = _member(glob, index + 1)
            members.append(f"{_code(low)}-{_code(high)}")
        else:
            members.append(_code(low))
    raise ValueError(f"the glob {glob!r} has a [ that is not closed")


def _member(glob: str, index: int) -> tuple[int, str]:
    """The character at *index*, its escape undone, and the index after it."""
    if glob[index] == "\\" and index + 1 < len(glob):
        index += 1
    return index + 1, glob[index]


def _code(character: str) -> str:
    return f"\\x{{{ord(character):X}}}"


_SPECIAL = re.compile(r"[^0-9A-Za-z ]")


def _quoted(text: str) -> str:
    return _SPECIAL.sub(lambda found: _code(found[0]), text)


# ---------------------------------------------------------------- beginnings


class Tree:
    """Beginnings of names, found in as many steps as there are lengths of beginnings on the way."""

    __slots__ = ("_root",)

    def __init__(self, prefixes: Iterable[tuple[str, Asked]]) -> None:
        self._root = _Node()
        waiting = [(self._root, 0, list(prefixes))]
        while waiting:
            node, depth, entries = waiting.pop()
            node.own = [index for prefix, index in entries if len(prefix) == depth]
            deeper = [entry for entry in entries if len(entry[0]) > depth]
            if not deeper:
                continue
            node.end = min(len(prefix) for prefix, _ in deeper)
            groups: dict[str, list[tuple[str, Asked]]] = defaultdict(list)
            for prefix, index in deeper:
                groups[prefix[depth : node.end]].append((prefix, index))
            for key, group in groups.items():
                node.children[key] = child = _Node()
                waiting.append((child, node.end, group))

    def of(self, names: Sequence[str]) -> Iterable[tuple[int, list[Asked]]]:
        """(place, indices of beginnings of that name)."""
        root = self._root
        if root.own:
            for place in range(len(names)):
                yield place, root.own
        start, find = root.end, root.children.get
        begun = list(map(find, map(itemgetter(slice(start)), names)))
        for place in compress(count(), begun):
            name, node, at = names[place], begun[place], start
            while node is not None:
                if node.own:
                    yield place, node.own
                end = node.end
                if not end:
                    break
                node, at = node.children.get(name[at:end]), end


class _Node:
    """What begins alike: who ends here, and the next characters that tell the rest apart."""

    __slots__ = ("children", "end", "own")

    def __init__(self) -> None:
        self.own: list[Asked] = []
        self.end = 0  # up to which character the children's keys go; 0: there are none
        self.children: dict[str, _Node] = {}

"""Absences, keeps and protections -> one compiled matcher that inventory records stream past."""

import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from unicodedata import normalize

import re2

from reconciler.model import Campaign, Selector


@dataclass(frozen=True, slots=True)
class Question:
    """One absent, keep or protect entry, asked of every record of *account*.

    Exactly one of *id*, *name*, *match* is set. The question's index in the sequence given to
    `Matcher` is its identity in the answers.
    """

    role: Literal["absent", "keep", "protect"]
    account: str
    id: str | None = None
    name: str | None = None
    match: Selector | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A record and the indices of the questions that it answers, ascending."""

    campaign: Campaign
    asked: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Matches:
    """What a whole inventory answered.

    *hits* by (account, id). *found[i]*: how many records answered question i. *lacking[i]*: how
    many records could not be judged by question i only because they lack a field. *shared*: per
    by-name account, the hit records' names (NFC) that more than one record of the account bears.
    *unasked*: per account, up to *spare* records that answered no question (witnesses).
    """

    hits: Mapping[tuple[str, str], Hit]
    found: Mapping[int, int]
    lacking: Mapping[int, int]
    shared: Mapping[str, frozenset[str]]
    unasked: Mapping[str, tuple[Campaign, ...]]
    campaigns: Mapping[str, int]


class Matcher:
    """Feed it every record once, then `finish`.

    *by_name*: accounts whose vendor goes by name. If `again` is true after the first pass, feed
    every record once more through `feed_again` before `finish` (names shared by two records).
    """

    def __init__(
        self,
        questions: Sequence[Question],
        *,
        now: datetime,
        by_name: Collection[str] = (),
        spare: int = 100,
    ) -> None:
        asked: dict[str, list[tuple[int, Question]]] = defaultdict(list)
        for index, question in enumerate(questions):
            asked[question.account].append((index, question))
        budget = _MEMORY // max(1, sum(map(_has_pattern, asked.values())))
        self._now = now
        self._by_name = frozenset(by_name)
        self._spare = spare
        self._lanes: dict[str, _Asked] = {
            account: _Asked(account, own, now, account in self._by_name, spare, budget)
            for account, own in asked.items()
        }
        self._budget = budget

    def feed(self, campaigns: Sequence[Campaign]) -> None:
        """Take in a batch of records."""
        for account, records in _by_account(campaigns).items():
            lane = self._lanes.get(account)
            if lane is None:
                lane = self._lanes[account] = _Asked(
                    account, (), self._now, account in self._by_name, self._spare, self._budget
                )
            lane.feed(records)

    @property
    def again(self) -> bool:
        """Whether a second pass is needed."""
        return any(lane.names.again for lane in self._lanes.values() if lane.names)

    def feed_again(self, campaigns: Sequence[Campaign]) -> None:
        """The second pass."""
        for one in campaigns:
            lane = self._lanes.get(one.account)
            if lane is not None and lane.names is not None:
                lane.names.count(nfc(one.name))

    def finish(self) -> Matches:
        """The answers."""
        lanes = {account: lane for account, lane in self._lanes.items() if lane.campaigns}
        found: dict[int, int] = defaultdict(int)
        lacking: dict[int, int] = {}
        hits: dict[tuple[str, str], Hit] = {}
        for lane in lanes.values():
            hits |= lane.hits
            lacking |= lane.lacking
        for hit in hits.values():
            for index in hit.asked:
                found[index] += 1
        return Matches(
            hits=hits,
            found=dict(found),
            lacking=lacking,
            shared={
                account: lane.names.shared()
                for account, lane in self._lanes.items()
                if lane.names is not None
            },
            unasked={account: tuple(lane.unasked) for account, lane in lanes.items()},
            campaigns={account: lane.campaigns for account, lane in lanes.items()},
        )


def nfc(text: str) -> str:
    """*text* as names are compared."""
    return text if text.isascii() else normalize("NFC", text)


def _by_account(campaigns: Sequence[Campaign]) -> dict[str, list[Campaign]]:
    found: dict[str, list[Campaign]] = {}
    for one in campaigns:
        account = one.account
        if account in found:
            found[account].append(one)
        else:
            found[account] = [one]
    return found


def _has_pattern(asked: Iterable[tuple[int, Question]]) -> bool:
    return any(
        one.match is not None and (one.match.name is not None or one.match.name_regex is not None)
        for _, one in asked
    )


# ---------------------------------------------------------------- one account


class _Asked:
    """The questions asked of one account's records, and their answers."""

    def __init__(
        self,
        account: str,
        asked: Sequence[tuple[int, Question]],
        now: datetime,
        by_name: bool,
        spare: int,
        budget: int,
    ) -> None:
        self.campaigns = 0
        self.hits: dict[tuple[str, str], Hit] = {}
        self.lacking: dict[int, int] = {}
        self.unasked: list[Campaign] = []
        self.names = _Names() if by_name else None
        self._account = account
        self._spare = spare
        self._ids: dict[str, list[int]] = defaultdict(list)
        self._called: dict[str, list[int]] = defaultdict(list)
        self._everyone: list[tuple[int, _Test]] = []
        self._rest: dict[int, _Test | None] = {}
        patterns: list[tuple[int, Selector]] = []
        for index, question in asked:
            if question.id is not None:
                self._ids[question.id].append(index)
            elif question.name is not None:
                self._called[nfc(question.name)].append(index)
            elif question.match is not None:
                test = _test(question.match, now)
                if question.match.name is None and question.match.name_regex is None:
                    if test is not None:
                        self._everyone.append((index, test))
                    continue
                patterns.append((index, question.match))
                self._rest[index] = test
        self._patterns = _Patterns(patterns, budget) if patterns else None

    def feed(self, records: list[Campaign]) -> None:
        """Ask all questions of *records*."""
        self.campaigns += len(records)
        names = [one.name for one in records]
        if not "".join(names).isascii():
            names = [nfc(name) for name in names]
        found: dict[int, list[int]] = {}
        if self._ids:
            ids = self._ids
            for place, one in enumerate(records):
                if one.id in ids:
                    found.setdefault(place, []).extend(ids[one.id])
        if self._called:
            called = self._called
            for place, name in enumerate(names):
                if name in called:
                    found.setdefault(place, []).extend(called[name])
        if self._patterns is not None:
            for place, indices in self._patterns.of(names):
                for index in indices:
                    self._judge(index, self._rest[index], records[place], place, found)
        for index, test in self._everyone:
            for place, one in enumerate(records):
                self._judge(index, test, one, place, found)
        if len(self.unasked) < self._spare:
            self._spare_some(records, found)
        for place, asked in found.items():
            one = records[place]
            self.hits[one.account, one.id] = Hit(one, tuple(sorted(set(asked))))
        if self.names is not None:
            self.names.take(names, found)

    def _judge(
        self,
        index: int,
        test: "_Test | None",
        one: Campaign,
        place: int,
        found: dict[int, list[int]],
    ) -> None:
        verdict = True if test is None else test(one)
        if verdict:
            found.setdefault(place, []).append(index)
        elif verdict is None:
            self.lacking[index] = self.lacking.get(index, 0) + 1

    def _spare_some(self, records: list[Campaign], found: Mapping[int, object]) -> None:
        for place, one in enumerate(records):
            if place not in found:
                self.unasked.append(one)
                if len(self.unasked) == self._spare:
                    return


# ---------------------------------------------------------------- conditions beyond the name

_Test = Callable[[Campaign], bool | None]
"""True: all conditions hold. False: one does not. None: a field is missing, and nothing fails."""


def _test(selector: Selector, now: datetime) -> _Test | None:
    """What must hold beside the name; None if nothing must."""
    tests = [*_word_tests(selector), *_time_tests(selector, now)]
    if not tests:
        return None
    if len(tests) == 1:
        return tests[0]
    return lambda one: _all(tests, one)


def _all(tests: Sequence[_Test], one: Campaign) -> bool | None:
    verdict: bool | None = True
    for test in tests:
        said = test(one)
        if said is False:
            return False
        if said is None:
            verdict = None
    return verdict


def _word_tests(selector: Selector) -> list[_Test]:
    tests: list[_Test] = []
    if selector.status is not None:
        statuses = frozenset(selector.status)
        tests.append(lambda one: None if one.status is None else one.status in statuses)
    if selector.channel is not None:
        channels = frozenset(selector.channel)
        tests.append(lambda one: None if one.channel is None else one.channel in channels)
    for key, wanted in selector.labels or ():
        tests.append(_label(key, wanted))
    return tests


def _label(key: str, wanted: str) -> _Test:
    def test(one: Campaign) -> bool | None:
        held = None if one.labels is None else one.labels.get(key)
        return None if held is None else held == wanted

    return test


def _time_tests(selector: Selector, now: datetime) -> list[_Test]:
    tests: list[_Test] = []
    for field, before, after, age in (
        ("created_at", selector.created_before, selector.created_after, selector.older_than),
        ("updated_at", selector.updated_before, selector.updated_after, selector.not_updated_for),
    ):
        if before is not None:
            tests.append(_before(field, before))
        if after is not None:
            tests.append(_after(field, after))
        if age is not None:
            tests.append(_before(field, _ago(now, age)))
    return tests


def _ago(now: datetime, age: timedelta) -> datetime:
    try:
        return now - age
    except OverflowError:  # longer ago than there were years: nothing is that old
        return datetime.min.replace(tzinfo=now.tzinfo)


def _before(field: str, bound: datetime) -> _Test:
    def test(one: Campaign) -> bool | None:
        at: datetime | None = getattr(one, field)
        return None if at is None else at < bound

    return test


def _after(field: str, bound: datetime) -> _Test:
    def test(one: Campaign) -> bool | None:
        at: datetime | None = getattr(one, field)
        return None if at is None else at > bound

    return test


# ---------------------------------------------------------------- patterns

_MEMORY = 48 << 20  # bytes of automata, all accounts together
_LEAST = 8 << 20  # what RE2 gives a pattern by itself: whatever was accepted compiles in it
_IN_FULL = 64  # unanchored globs of an account whose runs are all looked for
_ALONE = re.compile(r"\\[AzCQ]|\(\?[a-zA-Z]*-?[a-zA-Z]*[mU]")
"""What in a regex needs its name alone, not as a line among others."""


class _Patterns:
    """Which of an account's globs and regexes match a name, at a cost that hardly grows with them.

    Globs that are a beginning and then anything are found in a tree of beginnings. Of all others,
    one pass of RE2 over the names of a batch, as lines, finds the few names worth a closer look,
    and that look is one RE2 set.
    """

    def __init__(self, patterns: Sequence[tuple[int, Selector]], budget: int) -> None:
        self._also: dict[int, Callable[[str], object]] = {}
        self._exact: dict[str, list[int]] = defaultdict(list)
        prefixes: list[tuple[str, int]] = []
        sieve: list[str] = []
        closer: list[tuple[int, str]] = []
        alone: list[tuple[int, str]] = []
        inside: list[list[str]] = []
        for index, selector in patterns:
            if selector.name is None:
                assert selector.name_regex is not None
                pattern = normalize("NFC", selector.name_regex)
                if _ALONE.search(pattern):
                    alone.append((index, pattern))
                else:
                    sieve.append(f"^(?:{pattern})$")
                    closer.append((index, pattern))
                continue
            if selector.name_regex is not None:
                self._also[index] = _whole(normalize("NFC", selector.name_regex))
            pattern, runs, simple = _translate(nfc(selector.name))
            if simple == "exact":
                self._exact[runs[0]].append(index)
            elif simple == "prefix":
                prefixes.append((runs[0], index))
            else:
                closer.append((index, pattern))
                if runs[0] or not any(runs):
                    sieve.append(f"^(?:{pattern})$")
                else:
                    inside.append(runs)
        sieve += _inside(inside)
        self._tree = _Tree(prefixes) if prefixes else None
        share = max(_LEAST, budget // (2 + bool(alone)))
        self._closer = _Sets(closer, share)
        self._alone = _Sets(alone, share)
        self._sieve = _sieves(sieve, share)

    def of(self, names: Sequence[str]) -> Iterable[tuple[int, list[int]]]:
        """(place in *names*, indices of the patterns that match that name whole)."""
        found: dict[int, list[int]] = {}
        if self._exact:
            exact = self._exact
            for place, name in enumerate(names):
                if name in exact:
                    found.setdefault(place, []).extend(exact[name])
        if self._tree is not None:
            for place, own in self._tree.of(names):
                found.setdefault(place, []).extend(own)
        if self._sieve:
            for place in self._candidates(names):
                if matched := self._closer.of(names[place]):
                    found.setdefault(place, []).extend(matched)
        if self._alone:
            for place, name in enumerate(names):
                if matched := self._alone.of(name):
                    found.setdefault(place, []).extend(matched)
        if not self._also:
            return found.items()
        return [
            (place, [index for index in own if self._holds(index, names[place])])
            for place, own in found.items()
        ]

    def _holds(self, index: int, name: str) -> bool:
        also = self._also.get(index)
        return also is None or also(name) is not None

    def _candidates(self, names: Sequence[str]) -> Iterable[int]:
        """Places of the names that some pattern of the sieve may match."""
        lines = "\n".join(names)
        several: set[int] = set()
        if lines.count("\n") != len(names) - 1:
            several = {place for place, name in enumerate(names) if "\n" in name}
            lines = "\n".join("" if place in several else n for place, n in enumerate(names))
        text = lines.encode()
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


def _translate(glob: str) -> tuple[str, list[str], str | None]:
    """A glob as RE2, its literal runs (the first is its beginning), and whether that is all.

    `exact`: no wildcard. `prefix`: the first run, then anything. None: only RE2 can tell.
    """
    pattern: list[str] = []
    runs = [""]
    kinds: list[str] = []
    index = 0
    while index < len(glob):
        character = glob[index]
        if character in "*?[":
            if character == "[":
                index, text = _bracket(glob, index)
                pattern.append(text)
            else:
                pattern.append("." if character == "?" else ".*")
            kinds.append(character)
            runs.append("")
        else:
            if character == "\\" and index + 1 < len(glob):
                index += 1
                character = glob[index]
            pattern.append(_quoted(character))
            runs[-1] += character
        index += 1
    if not kinds:
        return "".join(pattern), runs, "exact"
    simple = set(kinds) == {"*"} and not any(runs[1:])
    return "".join(pattern), runs, "prefix" if simple else None


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


def _quoted(text: str) -> str:
    return "".join(c if c.isalnum() or c == " " else _code(c) for c in text)


# ---------------------------------------------------------------- beginnings


class _Tree:
    """Beginnings of names, found in as many steps as there are lengths of beginnings on the way."""

    __slots__ = ("_root",)

    def __init__(self, prefixes: Iterable[tuple[str, int]]) -> None:
        self._root = _Node()
        waiting = [(self._root, 0, list(prefixes))]
        while waiting:
            node, depth, entries = waiting.pop()
            node.own = [index for prefix, index in entries if len(prefix) == depth]
            deeper = [entry for entry in entries if len(entry[0]) > depth]
            if not deeper:
                continue
            node.end = min(len(prefix) for prefix, _ in deeper)
            groups: dict[str, list[tuple[str, int]]] = defaultdict(list)
            for prefix, index in deeper:
                groups[prefix[depth : node.end]].append((prefix, index))
            for key, group in groups.items():
                node.children[key] = child = _Node()
                waiting.append((child, node.end, group))

    def of(self, names: Sequence[str]) -> Iterable[tuple[int, list[int]]]:
        """(place, indices of beginnings of that name)."""
        root = self._root
        if root.own:
            for place in range(len(names)):
                yield place, root.own
        end, children = root.end, root.children
        for place, name in enumerate(names):
            node = children.get(name[:end])
            if node is None:
                continue
            start = end
            while node is not None:
                if node.own:
                    yield place, node.own
                if not node.end:
                    break
                start, node = node.end, node.children.get(name[start : node.end])


class _Node:
    """What begins alike: who ends here, and the next characters that tell the rest apart."""

    __slots__ = ("children", "end", "own")

    def __init__(self) -> None:
        self.own: list[int] = []
        self.end = 0  # up to which character the children's keys go; 0: there are none
        self.children: dict[str, _Node] = {}


# ---------------------------------------------------------------- shared names


class _Names:
    """Which names of hit records another record bears too; exact, in memory that does not grow.

    A filter remembers, not quite exactly, all names that no question hit. A hit name that it may
    have held is counted in a second pass.
    """

    def __init__(self) -> None:
        self._words = array("Q", bytes(8 << 20))
        self._hit: dict[str, int] = {}
        self._suspects: dict[str, int] = {}

    @property
    def again(self) -> bool:
        return bool(self._suspects)

    def take(self, names: Sequence[str], found: Collection[int]) -> None:
        words, hits, low, high = self._words, self._hit, _LOW, _HIGH
        last = len(words) - 1
        for place, name in enumerate(names):
            if name in hits:
                hits[name] += 1
                continue
            code = hash(name)
            slot = code & last
            bits = low[(code >> 24) & 4095] | high[(code >> 40) & 4095]
            if place not in found:
                words[slot] |= bits
                continue
            hits[name] = 1
            if words[slot] & bits == bits:
                self._suspects[name] = 0

    def count(self, name: str) -> None:
        if name in self._suspects:
            self._suspects[name] += 1

    def shared(self) -> frozenset[str]:
        certain = {name for name, number in self._hit.items() if number > 1}
        return frozenset(certain | {name for name, number in self._suspects.items() if number > 1})


def _masks(seed: int) -> list[int]:
    """4096 words of 64 bits, three of them set, spread by a linear congruence."""
    masks = []
    for _ in range(4096):
        mask = 0
        while mask.bit_count() < 3:
            seed = (seed * 6364136223846793005 + 1442695040888963407) % (1 << 64)
            mask |= 1 << (seed >> 58)
        masks.append(mask)
    return masks


_LOW = _masks(1)
_HIGH = _masks(2)

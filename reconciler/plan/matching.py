"""Absences, keeps and protections -> one compiled matcher that inventory records stream past."""

from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from functools import cache
from itertools import compress, count
from typing import TYPE_CHECKING, Literal

import msgspec

from reconciler.declare.manifest import Selector
from reconciler.model import Campaign, Campaigns
from reconciler.plan.conditions import Test, test_of
from reconciler.plan.hits import Hits, Keys
from reconciler.plan.names import Asked, Found, add, nfc, note
from reconciler.plan.packing import Hit, Plain, picker

if TYPE_CHECKING:
    from reconciler.plan.patterns import Patterns

__all__ = ["Hit", "Matcher", "Matches", "Question", "nfc"]


class Question(msgspec.Struct, frozen=True):
    """One absent, keep or protect entry, asked of every record of *account*.

    Exactly one of *id*, *name*, *match* is set. The question's index in the sequence given to
    `Matcher` is its identity in the answers.
    """

    role: Literal["absent", "keep", "protect"]
    account: str
    id: str | None = None
    name: str | None = None
    match: Selector | None = None


class Matches(msgspec.Struct, frozen=True):
    """What a whole inventory answered.

    *hits* by account and id. *found[i]*: how many records answered question i. *lacking[i]*: how
    many records could not be judged by question i only because they lack a field. *shared*: per
    by-name account, the hit records' names (NFC) that more than one record of the account bears.
    *unasked*: per account, up to *spare* records that answered no question (witnesses).
    *nameless*: exceptions that may hold for a record whose name nobody may know.
    """

    hits: Hits
    found: Mapping[int, int]
    lacking: Mapping[int, int]
    shared: Mapping[str, frozenset[str]]
    unasked: Mapping[str, tuple[Campaign, ...]]
    nameless: frozenset[int] = frozenset()


def nameless(campaign: Campaign) -> bool:
    """Whether nobody may know what *campaign* is called: its account's header tells."""
    return not campaign.name or "name" in (campaign.unknown or ())


def _compiled(patterns: Sequence[tuple[str, int, Selector]]) -> "Patterns":
    from reconciler.plan.patterns import Patterns  # with RE2, for who asks by patterns

    return Patterns(patterns)


class Matcher:
    """Feed it every record once, then `finish`.

    *by_name*: accounts whose vendor goes by name. *listed*: campaigns whose records are among the
    hits, whether anybody asks for them or not. *attributes*: hits keep those of their records.
    *plain*: what is said of them, see `Plain`. If
    `again` is true after the first pass, feed every record once more through `feed_again` before
    `finish` (names shared by two records).
    """

    def __init__(
        self,
        questions: Sequence[Question],
        *,
        now: datetime,
        by_name: Collection[str] = (),
        spare: int = 100,
        listed: Keys | None = None,
        attributes: bool = False,
        plain: Plain | None = None,
    ) -> None:
        self._spare = spare
        self._listed = listed
        self._names = {account: _Names() for account in by_name}
        self._hits = Hits(attributes=attributes, plain=plain)
        self._found: Counter[int] = Counter()
        self._lacking: dict[int, int] = {}
        self._unasked: dict[str, list[Campaign]] = {}
        self._wanting: set[str] = set()  # accounts that have too few unasked records yet
        self._ids: dict[str, list[Asked]] = defaultdict(list)
        self._alike: dict[str, list[Asked]] = defaultdict(list)  # ids that are names
        self._called: dict[str, list[Asked]] = defaultdict(list)
        self._everyone: dict[str, list[int]] = defaultdict(list)
        self._tests: dict[int, Test] = {}
        self._exceptions = {i for i, one in enumerate(questions) if one.role != "absent"}
        self._unsure: dict[int, list[int]] = {}  # of the batch that is fed
        self._by_name: dict[str, list[int]] = defaultdict(list)  # exceptions that ask for the name
        self._nameless: set[int] = set()
        patterns: list[tuple[str, int, Selector]] = []
        for index, one in enumerate(questions):
            if one.id is not None and one.account in self._names:
                self._alike[nfc(one.id)].append((one.account, index))
            elif one.id is not None:
                self._ids[one.id].append((one.account, index))
            elif one.name is not None:
                self._called[nfc(one.name)].append((one.account, index))
                self._of_a_name(one, index)
            elif one.match is not None:
                test = test_of(one.match, now)
                if test is not None:
                    self._tests[index] = test
                if one.match.name is not None or one.match.name_regex is not None:
                    patterns.append((one.account, index, one.match))
                    self._of_a_name(one, index)
                elif test is not None:
                    self._everyone[one.account].append(index)
        self._patterns = _compiled(patterns) if patterns else None

    def _of_a_name(self, question: Question, index: int) -> None:
        if question.role != "absent":
            self._by_name[question.account].append(index)

    def feed(self, campaigns: Sequence[Campaign]) -> None:
        """Take in a batch of records."""
        campaigns = campaigns if isinstance(campaigns, Campaigns) else Campaigns(campaigns)
        accounts, names = campaigns.accounts, campaigns.names
        if not campaigns.all_names.isascii():
            names = [nfc(name) for name in names]
        own = campaigns.by_account.keys()
        if not self._unasked.keys() >= own:
            self._meet(own)
        found: Found = {}
        self._unsure = {}
        if self._ids:
            ids, known = campaigns.ids, self._ids
            for place in compress(count(), map(known.__contains__, ids)):
                add(found, place, known[ids[place]], accounts[place])
        if self._alike:
            for place, one in enumerate(campaigns):
                if one.account in self._names and (alike := self._alike.get(nfc(one.id))):
                    add(found, place, alike, accounts[place])
        if self._called:
            called = self._called
            for place in compress(count(), map(called.__contains__, names)):
                add(found, place, called[names[place]], accounts[place])
        if self._patterns is not None:
            matched: dict[int, list[int]] = defaultdict(list)
            for place, indices in self._patterns.of(names, accounts).items():
                for index in indices:
                    matched[index].append(place)
            for index, places in matched.items():
                self._judge(index, picker(places)(campaigns), places, found)
        if self._by_name:
            for place, one in enumerate(campaigns):
                if nameless(one):
                    self._ask_nameless(one, place, found)
        if self._everyone:
            for account, places in campaigns.places.items():
                if account in self._everyone:
                    records = picker(places)(campaigns)
                    for index in self._everyone[account]:
                        self._judge(index, records, places, found)
        if self._listed is not None:
            for place in self._listed.places([(one.account, one.id) for one in campaigns]):
                found.setdefault(place, ())
        if len(found) < len(campaigns) and not self._wanting.isdisjoint(own):
            self._spare_some(campaigns, found)
        if found:
            self._take_hits(campaigns, found)
        if self._names:
            self._take_names(names, accounts, found)

    def _take_hits(self, campaigns: Campaigns, found: Found) -> None:
        every = len(found) == len(campaigns)
        places = range(len(campaigns)) if every else sorted(found)
        asked = [found[place] for place in places]
        numbers = Counter(asked)
        if max(map(len, numbers)) > 1:
            asked = [_ascending(one) for one in asked]
            numbers = Counter(asked)
        for answered, number in numbers.items():
            for index in answered:
                self._found[index] += number
        unsure: list[tuple[int, ...]] = [()] * len(places)
        if self._unsure:
            unsure = [_ascending(self._unsure.get(place, ())) for place in places]
        self._hits.add(campaigns.at(places), asked, unsure)

    def _meet(self, accounts: AbstractSet[str]) -> None:
        """Some of *accounts* have their first record here."""
        for account in accounts - self._unasked.keys():
            self._unasked[account] = []
            if self._spare:
                self._wanting.add(account)

    def _judge(
        self, index: int, records: Sequence[Campaign], places: Sequence[int], found: Found
    ) -> None:
        """Note where the question *index* holds, of *records* that only its test decides about.

        These stand at *places* of their batch.
        """
        test = self._tests.get(index)
        if test is not None:
            verdicts = test(records)
            if None in verdicts:
                lacking = [at for at, said in zip(places, verdicts, strict=True) if said is None]
                self._lacking[index] = self._lacking.get(index, 0) + len(lacking)
                if index in self._exceptions:
                    for place in lacking:
                        self._unsure.setdefault(place, []).append(index)
            places = list(compress(places, verdicts))
        if found.keys().isdisjoint(places):
            found.update(dict.fromkeys(places, (index,)))
            return
        for place in places:
            note(found, place, (index,))

    def _ask_nameless(self, one: Campaign, place: int, found: Found) -> None:
        """What an exception says of a name that nobody may know: it may hold, if nothing fails."""
        told = {*found.get(place, ()), *self._unsure.get(place, ())}
        for index in self._by_name.get(one.account, ()):
            test = self._tests.get(index)
            if index not in told and (test is None or test((one,)) != [False]):
                self._unsure.setdefault(place, []).append(index)
                self._nameless.add(index)

    def _spare_some(self, campaigns: Sequence[Campaign], found: Collection[int]) -> None:
        for place, one in enumerate(campaigns):
            if one.account in self._wanting and place not in found:
                kept = self._unasked[one.account]
                kept.append(one)
                if len(kept) >= self._spare:
                    self._wanting.discard(one.account)

    def _take_names(
        self, names: Sequence[str], accounts: Sequence[str], found: Collection[int]
    ) -> None:
        for account, own in self._names.items():
            own.take([(n, at in found) for at, n in enumerate(names) if accounts[at] == account])

    @property
    def again(self) -> bool:
        """Whether a second pass is needed."""
        return any(own.again for own in self._names.values())

    def feed_again(self, campaigns: Sequence[Campaign]) -> None:
        """The second pass."""
        for one in campaigns:
            if one.account in self._names:
                self._names[one.account].count(nfc(one.name))

    def finish(self) -> Matches:
        """The answers."""
        return Matches(
            hits=self._hits,
            found=dict(self._found),
            lacking=self._lacking,
            shared={account: own.shared() for account, own in self._names.items()},
            unasked={account: tuple(kept) for account, kept in self._unasked.items()},
            nameless=frozenset(self._nameless),
        )


def _ascending(indices: Sequence[int]) -> tuple[int, ...]:
    """Each of *indices* once."""
    return tuple(sorted({*indices}))


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

    def take(self, names: Iterable[tuple[str, bool]]) -> None:
        """Take in names (NFC), each with whether a question hit its record."""
        words, hits = self._words, self._hit
        low, high = _masks(1), _masks(2)
        last = len(words) - 1
        for name, hit in names:
            if name in hits:
                hits[name] += 1
                continue
            code = hash(name)
            slot = code & last
            bits = low[(code >> 24) & 4095] | high[(code >> 40) & 4095]
            if not hit:
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


@cache
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

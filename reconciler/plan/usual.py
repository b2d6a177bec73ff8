"""Deletions by the million: what was judged of one record holds for those like it. Pure.

Records that the same absences ask for, and of which none gives a reason of its own, have one
verdict: it is found once, by asking everything, and then only what a record itself may answer is
asked of the next. What the verdict says is written once, too.
"""

from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence
from operator import add
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from reconciler.declare.project import Account
from reconciler.driver import Driver
from reconciler.model import Action, Campaign, Campaigns, Status
from reconciler.plan.asking import Ask
from reconciler.plan.guards import running
from reconciler.plan.lines import line
from reconciler.plan.packing import AROUND, HitKinds, PackedHits, Plain


class Stretch(NamedTuple):
    """Deletions of campaigns without parts in one account, as lines in order.

    All are of one absence, or of absences of one manifest that differ in nothing but their line.

    *like*: an action as they are, of another record; *text*: the lines, and how long each is;
    *records*: those of the campaigns, as JSON; *lines*: in which line of its manifest the first
    absence of each stands; *last*: the last id.
    """

    like: Action
    shown: bool
    text: bytes
    lengths: Sequence[int]
    records: Sequence[bytes]
    lines: Sequence[int]
    statuses: Mapping[Status | None, int]
    last: str


class _Verdict(msgspec.Struct, frozen=True, gc=False):
    """A deletion as others are, whether it is in the plan, and what stands around a record.

    First comes what a record itself calls the campaign, then, behind *between*, its line.
    """

    action: Action
    shown: bool
    before: bytes
    between: bytes
    after: bytes

    @classmethod
    def of(cls, action: Action, hit: PackedHits, *, shown: bool) -> "_Verdict":
        before, _, more = line(action).partition(hit.owns(action.account)[0])
        between, record, after = more.partition(hit.lines[0])
        assert record
        return cls(action, shown, before, between, after)

    def text(
        self, account: str, hits: PackedHits, between: Mapping[int, bytes]
    ) -> tuple[bytes, list[int]]:
        """The lines of *hits*, and how long each is; what stands between goes by their kinds."""
        parts = [self.after + self.before] * (4 * len(hits) + 1)
        parts[0], parts[-1] = self.before, self.after
        parts[1::4] = hits.owns(account)
        text, *others = {*between.values()}
        parts[2::4] = texts = [between[one] for one in hits.kinds] if others else [text] * len(hits)
        parts[3::4] = hits.lines
        around = len(self.before) + AROUND + (0 if others else len(text)) + len(self.after)
        own = map(add, hits.sizes, map(len, hits.lines))
        varied = map(add, own, map(len, texts)) if others else own
        return b"".join(parts), [around + one for one in varied]

    def asked_in(self, line: int) -> bytes:
        """What stands between a record's two names where its first absence stands in *line*."""
        if line == self.line:
            return self.between
        before, found, after = self.between.rpartition(_LINE % self.line)
        assert found  # there is one absence
        return b"".join((before, _LINE % line, after))

    @property
    def line(self) -> int:
        """Where the first absence of the action as others are stands."""
        return self.action.sources[0].line


_LINE = b'"line":%d}],"waivers":'


def plainness(accounts: Mapping[str, Account], drivers: Mapping[str, Driver]) -> Plain:
    """Says which records by themselves give no reason to leave them alone, and have no parts.

    Where a vendor goes by name or takes parts, other records or parts decide too: none is plain.
    """
    usual = {
        name: _Let(_let(one), one.settings, drivers[name])
        for name, one in accounts.items()
        if not drivers[name].by_name and drivers[name].parts != "phoneNumbers"
    }

    def plain(account: str, records: Campaigns) -> list[bool]:
        mine = usual.get(account)
        return [False] * len(records) if mine is None else mine.go(records)

    return plain


class _Let(NamedTuple):
    """What lets a campaign of an account go: its status, and its driver."""

    let: frozenset[Status | None]
    settings: Any
    driver: Driver

    def go(self, records: Campaigns) -> list[bool]:
        """Of each of *records* whether it is let go. Nearly all are, as glances at all show."""
        fits = [True] * len(records)
        if not self.let.issuperset(records.statuses):
            fits = [one in self.let for one in records.statuses]
        if any([one.message_ids is not None for one in records]):
            fits = [ok and one.message_ids is None for ok, one in zip(fits, records, strict=True)]
        unsupported, unsafe = self.driver.unsupported, self.driver.unsafe
        clear = getattr(unsupported, "clear", None)
        if clear is None or not clear(self.settings, records):
            fits = [
                ok and unsupported(self.settings, one) is None
                for ok, one in zip(fits, records, strict=True)
            ]
        clear = getattr(unsafe, "clear", None)
        if clear is None or not clear(records.ids):
            fits = [
                ok and unsafe(self.settings, one, None) is None
                for ok, one in zip(fits, records, strict=True)
            ]
        return fits


def _let(account: Account) -> frozenset[Status | None]:
    """The statuses that are no reason to leave a campaign alone."""
    every = [Campaign(account=account.name, id="", name="", status=one) for one in (None, *Status)]
    return frozenset(one.status for one in every if running.refusal(one, account.guards) is None)


class Usual:
    """The verdicts so far. *twins*: the questions by name for what may be an id.

    *asks*: the absences, by their question.
    """

    def __init__(
        self,
        twins: Collection[int],
        kinds: HitKinds,
        asks: Mapping[int, Ask] = MappingProxyType({}),
    ) -> None:
        self._verdicts: dict[tuple[str, Hashable], _Verdict] = {}
        self._of_kind: dict[tuple[str, int], _Verdict | None] = {}
        self._asked_in: dict[tuple[str, int], tuple[int, bytes]] = {}
        self._twins = frozenset(twins)
        self._asks = asks
        self._kinds = kinds.all

    def of(self, account: str, hits: PackedHits, at: int) -> Stretch | None:
        """What becomes of *hits* of *account* from *at* on, as many as are alike.

        None: the one at that place has to be judged.
        """
        verdict = self._verdict(account, hits.kinds[at])
        if verdict is None:
            return None
        kinds = hits.kinds[at:] if at else hits.kinds
        others = {one for one in {*kinds} if self._verdict(account, one) is not verdict}
        stop = len(hits)
        if others:
            stop = at + next(place for place, one in enumerate(kinds) if one in others)
        mine = hits.part(at, stop)
        numbers = Counter(mine.kinds)
        asked = {kind: self._asked_by(account, kind, verdict) for kind in numbers}
        statuses: Counter[Status | None] = Counter()
        for kind, number in numbers.items():
            statuses[self._kinds[kind].status] += number
        between = {kind: text for kind, (_, text) in asked.items()}
        text, lengths = verdict.text(account, mine, between)
        line, *more = {line for line, _ in asked.values()}
        return Stretch(
            verdict.action,
            verdict.shown,
            text,
            lengths,
            mine.lines,
            [asked[kind][0] for kind in mine.kinds] if more else [line] * len(mine),
            statuses,
            mine.ids[-1],
        )

    def _asked_by(self, account: str, number: int, verdict: _Verdict) -> tuple[int, bytes]:
        """Where the first absence stands that asks for hits of a kind, and how a line says it."""
        key = account, number
        if key not in self._asked_in:
            alone = self._alone(self._kinds[number].asked)
            line = verdict.line if alone is None else alone.source.line
            self._asked_in[key] = line, verdict.asked_in(line)
        return self._asked_in[key]

    def _alone(self, asked: tuple[int, ...]) -> Ask | None:
        """The absence of a campaign that only that one asks for."""
        return self._asks.get(asked[0]) if len(asked) == 1 and asked[0] not in self._twins else None

    def _form(self, asked: tuple[int, ...]) -> Hashable:
        """What a verdict depends on of the absences that ask: of one alone not where it stands."""
        one = self._alone(asked)
        if one is None:
            return asked
        entry = one.entry
        by = (entry.id is None, entry.match is None, entry.phone_numbers is None)
        return one.source.manifest, one.source.path, one.blocked, one.ambiguous, by

    def _verdict(self, account: str, number: int) -> _Verdict | None:
        """What holds of hits of a kind."""
        key = account, number
        if key not in self._of_kind:
            kind = self._kinds[number]
            alike = kind.plain and not kind.unsure
            form = self._form(kind.asked)
            self._of_kind[key] = self._verdicts.get((account, form)) if alike else None
        return self._of_kind[key]

    def learn(self, account: str, hit: PackedHits, judged: Sequence[tuple[Action, bool]]) -> None:
        """Everything was asked about *hit*, which is one, and *judged* came of it."""
        kind = self._kinds[hit.kinds[0]]
        key = account, self._form(kind.asked)
        if not kind.plain or kind.unsure or key in self._verdicts or len(judged) != 1:
            return
        if not self._twins.isdisjoint(kind.asked):  # there its name has a say
            return
        action, shown = judged[0]
        own = action.message or action.waivers or action.parts is not None
        if action.action == "delete" and not own:
            self._verdicts[key] = _Verdict.of(action, hit, shown=shown)
            self._of_kind.clear()

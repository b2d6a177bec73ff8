"""The records that answer a question, by the million: a little in memory, the rest in sorted runs.

Attributes that nobody wants to see are held beside a record's line: a driver may refuse by them.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, compress, count, islice
from operator import ne
from typing import NamedTuple

import msgspec

from reconciler.model import Campaigns
from reconciler.plan.packing import (
    Hit,
    HitKinds,
    Key,
    PackedHits,
    Plain,
    packed,
    together,
    unpacked,
)
from reconciler.plan.spool import Spool

_IN_MEMORY = 16_384  # hits, as long as there are no more
_PACKED = 65_536  # hits that are held as bytes, before they go into a run
_BLOCK = 512  # hits of a run that are read at a time
_FIRST = 6  # bits of a hash, its sign among them, by which keys are parted before they are sorted


def _key(hit: Hit) -> Key:
    return hit.campaign.account, hit.campaign.id


def _never(_account: str, records: Campaigns) -> list[bool]:
    return [False] * len(records)


_Indices = tuple[int, ...]
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(PackedHits).decode


class Hits:
    """The hits, by account and id. *attributes*: whether anybody wants to see them.

    *plain*: see there; without it nobody says that a record is.

    Going through them (`values`) is in the inventory's order as long as they are few, in that of
    account and id once they are many; `in_order` is always in that order.
    """

    def __init__(
        self, hits: Iterable[Hit] = (), *, attributes: bool = False, plain: Plain | None = None
    ) -> None:
        self._attributes = attributes
        self._plain = plain or _never
        self._recent: dict[Key, Hit] = {}
        self.kinds = HitKinds()
        self._packed = _Recent(self.kinds)
        self._spool: Spool | None = None
        self._runs: list[_Run] = []
        self._count = 0
        self.add(*_parted(tuple(hits)))

    def add(
        self, records: Campaigns, asked: Sequence[_Indices], unsure: Sequence[_Indices]
    ) -> None:
        """Take in hits: *records*, and of each what a `Hit` says of it."""
        if not self._many and len(self._recent) + len(records) <= _IN_MEMORY:
            keys = zip(records.accounts, records.ids, strict=True)
            self._recent.update(zip(keys, map(Hit, records, asked, unsure), strict=True))
            return
        # What is near is written in the least time: later all of it is far away.
        if self._recent:
            self._keep(*_parted(tuple(self._recent.values())))
            self._recent = {}
        self._keep(records, asked, unsure)
        if self._packed.number >= _PACKED:
            self._spill()

    def _keep(
        self, records: Campaigns, asked: Sequence[_Indices], unsure: Sequence[_Indices]
    ) -> None:
        for account, some in self._pack(records, asked, unsure):
            self._packed.add(account, some)

    def _pack(
        self, records: Campaigns, asked: Sequence[_Indices], unsure: Sequence[_Indices]
    ) -> Iterator[tuple[str, PackedHits]]:
        return packed(records, asked, unsure, self._plain, self.kinds, attributes=self._attributes)

    @property
    def _many(self) -> bool:
        return bool(self._runs or self._packed.number)

    def __len__(self) -> int:
        return self._count + len(self._packed) + len(self._recent)

    def __contains__(self, key: Key) -> bool:
        return self.get(key) is not None

    def __getitem__(self, key: Key) -> Hit:
        found = self.get(key)
        if found is None:
            raise KeyError(key)
        return found

    def __iter__(self) -> Iterator[Key]:
        return map(_key, self.values())

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Hits | Mapping):
            return dict(self.items()) == dict(other.items())
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def get(self, key: Key) -> Hit | None:
        """The hit of this account and id; many of these are slow where there are many hits."""
        if (found := self._recent.get(key)) is not None:
            return found
        if (found := self._packed.find(key)) is not None:
            return found
        return next(filter(None, (run.find(key) for run in self._runs)), None)

    def values(self) -> Iterator[Hit]:
        """Every hit."""
        return self.in_order() if self._many else iter(self._recent.values())

    def items(self) -> Iterator[tuple[Key, Hit]]:
        """Every hit with its account and id."""
        return ((_key(one), one) for one in self.values())

    def in_order(self) -> Iterator[Hit]:
        """Every hit, by account and id."""
        return chain.from_iterable(self.blocks())

    def blocks(self) -> Iterator[list[Hit]]:
        """The same, some at a time."""
        if not self._many:
            yield [self._recent[key] for key in sorted(self._recent)]
            return
        for _, some in self.packed():
            yield unpacked(some, self.kinds)

    def packed(self) -> Iterator[tuple[str, PackedHits]]:
        """The same as bytes, some of one account at a time."""
        if not self._many:
            hits = [self._recent[key] for key in sorted(self._recent)]
            for at in range(0, len(hits), _BLOCK):
                yield from self._pack(*_parted(hits[at : at + _BLOCK]))
            return
        parts: list[_Run | _Recent] = [*self._runs, self._packed]
        for account in sorted({account for part in parts for account in part.accounts}):
            runs = [part.blocks(account) for part in parts if account in part.accounts]
            for some in _merged(runs):
                yield account, some

    def _spill(self) -> None:
        if self._spool is None:
            self._spool = Spool()
        run = _Run(self._spool, self.kinds)
        for account in self._packed.accounts:
            for some in self._packed.blocks(account):
                run.add(account, some.ids[0], _encode(some))
                self._count += len(some)
        self._runs.append(run)
        self._packed = _Recent(self.kinds)


def _parted(hits: Sequence[Hit]) -> tuple[Campaigns, list[_Indices], list[_Indices]]:
    records = Campaigns([one.campaign for one in hits])
    return records, [one.asked for one in hits], [one.unsure for one in hits]


class _Recent:
    """Packed hits by account, as they came; of one that came twice the last.

    *number*: how many came.
    """

    __slots__ = ("_kinds", "_places", "accounts", "number")

    def __init__(self, kinds: HitKinds) -> None:
        self._kinds = kinds
        self._places: dict[str, dict[str, int]] = {}  # by account and id, once somebody asks
        self.accounts: dict[str, list[PackedHits]] = {}
        self.number = 0

    def __len__(self) -> int:
        return sum(len({*self._whole(account).ids}) for account in self.accounts)

    def add(self, account: str, some: PackedHits) -> None:
        self.accounts.setdefault(account, []).append(some)
        self._places.pop(account, None)
        self.number += len(some)

    def find(self, key: Key) -> Hit | None:
        account, id_ = key
        if account not in self.accounts:
            return None
        whole = self._whole(account)
        if account not in self._places:
            self._places[account] = dict(zip(whole.ids, count(), strict=False))
        at = self._places[account].get(id_)
        return None if at is None else unpacked(whole.part(at, at + 1), self._kinds)[0]

    def _whole(self, account: str) -> PackedHits:
        parts = self.accounts[account]
        if len(parts) > 1:
            parts[:] = [together(parts)]
        return parts[0]

    def blocks(self, account: str) -> Iterator[PackedHits]:
        """Those of *account* by id, some at a time."""
        whole = self._whole(account)
        order = whole.order()
        ids = [whole.ids[at] for at in order]
        order = list(compress(order, [*map(ne, ids, islice(ids, 1, None)), True]))
        for at in range(0, len(order), _BLOCK):  # what is looked at together is near for longer
            yield whole.at(order[at : at + _BLOCK])


class _Blocks(NamedTuple):
    """Of one account in a run: the first id of each block, and where it stands in the spool."""

    firsts: list[str]
    places: list[tuple[int, int]]


class _Run:
    """Hits by account and id, in blocks of a spool, each of one account."""

    __slots__ = ("_kinds", "_spool", "accounts")

    def __init__(self, spool: Spool, kinds: HitKinds) -> None:
        self._spool = spool
        self._kinds = kinds
        self.accounts: dict[str, _Blocks] = {}

    def add(self, account: str, first: str, block: bytes) -> None:
        mine = self.accounts.setdefault(account, _Blocks([], []))
        start = len(self._spool)
        self._spool.write(block)
        mine.firsts.append(first)
        mine.places.append((start, len(self._spool)))

    def blocks(self, account: str) -> Iterator[PackedHits]:
        """Those of *account* by id, some at a time."""
        for place in self.accounts[account].places:
            yield _decode(self._spool.read(*place))

    def find(self, key: Key) -> Hit | None:
        account, id_ = key
        mine = self.accounts.get(account)
        at = bisect_right(mine.firsts, id_) - 1 if mine is not None else -1
        if mine is None or at < 0:
            return None
        block = _decode(self._spool.read(*mine.places[at]))
        found = block.at([at for at, one in enumerate(block.ids) if one == id_])
        return unpacked(found, self._kinds)[0] if found else None


class _Front:
    """What has been read of a run and is not yet given on."""

    __slots__ = ("_at", "_block", "_blocks")

    def __init__(self, blocks: Iterator[PackedHits]) -> None:
        self._blocks = blocks
        self._block = PackedHits([], [], [], [])
        self._at = 0

    def last(self) -> str | None:
        """The last id that has been read; None at the end."""
        while self._at == len(self._block):
            block = next(self._blocks, None)
            if block is None:
                return None
            self._block, self._at = block, 0
        return self._block.ids[-1]

    def upto(self, id_: str) -> PackedHits:
        """What stands up to *id_*; it is gone from here."""
        start = self._at
        self._at = bisect_right(self._block.ids, id_, start)
        return self._block.part(start, self._at)


def _merged(runs: Iterable[Iterator[PackedHits]]) -> Iterator[PackedHits]:
    """Runs of an account as one, many hits at a time: no step of ours is needed for each."""
    fronts = [_Front(run) for run in runs]
    while fronts:
        read = [(last, front) for front in fronts if (last := front.last()) is not None]
        fronts = [front for _, front in read]
        if len(fronts) > 1:
            id_ = min(last for last, _ in read)
            some = together([front.upto(id_) for front in fronts])
            yield some.at(some.order())
        elif fronts:
            yield fronts[0].upto(read[0][0])


class Keys:
    """Values by the million, eight bytes each; of others it knows one in 10^13."""

    def __init__(self, keys: Iterable[Hashable]) -> None:
        # Sorted a part at a time: as objects, all of them would need five times the room.
        parts, shift = [array("q") for _ in range(1 << _FIRST)], 64 - _FIRST
        for code in map(hash, keys):
            parts[code >> shift].append(code)  # of those below zero: from the end
        self._hashes = array("q")
        for at in range(-len(parts) // 2, len(parts) // 2):
            self._hashes.fromlist(sorted(set(parts[at])))
            parts[at] = array("q")

    def __contains__(self, key: Hashable) -> bool:
        return bool(self.places((key,)))

    def places(self, keys: Sequence[Hashable]) -> list[int]:
        """The places in *keys* of those that are among these."""
        hashes = self._hashes
        if not hashes:
            return []
        last, found = len(hashes) - 1, []
        for place, key in enumerate(keys):
            code = hash(key)
            if hashes[min(bisect_left(hashes, code), last)] == code:
                found.append(place)
        return found

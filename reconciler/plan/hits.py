"""The records that answer a question, by the million: a little in memory, the rest in sorted runs.

Attributes that nobody wants to see are held beside a record's line: a driver may refuse by them.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby
from operator import itemgetter

import msgspec

from reconciler.plan.packing import Hit, Key, PackedHit, Plain, packed, unpacked
from reconciler.plan.spool import Spool

_IN_MEMORY = 16_384  # hits, as long as there are no more
_PACKED = 65_536  # hits that are held as bytes, before they go into a run
_BLOCK = 128  # hits of a run that are read at a time

Pair = tuple[Key, PackedHit]


def _key(hit: Hit) -> Key:
    return hit.campaign.account, hit.campaign.id


def _never(_: object) -> bool:
    return False


_first = itemgetter(0)
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[PackedHit]).decode


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
        self._packed = _Packed()
        self._spool: Spool | None = None
        self._runs: list[_Run] = []
        self._count = 0
        self.add(*hits)

    def add(self, *hits: Hit) -> None:
        """Take in *hits*."""
        if not self._many and len(self._recent) + len(hits) <= _IN_MEMORY:
            self._recent.update(zip(map(_key, hits), hits, strict=True))
            return
        # What is near is written in the least time: later all of it is far away.
        recent = [*self._recent.values(), *hits]
        self._packed.add(recent, packed(recent, self._plain, attributes=self._attributes))
        self._recent = {}
        if self._packed.number >= _PACKED:
            self._spill()

    @property
    def _many(self) -> bool:
        return bool(self._runs or self._packed.number)

    def __len__(self) -> int:
        return self._count + self._packed.number + len(self._recent)

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
        for account, some in self.packed():
            yield unpacked(account, some)

    def packed(self) -> Iterator[tuple[str, list[PackedHit]]]:
        """The same as bytes, some of one account at a time."""
        for pairs in self._sorted():
            for account, some in groupby(pairs, lambda pair: pair[0][0]):
                yield account, [one for _, one in some]

    def _sorted(self) -> Iterator[list[Pair]]:
        if self._many:
            parts: list[_Run | _Packed] = [*self._runs, self._packed]
            yield from _merged(map(_pairs, parts))
            return
        every = sorted(self._recent)
        for at in range(0, len(every), _BLOCK):
            keys = every[at : at + _BLOCK]
            hits = [self._recent[key] for key in keys]
            some = packed(hits, self._plain, attributes=self._attributes)
            yield list(zip(keys, some, strict=True))

    def _spill(self) -> None:
        if self._spool is None:
            self._spool = Spool()
        run = _Run(self._spool)
        for account, some in self._packed.blocks():
            run.add((account, some[0].id), _encode(some))
        self._runs.append(run)
        self._count += self._packed.number
        self._packed = _Packed()


class _Packed:
    """Packed hits, by account and id."""

    __slots__ = ("_accounts", "number")

    def __init__(self) -> None:
        self._accounts: dict[str, dict[str, PackedHit]] = {}
        self.number = 0

    def add(self, hits: Sequence[Hit], some: Sequence[PackedHit]) -> None:
        accounts = self._accounts
        for hit, one in zip(hits, some, strict=True):
            account = hit.campaign.account
            if account not in accounts:
                accounts[account] = {}
            accounts[account][one.id] = one
        self.number = sum(map(len, accounts.values()))

    def find(self, key: Key) -> Hit | None:
        found = self._accounts.get(key[0], {}).get(key[1])
        return None if found is None else unpacked(key[0], [found])[0]

    def blocks(self) -> Iterator[tuple[str, list[PackedHit]]]:
        """All of them in order, some of an account at a time."""
        for account, hits in sorted(self._accounts.items()):
            ids = sorted(hits)
            for at in range(0, len(ids), _BLOCK):
                yield account, [hits[id_] for id_ in ids[at : at + _BLOCK]]


class _Run:
    """Hits in order, in blocks of a spool, each of one account."""

    __slots__ = ("_blocks", "_firsts", "_spool")

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._blocks: list[tuple[int, int]] = []
        self._firsts: list[Key] = []

    def add(self, first: Key, block: bytes) -> None:
        start = len(self._spool)
        self._spool.write(block)
        self._blocks.append((start, len(self._spool)))
        self._firsts.append(first)

    def blocks(self) -> Iterator[tuple[str, list[PackedHit]]]:
        """All of them in order, some of an account at a time."""
        for (account, _), place in zip(self._firsts, self._blocks, strict=True):
            yield account, _decode(self._spool.read(*place))

    def find(self, key: Key) -> Hit | None:
        at = bisect_right(self._firsts, key) - 1
        if at < 0:
            return None
        account, id_ = key
        found = _decode(self._spool.read(*self._blocks[at]))
        mine = [one for one in found if one.id == id_ and self._firsts[at][0] == account]
        return unpacked(account, mine)[0] if mine else None


def _pairs(some: _Run | _Packed) -> Iterator[list[Pair]]:
    return ([((account, one.id), one) for one in hits] for account, hits in some.blocks())


class _Front:
    """What has been read of a run and is not yet given on."""

    __slots__ = ("_at", "_blocks", "_pairs")

    def __init__(self, blocks: Iterator[list[Pair]]) -> None:
        self._blocks = blocks
        self._pairs: list[Pair] = []
        self._at = 0

    def last(self) -> Key | None:
        """The last key that has been read; None at the end."""
        while self._at == len(self._pairs):
            block = next(self._blocks, None)
            if block is None:
                return None
            self._pairs, self._at = block, 0
        return self._pairs[-1][0]

    def upto(self, key: Key) -> list[Pair]:
        """What stands up to *key*; it is gone from here."""
        start = self._at
        self._at = bisect_right(self._pairs, key, start, key=_first)
        return self._pairs[start : self._at]


def _merged(runs: Iterable[Iterator[list[Pair]]]) -> Iterator[list[Pair]]:
    """Runs in order as one, many hits at a time: that needs no step of ours for each of them."""
    fronts = [_Front(run) for run in runs]
    while fronts:
        read = [(last, front) for front in fronts if (last := front.last()) is not None]
        fronts = [front for _, front in read]
        if read:
            key = min(last for last, _ in read)
            found = [pair for front in fronts for pair in front.upto(key)]
            found.sort(key=_first)
            yield found


class Keys:
    """Values by the million, eight bytes each; of others it knows one in 10^13."""

    def __init__(self, keys: Iterable[Hashable]) -> None:
        self._hashes = array("q", sorted(array("q", map(hash, keys))))

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

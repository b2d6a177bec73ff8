"""The records that answer a question, by the million: a little in memory, the rest in sorted runs.

What is in a run has lost its `attributes`, unless somebody wants to see them: they take most of the
room, nothing is decided by them, and their numbers may be larger than any file of ours holds.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from operator import itemgetter

import msgspec

from reconciler.model import Campaign
from reconciler.plan.spool import Spool

_IN_MEMORY = 16_384  # hits, as long as there are no more
_PACKED = 65_536  # hits that are held as bytes, before they go into a run
_BLOCK = 128  # hits of a run that are read at a time

Key = tuple[str, str]  # account and id


class Hit(msgspec.Struct, frozen=True, gc=False):
    """A record and the indices of the questions that it answers, ascending.

    *unsure*: the exceptions (keeps and protections) of which nothing fails, and which ask for
    something that the record lacks.
    """

    campaign: Campaign
    asked: tuple[int, ...]
    unsure: tuple[int, ...] = ()

    @property
    def key(self) -> Key:
        return self.campaign.account, self.campaign.id


def _key(hit: Hit) -> Key:
    return hit.campaign.account, hit.campaign.id


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Hit]).decode


class Hits:
    """The hits, by account and id. *attributes*: whether anybody wants to see them.

    Going through them (`values`) is in the inventory's order as long as they are few, in that of
    account and id once they are many; `in_order` is always in that order.
    """

    def __init__(self, hits: Iterable[Hit] = (), *, attributes: bool = False) -> None:
        self._attributes = attributes
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
        self._packed.add(self._stripped([*self._recent.values(), *hits]))
        self._recent = {}
        if self._packed.number >= _PACKED:
            self._spill()

    @property
    def _many(self) -> bool:
        return bool(self._runs or self._packed.number)

    def _stripped(self, hits: list[Hit]) -> list[Hit]:
        if self._attributes or all([one.campaign.attributes is None for one in hits]):
            return hits
        return [_without_attributes(one) for one in hits]

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
        packed = (_decode(block) for _, block in self._packed.blocks())
        yield from _merged([*map(iter, self._runs), packed])

    def _spill(self) -> None:
        if self._spool is None:
            self._spool = Spool()
        run = _Run(self._spool)
        for first, block in self._packed.blocks():
            run.add(first, block)
        self._runs.append(run)
        self._count += self._packed.number
        self._packed = _Packed()


class _Packed:
    """Hits as bytes, by account and id."""

    __slots__ = ("_accounts", "number")

    def __init__(self) -> None:
        self._accounts: dict[str, dict[str, bytes]] = {}
        self.number = 0

    def add(self, hits: Iterable[Hit]) -> None:
        accounts = self._accounts
        for hit in hits:
            account = hit.campaign.account
            if account not in accounts:
                accounts[account] = {}
            accounts[account][hit.campaign.id] = _encode(hit)
        self.number = sum(map(len, accounts.values()))

    def find(self, key: Key) -> Hit | None:
        found = self._accounts.get(key[0], {}).get(key[1])
        return None if found is None else _decode(_listed([found]))[0]

    def blocks(self) -> Iterator[tuple[Key, bytes]]:
        """All of them in order, each block a list, with its first key."""
        for account, hits in sorted(self._accounts.items()):
            ids = sorted(hits)
            for at in range(0, len(ids), _BLOCK):
                yield (account, ids[at]), _listed([hits[id_] for id_ in ids[at : at + _BLOCK]])


def _listed(texts: Sequence[bytes]) -> bytes:
    """The list of what *texts* are, in msgpack (an array of up to 2 ** 16 elements)."""
    return b"\xdc%b%b" % (len(texts).to_bytes(2, "big"), b"".join(texts))


class _Run:
    """Hits in order, in blocks of a spool."""

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

    def __iter__(self) -> Iterator[list[Hit]]:
        for start, end in self._blocks:
            yield _decode(self._spool.read(start, end))

    def find(self, key: Key) -> Hit | None:
        at = bisect_right(self._firsts, key) - 1
        if at < 0:
            return None
        found = _decode(self._spool.read(*self._blocks[at]))
        return next((one for one in found if _key(one) == key), None)


class _Front:
    """What has been read of a run and is not yet given on."""

    __slots__ = ("_blocks", "_hits", "_keys")

    def __init__(self, blocks: Iterator[list[Hit]]) -> None:
        self._blocks = blocks
        self._hits: list[Hit] = []
        self._keys: list[Key] = []

    def last(self) -> Key | None:
        """The last key that has been read; None at the end."""
        while not self._keys:
            block = next(self._blocks, None)
            if block is None:
                return None
            self._hits, self._keys = block, list(map(_key, block))
        return self._keys[-1]

    def upto(self, key: Key) -> list[tuple[Key, Hit]]:
        """What stands up to *key*; it is gone from here."""
        at = bisect_right(self._keys, key)
        found = list(zip(self._keys[:at], self._hits[:at], strict=True))
        self._keys, self._hits = self._keys[at:], self._hits[at:]
        return found


def _merged(runs: Iterable[Iterator[list[Hit]]]) -> Iterator[list[Hit]]:
    """Runs in order as one, many hits at a time: that needs no step of ours for each of them."""
    fronts = [_Front(run) for run in runs]
    while fronts:
        read = [(last, front) for front in fronts if (last := front.last()) is not None]
        fronts = [front for _, front in read]
        if read:
            key = min(last for last, _ in read)
            found = [pair for front in fronts for pair in front.upto(key)]
            found.sort(key=itemgetter(0))
            yield [hit for _, hit in found]


def _without_attributes(hit: Hit) -> Hit:
    if hit.campaign.attributes is None:
        return hit
    plain = msgspec.structs.replace(hit.campaign, attributes=None)
    return Hit(plain, hit.asked, hit.unsure)


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

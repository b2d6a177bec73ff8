"""A record that answers a question, and many of them as bytes: as a plan shows them. Pure.

Most of a large plan is bytes of records between bytes that all of one verdict share. So a record is
written when it is read, and read again only where somebody has to look into it.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import chain
from operator import add, itemgetter
from typing import Any, NamedTuple

import msgspec
from msgspec import structs

from reconciler.model import Campaign, Campaigns, Status
from reconciler.plan.lines import each_harmless, each_written, is_harmless, json_of

Key = tuple[str, str]  # account and id
Plain = Callable[[str, Campaigns], list[bool]]
"""Of each record of an account, whether it by itself gives no reason to leave it alone, and has no
parts."""

AROUND = len('"id":"","name":""')  # what each of `PackedHits.owns` takes besides its size
_records = msgspec.json.Decoder(Campaign).decode_lines


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


class HitKind(NamedTuple):
    """What many hits share. *plain*: see `Plain`."""

    asked: tuple[int, ...]
    unsure: tuple[int, ...]
    status: Status | None
    plain: bool


_Kind = tuple[tuple[int, ...], tuple[int, ...], Status | None, bool]


class HitKinds:
    """The kinds that there are, each under a number; `all` has them by it."""

    def __init__(self) -> None:
        self.all: list[HitKind] = []
        self._numbers: dict[_Kind, int] = {}

    def of(
        self, asked: tuple[int, ...], unsure: tuple[int, ...], status: Status | None, plain: bool
    ) -> int:
        """The number of such hits."""
        kind = asked, unsure, status, plain
        number = self._numbers.get(kind)
        if number is None:
            number = self._numbers[kind] = len(self.all)
            self.all.append(HitKind(*kind))
        return number

    def each(
        self,
        asked: Sequence[tuple[int, ...]],
        unsure: Sequence[tuple[int, ...]],
        statuses: Sequence[Status | None],
        plain: Sequence[bool],
    ) -> list[int]:
        """The number of each; nearly always all are alike but for their status."""
        if all(plain) and asked.count(asked[0]) == len(asked) and not any(unsure):
            numbers = {status: self.of(asked[0], (), status, True) for status in {*statuses}}
            return list(map(numbers.__getitem__, statuses))
        return list(map(self.of, asked, unsure, statuses, plain))


class PackedHits(msgspec.Struct, gc=False, array_like=True):
    """Hits of one account. Of each: its id; the line of its record; how many bytes id and name take
    in that, without their quotes; its number among `HitKinds`.

    *attributes*: those that a line leaves out because nobody wants to see them; what judges a
    record is asked with all that is known of it. None: no line leaves any out.
    """

    ids: Sequence[str]
    lines: Sequence[bytes]
    sizes: Sequence[int]
    kinds: Sequence[int]
    attributes: Sequence[bytes | None] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def part(self, start: int, stop: int) -> "PackedHits":
        """Those from *start* up to *stop*."""
        return self if stop - start == len(self) else self._each(itemgetter(slice(start, stop)))

    def at(self, places: Sequence[int]) -> "PackedHits":
        """Those at *places*."""
        return self._each(picker(places))

    def order(self) -> list[int]:
        """Their places by id."""
        return sorted(range(len(self)), key=self.ids.__getitem__)

    def _each(self, of: Callable[[Any], Any]) -> "PackedHits":
        left_out = None if self.attributes is None else of(self.attributes)
        return PackedHits(of(self.ids), of(self.lines), of(self.sizes), of(self.kinds), left_out)

    def owns(self, account: str) -> list[bytes]:
        """Id and name of each, as its line has them."""
        start, more = len(head(account)), len(head(account)) + AROUND
        pairs = zip(self.lines, self.sizes, strict=True)
        return [line[start : size + more] for line, size in pairs]


def picker(places: Sequence[int]) -> Callable[[Any], Any]:
    """Takes from a sequence what stands at *places*: no step of ours is needed for each."""
    return itemgetter(*places) if len(places) > 1 else lambda all_: [all_[at] for at in places]


def together(some: Sequence[PackedHits]) -> PackedHits:
    """All of *some* as one."""
    return PackedHits(
        list(chain.from_iterable([one.ids for one in some])),
        list(chain.from_iterable([one.lines for one in some])),
        list(chain.from_iterable([one.sizes for one in some])),
        list(chain.from_iterable([one.kinds for one in some])),
        None
        if all(one.attributes is None for one in some)
        else list(chain.from_iterable(one.attributes or [None] * len(one) for one in some)),
    )


@cache
def head(account: str) -> bytes:
    """What the line of a record of *account* begins with, up to its id."""
    return b'{"account":%b,' % each_written([account])[0]


def packed(
    records: Campaigns,
    asked: Sequence[tuple[int, ...]],
    unsure: Sequence[tuple[int, ...]],
    plain: Plain,
    kinds: HitKinds,
    *,
    attributes: bool,
) -> Iterator[tuple[str, PackedHits]]:
    """Hits as bytes, account by account.

    *attributes*: whether anybody wants to see those of their records.
    """
    lines, left_out = _lines(records, attributes=attributes)
    sizes = _sizes(records, b"".join(lines) if records.text is None else records.text)
    for account, places in records.places.items():
        of = picker(places)
        mine = Campaigns(of(records))
        numbers = kinds.each(of(asked), of(unsure), mine.statuses, plain(account, mine))
        kept = None if left_out is None else of(left_out)
        yield account, PackedHits(mine.ids, of(lines), of(sizes), numbers, kept)


def _lines(
    records: Campaigns, *, attributes: bool
) -> tuple[list[bytes], list[bytes | None] | None]:
    """The lines of *records*, and the attributes that these leave out."""
    lines, places = [b""] * len(records), list(range(len(records)))
    if records.text is not None:
        lines, places = each_harmless(records.text), _rewritten(records)
    some = [records[at] for at in places]
    left_out: list[bytes | None] | None = None
    if not attributes and any([one.attributes is not None for one in some]):
        left_out = [None] * len(records)
        for n, (at, one) in enumerate(zip(places, some, strict=True)):
            if one.attributes is not None:
                left_out[at] = json_of(one.attributes)
                some[n] = structs.replace(one, attributes=None)
    for at, line in zip(places, each_written(some), strict=True):
        lines[at] = line
    return lines, left_out


def _rewritten(records: Sequence[Campaign]) -> list[int]:
    """The places of those that a plan may show otherwise than they were written: mappings have an
    order there, and attributes may be left out."""
    return [
        at
        for at, one in enumerate(records)
        if one.attributes is not None or (one.labels is not None and len(one.labels) > 1)
    ]


def _sizes(records: Campaigns, text: bytes) -> list[int]:
    """How many bytes id and name of each take in its line, without their quotes.

    *text*: the lines, or at least everything in them that may have to be written in another way.
    """
    ids, names = records.ids, records.names
    if is_harmless(text) and b"\\" not in text:  # each character is itself
        return list(map(add, map(len, ids), map(len, names)))
    pairs = zip(each_written(ids), each_written(names), strict=True)
    return [len(id_) + len(name) - len('""""') for id_, name in pairs]


def unpacked(some: PackedHits, kinds: HitKinds) -> list[Hit]:
    """The hits that `packed` has packed, with all that is known of them."""
    records = _records(b"\n".join(some.lines))
    if some.attributes is not None:
        records = [
            one if told is None else structs.replace(one, attributes=json.loads(told))
            for one, told in zip(records, some.attributes, strict=True)
        ]
    return [
        Hit(one, kinds.all[kind].asked, kinds.all[kind].unsure)
        for one, kind in zip(records, some.kinds, strict=True)
    ]

"""A record that answers a question, and the same as bytes: written once, as a plan shows it. Pure.

Most of a large plan is bytes of records between bytes that all of one verdict share. So a record is
written when it is read, and read again only where somebody has to look into it.
"""

import json
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec
from msgspec import structs

from reconciler.model import Campaign, Status
from reconciler.plan.lines import each_written, json_of

Key = tuple[str, str]  # account and id
Plain = Callable[[Sequence[Campaign]], list[bool]]
"""Of each record, whether it by itself gives no reason to leave it alone, and has no parts."""

_BETWEEN = len(b'"id":,"name":')
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

    def each(self, hits: Sequence[Hit], plain: Sequence[bool]) -> list[int]:
        """The number of each of *hits*, of which *plain* says so; nearly always all are alike."""
        asked = hits[0].asked
        if all(plain) and not any([one.asked != asked or one.unsure for one in hits]):
            statuses = [one.campaign.status for one in hits]
            numbers = {status: self.of(asked, (), status, True) for status in {*statuses}}
            return [numbers[status] for status in statuses]
        return [
            self.of(one.asked, one.unsure, one.campaign.status, ok)
            for one, ok in zip(hits, plain, strict=True)
        ]


class PackedHit(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A hit of some account. Of its record's line *own* are the id and the name, then comes *rest*.

    *kind*: its number among `HitKinds`. *attributes*: those that the line leaves out because nobody
    wants to see them; what judges a record is asked with all that is known of it.
    """

    id: str
    own: bytes
    rest: bytes
    kind: int
    attributes: bytes | None


def head(account: str) -> bytes:
    """What the line of a record of *account* begins with, up to its id."""
    return b'{"account":%b,' % each_written([account])[0]


def packed(
    hits: Sequence[Hit], plain: Plain, kinds: HitKinds, *, attributes: bool
) -> list[PackedHit]:
    """*hits* as bytes. *attributes*: whether anybody wants to see those of their records."""
    full = [one.campaign for one in hits]
    kept: list[bytes | None] = [None] * len(full)
    records = full
    if not attributes and any([one.attributes is not None for one in full]):
        kept = [None if one.attributes is None else json_of(one.attributes) for one in full]
        records = [
            one if one.attributes is None else structs.replace(one, attributes=None) for one in full
        ]
    texts = each_written(records)
    starts = {name: len(head(name)) for name in {one.account for one in records}}
    numbers = kinds.each(hits, plain(full))
    return [
        PackedHit(
            record.id,
            text[(start := starts[record.account]) : (end := start + own)],
            text[end:],
            number,
            left_out,
        )
        for record, text, own, number, left_out in zip(
            records, texts, _lengths(records, texts), numbers, kept, strict=True
        )
    ]


def _lengths(records: Sequence[Campaign], texts: Sequence[bytes]) -> list[int]:
    """How many bytes id and name of each take in its text, with their keys."""
    together = b"".join(texts)
    if together.isascii() and b"\\" not in together:
        between = _BETWEEN + 4  # quotes, and nothing that is written in another way
        return [len(one.id) + len(one.name) + between for one in records]
    ids, names = [one.id for one in records], [one.name for one in records]
    pairs = zip(each_written(ids), each_written(names), strict=True)
    return [len(id_) + len(name) + _BETWEEN for id_, name in pairs]


def unpacked(account: str, some: Sequence[PackedHit], kinds: HitKinds) -> list[Hit]:
    """The hits that `packed` has packed, all of *account*, with all that is known of them."""
    first = head(account)
    records = _records(b"\n".join([b"".join((first, one.own, one.rest)) for one in some]))
    return [
        Hit(
            one
            if hit.attributes is None
            else structs.replace(one, attributes=json.loads(hit.attributes)),
            kinds.all[hit.kind].asked,
            kinds.all[hit.kind].unsure,
        )
        for one, hit in zip(records, some, strict=True)
    ]

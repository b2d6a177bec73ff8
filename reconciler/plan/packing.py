"""A record that answers a question, and the same as bytes: written once, as a plan shows it. Pure.

Most of a large plan is bytes of records between bytes that all of one verdict share. So a record is
written when it is read, and read again only where somebody has to look into it.
"""

import json
from collections.abc import Callable, Sequence

import msgspec
from msgspec import structs

from reconciler.model import Campaign, Status
from reconciler.plan.lines import each_written, json_of

Key = tuple[str, str]  # account and id
Plain = Callable[[Campaign], bool]
"""Whether a record by itself gives no reason to leave it alone, and has no parts."""

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


class PackedHit(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A hit of some account. Of its record's line *own* are the id and the name, then comes *rest*.

    *plain*: see `Plain`. *attributes*: those that the line leaves out because nobody wants to see
    them; what judges a record is asked with all that is known of it.
    """

    id: str
    asked: tuple[int, ...]
    unsure: tuple[int, ...]
    status: Status | None
    plain: bool
    own: bytes
    rest: bytes
    attributes: bytes | None


def head(account: str) -> bytes:
    """What the line of a record of *account* begins with, up to its id."""
    return b'{"account":%b,' % each_written([account])[0]


def packed(hits: Sequence[Hit], plain: Plain, *, attributes: bool) -> list[PackedHit]:
    """*hits* as bytes. *attributes*: whether anybody wants to see those of their records."""
    full = [one.campaign for one in hits]
    kept: list[bytes | None] = [None] * len(full)
    records = full
    if not attributes and any([one.attributes is not None for one in full]):
        kept = [None if one.attributes is None else json_of(one.attributes) for one in full]
        records = [
            one if one.attributes is None else structs.replace(one, attributes=None) for one in full
        ]
    heads = {name: len(head(name)) for name in {one.account for one in records}}
    made = []
    for hit, text, own, left_out in zip(
        hits, each_written(records), _lengths(records), kept, strict=True
    ):
        record = hit.campaign
        start = heads[record.account]
        end = start + own
        made.append(
            PackedHit(
                record.id,
                hit.asked,
                hit.unsure,
                record.status,
                plain(record),
                text[start:end],
                text[end:],
                left_out,
            )
        )
    return made


def _lengths(records: Sequence[Campaign]) -> list[int]:
    """How many bytes id and name of each take, with their keys."""
    ids, names = [one.id for one in records], [one.name for one in records]
    together = "".join(ids + names)
    if together.isascii() and together.isprintable() and not any(c in together for c in '"\\#'):
        between = _BETWEEN + 4  # quotes, and nothing that is written in another way
        return [len(id_) + len(name) + between for id_, name in zip(ids, names, strict=True)]
    pairs = zip(each_written(ids), each_written(names), strict=True)
    return [len(id_) + len(name) + _BETWEEN for id_, name in pairs]


def unpacked(account: str, some: Sequence[PackedHit]) -> list[Hit]:
    """The hits that `packed` has packed, all of *account*, with all that is known of them."""
    first = head(account)
    records = _records(b"\n".join([b"".join((first, one.own, one.rest)) for one in some]))
    return [
        Hit(
            one
            if hit.attributes is None
            else structs.replace(one, attributes=json.loads(hit.attributes)),
            hit.asked,
            hit.unsure,
        )
        for one, hit in zip(records, some, strict=True)
    ]

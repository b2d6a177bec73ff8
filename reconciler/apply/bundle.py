"""What an apply hands over of a lane, and as what it comes back at a worker.

A worker plans again from its own project file and manifests. What it does not have is the
inventory: the records of what is left, and witnesses, come with the lane. Nothing here is secret.
"""

import struct
import tempfile
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import chain, islice
from pathlib import Path

import msgspec

from reconciler.apply.task import Override, Signatures
from reconciler.errors import Stale
from reconciler.inventory import Facts
from reconciler.inventory.write import pieces
from reconciler.lanes.work import Fate
from reconciler.model import Campaign, Target
from reconciler.plan.lines import json_of
from reconciler.plan.spool import Spool, paged
from reconciler.plan.today import FreshPlan

VERSION = 2
"""Of what is handed over: both sides must have the same."""

_WITNESSES = 200
_GZIP = 16 + zlib.MAX_WBITS
_PIECE = 1 << 18  # bytes that are unpacked at a time
_MOST_HEAD = 64 << 20
_SIZES = struct.Struct(">II")  # bytes of what comes first: the head, and which targets are left


class Work(msgspec.Struct, frozen=True, rename="camel"):
    """A lane's work. What is left of its targets, and the records of those, are beside it.

    *campaigns*, *oldest*: by account, how many there are in all, and the oldest time that is known
    of any. *scopes*: those of the lane's accounts. *signatures*: the approvals, by name.
    *untraced*, *resumed*: as `LookPolicy` has them. *max_wait* is in seconds.
    """

    campaigns: dict[str, int]
    oldest: dict[str, datetime]
    scopes: dict[str, str]
    signatures: Signatures
    requested_by: tuple[str, ...]
    untraced: tuple[str, ...]
    resumed: bool
    max_wait: float
    first_run: bool
    override: Override | None
    version: int = VERSION

    def packed(self, left: bytes, inventory: Iterable[bytes]) -> Iterator[bytes]:
        """As it is kept, in parts. *left*: of each target of the lane, in the plan's order, whether
        it is left; *inventory*: NDJSON of their records.
        """
        gzip_ = zlib.compressobj(1, wbits=_GZIP)
        head = msgspec.msgpack.encode(self)
        for part in chain([_SIZES.pack(len(head), len(left)), head, left], inventory):
            yield gzip_.compress(part)
        yield gzip_.flush()

    def counted(self, facts: Facts) -> Facts:
        """*facts* of the part that was handed over, with what the whole inventory has."""
        accounts = {
            name: msgspec.structs.replace(one, campaigns=self.campaigns.get(name))
            for name, one in facts.accounts.items()
        }
        return msgspec.structs.replace(facts, accounts=accounts, oldest=self.oldest)


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What was handed over of a lane. *left*: a byte for each of its targets, in the plan's order;
    *inventory*: the records of those that are left.
    """

    work: Work
    left: bytes
    inventory: Spool

    @contextmanager
    def file(self) -> Iterator[Path]:
        """The records in a file, meanwhile."""
        with tempfile.NamedTemporaryFile(prefix="reconciler-", suffix=".ndjson") as file:
            file.writelines(self.inventory.parts())
            file.flush()
            yield Path(file.name)


def unpacked(parts: Iterable[bytes]) -> Unpacked:
    """What `Work.packed` made; `Stale` if another version of this program did."""
    try:
        return _unpacked(_plain(parts))
    except (msgspec.MsgspecError, ValueError, zlib.error, struct.error):
        raise Stale(
            "the lane was handed over by another version of reconciler than this worker's; "
            "install the same on both, then apply again with --workers"
        ) from None


def _unpacked(plain: Iterator[bytes]) -> Unpacked:
    begun = bytearray()
    for part in plain:
        begun += part
        if len(begun) >= _SIZES.size:
            size, places = _SIZES.unpack_from(begun)
            if size > _MOST_HEAD:
                raise ValueError("no version of ours has such a head")
            ends = _SIZES.size + size + places
            if len(begun) >= ends:
                break
    else:
        raise ValueError("it is not whole")
    head = bytes(begun[_SIZES.size : _SIZES.size + size])
    if _decode_version(head).version != VERSION:
        raise ValueError("another version's")
    inventory = Spool(bytes(begun[ends:]))
    for part in plain:
        inventory.write(part)
    work = _decode_work(head)
    return Unpacked(work, bytes(begun[ends - places : ends]), inventory)


def _plain(parts: Iterable[bytes]) -> Iterator[bytes]:
    gunzip = zlib.decompressobj(wbits=_GZIP)
    for part in parts:
        yield gunzip.decompress(part, _PIECE)
        while gunzip.unconsumed_tail:
            yield gunzip.decompress(gunzip.unconsumed_tail, _PIECE)
    yield gunzip.flush()
    if not gunzip.eof:
        raise ValueError("it is not whole")


class _Versioned(msgspec.Struct):
    version: int


# Made here: of a type that two threads see first at the same time, one would see a half.
_decode_work = msgspec.msgpack.Decoder(Work).decode
_decode_version = msgspec.msgpack.Decoder(_Versioned).decode


def records(
    fresh: FreshPlan, lanes: Mapping[str, Collection[str]]
) -> dict[str, Callable[[], Iterator[bytes]]]:
    """What the inventory says, as NDJSON, of the accounts of each of *lanes*.

    That is what is asked for, and witnesses. It is gone through once for all lanes, and spooled.
    """
    spools = {name: Spool() for names in lanes.values() for name in names}
    for hit in fresh.matches.hits.in_order():
        if (spool := spools.get(hit.campaign.account)) is not None:
            spool.write(_record(hit.campaign))
    for name, spool in spools.items():
        unasked = fresh.matches.unasked.get(name, ())
        others = (one for one in unasked if (name, one.id) not in fresh.matches.hits)
        for one in islice(others, _WITNESSES):
            spool.write(_record(one))
    accounts = fresh.facts.accounts

    def parts(names: Collection[str]) -> Iterator[bytes]:
        # How many there are is not said: only some are handed over.
        known = {one: accounts[one] for one in sorted(names) if one in accounts}
        head = {one: msgspec.structs.replace(f, campaigns=None) for one, f in known.items()}
        yield from pieces((), head, "ndjson")
        for one in sorted(names):
            yield from spools[one].parts()

    return {lane: partial(parts, names) for lane, names in lanes.items()}


def _record(campaign: Campaign) -> bytes:
    """A record with its attributes: a worker's driver may refuse by them, as ours does."""
    return json_of(campaign) + b"\n"


# ---------------------------------------------------------------- and what came of it


def packed_fates(fates: Iterable[tuple[Target, Fate]]) -> Iterator[bytes]:
    """*fates* as they are kept, in parts; `fates_of` reads them."""
    gzip_ = zlib.compressobj(1, wbits=_GZIP)
    for some in paged(fates):
        yield gzip_.compress(b"".join(_encode((target, fate)) + b"\n" for target, fate in some))
    yield gzip_.flush()


def fates_of(parts: Iterable[bytes]) -> Iterator[tuple[Target, Fate]]:
    """The fates that *parts* of `packed_fates` hold, in their order."""
    rest = b""
    for part in _plain(parts):
        whole, end, rest = (rest + part).rpartition(b"\n")
        yield from _decode(whole + end)


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(tuple[Target, Fate]).decode_lines

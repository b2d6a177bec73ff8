"""What an apply hands over of a lane, and as what it comes back at a worker.

A worker plans again from its own project file and manifests. What it does not have is the
inventory: the records of what is left, and witnesses, come with the lane. Nothing here is secret.
"""

import json
import struct
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import chain, islice

import msgspec

from reconciler.apply.task import Override, Signatures
from reconciler.errors import Stale
from reconciler.inventory import Facts
from reconciler.inventory.write import pieces
from reconciler.lanes.work import Fate
from reconciler.model import Campaign, Held, Outcome, Target
from reconciler.plan.spool import Spool, paged
from reconciler.plan.today import FreshPlan

VERSION = 1
"""Of what is handed over: both sides must have the same."""

_WITNESSES = 200
_GZIP = 16 + zlib.MAX_WBITS
_SIZE = struct.Struct(">I")  # bytes of what comes first


class Work(msgspec.Struct, frozen=True, rename="camel"):
    """A lane's work. *targets*: those that are left. *inventory*: NDJSON of their records.

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
    targets: tuple[Target, ...] = ()
    inventory: bytes = b""
    version: int = VERSION

    def packed(self, targets: Iterable[Target], inventory: Iterable[bytes]) -> Iterator[bytes]:
        """As it is kept, in parts, with its *targets* and *inventory*, of which nothing is held."""
        gzip_ = zlib.compressobj(1, wbits=_GZIP)
        head = msgspec.msgpack.encode(self)
        listed = (b"".join(map(_line, some)) for some in paged(targets))
        for part in chain([_SIZE.pack(len(head)), head], listed, [b"\n"], inventory):
            yield gzip_.compress(part)
        yield gzip_.flush()

    def counted(self, facts: Facts) -> Facts:
        """*facts* of the part that was handed over, with what the whole inventory has."""
        accounts = {
            name: msgspec.structs.replace(one, campaigns=self.campaigns.get(name))
            for name, one in facts.accounts.items()
        }
        return msgspec.structs.replace(facts, accounts=accounts, oldest=self.oldest)

    @property
    def phone_numbers(self) -> set[str]:
        """Every phone number that it names."""
        lines = self.inventory.splitlines()
        records = [msgspec.json.decode(one, type=_Numbers).phone_numbers or () for one in lines]
        parts = {one.part for one in self.targets if one.part is not None and one.part.isdigit()}
        return parts.union(*records)


def unpacked(data: bytes) -> Work:
    """The work that `Work.packed` made; `Stale` if another version of this program did."""
    try:
        plain = zlib.decompress(data, wbits=_GZIP)
        begins = _SIZE.size + _SIZE.unpack_from(plain)[0]
        head = plain[_SIZE.size : begins]
        if msgspec.msgpack.decode(head, type=_Versioned).version == VERSION:
            ends = (
                begins if plain[begins : begins + 1] == b"\n" else plain.index(b"\n\n", begins) + 1
            )
            return msgspec.structs.replace(
                msgspec.msgpack.decode(head, type=Work),
                targets=tuple(_targets(plain[begins:ends])),
                inventory=plain[ends + 1 :],
            )
    except (msgspec.MsgspecError, ValueError, zlib.error, struct.error):
        pass
    raise Stale(
        "the lane was handed over by another version of reconciler than this worker's; install the "
        "same on both, then apply again with --workers"
    )


_targets = msgspec.json.Decoder(Target).decode_lines


def _line(target: Target) -> bytes:
    return msgspec.json.encode(target) + b"\n"


class _Versioned(msgspec.Struct):
    version: int


class _Numbers(msgspec.Struct, rename="camel"):
    phone_numbers: tuple[str, ...] | None = None


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
    if campaign.attributes is not None:
        campaign = msgspec.structs.replace(campaign, attributes=None)
    return msgspec.json.encode(campaign) + b"\n"


def fates_text(fates: Mapping[Target, Fate]) -> str:
    """*fates* as they are kept."""
    rows = [
        [str(target), one.outcome, one.detail, one.evidence, one.shut, one.excused, one.held]
        for target, one in fates.items()
    ]
    return json.dumps(rows)


def fates_of(texts: Sequence[str]) -> dict[Target, Fate]:
    """The fates that *texts* of `fates_text` hold."""
    return {
        Target.parse(target): Fate(
            Outcome(outcome), detail, evidence, shut, excused, held and Held(held)
        )
        for text in texts
        for target, outcome, detail, evidence, shut, excused, held in json.loads(text)
    }

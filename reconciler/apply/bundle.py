"""What an apply hands over of a lane, and as what it comes back at a worker.

A worker plans again from its own project file and manifests. What it does not have is the
inventory: the records of what is left, and witnesses, come with the lane. Nothing here is secret.
"""

import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from reconciler.apply.task import Override, Signatures
from reconciler.errors import Stale
from reconciler.inventory import Facts
from reconciler.inventory.write import pieces
from reconciler.lanes.work import Fate
from reconciler.model import AccountFacts, Campaign, Outcome, Target
from reconciler.plan.today import FreshPlan

VERSION = 1
"""Of what is handed over: both sides must have the same."""

_WITNESSES = 200


class Work(msgspec.Struct, frozen=True, rename="camel"):
    """A lane's work. *targets*: those that are left. *inventory*: NDJSON of their records.

    *campaigns*, *oldest*: by account, how many there are in all, and the oldest time that is known
    of any. *scopes*: those of the lane's accounts. *signatures*: the approvals, by name.
    *untraced*, *resumed*: as `LookPolicy` has them. *max_wait* is in seconds.
    """

    targets: tuple[Target, ...]
    inventory: bytes
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

    def packed(self) -> bytes:
        """As it is kept."""
        return gzip.compress(msgspec.msgpack.encode(self), 1, mtime=0)

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
    plain = gzip.decompress(data)
    try:
        if msgspec.msgpack.decode(plain, type=_Versioned).version == VERSION:
            return msgspec.msgpack.decode(plain, type=Work)
    except msgspec.MsgspecError:
        pass
    raise Stale(
        "the lane was handed over by another version of reconciler than this worker's; install the "
        "same on both, then apply again with --workers"
    )


class _Versioned(msgspec.Struct):
    version: int


class _Numbers(msgspec.Struct, rename="camel"):
    phone_numbers: tuple[str, ...] | None = None


def records(fresh: FreshPlan, names: Iterable[str]) -> bytes:
    """What the inventory says of the accounts *names*: what is asked for, and witnesses."""
    header: dict[str, AccountFacts] = {}
    found: list[Campaign] = []
    for name in sorted(names):
        facts = fresh.facts.accounts.get(name)
        if facts is not None:  # how many there are is not: only some are handed over
            header[name] = msgspec.structs.replace(facts, campaigns=None)
        asked = {
            id_: hit.campaign
            for (account, id_), hit in fresh.matches.hits.items()
            if account == name
        }
        others = [one for one in fresh.matches.unasked.get(name, ()) if one.id not in asked]
        found += asked.values()
        found += others[:_WITNESSES]
    plain = [msgspec.structs.replace(one, attributes=None) for one in found]
    return b"".join(pieces([plain], header, "ndjson"))


def fates_text(fates: Mapping[Target, Fate]) -> str:
    """*fates* as they are kept."""
    rows = [
        [str(target), one.outcome.value, one.detail, one.evidence, one.shut, one.excused]
        for target, one in fates.items()
    ]
    return json.dumps(rows)


def fates_of(texts: Sequence[str]) -> dict[Target, Fate]:
    """The fates that *texts* of `fates_text` hold."""
    return {
        Target.parse(target): Fate(Outcome(outcome), detail, evidence, shut, excused)
        for text in texts
        for target, outcome, detail, evidence, shut, excused in json.loads(text)
    }

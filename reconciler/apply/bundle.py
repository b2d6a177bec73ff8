"""What an apply hands over of a lane, and as what it comes back at a worker.

A worker plans again from its own project file and manifests. What it does not have is the
inventory: the records of what is left, and witnesses, come with the lane. Nothing here is secret.
"""

import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from reconciler.apply.task import Override
from reconciler.inventory.write import pieces
from reconciler.lanes.work import Fate
from reconciler.model import AccountFacts, Campaign, Outcome, Target
from reconciler.plan.today import FreshPlan

_WITNESSES = 200


@dataclass(frozen=True, slots=True)
class Work:
    """A lane's work. *targets*: those that are left. *inventory*: NDJSON of their records.

    *untraced*, *resumed*: as `LookPolicy` has them. *max_wait* is in seconds.
    """

    targets: tuple[Target, ...]
    inventory: bytes
    untraced: tuple[str, ...]
    resumed: bool
    max_wait: float
    first_run: bool
    override: Override | None

    def packed(self) -> bytes:
        """As it is kept."""
        document = {
            "targets": [str(one) for one in self.targets],
            "inventory": self.inventory.decode(),
            "untraced": self.untraced,
            "resumed": self.resumed,
            "maxWait": self.max_wait,
            "firstRun": self.first_run,
            "override": None if self.override is None else msgspec.to_builtins(self.override),
        }
        return gzip.compress(msgspec.json.encode(document), 1, mtime=0)


def unpacked(data: bytes) -> Work:
    """The work that `Work.packed` made."""
    found: dict[str, Any] = msgspec.json.decode(gzip.decompress(data))
    return Work(
        targets=tuple(Target.parse(one) for one in found["targets"]),
        inventory=found["inventory"].encode(),
        untraced=tuple(found["untraced"]),
        resumed=found["resumed"],
        max_wait=found["maxWait"],
        first_run=found["firstRun"],
        override=None if found["override"] is None else Override(**found["override"]),
    )


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

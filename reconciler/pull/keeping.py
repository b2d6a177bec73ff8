"""From an old inventory and what the vendors listed to the new one. Pure.

The vendor's record wins, field by field. What a listing does not show is gone only if the listing
is complete; else the old record stays, and with it the time it was captured at: the oldest record
of an account says how old its inventory is, so that nothing stale passes for fresh.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from unicodedata import normalize

import msgspec

from reconciler.driver import Listing
from reconciler.inventory import Reader
from reconciler.inventory.jsontext import one_record
from reconciler.inventory.ndjson import LINE
from reconciler.inventory.without import Gone, less
from reconciler.lanes.journal import State
from reconciler.model import AccountFacts, Campaign, Target
from reconciler.plan.sameness import difference

_ENCODE = msgspec.json.Encoder()
_KEPT = ("channel", "created_at", "labels", "phone_numbers", "message_ids")
"""Old fields that stay where the vendor's record has none: what it never says, or never changes.

Not `status`, `updatedAt` and `attributes`: an old one under a new capture time would be a lie.
"""


@dataclass(frozen=True, slots=True)
class Portion:
    """One account's part of the new inventory: its records by id, and what the header says.

    *appeared*, *gone*, *changed* count records against the old file; *kept* counts those that stay
    though the vendor did not list them.
    """

    records: tuple[Campaign, ...]
    facts: AccountFacts
    appeared: int = 0
    gone: int = 0
    changed: int = 0
    kept: int = 0


def listed(
    account: str,
    listing: Listing,
    asked_at: datetime,
    old: Sequence[Campaign],
    known: AccountFacts | None,
    gone: Gone,
) -> Portion | None:
    """The account after *listing*, which was begun at *asked_at*; None if it tells nothing new.

    *old* and *known* are its records and facts in the old file; *gone* is what the journal knows
    to be deleted since that file was captured.
    """
    if not (listing.complete or listing.partial or listing.campaigns):
        return None
    before = {one.id: one for one in old}
    left = {id_: rest for id_, one in before.items() if (rest := less(one, gone)) is not None}
    seen, fault = _seen(account, listing, left)
    # A message that a record of ours holds among others is not a campaign of its own as well.
    inside = {part for one in left.values() for part in one.message_ids or ()} - left.keys()
    seen = {id_: one for id_, one in seen.items() if id_ not in inside}
    complete = listing.complete and fault is None
    kept = {} if complete else {id_: one for id_, one in left.items() if id_ not in seen}
    records = seen | kept
    at: datetime | None = asked_at.replace(microsecond=0)
    if kept:
        since = known.captured_at if known is not None else None
        at = None if since is None else min(since, asked_at.replace(microsecond=0))
    facts = AccountFacts(
        complete=complete,
        campaigns=len(records),
        captured_at=at,
        why=None if complete else fault or listing.why or "the vendor did not list everything",
    )
    return _portion(records, facts, before, kept=len(kept))


def unlistable(old: Sequence[Campaign], known: AccountFacts, gone: Gone) -> Portion:
    """An account whose vendor cannot list: as it was, less what the journal knows to be gone."""
    before = {one.id: one for one in old}
    left = {id_: rest for id_, one in before.items() if (rest := less(one, gone)) is not None}
    facts = msgspec.structs.replace(known, campaigns=len(left))
    return _portion(left, facts, before, kept=len(left))


def _portion(
    records: Mapping[str, Campaign],
    facts: AccountFacts,
    before: Mapping[str, Campaign],
    *,
    kept: int,
) -> Portion:
    return Portion(
        records=tuple(records[id_] for id_ in sorted(records)),
        facts=facts,
        appeared=len(records.keys() - before.keys()),
        gone=len(before.keys() - records.keys()),
        changed=sum(records[id_] != before[id_] for id_ in records.keys() & before.keys()),
        kept=kept,
    )


def _seen(
    account: str, listing: Listing, left: Mapping[str, Campaign]
) -> tuple[dict[str, Campaign], str | None]:
    """The listed records by id, as they will be written, and what is wrong with the listing."""
    found: dict[str, Campaign] = {}
    fault = None
    for one in listing.campaigns:
        if one.id in found:
            fault = "a campaign was listed twice"
            continue
        record = _writable(_joined(account, one, left.get(one.id)))
        if record is None:
            fault = "a record was listed that cannot be written down"
        else:
            found[one.id] = record
    return found, fault


def _joined(account: str, new: Campaign, old: Campaign | None) -> Campaign:
    """The vendor's record; what it lacks is the old one's, if both are the same campaign."""
    fields = {"account": account}
    if old is not None and _same(old, new):
        fields |= {
            name: getattr(old, name)
            for name in _KEPT
            if getattr(new, name) is None and getattr(old, name) is not None
        }
    whole = msgspec.structs.replace(new, **fields)
    return whole if whole.labels else msgspec.structs.replace(whole, labels=None)


def _same(old: Campaign, new: Campaign) -> bool:
    if normalize("NFC", old.name) != normalize("NFC", new.name):
        return False
    only = msgspec.structs.replace(old, channel=None, updated_at=None)
    return difference(only, new, by_name=True, parts=False) is None


def _writable(one: Campaign) -> Campaign | None:
    """*one* as a file of ours can hold it: without attributes that cannot be read back."""
    for record in (one, msgspec.structs.replace(one, attributes=None)):
        try:
            text = _ENCODE.encode(record)
        except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError):
            continue
        if len(text) < LINE and one_record(text) is not None:
            return record
    return None


# ---------------------------------------------------------------- what the journal knows


def targets_of(records: Sequence[Campaign]) -> list[Target]:
    """Every target that a deletion of *records* may have been about."""
    found = []
    for one in records:
        found.append(Target(one.account, one.id))
        parts = (*(one.phone_numbers or ()), *(one.message_ids or ()))
        found += [Target(one.account, one.id, part) for part in dict.fromkeys(parts)]
    return found


def gone_since(
    states: Mapping[Target, State], captured_at: datetime | None, digest: str | None
) -> Gone:
    """What is gone since the old file was captured (*captured_at*, None: unknown).

    A target that was deleted on the word of that very file (*digest*) is gone since, too. One that
    was deleted before the file was captured and is in it has come back.
    """
    found: dict[tuple[str, str], set[str] | None] = {}
    for target, one in states.items():
        if one.outcome is None or not one.outcome.final:
            continue
        later = captured_at is not None and one.at is not None and one.at > captured_at
        if not later and (digest is None or digest not in one.inventory):
            continue
        key = (target.account, target.id)
        if target.part is None:
            found[key] = None
        elif (parts := found.setdefault(key, set())) is not None:
            parts.add(target.part)
    return found


# ---------------------------------------------------------------- the new file


def header(
    portions: Mapping[str, Portion], known: Mapping[str, AccountFacts]
) -> dict[str, AccountFacts]:
    """What the new header says of each account, by name; those not in *portions* as before."""
    every = {**known, **{name: one.facts for name, one in portions.items()}}
    return {name: every[name] for name in sorted(every)}


def batches(
    portions: Mapping[str, Portion], old: Reader | None, known: Mapping[str, AccountFacts]
) -> Iterator[Sequence[Campaign]]:
    """All records by account, then id. The old file is read once for each account that stays."""
    for name in sorted({*portions, *known}):
        if name in portions:
            yield portions[name].records
        elif old is not None and known[name].campaigns:
            mine = [one for batch in old for one in batch if one.account == name]
            yield sorted(mine, key=lambda one: one.id)

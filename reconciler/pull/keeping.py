"""From an old inventory and what the vendors listed to the new one. Pure.

The vendor's record wins, field by field. What a listing does not show is gone only if the listing
is complete, and only if it shows enough of what was known: an empty or short answer proves nothing.
Else the old record stays, and with it the time it was captured at: the oldest record of an account
says how old its inventory is, so that nothing stale passes for fresh.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from unicodedata import normalize

import msgspec
from msgspec.structs import replace as replaced

from reconciler.declare.known import unknown
from reconciler.driver import Listing
from reconciler.inventory import Reader
from reconciler.inventory.claims import ordered
from reconciler.inventory.jsontext import one_record
from reconciler.inventory.ndjson import LINE
from reconciler.inventory.without import Gone, less
from reconciler.lanes.journal import State
from reconciler.model import AccountFacts, Campaign, Target
from reconciler.plan.sameness import difference

_ENCODE = msgspec.json.Encoder()
_KEPT = ("channel", "created_at", "labels", "phone_numbers", "message_ids")
"""Old fields that stay where the vendor's record has none: what it never says, or never changes.

Not `status`, `updatedAt` and `attributes`: an old one under a new capture time would be a lie. But
a vendor that has no names or states at all replaces none: what its driver gives there is a stopgap.
"""


@dataclass(frozen=True, slots=True)
class Vendor:
    """What the listing of an account can be taken for.

    *fields* are those of `Driver.fields`; *gone* says that a campaign is shown and is no more.
    *may_shrink*: a person says that what is not listed is gone, however much that is.
    """

    fields: tuple[str, ...] = ()
    gone: Callable[[Campaign], bool] = lambda _campaign: False
    may_shrink: bool = False


@dataclass(frozen=True, slots=True)
class Portion:
    """One account's part of the new inventory: its records by id, and what the header says.

    *appeared*, *gone*, *changed* count records against the old file; *kept* counts those that stay
    though the vendor did not list them. *ended*: listed in a state that means gone, and left out.
    *odd*: records of which something could not be read, by id, with their unknown fields.
    """

    records: tuple[Campaign, ...]
    facts: AccountFacts
    appeared: int = 0
    gone: int = 0
    changed: int = 0
    kept: int = 0
    ended: int = 0
    odd: tuple[tuple[str, tuple[str, ...]], ...] = ()


def listed(
    account: str,
    listing: Listing,
    asked_at: datetime,
    old: Sequence[Campaign],
    known: AccountFacts | None,
    gone: Gone,
    vendor: Vendor,
) -> Portion | None:
    """The account after *listing*, which was begun at *asked_at*; None if it tells nothing new.

    *old* and *known* are its records and facts in the old file; *gone* is what the journal knows
    to be deleted since that file was captured.
    """
    if not (listing.complete or listing.partial or listing.campaigns):
        return None
    before = {one.id: one for one in old}
    left = {id_: rest for id_, one in before.items() if (rest := less(one, gone)) is not None}
    ended = {one.id for one in listing.campaigns if vendor.gone(one)}
    shown = [one for one in listing.campaigns if one.id not in ended]
    seen, fault = _seen(account, shown, left, vendor.fields)
    # A message that a record of ours holds among others is not a campaign of its own as well.
    inside = {part for one in left.values() for part in one.message_ids or ()} - left.keys()
    seen = {id_: one for id_, one in seen.items() if id_ not in inside}
    why = fault or listing.why or (None if listing.complete else _SOME)
    if why is None and not vendor.may_shrink:
        why = _unwitnessed(account, left.keys() - ended, seen.keys())
    kept = {}
    if why is not None:
        kept = {id_: one for id_, one in left.items() if id_ not in seen and id_ not in ended}
    odd = tuple((id_, one.unknown) for id_, one in sorted(seen.items()) if one.unknown)
    records, fields = knowing(seen, kept, left, known, vendor.fields)
    at: datetime | None = asked_at.replace(microsecond=0)
    if kept:
        since = known.captured_at if known is not None else None
        at = None if since is None else min(since, asked_at.replace(microsecond=0))
    facts = AccountFacts(
        complete=why is None, campaigns=len(records), captured_at=at, why=why, fields=fields
    )
    made = _portion(records, facts, before, kept=len(kept))
    return replace(made, ended=len(ended), odd=odd)


_SOME = "the vendor did not list everything"


def _unwitnessed(account: str, expected: Set[str], seen: Set[str]) -> str | None:
    """Why a complete listing is not believed: it shows too little of what was known before."""
    there = len(expected & seen)
    if not expected or (there and 2 * there >= len(expected)):
        return None
    known = (
        "the 1 campaign that was known"
        if len(expected) == 1
        else (f"{len(expected)} campaigns that were known")
    )
    of = f"none of {known}" if not there else f"only {there} of {known}"
    verb = "are" if there > 1 else "is"
    return f"{of} {verb} listed now; if the others are gone, say --allow-shrink {account}"


def unlistable(old: Sequence[Campaign], known: AccountFacts, gone: Gone) -> Portion:
    """An account whose vendor cannot list: as it was, less what the journal knows to be gone."""
    before = {one.id: one for one in old}
    left = {id_: rest for id_, one in before.items() if (rest := less(one, gone)) is not None}
    facts = replaced(known, campaigns=len(left))
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
    account: str,
    shown: Iterable[Campaign],
    left: Mapping[str, Campaign],
    fields: Sequence[str],
) -> tuple[dict[str, Campaign], str | None]:
    """The listed records by id, as they will be written, and what is wrong with the listing."""
    found: dict[str, Campaign] = {}
    fault = None
    for one in shown:
        if one.id in found:
            fault = "a campaign was listed twice"
            continue
        record = _writable(_joined(account, one, left.get(one.id), fields))
        if record is None:
            fault = "a record was listed that cannot be written down"
        else:
            found[one.id] = record
    return found, fault


def _joined(account: str, new: Campaign, old: Campaign | None, fields: Sequence[str]) -> Campaign:
    """The vendor's record; what it lacks is the old one's, if both are the same campaign."""
    held: dict[str, Any] = {"account": account}
    if old is not None and "name" not in fields and _same(old, replaced(new, name=old.name)):
        new = replaced(new, name=old.name)
    if old is not None and _same(old, new):
        if "status" not in fields and old.status is not None:
            held["status"] = old.status
        held |= {
            name: getattr(old, name)
            for name in _KEPT
            if getattr(new, name) is None and getattr(old, name) is not None
        }
        if old.labels and new.labels and "labels" not in fields:
            held["labels"] = _labels(old.labels, new.labels, fields)
    whole = replaced(new, **held)
    return whole if whole.labels else replaced(whole, labels=None)


def _labels(
    old: Mapping[str, str], new: Mapping[str, str], fields: Sequence[str]
) -> dict[str, str]:
    """The labels of a vendor that knows only some: the others stay."""
    return {key: one for key, one in old.items() if f"labels.{key}" not in fields} | dict(new)


def _same(old: Campaign, new: Campaign) -> bool:
    if normalize("NFC", old.name) != normalize("NFC", new.name):
        return False
    only = replaced(old, channel=None, updated_at=None)
    return difference(only, new, by_name=True, parts=False) is None


def _writable(one: Campaign) -> Campaign | None:
    """*one* as a file of ours can hold it; what it cannot hold is left out, and so is unknown."""
    for record in (
        one,
        replaced(one, attributes=None),
        replaced(one, attributes=None, labels=None, unknown=_more(one, "labels")),
        replaced(one, attributes=None, labels=None, name="", unknown=_more(one, "name", "labels")),
    ):
        try:
            text = _ENCODE.encode(record)
        except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError):
            continue
        if len(text) < LINE and one_record(text) is not None:
            return record
    return None


def _more(one: Campaign, *fields: str) -> tuple[str, ...]:
    return ordered({*(one.unknown or ()), *fields})


# ---------------------------------------------------------------- what is known of whom


def knowing(
    seen: Mapping[str, Campaign],
    kept: Mapping[str, Campaign],
    left: Mapping[str, Campaign],
    known: AccountFacts | None,
    fields: Sequence[str],
) -> tuple[dict[str, Campaign], tuple[str, ...]]:
    """All records, and the fields that the header may list; each says what is unknown of it.

    Of records that are *seen* the vendor knows *fields*; of what it never says, the old record of
    the same campaign (in *left*, *known* being its facts) knows what it did. Of those that are
    *kept* nobody knows more than before.
    """
    carried = {
        id_: old
        for id_, one in seen.items()
        if (old := left.get(id_)) is not None and _same(old, one)
    }
    every = (*carried.values(), *kept.values())
    extra = [
        name
        for name in ("channel", "createdAt", "labels", *_single_labels(known))
        if name not in fields
        and not (name.startswith("labels") and "labels" in fields)
        and any(unknown(old, _NOBODY, name) and not unknown(old, known, name) for old in every)
    ]
    header = ordered({*fields, *extra})
    told = AccountFacts(fields=header)

    def marked(one: Campaign, lost: Iterable[str]) -> Campaign:
        """*one*, which says of what the header knows that nobody knows it here."""
        more = [n for n in lost if unknown(one, _NOBODY, n) and not unknown(one, told, n)]
        return replaced(one, unknown=_more(one, *more)) if more else one

    records = {}
    for id_, one in seen.items():
        old = carried.get(id_)
        records[id_] = marked(one, [n for n in extra if old is None or unknown(old, known, n)])
    for id_, one in kept.items():
        records[id_] = marked(one, [name for name in header if unknown(one, known, name)])
    return records, header


_NOBODY = AccountFacts(fields=())


def _single_labels(known: AccountFacts | None) -> list[str]:
    fields = known.fields or () if known is not None else ()
    return [one for one in fields if one.startswith("labels.")]


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

"""What the headers of inventory files say of each account, and what comes of it together."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from reconciler.model import AccountFacts, Campaign

KEYS = tuple(one for one in Campaign.__struct_encode_fields__ if one not in ("account", "id"))
"""The keys of a record that `fields` and `unknown` may name, and `labels.NAME` for one label."""

LABEL = "labels."


class Claim(msgspec.Struct):
    """What one header says of one account, and how many records followed it."""

    line: int | None
    complete: bool | None = None
    campaigns: int | None = None
    captured_at: datetime | None = None
    why: str | None = None
    fields: tuple[str, ...] | None = None
    seen: int = 0


class Claims:
    """The claims of one file. A header speaks for the records after it."""

    def __init__(self) -> None:
        self.headers = 0
        self.by_account: dict[str, list[Claim]] = {}
        self._unclaimed: Counter[str] = Counter()  # records before any claim on their account
        self._current: dict[str, Claim] = {}
        self._everyone: Claim | None = None  # the last header that names no account

    def header(
        self, accounts: Mapping[str, Claim], captured_at: datetime | None, line: int | None
    ) -> None:
        """A header that names *accounts*, or none and so speaks for all.

        Its *captured_at* is that of the accounts it speaks for and that have none of their own.
        """
        self.headers += 1
        for name, one in accounts.items():
            if one.captured_at is None:
                one.captured_at = captured_at
            self.by_account.setdefault(name, []).append(one)
            self._current[name] = one
        if not accounts:
            self._everyone = Claim(line, captured_at=captured_at)
            self._current.clear()

    def header_of_what_came_before(self) -> None:
        """In a document the header speaks for all records, wherever it stands."""
        before, self._unclaimed = self._unclaimed, Counter()
        self.count(before)

    def count(self, counts: Mapping[str, int]) -> None:
        """So many records of each account have come."""
        for account, number in counts.items():
            claim = self._current.get(account)
            if claim is None:
                if self._everyone is None:
                    self._unclaimed[account] += number
                    continue
                claim = msgspec.structs.replace(self._everyone)
                self.by_account.setdefault(account, []).append(claim)
                self._current[account] = claim
            claim.seen += number

    def close(
        self,
        captured_at: datetime | None,
        fields: tuple[str, ...] | None,
        doubtful: Collection[str],
    ) -> None:
        """The file has ended. *captured_at* and *fields*: of what no header says them for.

        *doubtful*: fields that a misspelt key probably meant, so that nobody knows them here.
        """
        for account, number in self._unclaimed.items():
            self.by_account.setdefault(account, []).append(Claim(None, seen=number))
        self._unclaimed.clear()
        for one in (one for claims in self.by_account.values() for one in claims):
            if one.captured_at is None:
                one.captured_at = captured_at
            if one.fields is None:
                one.fields = fields
            if one.fields is not None:
                one.fields = tuple(n for n in one.fields if n.partition(".")[0] not in doubtful)


def together(files: Sequence[Mapping[str, Sequence[Claim]]]) -> dict[str, AccountFacts]:
    """What all files say of each account, by name."""
    names = sorted({name for claims in files for name in claims})
    return {
        name: _account([one for claims in files for one in claims.get(name, ())]) for name in names
    }


def _account(claims: Sequence[Claim]) -> AccountFacts:
    said = [one.complete for one in claims if one.complete is not None]
    times = [one.captured_at for one in claims]
    known = [at for at in times if at is not None]
    return AccountFacts(
        complete=all(said) if said else None,
        campaigns=sum(one.seen for one in claims),
        captured_at=min(known) if known and len(known) == len(times) else None,
        why="; ".join(dict.fromkeys(one.why for one in claims if one.why)) or None,
        fields=common([one.fields for one in claims if one.seen or len(claims) == 1]),
    )


def oldest(files: Sequence[Mapping[str, Sequence[Claim]]]) -> dict[str, datetime]:
    """The oldest time that is known of any of an account's records, by account."""
    found: dict[str, datetime] = {}
    for name, one in ((name, one) for file in files for name, all_ in file.items() for one in all_):
        if one.captured_at is not None:
            found[name] = min(one.captured_at, found.get(name, one.captured_at))
    return found


def common(every: Sequence[tuple[str, ...] | None]) -> tuple[str, ...] | None:
    """The fields that each of several sources knows; None if none of them says any."""
    if not any(one is not None for one in every):
        return None
    first, *rest = [frozenset(one or ()) for one in every]
    for one in rest:
        first = frozenset(name for name in first | one if _in(name, first) and _in(name, one))
    return ordered(first)


def _in(name: str, fields: Iterable[str]) -> bool:
    return name in fields or (name.startswith(LABEL) and "labels" in fields)


def ordered(fields: Iterable[str]) -> tuple[str, ...]:
    """*fields* in a file's order: as in a record, then single labels by name."""
    place = {name: number for number, name in enumerate(KEYS)}
    return tuple(sorted(set(fields), key=lambda one: (place.get(one, len(place)), one)))


def known_name(field: str) -> bool:
    """Whether *field* is one that `fields` and `unknown` may name."""
    return (field in KEYS and field != "unknown") or (field.startswith(LABEL) and field != LABEL)

"""What is noted while one inventory file is read: problems, header claims, counts."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from reconciler.errors import Diagnostic
from reconciler.inventory.raw import Damaged
from reconciler.inventory.repeats import Repeats
from reconciler.model import Campaign

SHOWN = 100  # problems told of one file; the rest is counted
_SKEW = timedelta(minutes=5)


class Claim(msgspec.Struct):
    """What one header says of one account, and how many records followed it."""

    line: int | None
    complete: bool | None
    campaigns: int | None
    captured_at: datetime | None
    why: str | None
    seen: int = 0


class Reading:
    """The notes of one file. *accounts*: names the project has, or None for any."""

    def __init__(
        self,
        path: str,
        *,
        accounts: frozenset[str] | None,
        now: datetime,
        repeats: Repeats | None,
    ) -> None:
        self.path = path
        self.accounts = accounts
        self.now = now
        self.campaigns = 0
        self.empty = False
        self.lost = 0  # records that were there, but wrong
        self.cut = False  # not all of the file could be read
        self.errors: list[Diagnostic] = []
        self.hidden = 0
        self.claims: dict[str, list[Claim]] = {}
        self.unclaimed: Counter[str] = Counter()  # records of an account before any claim on it
        self.unknown: dict[str, tuple[int | None, str | None]] = {}
        self.unknown_more = 0
        self._repeats = repeats
        self._current: dict[str, Claim] = {}
        self._default: datetime | None = None
        self._default_line: int | None = None
        self._foreign: dict[str, tuple[int | None, int]] = {}
        self._zoneless = 0
        self._zoneless_line: int | None = None

    # ------------------------------------------------------------ problems

    def error(
        self,
        code: str,
        message: str,
        *,
        line: int | None = None,
        column: int | None = None,
        fix: str | None = None,
    ) -> None:
        """Note an error; after the first hundred only their number."""
        if len(self.errors) >= SHOWN:
            self.hidden += 1
            return
        self.errors.append(Diagnostic("error", code, message, self.path, line, column, fix))

    def damaged(self, what: Damaged) -> None:
        """Note that the rest of the file cannot be read."""
        self.cut = True
        self.error("inventory-gzip", str(what), fix=what.fix)

    def unknown_field(self, key: str, line: int | None, like: str | None) -> None:
        """Note a key that a record does not have; told once."""
        if key in self.unknown:
            return
        if len(self.unknown) >= SHOWN:
            self.unknown_more += 1
            return
        self.unknown[key] = (line, like)

    def zoneless(self, line: int | None) -> None:
        """Note a time without a zone; they are told together."""
        if not self._zoneless:
            self._zoneless_line = line
        self._zoneless += 1

    # ------------------------------------------------------------ headers

    def claim(
        self,
        accounts: Mapping[str, Claim],
        *,
        captured_at: datetime | None,
        line: int | None,
    ) -> None:
        """A header speaks for the records after it: of the accounts it names, else of all."""
        for captured, where in [(captured_at, line)] + [
            (one.captured_at, one.line) for one in accounts.values()
        ]:
            if captured is not None and captured > self.now + _SKEW:
                self.error(
                    "inventory-time",
                    f"`capturedAt` {captured.isoformat()} lies in the future",
                    line=where,
                    fix="correct the clock of what wrote the file",
                )
        for name, one in accounts.items():
            if one.captured_at is None:
                one.captured_at = captured_at
            self.claims.setdefault(name, []).append(one)
            self._current[name] = one
        if captured_at is not None and accounts:
            # accounts that no header names take the time of the last header before them
            self._default, self._default_line = captured_at, line
        elif not accounts:
            self._default, self._default_line = captured_at, line
            self._current.clear()

    def claim_what_came_before(self) -> None:
        """In a document the header speaks for all records, wherever it stands."""
        before, self.unclaimed = self.unclaimed, Counter()
        self._count(before)

    def _count(self, counts: Mapping[str, int]) -> None:
        for account, number in counts.items():
            claim = self._current.get(account)
            if claim is None:
                if self._default is None:
                    self.unclaimed[account] += number
                    continue
                claim = Claim(self._default_line, None, None, self._default, None)
                self.claims.setdefault(account, []).append(claim)
                self._current[account] = claim
            claim.seen += number

    # ------------------------------------------------------------ records

    def accept(self, records: list[Campaign], lines: Sequence[int]) -> list[Campaign]:
        """Check a batch of well-formed *records* of those *lines*; returns what is good of it."""
        accounts = [one.account for one in records]
        ids = [one.id for one in records]
        counts = Counter(accounts)
        known = self.accounts is None or counts.keys() <= self.accounts
        if not known or "" in counts or not all(ids):
            records, lines = self._leave_out(records, lines)
            ids = [one.id for one in records]
            accounts = [one.account for one in records]
            counts = Counter(accounts)
        odd = _odd(records)
        for index in odd:
            records[index] = self._in_utc(records[index], lines[index])
        self._count(counts)
        self.campaigns += len(records)
        if self._repeats is not None:
            self._repeats.add(accounts, ids)
        return records

    def _leave_out(
        self, records: list[Campaign], lines: Sequence[int]
    ) -> tuple[list[Campaign], list[int]]:
        good: list[Campaign] = []
        at: list[int] = []
        for one, line in zip(records, lines, strict=True):
            if not one.id or not one.account:
                key = "account" if not one.account else "id"
                self.error(
                    "inventory-field", f"`{key}` is empty", line=line, fix="every record needs one"
                )
            elif self.accounts is not None and one.account not in self.accounts:
                first, number = self._foreign.get(one.account, (line, 0))
                self._foreign[one.account] = (first, number + 1)
            else:
                good.append(one)
                at.append(line)
        self.lost += len(records) - len(good)
        return good, at

    def _in_utc(self, one: Campaign, line: int) -> Campaign:
        times: dict[str, Any] = {}
        for field in ("created_at", "updated_at"):
            at: datetime | None = getattr(one, field)
            if at is None or at.tzinfo is UTC:
                continue
            if at.tzinfo is None:
                self.zoneless(line)
                times[field] = at.replace(tzinfo=UTC)
                continue
            try:
                times[field] = at.astimezone(UTC)
            except OverflowError:
                self.error("inventory-time", f"the time {at.isoformat()} is no UTC time", line=line)
                times[field] = at.replace(tzinfo=UTC)
        return msgspec.structs.replace(one, **times)

    # ------------------------------------------------------------ the end

    def close(self) -> None:
        """The file has ended: compare what its headers said with what was there."""
        for account, (line, number) in self._foreign.items():
            self.error(
                "inventory-account",
                f"the project has no account `{account}`, but {_records(number)} of it here",
                line=line,
                fix=_like(account, self.accounts or ()) or "add the account, or leave them out",
            )
        if not self.campaigns and not self.claims and not self.errors:
            self.empty = True
        for account, claims in self.claims.items():
            for one in claims:
                if one.campaigns is None:
                    continue
                most = one.campaigns if self.cut else one.seen + self.lost
                if not one.seen <= one.campaigns <= most:
                    self.error(
                        "inventory-count",
                        f"the header says {one.campaigns} campaigns of `{account}`, "
                        f"but {one.seen} follow it",
                        line=one.line,
                        fix="the file is truncated or was edited: write it again",
                    )

    def diagnostics(self) -> list[Diagnostic]:
        """The errors, and how many more there are."""
        if not self.hidden:
            return self.errors
        more = f"{self.hidden} more errors in this file"
        return [*self.errors, Diagnostic("error", "inventory-more", more, self.path)]

    def warnings(self) -> list[Diagnostic]:
        """What is odd but was read."""
        found = []
        if self.empty:
            fix = "if that is so, a header that names the accounts says it better"
            what = "the file holds no record and no header"
            found.append(Diagnostic("warning", "inventory-empty", what, self.path, None, None, fix))
        for key, (line, like) in self.unknown.items():
            found.append(
                Diagnostic(
                    "warning",
                    "inventory-unknown-field",
                    f"unknown field `{key}`, first at line {line}"
                    if line is not None
                    else f"unknown field `{key}`",
                    self.path,
                    line,
                    None,
                    f"did you mean `{like}`? Else put it under attributes"
                    if like
                    else "put it under attributes",
                )
            )
        if self.unknown_more:
            more = "more fields that no record has follow"
            found.append(Diagnostic("warning", "inventory-unknown-field", more, self.path))
        if self._zoneless:
            number = self._zoneless
            what = "1 time has no zone" if number == 1 else f"{number} times have no zone"
            found.append(
                Diagnostic(
                    "warning",
                    "inventory-zone",
                    f"{what} and was read as UTC" if number == 1 else f"{what}; read as UTC",
                    self.path,
                    self._zoneless_line,
                    None,
                    "end times with Z",
                )
            )
        return found


def _odd(records: Sequence[Campaign]) -> list[int]:
    """Places of the records with a time that is not in UTC."""
    try:
        # nearly every record has both times, and then this is twice as fast
        if not any(
            [
                one.created_at.tzinfo is not UTC or one.updated_at.tzinfo is not UTC  # type: ignore[union-attr]
                for one in records
            ]
        ):
            return []
    except AttributeError:
        pass
    return [
        place
        for place, one in enumerate(records)
        if ((at := one.created_at) is not None and at.tzinfo is not UTC)
        or ((at := one.updated_at) is not None and at.tzinfo is not UTC)
    ]


def _records(number: int) -> str:
    return "there is 1 record" if number == 1 else f"there are {number} records"


def _like(word: str, known: Collection[str]) -> str | None:
    like = closest(word, known)
    return None if like is None else f"did you mean `{like}`?"


def closest(word: str, known: Collection[str]) -> str | None:
    """The word of *known* that was probably meant."""
    import difflib

    found = difflib.get_close_matches(word[:200], known, 1)
    return found[0] if found else None

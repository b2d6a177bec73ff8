"""What is noted while one inventory file is read: problems, header claims, counts."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from shlex import quote

import msgspec

from reconciler.declare.times import instant
from reconciler.errors import Diagnostic
from reconciler.inventory.claims import Claim, Claims, known_name
from reconciler.inventory.raw import Damaged
from reconciler.inventory.repeats import Repeats
from reconciler.inventory.wants import Wants
from reconciler.model import Campaign, Campaigns, Reading

SHOWN = 100  # problems told of one file; the rest is counted
_SKEW = timedelta(minutes=5)


class Notes:
    """The notes of one file. *accounts*: names the project has, or None for any."""

    def __init__(
        self,
        path: str,
        *,
        accounts: frozenset[str] | None,
        now: datetime,
        repeats: Repeats | None,
        reading: Reading | None = None,
        named: str | None = None,
    ) -> None:
        self.path = path
        self.named = named or path  # as a shell finds it
        self.accounts = accounts
        self.reading = reading or Reading()
        self.gzip = False  # as it is stored
        self.campaigns = 0
        self.lost = 0  # records that were there, but wrong
        self.cut = False  # not all of the file could be read
        self.errors: list[Diagnostic] = []
        self.hidden = 0
        self.claims = Claims()
        self.fields: tuple[str, ...] | None = None  # of a table: those that its columns are
        self.unknown: dict[str, tuple[int | None, str | None]] = {}
        self.wants = Wants()
        self.dated = False  # a date was read without being told how
        self._now = now
        self._repeats = repeats
        self._unknown_more = 0
        self._empty = False
        self._foreign: dict[str, tuple[int | None, int]] = {}
        self._oddities: dict[str, _Oddity] = {}
        self._not_utf8 = 0
        self._undated: _Undated | None = None

    # ------------------------------------------------------------ problems

    def error(
        self,
        code: str,
        message: str,
        *,
        line: int | None = None,
        column: int | None = None,
        fix: str | None = None,
        wanted: bool = False,
    ) -> None:
        """Note an error; after the first hundred only their number.

        *wanted*: what mends it is one of the `wants`.
        """
        self.wants.other |= not wanted
        if len(self.errors) >= SHOWN:
            self.hidden += 1
            return
        self.errors.append(Diagnostic("error", code, message, self.path, line, column, fix))

    def damaged(self, what: Damaged) -> None:
        """Note that the rest of the file cannot be read."""
        self.cut = True
        self.error(what.code, str(what), fix=what.fix)

    def not_utf8(self, message: str, line: int, column: int, fix: str) -> None:
        """Note bytes that are no text; where there is one such line there are many: told once."""
        if not self._not_utf8:
            self.error("inventory-encoding", message, line=line, column=column, fix=fix)
        self._not_utf8 += 1

    def undated(
        self,
        what: str,
        said: str,
        line: int | None,
        column: int | None,
        formats: Mapping[str, str],
    ) -> None:
        """Note a date that one of *formats* reads, each with the day it would be; told once."""
        if self._undated is None:
            self._undated = _Undated(what, said, line, column, dict(formats))
        held = self._undated
        held.number += 1
        held.formats = {one: day for one, day in held.formats.items() if one in formats}

    def unknown_field(self, key: str, line: int | None, like: str | None) -> None:
        """Note a key that a record does not have; told once."""
        if key in self.unknown:
            return
        if len(self.unknown) >= SHOWN:
            self._unknown_more += 1
            return
        self.unknown[key] = (line, like)

    def zoneless(self, line: int | None) -> None:
        """Note a time without a zone; they are told together."""
        self.odd("zone", line, None)

    def odd(self, kind: str, line: int | None, shown: str | None) -> None:
        """Note something odd that is read all the same: `zone` or `blank`; told with the first."""
        held = self._oddities.setdefault(kind, _Oddity(line, shown))
        held.number += 1

    # ------------------------------------------------------------ headers

    def header(
        self, accounts: Mapping[str, Claim], *, captured_at: datetime | None, line: int | None
    ) -> None:
        """A header speaks for the records after it: of the accounts it names, else of all."""
        every = [(captured_at, line), *((one.captured_at, one.line) for one in accounts.values())]
        for captured, where in dict.fromkeys(every):  # often one time, for all accounts
            self._not_in_the_future("capturedAt", captured, where)
        self.claims.header(accounts, captured_at, line)

    def _not_in_the_future(self, what: str, at: datetime | None, line: int | None) -> None:
        if at is not None and at > self._now + _SKEW:
            self.error(
                "inventory-time",
                f"`{what}` {at.isoformat()} lies in the future",
                line=line,
                fix="correct it, or the clock of what wrote it",
            )

    # ------------------------------------------------------------ records

    def foreign(self, account: str, line: int) -> None:
        """Note a record of an account that the project does not have; told once an account."""
        first, number = self._foreign.get(account, (line, 0))
        self._foreign[account] = (first, number + 1)
        self.lost += 1

    def take(self, records: Campaigns) -> None:
        """Count good records."""
        self.claims.count(records.by_account)
        self.campaigns += len(records)
        if self._repeats is not None:
            self._repeats.add(records.accounts, records.ids)

    # ------------------------------------------------------------ the end

    def close(self, captured_at: str | None = None) -> None:
        """The file has ended: compare what its headers said with what was there.

        *captured_at*: when it was captured, for what its headers do not say that of.
        """
        for account, (line, number) in self._foreign.items():
            self.error(
                "inventory-account",
                f"the project has no account `{account}`, but {_records(number)} of it here",
                line=line,
                fix=_like(account, self.accounts or ()) or "add the account, or leave them out",
            )
        if self._undated is not None:
            self._tell_undated(self._undated)
        if self._not_utf8 > 1:
            more = self._not_utf8 - 1
            said = f"{'1 more line holds' if more == 1 else f'{more} more lines hold'} such bytes"
            self.error("inventory-encoding", said)
        self._empty = not (self.campaigns or self.claims.by_account or self.errors)
        meant = {like.partition(".")[0] for _, like in self.unknown.values() if like}
        if "label" in meant:  # a column of one label
            meant.add("labels")
        self.claims.close(self._captured(captured_at), self.fields, meant)
        for account, claims in self.claims.by_account.items():
            for one in claims:
                self._check_count(account, one)

    def _tell_undated(self, found: "_Undated") -> None:
        more = f", and {found.number - 1} more are like it" if found.number > 1 else ""
        formats = {} if self.dated else found.formats
        fix = "not all dates are written in one way: write each as 2026-11-20T08:00:00Z"
        if formats:
            shown = " or ".join(
                f"--date-format {quote(one)} ({day})" for one, day in formats.items()
            )
            fix = f"say how the dates are written: {shown}"
            said = [(one, f"{found.said} is {day}") for one, day in formats.items()]
            self.wants.choose("--date-format", "", said)
        self.error(
            "inventory-field",
            f"{found.what}{more}",
            line=found.line,
            column=found.column,
            fix=fix,
            wanted=bool(formats),
        )

    def _captured(self, text: str | None) -> datetime | None:
        if text is None:
            return None
        at = instant(text)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        self._not_in_the_future("--captured-at", at, None)
        return at

    def _check_count(self, account: str, one: Claim) -> None:
        if one.campaigns is None:
            return
        most = one.campaigns if self.cut else one.seen + self.lost
        if not one.seen <= one.campaigns <= most:
            self.error(
                "inventory-count",
                f"the header says {one.campaigns} campaigns of `{account}`, "
                f"but {one.seen} follow it",
                line=one.line,
                fix=f'if none is missing, write "campaigns": {one.seen}; else the file is '
                "truncated: write it again",
            )

    def diagnostics(self) -> list[Diagnostic]:
        """The errors, and how many more there are."""
        if not self.hidden:
            return self.errors
        more = f"{self.hidden} more errors in this file"
        return [*self.errors, Diagnostic("error", "inventory-more", more, self.path)]

    def warnings(self) -> list[Diagnostic]:
        """What is odd but was read."""
        found = [self._of_emptiness()] if self._empty else []
        for key, (line, like) in self.unknown.items():
            said = f"unknown field `{key}`" + (f", first at line {line}" if line else "")
            rest = "put it under attributes"
            fix = f"did you mean `{like}`? Else {rest}" if like else rest
            found.append(self._warning("inventory-unknown-field", said, line, fix))
        if self._unknown_more:
            more = "more fields that no record has follow"
            found.append(self._warning("inventory-unknown-field", more, None, None))
        for kind, one in sorted(self._oddities.items(), reverse=True):
            found.append(self._of_oddity(kind, one))
        return found

    def _of_emptiness(self) -> Diagnostic:
        if self.fields is not None:
            said = "the file holds a header row and no record"
            fix = "if the account has no campaigns, say it in NDJSON: a header that names it"
        elif self.claims.headers:
            said = "the file holds no record, and its header names no account"
            fix = 'if that is so, name them in the header: "accounts": {"NAME": {"campaigns": 0}}'
        else:
            said = "the file holds no record and no header"
            fix = "if that is so, a header that names the accounts says it better"
        return self._warning("inventory-empty", said, None, fix)

    def _of_oddity(self, kind: str, one: "_Oddity") -> Diagnostic:
        number = one.number
        if kind == "zone":
            said = (
                "1 time has no zone and was read as UTC"
                if number == 1
                else f"{number} times have no zone; read as UTC"
            )
            return self._warning("inventory-zone", said, one.line, "end times with Z")
        ids = "1 id begins or ends" if number == 1 else f"{number} ids begin or end"
        said = f"{ids} with a blank, which is kept: `{one.shown}`" + (
            "" if number == 1 else " is the first"
        )
        fix = "take the blanks out, unless the vendor has them too"
        return self._warning("inventory-blank", said, one.line, fix)

    def _warning(self, code: str, said: str, line: int | None, fix: str | None) -> Diagnostic:
        return Diagnostic("warning", code, said, self.path, line, None, fix)


class _Oddity(msgspec.Struct):
    """The first of a kind, and how many there are."""

    line: int | None
    shown: str | None
    number: int = 0


class _Undated(msgspec.Struct):
    """The first date that nobody can read untold, and what would read all of them."""

    what: str
    said: str
    line: int | None
    column: int | None
    formats: dict[str, str]
    number: int = 0


def _records(number: int) -> str:
    return "there is 1 record" if number == 1 else f"there are {number} records"


def _like(word: str, known: Collection[str]) -> str | None:
    like = closest(word, known)
    return None if like is None else f"did you mean `{like}`?"


def like_field(name: str) -> str:
    """The fix for a name that is no field."""
    names = [one for one in Campaign.__struct_encode_fields__ if known_name(one)]
    like = _like(name, names)
    return like or f"use one of {' '.join(names)}, or labels.NAME"


def closest(word: str, known: Collection[str]) -> str | None:
    """The word of *known* that was probably meant."""
    import difflib

    found = difflib.get_close_matches(word[:200], known, 1)
    return found[0] if found else None

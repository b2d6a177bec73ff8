"""The words of the domain as frozen values: no I/O, no clock, no rules.

They are msgspec structs: they come by the million. Where one lives in a file of ours (inventory,
plan, report) it is the file's shape, in the file's key order. What people write in YAML is in
`declare.project` and `declare.manifest`.
"""

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, Literal
from urllib.parse import quote, unquote

import msgspec

API_VERSION = "reconciler/v1"


def stamp(moment: datetime, timespec: str = "auto") -> str:
    """*moment* (aware) as our files and views write it: RFC 3339, UTC, `Z`.

    With a fraction only if there is one; *timespec* (`seconds`, `milliseconds`) cuts it to that.
    """
    return moment.astimezone(UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


class Status(StrEnum):
    """What a campaign is doing, in our words; the vendor's own word is in `attributes.status`."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    READY = "ready"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    COMPLETED = "completed"
    SENT = "sent"
    UNKNOWN = "unknown"


class Struct(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A value with the shape of a file of ours."""


# ---------------------------------------------------------------- inventory


class Campaign(
    Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    gc=False,  # it comes by the million, and nothing in it leads back to it
):
    """One inventory record. None means the field is missing, not that it is empty.

    Times are aware (UTC) once `inventory` has read them. *unknown* names fields of which nobody
    knows whether, or what, the campaign has (`declare.known` says which are unknown otherwise).
    """

    account: str
    id: str
    name: str
    status: Status | None = None
    channel: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    labels: dict[str, str] | None = None
    phone_numbers: tuple[str, ...] | None = None
    message_ids: tuple[str, ...] | None = None
    attributes: dict[str, Any] | None = None
    unknown: tuple[str, ...] | None = None


class Campaigns(list[Campaign]):
    """Records that come together, and what several look at of all of them; found once, as read.

    *text*: their JSON, a line for each, if somebody has written it already: as `msgspec` writes it,
    keys of mappings as they came.
    """

    def __init__(self, records: Iterable[Campaign] = (), text: bytes | None = None) -> None:
        super().__init__(records)
        self.text = text

    def at(self, places: Sequence[int]) -> "Campaigns":
        """Those at *places*, ascending."""
        if len(places) == len(self):
            return self
        return Campaigns([self[place] for place in places])

    @cached_property
    def accounts(self) -> list[str]:
        return [one.account for one in self]

    @cached_property
    def ids(self) -> list[str]:
        return [one.id for one in self]

    @cached_property
    def names(self) -> list[str]:
        return [one.name for one in self]

    @cached_property
    def statuses(self) -> list[Status | None]:
        return [one.status for one in self]

    @cached_property
    def all_names(self) -> str:
        return "".join(self.names)

    @cached_property
    def by_account(self) -> Counter[str]:
        """How many there are of each account."""
        return Counter(self.accounts)

    @cached_property
    def places(self) -> dict[str, list[int]]:
        """`by_place` of their accounts."""
        return by_place(self.accounts)


def by_place(accounts: Sequence[str]) -> dict[str, list[int]]:
    """The places of each account among *accounts*, ascending; in the order in which they come."""
    found: dict[str, list[int]] = {account: [] for account in dict.fromkeys(accounts)}
    for place, account in enumerate(accounts):
        found[account].append(place)
    return found


class AccountFacts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an inventory says of one account (the header's words, or None).

    After reading, *campaigns* is the number of records that were really seen, and *captured_at*
    the oldest time that is known of any of them. *fields* are the keys of records that the source
    knows (`labels` is all of them, `labels.team` one): a record without one of these is known not
    to have it. None: no header says.
    """

    complete: bool | None = None
    campaigns: int | None = None
    captured_at: datetime | None = None
    why: str | None = None  # why it is not complete, as `inventory pull` wrote it
    fields: tuple[str, ...] | None = None


class Reading(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a file of the inventory is read, where it does not say so itself; None: as it comes.

    The project file says it for a path, the command line for all files that it names, and the plan
    keeps it, so that `apply` reads the file as `plan` did.
    """

    format: str | None = None  # ndjson, json, yaml or csv; else by the suffix
    captured_at: str | None = None  # a time; `mtime` where the file's own shall be taken
    date_format: str | None = None  # of the dates of CSV, as strptime takes it
    map: dict[str, str] | None = None  # field -> the column that holds it (CSV)
    set: dict[str, str] | None = None  # field -> what every record has (CSV)


# ---------------------------------------------------------------- targets


_SEPARATES = re.compile("[/#%]")


class Target(msgspec.Struct, frozen=True):
    """What one deletion is about: account + id, plus a part (phone number, message) if any."""

    account: str
    id: str
    part: str | None = None

    def __lt__(self, other: "Target") -> bool:
        # what a struct itself offers cannot order two that have no part
        return (self.account, self.id, self.part or "") < (
            other.account,
            other.id,
            other.part or "",
        )

    def __str__(self) -> str:
        account, id_, part = self.account, self.id, self.part
        if not _is_plain(account + id_ if part is None else account + id_ + part):
            account, id_, part = _quote(account), _quote(id_), part and _quote(part)
        return f"{account}/{id_}" if part is None else f"{account}/{id_}#{part}"

    @classmethod
    def parse(cls, text: str) -> "Target":
        """Read `ACCOUNT/ID` or `ACCOUNT/ID#PART`; ValueError says what is wrong."""
        account, slash, rest = text.partition("/")
        id_, hash_, part = rest.partition("#")
        if not (account and slash and id_) or "/" in rest or (hash_ and not part):
            raise ValueError(f"{text!r} is not ACCOUNT/ID or ACCOUNT/ID#PART")
        if re.search(r"%(?![0-9A-Fa-f]{2})", text) or "#" in part:
            raise ValueError(f"{text!r}: write / # % inside a part as %2F %23 %25")
        return cls(unquote(account), unquote(id_), unquote(part) if hash_ else None)


class Identity(msgspec.Struct, frozen=True):
    """What a target *is*, whatever its account is called: scope + id, plus a part if any.

    *scope* says whose campaigns these are at the vendor (spec §5.1), as `plan.scopes` writes it.
    """

    scope: str
    id: str
    part: str | None = None

    def __lt__(self, other: "Identity") -> bool:
        return (self.scope, self.id, self.part or "") < (other.scope, other.id, other.part or "")


def _is_plain(text: str) -> bool:
    return text.isprintable() and not _SEPARATES.search(text)


def _quote(text: str) -> str:
    """Percent-encode what separates (`/ # %`) and what is not printable; leave the rest."""
    if _is_plain(text):
        return text
    return "".join(c if (c.isprintable() and c not in "/#%") else quote(c, safe="") for c in text)


class Limits(msgspec.Struct, frozen=True):
    """A vendor's documented pace: *requests* in any *per* seconds, *concurrency* in flight."""

    requests: int
    per: float
    concurrency: int


# ---------------------------------------------------------------- plan


class Reason(StrEnum):
    """Why an action is what it is, in order of precedence (the first that holds)."""

    KEPT = "kept"
    PROTECTED = "protected"
    UNSAFE_ID = "unsafe-id"
    UNSUPPORTED = "unsupported"
    AMBIGUOUS = "ambiguous"
    INVENTORY_INCOMPLETE = "inventory-incomplete"
    NUMBERS_MISSING = "numbers-missing"
    RUNNING = "running"
    DECLARED = "declared"
    MATCHED = "matched"
    UNLISTED = "unlisted"
    ABSENT = "absent"
    EXPIRED = "expired"
    NOT_YET = "not-yet"
    EXPECTATION = "expectation"
    METADATA = "metadata"


class Source(Struct, frozen=True, kw_only=True, gc=False):
    """An absence that asks for a target."""

    manifest: str
    path: str
    line: int


class WaiverUse(Struct, frozen=True, kw_only=True, gc=False):
    """A waiver that lifted *guard* for this action or account."""

    guard: str
    because: str
    ticket: str
    until: str


class LookFirst(Struct, frozen=True, kw_only=True, gc=False):
    """An exception that may hold until a look shows *field* of the campaign.

    *because*: `kept` or `protected`; *path* and *line*: where the exception stands.
    """

    because: Reason
    field: str
    path: str
    line: int


class Action(Struct, frozen=True, kw_only=True, gc=False):
    """What apply will do about one campaign; every key always there, None when unknown.

    `delete` with *parts* None deletes the target (account, id); with parts, each of them.
    """

    action: Literal["delete", "refuse", "none"]
    reason: Reason
    account: str
    driver: str
    id: str | None
    name: str | None
    parts: tuple[str, ...] | None
    message: str | None
    look_first: tuple[LookFirst, ...] | None = None
    sources: tuple[Source, ...]
    waivers: tuple[WaiverUse, ...]
    campaign: Campaign | None

    @property
    def targets(self) -> tuple[Target, ...]:
        """The targets this action is about; none if it has no id."""
        if self.id is None:
            return ()
        if self.parts is None:
            return (Target(self.account, self.id),)
        return tuple(Target(self.account, self.id, part) for part in self.parts)


class PlanMetadata(Struct, frozen=True, kw_only=True):
    project: str
    created_at: str
    expires_at: str
    tool: str
    author: str | None
    commit: str | None


class InputFile(Struct, frozen=True, kw_only=True):
    path: str
    sha256: str


class ManifestDocument(Struct, frozen=True, kw_only=True):
    """Who wants what one manifest asks for, why, and under which ticket. Days are ISO dates."""

    name: str
    owner: str | None
    reason: str | None
    ticket: str | None
    not_before: str | None
    until: str | None


class ManifestFile(InputFile, frozen=True, kw_only=True):
    """A file of manifests; *documents* in the file's order."""

    documents: tuple[ManifestDocument, ...]


class InventoryFile(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """*reading*: how it was read, where that is not as it comes."""

    path: str
    sha256: str
    campaigns: int
    reading: Reading | None = None


class Inputs(Struct, frozen=True, kw_only=True):
    project: InputFile
    manifests: tuple[ManifestFile, ...]
    inventory: tuple[InventoryFile, ...]


class PlanAccount(Struct, frozen=True, kw_only=True):
    """*instead*: what a deletion does at a vendor that has none ("stops sending; …"); else None."""

    driver: str
    definition: str
    captured_at: str | None
    complete: bool
    campaigns: int
    instead: str | None = None


class Violation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A guard that makes the whole plan not applicable; *path* and *line*: where it is written."""

    guard: str
    account: str | None
    message: str
    path: str | None = None
    line: int | None = None


class ApprovalsNeeded(Struct, frozen=True, kw_only=True):
    required: int
    because: str | None


class PlanWarning(Struct, frozen=True, kw_only=True):
    code: str
    message: str
    path: str | None
    line: int | None


class Counts(Struct, frozen=True, kw_only=True):
    """*delete*, *refuse*, *none* count actions; *targets* counts what would be deleted."""

    delete: int
    refuse: int
    none: int
    targets: int


class Summary(Struct, frozen=True, kw_only=True):
    delete: int
    refuse: int
    none: int
    targets: int
    accounts: dict[str, Counts]


class Cost(Struct, frozen=True, kw_only=True):
    """Requests, and the seconds they take at the account's limits."""

    requests: int
    seconds: int


class Estimate(Struct, frozen=True, kw_only=True):
    """Of all accounts side by side: requests add up, *seconds* is the slowest account's."""

    requests: int
    seconds: int
    accounts: dict[str, Cost]


class PlanDocument(Struct, frozen=True, kw_only=True):
    """The whole truth of an apply. Its identity is the SHA-256 of its bytes."""

    api_version: str
    kind: Literal["Plan"]
    metadata: PlanMetadata
    inputs: Inputs
    accounts: dict[str, PlanAccount]
    applicable: bool
    violations: tuple[Violation, ...]
    approvals: ApprovalsNeeded
    warnings: tuple[PlanWarning, ...]
    summary: Summary
    estimate: Estimate
    actions: Sequence[Action]  # a tuple, or lines of a file, which hold nothing

    @property
    def deletions(self) -> Sequence[Action]:
        """The actions that delete: the first, in a plan's order."""
        return self.actions[: self.summary.delete]

    def places_of(self, account: str) -> range:
        """Where those in *account* stand among `deletions`, which are in the order of accounts."""
        deletions = self.deletions
        first, stop = (at(deletions, account, key=_account) for at in (bisect_left, bisect_right))
        return range(first, stop)

    @property
    def targets(self) -> Iterator[Target]:
        """Every target that it deletes, in its order."""
        return (target for action in self.deletions for target in action.targets)


def _account(action: Action) -> str:
    return action.account


# ---------------------------------------------------------------- report


class Outcome(StrEnum):
    """What became of one target; each target of a run ends in exactly one."""

    DELETED = "deleted"
    ALREADY_ABSENT = "already-absent"
    REFUSED = "refused"
    DRIFTED = "drifted"
    PENDING = "pending"
    IN_DOUBT = "in-doubt"

    @property
    def final(self) -> bool:
        """Never sent, never judged again."""
        return self in (Outcome.DELETED, Outcome.ALREADY_ABSENT)


class Held(StrEnum):
    """What holds back a target that an apply does not delete, where that is known.

    What is said to let it go goes by this: a detail is for people, and may be a vendor's words.
    """

    # a plan of today refuses it, as its `Reason` of that name says; a look may show the first three
    KEPT = "kept"
    PROTECTED = "protected"
    RUNNING = "running"
    UNSAFE_ID = "unsafe-id"
    UNSUPPORTED = "unsupported"
    AMBIGUOUS = "ambiguous"
    INVENTORY_INCOMPLETE = "inventory-incomplete"
    NUMBERS_MISSING = "numbers-missing"
    EXPECTATION = "expectation"
    METADATA = "metadata"
    # it drifted
    WITHDRAWN = "withdrawn"  # nobody asks for it any more
    CHANGED = "changed"
    ANOTHER = "another"  # another campaign has its id or name now
    RESURRECTED = "resurrected"
    UNKNOWN = "unknown"  # an exception may hold, and nobody can tell
    # the vendor does not delete it
    UNCONFIRMED = "unconfirmed"  # it is not found, and nothing shows that it is gone
    LISTED = "listed"  # it is not found, and listed all the same
    # it was not reached
    LEFT_OUT = "left-out"  # by an option that names what is taken
    LIMIT = "limit"
    NOT_SEEN = "not-seen"  # it was to be looked at first, and that failed
    NO_COPY = "no-copy"  # one was to be kept
    WINDOW = "window"
    STOPPED = "stopped"  # its account is; the detail says what lets that go on


Evidence = Literal["answer", "look", "inventory", "person"]


class SentRequest(Struct, frozen=True, kw_only=True):
    """One request about a target; *url* has its secrets masked, *status* None if none came."""

    at: str
    method: str
    url: str
    status: int | None


class TargetReport(Struct, frozen=True, kw_only=True):
    """*sources*: the absences that asked for it. *copy*: the digest of its kept copy, if any.

    *reason*: what holds it back, where that is known.
    """

    account: str
    scope: str = ""  # whose campaigns these are, whatever the account is called
    id: str
    part: str | None
    name: str | None
    outcome: Outcome
    detail: str | None
    evidence: Evidence | None
    attempts: int
    requests: tuple[SentRequest, ...]
    driver: str | None = None
    sources: tuple[Source, ...] = ()
    copy: str | None = None
    reason: Held | None = None


class ReportDocument(Struct, frozen=True, kw_only=True):
    """What an apply did, target by target, in the plan's order.

    *approvals*: the principals whose approvals counted. *manifests*: those of the plan. *limits*:
    those that the accounts had, by name.
    """

    api_version: str
    kind: Literal["Report"]
    plan: str
    started_at: str
    ended_at: str
    exit_code: int
    summary: dict[str, int]
    targets: Sequence[TargetReport]  # a tuple, or lines of a file, which hold nothing
    notes: tuple[str, ...] = ()
    approvals: tuple[str, ...] = ()
    manifests: tuple[ManifestFile, ...] = ()
    limits: dict[str, Limits] = {}

"""What the audit log records: one struct a record type, in the words of docs/audit-format.md.

Every record has `at` (when, UTC) and but for `cut` the `run` and the `plan` (`sha256:...`) it is
about. Targets are written `ACCOUNT/ID` or `ACCOUNT/ID#PART`. URLs come masked; nothing is secret.
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from reconciler.model import Campaign, Evidence, Outcome, WaiverUse

_REQUEST_IDS = (
    "x-request-id",
    "request-id",
    "x-correlation-id",
    "x-trace-id",
    "x-amzn-requestid",
    "x-amz-request-id",
    "cf-ray",
    "traceparent",
)


class Record(msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag_field="type"):
    """What all have in common. *run* counts the runs of *journal*, which is the journal's identity.

    Records of several journals may share a log: only both together name a run.
    """

    at: str
    run: str
    plan: str
    journal: str = ""


class ApprovalsSeen(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The approvals as they were counted before the first request.

    *allowed_signers* is the SHA-256 of that file's bytes; *aliases* are the project's.
    """

    required: int
    principals: tuple[str, ...] = ()
    rejected: tuple[tuple[str, str], ...] = ()
    allowed_signers: str | None = None
    aliases: dict[str, tuple[str, ...]] = {}


class WindowSeen(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the windows said; see `guards.windows.WindowDecision`."""

    open: bool
    rule: str | None = None
    because: str | None = None


class RunStarted(Record, frozen=True, kw_only=True, tag="run-started"):
    """Before the first request of an apply or settle."""

    project: str
    command: str
    tool: str
    resumed: bool
    author: str | None
    commit: str | None
    requested_by: tuple[str, ...]
    tickets: tuple[str, ...]
    approvals: ApprovalsSeen
    window: WindowSeen | None = None
    waived: tuple[str, ...] = ()  # the rules that `apply --waive` lifted
    restored_from: str | None = None  # the identity that this journal had before it lost records


class Waived(Record, frozen=True, kw_only=True, tag="waived"):
    """A rule lifted for one run; open for review until a `reviewed` names the run."""

    rule: str
    because: str
    ticket: str
    by: str | None = None


class Reviewed(Record, frozen=True, kw_only=True, tag="reviewed"):
    """A person looked at what was waived in *run*."""

    by: str
    because: str


class Stopped(Record, frozen=True, kw_only=True, tag="stopped"):
    """A person ended the run, in one scope or at all: from here on it asks nothing more there."""

    by: str
    because: str
    account: str | None = None
    scope: str | None = None


class IntentRecord(Record, frozen=True, kw_only=True, tag="intent"):
    """A request that is about to leave. *request* numbers the requests of the journal."""

    request: int
    account: str
    scope: str = ""  # whose campaigns these are, whatever the account is called
    method: str
    url: str
    targets: tuple[str, ...]


class Seen(Record, frozen=True, kw_only=True, tag="outcome"):
    """What came of a request. *status* None: no answer. *verdict*: the driver's, in one word."""

    request: int
    account: str
    scope: str = ""
    status: int | None
    verdict: str
    detail: str | None = None
    vendor_request_id: str | None = None


class AbsenceRecord(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An absence that asked for the target, with its manifest's words."""

    manifest: str
    path: str
    line: int
    owner: str | None = None
    reason: str | None = None
    ticket: str | None = None


class TargetEnded(Record, frozen=True, kw_only=True, tag="target"):
    """What became of a target, with the record as it was."""

    target: str
    account: str
    scope: str = ""
    id: str
    part: str | None
    name: str | None
    outcome: Outcome
    detail: str | None
    evidence: Evidence | None
    campaign: Campaign | None
    sources: tuple[AbsenceRecord, ...] = ()
    waivers: tuple[WaiverUse, ...] = ()
    copy: str | None = None  # the digest of what the vendor said of it before


class Finding(Record, frozen=True, kw_only=True, tag="finding"):
    """What a person found out about targets in doubt (`settle --as`)."""

    targets: tuple[str, ...]
    found: Literal["deleted", "not-deleted"]
    by: str | None
    because: str


class RunEnded(Record, frozen=True, kw_only=True, tag="run-ended"):
    """The run's end. *report* is the SHA-256 of the report's bytes, if one was kept."""

    exit_code: int
    summary: dict[str, int]
    report: str | None = None


_KNOWN = (
    RunStarted
    | Waived
    | Reviewed
    | Stopped
    | IntentRecord
    | Seen
    | TargetEnded
    | Finding
    | RunEnded
)
_TYPES = frozenset(one.__struct_config__.tag for one in _KNOWN.__args__)


def read(record: Mapping[str, Any]) -> Record | None:
    """The record as its type; None for a type that this version does not know.

    ValueError if it is of a known type and a member is missing or of another kind.
    """
    if record.get("type") not in _TYPES:
        return None
    try:
        found: Record = msgspec.convert(record, _KNOWN)
    except msgspec.ValidationError as error:
        raise ValueError(f"is not a record of the type {record['type']}") from error
    return found


def vendor_request_id(headers: Mapping[str, str]) -> str | None:
    """The vendor's own number of a request, by which its support finds it; at most 200 characters.

    *headers* by lower-case name, as an `Answer` has them.
    """
    found = next((headers[name] for name in _REQUEST_IDS if headers.get(name)), None)
    return None if found is None else "".join(c for c in found if c.isprintable())[:200] or None

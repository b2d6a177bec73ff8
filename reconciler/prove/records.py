"""What the audit log records: one struct a record type, in the words of docs/audit-format.md.

Every record has `at` (when, UTC) and but for `cut` the `run` and the `plan` (`sha256:...`) it is
about. Targets are written `ACCOUNT/ID` or `ACCOUNT/ID#PART`. URLs come masked; nothing is secret.
"""

from collections.abc import Mapping
from typing import Literal

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
    """What all have in common."""

    at: str
    run: str
    plan: str


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


class Intent(Record, frozen=True, kw_only=True, tag="intent"):
    """A request that is about to leave. *request* numbers the requests of the journal."""

    request: int
    account: str
    method: str
    url: str
    targets: tuple[str, ...]


class Seen(Record, frozen=True, kw_only=True, tag="outcome"):
    """What came of a request. *status* None: no answer. *verdict*: the driver's, in one word."""

    request: int
    account: str
    status: int | None
    verdict: str
    detail: str | None = None
    vendor_request_id: str | None = None


class Asked(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
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
    id: str
    part: str | None
    name: str | None
    outcome: Outcome
    detail: str | None
    evidence: Evidence | None
    campaign: Campaign | None
    sources: tuple[Asked, ...] = ()
    waivers: tuple[WaiverUse, ...] = ()


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


def vendor_request_id(headers: Mapping[str, str]) -> str | None:
    """The vendor's own number of a request, by which its support finds it; at most 200 characters.

    *headers* by lower-case name, as an `Answer` has them.
    """
    found = next((headers[name] for name in _REQUEST_IDS if headers.get(name)), None)
    return None if found is None else "".join(c for c in found if c.isprintable())[:200] or None

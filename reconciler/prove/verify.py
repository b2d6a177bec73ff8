"""Offline verification of evidence: what docs/audit-format.md promises, checked in its order.

Everything in the archive is hostile: nothing is extracted, names are never paths, and sizes are
what is really read. Needs no vendor, no network and no key but `allowed_signers`.
"""

import gzip
import hashlib
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from tempfile import TemporaryFile
from typing import Any, BinaryIO, NamedTuple

import msgspec

from reconciler.disk import why
from reconciler.errors import NotVerified, Stale
from reconciler.model import API_VERSION, Outcome, PlanDocument, ReportDocument, Target
from reconciler.plan import planfile
from reconciler.prove import approvals, chain, records
from reconciler.prove.approvals import Signers
from reconciler.prove.evidence import AUDIT, MANIFEST, deletions
from reconciler.prove.proofs import Proven

SMALL = 64 * 1024 * 1024
"""Bytes of a member that is held in memory, but for plan and report."""
LARGE = 1024 * 1024 * 1024
MEMBERS = 100_000

_BLOCK = 512
_CHUNK = 1024 * 1024
_NAME = re.compile(r"[A-Za-z0-9_@+-][A-Za-z0-9._@+-]*(/[A-Za-z0-9_@+-][A-Za-z0-9._@+-]*)*")


# ---------------------------------------------------------------- manifest


class _Listed(msgspec.Struct, frozen=True):
    path: str
    bytes: int
    sha256: str
    source: str | None = None


class _Missing(msgspec.Struct, frozen=True):
    source: str
    sha256: str
    why: str


class _Audit(msgspec.Struct, frozen=True):
    first: int
    last: int
    records: int
    hash: str


class _Manifest(msgspec.Struct, frozen=True, rename="camel"):
    api_version: str
    kind: str
    tool: str
    plan: str
    members: tuple[_Listed, ...]
    missing: tuple[_Missing, ...]
    audit: _Audit | None


_manifest = msgspec.json.Decoder(_Manifest).decode


def evidence(archive: BinaryIO, *, signers: Signers | None = None) -> Proven:
    """Check a whole archive. `NotVerified` names the first thing that does not hold.

    *signers*: the reader's own list of allowed signers, which then counts instead of the
    archive's.
    """
    with TemporaryFile() as audit:
        manifest, contents = _read(archive, audit)
        plan = _plan(manifest, contents)
        _check_inputs(plan, manifest)
        trusted = signers if signers is not None else _signers(contents)
        case = _Case(plan, manifest, contents, trusted)
        if manifest.audit is not None:
            case.hear(audit)
        case.check_report()
        return case.proven()


def _plan(manifest: _Manifest, contents: Mapping[str, bytes]) -> PlanDocument:
    data = contents.get("plan.json")
    if data is None:
        raise NotVerified("plan.json", "is missing")
    if planfile.digest(data) != manifest.plan:
        raise NotVerified("plan.json", f"is not the plan {manifest.plan}")
    try:
        return planfile.loads(data)
    except Stale as error:
        raise NotVerified("plan.json", str(error)) from error


def _check_inputs(plan: PlanDocument, manifest: _Manifest) -> None:
    due = {one.path: one.sha256 for one in (plan.inputs.project, *plan.inputs.manifests)}
    packed = {one.source: one for one in manifest.members if one.path.startswith("inputs/")}
    gone = {one.source for one in manifest.missing}
    for source, one in packed.items():
        if source is None or due.get(source, "").removeprefix("sha256:") != one.sha256:
            raise NotVerified(one.path, "is not what the plan was made from")
    for path in due:
        if path not in packed and path not in gone:
            raise NotVerified(MANIFEST, f"says nothing of {path}, which the plan was made from")


def _signers(contents: Mapping[str, bytes]) -> Signers | None:
    allowed = contents.get("allowed_signers")
    return None if allowed is None else Signers(allowed, contents.get("allowed_signers.revoked"))


# ---------------------------------------------------------------- what the records say


class _Run(NamedTuple):
    """One run: its journal's identity and its number there."""

    journal: str
    number: str

    def __str__(self) -> str:
        return self.number if not self.journal else f"{self.number} of journal {self.journal[:8]}"


@dataclass(slots=True)
class _Case:
    """The records, heard one after the other."""

    plan: PlanDocument
    manifest: _Manifest
    contents: Mapping[str, bytes]
    signers: Signers | None
    planned: frozenset[str] = frozenset()
    runs: dict[_Run, records.RunStarted] = field(default_factory=dict)
    starts: dict[_Run, int] = field(default_factory=dict)  # the record that starts each
    ended: set[_Run] = field(default_factory=set)
    judged: set[_Run] = field(default_factory=set)
    intended: set[str] = field(default_factory=set)
    requests: set[tuple[str, int]] = field(default_factory=set)
    heard: set[tuple[str, int]] = field(default_factory=set)  # those of which something is said
    outcomes: dict[str, str] = field(default_factory=dict)
    approved_by: dict[str, None] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    report: str | None = None

    def hear(self, audit: BinaryIO) -> None:
        """Every record of the slice, in order."""
        self.planned = deletions(self.plan)
        assert self.manifest.audit is not None
        _hold(self.manifest.audit, audit)  # what it says counts only once all of it holds
        audit.seek(0)
        for record in chain.walk(audit, stubs=True):
            if not chain.is_stub(record):
                self._one(record)

    def _one(self, record: Mapping[str, Any]) -> None:
        seq = record["seq"]
        if "plan" not in record:
            return
        if record["plan"] != self.manifest.plan:
            raise NotVerified(AUDIT, "is of another plan", seq)
        if not isinstance(record.get("run"), str):
            raise NotVerified(AUDIT, "names no run", seq)
        try:
            said = records.read(record)
        except ValueError as error:
            raise NotVerified(AUDIT, str(error), seq) from error
        journal = record.get("journal", "")
        if not isinstance(journal, str):
            raise NotVerified(AUDIT, "names no journal", seq)
        run = _Run(journal, record["run"])
        if isinstance(said, records.RunStarted):
            self._begun(run, said, seq)
        elif run not in self.runs:
            raise NotVerified(AUDIT, f"is of run {run}, whose start is missing", seq)
        elif said is not None:
            self._said(run, said, seq)

    def _begun(self, run: _Run, said: records.RunStarted, seq: int) -> None:
        if run in self.judged or run in self.ended:
            raise NotVerified(AUDIT, f"starts run {run} a second time", seq)
        self.runs[run] = said
        self.starts[run] = seq
        if said.restored_from:
            self.notes.append(
                f"run {run} is of a journal that had lost records of {said.restored_from[:8]}"
            )

    def _said(self, run: _Run, said: records.Record, seq: int) -> None:
        match said:
            case records.IntentRecord():
                self._intent(run, said, seq)
            case records.Seen():
                # Without a status nothing answered: a later run found it lost.
                self.heard.add((run.journal, said.request))
                asked = (run.journal, said.request) in self.requests
                if said.status is not None and not asked:
                    raise NotVerified(AUDIT, "answers a request that has no intent", seq)
            case records.TargetEnded():
                self._target(said, seq)
                self._copy(said, seq)
            case records.RunEnded():
                self.ended.add(run)
                self.report = said.report or self.report

    def _intent(self, run: _Run, said: records.IntentRecord, seq: int) -> None:
        for target in said.targets:
            if target not in self.planned:
                raise NotVerified(AUDIT, f"asks to delete {target}, which is not in the plan", seq)
        if run in self.ended:
            raise NotVerified(AUDIT, f"comes after the end of run {run}", seq)
        if run not in self.judged:
            self.judged.add(run)
            self._approvals(run, self.starts[run])
        self.requests.add((run.journal, said.request))
        self.intended.update(said.targets)

    def _target(self, said: records.TargetEnded, seq: int) -> None:
        if said.target not in self.planned:
            raise NotVerified(AUDIT, f"is about {said.target}, which is not in the plan", seq)
        answered = said.outcome is Outcome.DELETED and said.evidence == "answer"
        if answered and said.target not in self.intended:
            why = f"says {said.target} was deleted without an intent before it"
            raise NotVerified(AUDIT, why, seq)
        self.outcomes[said.target] = str(said.outcome)

    def _copy(self, said: records.TargetEnded, seq: int) -> None:
        """A copy that a record names is packed under its digest, or told as missing."""
        if said.copy is None:
            return
        path = f"copies/{said.copy.removeprefix('sha256:')}.json"
        packed = {one.path: one.sha256 for one in self.manifest.members}
        if packed.get(path, "") != said.copy.removeprefix("sha256:") and not any(
            one.source == path for one in self.manifest.missing
        ):
            raise NotVerified(AUDIT, f"names {path}, which is neither packed nor missing", seq)

    def _approvals(self, run: _Run, seq: int) -> None:
        """Enough signatures at the time this run began, or a waiver of the rule."""
        started = self.runs[run]
        seen, author = started.approvals, self.plan.metadata.author
        required = max(self.plan.approvals.required, seen.required)
        if required <= 0:
            return
        if "approvals" in started.waived:
            self.notes.append(f"run {run} waived its approvals")
            return
        try:
            now = datetime.fromisoformat(started.at)
        except ValueError as error:
            raise NotVerified(AUDIT, f"run {run} began at no time", seq) from error
        if now.tzinfo is None:
            raise NotVerified(AUDIT, f"run {run} began at a time without a zone", seq)
        if self.signers is None:
            raise NotVerified("allowed_signers", "is missing: the approvals cannot be counted")
        listed = self.manifest.members
        counted = approvals.count(
            self.contents["plan.json"],
            [
                (one.source or one.path, self.contents[one.path])
                for one in listed
                if one.path.startswith("signatures/")
            ],
            self.signers,
            author=author,
            aliases=seen.aliases,
            requested_by=started.requested_by,
            now=now,
            plan_name=next((one.source for one in listed if one.path == "plan.json"), None)
            or "plan.json",
        )
        short = approvals.shortfall(counted, required=required, author=author)
        if short is not None:
            raise NotVerified("signatures", f"run {run} had {short}", seq)
        self.approved_by.update(dict.fromkeys(counted.principals))

    # ------------------------------------------------------------ report

    def check_report(self) -> None:
        data = self.contents.get("report.json")
        if data is None:
            if self.report is not None:
                raise NotVerified("report.json", "is missing: the last run recorded one")
            self.notes.append("no report is packed")
            return
        try:
            report = msgspec.json.decode(data, type=ReportDocument)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise NotVerified("report.json", "is not a report") from error
        if report.plan != self.manifest.plan:
            raise NotVerified("report.json", "is of another plan")
        if self.report is not None and hashlib.sha256(data).hexdigest() != self.report:
            raise NotVerified("report.json", "is not the report that the last run recorded")
        for one in report.targets:
            if not one.outcome.final:
                continue  # a later settle may have found out more
            target = str(Target(one.account, one.id, one.part))
            recorded = self.outcomes.get(target)
            if recorded != one.outcome and not (recorded is None and one.outcome != "deleted"):
                raise NotVerified("report.json", f"{target} is {one.outcome}, recorded: {recorded}")

    def proven(self) -> Proven:
        notes = [*self.notes]
        if self.manifest.audit is None:
            notes.append("nothing was done under this plan, as far as the audit log tells")
        notes += [f"run {run} has no end: it was killed, or goes on" for run in self._open()]
        if lost := len(self.requests - self.heard):
            many = "1 request" if lost == 1 else f"{lost} requests"
            why = "the run goes on, nobody has settled it since, or its journal is gone"
            notes.append(f"what came of {many} is not recorded: {why}")
        if len(journals := {run.journal for run in self.runs}) > 1:
            shown = ", ".join(sorted(one[:8] or "unnamed" for one in journals))
            notes.append(f"its runs are of {len(journals)} journals: {shown}")
        notes += [f"{one.source} {one.why}: it is not packed" for one in self.manifest.missing]
        counts = dict.fromkeys((one.value for one in Outcome), 0)
        for outcome in self.outcomes.values():
            counts[outcome] += 1
        return Proven(
            plan=self.manifest.plan,
            project=self.plan.metadata.project,
            records=0 if self.manifest.audit is None else self.manifest.audit.records,
            runs=len(self.runs),
            targets=len(self.planned or deletions(self.plan)),
            outcomes=counts,
            approved_by=tuple(self.approved_by),
            notes=tuple(notes),
        )

    def _open(self) -> list[_Run]:
        return [run for run in self.runs if run not in self.ended]


# ---------------------------------------------------------------- the archive


def _read(archive: BinaryIO, audit: BinaryIO) -> tuple[_Manifest, dict[str, bytes]]:
    """The manifest and the small members by name; the audit records go to *audit*, unjudged.

    Every member but the audit is compared with the manifest here. The audit's bytes are compared
    last, so that a bad record is named before a bad file is.
    """
    contents: dict[str, bytes] = {}
    seen: dict[str, tuple[int, str]] = {}
    try:
        with gzip.GzipFile(fileobj=archive, mode="rb") as unpacked:
            for name, size in _entries(unpacked):
                if name in seen or len(seen) >= MEMBERS:
                    raise NotVerified(name, "is there twice" if name in seen else "is one too many")
                if name != MANIFEST and not seen:
                    raise NotVerified(MANIFEST, "is not the first member")
                seen[name] = _copy(unpacked, name, size, contents, audit)
    except (gzip.BadGzipFile, zlib.error) as error:
        raise NotVerified("archive", "is no gzip archive, or it is damaged") from error
    except EOFError as error:
        raise NotVerified("archive", "ends too early") from error
    except OSError as error:
        raise NotVerified("archive", f"cannot be read: {why(error)}") from error
    if MANIFEST not in contents:
        raise NotVerified(MANIFEST, "is missing")
    try:
        manifest = _manifest(contents[MANIFEST])
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise NotVerified(MANIFEST, "is not a manifest") from error
    if (manifest.api_version, manifest.kind) != (API_VERSION, "Evidence"):
        raise NotVerified(MANIFEST, "is not evidence of a version this tool reads")
    _compare(manifest, seen, audit)
    return manifest, contents


def _compare(manifest: _Manifest, seen: Mapping[str, tuple[int, str]], audit: BinaryIO) -> None:
    listed = {one.path: (one.bytes, one.sha256) for one in manifest.members}
    if len(listed) != len(manifest.members) or MANIFEST in listed:
        raise NotVerified(MANIFEST, "lists a member twice, or itself")
    if (manifest.audit is not None) != (AUDIT in seen):
        raise NotVerified(AUDIT, "is missing" if manifest.audit is not None else "is not announced")
    for path, facts in listed.items():
        if path not in seen:
            raise NotVerified(path, "is missing")
        if seen[path] != facts:
            if path == AUDIT and manifest.audit is not None:
                _hold(manifest.audit, audit)
            raise NotVerified(path, "does not have the SHA-256 and length of the manifest")
    for path in seen:
        if path not in listed and path != MANIFEST:
            raise NotVerified(path, "is not in the manifest")


def _entries(stream: BinaryIO | gzip.GzipFile) -> Iterator[tuple[str, int]]:
    """(name, size) of each ustar entry; whoever iterates reads the content in between."""
    while True:
        header = stream.read(_BLOCK)
        if header == bytes(_BLOCK):
            break
        checksum = sum(header[:148]) + sum(header[156:]) + 8 * ord(" ")
        if len(header) != _BLOCK or header[148:156] != b"%06o\0 " % checksum:
            raise NotVerified("archive", "holds a damaged header")
        if header[257:263] != b"ustar\0" or header[156:157] != b"0":
            raise NotVerified("archive", "holds something that is not a regular file of ustar")
        name = header[:100].rstrip(b"\0").decode("ascii", "replace")
        prefix = header[345:500].rstrip(b"\0").decode("ascii", "replace")
        name = f"{prefix}/{name}" if prefix else name
        octal = header[124:136].rstrip(b"\0 ")
        if not _NAME.fullmatch(name) or not re.fullmatch(rb"[0-7]{1,11}", octal):
            raise NotVerified("archive", "holds a member whose name or size is not ours")
        yield name, int(octal, 8)
    while rest := stream.read(_CHUNK):
        if rest.strip(b"\0"):
            raise NotVerified("archive", "goes on after its end")


def _copy(
    stream: gzip.GzipFile, name: str, size: int, contents: dict[str, bytes], audit: BinaryIO
) -> tuple[int, str]:
    """Take a member in; its real size and SHA-256."""
    most = LARGE if name in ("plan.json", "report.json") else SMALL
    if name != AUDIT and size > most:
        raise NotVerified(name, f"is longer than {most} bytes")
    read, left, blocks = hashlib.sha256(), size, []
    while left:
        block = stream.read(min(left, _CHUNK))
        if not block:
            raise NotVerified(name, "ends too early")
        read.update(block)
        left -= len(block)
        if name == AUDIT:
            audit.write(block)
        else:
            blocks.append(block)
    if stream.read(-size % _BLOCK).strip(b"\0"):
        raise NotVerified(name, "is followed by something")
    if name != AUDIT:
        contents[name] = b"".join(blocks)
    return size, read.hexdigest()


def _hold(told: _Audit, audit: BinaryIO) -> None:
    """The slice is all of what the manifest tells of, and each record holds; or it is named."""
    audit.seek(0)
    seq, digest = told.first, None
    try:
        for record in chain.walk(audit, stubs=True):
            if record["seq"] != seq or seq > told.last:
                raise NotVerified(
                    AUDIT, "is missing" if seq <= told.last else "is one too many", seq
                )
            seq, digest = seq + 1, record["hash"]
    except chain.BadLink as error:
        raise NotVerified(AUDIT, error.why, seq if error.seq is None else error.seq) from error
    if seq <= told.last or told.records != told.last - told.first + 1:
        raise NotVerified(AUDIT, "is missing", seq)
    if digest != told.hash:
        raise NotVerified(AUDIT, "is not the last record of the manifest", told.last)

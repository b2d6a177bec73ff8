"""Evidence: one plan, what it rests on and what was done under it, in one archive.

The archive is a gzipped ustar of regular files with short ASCII names, MANIFEST.json first. The
same inputs give the same bytes. It holds phone numbers and records in full, and no secret.
"""

import gzip
import hashlib
import io
import re
import tarfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import Any, BinaryIO

import msgspec

from reconciler.errors import Stale
from reconciler.model import API_VERSION, PlanDocument
from reconciler.plan.planfile import digest, loads
from reconciler.prove import chain
from reconciler.prove.approvals import Signers

MANIFEST = "MANIFEST.json"
AUDIT = "audit.ndjson"

_SAFE = re.compile(r"[A-Za-z0-9_@+-][A-Za-z0-9._@+-]*")
_BLOCK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Sources:
    """What goes into the archive. Paths are as plan and project write them.

    *plan_name* is the plan's file name. *signatures*: (path, bytes). *inputs*: the project file's
    and manifests' present bytes by path, None where there is no such file any more. *report*: the
    JSON of the plan's last report. *audit*: the whole chain, or None where there is none. *copy*:
    what was kept of a campaign, by the digest in the audit log.
    """

    plan_name: str
    plan: bytes
    signatures: Sequence[tuple[str, bytes]]
    signers: Signers | None
    inputs: Mapping[str, bytes | None]
    report: bytes | None
    audit: BinaryIO | None
    tool: str
    copy: Callable[[str], bytes | None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Packed:
    """What the archive holds: its members, the files it could not take, and the audit records."""

    members: int
    missing: tuple[tuple[str, str], ...]
    records: int


@dataclass(frozen=True, slots=True)
class _Member:
    path: str
    source: str | None
    content: BinaryIO
    size: int
    sha256: str

    @property
    def listed(self) -> dict[str, object]:
        return {
            "path": self.path,
            "source": self.source,
            "bytes": self.size,
            "sha256": self.sha256,
        }


def pack(sources: Sources, out: BinaryIO) -> Packed:
    """Write the archive to *out*. `Stale` if the plan is none or the audit chain does not hold."""
    plan = loads(sources.plan)
    with TemporaryFile() as spool:
        cut = _slice(sources.audit, digest(sources.plan), spool)
        inputs, missing = _inputs(plan, sources.inputs)
        members = [_member("plan.json", sources.plan, sources.plan_name)]
        members += _signatures(sources)
        members += inputs
        members.append(_member("inventory.json", _inventory(plan)))
        if cut is not None:
            copies, lost = _copies(spool, sources.copy)
            members.append(_spooled(spool))
            members += copies
            missing += lost
        if sources.report is not None:
            members.append(_member("report.json", sources.report))
        manifest = {
            "apiVersion": API_VERSION,
            "kind": "Evidence",
            "tool": sources.tool,
            "plan": digest(sources.plan),
            "members": [one.listed for one in members],
            "missing": missing,
            "audit": cut,
        }
        _write(out, [_member(MANIFEST, chain.canonical(manifest) + b"\n"), *members])
    told = tuple((one["source"], one["why"]) for one in missing)
    return Packed(len(members) + 1, told, 0 if cut is None else cut["records"])


def deletions(plan: PlanDocument) -> frozenset[str]:
    """The targets that *plan* deletes, as they are written."""
    return frozenset(
        str(target) for one in plan.actions if one.action == "delete" for target in one.targets
    )


# ---------------------------------------------------------------- members


def _member(path: str, content: bytes, source: str | None = None) -> _Member:
    sha256 = hashlib.sha256(content).hexdigest()
    return _Member(path, source, io.BytesIO(content), len(content), sha256)


def _copies(
    spool: BinaryIO, copy: Callable[[str], bytes | None]
) -> tuple[list[_Member], list[dict[str, Any]]]:
    """What the vendor said of the campaigns, as the records name it; and what is not there."""
    found: dict[str, _Member] = {}
    lost: dict[str, dict[str, Any]] = {}
    spool.seek(0)
    for record in chain.walk(spool, stubs=True):
        named = record.get("copy") if record.get("type") == "target" else None
        if not isinstance(named, str) or named in found or named in lost:
            continue
        sha256 = named.removeprefix("sha256:")
        content = copy(named)
        if content is None or hashlib.sha256(content).hexdigest() != sha256:
            why = "is not there" if content is None else "is not what was kept"
            lost[named] = {"source": f"copies/{sha256}.json", "sha256": sha256, "why": why}
        else:
            found[named] = _member(f"copies/{sha256}.json", content)
    return list(found.values()), list(lost.values())


def _spooled(spool: BinaryIO) -> _Member:
    spool.seek(0)
    read = hashlib.sha256()
    while block := spool.read(_BLOCK):
        read.update(block)
    size = spool.tell()
    spool.seek(0)
    return _Member(AUDIT, None, spool, size, read.hexdigest())


def _signatures(sources: Sources) -> list[_Member]:
    found = [
        _member(_name("signatures", path.rpartition("/")[2]), content, path.rpartition("/")[2])
        for path, content in sources.signatures
    ]
    if sources.signers is not None:
        found.append(_member("allowed_signers", sources.signers.allowed))
        if sources.signers.revoked is not None:
            found.append(_member("allowed_signers.revoked", sources.signers.revoked))
    return found


def _inputs(
    plan: PlanDocument, present: Mapping[str, bytes | None]
) -> tuple[list[_Member], list[dict[str, str]]]:
    """The project file and manifests that are still as planned, and those that are not."""
    members: dict[str, _Member] = {}
    missing = []
    for file in (plan.inputs.project, *plan.inputs.manifests):
        content = present.get(file.path)
        if content is not None and hashlib.sha256(content).hexdigest() == _hex(file.sha256):
            name = _name("inputs", file.path)
            members[name] = _member(name, content, file.path)
            continue
        why = "is not there" if content is None else "was changed after the plan"
        missing.append({"source": file.path, "sha256": _hex(file.sha256), "why": why})
    return list(members.values()), missing


def _hex(text: str) -> str:
    return text.removeprefix("sha256:")


def _inventory(plan: PlanDocument) -> bytes:
    """What the inventory said of itself, as the plan recorded it; not its records."""
    facts = {
        "files": msgspec.to_builtins(plan.inputs.inventory),
        "accounts": {
            name: {
                "capturedAt": account.captured_at,
                "complete": account.complete,
                "campaigns": account.campaigns,
            }
            for name, account in plan.accounts.items()
        },
    }
    return chain.canonical(facts) + b"\n"


def _name(folder: str, path: str) -> str:
    """A member's name: the path where that is short and harmless, else the path's SHA-256."""
    parts = path.split("/")
    if all(_SAFE.fullmatch(part) for part in parts) and len(path) <= 80:
        return f"{folder}/{path}"
    return f"{folder}/{hashlib.sha256(path.encode('utf-8', 'surrogateescape')).hexdigest()}"


# ---------------------------------------------------------------- the audit slice


def _slice(audit: BinaryIO | None, plan: str, spool: BinaryIO) -> dict[str, Any] | None:
    """Copy *plan*'s share of the chain; what the manifest says of it, or None if there is none."""
    if audit is None:
        return None
    first: dict[str, Any] | None = None
    last: dict[str, Any] | None = None
    end = 0
    for record in _walked(audit):
        ours = record.get("plan") == plan
        if first is None and not ours:
            continue
        first = first or record
        spool.write(chain.canonical(record) + b"\n" if _shown(record, ours) else chain.stub(record))
        if ours:
            last, end = record, spool.tell()
    if first is None or last is None:
        return None
    spool.truncate(end)
    count = last["seq"] - first["seq"] + 1
    return {"first": first["seq"], "last": last["seq"], "records": count, "hash": last["hash"]}


def _shown(record: Mapping[str, Any], ours: bool) -> bool:
    """A record of no plan (`cut`) shows nothing of another's."""
    return ours or "plan" not in record


def _walked(audit: BinaryIO) -> Iterator[dict[str, Any]]:
    try:
        yield from chain.walk(audit)
    except chain.BadLink as error:
        raise Stale(
            f"the audit log does not hold, {error}; no evidence was written. Bring the log"
            " back from a copy (`reconciler verify` checks one)"
        ) from error


# ---------------------------------------------------------------- the archive


def _write(out: BinaryIO, members: Sequence[_Member]) -> None:
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=out, compresslevel=6, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for member in members:
            entry = tarfile.TarInfo(member.path)  # its time and owner are zero by default
            entry.size = member.size
            entry.mode = 0o644
            archive.addfile(entry, member.content)

"""What a check of evidence, or of an audit log, came to."""

import json

import msgspec

from reconciler.errors import NotVerified
from reconciler.model import API_VERSION
from reconciler.prove.proofs import Proven, Verified
from reconciler.safe import printable_json, terminal
from reconciler.views.words import count

_KEYS = {"approved_by": "approvedBy"}
Verification = Proven | Verified | NotVerified


def as_json(found: Verification) -> str:
    """One JSON object; what does not hold is its `first`."""
    facts: dict[str, object] = {"kind": "Verification", "valid": not isinstance(found, NotVerified)}
    if isinstance(found, NotVerified):
        facts["first"] = {
            "member": found.member,
            "record": found.seq,
            "line": found.line,
            "message": found.why,
        }
    else:
        facts |= {_KEYS.get(key, key): one for key, one in msgspec.to_builtins(found).items()}
    return printable_json(json.dumps({"apiVersion": API_VERSION, **facts}))


def text(found: Verification) -> str:
    """A few lines for people."""
    if isinstance(found, NotVerified):
        place = f", line {found.line}" if found.line is not None else ""
        place += f", record {found.seq}" if found.seq is not None else ""
        return (
            f"Not verified. First bad link: {terminal(found.member)}{place}: {terminal(found.why)}"
            "\nGet it again from where it was written; if that does not verify either, do not rely"
            " on it."
        )
    if isinstance(found, Verified):
        return f"Verified: {count(found.records, 'record')}, the last one's hash is {found.hash}"
    done = ", ".join(f"{number} {outcome}" for outcome, number in found.outcomes.items() if number)
    lines = [
        f"Verified: {terminal(found.plan)} of {terminal(found.project)}",
        f"  {count(found.targets, 'target')} planned; recorded: {done or 'none'}",
        f"  {count(found.runs, 'run')}, {count(found.records, 'audit record')}, every link holds",
        f"  approved by {', '.join(map(terminal, found.approved_by)) or 'nobody'}",
    ]
    lines += [f"  note: {terminal(note)}" for note in found.notes]
    return "\n".join(lines)

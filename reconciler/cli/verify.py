"""`reconciler verify`: check an evidence archive, or an audit log, offline."""

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from reconciler.cli.app import App, pass_app
from reconciler.errors import Exit, ReconcilerError
from reconciler.safe import printable_json

if TYPE_CHECKING:
    from reconciler.prove.chain import Verified
    from reconciler.prove.verify import Proven

_GZIP = b"\x1f\x8b"


@click.command(
    "verify",
    epilog="""\b
Examples:
  reconciler verify evidence.tar.gz
  reconciler verify .reconciler/audit.ndjson
  reconciler verify evidence.tar.gz --allowed-signers allowed_signers
""",
)
@click.argument("file", type=click.Path(dir_okay=False))
@click.option(
    "--allowed-signers",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Count the approvals against this list instead of the archive's own.",
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
@pass_app
def command(app: App, *, file: str, allowed_signers: str | None, form: str) -> int:
    """Check FILE, an evidence archive or an audit log (audit.ndjson), and name the first bad link.

    Needs no project, no vendor, no network and no key but the allowed signers.
    """
    from reconciler.prove import approvals, chain, verify

    signers = None if allowed_signers is None else approvals.read_signers(Path(allowed_signers))
    with _opened(Path(file)) as stream:
        archive = stream.read(2) == _GZIP
        stream.seek(0)
        try:
            found = verify.evidence(stream, signers=signers) if archive else chain.verify(stream)
        except chain.BadLink as error:
            return _bad(app, form, Path(file).name, error.seq, error.line, error.why)
        except verify.Unproven as error:
            return _bad(app, form, error.member, error.seq, None, error.why)
    app.out(_shown(found, form))
    return Exit.OK


def _opened(path: Path) -> BinaryIO:
    if not path.is_file():
        raise ReconcilerError(f"cannot read {path}: it is not a regular file")
    try:
        return path.open("rb")
    except OSError as error:
        raise ReconcilerError(f"cannot read {path}: {error.strerror}") from error


def _bad(app: App, form: str, member: str, seq: int | None, line: int | None, why: str) -> int:
    from reconciler.safe import terminal

    if form == "json":
        first = {"member": member, "record": seq, "line": line, "message": why}
        app.out(_json({"kind": "Verification", "valid": False, "first": first}))
        return Exit.STALE
    place = f", line {line}" if line is not None else ""
    place += f", record {seq}" if seq is not None else ""
    app.out(f"Not verified. First bad link: {terminal(member)}{place}: {terminal(why)}")
    return Exit.STALE


def _shown(found: "Proven | Verified", form: str) -> str:
    from reconciler.prove.chain import Verified
    from reconciler.safe import terminal

    if form == "json":
        import msgspec

        facts = msgspec.to_builtins(found)
        return _json({"kind": "Verification", "valid": True, **facts})
    if isinstance(found, Verified):
        return f"Verified: {found.records} records, the last one's hash is {found.hash}"
    done = ", ".join(f"{count} {outcome}" for outcome, count in found.outcomes.items() if count)
    lines = [
        f"Verified: {terminal(found.plan)} of {terminal(found.project)}",
        f"  {found.targets} targets planned; recorded: {done or 'none'}",
        f"  {found.runs} runs, {found.records} audit records, every link holds",
        f"  approved by {', '.join(map(terminal, found.approved_by)) or 'nobody'}",
    ]
    lines += [f"  note: {terminal(note)}" for note in found.notes]
    return "\n".join(lines)


def _json(facts: dict[str, object]) -> str:
    import json

    return printable_json(json.dumps({"apiVersion": "reconciler/v1", **facts}))

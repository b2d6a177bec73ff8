"""`reconciler evidence`: pack one plan, what it rests on and what was done under it."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from reconciler import __version__
from reconciler.cli.app import App, pass_app
from reconciler.errors import Exit, ReconcilerError

if TYPE_CHECKING:
    from reconciler.model import Plan
    from reconciler.prove.approvals import Signers

AUDIT = ".reconciler/audit.ndjson"
REPORTS = ".reconciler/reports"
"""Where `apply` leaves the last report of each plan, as `<hex of the plan's digest>.json`."""

_LARGE = 1024 * 1024 * 1024


@click.command(
    "evidence",
    epilog="""\b
Examples:
  reconciler evidence plan.json --out evidence.tar.gz
""",
)
@click.argument("plan", type=click.Path(dir_okay=False))
@click.option(
    "--out",
    required=True,
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="The archive to write (tar, gzipped).",
)
@pass_app
def command(app: App, *, plan: str, out: str) -> int:
    """Pack everything an auditor asks for about PLAN into one archive.

    That is the plan and its signatures, the allowed signers, project file and manifests as
    planned, the inventory's facts, the audit records and the last report. `verify` checks it
    offline, and is run once at the end: exit 4 tells that the archive was written and why it does
    not verify. It holds phone numbers in full.
    """
    from reconciler import disk
    from reconciler.plan import planfile
    from reconciler.prove import approvals, evidence, verify
    from reconciler.safe import terminal

    path = Path(plan)
    data = disk.read_file(path, what="the plan", most=_LARGE)
    loaded = planfile.loads(data)
    log = app.root / AUDIT
    with contextlib.ExitStack() as stack:
        audit = stack.enter_context(log.open("rb")) if log.is_file() else None
        sources = evidence.Sources(
            plan_name=path.name,
            plan=data,
            signatures=approvals.read_signatures(path),
            signers=_signers(app),
            inputs={name: _input(app, name) for name in _names(loaded)},
            report=_report(app, planfile.digest(data)),
            audit=audit,
            tool=f"reconciler {__version__}",
        )
        with _written_whole(Path(out)) as file:
            packed = evidence.pack(sources, file)
    app.out(f"{terminal(out)}: {packed.members} files, {packed.records} audit records")
    for source, why in packed.missing:
        app.note(f"warning: {terminal(source)} {why}; it is not in the evidence")
    if packed.records == 0:
        app.note("warning: the audit log has no record of this plan; it was never applied here")
    with Path(out).open("rb") as file:
        try:
            verify.evidence(file)
        except verify.Unproven as error:
            app.err(
                f"warning: {terminal(out)} was written and does not verify: {terminal(str(error))}"
            )
            return Exit.STALE
    return Exit.OK


def _signers(app: App) -> "Signers | None":
    from reconciler import disk
    from reconciler.prove import approvals

    rule = app.load_project().guards.approvals
    if rule is None:
        return None
    return approvals.read_signers(disk.inside(app.root, rule.allowed_signers))


def _names(plan: "Plan") -> list[str]:
    return [one.path for one in (plan.inputs.project, *plan.inputs.manifests)]


def _input(app: App, name: str) -> bytes | None:
    """A file the plan was made from as it is now, or None if it cannot be had."""
    from reconciler import disk

    try:
        return disk.read_file(disk.inside(app.root, name))
    except ReconcilerError:
        return None  # told as missing: the plan may be older than the checkout


def _report(app: App, digest: str) -> bytes | None:
    from reconciler import disk

    place = app.root / REPORTS / f"{digest.removeprefix('sha256:')}.json"
    return disk.read_file(place, what="the report", most=_LARGE) if place.is_file() else None


@contextlib.contextmanager
def _written_whole(place: Path) -> Iterator[BinaryIO]:
    """A file that appears at *place* only when all of it is on disk."""
    real = Path(os.path.realpath(place))
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{real.name[:100]}.", dir=real.parent)
        try:
            with open(descriptor, "w+b") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, real)  # mode 0600 on purpose: it holds phone numbers
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
    except OSError as error:
        raise ReconcilerError(f"cannot write {place}: {error.strerror}; it is as it was") from error

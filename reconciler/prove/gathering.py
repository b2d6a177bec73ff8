"""What evidence of a plan rests on, gathered in the project's folder; nothing is made there."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from reconciler import __version__, disk
from reconciler.errors import ReconcilerError
from reconciler.model import PlanDocument
from reconciler.plan.saved import Saved
from reconciler.prove import approvals
from reconciler.prove.approvals import Signers
from reconciler.prove.evidence import Sources
from reconciler.site import Site

AUDIT = ".reconciler/audit.ndjson"
COPIES = ".reconciler/copies"
REPORTS = ".reconciler/reports"
"""Where `apply` leaves the last report of each plan, as `<hex of the plan's digest>.json`."""

_LARGE = 1024 * 1024 * 1024


@contextlib.contextmanager
def gathered(site: Site, saved: Saved) -> Iterator[Sources]:
    """The sources of the evidence of *saved*; the audit log is open as long as they are used."""
    log = site.root / AUDIT
    with contextlib.ExitStack() as stack:
        yield Sources(
            plan_name=saved.path.name,
            plan=saved.data,
            signatures=approvals.read_signatures(saved.path),
            signers=allowed_signers(site),
            inputs={name: _input(site.root, name) for name in _names(saved.plan)},
            report=_report(site.root, saved.digest),
            audit=stack.enter_context(log.open("rb")) if log.is_file() else None,
            tool=f"reconciler {__version__}",
            copy=lambda named: _copy(site.root, named),
        )


def allowed_signers(site: Site) -> Signers | None:
    """Who may approve by the project's own rule; None if it has none."""
    rule = site.load_project().guards.approvals
    if rule is None:
        return None
    return approvals.read_signers(disk.inside(site.root, rule.allowed_signers))


def _names(plan: PlanDocument) -> list[str]:
    return [one.path for one in (plan.inputs.project, *plan.inputs.manifests)]


def _input(root: Path, name: str) -> bytes | None:
    """A file the plan was made from as it is now, or None if it cannot be had."""
    try:
        return disk.read_file(disk.inside(root, name))
    except ReconcilerError:
        return None  # told as missing: the plan may be older than the checkout


def _copy(root: Path, named: str) -> bytes | None:
    place = root / COPIES / f"{named.removeprefix('sha256:')}.json"
    return disk.read_file(place, what="the copy", most=_LARGE) if place.is_file() else None


def _report(root: Path, digest: str) -> bytes | None:
    place = root / REPORTS / f"{digest.removeprefix('sha256:')}.json"
    return disk.read_file(place, what="the report", most=_LARGE) if place.is_file() else None

"""What evidence of a plan rests on, gathered in the project's folder; nothing is made there."""

import contextlib
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

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
SIGNATURES = ".reconciler/signatures"
"""Where `apply` leaves the last report of each plan, and the signatures that it counted, as
`<hex of the plan's digest>.json`."""

_LARGE = 1024 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Kept:
    """What an apply keeps: the last *report* of a plan, the *signatures* it was applied under and
    a *copy*, by digest; the *audit* log."""

    report: Callable[[str], bytes | None]
    signatures: Callable[[str], bytes | None]
    copy: Callable[[str], bytes | None]
    audit: BinaryIO | None


@contextlib.contextmanager
def gathered(site: Site, saved: Saved, kept: Kept | None = None) -> Iterator[Sources]:
    """The sources of the evidence of *saved*; the audit log is open as long as they are used.

    *kept*: what was kept of it elsewhere than in the project's folder.
    """
    with contextlib.ExitStack() as stack:
        if kept is None:
            log = site.root / AUDIT
            kept = Kept(
                report=lambda digest: _of_plan(site.root, REPORTS, digest),
                signatures=lambda digest: _of_plan(site.root, SIGNATURES, digest),
                copy=lambda named: _copy(site.root, named),
                audit=stack.enter_context(log.open("rb")) if log.is_file() else None,
            )
        yield Sources(
            plan_name=saved.path.name,
            plan=saved.data.read(),
            signatures=_signatures(saved, kept),
            signers=allowed_signers(site),
            inputs={name: _input(site.root, name) for name in _names(saved.plan)},
            report=kept.report(saved.digest),
            audit=kept.audit,
            tool=f"reconciler {__version__}",
            copy=kept.copy,
        )


def allowed_signers(site: Site) -> Signers | None:
    """Who may approve by the project's own rule; None if it has none."""
    rule = site.load_project().guards.approvals
    if rule is None:
        return None
    return approvals.read_signers(disk.inside(site.root, rule.allowed_signers))


def _signatures(saved: Saved, kept: Kept) -> list[tuple[str, bytes]]:
    """Those beside the plan, and those under which it was applied; each once."""
    beside = approvals.read_signatures(saved.path)
    document = kept.signatures(saved.digest)
    there = {data for _, data in beside}
    others = set(() if document is None else approvals.unpacked(document)) - there
    named = sorted((f"{hashlib.sha256(one).hexdigest()}.sig", one) for one in others)
    return [*beside, *named]


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


def _of_plan(root: Path, folder: str, digest: str) -> bytes | None:
    place = root / folder / f"{digest.removeprefix('sha256:')}.json"
    what = f"what `apply` kept in {folder}"
    return disk.read_file(place, what=what, most=_LARGE) if place.is_file() else None

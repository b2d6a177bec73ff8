"""`approve`: the very bytes of a plan, signed with an SSH key."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from reconciler import disk
from reconciler.api.given import One
from reconciler.plan.saved import Saved
from reconciler.prove import approvals
from reconciler.prove.approving import Desk, check_counted, check_signable
from reconciler.prove.gathering import allowed_signers
from reconciler.site import Site


@dataclass(frozen=True, slots=True)
class Approval:
    """A signature of *principal* that was written to *path*.

    *required*: how many approvals the plan needs. *approved_by*: those it has by now; None if the
    project asks for none, so that nothing counts this one. *rejected*: signatures beside the plan
    that do not count, each with why.
    """

    principal: str
    path: Path
    required: int
    approved_by: tuple[str, ...] | None
    rejected: tuple[tuple[str, str], ...]


def approve(
    site: Site,
    saved: Saved,
    *,
    key: One,
    principal: str | None = None,
    agreed: Callable[[], bool] = lambda: True,
) -> Approval | None:
    """Sign *saved* with *key* and put the signature beside it; None if it was not *agreed* to.

    *agreed* is asked when nothing stands against signing any more.
    """
    now, project = site.now(), site.load_project()
    check_signable(saved.plan, project, now)
    rule = project.guards.approvals
    check_counted(rule, principal)
    desk = Desk(saved, rule, allowed_signers(site), now)
    desk.check_before(str(key))
    if not agreed():
        return None
    signature = approvals.sign(saved.data, str(key))
    who = desk.principal(signature, principal, str(key))
    desk.accept(who, signature)
    place = Path(approvals.signature_path(str(saved.path), who))
    disk.write_whole(place, signature)
    counted = desk.count(approvals.read_signatures(saved.path))
    return Approval(
        principal=who,
        path=place,
        required=saved.plan.approvals.required,
        approved_by=None if counted is None else counted.principals,
        rejected=() if counted is None else counted.rejected,
    )

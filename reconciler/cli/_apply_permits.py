"""What must hold before the first request of an apply: age, guards, approvals, windows."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler import disk, safe
from reconciler.apply.merge import Planned
from reconciler.cli._apply_judging import Judged, Made
from reconciler.cli._apply_task import Lifted, Task
from reconciler.declare.project import Approvals, Project
from reconciler.errors import Refused
from reconciler.lanes.known import Known
from reconciler.lanes.preparing import check_age, violations
from reconciler.model import Violation
from reconciler.plan.guards.windows import Schedule

if TYPE_CHECKING:
    from reconciler.prove.approvals import Counted


@dataclass(frozen=True, slots=True)
class Approved:
    """How many approvals were needed. *counted*: those given, None if nobody had to look at them.

    *signers* is the digest of the file of allowed signers.
    """

    required: int = 0
    counted: "Counted | None" = None
    signers: str | None = None


@dataclass(frozen=True, slots=True)
class Windows:
    """The windows that hold for this run, by account. *decision*: the open one, as it is logged."""

    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    decision: Mapping[str, Any] | None = None

    def closed(self, account: str, now: datetime) -> str | None:
        """Why nothing may leave for *account* at *now*; None if its window is open."""
        if account not in self.schedules:
            return None
        decision = self.schedules[account].decide(now)
        if decision.open:
            return None
        opens = f"; opens {decision.opens}" if decision.opens else ""
        why = f" ({decision.because})" if decision.because else ""
        return f"the window is closed: {decision.rule}{why}{opens}"


@dataclass(frozen=True, slots=True)
class Permit:
    """On what grounds a run may go on; as it is by itself, nothing had to be permitted."""

    lifted: Lifted | None = None
    approved: Approved = Approved()
    windows: Windows = Windows()

    @property
    def waived(self) -> list[dict[str, str]]:
        """The lifted rule, as the journal keeps it."""
        return [asdict(self.lifted)] if self.lifted else []

    @property
    def notes(self) -> tuple[str, ...]:
        """What the report says of it."""
        return (str(self.lifted),) if self.lifted else ()


def permit(task: Task, known: Known, judged: Judged, made: Made) -> Permit:
    """Judge whether requests may leave for what is left of the plan.

    `Stale` if the plan is too old, `Refused` for whatever else does not hold. If nothing is left to
    do, nothing is asked.
    """
    saved = task.saved
    if not judged.working(task.options) and saved.plan.applicable:
        return Permit()
    check_age(saved.plan, task.project, known.journal.first_applied(saved.digest), task.now)
    if not saved.plan.applicable:
        raise refusal(saved.plan.violations)
    left = judged.left
    check_limits(task, known, left, made)
    lifted = _lifted(task)
    return Permit(
        lifted=lifted,
        approved=_approved(task, made) if left else Approved(),
        windows=_windows(task, sorted({one.target.account for one in left})),
    )


def check_limits(task: Task, known: Known, left: Sequence[Planned], made: Made) -> None:
    """`Refused` if what is left breaks `max-deletions` or `inventory-age` today."""

    def since(account: str, moment: datetime) -> int:
        return known.journal.deleted_since(known.scope(account), moment)

    facts = made.extras.facts
    broken = violations(task.project, left, facts, task.waivers, since, now=task.now)
    if broken:
        raise refusal(broken)


def refusal(broken: Sequence[Violation]) -> Refused:
    """The error that tells *broken*."""
    said = "; ".join(
        f"{one.guard} ({one.account}): {one.message}" if one.account else one.message
        for one in broken
    )
    return Refused(f"{said}; nothing was sent")


def _lifted(task: Task) -> Lifted | None:
    """The rule of `--waive`, told aloud; `Refused` if the project does not let anybody lift it."""
    lifted = task.options.lifted
    if lifted is None:
        return None
    if lifted.rule not in task.project.guards.waivable:
        known = ", ".join(task.project.guards.waivable) or "none"
        raise Refused(f"--waive {lifted.rule}: guards.waivable of the project allows {known}")
    task.app.err(safe.terminal(str(lifted)))
    return lifted


# ---------------------------------------------------------------- approvals


def _approved(task: Task, made: Made) -> Approved:
    """`Refused` unless enough people signed these very bytes."""
    required = _required(task, made)
    if required <= 0 or task.options.lifts("approvals"):
        return Approved(required)
    rule = task.project.guards.approvals
    if rule is None:
        raise Refused(
            f"the plan needs {required} approvals, and the project no longer says who may "
            "approve; plan again"
        )
    return _counted(task, rule, required)


def _counted(task: Task, rule: Approvals, required: int) -> Approved:
    """The signatures of the plan counted by *rule*; `Refused` if they are fewer than *required*."""
    from reconciler.prove import approvals

    saved, author = task.saved, task.saved.plan.metadata.author
    place = disk.inside(task.app.root, rule.allowed_signers)
    given = _signatures(task)
    signers = approvals.read_signers(place)
    counted = approvals.count(
        saved.data,
        given,
        signers,
        author=author,
        aliases=rule.aliases,
        requested_by=task.options.requested_by,
        now=task.now,
        plan_name=saved.path.name,
    )
    if missing := approvals.shortfall(counted, required=required, author=author):
        raise Refused(f"{missing}; nothing was sent (reconciler approve signs the plan)")
    return Approved(required, counted, hashlib.sha256(signers.allowed).hexdigest())


def _required(task: Task, made: Made) -> int:
    """The strictest of what the saved plan, today's plan and today's project ask for."""
    saved, rule = task.saved.plan, task.project.guards.approvals
    planned = max(saved.approvals.required, made.plan.approvals.required)
    if rule is None:
        return planned
    waived = any(one.waivers for one in saved.actions)
    today = rule.required if saved.summary.targets > rule.above or waived else 0
    return max(planned, today)


def _signatures(task: Task) -> Sequence[tuple[str, bytes]]:
    """The signatures that the command line names, else those beside the plan."""
    from reconciler.prove import approvals

    if not task.options.approvals:
        return approvals.read_signatures(task.saved.path)
    return [
        (one, disk.read_file(Path(one), what="the signature", most=1 << 20))
        for one in task.options.approvals
    ]


# ---------------------------------------------------------------- windows


def _windows(task: Task, accounts: Sequence[str]) -> Windows:
    """Refuse if every account's window is closed; those still open go on alone."""
    if task.options.lifts("windows") or not accounts:
        return Windows()
    schedules = {name: Schedule(task.project.accounts[name].guards.windows) for name in accounts}
    windows = Windows(schedules)
    now = task.app.now()
    closed = [windows.closed(name, now) for name in accounts]
    if all(closed):
        raise Refused(f"{closed[0]}; nothing was sent")
    decisions = [schedules[name].decide(now) for name in accounts]
    first = next(one for one in decisions if one.open)
    return Windows(schedules, {"open": True, "rule": first.rule, "because": first.because})


# ---------------------------------------------------------------- the audit log


def audit(task: Task, given: Permit, *, resumed: bool) -> dict[str, Any]:
    """What the audit log says of the start of a run; *resumed*: the plan was begun before."""
    from reconciler import __version__

    metadata, lifted = task.saved.plan.metadata, given.lifted
    return {
        "tool": f"reconciler {__version__}",
        "resumed": resumed,
        "commit": metadata.commit,
        "author": metadata.author,
        "requestedBy": list(task.options.requested_by),
        "tickets": [lifted.ticket] if lifted else [],
        "approvals": _of_approvals(task.project, given.approved),
        "window": given.windows.decision,
        "waived": [lifted.rule] if lifted else [],
    }


def _of_approvals(project: Project, approved: Approved) -> dict[str, Any]:
    rule, counted = project.guards.approvals, approved.counted
    return {
        "required": approved.required,
        "principals": list(counted.principals) if counted else [],
        "rejected": list(counted.rejected) if counted else [],
        "allowedSigners": approved.signers,
        "aliases": {k: list(v) for k, v in rule.aliases.items()} if rule else {},
    }

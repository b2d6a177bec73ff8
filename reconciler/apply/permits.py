"""What must hold before the first request of an apply: age, limits, approvals, windows."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from reconciler import __version__, safe
from reconciler.apply.agenda import Agenda
from reconciler.apply.consent import Consent, consent
from reconciler.apply.limits import check_limits, refusal
from reconciler.apply.task import Override, Task
from reconciler.apply.windows import OpenWindows, open_windows
from reconciler.declare.project import ProjectFile
from reconciler.errors import NotAllowed, Stale
from reconciler.lanes.known import Known
from reconciler.model import PlanDocument
from reconciler.plan.guards.texts import span
from reconciler.plan.today import FreshPlan


@dataclass(frozen=True, slots=True)
class Permit:
    """On what grounds a run may go on; as it is by itself, nothing had to be permitted."""

    override: Override | None = None
    consent: Consent = Consent()
    windows: OpenWindows = OpenWindows()

    @property
    def waived(self) -> list[dict[str, str]]:
        """The lifted rule, as the journal keeps it."""
        return [asdict(self.override)] if self.override else []

    @property
    def notes(self) -> tuple[str, ...]:
        """What the report says of it."""
        return (str(self.override),) if self.override else ()

    @property
    def approvals(self) -> tuple[str, ...]:
        """The principals whose approvals counted."""
        counted = self.consent.counted
        return tuple(counted.principals) if counted else ()


def permit(task: Task, known: Known, agenda: Agenda, fresh: FreshPlan) -> Permit:
    """Judge whether requests may leave for what is left of the plan.

    `Stale` if the plan is too old, `NotAllowed` for whatever else does not hold. If nothing is left
    to do, nothing is asked.
    """
    if not agenda.working and task.saved.plan.applicable:
        return Permit()
    given = at_any_hour(task, known, agenda, fresh)
    return replace(given, windows=open_windows(task, agenda.left))


def at_any_hour(
    task: Task, known: Known, agenda: Agenda, fresh: FreshPlan, *, begun: datetime | None = None
) -> Permit:
    """The same for something that is left, whatever the windows say.

    *begun*: when the run that goes on began; the inventory counts as old as it was then.
    """
    saved = task.saved
    first = known.journal.first_applied(saved.digest)
    check_age(saved.plan, task.project, first, task.now)
    if not saved.plan.applicable:
        raise refusal(saved.plan.violations)
    check_limits(task, known, agenda, fresh.facts, begun=begun)
    override = _override(task)
    return Permit(override, consent(task, fresh.plan) if agenda.left else Consent())


def check_age(
    plan: PlanDocument, project: ProjectFile, started: datetime | None, now: datetime
) -> None:
    """`Stale` if *plan* is too old: judged when first applied, then by `resumeMaxAge`."""
    if started is not None:
        most = project.guards.resume_max_age
        if now - started > most:
            raise Stale(
                f"the plan was first applied on {started:%Y-%m-%d}, longer ago than resumeMaxAge "
                f"({span(most)}) allows; plan again"
            )
        return
    created = datetime.fromisoformat(plan.metadata.created_at)
    expires = min(
        datetime.fromisoformat(plan.metadata.expires_at), created + project.guards.plan_max_age
    )
    if now > expires:
        raise Stale(f"the plan expired on {expires:%Y-%m-%d %H:%M} UTC; plan again")
    if created - now > timedelta(minutes=5):
        raise Stale(f"the plan is from the future ({created:%Y-%m-%d %H:%M} UTC); check the clock")


def _override(task: Task) -> Override | None:
    """The rule that is lifted, told aloud; `NotAllowed` if the project lets nobody lift it."""
    override = task.options.override
    if override is None:
        return None
    if override.rule not in task.project.guards.waivable:
        known = ", ".join(task.project.guards.waivable) or "none"
        raise NotAllowed(
            f"--waive {override.rule}: guards.waivable of the project allows {known};"
            " nothing was sent. Waive one of these, or let whoever owns the project file add it"
        )
    task.site.aloud(safe.terminal(str(override)))
    return override


def start_record(task: Task, given: Permit, *, resumed: bool) -> dict[str, Any]:
    """What the audit log says of the start of a run; *resumed*: the plan was begun before."""
    metadata, override = task.saved.plan.metadata, given.override
    return {
        "tool": f"reconciler {__version__}",
        "resumed": resumed,
        "commit": metadata.commit,
        "author": metadata.author,
        "requestedBy": list(task.options.requested_by),
        "tickets": [override.ticket] if override else [],
        "approvals": given.consent.record(task.project.guards.approvals),
        "window": given.windows.decision,
        "waived": [override.rule] if override else [],
    }

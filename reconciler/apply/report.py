"""The report of a run, and the exit code that it deserves. Pure."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from reconciler.apply.merge import PlanTarget
from reconciler.errors import Exit
from reconciler.lanes.work import Fate
from reconciler.model import (
    API_VERSION,
    Limits,
    ManifestFile,
    Outcome,
    PlanDocument,
    ReportDocument,
    SentRequest,
    Target,
    TargetReport,
    stamp,
)


def instead(plan: PlanDocument, planned: Sequence[PlanTarget]) -> list[str]:
    """What a deletion was, at each account whose vendor has none."""
    accounts = sorted({one.target.account for one in planned} & plan.accounts.keys())
    said = {name: plan.accounts[name].instead for name in accounts}
    return [f"{name}: a deletion there {what}" for name, what in said.items() if what]


def report(
    digest: str,
    planned: Sequence[PlanTarget],
    fates: Mapping[Target, Fate],
    requests: Mapping[Target, tuple[SentRequest, ...]],
    copies: Mapping[Target, str],
    scope: Callable[[str], str],
    *,
    started: datetime,
    ended: datetime,
    exit_code: int,
    notes: Sequence[str] = (),
    approvals: Sequence[str] = (),
    manifests: Sequence[ManifestFile] = (),
    limits: Mapping[str, Limits] | None = None,
) -> ReportDocument:
    """Every target of the plan, in its order, with its one outcome.

    *copies*: the digests of the kept copies. *scope*: of an account by its name. *notes* are about
    the run, *approvals* the principals whose approvals counted, *manifests* those that the plan was
    made of, *limits* the accounts' by name.
    """
    counts = {outcome.value: 0 for outcome in Outcome}
    told = []
    for one in planned:
        fate = fates[one.target]
        sent = requests.get(one.target, ())
        counts[fate.outcome.value] += 1
        told.append(
            TargetReport(
                account=one.target.account,
                scope=scope(one.target.account),
                id=one.target.id,
                part=one.target.part,
                name=one.action.name,
                outcome=fate.outcome,
                detail=fate.detail,
                evidence=fate.evidence,
                attempts=len(sent),
                requests=sent,
                driver=one.action.driver,
                sources=one.action.sources,
                copy=copies.get(one.target),
            )
        )
    return ReportDocument(
        api_version=API_VERSION,
        kind="Report",
        plan=digest,
        started_at=stamp(started, "milliseconds"),
        ended_at=stamp(ended, "milliseconds"),
        exit_code=exit_code,
        summary=counts,
        targets=tuple(told),
        notes=tuple(notes),
        approvals=tuple(approvals),
        manifests=tuple(manifests),
        limits=dict(limits or {}),
    )


def exit_code(fates: Mapping[Target, Fate], *, stop: Exit | None) -> Exit:
    """The first that holds of: interrupted with something left, in doubt, window, in part, done.

    What the plan itself refuses is not among *fates*. *stop*: what interrupted the run.
    """
    left = [fate for fate in fates.values() if not (fate.outcome.final or fate.excused)]
    outcomes = {fate.outcome for fate in left}
    if stop is not None and outcomes & {Outcome.PENDING, Outcome.IN_DOUBT}:
        return stop
    if Outcome.IN_DOUBT in outcomes:
        return Exit.DOUBT
    if any(fate.shut for fate in left):
        return Exit.REFUSED
    return Exit.PARTIAL if left else Exit.OK

"""What comes after an apply: the journal's last word, the report, what it changes in files."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from reconciler.apply import report as reports
from reconciler.apply.judging import Agenda
from reconciler.apply.task import Task
from reconciler.errors import Exit
from reconciler.lanes.journal import Journal
from reconciler.lanes.known import Known
from reconciler.lanes.state import inventory_lock, save_report
from reconciler.lanes.work import Fate
from reconciler.model import Outcome, ReportDocument, Target


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended. *run* None: there was nothing to do, not even to write down.

    *notes* are about the run as a whole. *worked*: the targets whose fate this run found out.
    *stop*: what interrupted it. *approvals*: the principals whose approvals counted. *left*: it
    goes on at workers, and nobody here follows it. *refused*: the exit code of a worker's refusal.
    """

    started: datetime
    run: int | None = None
    notes: tuple[str, ...] = ()
    worked: Collection[Target] = ()
    stop: Exit | None = None
    approvals: tuple[str, ...] = ()
    left: bool = False
    refused: Exit | None = None

    def exit_code(self, fates: Mapping[Target, Fate]) -> Exit:
        """The exit code that the run deserves."""
        if self.left:
            return self.stop or Exit.OK
        code = reports.exit_code(fates, stop=self.stop)
        return self.refused if self.refused is not None and code is Exit.PARTIAL else code


def report_of(task: Task, known: Known, agenda: Agenda, ending: Ending) -> ReportDocument:
    """What the run did, with the exit code that it deserves."""
    fates = _fates(agenda, ending)
    own = [one.target for one in agenda.targets if not one.double]
    return reports.report(
        task.saved.digest,
        agenda.targets,
        fates,
        known.requests(own),
        {target: one.copy for target, one in known.states(own).items() if one.copy},
        known.scope,
        started=ending.started,
        ended=task.site.now(),
        exit_code=ending.exit_code(fates),
        notes=(*ending.notes, *reports.instead(task.saved.plan, agenda.targets)),
        approvals=ending.approvals,
        manifests=task.saved.plan.inputs.manifests,
        limits={
            name: task.project.accounts[name].limits
            for name in sorted({one.target.account for one in agenda.targets})
        },
    )


def _fates(agenda: Agenda, ending: Ending) -> dict[Target, Fate]:
    """One fate for every target: what was not reached is pending, what nobody settled in doubt."""
    fates = {}
    for one in agenda.targets:
        fate = agenda.fates.get(one.target) or Fate(Outcome.PENDING)
        if one.in_doubt and one.target not in ending.worked:
            fate = Fate(Outcome.IN_DOUBT, one.state.detail)
        fates[one.target] = fate
    return fates


def keep(task: Task, journal: Journal, run: int, report: ReportDocument, document: bytes) -> None:
    """End the run in the journal. *document*: *report* as it is kept; its digest goes into the log.

    `evidence` packs it.
    """
    save_report(task.site, journal, task.saved.digest, document)
    digest = hashlib.sha256(document).hexdigest()
    if any(one.number == run and one.ended is not None for one in journal.runs(task.saved.digest)):
        return  # its workers have ended it, while nobody followed them
    journal.end(run, report.exit_code, {"summary": report.summary, "report": digest})


def update_inventory(task: Task, report: ReportDocument) -> None:
    """Take what is gone out of the inventory's files."""
    from reconciler.inventory.without import without_targets

    gone = [Target(one.account, one.id, one.part) for one in report.targets if one.outcome.final]
    if not gone:
        return
    with inventory_lock(task.site, task.project):  # a pull that ends now must not bring them back
        without_targets(task.site, task.project, task.inventory, gone)

"""What comes after an apply: the journal's last word, the report, what it changes in files."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from reconciler.apply import report as reports
from reconciler.apply.agenda import Agenda
from reconciler.apply.task import Task
from reconciler.errors import Exit
from reconciler.lanes.journal import History, Journal
from reconciler.lanes.known import Known
from reconciler.lanes.state import inventory_lock, save_report
from reconciler.lanes.work import Fate
from reconciler.model import API_VERSION, ReportDocument, Target, stamp
from reconciler.plan.spool import paged

_NONE = History()


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended. *run* None: there was nothing to do, not even to write down.

    *notes* are about the run as a whole. *stop*: what interrupted it. *approvals*: the principals
    whose approvals counted. *left*: it goes on at workers, and nobody here follows it. *refused*:
    the exit code of a worker's refusal.
    """

    started: datetime
    run: int | None = None
    notes: tuple[str, ...] = ()
    stop: Exit | None = None
    approvals: tuple[str, ...] = ()
    left: bool = False
    refused: Exit | None = None

    def exit_code(self, fates: Iterable[Fate]) -> Exit:
        """The exit code that a run with *fates* deserves."""
        if self.left:
            return self.stop or Exit.OK
        code = reports.exit_code(fates, stop=self.stop)
        return self.refused if self.refused is not None and code is Exit.PARTIAL else code


def report_of(task: Task, known: Known, agenda: Agenda, ending: Ending) -> ReportDocument:
    """What the run did, with the exit code that it deserves.

    Of targets it says nothing if the run goes on and nobody wanted to follow it.
    """
    plan, written = task.saved.plan, reports.Written()
    unfollowed = ending.left and task.options.detach
    for some in paged(() if unfollowed else agenda.ends()):
        own = [one.target for one, _ in some if not one.double]
        histories = known.history(own)
        for one, fate in some:
            scope = known.scope(one.target.account)
            written.add(one, fate, scope, histories.get(one.target, _NONE))
    return ReportDocument(
        api_version=API_VERSION,
        kind="Report",
        plan=task.saved.digest,
        started_at=stamp(ending.started, "milliseconds"),
        ended_at=stamp(task.site.now(), "milliseconds"),
        exit_code=ending.exit_code(written.kinds),
        summary=written.counts,
        targets=written.targets(),
        notes=(*ending.notes, *reports.instead(plan, agenda.accounts)),
        approvals=ending.approvals,
        manifests=plan.inputs.manifests,
        limits={name: task.project.accounts[name].limits for name in sorted(agenda.accounts)},
    )


def keep(
    task: Task, journal: Journal, run: int, report: ReportDocument, document: Iterable[bytes]
) -> None:
    """End the run in the journal. *document*: *report* as it is kept, in parts.

    Its digest goes into the log; `evidence` packs it.
    """
    digest = save_report(task.site, journal, task.saved.digest, document)
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

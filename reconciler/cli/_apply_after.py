"""What comes after an apply: the journal's last word, the report, what it changes in files."""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from reconciler import disk
from reconciler.apply import report as reports
from reconciler.cli._apply_judging import Judged
from reconciler.cli._apply_task import Task
from reconciler.errors import Exit
from reconciler.lanes.journal import Journal
from reconciler.lanes.known import Known
from reconciler.lanes.state import inventory_lock, save_report
from reconciler.lanes.work import Fate
from reconciler.model import Outcome, Report, Target


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended. *run* None: there was nothing to do, not even to write down.

    *notes* are about the run as a whole. *worked*: the targets whose fate this run found out.
    *signal*: what interrupted it. *shut*: a window closed on it.
    """

    started: datetime
    run: int | None = None
    notes: tuple[str, ...] = ()
    worked: Collection[Target] = ()
    signal: Exit | None = None
    shut: bool = False


def finish(task: Task, known: Known, judged: Judged, ended: Ended) -> int:
    """End the run in the journal, tell what happened, write what was asked for; the exit code."""
    fates = _fates(judged, ended)
    code = reports.exit_code(fates, signal=ended.signal, shut=ended.shut)
    made = reports.report(
        task.saved.digest,
        judged.planned,
        fates,
        known.requests(fates),
        known.scope,
        started=ended.started,
        ended=task.app.now(),
        exit_code=code,
        notes=(*ended.notes, *reports.instead(task.saved.plan, judged.planned)),
        manifests=task.saved.plan.inputs.manifests,
        limits={
            name: task.project.accounts[name].limits
            for name in sorted({one.target.account for one in judged.planned})
        },
    )
    if ended.run is not None:
        _keep(task, known.journal, ended.run, made)
    _print(task, made)  # first: what happened is told even if a file cannot be written
    for name, file in task.options.reports:
        disk.write_whole(Path(file), _view(task, made, name).encode())
    if task.options.update_inventory:
        _update_inventory(task, fates)
    return code


def _fates(judged: Judged, ended: Ended) -> dict[Target, Fate]:
    """One fate for every target: what was not reached is pending, what nobody settled in doubt."""
    fates = {}
    for one in judged.planned:
        fate = judged.fates.get(one.target) or Fate(Outcome.PENDING)
        if one.in_doubt and one.target not in ended.worked:
            fate = Fate(Outcome.IN_DOUBT, one.state.detail)
        fates[one.target] = fate
    return fates


def _keep(task: Task, journal: Journal, run: int, made: Report) -> None:
    """The report for `evidence`, and its digest in the audit log."""
    kept = _view(task, made, "json", show_numbers=True).encode()
    save_report(task.app, task.saved.digest, kept)
    digest = hashlib.sha256(kept).hexdigest()
    journal.end(run, made.exit_code, {"summary": made.summary, "report": digest})


def _print(task: Task, made: Report) -> None:
    app, plan, numbers = task.app, task.saved.plan, task.options.show_numbers
    if task.options.format != "text":
        app.out(_view(task, made, task.options.format, show_numbers=numbers))
        return
    from reconciler.views import text

    shown = text.report(made, plan, color=app.color, width=app.width, show_numbers=numbers)
    app.out("".join(shown))


def _view(task: Task, made: Report, name: str, *, show_numbers: bool = False) -> str:
    from reconciler.views import REPORT_FORMATS
    from reconciler.views.frame import Frame

    frame = Frame(digest=task.saved.digest, show_numbers=show_numbers)
    return "".join(REPORT_FORMATS[name](made, task.saved.plan, frame))


def _update_inventory(task: Task, fates: Mapping[Target, Fate]) -> None:
    from reconciler.inventory.without import without_targets

    options = task.options
    gone = [target for target, fate in fates.items() if fate.outcome.final]
    if not gone:
        return
    with inventory_lock(task.app):  # a pull that ends now must not bring them back
        without_targets(task.app, task.project, options.inventory, options.inventory_format, gone)

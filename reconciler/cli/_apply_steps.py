"""The order of steps of one apply. What can send is loaded only once something is to be sent."""

import json
import sys

from reconciler import safe
from reconciler.cli._apply_after import Ended, finish
from reconciler.cli._apply_judging import (
    Judged,
    Made,
    accounts_of,
    all_done,
    judge,
    plan_anew,
    write_down,
)
from reconciler.cli._apply_permits import Permit, audit, permit, refusal
from reconciler.cli._apply_task import Task
from reconciler.cli.app import ended_by_signals
from reconciler.errors import Exit, Usage
from reconciler.lanes import state
from reconciler.lanes.journal import Journal
from reconciler.lanes.preparing import dry_run as requests_of
from reconciler.lanes.work import can_look


def dry_run(task: Task) -> int:
    """Print the requests that an apply would send now; the exit code. Reads no credential."""
    from reconciler.views import text

    app, plan = task.app, task.saved.plan
    made = plan_anew(task)
    if not plan.applicable:
        raise refusal(plan.violations)
    judged = judge(task, made, {})  # a dry run opens no journal
    document = requests_of(judged.planned, task.project, made.extras.drivers, judged.fates)
    if task.options.format == "json":
        app.out_json(document, indent=1)
    else:
        app.out(text.dry_run(document, color=app.color))
    for target, fate in judged.fates.items():
        app.note(safe.terminal(f"not sent: {target}: {fate.outcome}, {fate.detail}"))
    return Exit.OK


def apply(task: Task) -> int:
    """Carry out what is left of the plan and tell what happened; the exit code.

    `Stale` and `Refused` before the first request if it may not be sent; `Locked` if another run
    holds a lane.
    """
    with ended_by_signals(), state.journal(task.app, task.project) as opened:
        # A plan that is done is judged no more, not even by its age.
        done = all_done(task.saved, opened)
        if done is not None:
            return finish(task, opened, done, Ended(task.now))
        return _go_on(task, opened)


def _go_on(task: Task, journal: Journal) -> int:
    from reconciler.cli import _run
    from reconciler.cli._apply_sending import Ready, send

    if journal.empty:
        _without_journal(task)
    made = plan_anew(task)
    judged = judge(task, made, journal.states(task.saved.targets))
    accounts = accounts_of(task, made, judged.working(task.options))
    settings = _run.opened(task.app, accounts)
    given = permit(task, journal, judged, made)
    if not accounts:
        return _nothing_to_send(task, journal, judged, made, given)
    return send(Ready(task, journal, made, given, accounts, settings))


def _without_journal(task: Task) -> None:
    """With an empty journal, what cannot be looked at needs a person's word."""
    from reconciler.cli._run import drivers_of

    task.app.note(
        "There is no journal of this project here: targets are looked at before their "
        "requests where the vendor can be asked."
    )
    drivers = drivers_of(task.project.accounts)
    accounts = sorted({one.account for one in task.saved.plan.actions if one.action == "delete"})
    blind = [n for n in accounts if not can_look(drivers[task.project.accounts[n].driver])]
    chosen = [n for n in blind if task.options.within(n)]
    if chosen and not task.options.first_run and not sys.stdin.isatty():
        raise Usage(
            f"there is no journal of this project here, and {', '.join(chosen)} cannot be "
            "looked at; if nothing was ever sent for these targets, give --first-run, else "
            "bring the journal back"
        )


def _nothing_to_send(
    task: Task, journal: Journal, judged: Judged, made: Made, given: Permit
) -> int:
    """Today's files leave nothing to send: a run that says so, without a lane."""
    said = audit(task, given, resumed=False)
    run = journal.begin(task.saved.digest, "apply", json.dumps(state.holder()), given.waived, said)
    write_down(task, journal, run, judged, made)
    return finish(task, journal, judged, Ended(task.now, run, given.notes))

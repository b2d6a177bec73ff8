"""The order of steps of one apply. What can send is loaded only once something is to be sent."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime

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
from reconciler.driver import Driver
from reconciler.errors import Exit, Usage
from reconciler.lanes import state
from reconciler.lanes.accounts import open_accounts, scopes_now, shared, untraced
from reconciler.lanes.known import Known
from reconciler.lanes.preparing import dry_run as requests_of
from reconciler.lanes.work import can_look


def dry_run(task: Task) -> int:
    """Print the requests that an apply would send now; the exit code. Reads no credential."""
    from reconciler.views import text

    app, plan = task.app, task.saved.plan
    made = plan_anew(task)
    if not plan.applicable:
        raise refusal(plan.violations)
    judged = judge(task, made, None)  # a dry run opens no journal
    document = requests_of(judged.planned, task.project, made.extras.drivers, judged.fates)
    if task.options.format == "json":
        app.out_json(document, indent=1)
    else:
        app.out("".join(text.dry_run(document, color=app.color)))
    for target, fate in judged.fates.items():
        app.note(safe.terminal(f"not sent: {target}: {fate.outcome}, {fate.detail}"))
    return Exit.OK


def apply(task: Task) -> int:
    """Carry out what is left of the plan and tell what happened; the exit code.

    `Stale` and `Refused` before the first request if it may not be sent; `Locked` if another run
    holds a lane.
    """
    with state.journal(task.app, task.project) as opened:
        drivers = task.app.drivers_of(task.project)
        pairs = [(one, drivers[one.driver]) for one in task.project.accounts.values()]
        known = Known(opened, scopes_now(task.app, pairs, opened, reveal=True))
        # A plan that is done is judged no more, not even by its age.
        done = all_done(task.saved, known, task.app.now())
        if done is not None:
            return finish(task, known, done, Ended(task.now))
        _tell_elsewhere(task, known)
        new = untraced(
            {name: known.scopes.get(name) for name in _losing(task)},
            opened,
            task.saved.digest,
            datetime.fromisoformat(task.saved.plan.metadata.created_at),
        )
        if new:
            _without_trace(task, new, drivers)
        return _go_on(task, known, new, shared(pairs, known.scopes))


def _losing(task: Task) -> list[str]:
    """The accounts that the plan deletes in and that are not left out of this run."""
    names = sorted({one.account for one in task.saved.plan.actions if one.action == "delete"})
    return [name for name in names if task.options.within(name)]


def _go_on(
    task: Task, known: Known, new: Sequence[str], twins: Mapping[str, tuple[str, ...]]
) -> int:
    from reconciler.cli._apply_sending import Ready, send

    made = plan_anew(task, twins)
    judged = judge(task, made, known)
    pairs = accounts_of(task, made, judged.working(task.options))
    accounts = open_accounts(task.app, pairs, known.journal)
    given = permit(task, known, judged, made)
    if not accounts:
        return _nothing_to_send(task, known, judged, made, given)
    return send(Ready(task, known, made, given, accounts, new))


def _tell_elsewhere(task: Task, known: Known) -> None:
    """What the journal recorded under an account's name and somewhere else says nothing here."""
    for name in _losing(task):
        count = known.journal.elsewhere(name, known.scope(name))
        if count:
            said = f"{name}: {count} outcomes belong to another scope of this account"
            task.app.note(safe.terminal(f"{said}; they say nothing of {known.scope(name)}"))


def _without_trace(task: Task, new: Sequence[str], drivers: Mapping[str, Driver]) -> None:
    """Where the journal has no trace, what cannot be looked at needs a person's word."""
    task.app.note(
        safe.terminal(
            f"The journal here has no trace of {', '.join(new)}: targets are looked at before "
            "their requests where the vendor can be asked."
        )
    )
    blind = [n for n in new if not can_look(drivers[task.project.accounts[n].driver])]
    if blind and not task.options.first_run and not sys.stdin.isatty():
        raise Usage(
            f"the journal here has no trace of {', '.join(blind)}, which cannot be looked at; if "
            "nothing was ever sent for these targets, give --first-run, else bring the journal back"
        )


def _nothing_to_send(task: Task, known: Known, judged: Judged, made: Made, given: Permit) -> int:
    """Today's files leave nothing to send: a run that says so, without a lane."""
    said, journal = audit(task, given, resumed=False), known.journal
    run = journal.begin(task.saved.digest, "apply", json.dumps(state.holder()), given.waived, said)
    write_down(task, known, run, judged, made)
    return finish(task, known, judged, Ended(task.now, run, given.notes))

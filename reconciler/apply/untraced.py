"""Accounts of which the journal may not know what was sent: looked at first, or a person's word."""

from collections.abc import Collection, Mapping
from datetime import datetime

from reconciler import safe
from reconciler.apply.task import Task
from reconciler.driver import Driver
from reconciler.driver.looks import can_look
from reconciler.errors import Usage
from reconciler.lanes.accounts import untraced
from reconciler.lanes.known import Known
from reconciler.plan.today import FreshPlan


def untraced_now(task: Task, known: Known, names: Collection[str]) -> list[str]:
    """Those of the accounts *names* of which the journal may not know what the plan sent."""
    created = datetime.fromisoformat(task.saved.plan.metadata.created_at)
    scopes = {name: known.scopes.get(name) for name in names}
    return untraced(scopes, known.journal, task.saved.digest, created)


def older_than_trace(
    known: Known, fresh: FreshPlan, names: Collection[str]
) -> dict[str, datetime | None]:
    """Those of the accounts *names* whose inventory was captured before the journal's trace began.

    Or nobody knows when. Each with when that was, None if there is no trace. A journal that was
    lost may have known of doubts at campaigns that such an inventory still lists; one that was
    captured since has seen them there after those.
    """
    found = {}
    for name in names:
        scope, facts = known.scopes.get(name), fresh.facts.accounts.get(name)
        since = None if scope is None else known.journal.traced(scope)
        captured = None if facts is None else facts.captured_at
        if since is None or captured is None or captured <= since:
            found[name] = since
    return found


def tell_untraced(task: Task, names: Collection[str]) -> None:
    """Say what that means for the accounts *names*."""
    task.site.note(
        safe.terminal(
            f"The journal here has no trace of {', '.join(names)}: targets are looked at before "
            "their requests where the vendor can be asked."
        )
    )


def check_blind(names: Collection[str], drivers: Mapping[str, Driver]) -> None:
    """`Usage` if one of the untraced accounts *names* cannot be looked at."""
    blind = [name for name in names if not can_look(drivers[name])]
    if blind:
        raise Usage(
            f"the journal here has no trace of {', '.join(blind)}, which cannot be looked at; if "
            "nothing was ever sent for these targets, give --first-run, else bring the journal back"
        )

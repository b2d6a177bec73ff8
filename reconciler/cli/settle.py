"""`reconciler settle`: find out what became of targets in doubt; it never deletes anything."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler import safe
from reconciler.cli._listeners import EVENTS, ProgressListener
from reconciler.cli._options import seconds
from reconciler.cli.app import App, ended_by_signals, pass_app
from reconciler.cli.status import doubts_now, mask_of, shown
from reconciler.errors import Exit, ReconcilerError, Usage, check_names
from reconciler.model import Plan, Target

if TYPE_CHECKING:
    from reconciler.lanes.journal import State
    from reconciler.lanes.known import Known


@click.command(
    epilog="""\b
Examples:
  reconciler settle                       # look at everything in doubt
  reconciler settle plan.json
  reconciler settle --as deleted push-prod/orchestration_06 --because "seen in the dashboard"
  reconciler settle --as not-deleted --request 41 --because "Ozonetel support, case 9912"

Exit codes: 0 nothing is in doubt any more, 6 doubts remain, 75 another run holds a lane.
"""
)
@click.argument("arguments", nargs=-1, metavar="[PLAN] [TARGET]...")
@click.option(
    "--as",
    "found",
    type=click.Choice(["deleted", "not-deleted"]),
    help="Record what a person found out, instead of looking.",
)
@click.option("--request", type=int, metavar="N", help="All targets of this request.")
@click.option("--account", metavar="A", help="All targets of this account.")
@click.option("--because", metavar="TEXT", help="How the person knows.")
@click.option("--inventory", multiple=True, metavar="FILE", help="Instead of the project's.")
@click.option("--max-wait", default="15m", show_default=True, metavar="DURATION")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text")
@EVENTS
@click.option("--show-numbers", is_flag=True, help="Do not mask phone numbers.")
@pass_app
def command(
    app: App,
    arguments: tuple[str, ...],
    found: str | None,
    request: int | None,
    account: str | None,
    because: str | None,
    inventory: tuple[str, ...],
    max_wait: str,
    format_: str,
    events: str | None,
    show_numbers: bool,
) -> int:
    """Resolve targets in doubt by looking at the vendor, or record a person's finding."""
    from reconciler.cli._settle_log import pairs_of
    from reconciler.cli._settle_looking import look
    from reconciler.cli._settle_person import record_finding
    from reconciler.lanes.accounts import scopes_now
    from reconciler.lanes.known import Known
    from reconciler.lanes.locks import Locks
    from reconciler.lanes.state import journal, locks_folder

    plan, targets = _arguments(arguments, named=found is not None)
    if events == "-" and format_ == "json":
        raise Usage("--events - and --format json both want standard output")
    if found is None and (request is not None or because is not None or targets):
        raise Usage("TARGET, --request and --because belong to --as deleted|not-deleted")
    if found is not None:
        if not because:
            raise Usage("--as needs --because TEXT: how do you know?")
        if sum((bool(targets), request is not None, account is not None)) != 1:
            raise Usage("--as takes targets, or --request N, or --account A")
    longest = seconds(max_wait)
    project = app.load_project()
    check_names("account", [] if account is None else [account], project.accounts)
    app.listener = ProgressListener(app, events)
    with ended_by_signals() as stop, journal(app, project) as opened:
        # One request may have many numbers, and what is said of one target may name any of them.
        known_ = Known(opened, scopes_now(app, pairs_of(app, project), opened, reveal=True))
        mask = mask_of(known_.in_doubt(), show_numbers=show_numbers)
        chosen = _chosen(known_, plan, targets, request, account, show_numbers=show_numbers)
        if found is not None:
            record_finding(app, project, known_, chosen, found, because or "")
        elif chosen:
            look(
                app,
                project,
                known_,
                chosen,
                inventory=inventory,
                max_wait=longest,
                stop=stop,
            )
        doubts, _ = doubts_now(known_, Locks(locks_folder(app, project)).holders())
        left = len(_of_plan(plan, doubts))
        return _tell(app, known_, chosen, left, format_, mask, show_numbers=show_numbers)


def _arguments(given: Sequence[str], *, named: bool) -> tuple[Plan | None, list[Target]]:
    """A plan comes first, if there is one; what else is there are targets."""
    rest, plan = list(given), None
    if rest and (not named or Path(rest[0]).is_file()):
        from reconciler.plan.saved import read_plan

        plan = read_plan(rest.pop(0)).plan
    try:
        return plan, [Target.parse(text) for text in rest]
    except ValueError as error:
        raise Usage(str(error)) from error


def _chosen(
    known: "Known",
    plan: Plan | None,
    targets: Sequence[Target],
    request: int | None,
    account: str | None,
    *,
    show_numbers: bool,
) -> "dict[Target, State]":
    doubts = known.in_doubt()
    wanted = set(targets) if targets else None
    if request is not None:
        wanted = _of_request(known, request, doubts)
    if wanted is not None and (strange := sorted(wanted - set(doubts))):
        named = ", ".join(shown(one, show_numbers=show_numbers) for one in strange)
        raise ReconcilerError(f"not in doubt: {named}; `reconciler status` lists what is")
    return {
        target: state
        for target, state in _of_plan(plan, doubts).items()
        if (wanted is None or target in wanted) and (account is None or target.account == account)
    }


def _of_request(known: "Known", request: int, doubts: "Mapping[Target, State]") -> set[Target]:
    """Those of its targets that are still in doubt: some may have been settled one by one."""
    about = known.targets(known.journal.targets_of(request))
    if not about:
        raise ReconcilerError(f"there is no request {request} about targets in the journal")
    left = set(about) & set(doubts)
    if not left:
        raise ReconcilerError(f"no target of request {request} is in doubt any more")
    return left


def _of_plan(plan: Plan | None, doubts: "Mapping[Target, State]") -> "dict[Target, State]":
    """The doubts about deletions of *plan*; without one, all."""
    if plan is None:
        return dict(doubts)
    mine = {t for one in plan.actions if one.action == "delete" for t in one.targets}
    then = {t: Target(state.account, t.id, t.part) for t, state in doubts.items()}
    return {target: state for target, state in doubts.items() if then[target] in mine}


# ---------------------------------------------------------------- telling


def _tell(
    app: App,
    known: "Known",
    chosen: "Mapping[Target, State]",
    left: int,
    format_: str,
    mask: Callable[[str], str],
    *,
    show_numbers: bool,
) -> int:
    """Tell what became of *chosen*; *left*: how many doubts there are now, of others too."""
    states = known.states(chosen)
    if format_ == "json":
        listed = [
            {
                "target": shown(target, show_numbers=show_numbers),
                "outcome": state.outcome.value if state.outcome else None,
                "detail": mask(state.detail) if state.detail else None,
                "evidence": state.evidence,
            }
            for target, state in states.items()
        ]
        app.out_json({"kind": "Settlement", "inDoubt": left, "targets": listed}, indent=None)
    else:
        for target, state in states.items():
            said = state.outcome.value if state.outcome else "not deleted; apply may send it again"
            if state.cleared:
                said = "still there after two looks; apply may send it once more"
            why = f" ({mask(state.detail)})" if state.detail else ""
            name = safe.terminal(shown(target, show_numbers=show_numbers))
            app.out(f"{name}: {said}{safe.terminal(why)}")
        app.out("Nothing is in doubt." if not left else f"{left} in doubt.")
    return Exit.DOUBT if left else Exit.OK

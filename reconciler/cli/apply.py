"""`reconciler apply`: carry out exactly what a plan says, and prove what happened."""

import sys
from typing import TYPE_CHECKING

import click

from reconciler import safe
from reconciler.api.given import GivenReading
from reconciler.cli._listeners import EVENTS, ProgressListener
from reconciler.cli._options import FIT, INVENTORY, report_option
from reconciler.cli._pager import NO_PAGER
from reconciler.cli._stdio import given, on_disk, write_views
from reconciler.cli.app import App, ended_by_signals, pass_app
from reconciler.errors import Exit, Usage
from reconciler.events.collector import traced
from reconciler.views import REPORT_FORMATS
from reconciler.views.ci import run_address

if TYPE_CHECKING:  # heavy, and not needed for --help
    from reconciler import DryRun, Plan, Report
    from reconciler.views.frame import Platform


@click.command(
    epilog="""\b
Examples:
  reconciler apply plan.json --dry-run
  reconciler apply plan.json --update-inventory
  reconciler apply plan.json --limit 5          # a canary; run again without it to go on
  reconciler apply plan.json --target push-prod/orchestration_06
  reconciler apply plan.json --exclude push-prod/orchestration_07 --exclude dialer/42
  reconciler apply plan.json --workers --detach
  reconciler apply plan.json --format json > report.json

Exit codes: 0 done, 1 error, 3 refused by a guard, 4 plan expired or not of this project,
5 applied in part (running again is safe), 6 targets in doubt remain, 75 another run holds a lane.
"""
)
@click.argument("plan", required=False, metavar="[PLAN]")
@click.option("--dry-run", is_flag=True, help="Print every request; send none, read no credential.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--account", "accounts", multiple=True, metavar="NAME", help="Only this account.")
@click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="ACCOUNT/ID[#PART]",
    help="Only this target, or all parts of this campaign; repeatable.",
)
@click.option(
    "--exclude",
    multiple=True,
    metavar="ACCOUNT/ID[#PART]",
    help="Not this one; repeatable. It stays pending.",
)
@click.option("--limit", type=click.IntRange(min=1), help="Only the first N targets, then stop.")
@INVENTORY
@click.option("--update-inventory", is_flag=True, help="Take what is gone out of the inventory.")
@click.option(
    "--approval", "approvals", multiple=True, metavar="FILE", help="Default: every PLAN.*.sig."
)
@click.option("--requested-by", multiple=True, metavar="NAME", help="Whose approval cannot count.")
@click.option(
    "--waive", multiple=True, metavar="RULE", help="Lift one rule of guards.waivable for this run."
)
@click.option("--because", metavar="TEXT", help="Why it is lifted.")
@click.option("--ticket", metavar="T", help="The ticket that says so.")
@click.option(
    "--max-wait",
    metavar="DURATION",
    default="15m",
    show_default=True,
    help="Longest single wait (throttling, or before a look); longer ones stop the account.",
)
@report_option(lambda: REPORT_FORMATS)
@click.option("--format", "format_", type=click.Choice(list(REPORT_FORMATS)), default="text")
@FIT
@EVENTS
@click.option("--no-notify", is_flag=True, help="Tell no receiver of the project's `notify`.")
@click.option("--workers", is_flag=True, help="Hand the lanes to workers, and follow them.")
@click.option("--detach", is_flag=True, help="With --workers: do not follow them.")
@click.option("--first-run", is_flag=True, help="There is no journal, and that is right.")
@click.option("--show-numbers", is_flag=True, help="Do not mask phone numbers.")
@NO_PAGER
@pass_app
def command(
    app: App,
    plan: str | None,
    dry_run: bool,
    yes: bool,
    accounts: tuple[str, ...],
    targets: tuple[str, ...],
    exclude: tuple[str, ...],
    limit: int | None,
    inventory: tuple[str, ...],
    reads: GivenReading,
    update_inventory: bool,
    approvals: tuple[str, ...],
    requested_by: tuple[str, ...],
    waive: tuple[str, ...],
    because: str | None,
    ticket: str | None,
    max_wait: str,
    reports: list[tuple[str, str]],
    format_: str,
    fit: "Platform | None",
    events: str | None,
    no_notify: bool,
    workers: bool,
    detach: bool,
    first_run: bool,
    show_numbers: bool,
) -> int:
    """Carry out PLAN, or go on with it if it was interrupted.

    Without PLAN, on a terminal: plans, asks for `yes`, applies. What is deleted is what PLAN says
    *and* what today's files still say; nothing can be added.
    """
    from reconciler.api.report import Unfinished

    if detach and reports:
        raise Usage("--detach waits for nothing, so there is no report to write")
    chosen = given(plan)
    if plan is None:
        made = _planned(app, inventory, reads, show_numbers=show_numbers)
        if not (made.applicable and made.summary.targets):
            return Exit.OK if made.applicable else Exit.REFUSED
        path = app.project.keep_plan(made)
        if not (dry_run or yes) and not _yes():
            app.note(f"Nothing was sent. The plan is kept in {path}")
            return Exit.OK
        chosen = made
    assert chosen is not None
    with ended_by_signals() as stop:
        if dry_run:
            found = app.project.dry_run(
                chosen,
                accounts=accounts,
                targets=targets,
                exclude=exclude,
                limit=limit,
                inventory=inventory,
                **reads,
            )
            return _show_requests(app, found, format_)
        try:
            report = app.project.apply(
                chosen,
                accounts=accounts,
                targets=targets,
                exclude=exclude,
                limit=limit,
                inventory=inventory,
                update_inventory=update_inventory,
                approvals=tuple(on_disk(one) or "" for one in approvals),
                requested_by=requested_by,
                waive=waive,
                because=because,
                ticket=ticket,
                max_wait=max_wait,
                workers=workers,
                detach=detach,
                first_run=first_run,
                attended=sys.stdin is not None and sys.stdin.isatty(),
                notify=not no_notify,
                on_event=traced(app.environ, ProgressListener(app, events), "apply"),
                stop=stop,
                **reads,
            )
        except Unfinished as error:  # what happened is told all the same
            _show_report(app, error.report, format_, fit, show_numbers=show_numbers)
            raise
        if detach and report.left:
            return report.exit_code
        _show_report(app, report, format_, fit, show_numbers=show_numbers)
        write_views(report, reports, fit, run_address(app.environ))
        return report.exit_code


def _planned(
    app: App, inventory: tuple[str, ...], reads: GivenReading, *, show_numbers: bool
) -> "Plan":
    """On a terminal: a plan of today's files, shown."""
    from reconciler.cli.plan import show_plan

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Usage("name the plan to apply (reconciler plan --out plan.json writes one)")
    plan = app.project.plan(inventory=inventory, **reads)
    show_plan(app, plan, "text", show_numbers=show_numbers)
    return plan


def _yes() -> bool:
    answer: str = click.prompt("Delete these? Only `yes` is taken for yes", default="no")
    return answer == "yes"


def _show_requests(app: App, found: "DryRun", format_: str) -> int:
    from reconciler.views import text
    from reconciler.views.text import dry

    if format_ == "json":
        app.out_pieces(map(safe.printable_json, found.pieces()))
    else:
        app.out_pieces(text.dry_run({"requests": found.requests}, color=app.color))
    left = ((str(one), fate.outcome.value, fate.detail) for one, fate in found.left.items())
    for line in dry.left(left):
        app.note(line)
    return Exit.OK


def _show_report(
    app: App, report: "Report", format_: str, fit: "Platform | None", *, show_numbers: bool
) -> None:
    if format_ != "text":
        run = run_address(app.environ)
        app.out_pieces(report.pieces(format_, fit=fit, run=run, show_numbers=show_numbers))
        return
    from reconciler.views import text

    shown = text.report(
        report.value,
        report.plan.value,
        color=app.color,
        width=app.width,
        show_numbers=show_numbers,
    )
    app.out_pieces(shown)

"""`reconciler apply`: carry out exactly what a plan says, and prove what happened."""

import sys
from pathlib import Path

import click

from reconciler import disk
from reconciler.cli._apply_task import Lifted, Options, read_task
from reconciler.cli._listeners import EVENTS, ProgressListener
from reconciler.cli._options import seconds
from reconciler.cli.app import App, ended_by_signals, pass_app
from reconciler.errors import Exit, Usage


@click.command(
    epilog="""\b
Examples:
  reconciler apply plan.json --dry-run
  reconciler apply plan.json --update-inventory
  reconciler apply plan.json --limit 5          # a canary; run again without it to go on
  reconciler apply plan.json --format json > report.json

Exit codes: 0 done, 1 error, 3 refused by a guard, 4 plan expired or not of this project,
5 applied in part (running again is safe), 6 targets in doubt remain, 75 another run holds a lane.
"""
)
@click.argument("plan", required=False, metavar="[PLAN]")
@click.option("--dry-run", is_flag=True, help="Print every request; send none, read no credential.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--account", "accounts", multiple=True, metavar="NAME", help="Only this account.")
@click.option("--limit", type=click.IntRange(min=1), help="Only the first N targets, then stop.")
@click.option("--inventory", multiple=True, metavar="FILE", help="Instead of the project's.")
@click.option("--inventory-format", metavar="FORMAT", help="ndjson, json, yaml or csv.")
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
@click.option("--report", "reports", multiple=True, metavar="FORMAT=FILE", help="Also write this.")
@click.option(
    "--format", "format_", type=click.Choice(["text", "json", "markdown"]), default="text"
)
@EVENTS
@click.option("--first-run", is_flag=True, help="There is no journal, and that is right.")
@click.option("--show-numbers", is_flag=True, help="Do not mask phone numbers.")
@pass_app
def command(
    app: App,
    plan: str | None,
    dry_run: bool,
    yes: bool,
    accounts: tuple[str, ...],
    limit: int | None,
    inventory: tuple[str, ...],
    inventory_format: str | None,
    update_inventory: bool,
    approvals: tuple[str, ...],
    requested_by: tuple[str, ...],
    waive: tuple[str, ...],
    because: str | None,
    ticket: str | None,
    max_wait: str,
    reports: tuple[str, ...],
    format_: str,
    events: str | None,
    first_run: bool,
    show_numbers: bool,
) -> int:
    """Carry out PLAN, or go on with it if it was interrupted.

    Without PLAN, on a terminal: plans, asks for `yes`, applies. What is deleted is what PLAN says
    *and* what today's files still say; nothing can be added.
    """
    longest = seconds(max_wait)
    if events == "-" and format_ == "json":
        raise Usage("--events - and --format json both want standard output")
    if update_inventory and "-" in inventory:
        raise Usage("--update-inventory cannot write to standard input")
    options = Options(
        dry_run=dry_run,
        yes=yes,
        accounts=accounts,
        limit=limit,
        inventory=inventory,
        inventory_format=inventory_format,
        update_inventory=update_inventory,
        approvals=approvals,
        requested_by=requested_by,
        max_wait=longest,
        reports=_reports(reports),
        lifted=_lifted(waive, because, ticket),
        format=format_,
        first_run=first_run,
        show_numbers=show_numbers,
    )
    app.listener = ProgressListener(app, events)
    if plan is None:
        return _without_plan(app, options)
    path = Path(plan)
    return _carry_out(app, options, path, disk.read_file(path, what="the plan", most=1 << 30))


def _reports(given: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The format and the file of each `--report`."""
    from reconciler.views import REPORT_FORMATS

    found = []
    for text in given:
        name, equals, file = text.partition("=")
        if not (name and equals and file):
            raise Usage(f"--report takes FORMAT=FILE, not {text!r}")
        if name not in REPORT_FORMATS:
            raise Usage(f"--report: no format {name!r}; there are {', '.join(REPORT_FORMATS)}")
        found.append((name, file))
    return tuple(found)


def _lifted(rules: tuple[str, ...], because: str | None, ticket: str | None) -> Lifted | None:
    """What `--waive`, `--because` and `--ticket` say together."""
    if len(rules) > 1:
        raise Usage("--waive lifts one rule a run")
    if not rules:
        if because or ticket:
            raise Usage("--because and --ticket belong to --waive RULE")
        return None
    if not (because and ticket):
        raise Usage("--waive needs --because TEXT and --ticket T")
    return Lifted(rules[0], because, ticket)


def _carry_out(app: App, options: Options, path: Path, data: bytes) -> int:
    # Checking a command line loads nothing of what follows.
    from reconciler.cli._apply_steps import apply, dry_run

    with ended_by_signals() as stop:
        task = read_task(app, options, path, data, stop)
        return dry_run(task) if options.dry_run else apply(task)


def _without_plan(app: App, options: Options) -> int:
    """On a terminal: plan, show, ask, keep the plan, apply it."""
    from reconciler.api.plan import Plan
    from reconciler.cli.plan import show_plan
    from reconciler.lanes.state import folder
    from reconciler.plan.today import make_plan

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Usage("name the plan to apply (reconciler plan --out plan.json writes one)")
    now = app.now()
    fresh = make_plan(
        app, now=now, inventory=options.inventory, inventory_format=options.inventory_format
    )
    plan, data = fresh.plan, fresh.data
    show_plan(app, Plan(plan, data), "text", show_numbers=options.show_numbers, now=now)
    if not plan.applicable:
        return Exit.REFUSED
    if not plan.summary.targets:
        return Exit.OK
    path = folder(app, "plans") / f"{fresh.digest.removeprefix('sha256:')}.json"
    disk.write_whole(path, data)
    if not options.dry_run and not options.yes:
        answer = click.prompt("Delete these? Only `yes` is taken for yes", default="no")
        if answer != "yes":
            app.note(f"Nothing was sent. The plan is kept in {path}")
            return Exit.OK
    return _carry_out(app, options, path, data)

"""`reconciler settle`: find out what became of targets in doubt; it never deletes anything."""

from pathlib import Path
from typing import Literal

import click

from reconciler.api.given import GivenReading
from reconciler.cli._listeners import EVENTS, ProgressListener
from reconciler.cli._options import INVENTORY, VIEW
from reconciler.cli._stdio import STDIO, given
from reconciler.cli.app import App, ended_by_signals, pass_app
from reconciler.events.collector import traced


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
@INVENTORY
@click.option("--max-wait", default="15m", show_default=True, metavar="DURATION")
@VIEW
@EVENTS
@click.option("--show-numbers", is_flag=True, help="Do not mask phone numbers.")
@pass_app
def command(
    app: App,
    arguments: tuple[str, ...],
    found: Literal["deleted", "not-deleted"] | None,
    request: int | None,
    account: str | None,
    because: str | None,
    inventory: tuple[str, ...],
    reads: GivenReading,
    max_wait: str,
    format_: str,
    events: str | None,
    show_numbers: bool,
) -> int:
    """Resolve targets in doubt by looking at the vendor, or record a person's finding."""
    # A plan comes first, if there is one; what else is there are targets.
    targets, plan = list(arguments), None
    if targets and (found is None or targets[0] == STDIO or Path(targets[0]).is_file()):
        plan = targets.pop(0)
    with ended_by_signals() as stop:
        settlement = app.project.settle(
            given(plan),
            targets=targets,
            request=request,
            account=account,
            as_=found,
            because=because,
            inventory=inventory,
            max_wait=max_wait,
            on_event=traced(app.environ, ProgressListener(app, events), "settle"),
            stop=stop,
            **reads,
        )
    from reconciler.views import settlement as view

    if format_ == "json":
        app.out_json(view.document(settlement, show_numbers=show_numbers), indent=None)
    else:
        app.out(view.text(settlement, show_numbers=show_numbers))
    return settlement.exit_code

"""`reconciler status`: runs, outcomes, doubts, locks, the rule that blocks now. Sends nothing."""

import click

from reconciler.cli._stdio import given
from reconciler.cli.app import App, ended_by_signals, pass_app


@click.command(
    epilog="""\b
Examples:
  reconciler status
  reconciler status plan.json
  reconciler status --format json
  reconciler status --reviewed 12 --by carol --because "freeze was lifted by CHG-1200"

Exit codes: 0; with PLAN, 6 if targets of it are in doubt.
"""
)
@click.argument("plan", required=False, metavar="[PLAN]")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text")
@click.option("--reviewed", type=int, metavar="RUN", help="A person has reviewed what RUN waived.")
@click.option("--by", metavar="NAME", help="Who reviewed it.")
@click.option("--because", metavar="TEXT", help="What the review came to.")
@click.option("--show-numbers", is_flag=True, help="Do not mask phone numbers.")
@pass_app
def command(
    app: App,
    plan: str | None,
    format_: str,
    reviewed: int | None,
    by: str | None,
    because: str | None,
    show_numbers: bool,
) -> int:
    """Show runs, outcomes, what is in doubt, who holds a lane, and which rule blocks now."""
    with ended_by_signals():
        found = app.project.status(given(plan), reviewed=reviewed, by=by, because=because)
    from reconciler.views import status

    if format_ == "json":
        app.out_json(status.document(found, show_numbers=show_numbers), indent=1)
    else:
        app.out(status.text(found, show_numbers=show_numbers))
    return found.exit_code

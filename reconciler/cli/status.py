"""`reconciler status`: runs, outcomes, doubts, locks, the rule that blocks now. Sends nothing."""

import click

from reconciler.cli._options import VIEW
from reconciler.cli._pager import NO_PAGER, show
from reconciler.cli._stdio import given
from reconciler.cli.app import App, ended_by_signals, pass_app
from reconciler.errors import Usage


@click.command(
    epilog="""\b
Examples:
  reconciler status
  reconciler status plan.json
  reconciler status --format json
  reconciler status --follow        # of lanes that workers have, until their end
  reconciler status --reviewed 12 --by carol --because "freeze was lifted by CHG-1200"

Exit codes: 0; with PLAN, 6 if targets of it are in doubt.
"""
)
@click.argument("plan", required=False, metavar="[PLAN]")
@VIEW
@click.option("--reviewed", type=int, metavar="RUN", help="A person has reviewed what RUN waived.")
@click.option("--by", metavar="NAME", help="Who reviewed it.")
@click.option("--because", metavar="TEXT", help="What the review came to.")
@click.option("--follow", is_flag=True, help="Show it again and again until no lane is open.")
@click.option("--show-numbers", is_flag=True, help="Do not mask phone numbers.")
@NO_PAGER
@pass_app
def command(
    app: App,
    plan: str | None,
    format_: str,
    reviewed: int | None,
    by: str | None,
    because: str | None,
    follow: bool,
    show_numbers: bool,
) -> int:
    """Show runs, outcomes, what is in doubt, who holds a lane, and which rule blocks now."""
    if follow and format_ == "json":
        raise Usage("--follow shows it for people; ask for --format json once")
    from reconciler.api.following import followed
    from reconciler.views import status

    with ended_by_signals():
        named = given(plan)
        found = app.project.status(named, reviewed=reviewed, by=by, because=because)
        if follow:
            lanes = status.Lanes(app.out)
            found = followed(found, lambda: app.project.status(named), lanes.tell, app.note)
    if format_ == "json":
        app.out_json(status.document(found, show_numbers=show_numbers), indent=1)
    else:
        show(app, [status.text(found, show_numbers=show_numbers) + "\n"])
    return found.exit_code

"""`reconciler explain`: why a campaign is, or is not, in the plan."""

import click

from reconciler.api.given import GivenReading
from reconciler.cli._options import INVENTORY, SHOW_NUMBERS, VIEW
from reconciler.cli._pager import NO_PAGER, show
from reconciler.cli.app import App, pass_app


@click.command(
    "explain",
    epilog="""\b
Examples:
  reconciler explain push-prod/orchestration_06
  reconciler explain "Diwali 2024 teaser"
  reconciler explain "dialer-in/Lead refill 4 " --format json
""",
)
@click.argument("target", metavar="ACCOUNT/ID|ID|NAME")
@INVENTORY
@VIEW
@SHOW_NUMBERS
@NO_PAGER
@pass_app
def command(
    app: App,
    *,
    target: str,
    inventory: tuple[str, ...],
    reads: GivenReading,
    format_: str,
    show_numbers: bool,
) -> int:
    """Say why a campaign is, or is not, in the plan.

    Every absence, keep, guard and waiver that looked at it, with file and line; also for one that
    nobody asks for and, as ACCOUNT/ID, for one that is not listed. An id or a name alone will do
    if only one campaign of the inventory has it. Write / # % in ACCOUNT/ID as %2F %23 %25.
    """
    from reconciler.views import explain

    found = app.project.explain(target, inventory=inventory, **reads)
    if format_ == "json":
        app.out_exactly([explain.as_json(found, show_numbers=show_numbers)])
    else:
        show(app, [explain.text(found, show_numbers=show_numbers) + "\n"])
    return 0

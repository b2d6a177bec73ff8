"""`reconciler show`: the same views of a saved plan."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from reconciler.cli._options import FIT, FORMAT, REPORT, SHOW_NUMBERS
from reconciler.cli.app import App, pass_app
from reconciler.cli.plan import show_plan, show_summary, write_views

if TYPE_CHECKING:
    from reconciler.views.frame import Platform


@click.command(
    "show",
    epilog="""\b
Examples:
  reconciler show plan.json
  reconciler show plan.json --report html=plan.html
""",
)
@click.argument("path", metavar="PLAN")
@FORMAT
@REPORT
@FIT
@click.option("--summary", is_flag=True, help="Only counts, by manifest line, reason and so on.")
@SHOW_NUMBERS
@pass_app
def command(
    app: App,
    *,
    path: str,
    format_: str,
    reports: Sequence[tuple[str, str]],
    fit: "Platform | None",
    summary: bool,
    show_numbers: bool,
) -> int:
    """Show the saved plan PLAN from its very bytes. Reads nothing else."""
    from reconciler.api.plan import plan_time, read_plan

    now = plan_time(app.site)
    plan = read_plan(path)
    write_views(app, plan, reports, fit)
    if summary and format_ == "text":
        show_summary(app, plan)
    else:
        show_plan(app, plan, format_, fit=fit, show_numbers=show_numbers, now=now)
    if format_ == "text":
        app.out(f"\nPlan {plan.digest}")
    if (said := plan.expired(now)) is not None:
        app.note(f"warning: {said}")
    return 0

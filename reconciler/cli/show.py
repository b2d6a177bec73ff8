"""`reconciler show`: the same views of a saved plan."""

from collections.abc import Sequence

import click

from reconciler.cli._options import FORMAT, REPORT, SHOW_NUMBERS
from reconciler.cli.app import App, pass_app
from reconciler.cli.plan import show_plan


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
@SHOW_NUMBERS
@pass_app
def command(
    app: App,
    *,
    path: str,
    format_: str,
    reports: Sequence[tuple[str, str]],
    show_numbers: bool,
) -> int:
    """Show the saved plan PLAN from its very bytes. Reads nothing else."""
    from reconciler.api.plan import plan_time, read_plan

    now = plan_time(app.site)
    plan = read_plan(path)
    for name, file in reports:
        plan.write(file, name)
    show_plan(app, plan, format_, show_numbers=show_numbers, now=now)
    if format_ == "text":
        app.out(f"\nPlan {plan.digest}")
    if (said := plan.expired(now)) is not None:
        app.note(f"warning: {said}")
    return 0

"""`reconciler show`: the same views of a saved plan."""

import click

from reconciler.cli import _plan
from reconciler.cli._options import FORMAT, REPORT, SHOW_NUMBERS
from reconciler.cli.app import App, pass_app


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
    app: App, *, path: str, format_: str, report: tuple[str, ...], show_numbers: bool
) -> int:
    """Show the saved plan PLAN from its very bytes. Reads nothing else."""
    from reconciler.plan import planfile
    from reconciler.plan.guards import plan_age

    wanted = _plan.reports(report)
    now = _plan.plan_now(app)
    plan, data = _plan.read_plan(path)
    digest = planfile.digest(data)
    _plan.write_reports(plan, digest, wanted)
    _plan.show(app, plan, data, format_=format_, show_numbers=show_numbers, now=now)
    said = plan_age.expired(planfile.moment(plan.metadata.expires_at), now=now)
    if format_ == "text":
        app.out(f"\nPlan {digest}")
    if said is not None:
        app.note(f"warning: {said}")
    return 0

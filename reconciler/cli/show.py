"""`reconciler show`: the same views of a saved plan; of two, what changed between them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from reconciler.cli._options import FIT, FORMAT, REPORT, SHOW_NUMBERS
from reconciler.cli._pager import NO_PAGER, show
from reconciler.cli._stdio import plan_of, write_views
from reconciler.cli.app import App, pass_app
from reconciler.cli.plan import show_plan, show_summary
from reconciler.errors import Exit, Usage, check_format
from reconciler.views.ci import run_address
from reconciler.views.compared import COMPARISON_FORMATS

if TYPE_CHECKING:
    from reconciler.api.compared import PlanComparison
    from reconciler.views.frame import Platform


@click.command(
    "show",
    epilog="""\b
Examples:
  reconciler show plan.json
  reconciler show plan.json --report html=plan.html
  reconciler show approved.json plan.json
  reconciler show approved.json plan.json --detailed-exitcode --format json
""",
)
@click.argument("path", metavar="PLAN")
@click.argument("other", metavar="[OTHER]", required=False)
@FORMAT
@REPORT
@FIT
@click.option("--summary", is_flag=True, help="Only counts, by manifest line, reason and so on.")
@click.option(
    "--detailed-exitcode", is_flag=True, help="With OTHER: exit with 2 if they do not do the same."
)
@SHOW_NUMBERS
@NO_PAGER
@pass_app
def command(
    app: App,
    *,
    path: str,
    other: str | None,
    format_: str,
    reports: Sequence[tuple[str, str]],
    fit: "Platform | None",
    summary: bool,
    detailed_exitcode: bool,
    show_numbers: bool,
) -> int:
    """Show the saved plan PLAN from its very bytes. Reads nothing else.

    With OTHER: show what changed from PLAN to OTHER, as text, json, markdown or html.
    """
    from reconciler.api.plan import plan_time

    if other is not None:
        _check_formats(format_, reports)
        found = plan_of(path).compare(plan_of(other))
        return _show_changes(
            app,
            found,
            format_,
            reports,
            fit=fit,
            summary=summary,
            detailed_exitcode=detailed_exitcode,
            show_numbers=show_numbers,
        )
    if detailed_exitcode:
        raise Usage("--detailed-exitcode compares: name two plans")
    now = plan_time(app.site)
    plan = plan_of(path)
    write_views(plan, reports, fit, run_address(app.environ))
    if summary and format_ == "text":
        show_summary(app, plan)
    else:
        show_plan(app, plan, format_, fit=fit, show_numbers=show_numbers, now=now)
    if format_ == "text":
        app.out(f"\nPlan {plan.digest}")
    if (said := plan.expired(now)) is not None:
        app.note(f"warning: {said}")
    return 0


def _check_formats(format_: str, reports: Sequence[tuple[str, str]]) -> None:
    for name in (format_, *(name for name, _ in reports)):
        try:
            check_format(name, COMPARISON_FORMATS)
        except Usage as error:
            raise Usage(f"of two plans: {error}") from error


def _show_changes(
    app: App,
    found: "PlanComparison",
    format_: str,
    reports: Sequence[tuple[str, str]],
    *,
    fit: "Platform | None",
    summary: bool,
    detailed_exitcode: bool,
    show_numbers: bool,
) -> int:
    run = run_address(app.environ)
    write_views(found, reports, fit, run)
    if format_ == "text":
        from reconciler.views.compared import text

        shown = text.lines(
            found.value,
            color=app.color,
            width=app.width,
            show_numbers=show_numbers,
            summary=summary,
        )
        show(app, shown)
    else:
        app.out(found.view(format_, fit=fit, run=run, show_numbers=show_numbers))
    return Exit.CHANGES if detailed_exitcode and found.differ else Exit.OK

"""`reconciler plan`: compare the manifests with the inventory and propose deletions."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import click

from reconciler.api.given import GivenReading
from reconciler.cli._options import FIT, FORMAT, INVENTORY, REPORT, SHOW_NUMBERS
from reconciler.cli._pager import NO_PAGER, show
from reconciler.cli._stdio import STDIO, deliver, write_views
from reconciler.cli.app import App, pass_app
from reconciler.errors import Exit
from reconciler.views import way_on
from reconciler.views.ci import run_address

if TYPE_CHECKING:
    from reconciler.api.plan import Plan
    from reconciler.views.frame import Platform


@click.command(
    "plan",
    epilog="""\b
Examples:
  reconciler plan
  reconciler plan --out plan.json --report markdown=plan.md
  reconciler plan --inventory export.csv --account push-prod
  reconciler plan --inventory export.csv --map id="Campaign Id" --set account=sms-au
  reconciler plan --detailed-exitcode --format json > plan.json
  reconciler plan --out - | reconciler apply - --dry-run
""",
)
@click.option("--out", metavar="FILE", help="Save the plan; apply carries out exactly these bytes.")
@INVENTORY
@click.option(
    "--account",
    "accounts",
    multiple=True,
    metavar="NAME",
    help="Only deletions of this account; repeatable. Everything is still read.",
)
@click.option(
    "--manifest",
    "manifests",
    multiple=True,
    metavar="NAME",
    help="Only deletions that this manifest asks for; repeatable. Everything is still read.",
)
@FORMAT
@REPORT
@FIT
@click.option("--summary", is_flag=True, help="Only counts, by manifest line, reason and so on.")
@click.option(
    "--detailed-exitcode", is_flag=True, help="Exit with 2 if a deletion is proposed, 0 if none."
)
@click.option("--author", metavar="NAME", help="Who makes the plan; may not approve it.")
@click.option("--attributes", is_flag=True, help="Put the records' attributes into the plan.")
@SHOW_NUMBERS
@NO_PAGER
@pass_app
def command(
    app: App,
    *,
    out: str | None,
    inventory: tuple[str, ...],
    reads: GivenReading,
    accounts: tuple[str, ...],
    manifests: tuple[str, ...],
    format_: str,
    reports: Sequence[tuple[str, str]],
    fit: "Platform | None",
    summary: bool,
    detailed_exitcode: bool,
    author: str | None,
    attributes: bool,
    show_numbers: bool,
) -> int:
    """Say what would be deleted, what is refused and why. Sends nothing, holds no credential.

    Exit 3 if a limit is broken, with --detailed-exitcode 2 if there is something to delete, else 0.
    """
    plan = app.project.plan(
        inventory=inventory,
        accounts=accounts,
        manifests=manifests,
        author=author,
        attributes=attributes,
        **reads,
    )
    app.site.warn(plan.diagnostics)
    if out == STDIO:
        deliver(plan.pieces("json"))
    elif out is not None:
        plan.write(out)
    write_views(plan, reports, fit, run_address(app.environ))
    if summary and format_ == "text":
        show_summary(app, plan)
    else:
        show_plan(app, plan, format_, fit=fit, show_numbers=show_numbers)
    lines = way_on.lines(plan.value, plan.digest, out, plan.closed)
    if format_ == "text" and not app.taken:
        app.out("\n" + "\n".join(lines))
    else:
        for line in lines:
            app.note(line)
    if not plan.applicable:
        return Exit.REFUSED
    return Exit.CHANGES if detailed_exitcode and plan.summary.delete else Exit.OK


def show_summary(app: App, plan: "Plan") -> None:
    """Print the plan in counts."""
    from reconciler.views import text

    app.out_pieces(text.plan_summary(plan.value, color=app.color, width=app.width))


def show_plan(
    app: App,
    plan: "Plan",
    format_: str,
    *,
    show_numbers: bool,
    fit: "Platform | None" = None,
    now: datetime | None = None,
) -> None:
    """Print one view; the JSON one is the plan's own bytes. *now*: what ages are told from."""
    if format_ == "text":
        from reconciler.views import text

        shown = text.plan(
            plan.value, color=app.color, width=app.width, show_numbers=show_numbers, now=now
        )
        show(app, shown)
    elif format_ == "json":
        app.out_exactly(plan.pieces("json"))
    else:
        app.out_pieces(plan.pieces(format_, fit=fit, run=run_address(app.environ)))

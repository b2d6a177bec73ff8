"""`reconciler plan`: compare the manifests with the inventory and propose deletions."""

from pathlib import Path

import click

from reconciler.cli import _plan
from reconciler.cli._options import FORMAT, INVENTORY, REPORT, SHOW_NUMBERS
from reconciler.cli.app import App, pass_app


@click.command(
    "plan",
    epilog="""\b
Examples:
  reconciler plan
  reconciler plan --out plan.json --report markdown=plan.md
  reconciler plan --inventory export.csv --account push-prod
  reconciler plan --detailed-exitcode --format json > plan.json
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
@click.option(
    "--detailed-exitcode", is_flag=True, help="Exit with 2 if a deletion is proposed, 0 if none."
)
@click.option("--author", metavar="NAME", help="Who makes the plan; may not approve it.")
@click.option("--attributes", is_flag=True, help="Put the records' attributes into the plan.")
@SHOW_NUMBERS
@pass_app
def command(
    app: App,
    *,
    out: str | None,
    inventory: tuple[str, ...],
    inventory_format: str | None,
    accounts: tuple[str, ...],
    manifests: tuple[str, ...],
    format_: str,
    report: tuple[str, ...],
    detailed_exitcode: bool,
    author: str | None,
    attributes: bool,
    show_numbers: bool,
) -> int:
    """Say what would be deleted, what is refused and why. Sends nothing, holds no credential.

    Exit 3 if a limit is broken, with --detailed-exitcode 2 if there is something to delete, else 0.
    """
    from reconciler import disk

    wanted = _plan.reports(report)
    now = _plan.plan_now(app)
    plan, data, extras = _plan.make_plan(
        app,
        now=now,
        inventory=inventory,
        inventory_format=inventory_format,
        accounts=accounts,
        manifests=manifests,
        author=author,
        attributes=attributes,
    )
    _plan.warn(app, extras.warnings)
    if out is not None:
        disk.write_whole(Path(out), data)
    _plan.write_reports(plan, extras.digest, wanted)
    _plan.show(app, plan, data, format_=format_, show_numbers=show_numbers, now=now)
    lines = _way_on(out, extras.digest, applicable=plan.applicable, deletes=plan.summary.delete)
    if format_ == "text":
        app.out("\n" + "\n".join(lines))
    else:
        for line in lines:
            app.note(line)
    return _plan.exit_code(plan, detailed=detailed_exitcode)


def _way_on(out: str | None, digest: str, *, applicable: bool, deletes: int) -> list[str]:
    """The plan's identity, and the next command."""
    from shlex import quote

    from reconciler.safe import terminal

    if out is None:
        lines = [f"Plan {digest} (not saved)"]
        way = "Save it with: reconciler plan --out plan.json"
    else:
        path = terminal(quote(out))
        lines = [f"Plan {digest}, saved in {path}"]
        way = f"Apply it with: reconciler apply {path}"
    return [*lines, way] if applicable and deletes else lines

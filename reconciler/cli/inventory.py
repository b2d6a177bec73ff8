"""`reconciler inventory`: build inventory files, compare them, summarise them."""

import sys

import click

from reconciler.api.given import GivenReading
from reconciler.cli._options import READS, VIEW
from reconciler.cli._pull import pull
from reconciler.cli.app import App, pass_app
from reconciler.errors import Exit
from reconciler.safe import terminal


@click.group()
def command() -> None:
    """Build inventory files, compare two, summarise, change format."""


command.add_command(pull)

# ---------------------------------------------------------------- convert


@command.command(
    epilog="""\b
Examples:
  reconciler inventory convert export.csv inventory.ndjson --captured-at 2026-11-20T08:00:00Z
  reconciler inventory convert inventory.ndjson inventory.json.gz
"""
)
@click.argument("source", metavar="IN")
@click.argument("target", metavar="OUT")
@READS("--from", "--inventory-format")
@click.option(
    "--to",
    type=click.Choice(["ndjson", "json", "yaml", "csv"]),
    help="OUT's format; default: by its suffix.",
)
@pass_app
def convert(app: App, source: str, target: str, to: str | None, reads: GivenReading) -> None:
    """Write the inventory IN as OUT, in the format of OUT's suffix (.gz packs it).

    IN is checked as `plan` would; - is standard input or output. Nothing is written if anything
    is wrong. CSV has no header, so it holds neither capture time nor completeness.
    """
    from reconciler.views.inventory import campaigns

    number = app.project.convert(
        source, sys.stdout.buffer if target == "-" else target, to=to, **reads
    )
    if target != "-":
        app.note(f"{terminal(target)}: {campaigns(number)}")


# ---------------------------------------------------------------- diff


@command.command(
    epilog="""\b
Examples:
  reconciler inventory diff yesterday.ndjson today.ndjson
  reconciler inventory diff yesterday.ndjson today.ndjson --detailed-exitcode --format json
"""
)
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@READS()
@VIEW
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 if they differ.")
@click.option("--show-numbers", is_flag=True, help="Show phone numbers whole; default: masked.")
@pass_app
def diff(
    app: App,
    before: str,
    after: str,
    reads: GivenReading,
    format_: str,
    detailed_exitcode: bool,
    show_numbers: bool,
) -> int:
    """Say what appeared, what is gone and what changed from A to B, field by field."""
    from reconciler.views.inventory import diff_json, diff_text

    found = app.project.diff(before, after, **reads)
    view = diff_json if format_ == "json" else diff_text
    app.out(view(found, show_numbers=show_numbers))
    return Exit.CHANGES if detailed_exitcode and found.differ else Exit.OK


# ---------------------------------------------------------------- stats


@command.command(
    epilog="""\b
Examples:
  reconciler inventory stats
  reconciler inventory stats export.csv --label team
"""
)
@click.argument("files", metavar="[FILE]...", nargs=-1)
@READS()
@VIEW
@click.option(
    "--label", default="owner", show_default=True, metavar="KEY", help="The label that says whose."
)
@pass_app
def stats(app: App, files: tuple[str, ...], reads: GivenReading, format_: str, label: str) -> None:
    """Count the campaigns by account, status, age and owner label.

    Without FILE: the project's inventory. Ages are by creation.
    """
    from reconciler.views.inventory import stats_json, stats_text

    found = app.project.stats(files, label=label, **reads)
    app.out(stats_json(found) if format_ == "json" else stats_text(found))

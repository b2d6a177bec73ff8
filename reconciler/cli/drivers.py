"""`reconciler drivers`: what each driver can do, what it wants to know, what an answer means."""

import sys
from pathlib import Path

import click

from reconciler.cli._options import VIEW
from reconciler.cli.app import App, pass_app
from reconciler.safe import terminal


class _NameOrCommand(click.Group):
    """A word that is none of its commands is a driver's name."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            return "show", self.commands["show"], args
        return super().resolve_command(ctx, args)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(ctx.command_path, "[OPTIONS] [NAME | COMMAND [ARGS]...]")


@click.group(
    cls=_NameOrCommand,
    invoke_without_command=True,
    epilog="""\b
Examples:
  reconciler drivers
  reconciler drivers ozonetel
  reconciler drivers --format json
  reconciler drivers try crm --answers answers.ndjson
  reconciler drivers new acme
""",
)
@VIEW
@pass_app
@click.pass_context
def command(ctx: click.Context, app: App, format_: str) -> None:
    """Show what each driver can do: delete, list, look, batch; its limits and settings.

    With NAME, all there is to know about that driver.
    """
    if ctx.invoked_subcommand is None:
        _show(app, None, format_)


@command.command("show", hidden=True, epilog="\b\nExample:\n  reconciler drivers show ozonetel")
@click.argument("name")
@VIEW
@pass_app
def show(app: App, name: str, format_: str) -> None:
    """All there is to know about the driver NAME."""
    _show(app, name, format_)


def _show(app: App, name: str | None, format_: str) -> None:
    from reconciler.api.drivers import drivers
    from reconciler.views.drivers import as_json, page, table

    told, broken = drivers(name)
    if format_ == "json":
        app.out(as_json(told))
    else:
        app.out(table(told) if name is None else page(told[0]))
    if broken is not None:
        raise broken


@command.command(
    "try",
    epilog="""\b
Example:
  reconciler drivers try crm --answers answers.ndjson

FILE has one JSON object a line: {"status": 200, "body": {"status": "success"}, "id": "7"}.
`to` says what was asked: delete (default), list, look, token.""",
)
@click.argument("account")
@click.option(
    "--answers", "path", required=True, metavar="FILE", help="The answers; - is standard input."
)
@VIEW
@pass_app
def try_(app: App, account: str, path: str, format_: str) -> None:
    """Show, without a request, what each answer of a file would mean to ACCOUNT."""
    from reconciler.api.trying import answers_tried
    from reconciler.views.drivers import tried, tried_as_json

    data = sys.stdin.buffer.read() if path == "-" else None
    found = answers_tried(app.site, account, path, data)
    app.out(tried_as_json(account, found) if format_ == "json" else tried(found, width=app.width))


@command.command(
    "new",
    epilog="""\b
Examples:
  reconciler drivers new acme
  reconciler drivers new acme-sms --out drivers/acme-sms

An ordinary vendor needs no package: the driver http describes it in YAML.""",
)
@click.argument("name")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The folder it goes to, new or empty.  [default: reconciler-NAME]",
)
@pass_app
def new(app: App, name: str, out: Path | None) -> None:
    """Write a package for another vendor: its driver NAME, conformance test and CI workflow."""
    from reconciler.api.new_driver import new_driver

    written = new_driver(name, out)
    for path in written:
        app.out(f"written  {terminal(str(path))}")
    folder = terminal(str(out or f"reconciler-{name}"))
    app.out(f"Next: write the driver, then python -m pip install './{folder}[test]'")
    app.out(f"and python -m pytest {folder}: what each clause asks for is in docs/driver-kit.md.")

"""`reconciler drivers`: what each driver can do, and what it wants to know."""

import click

from reconciler.cli.app import App, pass_app


@click.command(
    epilog="""\b
Examples:
  reconciler drivers
  reconciler drivers ozonetel
  reconciler drivers --format json
"""
)
@click.argument("name", required=False)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="The view on stdout.",
)
@pass_app
def command(app: App, name: str | None, format_: str) -> None:
    """Show what each driver can do: delete, list, look, batch; its limits and settings.

    With NAME, all there is to know about that driver.
    """
    from reconciler.api.drivers import drivers
    from reconciler.views.drivers import as_json, page, table

    told, broken = drivers(name)
    if format_ == "json":
        app.out(as_json(told))
    else:
        app.out(table(told) if name is None else page(told[0]))
    if broken is not None:
        raise broken

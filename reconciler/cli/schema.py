"""`reconciler schema`: the JSON Schema of a kind of file."""

import click

from reconciler.cli.app import App, pass_app


@click.command(
    epilog="""\b
Examples:
  reconciler schema manifest > manifest.schema.json
"""
)
@click.argument("kind", type=click.Choice(["project", "manifest", "inventory", "plan", "report"]))
@pass_app
def command(app: App, kind: str) -> None:
    """Print the JSON Schema (draft 2020-12) of KIND, for editors and CI."""
    from reconciler.api.schema import schema

    app.out(schema(kind))

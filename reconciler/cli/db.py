"""`reconciler db`: makes, upgrades and checks the tables of a state that machines share."""

import click

from reconciler.cli.app import App, pass_app
from reconciler.safe import terminal


@click.group(
    "db",
    epilog="""\b
Examples:
  reconciler db init       # once, as the role that owns the tables
  reconciler db upgrade    # after installing a newer version, with no run under way
  reconciler db check      # changes nothing

Exit codes: 0; 1 with what is wrong.
""",
)
def command() -> None:
    """Look after the PostgreSQL database that holds the state (`state: {env: NAME}`)."""


@command.command(
    epilog="""\b
Examples:
  reconciler db init
"""
)
@pass_app
def init(app: App) -> int:
    """Make the tables, if they are not there yet."""
    made = app.project.db_init()
    app.out(f"{terminal(made.where)}: {'made' if made.changed else 'is there already'}")
    return 0


@command.command(
    epilog="""\b
Examples:
  reconciler db upgrade
"""
)
@pass_app
def upgrade(app: App) -> int:
    """Bring the tables to this version."""
    made = app.project.db_upgrade()
    said = "upgraded" if made.changed else "is of this version already"
    app.out(f"{terminal(made.where)}: {said}")
    return 0


@command.command(
    epilog="""\b
Examples:
  reconciler db check
"""
)
@pass_app
def check(app: App) -> int:
    """Say what is wrong with the database, if anything is."""
    app.out(f"{terminal(app.project.db_check().where)}: in order")
    return 0

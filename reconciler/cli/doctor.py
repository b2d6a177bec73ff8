"""`reconciler doctor`: is everything there that an apply will need?"""

import click

from reconciler.cli._options import VIEW
from reconciler.cli.app import App, ended_by_signals, pass_app


@click.command(
    "doctor",
    epilog="""\b
Examples:
  reconciler doctor
  reconciler doctor --account push-prod
  reconciler doctor --format json

Exit codes: 0 nothing is wrong, 1 something is.
""",
)
@click.option("--account", "accounts", multiple=True, metavar="A", help="Only this; repeatable.")
@click.option(
    "--max-wait",
    metavar="DURATION",
    default="1m",
    show_default=True,
    help="Longest wait for an account whose vendor says: not now.",
)
@VIEW
@pass_app
def command(app: App, *, accounts: tuple[str, ...], max_wait: str, format_: str) -> int:
    """Check the project, this machine, and each account at its vendor, without changing anything.

    Files, inventory, a state that can be written, ssh-keygen, time zone data; of each account its
    credentials, then one page of its listing or one look, at its pace: is it reached, TLS, may the
    key log in and read, and does this machine's clock agree with the vendor's? An account that
    another run is working is skipped.
    """
    from reconciler.views import doctor as view

    with ended_by_signals() as stop:
        found = app.project.doctor(accounts=accounts, max_wait=max_wait, stop=stop)
    if format_ == "json":
        app.out_json(view.as_json(found.checks))
    else:
        app.out(view.text(found.checks, color=app.color, width=app.width))
    return stop.exit or found.exit_code

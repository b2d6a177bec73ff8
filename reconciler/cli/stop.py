"""`reconciler stop`: no new request from any run that is under way; `apply` goes on later."""

import click

from reconciler.cli._options import VIEW
from reconciler.cli._stdio import given
from reconciler.cli.app import App, ended_by_signals, pass_app


@click.command(
    epilog="""\b
Examples:
  reconciler stop --because "vendor reports an incident"
  reconciler stop plan.json --because "wrong audience, see CHG-1204"
  reconciler stop --account push-prod --because "limits are being raised"
  reconciler apply plan.json              # goes on with what is left

Exit codes: 0, also if nothing is under way.
"""
)
@click.argument("plan", required=False, metavar="[PLAN]")
@click.option("--account", metavar="A", help="Only what is under way at this account.")
@click.option("--because", metavar="TEXT", required=True, help="Why; goes into the audit log.")
@VIEW
@pass_app
def command(app: App, plan: str | None, account: str | None, because: str, format_: str) -> int:
    """Let runs that are under way send nothing more: all, or those of PLAN.

    What is in flight ends as it would; what is left is `pending`. A run that begins later is not
    touched.
    """
    with ended_by_signals():
        stopped = app.project.stop(given(plan), account=account, because=because)
    from reconciler.views import stopped as view

    if format_ == "json":
        app.out_json(view.document(stopped), indent=1)
    else:
        app.out(view.text(stopped))
    return 0

"""`reconciler approve`: show a plan, ask, and sign the very bytes that were shown."""

import shutil
import sys
from typing import TYPE_CHECKING

import click

from reconciler.cli._pager import NO_PAGER, show
from reconciler.cli._stdio import on_disk
from reconciler.cli.app import App, pass_app
from reconciler.errors import Exit, Usage

if TYPE_CHECKING:
    from reconciler.api.approve import Approval
    from reconciler.api.plan import Plan


@click.command(
    "approve",
    epilog="""\b
Examples:
  reconciler approve plan.json --key ~/.ssh/id_ed25519
  reconciler approve plan.json --key ~/.ssh/id_ed25519_sk.pub   # a key that the agent holds
""",
)
@click.argument("plan", type=click.Path(dir_okay=False))
@click.option(
    "--key",
    required=True,
    metavar="FILE",
    help="Private SSH key, or the public key of one that the agent (SSH_AUTH_SOCK) holds.",
)
@click.option("--principal", metavar="NAME", help="Who signs, where the key speaks for several.")
@click.option("--yes", is_flag=True, help="Do not ask: the plan was shown before.")
@NO_PAGER
@pass_app
def command(app: App, *, plan: str, key: str, principal: str | None, yes: bool) -> int:
    """Show PLAN, ask, and sign its bytes with an SSH key.

    Writes PLAN.<principal>.sig beside it. A plan with violations, an expired or an empty one is
    refused, and so is its own author.
    """
    if not yes and not sys.stdin.isatty():
        raise Usage("not a terminal, so nobody can be asked: show the plan, then use --yes")
    from reconciler.api.plan import read_plan
    from reconciler.safe import terminal

    shown = read_plan(plan)
    _show(app, shown)
    made = app.project.approve(
        shown,
        key=on_disk(key) or "",
        principal=principal,
        agreed=lambda: yes or _agreed(app, shown.digest),
    )
    if made is None:
        app.err("Nothing was signed.")
        return Exit.ERROR
    app.out(f"Signed as {terminal(made.principal)}: {terminal(str(made.path))}")
    _tell(app, made, shown)
    return Exit.OK


def _show(app: App, plan: "Plan") -> None:
    from reconciler.views import text

    width = shutil.get_terminal_size((100, 24)).columns
    show(app, text.plan(plan.value, color=app.color, width=width, now=app.site.now()))
    app.out(f"Plan {plan.digest}\n")


def _agreed(app: App, digest: str) -> bool:
    app.err(f"Sign {digest}? Only 'yes' will do.")
    return bool(click.prompt("yes", default="", show_default=False, err=True) == "yes")


def _tell(app: App, made: "Approval", plan: "Plan") -> None:
    from reconciler.safe import terminal

    if made.approved_by is None:
        app.note("warning: the project asks for no approvals; nothing counts this signature")
        return
    if plan.metadata.author is None:
        app.note("warning: the plan names no author; apply refuses it (plan with --author)")
    names = ", ".join(map(terminal, made.approved_by))
    app.note(f"{len(made.approved_by)} of {made.required} approvals needed: {names}")
    for path, why in made.rejected:
        app.note(f"does not count: {terminal(path)}: {terminal(why)}")

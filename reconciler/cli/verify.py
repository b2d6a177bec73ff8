"""`reconciler verify`: check an evidence archive, or an audit log, offline."""

import click

from reconciler.cli._options import VIEW
from reconciler.cli._stdio import STDIO, on_disk, stdin
from reconciler.cli.app import App, pass_app
from reconciler.errors import Exit, NotVerified


@click.command(
    "verify",
    epilog="""\b
Examples:
  reconciler verify evidence.tar.gz
  reconciler verify .reconciler/audit.ndjson
  reconciler verify evidence.tar.gz --allowed-signers allowed_signers
""",
)
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@click.option(
    "--allowed-signers",
    metavar="FILE",
    type=click.Path(dir_okay=False, allow_dash=True),
    help="Count the approvals against this list instead of the archive's own.",
)
@VIEW
@pass_app
def command(app: App, *, file: str, allowed_signers: str | None, format_: str) -> int:
    """Check FILE, an evidence archive or an audit log (audit.ndjson), and name the first bad link.

    Needs no project, no vendor, no network and no key but the allowed signers.
    """
    from reconciler.api.verify import verify
    from reconciler.views import verification

    view = verification.as_json if format_ == "json" else verification.text
    try:
        found = verify(stdin() if file == STDIO else file, allowed_signers=on_disk(allowed_signers))
    except NotVerified as error:
        app.out(view(error))
        return Exit.STALE
    app.out(view(found))
    return Exit.OK

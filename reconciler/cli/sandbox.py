"""`reconciler sandbox`: serve a local imitation of the vendors."""

from collections.abc import Iterator
from pathlib import Path

import click

from reconciler.cli.app import App, ended_by_signals, pass_app
from reconciler.errors import ReconcilerError

_EPILOG = """\b
Examples:
  reconciler sandbox
  reconciler sandbox --inventory export.csv --port 8642 --speed 20
  reconciler sandbox --fault ozonetel:throttle=3 --fault drop-after=7
  reconciler sandbox --vendor crm=hubspot --inventory crm.ndjson
  reconciler sandbox --demo

Faults: throttle, error, slow, drop, html, redirect, empty, auth; error-after, slow-after,
drop-after, html-after, redirect-after strike once the deletion has happened; no-list, no-delete,
loop, and some of single vendors. docs/sandbox.md says what each does."""


@click.command("sandbox", epilog=_EPILOG)
@click.option(
    "--inventory",
    "files",
    multiple=True,
    metavar="FILE",
    help="The campaigns it holds; repeatable. Default: the project's, else inventory.ndjson.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, metavar="N")
@click.option(
    "--speed",
    type=float,
    default=1.0,
    show_default=True,
    metavar="X",
    help="Make the windows of the vendors' limits X times shorter.",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="[VENDOR:]KIND[=N][@SECONDS]",
    help="Misbehave at every N-th request; repeatable.",
)
@click.option(
    "--kore-secret",
    "kore_secrets",
    multiple=True,
    metavar="TEXT",
    help="A client secret that Kore.ai tokens may be signed with; repeatable. Never a real one.",
)
@click.option(
    "--vendor",
    "vendors",
    multiple=True,
    metavar="ACCOUNT=DRIVER",
    help="Whose campaigns an account's are, where no project says it; repeatable.",
)
@click.option(
    "--demo",
    metavar="[FOLDER]",
    is_flag=False,
    flag_value="reconciler-demo",
    help="Play the whole way through on an example of five vendors, in a folder of its own"
    " (reconciler-demo): validate, plan, apply, plan again, and what the vendors saw.",
)
@pass_app
def command(
    app: App,
    *,
    files: tuple[str, ...],
    port: int,
    speed: float,
    faults: tuple[str, ...],
    kore_secrets: tuple[str, ...],
    vendors: tuple[str, ...],
    demo: str | None,
) -> int:
    """Serve a local imitation of the vendors on 127.0.0.1.

    It holds the campaigns of an inventory, accepts any key that starts with `sandbox-`, keeps the
    vendors' limits, and shows at /__ledger what was asked and what is left. Stop it with Ctrl-C.
    """
    from reconciler.api.sandbox import tenants

    if not speed > 0:
        raise click.BadParameter("must be more than 0", param_hint="'--speed'")
    try:
        from reconciler.sandbox import create_app, server
        from reconciler.sandbox.faults import VENDORS, read
    except ModuleNotFoundError as error:
        raise ReconcilerError(
            f"the sandbox needs {error.name}: pip install 'campaign-reconciler[sandbox]'"
        ) from error
    try:
        misbehaviour = [read(text) for text in faults]
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="'--fault'") from error
    if demo is not None:
        return _demo(app, demo)
    told = tenants(app.site, files)
    accounts = dict(told.accounts)
    for name, vendor in _told(vendors, VENDORS):
        accounts[name] = (vendor, accounts[name][1] if name in accounts else {})
    secrets = (*kore_secrets, *told.secrets)
    world = create_app(told.campaigns, accounts, speed, misbehaviour, kore_secrets=secrets)
    try:
        listener = server.bound(port)
    except OSError as error:
        raise ReconcilerError(
            f"cannot listen on {server.HOST}:{port}: {error.strerror}; choose another --port"
        ) from error
    url = server.url_of(listener)
    server.run(world, listener, lambda: app.out(f"sandbox: {url}"))
    return 0


def _demo(app: App, folder: str) -> int:
    from reconciler.sandbox.demo import demo

    with ended_by_signals():
        return demo(Path(folder), app.environ)


def _told(texts: tuple[str, ...], known: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The accounts and drivers of `--vendor`."""
    for text in texts:
        name, equals, vendor = text.partition("=")
        if not (name and equals and vendor in known):
            raise click.BadParameter(
                f"{text!r} is not ACCOUNT=DRIVER; drivers are {', '.join(known)}",
                param_hint="'--vendor'",
            )
        yield name, vendor

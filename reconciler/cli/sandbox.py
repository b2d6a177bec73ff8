"""`reconciler sandbox`: serve a local imitation of the vendors."""

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from reconciler.cli.app import App, pass_app
from reconciler.errors import ReconcilerError

if TYPE_CHECKING:
    from reconciler.declare.project import Account, Project
    from reconciler.inventory import Source
    from reconciler.model import Campaign

# What identifies an account at its vendor, by driver. Keys among them are read from the
# environment, and known to the sandbox only if they begin with `sandbox-`.
_IDENTITY = {
    "batch-cep": ("project",),
    "batch-mep": ("apiKey", "kind"),
    "kore": ("streamId", "accountId", "iid"),
    "ozonetel": ("userName", "authentication"),
    "cellcast": ("apiKey",),
    "sendgrid": ("apiKey", "onBehalfOf"),
    "klaviyo": ("apiKey",),
    "mailchimp": ("apiKey",),
    "hubspot": ("accessToken", "kind"),
    "onesignal": ("appId",),
    "brevo": ("apiKey", "kind"),
    "twilio": ("accountSid",),
    "listmonk": ("user",),
}
_OURS = "sandbox-"


_EPILOG = """\b
Examples:
  reconciler sandbox
  reconciler sandbox --inventory export.csv --port 8642 --speed 20
  reconciler sandbox --fault ozonetel:throttle=3 --fault drop-after=7
  reconciler sandbox --vendor crm=hubspot --inventory crm.ndjson

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
) -> None:
    """Serve a local imitation of the vendors on 127.0.0.1.

    It holds the campaigns of an inventory, accepts any key that starts with `sandbox-`, keeps the
    vendors' limits, and shows at /__ledger what was asked and what is left. Stop it with Ctrl-C.
    """
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
    project = app.load_project() if (app.root / app.config).exists() else None
    accounts = {name: _tenant(app, one) for name, one in _accounts(project)}
    for name, vendor in _told(vendors, VENDORS):
        accounts[name] = (vendor, accounts[name][1] if name in accounts else {})
    secrets = (*kore_secrets, *(key for _, one in _accounts(project) for key in _secret(app, one)))
    campaigns = _campaigns(_sources(app, project, files))
    world = create_app(campaigns, accounts, speed, misbehaviour, kore_secrets=secrets)
    try:
        listener = server.bound(port)
    except OSError as error:
        raise ReconcilerError(
            f"cannot listen on {server.HOST}:{port}: {error.strerror}; choose another --port"
        ) from error
    url = server.url_of(listener)
    server.run(world, listener, lambda: app.out(f"sandbox: {url}"))


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


def _accounts(project: "Project | None") -> "list[tuple[str, Account]]":
    return [] if project is None else list(project.accounts.items())


def _tenant(app: App, account: "Account") -> tuple[str, dict[str, str]]:
    """The account's driver, and as much of its identity as the sandbox may know."""
    from reconciler.driver import by_key

    settings = by_key(account.settings)
    found = {key: _known(app, settings.get(key)) for key in _IDENTITY.get(account.driver, ())}
    if "iid" in found and found["iid"] is None:
        found["iid"] = found["streamId"]
    return account.driver, {key: value for key, value in found.items() if value is not None}


def _secret(app: App, account: "Account") -> list[str]:
    """The client secret that a Kore.ai account signs with, if it is one of ours."""
    if account.driver != "kore":
        return []
    from reconciler.driver import by_key

    key = _known(app, by_key(account.settings).get("clientSecret"))
    return [] if key is None else [key]


def _known(app: App, value: Any) -> str | None:
    """A setting's text; of a credential, only one that was made for the sandbox."""
    from reconciler.driver import Credential

    if not isinstance(value, Credential):
        return None if value is None else str(value)
    key = app.environ.get(value.env or "", "")
    return key if key.startswith(_OURS) else None


def _sources(app: App, project: "Project | None", files: tuple[str, ...]) -> "list[Source]":
    """The inventory files; those of the project count from its folder."""
    from reconciler.inventory import Source, format_of

    default = ("inventory.ndjson",) if project is None else project.inventory
    paths = files or tuple(app.shown(path) for path in default)
    return [Source(path, _opener(path), format_of(path) or "ndjson") for path in paths]


def _opener(path: str) -> Callable[[], BinaryIO]:
    """How *path* is opened, more than once if need be; `-` is standard input."""
    if path == "-":
        return partial(BytesIO, sys.stdin.buffer.read())
    return lambda: Path(path).open("rb")


def _campaigns(sources: "list[Source]") -> "Iterator[Campaign]":
    from reconciler.inventory import Reader

    reader = Reader(sources, accounts=None, now=datetime.now(UTC))
    for batch in reader:
        yield from batch

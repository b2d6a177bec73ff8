"""`reconciler init`: a first project that works as it stands; nothing overwritten."""

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from reconciler.cli._options import pairs
from reconciler.cli.app import App, pass_app
from reconciler.errors import Usage
from reconciler.safe import terminal

if TYPE_CHECKING:
    from reconciler.api.init import Started


@click.command(
    epilog="""\b
Examples:
  reconciler init                                          # asks
  reconciler init --driver cellcast --account sms-au --yes # the sandbox plays the vendor
  reconciler init --driver batch-cep --at vendor --yes --setting project=project_0664
  reconciler init --driver twilio --at vendor --yes --credential authToken=file:/run/secrets/twilio
  reconciler -C new-project init --ci github --yes
"""
)
@click.option("--driver", metavar="NAME", help="Which vendor's API: `reconciler drivers`.")
@click.option("--account", metavar="NAME", help="What manifests call the account.")
@click.option(
    "--at",
    type=click.Choice(["sandbox", "vendor"]),
    help="Whether the sandbox plays the vendor, with campaigns to try it on. Default: the sandbox;"
    " with --ci, the vendor.",
)
@click.option(
    "--setting", "settings", multiple=True, metavar="KEY=TEXT", help="Of the driver; repeatable."
)
@click.option(
    "--credential",
    "credentials",
    multiple=True,
    metavar="KEY=env:NAME|file:PATH",
    help="Where a credential of the driver is; repeatable.",
)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=8080,
    show_default=True,
    metavar="N",
    help="The sandbox's.",
)
@click.option(
    "--ci",
    type=click.Choice(["github", "gitlab", "other"]),
    help="Add the CI workflows as well; other: only the lock that they install from.",
)
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text")
@click.option("--yes", is_flag=True, help="Ask nothing: what was not said is as it is by default.")
@pass_app
def command(
    app: App,
    *,
    driver: str | None,
    account: str | None,
    at: str | None,
    settings: tuple[str, ...],
    credentials: tuple[str, ...],
    port: int,
    ci: str | None,
    format_: str,
    yes: bool,
) -> None:
    """Write a first project: it validates, plans and, at the sandbox, applies as it stands.

    A commented project file, an example manifest, .gitignore entries; for the sandbox also an
    inventory. On a terminal it asks for what was not said. What is there already is left as it is.
    """
    from reconciler.api.init import init, there
    from reconciler.views import init as view

    said = pairs("--setting", settings)
    sources = pairs("--credential", credentials)
    if not (yes or format_ == "json" or there(app.here)) and _can_ask():
        driver = driver or _driver(app)
        account = account or _account(driver)
        at = at or click.prompt(
            "\nThe sandbox on this machine, or the vendor itself?",
            type=click.Choice(["sandbox", "vendor"]),
            default="sandbox" if ci is None else "vendor",
        )
        found = _asked(app, _Wanted(driver, account, at, said, sources, port, ci))
    else:
        found = init(
            app.here,
            driver=driver,
            account=account,
            at=at,
            settings=said,
            credentials=sources,
            port=port,
            ci=ci,
        )
    if format_ == "json":
        app.out_json(view.as_json(found))
    else:
        app.out(view.text(found))


def _can_ask() -> bool:
    return bool(sys.stdin and sys.stdin.isatty() and sys.stdout and sys.stdout.isatty())


def _driver(app: App) -> str:
    from reconciler.api.drivers import drivers

    found, _ = drivers()
    app.out("Which vendor?")
    width = max(len(one["name"]) for one in found)
    for one in found:
        app.out(f"  {terminal(one['name']).ljust(width)}  {terminal(one['title'])}")
    chosen: str = click.prompt(
        "Driver",
        type=click.Choice([one["name"] for one in found]),
        default="batch-cep",
        show_choices=False,
    )
    return chosen


def _account(driver: str) -> str:
    from reconciler.api.init.beginning import driver_named
    from reconciler.api.init.vendors import vendor_of

    app_name: str = click.prompt(
        "\nWhat shall manifests call the account?", default=vendor_of(driver_named(driver)).account
    )
    return app_name


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is known so far of the project to begin."""

    driver: str
    account: str
    at: str
    settings: dict[str, str]
    credentials: dict[str, str]
    port: int
    ci: str | None


def _asked(app: App, wanted: _Wanted) -> "Started":
    """Ask for what is left, and again as long as an answer cannot be."""
    from reconciler.api.init import init

    while True:
        settings, credentials = dict(wanted.settings), dict(wanted.credentials)
        _ask(app, wanted, settings, credentials)
        try:
            return init(
                app.here,
                driver=wanted.driver,
                account=wanted.account,
                at=wanted.at,
                settings=settings,
                credentials=credentials,
                port=wanted.port,
                ci=wanted.ci,
            )
        except Usage as error:
            if settings == wanted.settings and credentials == wanted.credentials:
                raise  # nothing was asked for that could be answered otherwise
            app.err(f"\n{terminal(str(error))}")


def _ask(app: App, wanted: _Wanted, settings: dict[str, str], credentials: dict[str, str]) -> None:
    """Ask for what is left: where credentials are, and at a vendor the settings."""
    from reconciler.api.init.beginning import driver_named, questions

    for one in questions(driver_named(wanted.driver), wanted.account, wanted.at):
        if one.credential and one.key not in credentials:
            app.out(f"\n{terminal(one.key)}: {terminal(one.about)}")
            app.out("Where is it? env:NAME or file:PATH, never the secret itself.")
            credentials[one.key] = click.prompt("Its source", default=one.default)
        elif not one.credential and wanted.at == "vendor" and one.key not in settings:
            app.out(f"\n{terminal(one.key)}: {terminal(one.about)}")
            settings[one.key] = click.prompt(f"Your {one.key}", default=one.default)

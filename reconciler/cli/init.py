"""`reconciler init`: a first project that works as it stands; nothing overwritten."""

import sys
from collections.abc import Sequence
from functools import partial

import click

from reconciler.cli._options import VIEW, pairs
from reconciler.cli.app import App, pass_app

_FEW = 4  # choices that stand in the question itself


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
@VIEW
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
    from reconciler.api.init.interview import interview
    from reconciler.views import init as view

    said = pairs("--setting", settings)
    sources = pairs("--credential", credentials)
    asks = not (yes or format_ == "json" or there(app.here)) and _can_ask()
    begin = partial(interview, ask=_prompt, say=app.out, complain=app.err) if asks else init
    found = begin(
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


def _prompt(question: str, default: str, choices: Sequence[str] | None = None) -> str:
    kind = None if choices is None else click.Choice(choices)
    few = choices is not None and len(choices) < _FEW
    answer: str = click.prompt(question, type=kind, default=default, show_choices=few)
    return answer

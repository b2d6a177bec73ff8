"""`reconciler init`: a first project that validates, and the CI workflows; nothing overwritten."""

import click

from reconciler.cli.app import App, pass_app
from reconciler.safe import terminal


@click.command(
    epilog="""\b
Examples:
  reconciler init
  reconciler -C new-project init --ci github
"""
)
@click.option("--ci", type=click.Choice(["github", "gitlab"]), help="Add the CI workflow as well.")
@pass_app
def command(app: App, ci: str | None) -> None:
    """Write a commented project file, an example manifest and .gitignore entries.

    What is there already is left as it is.
    """
    from reconciler.api.init import init

    for one in init(app.site, ci=ci):
        head = "written" if one.written else "exists "
        app.out(f"{head}  {terminal(one.path)}{f' ({one.said})' if one.said else ''}")
    app.out("Next: put in your account and inventory, then run `reconciler validate`.")

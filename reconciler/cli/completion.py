"""`reconciler completion`: the script that makes a shell complete commands and options."""

import click
from click.shell_completion import get_completion_class

from reconciler.cli.app import App, pass_app


@click.command(
    epilog="""\b
Examples:
  eval "$(reconciler completion bash)"
  reconciler completion fish > ~/.config/fish/completions/reconciler.fish
"""
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@pass_app
def command(app: App, shell: str) -> None:
    """Print the completion script of SHELL; add `eval "$(reconciler completion bash)"` to it."""
    from reconciler.cli.main import cli

    kind = get_completion_class(shell)
    assert kind is not None
    complete = kind(cli, {}, "reconciler", "_RECONCILER_COMPLETE")
    app.out(complete.source_template % complete.source_vars())

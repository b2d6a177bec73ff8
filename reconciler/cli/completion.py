"""`reconciler completion`: the script that makes a shell complete what a command may be given."""

import click

from reconciler.cli.app import App, pass_app


@click.command(
    epilog="""\b
Examples:
  eval "$(reconciler completion bash)"                # in ~/.bashrc
  eval "$(reconciler completion zsh)"                 # in ~/.zshrc, after compinit
  reconciler completion fish > ~/.config/fish/completions/reconciler.fish
"""
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@pass_app
def command(app: App, shell: str) -> None:
    """Print the completion script of SHELL.

    It completes commands and options, plan files, inventories, and of the project its accounts,
    manifests, drivers; report formats; and files as the shell itself does.
    """
    from reconciler.api.completing import script

    app.out(script(shell))

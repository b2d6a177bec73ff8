"""Completion in a shell: which parameter is being written, and what knows its values."""

import os
import sys
from pathlib import Path

import click
from click.shell_completion import (
    ShellComplete,
    _resolve_context,
    _resolve_incomplete,
    split_arg_string,
)

from reconciler.api.completing import SHELLS, Completion, Finder, project, words
from reconciler.api.completing.finders import finder
from reconciler.cli.app import App


def answer(cli: click.Command, instruction: str) -> int:
    """Print the completions that *instruction* (`SHELL_complete`) asks for."""
    shell = instruction.partition("_")[0]
    if instruction != f"{shell}_complete" or shell not in SHELLS:
        return 1
    before, begun = words.typed(shell, os.environ)
    if shell != "fish":  # which gives the words as they are meant
        before, begun = [_plain(one) for one in before], _plain(begun)
    found = completions(_Asked(cli, {}, "reconciler", ""), before, begun)
    if sys.stdout is not None:
        sys.stdout.writelines(words.answer(shell, os.environ, begun, found))
    return 0


class _Asked(ShellComplete):
    """Click's part: which parameter is being written."""

    name = "ours"
    source_template = ""


def _plain(word: str) -> str:
    """*word* without the shell's quotes, which may be open."""
    return "".join(split_arg_string(word)) if word else ""


def completions(shell: ShellComplete, args: list[str], begun: str) -> list[Completion]:
    """What may stand where *begun* is written, behind *args*."""
    context = _resolve_context(shell.cli, shell.ctx_args, shell.prog_name, args)
    wanted, value = _resolve_incomplete(context, args, begun)
    find = finder_of(context, wanted) if isinstance(wanted, click.Parameter) else None
    if find is not None:
        found = list(find(_app(context).site, value))
    else:
        items = wanted.shell_complete(context, value)
        found = [Completion(one.value, one.type, one.help) for one in items]
    if context.info_name == "drivers" and wanted is context.command:
        found += project.drivers(_app(context).site, value)
    option = begun.removesuffix(value) if begun.startswith("--") else ""
    if option.endswith("="):  # --account=A is one word
        found = [one._replace(value=f"{option}{one.value}") for one in found]
    return found


def finder_of(context: click.Context, parameter: click.Parameter) -> Finder | None:
    """What knows the values of *parameter*; None: click does, or nobody."""
    return finder(context.info_name or "", parameter.name or "")


def _app(context: click.Context) -> App:
    """The app as the options before the command say; it tells nobody anything."""
    options = context.find_root().params
    directory, config = options.get("directory"), options.get("config") or "reconciler.yaml"
    if directory:
        os.chdir(directory)
    path = Path(config)
    default = click.core.ParameterSource.DEFAULT
    named = context.find_root().get_parameter_source("config") not in (None, default)
    root = path.parent if named else None
    return App(root=root, config=path.name, environ=os.environ, quiet=True)

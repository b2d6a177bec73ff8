"""What is wrong with a command line, in our words rather than the parser's."""

from collections.abc import Sequence

import click

from reconciler.errors import meant


def in_our_words(error: click.UsageError) -> str:
    """What is wrong, and what was probably meant."""
    match error:
        case click.NoSuchOption(option_name=name, possibilities=close, ctx=ctx):
            root = ctx and ctx.find_root()
            if (
                ctx
                and root
                and ctx is not root
                and any(name in p.opts for p in root.command.params)
            ):
                rest = ctx.command_path.removeprefix(root.command_path)
                return f"{name} stands before the command: {root.command_path} {name} …{rest}"
            return f"there is no option {name}." + (f" Did you mean {close[0]}?" if close else "")
        case click.BadParameter(param=click.Parameter(type=click.Choice(choices=names)) as param):
            option = max((*param.opts, *param.secondary_opts), key=len)
            known = [*map(str, names)]
            what = option if option.startswith("-") else (param.metavar or option.upper())
            if isinstance(error, click.MissingParameter):
                return f"{what} is missing.{meant('', known)}"
            if (given := _given(error.message, known)) is not None:
                return f"{what}: there is no {given!r}.{meant(given, known)}"
    return error.format_message()


def _given(said: str, names: Sequence[str]) -> str | None:
    """The word that is none of *names*, from what click *said* of it."""
    end = f" is not one of {', '.join(map(repr, names))}."
    word = said.removesuffix(end)
    return word[1:-1] if word != said and word[:1] == word[-1:] == "'" else None

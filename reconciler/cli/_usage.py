"""What is wrong with a command line, in our words rather than the parser's."""

from collections.abc import Sequence

import click

from reconciler.errors import meant


def in_our_words(error: click.UsageError) -> str:
    """What is wrong, and what was probably meant."""
    match error:
        case click.NoSuchOption(option_name=name, ctx=click.Context() as ctx) if (
            own := _of_the_program(name, ctx)
        ):
            root, rest = ctx.find_root(), ctx.command_path.partition(" ")[2]
            shown = name if own.is_flag else f"{name} …"
            return f"{name} stands before the command: {root.command_path} {shown} {rest}"
        case click.NoSuchOption(option_name=name, possibilities=close):
            return f"there is no option {name}." + (f" Did you mean {close[0]}?" if close else "")
        case click.MissingParameter(
            param=click.Parameter(type=click.Choice(choices=names)) as param
        ):
            return f"{_called(param)} is missing. There are: {', '.join(map(str, names))}"
        case click.BadParameter(param=click.Parameter(type=click.Choice(choices=names)) as param):
            known = [str(one) for one in names]
            given = _given(error.message, known)
            if given is not None:
                return f"{_called(param)}: there is no {given!r}.{meant(given, known)}"
    return error.format_message()


def _of_the_program(name: str, ctx: click.Context) -> click.Option | None:
    """The option of the program itself that is called *name*, where a command got it."""
    program = ctx.find_root().command
    options = () if program is ctx.command else program.params
    return next((o for o in options if isinstance(o, click.Option) and name in o.opts), None)


def _called(param: click.Parameter) -> str:
    option = max((*param.opts, *param.secondary_opts), key=len)
    return option if option.startswith("-") else (param.metavar or option.upper())


def _given(said: str, names: Sequence[str]) -> str | None:
    """The word that is none of *names*, from what click *said* of it."""
    end = f" is not one of {', '.join(map(repr, names))}."
    word = said.removesuffix(end)
    return word[1:-1] if word != said and word[:1] == word[-1:] == "'" else None

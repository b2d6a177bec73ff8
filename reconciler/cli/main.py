"""The `reconciler` command: global options, commands found lazily, errors and exit codes."""

import gc
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import click

from reconciler import __version__
from reconciler.cli._log import LOG_FORMAT, Log
from reconciler.cli._usage import in_our_words
from reconciler.cli.app import App
from reconciler.errors import Exit, InputError, ReconcilerError, UnknownName, meant

# Every command with its line of help, so that the listing imports none of them. A command is
# offered once its module `reconciler/cli/<name>.py` exists and has `command`.
COMMANDS = {
    "init": "Write a first project file, an example manifest and .gitignore entries.",
    "doctor": "Check project, machine and vendors; changes nothing.",
    "generate": "Print a manifest from a selection of the inventory.",
    "validate": "Check the project file and the manifests.",
    "plan": "Compare the manifests with the inventory and propose deletions.",
    "show": "Show a saved plan.",
    "explain": "Say why a campaign is, or is not, in the plan.",
    "approve": "Sign a plan's bytes with an SSH key.",
    "apply": "Carry out a plan, or go on with one that was interrupted.",
    "stop": "Let runs that are under way send nothing more; apply goes on later.",
    "settle": "Find out what became of targets in doubt.",
    "status": "Show runs, outcomes, doubts, locks and the rule that blocks now.",
    "inventory": "Pull, compare, summarise or convert inventory files.",
    "evidence": "Pack everything an auditor asks for into one archive.",
    "verify": "Check an evidence archive offline.",
    "drivers": "Show what each driver can do.",
    "schema": "Print the JSON Schema of a kind of file.",
    "sandbox": "Serve a local imitation of the vendors.",
    "github": "Keep our comment on a pull request; find what was reviewed before a merge.",
    "gitlab": "Find what was reviewed before a merge, for jobs of GitLab CI.",
    "worker": "Work the lanes of plans that other machines hand out.",
    "db": "Create, upgrade or check a shared database.",
    "completion": "Print the completion script of a shell.",
}

# No plug-in of a stranger has a say in what we read; looking for some takes longer than reading.
os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"


def _without_plugins() -> None:
    """Nor is what would look for them loaded, with mail, archives and sockets behind it."""
    name = "pydantic.plugin._loader"
    instead = ModuleType(name)

    def other(wanted: str) -> Any:  # whatever else a release of it may hold
        if wanted.startswith("__"):
            raise AttributeError(wanted)
        sys.modules.pop(name, None)
        return getattr(importlib.import_module(name), wanted)

    vars(instead).update(get_plugins=lambda: (), __getattr__=other)
    sys.modules.setdefault(name, instead)


_without_plugins()

# Most of a short command is imports, which make many objects and no garbage.
gc.set_threshold(200_000, 20, 20)

_HERE = Path(__file__).parent


def _exists(name: str) -> bool:
    return (_HERE / f"{name}.py").is_file() or (_HERE / name / "__init__.py").is_file()


class _Lazy(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return [name for name in COMMANDS if _exists(name)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        command = importlib.import_module(f"reconciler.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if ctx.resilient_parsing or name.startswith("-") or name in self.list_commands(ctx):
            return super().resolve_command(ctx, args)
        said = f"No such command {name!r}.{meant(name, self.list_commands(ctx))}"
        raise click.UsageError(said, ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name]) for name in self.list_commands(ctx)])


@click.group(
    cls=_Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, message="reconciler %(version)s")
@click.option(
    "-C",
    "directory",
    metavar="DIR",
    type=click.Path(file_okay=False),
    help="Run as if started in DIR.",
)
@click.option(
    "--config",
    metavar="FILE",
    type=click.Path(dir_okay=False),
    default="reconciler.yaml",
    show_default=True,
    help="The project file; its folder is the project. Unless it is named, the folders above are"
    " searched too, up to the root of the git work tree.",
)
@click.option(
    "--color",
    type=click.Choice(["auto", "always", "never"]),
    default="auto",
    show_default=True,
    help="Colour the output; auto honours NO_COLOR and whether it is a terminal.",
)
@click.option("--no-color", is_flag=True, help="The same as --color never.")
@LOG_FORMAT
@click.option("-q", "--quiet", is_flag=True, help="No notes and warnings, only results and errors.")
@click.pass_context
def cli(
    ctx: click.Context,
    directory: str | None,
    config: str,
    color: str,
    no_color: bool,
    quiet: bool,
) -> None:
    """Declare which messaging campaigns should no longer exist; plan it, review it, apply it."""
    if directory is not None:
        try:
            os.chdir(directory)
        except OSError as error:
            raise click.BadParameter(
                f"cannot change to {directory!r}: {error.strerror}", ctx, param_hint="'-C'"
            ) from error
    path = Path(config)
    named = ctx.get_parameter_source("config") is not click.core.ParameterSource.DEFAULT
    ctx.obj = App(
        root=path.parent if named else None,
        config=path.name,
        environ=os.environ,
        color="never" if no_color else color,
        quiet=quiet,
        log=ctx.ensure_object(Log),
    )


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line *args* (default: the process's) and return its exit code."""
    if isinstance(stdout := sys.stdout, type(sys.__stdout__)) and stdout is not None:
        # A terminal or pipe that is ASCII-only must not break a run.
        stdout.reconfigure(errors="backslashreplace")
    log = Log()
    code = _guarded(list(sys.argv[1:] if args is None else args), log)
    flushed = _flush(log)
    return code or flushed


def run() -> None:
    """The console entry point."""
    # httpx loads its own command line with pygments and all, unless that cannot be had.
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
    code = main()
    gc.freeze()  # what is left dies with the process; looking for garbage in it only takes time
    sys.exit(code)


def _guarded(args: list[str], log: Log) -> int:
    try:
        return _invoke(list(args), log)  # which click takes words out of
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.UsageError as error:
        _show_usage(error, log)
        return Exit.USAGE
    except click.Abort as error:
        # Click turns an interrupt during a prompt into Abort; a "no" is Abort as well.
        cause = error.__cause__ or error.__context__
        log.say("interrupted" if isinstance(cause, KeyboardInterrupt) else "aborted")
        return Exit.INT if isinstance(cause, KeyboardInterrupt) else Exit.ERROR
    except click.ClickException as error:
        log.say(f"error: {error.format_message()}")
        return Exit.ERROR
    except InputError as error:
        from reconciler.views import instead

        log.diagnostics(error.diagnostics)
        if said := instead.text(args, error.instead):
            log.say(said, level="note")
        return error.exit
    except UnknownName as error:  # of the library's parameters, as the options they are here
        log.say(f"error: --{error.parameter.removesuffix('s').replace('_', '-')}: {error.said}")
        return error.exit
    except ReconcilerError as error:
        log.say(f"error: {error}")
        return error.exit
    except KeyboardInterrupt:
        log.say("interrupted")
        return Exit.INT
    except BrokenPipeError:
        _drop_stdout()
        return Exit.ERROR
    except OSError as error:
        place = f": {error.filename}" if error.filename is not None else ""
        _debug()
        log.say(f"error: {error.strerror or type(error).__name__}{place}")
        return Exit.ERROR
    except Exception as error:  # noqa: BLE001 - the last resort: told, and never exit 0
        _debug()
        log.say(
            f"unexpected error ({type(error).__name__}); please report it"
            " with what RECONCILER_DEBUG=1 shows"
        )
        return Exit.ERROR


def _invoke(args: list[str], log: Log) -> int:
    name = "reconciler"
    if instruction := os.environ.get("_RECONCILER_COMPLETE"):
        from reconciler.cli import _completions

        return _completions.answer(cli, instruction)
    with cli.make_context(name, args, obj=log) as ctx:
        result: Any = cli.invoke(ctx)
        app = ctx.find_object(App)
    code = result if isinstance(result, int) else Exit.OK
    return code or (Exit.ERROR if app is not None and app.output_lost else Exit.OK)


def _show_usage(error: click.UsageError, log: Log) -> None:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        log.say(error.format_message())  # the help, for a command line that names no command
        return
    log.say(f"error: {in_our_words(error)}")
    if error.ctx is not None:
        log.say(error.ctx.get_usage())
        log.say(f"Try '{error.ctx.command_path} --help'.")


def _debug() -> None:
    if os.environ.get("RECONCILER_DEBUG") == "1":
        import traceback

        traceback.print_exc()


def _flush(log: Log) -> int:
    """What is still buffered leaves now; failing at exit would change the exit code."""
    try:
        if sys.stderr is not None:
            sys.stderr.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # nobody can be told any more
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        _drop_stdout()
    except OSError as error:
        _drop_stdout()
        log.say(f"error: cannot write standard output: {error.strerror}")
        return Exit.ERROR
    return Exit.OK


def _drop_stdout() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)

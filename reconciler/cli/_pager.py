"""A long text on a terminal goes through `$PAGER`; never in a pipe."""

import os
import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING

import click

from reconciler.cli.app import App

if TYPE_CHECKING:
    import subprocess


def _never(ctx: click.Context, parameter: click.Parameter, given: bool) -> None:
    del parameter
    app = ctx.find_object(App)
    if given and app is not None:
        app.paged = False


NO_PAGER = click.option(
    "--no-pager",
    is_flag=True,
    expose_value=False,
    callback=_never,
    help="Show a long text at once, also on a terminal; default there: through $PAGER.",
)


def show(app: App, pieces: Iterable[str]) -> None:
    """Write a result that comes in *pieces*; through a pager if it is longer than the screen."""
    pager = _pager(app)
    if pager is None:
        app.out_pieces(pieces)
        return
    import shutil

    rows = shutil.get_terminal_size((100, 24)).lines
    source = iter(pieces)
    first, lines = [], 0
    for piece in source:
        first.append(piece)
        lines += piece.count("\n")
        if lines >= rows:
            if not _runs(pager):
                break
            _through(pager, chain(first, source), app.environ)
            return
    app.out_pieces(chain(first, source))


def _pager(app: App) -> str | None:
    """The command that pages; None where nothing is to be paged."""
    if not app.paged or app.taken or sys.stdout is None or not sys.stdout.isatty():
        return None
    if app.environ.get("TERM") in (None, "", "dumb"):
        return None
    import shutil  # with all that packs archives

    named = app.environ.get("PAGER")
    if named is None:
        return "less -R" if shutil.which("less") else None
    return named if named.strip() not in ("", "cat") else None


def _runs(pager: str) -> bool:
    """Whether the first word of the command *pager* is one that can be run."""
    import shutil

    try:
        words = shlex.split(pager)
    except ValueError:
        return False
    return bool(words) and shutil.which(words[0]) is not None


def _through(pager: str, pieces: Iterator[str], environ: Mapping[str, str]) -> None:
    """Give *pieces* to the command *pager*, as a shell reads it."""
    import subprocess

    env = {**os.environ, "LESS": environ.get("LESS", "FRX"), "LV": environ.get("LV", "-c")}
    process = subprocess.Popen(pager, shell=True, stdin=subprocess.PIPE, env=env)  # noqa: S602
    assert process.stdin is not None
    try:
        with suppress(BrokenPipeError):  # whoever has seen enough leaves
            for piece in pieces:
                data = piece.encode(sys.stdout.encoding or "utf-8", "backslashreplace")
                process.stdin.write(data)
    finally:
        with suppress(BrokenPipeError):
            process.stdin.close()  # it waits for more, else, and we for its end
        _until_ended(process)


def _until_ended(process: "subprocess.Popen[bytes]") -> None:
    """An interrupt meanwhile is the pager's: less goes back to its prompt."""
    while process.poll() is None:
        with suppress(KeyboardInterrupt):
            process.wait()

"""`-` where a file can be named: standard input or output, each for one thing at a time."""

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

import click
from click.core import ParameterSource

from reconciler.errors import ReconcilerError, Usage

if TYPE_CHECKING:
    from reconciler.api.plan import Plan
    from reconciler.site import Site
    from reconciler.views.frame import Platform

STDIO = "-"
# The parameters of commands that name a file to read, and those that name one to write.
INPUTS = frozenset(
    [
        *("plan", "path", "other", "file", "arguments"),
        *("inventory", "source", "before", "after", "files", "from_"),
        *("key", "approvals", "allowed_signers"),
    ]
)
OUTPUTS = frozenset(["out", "target", "reports", "events", "dotenv"])


def taken(ctx: click.Context) -> bool:
    """Whether a `-` takes standard output from the view; `Usage` if two things want the same."""
    reads = list(_named(ctx, INPUTS))
    writes = list(_named(ctx, OUTPUTS))
    for what, names in (("input", reads), ("output", writes)):
        if len(names) > 1:
            raise Usage(f"{' and '.join(names)} both want standard {what}")
    asked = ctx.get_parameter_source("format_") is ParameterSource.COMMANDLINE
    if writes and asked and ctx.params.get("format_") != "text":
        raise Usage(f"{writes[0]} and --format {ctx.params['format_']} both want standard output")
    return bool(writes) and writes != ["--events -"]


def apart(ctx: click.Context, site: Callable[[], "Site"]) -> None:
    """`Usage` where a file would be written over one that is read, or twice.

    What is only converted may become itself, and a pull is there to write the inventory.
    """
    written = list(_files(ctx, OUTPUTS - {"target"}))
    known = list(_files(ctx, INPUTS))
    if any(os.path.isfile(path) for _, path in written):  # else there is nothing to write over
        known += site().named(inventory=ctx.command.name != "pull")
    for said, path in written:
        for what, other in known:
            if _same(path, other):
                raise Usage(f"{said} would be written over {what}; name another file")
        known.append((said, path))


def _same(one: str, other: str) -> bool:
    if os.path.exists(one) and os.path.exists(other):
        return os.path.isfile(one) and os.path.samefile(one, other)
    return os.path.realpath(one) == os.path.realpath(other)


def _files(ctx: click.Context, kinds: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Every file among the parameters of these *kinds*: as it was written, and its path."""
    for said, path in _given(ctx, kinds):
        if path != STDIO and "\0" not in path:
            yield said, path


def _named(ctx: click.Context, kinds: frozenset[str]) -> Iterator[str]:
    """Every `-` among the parameters of these *kinds*, as it was written."""
    return (said for said, path in _given(ctx, kinds) if path == STDIO)


def _given(ctx: click.Context, kinds: frozenset[str]) -> Iterator[tuple[str, str]]:
    for one in ctx.command.params:
        if one.name not in kinds:
            continue
        shown = f"{max(one.opts, key=len)} " if isinstance(one, click.Option) else ""
        value = ctx.params.get(one.name)
        for each in value if isinstance(value, tuple | list) else (value,):
            if isinstance(each, tuple):
                yield f"{shown}{each[0]}={each[-1]}", each[-1]
            elif isinstance(each, str):
                yield f"{shown}{each}", each


def stdin() -> BinaryIO:
    """Standard input; `ReconcilerError` if there is none."""
    if sys.stdin is None:
        raise ReconcilerError("standard input is closed")
    return sys.stdin.buffer


def plan_of(path: str) -> "Plan":
    """The plan in the file *path*, or on standard input."""
    from reconciler.api.plan import read_plan

    return read_plan(stdin() if path == STDIO else path)


def given(path: str | None) -> "Plan | str | None":
    """*path* as the library takes it; of `-` the plan."""
    return plan_of(path) if path == STDIO else path


def on_disk(path: str | None) -> str | None:
    """*path*; of `-` a file that only we can read, until the command ends, for who needs one."""
    if path != STDIO:
        return path
    from shutil import copyfileobj
    from tempfile import TemporaryDirectory

    made = TemporaryDirectory(prefix="reconciler-")
    place = Path(click.get_current_context().with_resource(made), "stdin")
    place.touch(0o600)
    with place.open("wb") as file:
        copyfileobj(stdin(), file)
    return str(place)


@contextmanager
def file_for(path: str, name: str) -> Iterator[str]:
    """A file to write in place of *path*: of `-` another, which then goes to standard output.

    *name*: what that is called; its suffix may say a format.
    """
    if path != STDIO:
        yield path
        return
    from shutil import copyfileobj
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="reconciler-") as folder:
        place = Path(folder, name)
        yield str(place)
        if place.exists():
            with place.open("rb") as file:
                copyfileobj(file, sys.stdout.buffer)
            sys.stdout.flush()


class _Shown(Protocol):
    """A plan, a comparison of two, a report."""

    def pieces(
        self,
        format: str,
        *,
        fit: "Platform | None",
        run: str | None,
    ) -> Iterator[str]: ...
    def write(
        self,
        path: str,
        format: str,
        *,
        fit: "Platform | None",
        run: str | None,
    ) -> object: ...


def write_views(
    shown: _Shown, reports: Sequence[tuple[str, str]], fit: "Platform | None", run: str | None
) -> None:
    """The views of `--report`, each to its file or, with *fit*, files. *run*: its page in a CI."""
    for name, file in reports:
        if file == STDIO:
            deliver(shown.pieces(name, fit=fit, run=run))
        else:
            shown.write(file, name, fit=fit, run=run)


def deliver(pieces: Iterable[str]) -> None:
    """Write *pieces* to standard output to the byte."""
    for piece in pieces:
        sys.stdout.buffer.write(piece.encode("utf-8", "backslashreplace"))
    sys.stdout.buffer.flush()

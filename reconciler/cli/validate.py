"""`reconciler validate`: project and manifests checked; no inventory, no secret, no network."""

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import click
import msgspec

from reconciler.cli._options import report_option
from reconciler.cli._stdio import STDIO, deliver
from reconciler.cli.app import App, pass_app
from reconciler.errors import Diagnostic, Exit, InputError


def _formats() -> Collection[str]:
    from reconciler.views.diagnostics import FORMATS

    return FORMATS


@click.command(
    epilog="""\b
Examples:
  reconciler validate
  reconciler validate manifests/diwali.yaml
  reconciler validate --format github
"""
)
@click.argument("paths", nargs=-1, type=click.Path())
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json", "github", "sarif"]),
    default="text",
    show_default=True,
    help="How the diagnostics are shown.",
)
@report_option(_formats)
@pass_app
def command(
    app: App, paths: tuple[str, ...], format_: str, reports: Sequence[tuple[str, str]]
) -> int:
    """Check the project file and every manifest, and tell all that is wrong at once.

    With PATHs (files or folders) only what concerns them is told; everything is read all the
    same. Warnings do not fail.
    """
    files: tuple[str, ...] = ()
    try:
        found = app.project.validate(paths)
        files, told, valid = found.files, found.diagnostics, True
    except InputError as error:
        told, valid = error.diagnostics, False
    for name, file in reports:
        _write(app, name, file, told, valid)
    if format_ == "text":
        _text(app, len(files), told, valid)
    else:
        from reconciler.views.diagnostics import FORMATS

        app.out("".join(FORMATS[format_](_from_repository(told, app.environ), valid)))
    return Exit.OK if valid else Exit.ERROR


def _write(app: App, name: str, file: str, told: Sequence[Diagnostic], valid: bool) -> None:
    from reconciler.api.written import write_parts
    from reconciler.views.diagnostics import FORMATS

    pieces = FORMATS[name](_from_repository(told, app.environ), valid)
    if file == STDIO:
        deliver(pieces)
    else:
        write_parts(Path(file), [pieces])


def _text(app: App, files: int, told: Sequence[Diagnostic], valid: bool) -> None:
    app.log.diagnostics([one for one in told if one.severity == "error" or not app.quiet])
    warnings = sum(one.severity == "warning" for one in told)
    counts = [_count(len(told) - warnings, "error"), _count(warnings, "warning")]
    read = _count(files, "file")
    said = ", ".join(one for one in counts if one)
    app.out(f"valid: {read} read{f', {said}' if said else ''}" if valid else f"not valid: {said}")


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'s' * (number != 1)}" if number else ""


def _from_repository(
    told: Sequence[Diagnostic], environ: Mapping[str, str]
) -> tuple[Diagnostic, ...]:
    """Paths as a code host knows them: from the checkout's top, wherever we were started."""
    top = environ.get("GITHUB_WORKSPACE")
    if not top:
        return tuple(told)
    real = os.path.realpath(top)
    return tuple(
        msgspec.structs.replace(one, path=os.path.relpath(place, real))
        if one.path and Path(place := os.path.realpath(one.path)).is_relative_to(real)
        else one
        for one in told
    )

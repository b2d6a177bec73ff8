"""`reconciler validate`: project and manifests checked; no inventory, no secret, no network."""

from collections.abc import Collection, Sequence
from pathlib import Path

import click

from reconciler.api.validate import checked_out
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

        app.out("".join(FORMATS[format_](checked_out(told, app.environ), valid)))
    return Exit.OK if valid else Exit.ERROR


def _write(app: App, name: str, file: str, told: Sequence[Diagnostic], valid: bool) -> None:
    from reconciler.api.written import write_parts
    from reconciler.views.diagnostics import FORMATS

    pieces = FORMATS[name](checked_out(told, app.environ), valid)
    if file == STDIO:
        deliver(pieces)
    else:
        write_parts(Path(file), [pieces])


def _text(app: App, files: int, told: Sequence[Diagnostic], valid: bool) -> None:
    from reconciler.views.verdict import verdict

    app.log.diagnostics([one for one in told if one.severity == "error" or not app.quiet])
    app.out(verdict(files, told, valid))

"""`reconciler validate`: project and manifests checked; no inventory, no secret, no network."""

import os
from collections.abc import Callable, Mapping, Sequence

import click
import msgspec

from reconciler import __version__
from reconciler.cli.app import App, pass_app
from reconciler.errors import Diagnostic, Exit, ReconcilerError
from reconciler.safe import printable_json
from reconciler.site import Loaded

_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


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
    "view",
    type=click.Choice(["text", "json", "github", "sarif"]),
    default="text",
    show_default=True,
    help="How the diagnostics are shown.",
)
@pass_app
def command(app: App, paths: tuple[str, ...], view: str) -> int:
    """Check the project file and every manifest, and tell all that is wrong at once.

    With PATHs (files or folders) only what concerns them is told; everything is read all the
    same. Warnings do not fail.
    """
    loaded = _read(app)
    shown = _only(loaded, paths)
    valid = not any(one.severity == "error" for one in shown)
    if view == "text":
        _text(app, loaded, shown, valid)
    else:
        app.out(_VIEWS[view](_from_repository(shown, app.environ), valid))
    return Exit.OK if valid else Exit.ERROR


def _read(app: App) -> Loaded:
    """All there is; a project file that cannot be read is a diagnostic like any other."""
    try:
        return app.read()
    except ReconcilerError as error:
        path = app.shown(app.config)
        return Loaded(None, (), (), (Diagnostic("error", "unreadable", str(error), path),))


def _only(loaded: Loaded, paths: Sequence[str]) -> tuple[Diagnostic, ...]:
    """The diagnostics of *paths* (all without any), by file and line."""
    wanted = [os.path.abspath(path) for path in paths]
    known = {*loaded.files, *(one.path for one in loaded.diagnostics if one.path)}
    for given, path in zip(paths, wanted, strict=True):
        if not any(_covers(path, file) for file in known):
            raise ReconcilerError(f"{given} is none of the project's files, or holds none")
    return tuple(
        one
        for one in loaded.diagnostics
        if not wanted or (one.path and any(_covers(path, one.path) for path in wanted))
    )


def _covers(path: str, file: str) -> bool:
    full = os.path.abspath(file)
    return full == path or full.startswith(path.rstrip(os.sep) + os.sep)


# ---------------------------------------------------------------- views


def _text(app: App, loaded: Loaded, shown: Sequence[Diagnostic], valid: bool) -> None:
    from reconciler.cli.main import show_diagnostics

    show_diagnostics([one for one in shown if one.severity == "error" or not app.quiet])
    warnings = sum(one.severity == "warning" for one in shown)
    counts = [_count(len(shown) - warnings, "error"), _count(warnings, "warning")]
    read = _count(len(loaded.files), "file")
    said = ", ".join(one for one in counts if one)
    app.out(f"valid: {read} read{f', {said}' if said else ''}" if valid else f"not valid: {said}")


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'s' * (number != 1)}" if number else ""


def _from_repository(
    shown: Sequence[Diagnostic], environ: Mapping[str, str]
) -> tuple[Diagnostic, ...]:
    """Paths as a code host knows them: from the checkout's top, wherever we were started."""
    top = environ.get("GITHUB_WORKSPACE")
    if not top:
        return tuple(shown)
    real = os.path.realpath(top)
    return tuple(
        msgspec.structs.replace(one, path=os.path.relpath(os.path.realpath(one.path), real))
        if one.path and _covers(real, os.path.realpath(one.path))
        else one
        for one in shown
    )


def _json(shown: Sequence[Diagnostic], valid: bool) -> str:
    import json

    listed = [
        {
            "severity": one.severity,
            "code": one.code,
            "path": one.path,
            "line": one.line,
            "column": one.column,
            "message": one.message,
            "fix": one.fix,
        }
        for one in shown
    ]
    return printable_json(json.dumps({"valid": valid, "diagnostics": listed}, indent=2))


def _github(shown: Sequence[Diagnostic], valid: bool) -> str:
    from reconciler import safe

    lines = []
    for one in shown:
        place = {"file": one.path, "line": one.line, "col": one.column, "title": one.code}
        properties = ",".join(
            f"{key}={safe.github_property(safe.ci_log(str(value)))}"
            for key, value in place.items()
            if value is not None
        )
        text = one.message if one.fix is None else f"{one.message} ({one.fix})"
        lines.append(f"::{one.severity} {properties}::{safe.github_data(safe.ci_log(text))}")
    return "\n".join([*lines, "valid" if valid else "not valid"])


def _sarif(shown: Sequence[Diagnostic], valid: bool) -> str:
    import json

    del valid
    rules = [{"id": code} for code in sorted({one.code for one in shown})]
    driver = {
        "name": "reconciler",
        "semanticVersion": __version__,
        "rules": rules,
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(one) for one in shown],
    }
    document = {"$schema": _SARIF, "version": "2.1.0", "runs": [run]}
    return printable_json(json.dumps(document, indent=2))


def _result(one: Diagnostic) -> dict[str, object]:
    import hashlib
    from urllib.parse import quote

    text = one.message if one.fix is None else f"{one.message} ({one.fix})"
    identity = "\0".join((one.code, one.path or "", one.message)).encode("utf-8", "replace")
    result: dict[str, object] = {
        "ruleId": one.code,
        "level": one.severity,
        "message": {"text": text},
        "partialFingerprints": {"reconciler/v1": hashlib.sha256(identity).hexdigest()},
    }
    if one.path is not None:
        physical: dict[str, object] = {
            "artifactLocation": {"uri": quote(one.path, errors="surrogateescape")}
        }
        if one.line is not None:
            physical["region"] = {"startLine": one.line, "startColumn": one.column or 1}
        result["locations"] = [{"physicalLocation": physical}]
    return result


_VIEWS: dict[str, Callable[[Sequence[Diagnostic], bool], str]] = {
    "json": _json,
    "github": _github,
    "sarif": _sarif,
}

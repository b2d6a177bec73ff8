"""What is wrong with files, for people, CI and code hosts: text, JSON, GitHub annotations, SARIF.

Each view takes the diagnostics, by file and line, and whether the files are valid.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Literal

from reconciler import __version__
from reconciler.errors import Diagnostic
from reconciler.safe import advice, printable_json, terminal
from reconciler.views import rules, sarif
from reconciler.views.github import Annotation, most

Told = Sequence[Diagnostic]
_PROJECT = "reconciler.yaml"


def text(told: Told, valid: bool) -> Iterator[str]:
    """A line a diagnostic, and the verdict."""
    for one in told:
        place = f"{one.place}: " if one.place else ""
        fix = advice(f" ({one.fix})") if one.fix else ""
        yield terminal(f"{place}{one.severity}: {one.message}") + fix + "\n"
    yield "valid\n" if valid else "not valid\n"


def as_json(told: Told, valid: bool) -> Iterator[str]:
    """One JSON object; a diagnostic has every key, null when unknown."""
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
        for one in told
    ]
    yield printable_json(json.dumps({"valid": valid, "diagnostics": listed}, indent=2)) + "\n"


def github(told: Told, valid: bool) -> Iterator[str]:
    """Ten annotations a level at most, the tenth counts the rest; then the verdict."""
    levels: tuple[Literal["error", "warning"], ...] = ("error", "warning")
    for level in levels:
        yield from most(
            [
                Annotation(level, one.code, _said(one), one.path, one.line, one.column)
                for one in told
                if one.severity == level
            ]
        )
    yield "valid\n" if valid else "not valid\n"


def as_sarif(told: Told, valid: bool) -> Iterator[str]:
    """SARIF 2.1.0 with one run; that is valid whatever it tells.

    Code scanning shows nothing that has no place: what is of no file is told of the project's.
    """
    del valid
    results = [
        sarif.SarifResult(
            rules.diagnostic(one.code, one.severity),
            _said(one),
            one.path or _PROJECT,
            one.line,
            f"{one.path}\0{one.message}",
            one.column,
        )
        for one in told
    ]
    return sarif.document("reconciler", __version__, results)


def _said(one: Diagnostic) -> str:
    return one.message if one.fix is None else f"{one.message} ({one.fix})"


FORMATS: dict[str, Callable[[Told, bool], Iterator[str]]] = {
    "text": text,
    "json": as_json,
    "github": github,
    "sarif": as_sarif,
}

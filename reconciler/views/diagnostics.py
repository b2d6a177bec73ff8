"""What is wrong with files, for CI and code hosts: JSON, GitHub annotations, SARIF.

Each view takes the diagnostics, by file and line, and whether the files are valid.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from urllib.parse import quote

from reconciler import __version__, safe
from reconciler.errors import Diagnostic

_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


def as_json(shown: Sequence[Diagnostic], valid: bool) -> str:
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
        for one in shown
    ]
    return safe.printable_json(json.dumps({"valid": valid, "diagnostics": listed}, indent=2))


def github(shown: Sequence[Diagnostic], valid: bool) -> str:
    """A workflow command a line, and the verdict."""
    lines = []
    for one in shown:
        place = {"file": one.path, "line": one.line, "col": one.column, "title": one.code}
        properties = ",".join(
            f"{key}={safe.github_property(safe.ci_log(str(value)))}"
            for key, value in place.items()
            if value is not None
        )
        lines.append(f"::{one.severity} {properties}::{safe.github_data(safe.ci_log(_text(one)))}")
    return "\n".join([*lines, "valid" if valid else "not valid"])


def sarif(shown: Sequence[Diagnostic], valid: bool) -> str:
    """SARIF 2.1.0 with one run; that is valid whatever it tells."""
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
    return safe.printable_json(json.dumps(document, indent=2))


def _result(one: Diagnostic) -> dict[str, object]:
    identity = "\0".join((one.code, one.path or "", one.message)).encode("utf-8", "replace")
    result: dict[str, object] = {
        "ruleId": one.code,
        "level": one.severity,
        "message": {"text": _text(one)},
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


def _text(one: Diagnostic) -> str:
    return one.message if one.fix is None else f"{one.message} ({one.fix})"


FORMATS: dict[str, Callable[[Sequence[Diagnostic], bool], str]] = {
    "json": as_json,
    "github": github,
    "sarif": sarif,
}

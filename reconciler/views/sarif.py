"""Plan as SARIF 2.1.0: every deletion and refusal at the manifest line that asks for it."""

import hashlib
import json
from collections.abc import Iterator
from urllib.parse import quote

from reconciler.model import Action, Plan, Source
from reconciler.safe import cap, visible
from reconciler.views import words

_MOST = 5_000  # results GitHub keeps of a file
_LEVELS = {"delete": "note", "refuse": "warning"}
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def plan(plan: Plan, *, digest: str) -> str:
    """Violations first, then refusals, warnings, deletions; the last result counts what is cut."""
    results = list(_results(plan, digest))
    if len(results) > _MOST:
        hidden = len(results) - _MOST + 1
        said = f"{hidden:,} more results are not shown here. Plan {digest}"
        more = _result("left-out", "warning", said, _at(plan.inputs.project.path, 1))
        results = [*results[: _MOST - 1], more]
    name, _, version = plan.metadata.tool.partition(" ")
    rules = sorted({str(result["ruleId"]) for result in results})
    document = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": visible(name),
                        "semanticVersion": visible(version or "0.0.0"),
                        "rules": [{"id": one, "name": one} for one in rules],
                    }
                },
                "properties": {"plan": digest, "summary": words.headline(plan)},
                "results": results,
            }
        ],
    }
    return json.dumps(document, indent=1).replace("##", "#\\u0023") + "\n"


def _results(plan: Plan, digest: str) -> Iterator[dict[str, object]]:
    mask = words.plan_masker(plan)
    project = plan.inputs.project.path
    for violation in plan.violations:
        said = mask(f"{violation.account or 'plan'}: {violation.message} (plan {digest})")
        yield _result(violation.guard, "error", said, _at(project, 1))
    for action in plan.actions:
        if action.action == "refuse":
            yield _action(action, mask(action.message or str(action.reason)), project)
    for warning in plan.warnings:
        place = _at(warning.path or project, warning.line or 1)
        yield _result(warning.code, "warning", mask(warning.message), place)
    for action in plan.actions:
        if action.action == "delete":
            yield _action(action, mask(action.message or ""), project)


def _action(action: Action, message: str, project: str) -> dict[str, object]:
    who = f"{action.account}/{action.id if action.id is not None else ''}"
    name = f' "{action.name}"' if action.name is not None else ""
    verb = "is to be deleted" if action.action == "delete" else "is refused"
    parts = f", {words.count(len(action.parts), words.parts_noun(action))}" if action.parts else ""
    said = f"{who}{name} {verb} ({action.reason}{parts})" + (f": {message}" if message else "")
    sources = action.sources or (Source(manifest="", path=project, line=1),)
    made = _result(
        f"{action.action}-{action.reason}",
        _LEVELS[action.action],
        said,
        _at(sources[0].path, sources[0].line),
        key="\0".join((action.action, action.account, action.id or "", action.name or "")),
    )
    if len(sources) > 1:
        made["relatedLocations"] = [_at(one.path, one.line) for one in sources[1:10]]
    return made


def _result(
    rule: str, level: str, message: str, place: dict[str, object], key: str | None = None
) -> dict[str, object]:
    mark = hashlib.sha256((key or f"{rule}\0{message}").encode("utf-8", "backslashreplace"))
    return {
        "ruleId": visible(rule),
        "level": level,
        "message": {"text": _plain(cap(visible(message), 1000))},
        "locations": [place],
        "partialFingerprints": {"reconcilerTarget/v1": mark.hexdigest()},
    }


def _plain(text: str) -> str:
    """SARIF text may hold `[links](1)`; a backslash keeps the brackets as they are."""
    return text.replace("[", "\\[").replace("]", "\\]")


def _at(path: str, line: int) -> dict[str, object]:
    uri = quote(path.encode("utf-8", "backslashreplace"), safe="/~")
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": uri},
            "region": {"startLine": max(line, 1)},
        }
    }

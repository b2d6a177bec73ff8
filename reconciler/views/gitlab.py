"""GitLab: the Terraform widget (`reports:terraform`) and Code Quality (`reports:codequality`)."""

import hashlib
import json

from reconciler.model import Plan
from reconciler.safe import cap, visible
from reconciler.views import words

_MOST = 999_999  # the widget takes no larger number


def terraform(plan: Plan, *, digest: str = "") -> str:
    """`create`, `update` and `delete`; the widget needs all three."""
    del digest
    counts = {"create": 0, "update": 0, "delete": min(plan.summary.delete, _MOST)}
    return json.dumps(counts) + "\n"


def code_quality(plan: Plan, *, digest: str = "") -> str:
    """Violations, refusals and warnings at the lines that ask; deletions are no complaint."""
    del digest
    mask = words.plan_masker(plan)
    project = plan.inputs.project.path
    found: list[dict[str, object]] = []
    for violation in plan.violations:
        said = mask(f"{violation.account or 'plan'}: {violation.message}")
        found.append(_issue("blocker", violation.guard, said, project, 1))
    for action in plan.actions:
        if action.action == "refuse":
            path, line = (
                (action.sources[0].path, action.sources[0].line) if action.sources else (project, 1)
            )
            who = f"{action.account}/{action.id or action.name or ''}"
            said = mask(f"{who} is refused: {action.message or action.reason}")
            found.append(_issue("major", f"refused-{action.reason}", said, path, line))
    for warning in plan.warnings:
        found.append(
            _issue(
                "minor", warning.code, mask(warning.message), warning.path or project, warning.line
            )
        )
    return _unique(found)


def _issue(
    severity: str, check: str, message: str, path: str, line: int | None
) -> dict[str, object]:
    return {
        "description": cap(visible(message), 1000),
        "check_name": visible(check),
        "severity": severity,
        "location": {"path": visible(path), "lines": {"begin": line or 1}},
    }


def _unique(issues: list[dict[str, object]]) -> str:
    """Equal issues are told once; the fingerprint is a digest of the whole issue."""
    prints: dict[str, dict[str, object]] = {}
    for issue in issues:
        mark = hashlib.sha256(json.dumps(issue, sort_keys=True).encode()).hexdigest()
        prints.setdefault(mark, {**issue, "fingerprint": mark})
    return json.dumps(list(prints.values()), indent=1).replace("##", "#\\u0023") + "\n"

"""GitLab: the Terraform widget (`reports:terraform`) and Code Quality (`reports:codequality`)."""

import hashlib
import json
from collections.abc import Iterable, Iterator

from reconciler.model import Outcome, PlanDocument, ReportDocument
from reconciler.safe import cap, printable_json, visible
from reconciler.views import causes, words
from reconciler.views.askers import Askers
from reconciler.views.frame import Frame

_SEVERITIES = {
    Outcome.IN_DOUBT: "blocker",
    Outcome.REFUSED: "major",
    Outcome.DRIFTED: "major",
    Outcome.PENDING: "minor",
}
_MOST = 999_999  # the widget takes no larger number


def terraform(plan: PlanDocument, frame: Frame) -> Iterator[str]:
    """`create`, `update` and `delete`; the widget needs all three."""
    del frame
    counts = {"create": 0, "update": 0, "delete": min(plan.summary.delete, _MOST)}
    yield json.dumps(counts) + "\n"


def code_quality(plan: PlanDocument, frame: Frame) -> Iterator[str]:
    """Violations, refusals and warnings at the lines that ask; deletions are no complaint."""
    del frame
    return _listed(_issues(plan))


def code_quality_report(
    report: ReportDocument, plan: PlanDocument | None, frame: Frame
) -> Iterator[str]:
    """What is not gone, at the lines that asked, the worst first."""
    del frame  # the report names its plan
    return _listed(_undone(report, plan))


def _undone(report: ReportDocument, plan: PlanDocument | None) -> Iterator[dict[str, object]]:
    known = Askers(report.manifests)
    show = words.Masking.of_report(report, plan)
    for outcome, one in causes.undone(report, show):
        count = words.count(one.count, "target is", "targets are")
        why = f" ({one.reason})" if one.reason else ""
        said = f"{causes.of_whom(one)}: {count} {outcome}{why}: {one.names(5)}."
        said = f"{said} {causes.behind(one, known)}".rstrip()
        place = one.path or "reconciler.yaml"
        yield _issue(_SEVERITIES[outcome], f"outcome-{outcome}", said, place, one.line)


def _listed(issues: Iterable[dict[str, object]]) -> Iterator[str]:
    seen: set[str] = set()
    for issue in issues:
        mark = hashlib.sha256(json.dumps(issue, sort_keys=True).encode()).hexdigest()
        if mark in seen:  # equal issues are told once
            continue
        text = printable_json(json.dumps({**issue, "fingerprint": mark}))
        yield f",\n {text}" if seen else f"[\n {text}"
        seen.add(mark)
    yield "\n]\n" if seen else "[]\n"


def _issues(plan: PlanDocument) -> Iterator[dict[str, object]]:
    mask = words.plan_masker(plan)
    known = Askers(plan.inputs.manifests)
    project = plan.inputs.project.path
    for violation in plan.violations:
        said = mask(f"{violation.account or 'plan'}: {violation.message}")
        place = violation.path or project
        yield _issue("blocker", violation.guard, said, place, violation.line)
    for one in causes.of_actions(plan.actions, "refuse"):
        count = words.count(one.count, "campaign is", "campaigns are")
        said = f"{one.account}: {count} refused ({one.reason}): {one.names(5)}."
        said = mask(f"{said} {causes.behind(one, known)}".rstrip())
        yield _issue("major", f"refused-{one.reason}", said, one.path or project, one.line)
    for warning in plan.warnings:
        place = warning.path or project
        yield _issue("minor", warning.code, mask(warning.message), place, warning.line)


def _issue(
    severity: str, check: str, message: str, path: str, line: int | None
) -> dict[str, object]:
    return {
        "description": cap(visible(message), 1000),
        "check_name": visible(check),
        "severity": severity,
        "location": {"path": visible(path), "lines": {"begin": line or 1}},
    }

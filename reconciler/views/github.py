"""GitHub Actions: annotations (`::error ...`) and the text of a step summary."""

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.model import Outcome, Plan, Report
from reconciler.safe import cap, ci_log, github_data, github_property, quoted
from reconciler.views import markdown, words
from reconciler.views.fit import utf8_bytes

SUMMARY = 1024 * 1024 - 1024  # bytes GitHub takes from a step, less some slack
_MOST = 10  # annotations of one level that GitHub shows of a step


@dataclass(frozen=True, slots=True)
class _Annotation:
    level: str
    title: str
    message: str
    path: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        place = {"file": self.path, "line": self.line, "title": self.title}
        properties = ",".join(
            f"{name}={github_property(ci_log(str(value)))}"
            for name, value in place.items()
            if value is not None
        )
        return f"::{self.level} {properties}::{github_data(cap(self.message, 1000))}\n"


def plan(plan: Plan, *, digest: str) -> str:
    """A notice with counts and digest, an error a violation, a warning a refusal or warning.

    GitHub shows ten a level and step; the tenth then says how many are not shown.
    """
    mask = words.plan_masker(plan)
    said = words.unchanged(plan) if words.nothing(plan) else words.headline(plan)
    notice = _Annotation("notice", "Campaign deletions", f"{said}. Plan {ci_log(digest)}")
    errors = [
        _Annotation(
            "error",
            one.guard,
            ci_log(mask(f"{one.account}: {one.message}" if one.account else one.message)),
            plan.inputs.project.path,
        )
        for one in plan.violations
    ]
    warnings = [
        _Annotation("warning", one.code, ci_log(mask(one.message)), one.path, one.line)
        for one in plan.warnings
    ]
    for action in plan.actions:
        if action.action == "refuse":
            source = action.sources[0] if action.sources else None
            name = quoted(action.name, most=120) if action.name is not None else ""
            who = f"{action.account}/{action.id or ''}"
            message = ci_log(mask(f"{who} {name}: {action.message or action.reason}"))
            path, line = (source.path, source.line) if source else (None, None)
            warnings.append(
                _Annotation("warning", f"Refused: {action.reason}", message, path, line)
            )
    return str(notice) + _most(errors) + _most(warnings)


def report(report: Report, *, digest: str = "", plan: Plan | None = None) -> str:
    """A notice with the counts, an error a doubt, a warning for what was refused or drifted."""
    del digest  # the report names its plan
    show = words.Shown.of_report(report, plan)
    counts = ", ".join(f"{report.summary.get(one, 0):,} {one}" for one in words.OUTCOMES)
    said = [str(_Annotation("notice", "Campaign deletions", f"{counts}. {ci_log(report.plan)}"))]
    for level, outcomes in (
        ("error", (Outcome.IN_DOUBT,)),
        ("warning", (Outcome.REFUSED, Outcome.DRIFTED, Outcome.PENDING)),
    ):
        found = [target for target in report.targets if target.outcome in outcomes]
        annotations = []
        for target in found:
            part = show.part(target)
            who = f"{target.account}/{target.id}" + (f"#{part}" if part is not None else "")
            message = ci_log(show.sentence(f"{who}: {target.detail or target.outcome}"))
            annotations.append(_Annotation(level, str(target.outcome), message))
        said.append(_most(annotations))
    return "".join(said)


def _most(annotations: Sequence[_Annotation]) -> str:
    if len(annotations) <= _MOST:
        return "".join(map(str, annotations))
    hidden = len(annotations) - _MOST + 1
    more = _Annotation(
        annotations[0].level, "Not all are shown", f"{hidden:,} more of these are not shown here"
    )
    return "".join(map(str, [*annotations[: _MOST - 1], more]))


def plan_summary(plan: Plan, *, digest: str) -> str:
    """The text to append to `$GITHUB_STEP_SUMMARY`, within 1 MiB."""
    return markdown.plan(plan, digest=digest, limit=SUMMARY, measure=utf8_bytes)


def report_summary(report: Report, *, digest: str = "", plan: Plan | None = None) -> str:
    """The same for a report."""
    return markdown.report(report, digest=digest, plan=plan, limit=SUMMARY, measure=utf8_bytes)

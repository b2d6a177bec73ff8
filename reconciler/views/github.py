"""GitHub Actions: annotations (`::error ...`) and the text of a step summary.

GitHub shows ten annotations of a level and step. So each tells a cause with how much it is
behind, the heaviest first, and the tenth says how many are not shown.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from reconciler.model import Outcome, PlanDocument, PlanWarning, ReportDocument, Violation
from reconciler.safe import cap, ci_log, github_data, github_property
from reconciler.views import causes, markdown, words
from reconciler.views.askers import Askers
from reconciler.views.causes import Cause
from reconciler.views.fit import utf8_bytes
from reconciler.views.frame import Frame

SUMMARY = 1024 * 1024 - 1024  # bytes GitHub takes from a step, less some slack
MOST = 10  # annotations of one level that GitHub shows of a step

Level = Literal["error", "warning", "notice"]


class Annotation(msgspec.Struct, frozen=True):
    """One annotation. *title*, *message* and *path* are foreign; nothing in them is an order."""

    level: Level
    title: str
    message: str
    path: str | None = None
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        place = {"file": self.path, "line": self.line, "col": self.column, "title": self.title}
        properties = ",".join(
            f"{name}={github_property(ci_log(str(value)))}"
            for name, value in place.items()
            if value is not None
        )
        said = github_data(cap(ci_log(self.message), 1000))
        return f"::{self.level} {properties}::{said}\n"


def plan(plan: PlanDocument, frame: Frame) -> Iterator[str]:
    """A notice with counts and digest; errors for violations, warnings for refusals and warnings,
    notices for deletions.
    """
    mask = words.plan_masker(plan)
    known = Askers(plan.inputs.manifests)
    said = words.unchanged(plan) if words.nothing(plan) else words.headline(plan)
    yield str(Annotation("notice", "Campaign deletions", f"{said}. Plan {frame.digest}"))
    yield from most([_violation(one, plan, mask) for one in plan.violations])
    refused = sorted(causes.of_actions(plan.actions, "refuse"), key=lambda one: -one.count)
    warned = [_warning(one, mask) for one in plan.warnings]
    yield from most([*(_refused(one, known, mask) for one in refused), *warned])
    deleted = sorted(causes.of_actions(plan.actions, "delete"), key=lambda one: -one.count)
    # One of the ten notices is the first line.
    yield from most([_deleted(one, known, mask) for one in deleted], MOST - 1)


def _violation(one: Violation, plan: PlanDocument, mask: words.Mask) -> Annotation:
    said = mask(f"{one.account}: {one.message}" if one.account else one.message)
    way_out = words.lifts(one)
    said += f". To lift it: {way_out}" if way_out else ""
    return Annotation("error", one.guard, said, one.path or plan.inputs.project.path, one.line)


def _warning(one: PlanWarning, mask: words.Mask) -> Annotation:
    return Annotation("warning", one.code, mask(one.message), one.path, one.line)


def _refused(one: Cause, known: Askers, mask: words.Mask) -> Annotation:
    why = f" ({one.message})" if one.message else ""
    said = mask(f"{_who(one)} {_are(one.count)} refused{why}: {one.names(5)}. {_by(one, known)}")
    return Annotation("warning", f"Refused: {one.reason}", said, one.path, one.line)


def _deleted(one: Cause, known: Askers, mask: words.Mask) -> Annotation:
    targets = f" ({words.count(one.targets, 'target')})" if one.targets != one.count else ""
    said = mask(
        f"{_who(one)}{targets} {_are(one.count)} to be deleted: {one.names(5)}. {_by(one, known)}"
    )
    return Annotation("notice", "To be deleted", said, one.path, one.line)


def report(report: ReportDocument, plan: PlanDocument | None, frame: Frame) -> Iterator[str]:
    """A notice with the counts, errors for doubts, warnings for what was refused, drifted or was
    not reached.
    """
    del frame  # the report names its plan
    show = words.Masking.of_report(report, plan)
    known = Askers(report.manifests)
    counts = ", ".join(f"{report.summary.get(one, 0):,} {one}" for one in words.OUTCOMES)
    by = f" Approved by {', '.join(report.approvals)}." if report.approvals else ""
    said = f"{counts}; {words.span(report)}.{by} Plan {report.plan}"
    yield str(Annotation("notice", "Campaign deletions", said))
    levels: tuple[tuple[Level, tuple[Outcome, ...]], ...] = (
        ("error", (Outcome.IN_DOUBT,)),
        ("warning", (Outcome.REFUSED, Outcome.DRIFTED, Outcome.PENDING)),  # by weight
    )
    for level, outcomes in levels:
        found: list[Annotation] = []
        for outcome in outcomes:
            some = (target for target in report.targets if target.outcome is outcome)
            found += [_outcome(level, one, known) for one in causes.of_targets(some, show)]
        yield from most(found)


def _outcome(level: Level, one: Cause, known: Askers) -> Annotation:
    count = words.count(one.count, "target")
    why = f": {one.reason}" if one.reason else ""
    said = f"{count} of {causes.of_whom(one)} {_are(one.count)} {one.kind}{why}. {one.names(5)}."
    if one.way_out is not None:
        said += f" To lift it: {one.way_out}."
    title = one.kind.capitalize()
    return Annotation(level, title, f"{said} {_by(one, known)}", one.path, one.line)


def _who(one: Cause) -> str:
    return f"{words.count(one.count, 'campaign')} of {one.account}"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _by(one: Cause, known: Askers) -> str:
    return causes.behind(one, known)


def most(annotations: Sequence[Annotation], number: int = MOST) -> Iterator[str]:
    """At most *number* of them; the last then counts those that are not shown."""
    shown = annotations if len(annotations) <= number else annotations[: number - 1]
    yield from map(str, shown)
    if hidden := len(annotations) - len(shown):
        said = f"{hidden:,} more of these are not shown here: GitHub shows {MOST} a step"
        yield str(Annotation(annotations[0].level, "Not all are shown", said))


def plan_summary(plan: PlanDocument, frame: Frame) -> Iterator[str]:
    """The text to append to `$GITHUB_STEP_SUMMARY`, within 1 MiB."""
    return markdown.plan_within(plan, frame, SUMMARY, utf8_bytes)


def report_summary(
    report: ReportDocument, plan: PlanDocument | None, frame: Frame
) -> Iterator[str]:
    """The same for a report."""
    return markdown.report_within(report, plan, frame, SUMMARY, utf8_bytes)

"""Plan and report as Markdown: a comment on a pull request, a step summary.

Counts, digest and who asks come first, details fold, and what does not fit goes on in further parts
or is counted. Names and ids are code spans: nothing in them mentions, links or formats.
"""

from collections.abc import Iterator

from reconciler.model import PlanDocument, ReportDocument
from reconciler.views.fit import Measure
from reconciler.views.frame import Frame
from reconciler.views.markdown.dialect import DIALECTS, MOST_PARTS, Dialect


def plan(plan: PlanDocument, frame: Frame) -> Iterator[str]:
    """One text, within the limit of `frame.fit`."""
    return _plan(plan, frame, _dialect(frame), 1)


def plan_parts(plan: PlanDocument, frame: Frame) -> Iterator[str]:
    """The texts for `frame.fit`, as many as it takes, ten at most; without one a single text."""
    return _plan(plan, frame, _dialect(frame), MOST_PARTS if frame.fit else 1)


def plan_within(plan: PlanDocument, frame: Frame, limit: int, measure: Measure) -> Iterator[str]:
    """One text within *limit* (at least 2,000)."""
    return _plan(plan, frame, Dialect(limit, measure=measure), 1)


def report(report: ReportDocument, plan: PlanDocument | None, frame: Frame) -> Iterator[str]:
    """One text, within the limit of `frame.fit`. *plan* tells numbers from message ids."""
    return _report(report, plan, frame, _dialect(frame), 1)


def report_parts(report: ReportDocument, plan: PlanDocument | None, frame: Frame) -> Iterator[str]:
    """The texts for `frame.fit`, as many as it takes, ten at most; without one a single text."""
    return _report(report, plan, frame, _dialect(frame), MOST_PARTS if frame.fit else 1)


def report_within(
    report: ReportDocument, plan: PlanDocument | None, frame: Frame, limit: int, measure: Measure
) -> Iterator[str]:
    """One text within *limit* (at least 2,000)."""
    return _report(report, plan, frame, Dialect(limit, measure=measure), 1)


def _dialect(frame: Frame) -> Dialect:
    return DIALECTS[frame.fit or "github"]


def _plan(plan: PlanDocument, frame: Frame, dialect: Dialect, most: int) -> Iterator[str]:
    from reconciler.views.markdown import of_plan

    return of_plan.parts(plan, frame, dialect, most=most)


def _report(
    report: ReportDocument, plan: PlanDocument | None, frame: Frame, dialect: Dialect, most: int
) -> Iterator[str]:
    from reconciler.views.markdown import of_report

    return of_report.parts(report, plan, frame, dialect, most=most)

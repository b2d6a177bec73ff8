"""Plan and report as one page that needs nothing else: no asset of others, all text escaped.

A plan and the report of its apply are the same page; the second says of every action what became of
it. The page's own style and script are allowed by their digests in a Content-Security-Policy, so
nothing that a name could smuggle in would run or load. Without a script, and on paper, every row is
shown.
"""

from collections.abc import Iterator

from reconciler.model import PlanDocument, ReportDocument
from reconciler.views.frame import Frame


def plan(plan: PlanDocument, frame: Frame) -> Iterator[str]:
    """The whole plan; numbers masked."""
    from reconciler.views.html import page

    return page.pieces(plan, None, frame)


def report(report: ReportDocument, plan: PlanDocument | None, frame: Frame) -> Iterator[str]:
    """The whole report on *plan*; numbers masked. Without the plan, what the report knows."""
    from reconciler.views.html import page

    return page.pieces(plan, report, frame)

"""What the next steps of a GitHub job may want to know: text to append to `$GITHUB_OUTPUT`.

Numbers, a digest and a truth value: nothing of a name gets there, so no value needs a delimiter.
"""

from collections.abc import Iterator

from reconciler.model import PlanDocument, ReportDocument
from reconciler.views import words
from reconciler.views.frame import Frame


def plan(plan: PlanDocument, frame: Frame) -> Iterator[str]:
    """`digest`, the counts, and whether the plan may be applied."""
    counts = plan.summary
    yield f"digest={frame.digest}\n"
    for name in ("delete", "refuse", "none", "targets"):
        yield f"{name}={getattr(counts, name)}\n"
    yield f"applicable={str(plan.applicable).lower()}\n"
    yield f"approvals={plan.approvals.required}\n"


def report(report: ReportDocument, plan: PlanDocument | None, frame: Frame) -> Iterator[str]:
    """`digest`, each outcome's count, and the exit code."""
    del plan, frame
    yield f"digest={report.plan}\n"
    for name in words.OUTCOMES:
        yield f"{name}={report.summary.get(name, 0)}\n"
    yield f"exit-code={report.exit_code}\n"

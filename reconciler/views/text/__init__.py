"""Plans, reports and dry runs as text for people, for a terminal of any width.

Whatever is foreign is escaped, names stand in quotes, ids are never shortened. Colour only repeats
what a sign or a word says. Every function yields whole lines, each with its end.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from reconciler.model import PlanDocument, ReportDocument
from reconciler.safe import terminal
from reconciler.views.frame import Frame


def plain_plan(plan_: PlanDocument, frame: Frame) -> Iterator[str]:
    """The plan for a file or a log: no colour, everything told, its digest at the end."""
    yield from plan(plan_, color=False, everything=True)
    yield f"\nPlan {terminal(frame.digest)}\n"


def plain_report(
    report_: ReportDocument, plan_: PlanDocument | None, frame: Frame
) -> Iterator[str]:
    """The report for a file or a log: no colour, everything told."""
    del frame  # the report names its plan
    return report(report_, plan_, color=False, everything=True)


def plan(
    plan: PlanDocument,
    *,
    color: bool,
    width: int = 100,
    show_numbers: bool = False,
    now: datetime | None = None,
    everything: bool = False,
) -> Iterator[str]:
    """The plan as people read it before they say yes.

    *width* in cells. *now* turns the inventory's time into an age; without it the plan's own time
    counts. *everything* also lists what is left untouched (absent, kept, expired).
    """
    from reconciler.views.text import of_plan

    options = of_plan.Options(
        color=color, width=width, show_numbers=show_numbers, now=now, everything=everything
    )
    return of_plan.lines(plan, options)


def plan_summary(
    plan: PlanDocument, *, color: bool, width: int = 100, now: datetime | None = None
) -> Iterator[str]:
    """The plan in counts: by manifest line, account, reason, age, status and owner."""
    from reconciler.views.text import summary

    return summary.lines(plan, color=color, width=width, now=now)


def report(
    report: ReportDocument,
    plan: PlanDocument | None = None,
    *,
    color: bool,
    width: int = 100,
    show_numbers: bool = False,
    everything: bool = False,
) -> Iterator[str]:
    """What an apply did, account by account and manifest by manifest.

    What is gone is counted and, with *everything*, listed; anything else is always listed.
    *plan* tells messages from phone numbers among the parts.
    """
    from reconciler.views.text import of_report

    return of_report.lines(
        report,
        plan,
        color=color,
        width=width,
        show_numbers=show_numbers,
        everything=everything,
    )


def dry_run(document: Mapping[str, Any], *, color: bool, width: int = 100) -> Iterator[str]:
    """The requests of a DryRun document (spec §5.5), in order; numbers are whole, secrets `***`."""
    from reconciler.views.text import dry

    return dry.lines(document, color=color, width=width)

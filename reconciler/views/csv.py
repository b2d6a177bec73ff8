"""Plan and report as CSV for spreadsheets: one action or target a row, no cell a formula."""

import csv
import io
from collections.abc import Iterable, Sequence

from reconciler.model import Plan, Report
from reconciler.safe import csv as cell
from reconciler.views import words

PLAN_COLUMNS = (
    "action",
    "reason",
    "account",
    "driver",
    "id",
    "name",
    "status",
    "channel",
    "createdAt",
    "updatedAt",
    "parts",
    "message",
    "sources",
    "waivers",
    "plan",
)
REPORT_COLUMNS = (
    "outcome",
    "account",
    "id",
    "part",
    "name",
    "detail",
    "evidence",
    "attempts",
    "lastAt",
    "lastStatus",
    "plan",
)


def plan(plan: Plan, *, digest: str) -> str:
    """A header row and a row an action, in the plan's order."""
    mask = words.plan_masker(plan)
    return _table(
        PLAN_COLUMNS,
        (
            (
                action.action,
                str(action.reason),
                action.account,
                action.driver,
                action.id or "",
                action.name or "",
                words.status(action.campaign),
                (action.campaign.channel if action.campaign else None) or "",
                _time(action.campaign.created_at if action.campaign else None),
                _time(action.campaign.updated_at if action.campaign else None),
                " ".join(words.parts(action)),
                mask(action.message or ""),
                " ".join(map(words.place, action.sources)),
                "; ".join(
                    f"{one.guard} until {one.until}: {mask(one.because)} ({one.ticket})"
                    for one in action.waivers
                ),
                digest,
            )
            for action in plan.actions
        ),
    )


def report(report: Report, *, digest: str = "", plan: Plan | None = None) -> str:
    """A header row and a row a target, in the plan's order."""
    del digest  # the report names its plan
    show = words.Shown.of_report(report, plan)
    return _table(
        REPORT_COLUMNS,
        (
            (
                str(target.outcome),
                target.account,
                target.id,
                show.part(target) or "",
                target.name or "",
                show.sentence(target.detail or ""),
                target.evidence or "",
                str(target.attempts),
                target.requests[-1].at if target.requests else "",
                _status(target.requests[-1].status if target.requests else None),
                report.plan,
            )
            for target in report.targets
        ),
    )


def _time(moment: object) -> str:
    return moment.isoformat() if hasattr(moment, "isoformat") else ""


def _status(status: int | None) -> str:
    return "" if status is None else str(status)


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([cell(one) for one in row] for row in rows)
    return text.getvalue()

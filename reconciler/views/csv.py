"""Plan and report as CSV for spreadsheets: one action or target a row, no cell a formula."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache

from reconciler.model import Action, PlanDocument, ReportDocument, Source, TargetReport, stamp
from reconciler.safe import csv as cell
from reconciler.views import words
from reconciler.views.askers import Askers
from reconciler.views.frame import Frame

_ASKED = ("manifest", "owner", "ticket", "why")
PLAN_COLUMNS = (
    *("action", "reason", "account", "driver", "id", "name", "status", "channel"),
    *(
        "createdAt",
        "updatedAt",
        "parts",
        "message",
        "lookFirst",
        "sources",
        *_ASKED,
        "waivers",
        "plan",
    ),
)
REPORT_COLUMNS = (
    *("outcome", "account", "driver", "id", "part", "name", "detail", "evidence", "attempts"),
    *("firstAt", "lastAt", "lastStatus", "copy", "sources", *_ASKED, "approvals", "plan"),
)


def plan(plan: PlanDocument, frame: Frame) -> Iterator[str]:
    """A header row and a row an action, in the plan's order."""
    mask = words.plan_masker(plan)
    known = Askers(plan.inputs.manifests)

    def row(action: Action) -> Sequence[str]:
        record = action.campaign
        return (
            action.action,
            str(action.reason),
            action.account,
            action.driver,
            action.id or "",
            action.name or "",
            words.status(record),
            (record.channel if record else None) or "",
            _time(record.created_at if record else None),
            _time(record.updated_at if record else None),
            " ".join(words.parts(action)),
            mask(action.message or ""),
            "; ".join(words.looked_at(action)),
            *_asked(action.sources, known),
            "; ".join(
                f"{one.guard} until {one.until}: {mask(one.because)} ({one.ticket})"
                for one in action.waivers
            ),
            frame.digest,
        )

    return _table(PLAN_COLUMNS, map(row, plan.actions))


def report(report: ReportDocument, plan: PlanDocument | None, frame: Frame) -> Iterator[str]:
    """A header row and a row a target, in the plan's order."""
    del frame  # the report names its plan
    show = words.Masking.of_report(report, plan)
    known = Askers(report.manifests)
    approvals = " ".join(report.approvals)

    def row(target: TargetReport) -> Sequence[str]:
        sent = target.requests
        return (
            str(target.outcome),
            target.account,
            target.driver or "",
            target.id,
            show.part(target) or "",
            target.name or "",
            show.sentence(target.detail or ""),
            target.evidence or "",
            str(target.attempts),
            sent[0].at if sent else "",
            sent[-1].at if sent else "",
            str(sent[-1].status or "") if sent else "",
            target.copy or "",
            *_asked(target.sources, known),
            approvals,
            report.plan,
        )

    return _table(REPORT_COLUMNS, map(row, report.targets))


def _asked(sources: Sequence[Source], known: Askers) -> Sequence[str]:
    """The lines that ask, and who is behind the first of them."""
    document = known.document(sources[0]) if sources else None
    return (
        " ".join(map(words.place, sources)),
        sources[0].manifest if sources else "",
        (document.owner if document else None) or "",
        (document.ticket if document else None) or "",
        (document.reason if document else None) or "",
    )


def _time(moment: datetime | None) -> str:
    return stamp(moment) if moment is not None else ""


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(columns)
    yield text.getvalue()
    shown = lru_cache(1024)(cell)  # most of what a row says, the one before it has said
    for row in rows:
        text.seek(0)
        text.truncate()
        writer.writerow(list(map(shown, row)))
        yield text.getvalue()

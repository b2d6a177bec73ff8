"""Plan and report as JSON. A plan's JSON is the plan file itself; the report is spec §5.5."""

import json

from reconciler.model import Plan, Report, TargetReport
from reconciler.plan.planfile import dumps
from reconciler.views import words


def plan(plan: Plan, *, digest: str = "") -> str:
    """The plan file's text: its UTF-8 bytes have the plan's digest."""
    del digest
    return dumps(plan).decode()


def report(
    report: Report, plan: Plan | None = None, *, digest: str = "", show_numbers: bool = False
) -> str:
    """One JSON object in ASCII, one target a line; ends with a newline.

    Phone numbers are masked unless *show_numbers*; *plan* tells them from message ids.
    """
    del digest  # the report names its plan
    show = words.Shown.of_report(report, plan, show_numbers=show_numbers)
    head = {
        "apiVersion": report.api_version,
        "kind": report.kind,
        "plan": report.plan,
        "startedAt": report.started_at,
        "endedAt": report.ended_at,
        "exitCode": report.exit_code,
        "summary": {one: report.summary.get(one, 0) for one in words.OUTCOMES},
    }
    targets = ",\n".join(f" {_ascii(_target(one, show))}" for one in report.targets)
    body = f'"targets":[\n{targets}\n ]' if targets else '"targets":[]'
    notes = _ascii([show.sentence(note) for note in report.notes])
    return f'{_ascii(head)[:-1]},\n {body},\n "notes":{notes}}}\n'


def _target(target: TargetReport, show: words.Shown) -> dict[str, object]:
    detail = target.detail
    return {
        "account": target.account,
        "id": target.id,
        "part": show.part(target),
        "name": target.name,
        "outcome": str(target.outcome),
        "detail": None if detail is None else show.sentence(detail),
        "evidence": target.evidence,
        "attempts": target.attempts,
        "requests": [
            {
                "at": one.at,
                "method": one.method,
                "url": show.sentence(one.url),
                "status": one.status,
            }
            for one in target.requests
        ],
    }


def _ascii(value: object) -> str:
    """JSON that is harmless in a terminal and in a CI log, whatever it says."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return text.replace("##", "#\\u0023").replace("\x7f", "\\u007f")

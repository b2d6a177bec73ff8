"""Plan and report as JSON. A plan's JSON is the plan file itself; the report is spec §5.5."""

import json
from collections.abc import Iterator

import msgspec

from reconciler.model import PlanDocument, ReportDocument, TargetReport
from reconciler.plan.planfile import dumps
from reconciler.safe import printable_json
from reconciler.views import words
from reconciler.views.frame import Frame


def plan(plan: PlanDocument, frame: Frame) -> Iterator[str]:
    """The plan file's text: its UTF-8 bytes have the plan's digest."""
    del frame
    yield dumps(plan).decode()


def report(report: ReportDocument, plan: PlanDocument | None, frame: Frame) -> Iterator[str]:
    """One JSON object in ASCII, one target a line; ends with a newline.

    *plan* tells phone numbers from message ids.
    """
    show = words.Masking.of_report(report, plan, show_numbers=frame.show_numbers)
    head = {
        "apiVersion": report.api_version,
        "kind": report.kind,
        "plan": report.plan,
        "startedAt": report.started_at,
        "endedAt": report.ended_at,
        "exitCode": report.exit_code,
        "summary": {one: report.summary.get(one, 0) for one in words.OUTCOMES},
    }
    yield f'{_ascii(head)[:-1]},\n "targets":['
    between = "\n "
    for one in report.targets:
        yield between + _ascii(_target(one, show))
        between = ",\n "
    yield "\n ]" if report.targets else "]"
    for key, value in (
        ("notes", [show.sentence(note) for note in report.notes]),
        ("approvals", list(report.approvals)),
        ("manifests", msgspec.to_builtins(report.manifests)),
        ("limits", msgspec.to_builtins(report.limits)),
    ):
        yield f",\n {_ascii(key)}:{_ascii(value)}"
    yield "}\n"


def _target(target: TargetReport, show: words.Masking) -> dict[str, object]:
    made: dict[str, object] = msgspec.to_builtins(target)
    detail = target.detail
    made["part"] = show.part(target)
    made["detail"] = None if detail is None else show.sentence(detail)
    for shown, sent in zip(made["requests"], target.requests, strict=True):  # type: ignore[call-overload]
        shown["url"] = show.sentence(sent.url)
    return made


def _ascii(value: object) -> str:
    """JSON that is harmless in a terminal and in a CI log, whatever it says."""
    return printable_json(json.dumps(value, ensure_ascii=True, separators=(",", ":")))

"""Plan and report as JSON. A plan's JSON is the plan file itself; the report is spec §5.5."""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress

import msgspec
from msgspec import structs

from reconciler.model import PlanDocument, ReportDocument, TargetReport
from reconciler.plan.lines import END
from reconciler.plan.planfile import dumps
from reconciler.plan.spool import Lines
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
    for some in _targets(report.targets, show):
        yield between + some
        between = ",\n "
    yield "\n ]" if report.targets else "]"
    for key, value in (
        ("notes", [show.sentence(note) for note in report.notes]),
        ("approvals", list(report.approvals)),
        ("manifests", report.manifests),
        ("limits", report.limits),
    ):
        yield f",\n {_ascii(key)}:{_ascii(value)}"
    yield "}\n"


def _targets(targets: Sequence[TargetReport], show: words.Masking) -> Iterator[str]:
    """One target a line, some together."""
    if show.whole is not None or not isinstance(targets, Lines):
        yield from (_ascii(_target(one, show)) for one in targets)
        return
    for text, some in targets.blocks():
        try:
            yield printable_json(text.removesuffix(END).decode("ascii").replace("\n", "\n "))
        except UnicodeError:
            yield from map(_ascii, some())


def _target(target: TargetReport, show: words.Masking) -> TargetReport:
    if show.whole is None:
        return target
    detail, sent = target.detail, target.requests
    return structs.replace(
        target,
        part=show.part(target),
        detail=None if detail is None else show.sentence(detail),
        requests=tuple(structs.replace(one, url=show.sentence(one.url)) for one in sent),
    )


def _ascii(value: object) -> str:
    """JSON that is harmless in a terminal and in a CI log, whatever it says."""
    with suppress(UnicodeError):  # nearly always it is in ASCII as it is
        return printable_json(msgspec.json.encode(value).decode("ascii"))
    plain = msgspec.to_builtins(value)
    return printable_json(json.dumps(plain, ensure_ascii=True, separators=(",", ":")))

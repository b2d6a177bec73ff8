"""Plan and report as JUnit XML: a manifest is a suite, an action or a target is a case.

Only what the schema that Jenkins checks against has: a case has no file or line of its own there,
so the suite carries the manifest's path and a case that did not pass says its line.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TypeVar

import msgspec

from reconciler.model import Action, Held, Outcome, PlanDocument, ReportDocument, TargetReport
from reconciler.safe import cap, xml
from reconciler.views import words
from reconciler.views.askers import Asker, Askers
from reconciler.views.frame import Frame

_MOST = 1000
R = TypeVar("R")
_REPORTED = {
    Outcome.REFUSED: "failure",
    Outcome.DRIFTED: "failure",
    Outcome.PENDING: "skipped",
    Outcome.IN_DOUBT: "error",
}


class _Case(msgspec.Struct, frozen=True):
    group: str  # the class: the account
    name: str
    verdict: str | None = None  # failure, error or skipped; None: passed
    type: str = ""
    message: str = ""


class _Suite(msgspec.Struct, frozen=True):
    """*cases* are made anew each time that they are gone through."""

    name: str
    cases: Callable[[], Iterable[_Case]]
    counts: Counter[str | None]  # by verdict
    path: str | None = None
    facts: tuple[tuple[str, str], ...] = ()


def plan(plan: PlanDocument, frame: Frame) -> Iterator[str]:
    """A violation fails, a refusal is skipped with its words, everything else passes."""
    mask = words.plan_masker(plan)
    suites = []
    if plan.violations:
        cases = [
            _Case(
                v.account or "plan",
                f"{v.guard} {v.account or ''}".strip(),
                "failure",
                v.guard,
                mask(v.message),
            )
            for v in plan.violations
        ]
        suites.append(_Suite("guards", lambda: cases, _counted(cases), plan.inputs.project.path))
    grouped = Askers(plan.inputs.manifests).grouped(plan.actions)
    for asker, actions in grouped.items():
        suites.append(_suite_of(asker, partial(_each, actions, partial(_action, mask=mask))))
    return _document("reconciler plan", frame.digest, plan.metadata.created_at, suites)


def _each(rows: Iterable[R], case: Callable[[R], _Case]) -> Iterator[_Case]:
    return map(case, rows)


def _counted(cases: Iterable[_Case]) -> Counter[str | None]:
    return Counter(case.verdict for case in cases)


def _action(action: Action, mask: words.Mask) -> _Case:
    who = action.id if action.id is not None else "(no id)"
    name = f"{action.action} {who}" + (f' "{action.name}"' if action.name is not None else "")
    said = mask(action.message or str(action.reason))
    place = f" ({words.place(action.sources[0])})" if action.sources else ""
    return _Case(
        action.account,
        name,
        "skipped" if action.action == "refuse" else None,
        str(action.reason),
        said + place,
    )


def report(report: ReportDocument, plan: PlanDocument | None, frame: Frame) -> Iterator[str]:
    """Gone passes; refused and drifted fail; in doubt is an error; not reached is skipped."""
    del frame  # the report names its plan
    show = words.Masking.of_report(report, plan)
    grouped = Askers(report.manifests).grouped(report.targets)
    suites = [
        _suite_of(
            asker,
            partial(_each, targets, partial(_target, show=show)),
            ("driver", next((one.driver or "" for one in targets), "")),
            ("approved by", ", ".join(report.approvals)),
            ("run", words.span(report)),
        )
        for asker, targets in grouped.items()
    ]
    return _document("reconciler apply", report.plan, report.started_at, suites)


def _target(target: TargetReport, show: words.Masking) -> _Case:
    part = show.part(target)
    name = target.id + (f"#{part}" if part is not None else "")
    if target.name is not None:
        name += f' "{target.name}"'
    verdict = _REPORTED.get(target.outcome)
    if target.reason is Held.WITHDRAWN:
        verdict = "skipped"
    outcome = str(target.outcome)
    said = words.told(target, show) or outcome
    if target.requests:
        said += f"; last request {target.requests[-1].at}"
    place = f" ({words.place(target.sources[0])})" if target.sources else ""
    return _Case(target.account, name, verdict, outcome, said + place)


def _suite_of(
    asker: Asker, cases: Callable[[], Iterable[_Case]], *facts: tuple[str, str]
) -> _Suite:
    known = asker.document
    told = [
        ("owner", known.owner if known else None),
        ("ticket", known.ticket if known else None),
        ("reason", known.reason if known else None),
        ("until", known.until if known else None),
        *facts,
    ]
    name = f"{asker.name} ({asker.account})"
    facts = tuple((word, text) for word, text in told if text)
    return _Suite(name, cases, _counted(cases()), asker.path, facts)


def _document(title: str, digest: str, at: str, suites: Iterable[_Suite]) -> Iterator[str]:
    listed = list(suites)
    counts = _counts(sum((one.counts for one in listed), Counter()))
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f'<testsuites name="{title}" {counts}>\n'
    for suite in listed:
        yield from _suite(suite, digest, at)
    yield "</testsuites>\n"


def _counts(by_verdict: Counter[str | None]) -> str:
    failures, errors = by_verdict["failure"], by_verdict["error"]
    return f'tests="{by_verdict.total()}" failures="{failures}" errors="{errors}"'


def _suite(suite: _Suite, digest: str, at: str) -> Iterator[str]:
    skipped = suite.counts["skipped"]
    place = f' file="{xml(suite.path)}"' if suite.path is not None else ""
    yield (
        f'<testsuite name="{xml(suite.name)}" {_counts(suite.counts)} skipped="{skipped}"'
        f' timestamp="{xml(at)}"{place} time="0">\n'
    )
    told = "".join(
        f'<property name="{xml(word)}" value="{xml(cap(text, _MOST))}"/>'
        for word, text in (*suite.facts, ("plan", digest))
    )
    yield f"<properties>{told}</properties>\n"
    again = _again(suite.cases())
    for case in suite.cases():
        label = xml(cap(case.name, _MOST))
        number = 1
        if label in again:
            number = again[label] = again[label] + 1
        yield _case(case, label if number == 1 else f"{label} ({number})")
    yield "</testsuite>\n"


def _again(cases: Iterable[_Case]) -> dict[str, int]:
    """The labels that come more than once (and seldom one that does not), each with 0."""
    seen: set[int] = set()
    found: dict[str, int] = {}
    for case in cases:
        label = xml(cap(case.name, _MOST))
        mark = hash(label)
        if mark in seen:
            found[label] = 0
        seen.add(mark)
    return found


def _case(case: _Case, name: str) -> str:
    head = f'<testcase name="{name}" classname="{xml(case.group)}" time="0"'
    if case.verdict is None:
        return f"{head}/>\n"
    kind, message = xml(case.type), xml(cap(case.message, _MOST))
    return f'{head}><{case.verdict} type="{kind}" message="{message}"/></testcase>\n'

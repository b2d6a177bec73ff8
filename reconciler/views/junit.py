"""Plan and report as JUnit XML: an account is a suite, an action or a target is a case."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.model import Action, Outcome, Plan, Report, TargetReport
from reconciler.safe import cap, xml
from reconciler.views import words

_MOST = 1000
_KINDS = ("failure", "error", "skipped")
_REPORTED = {
    Outcome.REFUSED: "failure",
    Outcome.DRIFTED: "failure",
    Outcome.PENDING: "skipped",
    Outcome.IN_DOUBT: "error",
}


@dataclass(frozen=True, slots=True)
class _Case:
    suite: str
    name: str
    verdict: str | None = None  # failure, error or skipped; None: passed
    type: str = ""
    message: str = ""
    path: str | None = None
    line: int | None = None


def plan(plan: Plan, *, digest: str) -> str:
    """A violation fails, a refusal is skipped with its words, everything else passes."""
    mask = words.plan_masker(plan)
    cases = [
        _Case("guards", f"{v.guard} {v.account or ''}".strip(), "failure", v.guard, mask(v.message))
        for v in plan.violations
    ]
    cases += [_action(action, mask(action.message or "")) for action in plan.actions]
    return _document("reconciler plan", digest, cases)


def _action(action: Action, message: str) -> _Case:
    who = action.id if action.id is not None else "(no id)"
    name = f"{action.action} {who}" + (f' "{action.name}"' if action.name is not None else "")
    source = action.sources[0] if action.sources else None
    return _Case(
        action.account,
        name,
        "skipped" if action.action == "refuse" else None,
        str(action.reason),
        message or str(action.reason),
        source.path if source else None,
        source.line if source else None,
    )


def report(report: Report, *, digest: str = "", plan: Plan | None = None) -> str:
    """Gone passes; refused and drifted fail; in doubt is an error; not reached is skipped."""
    del digest  # the report names its plan
    show = words.Shown.of_report(report, plan)
    cases = (_target(target, show) for target in report.targets)
    return _document("reconciler apply", report.plan, cases)


def _target(target: TargetReport, show: words.Shown) -> _Case:
    part = show.part(target)
    name = target.id + (f"#{part}" if part is not None else "")
    if target.name is not None:
        name += f' "{target.name}"'
    detail = show.sentence(target.detail or "")
    verdict = _REPORTED.get(target.outcome)
    if target.outcome is Outcome.DRIFTED and (target.detail or "").startswith("withdrawn"):
        verdict = "skipped"
    outcome = str(target.outcome)
    return _Case(target.account, name, verdict, outcome, detail or outcome)


def _document(title: str, digest: str, cases: Iterable[_Case]) -> str:
    suites: dict[str, list[_Case]] = {}
    for case in cases:
        suites.setdefault(case.suite, []).append(case)
    body = "".join(_suite(name, members, digest) for name, members in suites.items())
    everything = [case for members in suites.values() for case in members]
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuites name="{title}" {_counts(everything)}>\n{body}</testsuites>\n'
    )


def _counts(cases: list[_Case]) -> str:
    by_verdict = Counter(case.verdict for case in cases)
    names = {"failure": "failures", "error": "errors", "skipped": "skipped"}
    said = " ".join(f'{names[kind]}="{by_verdict[kind]}"' for kind in _KINDS)
    return f'tests="{len(cases)}" {said}'


def _suite(name: str, cases: list[_Case], digest: str) -> str:
    seen: Counter[str] = Counter()
    lines = []
    for case in cases:
        label = xml(cap(case.name, _MOST))
        seen[label] += 1
        lines.append(_case(case, label if seen[label] == 1 else f"{label} ({seen[label]})"))
    return (
        f'<testsuite name="{xml(name)}" {_counts(cases)}>\n'
        f'<properties><property name="plan" value="{xml(digest)}"/></properties>\n'
        f"{''.join(lines)}</testsuite>\n"
    )


def _case(case: _Case, name: str) -> str:
    place = f' file="{xml(case.path)}"' if case.path is not None else ""
    place += f' line="{case.line}"' if case.line is not None else ""
    head = f'<testcase name="{name}" classname="{xml(case.suite)}"{place} time="0"'
    if case.verdict is None:
        return f"{head}/>\n"
    message = xml(cap(case.message, _MOST))
    kind = f' type="{xml(case.type)}"' if case.verdict != "skipped" else ""
    return f'{head}><{case.verdict} message="{message}"{kind}/></testcase>\n'

"""Plan as SARIF 2.1.0: what each manifest line asks for, and what was refused of it."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from urllib.parse import quote

import msgspec

from reconciler import __version__
from reconciler.model import PlanDocument, Reason, ReportDocument
from reconciler.safe import cap, printable_json, visible
from reconciler.views import causes, rules, words
from reconciler.views.askers import Askers
from reconciler.views.causes import Cause
from reconciler.views.frame import Frame
from reconciler.views.rules import Rule

MOST = 5_000  # results GitHub keeps of a file
HOME = "https://github.com/campaign-reconciler/reconciler"
SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_PROJECT = "reconciler.yaml"  # where stands what no line is known to ask for
_NAMED = 50  # campaigns a message names


class SarifResult(msgspec.Struct, frozen=True):
    """One result. *text* is foreign. *key*: what makes it the same result in the next run."""

    rule: Rule
    text: str
    path: str
    line: int | None
    key: str
    column: int | None = None
    campaigns: tuple[str, ...] = ()

    def as_sarif(self, mark: str) -> dict[str, object]:
        made: dict[str, object] = {
            "ruleId": visible(self.rule.id),
            "level": self.rule.level,
            "message": {"text": _plain(self.text)},
            "locations": [_at(self.path, self.line, self.column)],
            "partialFingerprints": {"reconciler/v1": mark},
        }
        if self.campaigns:
            made["properties"] = {"campaigns": [visible(one) for one in self.campaigns]}
        return made


def plan(plan: PlanDocument, frame: Frame) -> Iterator[str]:
    """Violations first, then refusals, warnings, deletions; the last result counts what is cut.

    Deletions are a result a line, refusals one a line and reason. No result names the plan: the
    same state of things is the same alert, whenever it is planned.
    """
    name, _, version = plan.metadata.tool.partition(" ")
    about = {"plan": frame.digest, "summary": words.headline(plan)}
    return document(visible(name), visible(version or "0.0.0"), list(_results(plan)), about)


def report(report: ReportDocument, plan: PlanDocument | None, frame: Frame) -> Iterator[str]:
    """What is not gone, the worst first: a result a line, outcome and detail."""
    del frame  # the report names its plan
    known = Askers(report.manifests)
    show = words.Masking.of_report(report, plan)
    results = [
        _caused(rules.outcome(outcome), one, _undone(one, known), _PROJECT)
        for outcome, one in causes.undone(report, show)
    ]
    about = {
        "plan": report.plan,
        "approvals": ", ".join(map(visible, report.approvals)),
        "run": words.span(report),
    }
    return document("reconciler", __version__, results, about)


def _undone(one: Cause, known: Askers) -> str:
    count = words.count(one.count, "target")
    why = f": {one.reason}" if one.reason else ""
    are = "is" if one.count == 1 else "are"
    said = f"{count} of {causes.of_whom(one)} {are} {one.kind}{why}. {one.names(_NAMED)}."
    return f"{said} {causes.behind(one, known)}".rstrip()


def document(
    name: str, version: str, results: list[SarifResult], about: dict[str, str] | None = None
) -> Iterator[str]:
    """A whole SARIF log of at most `MOST` results."""
    if len(results) > MOST:
        hidden = len(results) - MOST + 1
        said = f"{hidden:,} more results are not shown here."
        more = SarifResult(rules.left_out(), said, results[0].path, 1, rules.LEFT_OUT)
        results = [*results[: MOST - 1], more]
    known = {one.rule.id: one.rule for one in results}
    driver = {
        "name": name,
        "semanticVersion": version,
        "informationUri": HOME,
        "rules": [known[one].as_sarif() for one in sorted(known)],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        **({"properties": about} if about else {}),
    }
    yield f'{{\n "$schema": "{SCHEMA}",\n "version": "2.1.0",\n "runs": [\n'
    yield f'{_dumps(run)[:-1]},\n "results": ['
    between = "\n  "
    for one, mark in zip(results, _marks(results), strict=True):
        yield between + _dumps(one.as_sarif(mark))
        between = ",\n  "
    yield "\n ]}]}\n"


def _dumps(value: object) -> str:
    return printable_json(json.dumps(value))


def _marks(results: Iterable[SarifResult]) -> Iterator[str]:
    """A fingerprint a result: of two with one key, the second has its number in it."""
    seen: dict[str, int] = {}
    for one in results:
        key = f"{one.rule.id}\0{one.key}"
        seen[key] = seen.get(key, 0) + 1
        whole = key if seen[key] == 1 else f"{key}\0{seen[key]}"
        yield hashlib.sha256(whole.encode("utf-8", "backslashreplace")).hexdigest()


def _results(plan: PlanDocument) -> Iterator[SarifResult]:
    mask = words.plan_masker(plan)
    known = Askers(plan.inputs.manifests)
    project = plan.inputs.project.path
    for one in plan.violations:
        said = mask(f"{one.account or 'plan'}: {one.message}")
        way_out = words.lifts(one)
        said += f". To lift it: {way_out}." if way_out else "."
        rule = rules.violation(one.guard)
        yield SarifResult(rule, said, one.path or project, one.line, one.account or "")
    for cause in causes.of_actions(plan.actions, "refuse"):
        rule = rules.refusal(Reason(cause.reason))
        yield _caused(rule, cause, mask(_refused(cause, known)), project)
    for warning in plan.warnings:
        rule = rules.diagnostic(warning.code, "warning")
        place = warning.path or project
        key = f"{place}\0{warning.message}"
        yield SarifResult(rule, mask(warning.message), place, warning.line, key)
    for cause in causes.of_actions(plan.actions, "delete"):
        yield _caused(rules.deletion(), cause, mask(_deleted(cause, known)), project)


def _caused(rule: Rule, cause: Cause, text: str, project: str) -> SarifResult:
    # Lines move when a file is edited; the first of the campaigns does not.
    manifest = cause.source.manifest if cause.source else ""
    first = min(cause.ids, default="")
    key = "\0".join((cause.account, manifest, first or cause.first[0].id or ""))
    ids = tuple(cause.ids)
    return SarifResult(rule, text, cause.path or project, cause.line, key, campaigns=ids)


def _refused(one: Cause, known: Askers) -> str:
    count = words.count(one.count, "campaign", "campaigns")
    are = "is" if one.count == 1 else "are"
    why = f" ({one.message})" if one.message else ""
    said = f"{count} of {one.account} {are} refused{why}: {one.names(_NAMED)}."
    return f"{said} {causes.behind(one, known)}".rstrip()


def _deleted(one: Cause, known: Askers) -> str:
    count = words.count(one.count, "campaign", "campaigns")
    targets = f" ({words.count(one.targets, 'target')})" if one.targets != one.count else ""
    are = "is" if one.count == 1 else "are"
    said = f"{count} of {one.account}{targets} {are} to be deleted: {one.names(_NAMED)}."
    return f"{said} {causes.behind(one, known)}".rstrip()


def _plain(text: str) -> str:
    """SARIF text may hold `[links](1)`; a backslash keeps the brackets as they are."""
    return cap(visible(text), 4000).replace("[", "\\[").replace("]", "\\]")


def _at(path: str, line: int | None, column: int | None = None) -> dict[str, object]:
    uri = quote(path.encode("utf-8", "backslashreplace"), safe="/~")
    region: dict[str, object] = {"startLine": max(line or 1, 1)}
    if column:
        region["startColumn"] = column
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": uri},
            "region": region,
        }
    }

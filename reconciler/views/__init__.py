"""Views: a plan or a report becomes text. Pure: no clock, no environment, no disk.

Each view is one file or folder, loaded when it is asked for. `PLAN_FORMATS` and `REPORT_FORMATS`
name those that `--format` and `--report FORMAT=FILE` offer; each takes the value and its `Frame`
and yields the text piece by piece. Phone numbers are masked. (`json` of a plan is the exception:
it is the plan file.) `plan_parts` and `report_parts` yield the texts of FILE, FILE.2 and so on.
"""

from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from types import ModuleType

from reconciler.model import PlanDocument, ReportDocument
from reconciler.views.frame import Frame

PlanView = Callable[[PlanDocument, Frame], Iterator[str]]
ReportView = Callable[[ReportDocument, PlanDocument | None, Frame], Iterator[str]]


def _module(name: str) -> ModuleType:
    return import_module(f"reconciler.views.{name}")


def _plan(module: str, function: str = "plan") -> PlanView:
    def view(plan: PlanDocument, frame: Frame) -> Iterator[str]:
        made: Iterator[str] = getattr(_module(module), function)(plan, frame)
        return made

    return view


def _report(module: str, function: str = "report") -> ReportView:
    def view(report: ReportDocument, plan: PlanDocument | None, frame: Frame) -> Iterator[str]:
        made: Iterator[str] = getattr(_module(module), function)(report, plan, frame)
        return made

    return view


PLAN_FORMATS: dict[str, PlanView] = {
    "text": _plan("text", "plain_plan"),
    "json": _plan("json"),
    "markdown": _plan("markdown"),
    "html": _plan("html"),
    "csv": _plan("csv"),
    "junit": _plan("junit"),
    "sarif": _plan("sarif"),
    "github": _plan("github"),
    "github-summary": _plan("github", "plan_summary"),
    "github-output": _plan("outputs"),
    "gitlab-terraform": _plan("gitlab", "terraform"),
    "gitlab-codequality": _plan("gitlab", "code_quality"),
    "terraform-json": _plan("terraform"),
}

REPORT_FORMATS: dict[str, ReportView] = {
    "text": _report("text", "plain_report"),
    "json": _report("json"),
    "markdown": _report("markdown"),
    "html": _report("html"),
    "csv": _report("csv"),
    "junit": _report("junit"),
    "sarif": _report("sarif"),
    "github": _report("github"),
    "github-summary": _report("github", "report_summary"),
    "gitlab-codequality": _report("gitlab", "code_quality_report"),
    "github-output": _report("outputs"),
}


def plan_parts(name: str, plan: PlanDocument, frame: Frame) -> Iterator[Iterable[str]]:
    """The texts of a plan's view, each in pieces; one, unless `frame.fit` asks for more."""
    if name == "markdown":
        for text in _module(name).plan_parts(plan, frame):
            yield (text,)
    else:
        yield PLAN_FORMATS[name](plan, frame)


def report_parts(
    name: str, report: ReportDocument, plan: PlanDocument | None, frame: Frame
) -> Iterator[Iterable[str]]:
    """The same for a report."""
    if name == "markdown":
        for text in _module(name).report_parts(report, plan, frame):
            yield (text,)
    else:
        yield REPORT_FORMATS[name](report, plan, frame)

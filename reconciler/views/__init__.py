"""Views: a Plan or a Report becomes text. Pure: no clock, no environment, no disk.

Each view is one file, loaded when it is asked for. `PLAN_FORMATS` and `REPORT_FORMATS` name those
that `--format` and `--report FORMAT=FILE` offer; each takes the value and the plan's digest
(`sha256:...`) and masks phone numbers. (`json` of a plan is the exception: it is the plan file.)
"""

from collections.abc import Callable
from importlib import import_module

from reconciler.model import Plan, Report


def _plan(module: str, function: str = "plan") -> Callable[[Plan, str], str]:
    def view(plan: Plan, digest: str) -> str:
        made: str = getattr(import_module(f"reconciler.views.{module}"), function)(
            plan, digest=digest
        )
        return made

    return view


def _report(module: str, function: str = "report") -> Callable[[Report, str], str]:
    def view(report: Report, digest: str) -> str:
        made: str = getattr(import_module(f"reconciler.views.{module}"), function)(
            report, digest=digest
        )
        return made

    return view


PLAN_FORMATS: dict[str, Callable[[Plan, str], str]] = {
    "text": _plan("text", "plain_plan"),
    "json": _plan("json"),
    "markdown": _plan("markdown"),
    "html": _plan("html"),
    "csv": _plan("csv"),
    "junit": _plan("junit"),
    "sarif": _plan("sarif"),
    "github": _plan("github"),
    "github-summary": _plan("github", "plan_summary"),
    "gitlab-terraform": _plan("gitlab", "terraform"),
    "gitlab-codequality": _plan("gitlab", "code_quality"),
    "terraform": _plan("terraform"),
}

REPORT_FORMATS: dict[str, Callable[[Report, str], str]] = {
    "text": _report("text", "plain_report"),
    "json": _report("json"),
    "markdown": _report("markdown"),
    "html": _report("html"),
    "csv": _report("csv"),
    "junit": _report("junit"),
    "github": _report("github"),
    "github-summary": _report("github", "report_summary"),
}

"""One apply as it was asked for: the command line, the saved plan, and the project it is of."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from reconciler.cli.app import App
from reconciler.declare.project import Project
from reconciler.errors import Stale, Usage
from reconciler.lanes.stop import Stop
from reconciler.model import Plan, Target
from reconciler.plan import planfile
from reconciler.plan.guards.waivers import Waivers, sort_out


@dataclass(frozen=True, slots=True)
class Lifted:
    """The rule that the command line lifts for this run, and who answers for that."""

    rule: str
    because: str
    ticket: str

    def __str__(self) -> str:
        return f"WAIVED for this run: {self.rule} ({self.ticket}: {self.because})"


@dataclass(frozen=True, slots=True)
class Options:
    """The command line, checked. *max_wait* is in seconds; *reports* are formats with files.

    *accounts*, *inventory*, *approvals*: none means all, the project's, and those beside the plan.
    """

    dry_run: bool
    yes: bool
    accounts: tuple[str, ...]
    limit: int | None
    inventory: tuple[str, ...]
    inventory_format: str | None
    update_inventory: bool
    approvals: tuple[str, ...]
    requested_by: tuple[str, ...]
    max_wait: float
    reports: tuple[tuple[str, str], ...]
    lifted: Lifted | None
    format: str
    first_run: bool
    show_numbers: bool

    def lifts(self, rule: str) -> bool:
        """Whether *rule* is lifted for this run."""
        return self.lifted is not None and self.lifted.rule == rule

    def within(self, account: str) -> bool:
        """Whether *account* is not left out of this run."""
        return not self.accounts or account in self.accounts


@dataclass(frozen=True, slots=True)
class Saved:
    """The plan as a file: where it lies, the bytes that people sign, their digest, the plan."""

    path: Path
    data: bytes
    digest: str
    plan: Plan

    @property
    def targets(self) -> list[Target]:
        """Every target that the plan deletes, in its order."""
        deletes = (one for one in self.plan.actions if one.action == "delete")
        return [target for action in deletes for target in action.targets]


@dataclass(frozen=True, slots=True)
class Task:
    """What stays the same while an apply goes on. *now*: when it began; guards judge by
    that. *stop* ends it early."""

    app: App
    options: Options
    project: Project
    waivers: Waivers
    saved: Saved
    now: datetime
    stop: Stop


def read_task(app: App, options: Options, path: Path, data: bytes, stop: Stop) -> Task:
    """The case of the plan *data*, which was read from *path*.

    `Stale` if it is no plan of this project as it is today; `Usage` for an unknown `--account`.
    """
    from reconciler.lanes.preparing import check_project

    now, digest = app.now(), planfile.digest(data)
    project = app.load_project()
    unknown = set(options.accounts) - set(project.accounts)
    if unknown:
        raise Usage(f"--account: the project has no {', '.join(sorted(unknown))}")
    try:
        plan = planfile.loads(data)
        check_project(plan, project)
    except Stale:
        app.load_all()  # what is wrong with the files is told before that
        raise
    waivers = sort_out(project.waivers, today=now.date())
    return Task(app, options, project, waivers, Saved(path, data, digest, plan), now, stop)

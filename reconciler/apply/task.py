"""One apply as it was asked for: its options, the saved plan, and the project it is of."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from os import PathLike
from pathlib import Path

from msgspec import structs

from reconciler.apply.choice import Choice
from reconciler.declare.project import ProjectFile
from reconciler.errors import Stale, check_names
from reconciler.inventory.sources import PROJECT, Given
from reconciler.lanes.stop import Stop
from reconciler.model import PlanDocument
from reconciler.plan.guards.waivers import Waivers, sort_out
from reconciler.plan.saved import Saved, read_plan
from reconciler.site import Site

Signatures = tuple[tuple[str, bytes], ...]
"""Detached signatures of a plan, each with its name."""


@dataclass(frozen=True, slots=True)
class Override:
    """The rule that is lifted for one run, and who answers for that."""

    rule: str
    because: str
    ticket: str

    def __str__(self) -> str:
        return f"WAIVED for this run: {self.rule} ({self.ticket}: {self.because})"


@dataclass(frozen=True, slots=True)
class ApplyOptions:
    """What was asked for. *max_wait* is in seconds.

    *choice*: the targets that it is about. *approvals*: none means those beside the plan.
    *attended*: somebody looks on, and has seen that the journal is empty. *workers*: others send;
    *detach*: nobody here waits for them. *part*: the inventory is the part that was handed over,
    and *left* has a byte for each target of the plan, in its order: 0 where it was not.
    *grace*: seconds that requests in flight have after a signal. *signatures*: the approvals
    themselves, by name, where they are not files.
    """

    choice: Choice = Choice()
    limit: int | None = None
    inventory: Given = PROJECT
    update_inventory: bool = False
    approvals: tuple[str, ...] = ()
    signatures: Signatures | None = None
    requested_by: tuple[str, ...] = ()
    max_wait: float = 900.0
    override: Override | None = None
    first_run: bool = False
    attended: bool = False
    workers: bool = False
    detach: bool = False
    part: bool = False
    left: bytes | None = None
    grace: float = 4.0

    def lifts(self, rule: str) -> bool:
        """Whether *rule* is lifted for this run."""
        return self.override is not None and self.override.rule == rule


@dataclass(frozen=True, slots=True)
class Task:
    """What stays the same while an apply goes on. *now*: when it began; guards judge by that.

    *stop* ends it early.
    """

    site: Site
    options: ApplyOptions
    project: ProjectFile
    waivers: Waivers
    saved: Saved
    now: datetime
    stop: Stop

    @property
    def losing(self) -> list[str]:
        """The accounts, by name, in which this run may delete what the plan says."""
        choice, plan = self.options.choice, self.saved.plan
        if choice.targets or choice.exclude:
            return sorted({target.account for target in plan.targets if choice.takes(target)})
        return [one for one in _accounts(plan) if not choice.accounts or one in choice.accounts]

    @property
    def inventory(self) -> Given:
        """What was said of the inventory; a file is read as the plan says, if nothing else does."""
        return structs.replace(self.options.inventory, before=self.saved.plan.inputs.inventory)


def task_of(site: Site, options: ApplyOptions, saved: Saved, stop: Stop) -> Task:
    """The apply of *saved* in the project as it is today.

    `Stale` if the plan is not of this project; `UnknownName` for an account that it does not have,
    `Usage` for targets that the plan does not have.
    """
    now, project = site.now(), site.load_project()
    check_names("accounts", options.choice.accounts, project.accounts)
    _check(saved.plan, project)
    options.choice.check(saved.plan)
    waivers = sort_out(project.waivers, today=now.date())
    return Task(site, options, project, waivers, saved, now, stop)


def read_saved(site: Site, path: str | PathLike[str]) -> Saved:
    """The plan in *path*, which must be one of this project as it is today; else `Stale`."""
    project = site.load_project()
    try:
        saved = read_plan(Path(path))
        _check(saved.plan, project)
    except Stale:
        site.load_all()  # what is wrong with the files comes first: it may be why they do not fit
        raise
    return saved


def _check(plan: PlanDocument, project: ProjectFile) -> None:
    if plan.metadata.project != project.name:
        raise Stale(
            f"this is a plan of project {plan.metadata.project!r}, and this project is "
            f"{project.name!r}; nothing was sent. Go to that project (-C DIR), or plan again here"
        )
    for name, account in plan.accounts.items():
        today = project.accounts.get(name)
        if today is None:
            raise Stale(f"account {name!r} of the plan is no longer in the project; plan again")
        if today.definition != account.definition:
            raise Stale(
                f"account {name!r} is not what it was when the plan was made (driver, settings or "
                "base URL); plan again"
            )


def _accounts(plan: PlanDocument) -> Iterator[str]:
    """The accounts that *plan* deletes in, by name: its deletions stand in that order."""
    deletions, at = plan.deletions, 0
    while at < len(deletions):
        name = deletions[at].account
        yield name
        at = plan.places_of(name).stop

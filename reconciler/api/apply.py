"""`apply`: carry out exactly what a plan says; `dry_run`: the requests that this would send."""

from typing import Unpack

from reconciler.api.given import (
    GivenReading,
    MaxWait,
    One,
    OnEvent,
    Some,
    Targets,
    heard_by,
    inventory_of,
    seconds,
    targets_of,
    texts,
)
from reconciler.api.plan import Plan, as_saved, of_saved
from reconciler.api.report import Report, Unfinished
from reconciler.apply.choice import Choice
from reconciler.apply.dry_run import DryRun
from reconciler.apply.task import ApplyOptions, Override, Task, read_saved, task_of
from reconciler.errors import Usage, check_names
from reconciler.lanes.stop import Stop
from reconciler.site import Site


def apply(
    site: Site,
    plan: Plan | One,
    *,
    accounts: Some = (),
    targets: Targets = (),
    exclude: Targets = (),
    limit: int | None = None,
    inventory: Some = (),
    update_inventory: bool = False,
    approvals: Some = (),
    requested_by: Some = (),
    waive: Some = (),
    because: str | None = None,
    ticket: str | None = None,
    max_wait: MaxWait = "15m",
    workers: bool = False,
    detach: bool = False,
    first_run: bool = False,
    attended: bool = False,
    notify: bool = True,
    on_event: OnEvent = None,
    stop: Stop | None = None,
    **reads: Unpack[GivenReading],
) -> Report:
    """Carry *plan* out, or go on with it."""
    from reconciler.api.notify import told
    from reconciler.apply.steps import apply as carry_out

    options = ApplyOptions(
        choice=_choice(accounts, targets, exclude),
        limit=limit,
        inventory=inventory_of(inventory, **reads),
        update_inventory=update_inventory,
        approvals=texts(approvals),
        requested_by=texts(requested_by),
        max_wait=seconds(max_wait),
        override=_override(texts(waive), because, ticket),
        workers=workers,
        detach=detach,
        first_run=first_run,
        attended=attended,
    )
    if detach and not workers:
        raise Usage("--detach belongs to --workers")
    if detach and update_inventory:
        raise Usage("--detach waits for nothing, so --update-inventory would change nothing")
    if update_inventory and "-" in options.inventory.files:
        raise Usage("--update-inventory cannot write to standard input")
    task, chosen = _task(heard_by(site, on_event), plan, options, stop or Stop())
    with told(task, chosen, notify=notify) as telling:
        result = carry_out(telling.task, lambda report: Report(report, chosen).document())
        telling.concluded(result)
    report = Report(result.report, chosen, left=result.left)
    if result.failure is not None:
        raise Unfinished(report, result.failure) from result.failure
    return report


def dry_run(
    site: Site,
    plan: Plan | One,
    *,
    accounts: Some = (),
    targets: Targets = (),
    exclude: Targets = (),
    limit: int | None = None,
    inventory: Some = (),
    **reads: Unpack[GivenReading],
) -> DryRun:
    """The requests that `apply` would send now."""
    from reconciler.apply.dry_run import dry_run as requests_of
    from reconciler.apply.remembered import tell

    options = ApplyOptions(
        choice=_choice(accounts, targets, exclude),
        limit=limit,
        inventory=inventory_of(inventory, **reads),
    )
    task, _ = _task(site, plan, options, Stop())
    tell(site, task.saved.plan)
    return requests_of(task)


def _task(site: Site, plan: Plan | One, options: ApplyOptions, stop: Stop) -> tuple[Task, Plan]:
    """The apply of *plan*, and the plan, which is read if only its file was named."""
    check_names("accounts", options.choice.accounts, site.load_project().accounts)
    if isinstance(plan, Plan):
        from reconciler.lanes.state import plan_path

        path = plan.path or plan_path(site, plan.digest)  # where it is kept once it is applied
        saved = as_saved(plan, path)
    else:
        saved = read_saved(site, plan)
        plan = of_saved(saved)
    return task_of(site, options, saved, stop), plan


def _choice(accounts: Some, targets: Targets, exclude: Targets) -> Choice:
    """The targets that a run is about."""
    return Choice(
        frozenset(texts(accounts)),
        frozenset(targets_of(targets, "--target")),
        frozenset(targets_of(exclude, "--exclude")),
    )


def _override(rules: tuple[str, ...], because: str | None, ticket: str | None) -> Override | None:
    """What `--waive`, `--because` and `--ticket` say together."""
    if len(rules) > 1:
        raise Usage("--waive lifts one rule a run")
    if not rules:
        if because or ticket:
            raise Usage("--because and --ticket belong to --waive RULE")
        return None
    if not (because and ticket):
        raise Usage("--waive needs --because TEXT and --ticket T")
    return Override(rules[0], because, ticket)

"""`settle`: find out what became of targets in doubt; `status`: what stands."""

import os
from functools import cache, partial
from typing import Unpack

from msgspec import structs

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
)
from reconciler.api.plan import Plan, read_plan
from reconciler.apply.settle.doubts import Selection
from reconciler.apply.settle.person import Found, Statement
from reconciler.apply.settle.status import NamedPlan, Standing, standing
from reconciler.apply.settle.steps import Settlement
from reconciler.apply.settle.steps import settle as settle_doubts
from reconciler.errors import ReconcilerError, Usage, check_names
from reconciler.lanes.journal import Journal
from reconciler.lanes.stop import Stop
from reconciler.model import PlanDocument, Target
from reconciler.plan.saved import read_head
from reconciler.site import Site


def settle(
    site: Site,
    plan: Plan | One | None = None,
    *,
    targets: Targets = (),
    request: int | None = None,
    account: str | None = None,
    as_: Found | None = None,
    because: str | None = None,
    inventory: Some = (),
    max_wait: MaxWait = "15m",
    on_event: OnEvent = None,
    stop: Stop | None = None,
    **reads: Unpack[GivenReading],
) -> Settlement:
    """Look at the targets in doubt that are meant, or record what a person found."""
    chosen = targets_of(targets, "TARGET")
    statement = _statement(as_, because, chosen, request, account)
    longest = seconds(max_wait)
    named = _named(plan)
    given = inventory_of(inventory, **reads)
    if named is not None:
        given = structs.replace(given, before=named.value.inputs.inventory)
    project = site.load_project()
    check_names("account", [] if account is None else [account], project.accounts)
    return settle_doubts(
        heard_by(site, on_event),
        project,
        Selection(None if named is None else named.value, chosen, request, account),
        statement,
        inventory=given,
        max_wait=longest,
        stop=stop or Stop(),
    )


def _statement(
    found: Found | None,
    because: str | None,
    targets: tuple[Target, ...],
    request: int | None,
    account: str | None,
) -> Statement | None:
    if found is None:
        if request is not None or because is not None or targets:
            raise Usage("TARGET, --request and --because belong to --as deleted|not-deleted")
        return None
    if not because:
        raise Usage("--as needs --because TEXT: how do you know?")
    if sum((bool(targets), request is not None, account is not None)) != 1:
        raise Usage("--as takes targets, or --request N, or --account A")
    return Statement(found, because)


def status(
    site: Site,
    plan: Plan | One | None = None,
    *,
    reviewed: int | None = None,
    by: str | None = None,
    because: str | None = None,
) -> Standing:
    """What stands, of *plan* or of all."""
    from reconciler.lanes.state import journal, journal_read

    if reviewed is not None and not (by and because):
        raise Usage("--reviewed needs --by NAME and --because TEXT")
    if reviewed is None and (by or because):
        raise Usage("--by and --because belong to --reviewed RUN")
    project = site.load_project()
    opening = journal if reviewed is not None else journal_read
    with opening(site, project) as opened:
        named = None if plan is None else _asked_about(plan, opened)
        if reviewed is not None and not opened.review(reviewed, by or "", because or ""):
            raise ReconcilerError(f"run {reviewed} waived nothing, or there is no such run")
        return standing(site, project, opened, named)


def _asked_about(plan: Plan | One, journal: Journal) -> NamedPlan:
    """*plan*; of a file that was applied before, as its digest shows, no more than is needed."""
    if isinstance(plan, str | os.PathLike):
        head = read_head(os.fspath(plan))
        if head is not None and journal.first_applied(head.digest) is not None:
            return NamedPlan(head.digest, head.plan, cache(partial(_unchanged, plan, head.digest)))
    known = plan if isinstance(plan, Plan) else read_plan(plan)
    return NamedPlan(known.digest, known.value, lambda: known.value)


def _unchanged(path: One, digest: str) -> PlanDocument:
    found = read_plan(path)
    if found.digest != digest:
        raise ReconcilerError(f"{os.fspath(path)} changed while it was read; try again")
    return found.value


def _named(plan: Plan | One | None) -> Plan | None:
    return plan if plan is None or isinstance(plan, Plan) else read_plan(plan)

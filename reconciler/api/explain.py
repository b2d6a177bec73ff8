"""`explain`: why a campaign is, or is not, in the plan."""

from collections.abc import Sequence
from typing import Unpack

from reconciler.api.given import GivenReading, Some, inventory_of
from reconciler.api.plan import plan_time
from reconciler.declare.project import ProjectFile
from reconciler.errors import Usage
from reconciler.model import Campaign, Target
from reconciler.plan.explain import Explanation, anyone, explanation, question
from reconciler.plan.today import FreshPlan, make_plan
from reconciler.site import Site

_SHOWN = 10


def explain(
    site: Site, target: str, *, inventory: Some = (), **reads: Unpack[GivenReading]
) -> Explanation:
    """Everything that looked at *target*, with its verdict.

    *target*: `ACCOUNT/ID`, or an id or name that only one campaign of the inventory has. Warnings
    about the files are told to the listener.
    """
    from reconciler.apply.remembered import tell

    project = site.load_project()
    wanted = _target(target, project)
    also = [question(wanted)] if wanted is not None else anyone(target, project.accounts)
    fresh = make_plan(
        site, now=plan_time(site), inventory=inventory_of(inventory, **reads), also=also
    )
    if wanted is None:
        wanted = _only(target, fresh)
    site.warn(fresh.warnings)
    tell(site, fresh.plan, about=wanted)
    return explanation(wanted, fresh)


def _target(text: str, project: ProjectFile) -> Target | None:
    """*text* as `ACCOUNT/ID` of the project; None if it is an id or a name at most."""
    try:
        found = Target.parse(text)
    except ValueError as error:
        if text.partition("/")[0] in project.accounts and "/" in text:
            raise Usage(str(error)) from error
        return None
    return found if found.account in project.accounts else None


def _only(text: str, fresh: FreshPlan) -> Target:
    """The one campaign whose id or name *text* is; `Usage` if there is none, or several."""
    ours = len(fresh.asked.questions)
    found = [
        hit.campaign for hit in fresh.matches.hits.values() if any(i >= ours for i in hit.asked)
    ]
    if len(found) == 1:
        return Target(found[0].account, found[0].id)
    if found:
        raise Usage(f"{text!r} is {len(found)} campaigns; say which: {_named(found)}")
    accounts = ", ".join(sorted(fresh.project.accounts))
    raise Usage(
        f"no campaign of the inventory has the id or name {text!r}; written as ACCOUNT/ID, one that"
        f" is not listed is explained too (accounts: {accounts})"
    )


def _named(found: Sequence[Campaign]) -> str:
    targets = sorted(str(Target(one.account, one.id)) for one in found)
    more = f" and {len(targets) - _SHOWN} more" if len(targets) > _SHOWN else ""
    return ", ".join(targets[:_SHOWN]) + more

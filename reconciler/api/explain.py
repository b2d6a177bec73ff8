"""`explain`: why a campaign is, or is not, in the plan."""

from typing import Unpack

from reconciler.api.given import GivenReading, Some, inventory_of
from reconciler.api.plan import plan_time
from reconciler.errors import Usage
from reconciler.model import Target
from reconciler.plan.explain import Explanation, explanation, question
from reconciler.plan.today import make_plan
from reconciler.site import Site


def explain(
    site: Site, target: str, *, inventory: Some = (), **reads: Unpack[GivenReading]
) -> Explanation:
    """Everything that looked at *target* (`ACCOUNT/ID`), with its verdict.

    Warnings about the files are told to the listener.
    """
    try:
        wanted = Target.parse(target)
    except ValueError as error:
        raise Usage(str(error)) from error
    fresh = make_plan(
        site,
        now=plan_time(site),
        inventory=inventory_of(inventory, **reads),
        also=(question(wanted),),
    )
    if wanted.account not in fresh.project.accounts:
        raise Usage(f"the project has no account {wanted.account!r}")
    site.warn(fresh.warnings)
    return explanation(wanted, fresh)

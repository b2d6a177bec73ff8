"""`stop`: end what is under way, wherever it runs."""

from reconciler.api.given import One
from reconciler.api.plan import Plan, read_plan
from reconciler.apply.stopping import StoppedRun
from reconciler.apply.stopping import stop as stop_runs
from reconciler.errors import Usage, check_names
from reconciler.site import Site


def stop(
    site: Site, plan: Plan | One | None = None, *, account: str | None = None, because: str
) -> tuple[StoppedRun, ...]:
    """Tell the runs that are meant to send nothing more."""
    if not because.strip():
        raise Usage("--because needs a text: it goes into the audit log")
    project = site.load_project()
    check_names("account", [] if account is None else [account], project.accounts)
    if plan is not None and not isinstance(plan, Plan):
        plan = read_plan(plan)
    digest = None if plan is None else plan.digest
    return stop_runs(site, project, plan=digest, account=account, because=because)

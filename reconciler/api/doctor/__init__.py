"""`doctor`: is everything there that an apply will need? It only reads.

What it asks a vendor is paced and journaled as everything that is sent, with the account's lane.
"""

from reconciler.api.doctor import local
from reconciler.api.doctor.checks import Checkup, Health
from reconciler.api.doctor.vendors import vendors
from reconciler.api.given import MaxWait, OnEvent, Some, heard_by, seconds, texts
from reconciler.errors import check_names
from reconciler.lanes.stop import Stop
from reconciler.site import Site


def doctor(
    site: Site,
    *,
    accounts: Some = (),
    max_wait: MaxWait = "1m",
    on_event: OnEvent = None,
    stop: Stop | None = None,
) -> Health:
    """Checkup the project, this machine, and each of *accounts* (none: all) at its vendor."""
    longest, chosen = seconds(max_wait), texts(accounts)
    found, project = local.files(site)
    if project is None:
        return Health((*found, *local.machine(None)))
    check_names("accounts", chosen, project.accounts)
    told, known = local.inventory(site, project)
    state = local.state(site, project)
    names = sorted(set(chosen) or project.accounts)
    asked = vendors(
        heard_by(site, on_event),
        project,
        names,
        known,
        writable=state.ok is True,
        stop=stop or Stop(),
        max_wait=longest,
    )
    return Health((*found, *told, state, *local.machine(project), *asked))


__all__ = ["Checkup", "Health", "doctor"]

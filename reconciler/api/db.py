"""`db`: the tables of a state that machines share, which this alone makes and changes."""

from dataclasses import dataclass

from reconciler.errors import ReconcilerError
from reconciler.lanes import state
from reconciler.site import Site


@dataclass(frozen=True, slots=True)
class Database:
    """The database of a state. *where*: host and name. *changed*: whether this call changed it."""

    where: str
    changed: bool


def init(site: Site) -> Database:
    """Make the tables, if they are not there yet."""
    url, project = _url(site), site.load_project()
    from reconciler.lanes.dispatch.procrastinate import schema
    from reconciler.lanes.journal import postgres_admin

    made = postgres_admin.init(url, project.name, schema())
    return Database(postgres_admin.shown(url), made)


def upgrade(site: Site) -> Database:
    """Bring the tables to this program's version."""
    url, project = _url(site), site.load_project()
    from reconciler.lanes.journal import postgres_admin

    return Database(postgres_admin.shown(url), postgres_admin.upgrade(url, project.name))


def check(site: Site) -> Database:
    """Say what is wrong with the database, by an error; changes nothing."""
    url, project = _url(site), site.load_project()
    from reconciler.lanes.journal import postgres_admin

    postgres_admin.check(url, project.name)
    return Database(postgres_admin.shown(url), changed=False)


def _url(site: Site) -> str:
    project = site.load_project()
    url = state.shared_url(site, project)
    if url is None:
        path = state.state_path(site, project)
        raise ReconcilerError(
            f"the state is the file {path}, which needs none of this; a state that machines share "
            "is `state: {env: NAME}`, and the variable holds a postgresql:// URL"
        )
    state.need_workers()
    return url

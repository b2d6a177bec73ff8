"""What the journal knows of a plan's targets, told beside the plan; it changes nothing in it."""

from reconciler.errors import ReconcilerError
from reconciler.lanes import state
from reconciler.model import PlanDocument, Target
from reconciler.safe import terminal
from reconciler.site import Site


def tell(site: Site, plan: PlanDocument, about: Target | None = None) -> None:
    """Tell what was done before of the targets that *plan* deletes, or of those *about* one."""
    for said in remembered(site, plan, about):
        site.note(terminal(said))


def remembered(site: Site, plan: PlanDocument, about: Target | None = None) -> list[str]:
    """A sentence for each thing that an apply of *plan* would say of what was done before.

    Only where the state is a SQLite file that is there; what cannot be read is passed over, for
    the plan says all that there is to say without it.
    """
    project = site.load_project()
    try:
        if not state.is_there(site, project):
            return []
        from reconciler.apply.done_before import sentences  # heavy, and most plans have no journal

        with state.journal_read(site, project) as journal:
            return sentences(site, journal, plan, about)
    except ReconcilerError as error:
        return [f"what was done before cannot be told: {error}"]

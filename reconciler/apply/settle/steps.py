"""A settlement from its first look at the journal to what is still in doubt."""

from dataclasses import dataclass

from reconciler.apply.settle.doubts import Selection, doubts_now, numbers_of
from reconciler.apply.settle.looking import look
from reconciler.apply.settle.person import Statement, record_finding
from reconciler.declare.project import ProjectFile
from reconciler.errors import Exit
from reconciler.inventory.sources import Given
from reconciler.lanes.accounts import pairs_of, scopes_now
from reconciler.lanes.known import Known
from reconciler.lanes.state import journal, locks
from reconciler.lanes.stop import Stop
from reconciler.model import Evidence, Outcome, Target
from reconciler.site import Site


@dataclass(frozen=True, slots=True)
class SettledTarget:
    """What a target in doubt has become. *outcome* None: it is not deleted, and may be sent again.

    *cleared*: two looks have shown it there, so it may be sent once more.
    """

    target: Target
    outcome: Outcome | None
    detail: str | None
    evidence: Evidence | None
    cleared: bool


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of the targets that were meant. *in_doubt*: how many doubts there are now.

    *numbers*: phone numbers that a detail may name.
    """

    targets: tuple[SettledTarget, ...]
    in_doubt: int
    numbers: tuple[str, ...] = ()

    @property
    def exit_code(self) -> Exit:
        """The exit code of the command."""
        return Exit.DOUBT if self.in_doubt else Exit.OK


def settle(
    site: Site,
    project: ProjectFile,
    selection: Selection,
    statement: Statement | None,
    *,
    inventory: Given,
    max_wait: float,
    stop: Stop,
) -> Settlement:
    """Look at the targets that are meant, or record what a person found."""
    with journal(site, project) as opened:
        scopes = scopes_now(site, pairs_of(site, project), opened, reveal=True)
        known = Known(opened, scopes)
        # One request may have many numbers, and what is said of one target may name any of them.
        numbers = numbers_of(known.in_doubt())
        chosen = selection.among(known)
        if statement is not None:
            record_finding(site, project, known, chosen, statement)
        elif chosen:
            look(site, project, known, chosen, inventory=inventory, max_wait=max_wait, stop=stop)
        doubts, _ = doubts_now(known, locks(site, project, opened).holders())
        targets = tuple(
            SettledTarget(target, state.outcome, state.detail, state.evidence, state.cleared)
            for target, state in known.states(chosen).items()
        )
        return Settlement(targets, len(selection.of_plan(doubts)), tuple(numbers))

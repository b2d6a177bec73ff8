"""What does not stop a plan and should still be known."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from reconciler.declare.manifest import Entry
from reconciler.declare.project import Project, Protect, Waiver
from reconciler.model import Action, PlanWarning, Reason, Target
from reconciler.plan.asked import Asked
from reconciler.plan.asking import Ask
from reconciler.plan.guards import running
from reconciler.plan.guards.waivers import Waivers, use
from reconciler.plan.matching import Matches

if TYPE_CHECKING:  # reading is not pure; only the shape is needed
    from reconciler.inventory import Facts


def of_inventory(facts: "Facts") -> Iterator[PlanWarning]:
    """What the reader said."""
    for one in facts.warnings:
        yield PlanWarning(code=one.code, message=one.message, path=one.path, line=one.line)


def of_selectors(asked: Asked, asks: Mapping[int, Ask], matches: Matches) -> Iterator[PlanWarning]:
    """Matches that find nothing, or that could not judge every record.

    A protection without an account asks of each; it finds nothing only if none has it.
    """
    found: Counter[int] = Counter()
    lacking: Counter[int] = Counter()
    first: dict[int, int] = {}
    for index, (question, origin) in enumerate(zip(asked.questions, asked.origins, strict=True)):
        ask = asks.get(index)
        if question.match is None or (ask and ask.blocked and ask.blocked[0] is Reason.EXPIRED):
            continue
        key = id(origin)
        first.setdefault(key, index)
        found[key] += matches.found.get(index, 0)
        lacking[key] += matches.lacking.get(index, 0)
    for key, index in first.items():
        origin = asked.origins[index]
        if not found[key]:
            yield _of(origin, "matches-nothing", "finds no campaign of the inventory")
        if lacking[key]:
            yield _of(
                origin,
                "lacks-field",
                f"could not judge {_campaigns(lacking[key])} for lack of a field that it asks for",
            )


def _of(origin: Entry | Protect, code: str, what: str) -> PlanWarning:
    if isinstance(origin, Entry):
        who = f"a match of {origin.manifest} in {origin.account}"
    else:
        who = f"the protection ({origin.because})"
    return PlanWarning(code=code, message=f"{who} {what}", path=origin.path, line=origin.line)


def of_accounts(
    project: Project, facts: "Facts", actions: Sequence[Action]
) -> Iterator[PlanWarning]:
    """What nobody knows of the accounts that lose something: statuses, the inventory's age."""
    unknown: Counter[str] = Counter()
    for action in actions:
        if action.action != "delete":
            continue
        guards = project.accounts[action.account].guards
        unknown[action.account] += action.campaign is not None and running.unknown(
            action.campaign, guards
        )
    for name, number in sorted(unknown.items()):
        if number:
            yield _plain(
                "unknown-status",
                f"{name}: the status of {_campaigns(number)} to be deleted is unknown, so nobody"
                " can say whether it is running",
            )
        known = facts.accounts.get(name)
        captured = known.captured_at if known is not None else None
        if captured is None and not project.accounts[name].guards.inventory_max_age_written:
            yield _plain(
                "no-capture-time",
                f"{name}: nobody knows when the inventory was captured; write capturedAt in its"
                " header",
            )


def of_waivers(
    waivers: Waivers, actions: Iterable[Action], lifted: Iterable[tuple[str, Waiver]]
) -> Iterator[PlanWarning]:
    """Waivers that lift nothing; *actions* are all, those that `--account` leaves out too."""
    for waiver in waivers.expired:
        yield _of_waiver(waiver, "waiver-expired", f"ended on {waiver.until.isoformat()}")
    used = {(one.account, one.id, lifting) for one in actions for lifting in one.waivers}
    used |= {(account, None, use(waiver)) for account, waiver in lifted}
    for waiver in (one for group in waivers.active.values() for one in group):
        # Only apply can see that what was deleted has come back.
        if waiver.guard != "resurrected" and (waiver.account, waiver.id, use(waiver)) not in used:
            yield _of_waiver(waiver, "waiver-unused", "lifts nothing in this plan")


def _of_waiver(waiver: Waiver, code: str, what: str) -> PlanWarning:
    name = waiver.account if waiver.id is None else Target(waiver.account, waiver.id, waiver.part)
    message = f"the waiver of {waiver.guard} for {name} ({waiver.ticket}) {what}"
    return PlanWarning(code=code, message=message, path=waiver.path, line=waiver.line)


def _plain(code: str, message: str) -> PlanWarning:
    return PlanWarning(code=code, message=message, path=None, line=None)


def _campaigns(number: int) -> str:
    return "1 campaign" if number == 1 else f"{number:,} campaigns"

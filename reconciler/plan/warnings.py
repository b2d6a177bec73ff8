"""What does not stop a plan and should still be known."""

import difflib
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING

from reconciler.declare.manifest import Entry
from reconciler.declare.project import ProjectFile, Protect, Waiver
from reconciler.model import PlanWarning, Reason, Target
from reconciler.plan.asked import QuestionSet
from reconciler.plan.asking import Ask
from reconciler.plan.guards.waivers import Waivers, use
from reconciler.plan.losses import Loss, Losses
from reconciler.plan.matching import Matches

if TYPE_CHECKING:  # reading is not pure; only the shape is needed
    from reconciler.inventory import Facts


_NEAR = 5_000  # asked-for campaigns among which a misspelt id or name is sought
_OUT_OF_TIME = (Reason.EXPIRED, Reason.NOT_YET)


def of_inventory(facts: "Facts") -> Iterator[PlanWarning]:
    """What the reader said."""
    for one in facts.warnings:
        yield PlanWarning(code=one.code, message=one.message, path=one.path, line=one.line)


def of_selectors(
    asked: QuestionSet, asks: Mapping[int, Ask], matches: Matches
) -> Iterator[PlanWarning]:
    """Absences by `match` that find nothing, or that could not judge every record."""
    for index, question in enumerate(asked.questions):
        ask = asks.get(index)
        if question.role != "absent" or question.match is None or ask is None:
            continue
        if ask.blocked and ask.blocked[0] in _OUT_OF_TIME:
            continue
        if not matches.found.get(index, 0):
            yield _of(ask.entry, "matches-nothing", "finds no campaign of the inventory")
        if lacking := matches.lacking.get(index, 0):
            said = f"could not judge {_campaigns(lacking)} for lack of a field that it asks for"
            yield _of(ask.entry, "lacks-field", said)


def of_exceptions(
    asked: QuestionSet, matches: Matches, covered: Mapping[str, bool]
) -> Iterator[PlanWarning]:
    """Keeps and protections, of any form, that find nothing where everything is listed.

    One that holds in several accounts finds nothing only if none of them has it. *covered*:
    whether the inventory of an account is complete.
    """
    mine: dict[int, list[int]] = {}
    for index, question in enumerate(asked.questions):
        if question.role != "absent":
            mine.setdefault(id(asked.origins[index]), []).append(index)
    for indices in mine.values():
        accounts = {asked.questions[i].account for i in indices}
        if any(matches.found.get(i, 0) or matches.lacking.get(i, 0) for i in indices):
            continue
        if not all(covered.get(one, False) for one in accounts):
            continue
        origin = asked.origins[indices[0]]
        said = "finds no campaign of the inventory, which is complete"
        yield _of(origin, "exception-matches-nothing", said + _meant(origin, accounts, matches))


def _meant(origin: Entry | Protect, accounts: Collection[str], matches: Matches) -> str:
    """A campaign that is asked for and whose id or name is close to what *origin* gives."""
    wanted = origin.id or origin.name
    if wanted is None:
        return ""
    asked_for = (one.campaign for one in matches.hits.values() if one.campaign.account in accounts)
    texts = [one.id if origin.id is not None else one.name for one in islice(asked_for, _NEAR)]
    alike = [one for one in texts if _bare(one) == _bare(wanted)]
    close = alike or difflib.get_close_matches(wanted, texts, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _bare(text: str) -> str:
    """*text* without what a slip is about: case, and blanks around it."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


def _of(origin: Entry | Protect, code: str, what: str) -> PlanWarning:
    if isinstance(origin, Entry):
        role = "a match" if code != "exception-matches-nothing" else "a keep"
        who = f"{role} of {origin.manifest} in {origin.account}"
    else:
        who = f"the protection ({origin.because})"
    return PlanWarning(code=code, message=f"{who} {what}", path=origin.path, line=origin.line)


def of_accounts(
    project: ProjectFile, facts: "Facts", losses: Mapping[str, Loss]
) -> Iterator[PlanWarning]:
    """What nobody knows of the accounts that lose something: statuses, the inventory's age."""
    for name, loss in sorted(losses.items()):
        if loss.unknown:
            yield _plain(
                "unknown-status",
                f"{name}: the status of {_campaigns(loss.unknown)} to be deleted is unknown, so"
                " nobody can say whether it is running",
            )
        known = facts.accounts.get(name)
        captured = known.captured_at if known is not None else None
        if captured is None and not project.accounts[name].guards.inventory_max_age_written:
            yield _plain(
                "no-capture-time",
                f"{name}: nobody knows when the inventory was captured; write capturedAt in its"
                " header, or say --captured-at",
            )


def of_waivers(
    waivers: Waivers, losses: Losses, lifted: Iterable[tuple[str, Waiver]]
) -> Iterator[PlanWarning]:
    """Waivers that lift nothing; *losses* are all, those that `--account` leaves out too."""
    for waiver in waivers.expired:
        yield _of_waiver(waiver, "waiver-expired", f"ended on {waiver.until.isoformat()}")
    used = losses.used | {(account, None, use(waiver)) for account, waiver in lifted}
    for waiver in (one for group in waivers.active.values() for one in group):
        number = losses.parts.get((waiver.account, waiver.id))
        if number is not None and waiver.part is None and waiver.parts is None:
            yield _of_waiver(
                waiver,
                "waiver-without-part",
                "lifts nothing, for the campaign has parts; write `parts: all` beside its id"
                f" ({number} of the record), or `part: ...` for one",
            )
        # Only apply can see that what was deleted has come back.
        elif waiver.guard != "resurrected" and (waiver.account, waiver.id, use(waiver)) not in used:
            yield _of_waiver(waiver, "waiver-unused", "lifts nothing in this plan")


def _of_waiver(waiver: Waiver, code: str, what: str) -> PlanWarning:
    name = waiver.account if waiver.id is None else Target(waiver.account, waiver.id, waiver.part)
    message = f"the waiver of {waiver.guard} for {name} ({waiver.ticket}) {what}"
    return PlanWarning(code=code, message=message, path=waiver.path, line=waiver.line)


def _plain(code: str, message: str) -> PlanWarning:
    return PlanWarning(code=code, message=message, path=None, line=None)


def _campaigns(number: int) -> str:
    return "1 campaign" if number == 1 else f"{number:,} campaigns"

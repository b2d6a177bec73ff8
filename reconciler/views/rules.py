"""What code scanning says of each rule: its name, what it means, and what to do about it."""

import re

import msgspec

from reconciler.model import Outcome, Reason
from reconciler.plan.guards.lifts import LIFTS_OF_PLANS
from reconciler.safe import visible
from reconciler.views import words

DELETION = "deletion"
LEFT_OUT = "left-out"


class Rule(msgspec.Struct, frozen=True):
    """*short* is a sentence, *full* explains, *fix* is the way out."""

    id: str
    level: str  # error, warning, note
    short: str
    full: str
    fix: str

    def as_sarif(self) -> dict[str, object]:
        severity = {"error": "error", "warning": "warning"}.get(self.level, "recommendation")
        return {
            "id": self.id,
            # Never the id in other letters: a name is for people, and must say more.
            "name": "Reconciler"
            + "".join(part.capitalize() for part in re.split(r"[^A-Za-z0-9]+", self.id)),
            "shortDescription": {"text": self.short},
            "fullDescription": {"text": self.full},
            "help": {"text": f"{self.full} {self.fix}", "markdown": f"{self.full}\n\n{self.fix}"},
            "defaultConfiguration": {"level": self.level},
            "properties": {
                "tags": ["campaign-deletion"],
                "precision": "very-high",
                "problem.severity": severity,
            },
        }


_REFUSALS: dict[Reason, tuple[str, str]] = {
    Reason.PROTECTED: (
        "A protected campaign is asked for.",
        "A `protect` rule of the project forbids to delete the campaign.",
    ),
    Reason.KEPT: (
        "Nobody can say whether a keep holds for the campaign.",
        "A `keep` asks for a field that the inventory does not know, and nobody can look.",
    ),
    Reason.RUNNING: (
        "A running campaign is asked for.",
        "The inventory says that the campaign is being sent or soon will be.",
    ),
    Reason.AMBIGUOUS: (
        "A name fits more than one campaign.",
        "An absence by name deletes one campaign; here the name does not say which.",
    ),
    Reason.EXPECTATION: (
        "A selector found another number of campaigns than expected.",
        "`expect` says how many campaigns the `match` finds; it found fewer or more.",
    ),
    Reason.METADATA: (
        "The manifest lacks what the project requires.",
        "`guards.require` or `guards.ticketPattern` asks for metadata that is missing.",
    ),
    Reason.INVENTORY_INCOMPLETE: (
        "The inventory does not say enough.",
        "What an inventory that is not complete does not list may still exist.",
    ),
    Reason.NUMBERS_MISSING: (
        "No phone number is known to delete.",
        "This vendor deletes numbers inside a campaign, and nobody names any.",
    ),
    Reason.UNSAFE_ID: (
        "An id cannot be sent safely.",
        "The id holds characters that would make another request of it.",
    ),
    Reason.UNSUPPORTED: (
        "The driver does not promise this deletion.",
        "The vendor's interface has no documented way to delete a campaign of this kind.",
    ),
}
_GUARDS: dict[str, tuple[str, str]] = {
    "max-deletions": (
        "More would be deleted than the project allows at once.",
        "`maxDeletions` stops a selector that is wider than its author thought.",
    ),
    "inventory-age": (
        "The inventory is too old, or nobody knows how old it is.",
        "`inventoryMaxAge` stops a plan that was made from what no longer exists.",
    ),
}


def deletion() -> Rule:
    return Rule(
        DELETION,
        "note",
        "This line asks for deletions.",
        "Once the plan is applied, these campaigns are deleted at the vendor and cannot be brought"
        " back.",
        "Make sure that every one of them may go; narrow the absence or add a `keep` if not.",
    )


def refusal(reason: Reason) -> Rule:
    short, full = _REFUSALS.get(reason, (f"Refused: {reason}.", "The message says why."))
    fix = words.LIFTS.get(reason, "see the message")
    return Rule(f"refused-{reason}", "warning", short, full, f"{fix[:1].upper()}{fix[1:]}.")


def violation(guard: str) -> Rule:
    short, full = _GUARDS.get(guard, ("A guard is broken.", f"The guard `{guard}` is broken."))
    fix = LIFTS_OF_PLANS.get(guard, "see the message")
    return Rule(guard, "error", short, full, f"To lift it: {fix}. Until then nothing is deleted.")


_OUTCOMES: dict[Outcome, tuple[str, str, str, str]] = {
    Outcome.IN_DOUBT: (
        "error",
        "Nobody knows whether a campaign was deleted.",
        "A request left, and no answer says what became of it. It is not sent again blindly.",
        "Run `reconciler settle` to find out.",
    ),
    Outcome.REFUSED: (
        "error",
        "A vendor refused a deletion.",
        "The vendor said no, and nothing changed. The message has its words.",
        "Do what the vendor asks for, or take the absence back; then apply again.",
    ),
    Outcome.DRIFTED: (
        "warning",
        "A campaign is no longer what was planned.",
        "Between plan and apply the campaign, or what is declared of it, has changed.",
        "Make a new plan and look at it.",
    ),
    Outcome.PENDING: (
        "warning",
        "A deletion was not reached.",
        "The apply ended before its request was sent; nothing has happened to it.",
        "Run apply again: what is done is not repeated.",
    ),
}


def outcome(of: Outcome) -> Rule:
    level, short, full, fix = _OUTCOMES[of]
    return Rule(f"outcome-{of}", level, short, full, fix)


def diagnostic(code: str, level: str) -> Rule:
    """Of a warning or an error whose message says all there is to say."""
    said = visible(code).replace("-", " ")
    short = f"{said[:1].upper()}{said[1:]}."
    full = f"`{visible(code)}` was found in the project, a manifest or the inventory."
    return Rule(code, level, short, full, "The message says what is wrong and how to mend it.")


def left_out() -> Rule:
    return Rule(
        LEFT_OUT,
        "warning",
        "Not all results are shown.",
        "Code scanning keeps a limited number of results; the most important ones are kept.",
        "The saved plan has them all: `reconciler show plan.json`.",
    )

"""What a plan or a report counts to: by manifest line, account, reason, age, status, owner, ticket.

One pass over the rows, and nothing is kept of a row but its counts.
"""

from collections import Counter
from collections.abc import Hashable
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec

from reconciler.model import Campaign, PlanDocument, ReportDocument
from reconciler.views import words
from reconciler.views.askers import AskedFor, Asker, Askers, place

# How long ago a campaign was last changed (or made, where no change is known); oldest last.
AGES: tuple[tuple[str, timedelta | None], ...] = (
    ("under 1 week", timedelta(days=7)),
    ("1 to 4 weeks", timedelta(days=28)),
    ("4 weeks to 3 months", timedelta(days=91)),
    ("3 months to 1 year", timedelta(days=365)),
    ("1 to 2 years", timedelta(days=730)),
    ("over 2 years", None),
)
UNKNOWN = "unknown"
KINDS = ("delete", "refuse", "none")


def age(campaign: Campaign | None, now: datetime | None) -> str:
    """The word of `AGES` for *campaign*, or `UNKNOWN`."""
    last = (campaign.updated_at or campaign.created_at) if campaign is not None else None
    if last is None or now is None:
        return UNKNOWN
    since = now - last
    return next((word for word, most in AGES if most is None or since < most), UNKNOWN)


class AskingLine(msgspec.Struct, frozen=True):
    """A line of a manifest that asks; None where no line is known."""

    asker: Asker
    line: int | None


class Tally(msgspec.Struct):
    """Counts by a row's kind: of a plan its action, of a report its outcome."""

    kinds: Counter[str]
    targets: int = 0

    def __getitem__(self, kind: str) -> int:
        return self.kinds[kind]

    @property
    def total(self) -> int:
        return self.kinds.total()


class Tallies(msgspec.Struct):
    """Everything that is counted, each by its own key, in the order views show it."""

    lines: dict[AskingLine, Tally]
    askers: dict[Asker, Tally]
    accounts: dict[str, Tally]
    owners: dict[str, Tally]
    tickets: dict[str, Tally]
    reasons: dict[tuple[str, str], Tally]
    statuses: dict[str, Tally]
    ages: dict[str, Tally]


K = TypeVar("K", bound=Hashable)


def of_plan(plan: PlanDocument, askers: Askers) -> Tallies:
    """The counts of *plan* by action. Ages are as of the plan's time."""
    now = words.instant(plan.metadata.created_at)
    found = Tallies({}, {}, {}, {}, {}, {}, {}, {})
    for action in plan.actions:
        kind = action.action
        targets = len(action.targets) if kind == "delete" else 0
        _asked(found, askers, action, kind, targets)
        _add(found.reasons, (kind, str(action.reason)), kind, targets)
        _add(found.statuses, words.status(action.campaign) or UNKNOWN, kind, targets)
        _add(found.ages, age(action.campaign, now), kind, targets)
    return _ordered(found)


def of_report(report: ReportDocument, askers: Askers) -> Tallies:
    """The counts of *report* by outcome; what only a plan knows is left empty."""
    found = Tallies({}, {}, {}, {}, {}, {}, {}, {})
    for target in report.targets:
        _asked(found, askers, target, str(target.outcome), 1)
    return _ordered(found)


def _asked(found: Tallies, askers: Askers, row: AskedFor, kind: str, targets: int) -> None:
    asker = askers.of(row)
    owner = asker.document.owner if asker.document else None
    ticket = asker.document.ticket if asker.document else None
    line = AskingLine(asker, row.sources[0].line if row.sources else None)
    _add(found.lines, line, kind, targets)
    _add(found.askers, asker, kind, targets)
    _add(found.accounts, row.account, kind, targets)
    _add(found.owners, owner or UNKNOWN, kind, targets)
    _add(found.tickets, ticket or UNKNOWN, kind, targets)


def _add(table: dict[K, Tally], key: K, kind: str, targets: int) -> None:
    tally = table.get(key)
    if tally is None:
        tally = table[key] = Tally(Counter())
    tally.kinds[kind] += 1
    tally.targets += targets


def _ordered(found: Tallies) -> Tallies:
    ages = [*(word for word, _ in AGES), UNKNOWN]
    lines = sorted(found.lines, key=lambda key: (*place(key.asker), key.line or 0))
    reasons = sorted(found.reasons, key=lambda key: (KINDS.index(key[0]), key[1]))
    return Tallies(
        lines={key: found.lines[key] for key in lines},
        askers={key: found.askers[key] for key in sorted(found.askers, key=place)},
        accounts={key: found.accounts[key] for key in sorted(found.accounts)},
        owners=_most_first(found.owners),
        tickets=_most_first(found.tickets),
        reasons={key: found.reasons[key] for key in reasons},
        statuses=_most_first(found.statuses),
        ages={word: found.ages[word] for word in ages if word in found.ages},
    )


def _most_first(table: dict[str, Tally]) -> dict[str, Tally]:
    order = sorted(table, key=lambda key: (-table[key].total, key))
    return {key: table[key] for key in order}

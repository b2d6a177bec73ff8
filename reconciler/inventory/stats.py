"""How many campaigns there are: by account, status, age and owner label."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reconciler.model import AccountFacts, Campaign

AGES = (
    ("under 30 days", timedelta(days=30)),
    ("30 to 90 days", timedelta(days=90)),
    ("90 to 180 days", timedelta(days=180)),
    ("180 days to 1 year", timedelta(days=365)),
    ("1 to 2 years", timedelta(days=730)),
)
OLDEST = "over 2 years"
UNKNOWN = "(not said)"
_MOST_LABELS = 10_000  # values that are told apart; the rest counts as `(others)`
OTHERS = "(others)"


@dataclass(slots=True)
class Stats:
    """Counts so far; *label* is the key of the owner label, ages are by `createdAt`.

    *facts*: what is known of each account once all of it was read.
    """

    label: str
    now: datetime
    campaigns: int = 0
    accounts: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    ages: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    facts: Mapping[str, AccountFacts] = field(default_factory=dict)

    def see(self, records: Iterable[Campaign]) -> None:
        """Count *records* in."""
        for one in records:
            self.campaigns += 1
            self.accounts[one.account] += 1
            self.statuses[UNKNOWN if one.status is None else one.status.value] += 1
            self.ages[self._age(one.created_at)] += 1
            held = UNKNOWN if one.labels is None else one.labels.get(self.label, UNKNOWN)
            full = len(self.labels) >= _MOST_LABELS and held not in self.labels
            self.labels[OTHERS if full else held] += 1

    def _age(self, created: datetime | None) -> str:
        if created is None:
            return UNKNOWN
        age = self.now - created
        return next((name for name, limit in AGES if age < limit), OLDEST)

    def by_account(self) -> list[tuple[str, int]]:
        """Every account that is known, the most first."""
        return by_number({name: one.campaigns or 0 for name, one in self.facts.items()})

    def by_status(self) -> list[tuple[str, int]]:
        """The most first."""
        return by_number(self.statuses)

    def by_label(self) -> list[tuple[str, int]]:
        """The most first."""
        return by_number(self.labels)

    def by_age(self) -> list[tuple[str, int]]:
        """Ages from the youngest, those that occur."""
        order = [*(name for name, _ in AGES), OLDEST, UNKNOWN]
        return [(name, self.ages[name]) for name in order if self.ages[name]]


def by_number(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """The most first; equal ones by name."""
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))

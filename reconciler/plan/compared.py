"""What changed between two plans, as a value: what goes now, what no longer, what of the rest."""

from collections import Counter
from enum import StrEnum
from typing import Any, Literal

import msgspec

from reconciler.model import Action, Counts, PlanMetadata, PlanWarning, Violation

Path = tuple[str | int, ...]
_JUDGED = ("definition", "driver", "instead")  # of an account: what makes a request another one


class Effect(StrEnum):
    """What a change means for the campaign, the gravest first."""

    NOW_DELETED = "now-deleted"
    STILL_DELETED = "still-deleted"
    NO_LONGER_DELETED = "no-longer-deleted"
    NOT_DELETED = "not-deleted"


class FieldChange(msgspec.Struct, frozen=True):
    """One value that is not what it was. Of a list, only what differs, in both."""

    path: Path
    before: Any
    after: Any


class ActionChange(msgspec.Struct, frozen=True):
    """One action that is not in both plans as it is. *before* or *after* None: in one alone."""

    before: Action | None
    after: Action | None
    fields: tuple[FieldChange, ...] = ()

    @property
    def now(self) -> Action:
        """The action as it is known last."""
        known = self.after or self.before
        assert known is not None
        return known

    @property
    def kind(self) -> Literal["added", "gone", "changed"]:
        if self.before is None:
            return "added"
        return "gone" if self.after is None else "changed"

    @property
    def effect(self) -> Effect:
        was, goes = (
            one is not None and one.action == "delete" for one in (self.before, self.after)
        )
        if goes:
            return Effect.STILL_DELETED if was else Effect.NOW_DELETED
        return Effect.NO_LONGER_DELETED if was else Effect.NOT_DELETED


class ComparedPlan(msgspec.Struct, frozen=True):
    """What is said of each of the two."""

    digest: str
    metadata: PlanMetadata
    applicable: bool
    counts: Counts


class AccountChange(msgspec.Struct, frozen=True):
    """An account's counts in both plans (None: it has none there), and what changed of it.

    *moved*: actions that only another line of the same manifest asks for.
    """

    before: Counts | None
    after: Counts | None
    added: int = 0
    gone: int = 0
    changed: int = 0
    moved: int = 0


class Listed(msgspec.Struct, frozen=True):
    """Violations and warnings that one of the plans has and the other has not."""

    violations: tuple[Violation, ...]
    warnings: tuple[PlanWarning, ...]


class Comparison(msgspec.Struct, frozen=True):
    """Everything that differs. *facts*: of accounts, files, approvals and how the plan was made."""

    before: ComparedPlan
    after: ComparedPlan
    facts: tuple[FieldChange, ...]
    came: Listed
    went: Listed
    accounts: dict[str, AccountChange]
    changes: tuple[ActionChange, ...]
    phone_numbers: frozenset[str]

    @property
    def moved(self) -> int:
        return sum(one.moved for one in self.accounts.values())

    @property
    def differ(self) -> bool:
        """Whether applying the one is not what applying the other is.

        Who made a plan, when, from which files and with which warnings does not count.
        """
        judged = any(
            one.path[0] == "approvals" or (one.path[0] == "accounts" and one.path[-1] in _JUDGED)
            for one in self.facts
        )
        return bool(judged or self.changes or self.came.violations or self.went.violations)

    def effects(self) -> Counter[Effect]:
        """How many changes there are of each."""
        return Counter(one.effect for one in self.changes)

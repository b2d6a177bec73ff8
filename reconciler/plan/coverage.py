"""What it means that an account's inventory does not list something (spec §2.3)."""

from enum import Enum, auto

import msgspec

from reconciler.declare.project import Account
from reconciler.model import AccountFacts


class Coverage(Enum):
    """COMPLETE: it is gone. PARTIAL: it may exist. INCOMPLETE: nobody can say, so nothing goes."""

    COMPLETE = auto()
    PARTIAL = auto()
    INCOMPLETE = auto()


class Covered(msgspec.Struct, frozen=True):
    """An account's coverage, and in words why it is not complete (empty if it is)."""

    coverage: Coverage
    why: str


def cover(account: Account, facts: AccountFacts | None) -> Covered:
    """*facts* None: no header names the account and no record is of it."""
    if not account.complete:
        return Covered(Coverage.PARTIAL, "what the inventory does not list may still exist")
    if facts is None:
        return Covered(
            Coverage.INCOMPLETE, "no header of the inventory names the account, no record is of it"
        )
    if facts.complete is False:
        why = f": {facts.why}" if facts.why else ""
        return Covered(Coverage.INCOMPLETE, f"the inventory says that it is not complete{why}")
    return Covered(Coverage.COMPLETE, "")

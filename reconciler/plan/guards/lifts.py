"""What makes a plan that breaks a limit applicable, by the guard that it breaks."""

from collections.abc import Iterable

LIFTS_OF_PLANS: dict[str, str] = {
    "max-deletions": "ask for fewer, raise `maxDeletions` of the account, or waive `max-deletions`"
    " for it with a `count`",
    "inventory-age": "take the inventory again (`reconciler inventory pull`), or waive"
    " `inventory-age` for the account",
}


def ways_out(guards: Iterable[str]) -> str:
    """A sentence for each of *guards* that has a way out, with a blank before it."""
    known = dict.fromkeys(LIFTS_OF_PLANS[one] for one in guards if one in LIFTS_OF_PLANS)
    return "".join(f" To lift it: {one}." for one in known)

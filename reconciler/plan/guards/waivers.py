"""Does somebody answer for lifting this guard, for this target or account?"""

from collections.abc import Iterable, Mapping
from datetime import date

import msgspec

from reconciler.declare.project import Waiver
from reconciler.model import Campaign, Target, WaiverUse

OF_TARGETS = frozenset({"running", "protected", "resurrected"})
OF_ACCOUNTS = frozenset({"max-deletions", "inventory-age"})


class Waivers(msgspec.Struct, frozen=True):
    """The waivers of a project, sorted out for one day."""

    active: Mapping[tuple[str, str, str | None], tuple[Waiver, ...]]
    expired: tuple[Waiver, ...]

    def of_target(self, guard: str, target: Target, record: Campaign | None) -> Waiver | None:
        """The waiver that lifts *guard* for *target*, whose campaign has the inventory's *record*.

        A target that is a part needs a waiver of that part, or of all parts that the record lists;
        no other target is lifted by one of these.
        """
        for waiver in self.active.get((guard, target.account, target.id), ()):
            if waiver.parts is not None:
                lifts = target.part in parts_of(record)
            else:
                lifts = waiver.part == target.part
            if lifts:
                return waiver
        return None

    def of_account(self, guard: str, account: str) -> tuple[Waiver, ...]:
        """The waivers that lift *guard* for the whole *account*."""
        return self.active.get((guard, account, None), ())


def parts_of(record: Campaign | None) -> frozenset[str]:
    """The parts that *record* lists: phone numbers, messages."""
    if record is None:
        return frozenset()
    return frozenset((*(record.phone_numbers or ()), *(record.message_ids or ())))


def sort_out(waivers: Iterable[Waiver], *, today: date) -> Waivers:
    """*waivers* by what they lift; one is active through its `until`."""
    active: dict[tuple[str, str, str | None], tuple[Waiver, ...]] = {}
    expired: list[Waiver] = []
    for waiver in waivers:
        # A waiver of the wrong breadth lifts nothing: one for an account never lifts a target's
        # guard, nor one for a target an account's.
        if waiver.until < today:
            expired.append(waiver)
        elif waiver.guard in (OF_ACCOUNTS if waiver.id is None else OF_TARGETS):
            key = (waiver.guard, waiver.account, waiver.id)
            active[key] = (*active.get(key, ()), waiver)
    return Waivers(active=active, expired=tuple(expired))


def use(waiver: Waiver) -> WaiverUse:
    """*waiver* as the plan shows it."""
    return WaiverUse(
        guard=waiver.guard,
        because=waiver.because,
        ticket=waiver.ticket,
        until=waiver.until.isoformat(),
    )

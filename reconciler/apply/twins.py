"""Targets that are one and the same, under several names of their scope. Pure."""

from collections.abc import Mapping

from reconciler.lanes.work import drifted
from reconciler.model import Held, PlanDocument, Target

DOUBLE = drifted(Held.WITHDRAWN, None)
_Key = tuple[tuple[str, ...], str, str | None]


def doubles(
    saved: PlanDocument, fresh: PlanDocument | None, shared: Mapping[str, tuple[str, ...]]
) -> frozenset[Target]:
    """The targets of *saved* that are another name for one of its others, which stands for them.

    That is the one that *fresh* deletes, else the first by name: what a plan, which reads no
    credential, could not see. *shared*: the accounts of one scope, by each of their names.
    """
    if not shared:
        return frozenset()
    groups: dict[_Key, list[Target]] = {}
    for target in saved.targets:
        if target.account in shared:
            key = shared[target.account], target.id, target.part
            groups.setdefault(key, []).append(target)
    going = set() if fresh is None else {one for one in fresh.targets if one.account in shared}
    found: set[Target] = set()
    for same in groups.values():
        first = min(same, key=lambda one: (one not in going, one.account))
        found.update(one for one in same if one != first)
    return frozenset(found)

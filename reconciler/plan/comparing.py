"""Two plans side by side: which actions differ. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator

from reconciler.model import Action, Counts, PlanDocument
from reconciler.plan.compared import (
    AccountChange,
    ActionChange,
    ComparedPlan,
    Comparison,
    Effect,
    Listed,
)
from reconciler.plan.fieldwise import RecordChanges, compared, facts
from reconciler.plan.lines import phone_numbers

_KINDS = ("delete", "refuse", "none")


def compare(
    before: PlanDocument,
    after: PlanDocument,
    *,
    digests: tuple[str, str],
    record_changes: RecordChanges,
) -> Comparison:
    """What *after* does that *before* does not, and the other way round.

    Each is gone through once; in memory is what differs. *record_changes*: two records of one
    campaign, field by field.
    """
    moved: Counter[str] = Counter()
    changes: list[ActionChange] = []
    for one in _paired(*_differing(before.actions, after.actions)):
        found = compared(one, record_changes)
        if found is None:
            moved[one.now.account] += 1
        elif found.kind != "changed" or found.fields:
            changes.append(found)
    changes.sort(key=_order)
    return Comparison(
        before=_head(before, digests[0]),
        after=_head(after, digests[1]),
        facts=tuple(facts(before, after)),
        came=_listed(after, before),
        went=_listed(before, after),
        accounts=_accounts(before, after, changes, moved),
        changes=tuple(changes),
        phone_numbers=frozenset(phone_numbers(before.actions) | phone_numbers(after.actions)),
    )


def _order(one: ActionChange) -> tuple[int, str, str, str]:
    now = one.now
    return (list(Effect).index(one.effect), now.account, now.id or "", now.name or "")


def _head(plan: PlanDocument, digest: str) -> ComparedPlan:
    s = plan.summary
    counts = Counts(delete=s.delete, refuse=s.refuse, none=s.none, targets=s.targets)
    return ComparedPlan(digest, plan.metadata, plan.applicable, counts)


def _listed(of: PlanDocument, other: PlanDocument) -> Listed:
    return Listed(
        violations=tuple(one for one in of.violations if one not in other.violations),
        warnings=tuple(one for one in of.warnings if one not in set(other.warnings)),
    )


# ---------------------------------------------------------------- which actions differ


def _differing(
    before: Iterable[Action], after: Iterable[Action]
) -> tuple[list[Action], list[Action]]:
    """What is not the same on both sides. Both come in a plan's order, so they go side by side."""
    only_before: list[Action] = []
    only_after: list[Action] = []
    left, right = iter(before), iter(after)
    one, other = next(left, None), next(right, None)
    while one is not None or other is not None:
        if other is None or (one is not None and _place(one) < _place(other)):
            assert one is not None
            only_before.append(one)
            one = next(left, None)
        elif one is None or _place(other) < _place(one):
            only_after.append(other)
            other = next(right, None)
        else:
            if one != other:
                only_before.append(one)
                only_after.append(other)
            one, other = next(left, None), next(right, None)
    return only_before, only_after


def _place(one: Action) -> tuple[int, str, bool, str]:
    return (_KINDS.index(one.action), one.account, one.id is not None, one.id or "")


def _paired(before: Iterable[Action], after: Iterable[Action]) -> Iterator[ActionChange]:
    """Actions on one campaign side by side: first those of one reason, then the others."""
    was: dict[tuple[str, str | None, str | None], list[Action]] = {}
    for one in before:
        was.setdefault(_campaign(one), []).append(one)
    left: list[Action] = []
    for other in after:
        same = [one for one in was.get(_campaign(other), ()) if one.reason == other.reason]
        if same:
            was[_campaign(other)].remove(same[0])
            yield ActionChange(same[0], other)
        else:
            left.append(other)
    for other in left:
        rest = was.get(_campaign(other))
        yield ActionChange(rest.pop(0) if rest else None, other)
    yield from (ActionChange(one, None) for some in was.values() for one in some)


def _campaign(one: Action) -> tuple[str, str | None, str | None]:
    return (one.account, one.id, one.name if one.id is None else None)


def _accounts(
    before: PlanDocument,
    after: PlanDocument,
    changes: Iterable[ActionChange],
    moved: Counter[str],
) -> dict[str, AccountChange]:
    was, now = before.summary.accounts, after.summary.accounts
    kinds = Counter((one.now.account, one.kind) for one in changes)
    return {
        name: AccountChange(
            was.get(name),
            now.get(name),
            added=kinds[name, "added"],
            gone=kinds[name, "gone"],
            changed=kinds[name, "changed"],
            moved=moved[name],
        )
        for name in sorted({*was, *now})
    }

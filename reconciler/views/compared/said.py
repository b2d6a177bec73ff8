"""What the views of a comparison say in the same words."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from reconciler.model import Action, PlanWarning, Violation
from reconciler.plan.compared import ActionChange, Comparison, Effect, FieldChange
from reconciler.views import words

Show = Callable[[str], str]

TITLES: dict[Effect, str] = {
    Effect.NOW_DELETED: "Now deleted",
    Effect.STILL_DELETED: "Deleted as before, but changed",
    Effect.NO_LONGER_DELETED: "No longer deleted",
    Effect.NOT_DELETED: "Not deleted, and changed",
}
SIGNS = {"added": "+", "gone": "-", "changed": "~"}
_FEW = 5  # of a list
_TOLD = (("action",), ("reason",))  # the row says these


def headline(found: Comparison) -> str:
    """`3 now deleted, 1 no longer deleted, 2 changed otherwise`."""
    effects = found.effects()
    now, gone = effects[Effect.NOW_DELETED], effects[Effect.NO_LONGER_DELETED]
    other = effects[Effect.STILL_DELETED] + effects[Effect.NOT_DELETED]
    said = f"{now:,} now deleted, {gone:,} no longer deleted, {other:,} changed otherwise"
    return said if found.changes else "no action changed"


def verdict(found: Comparison) -> str:
    """Whether applying the second is applying the first."""
    if found.before.digest == found.after.digest:
        return "Both are the same plan."
    if not found.differ:
        return "Both plans do the same."
    return f"The plans differ: {headline(found)}."


def action(one: Action) -> str:
    return f"{one.action}, {one.reason}"


def became(change: ActionChange) -> str:
    """`delete, matched; was refuse, protected`."""
    before, after = change.before, change.after
    if after is None:
        return f"no longer in the plan; was {action(change.now)}"
    if before is None:
        return f"{action(after)}; was not in the plan"
    if action(before) == action(after):
        return action(after)
    return f"{action(after)}; was {action(before)}"


def told(change: ActionChange) -> Iterator[FieldChange]:
    """The fields that the row itself does not say."""
    return (one for one in change.fields if one.path not in _TOLD)


def name(field: FieldChange) -> str:
    return ".".join(map(str, field.path))


def where(one: Violation | PlanWarning) -> str:
    """The account of a violation, the place of a warning; empty if it has none."""
    if isinstance(one, Violation):
        return one.account or ""
    line = "" if one.line is None else f":{one.line}"
    return f"{one.path}{line}" if one.path else ""


def code(one: Violation | PlanWarning) -> str:
    """What kind of violation or warning it is."""
    return one.guard if isinstance(one, Violation) else one.code


def values(field: FieldChange, show: Show) -> str:
    """`was …; now …`, or of a list what is in one alone. *show* makes foreign text harmless."""
    was, now = field.before, field.after
    pairs = [("was", was), ("now", now)]
    if isinstance(was, list) and isinstance(now, list):
        pairs = [(word, some) for word, some in (("no longer", was), ("now also", now)) if some]
    return "; ".join(f"{word} {_value(held, show)}" for word, held in pairs)


def _value(held: Any, show: Show) -> str:
    """Any value on one line."""
    match held:
        case None:
            return "(none)"
        case bool():
            return "yes" if held else "no"
        case int() | float():
            return f"{held:,}"
        case str():
            return show(held)
        case list():
            few = ", ".join(_value(one, show) for one in held[:_FEW])
            return few if len(held) <= _FEW else f"{few} and {len(held) - _FEW:,} more"
        case {"path": path, "line": line, "manifest": _}:
            return show(f"{path}:{line}")
    return show(json.dumps(held, ensure_ascii=False, default=str))


def mask_of(found: Comparison, *, show_numbers: bool = False) -> words.Mask:
    """Masks the phone numbers of both plans."""
    return words.masker(found.phone_numbers, show_numbers)

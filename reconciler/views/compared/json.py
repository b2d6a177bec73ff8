"""What changed between two plans as one JSON object, one change a line."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from reconciler.model import API_VERSION, Action
from reconciler.plan.compared import ActionChange, ComparedPlan, Comparison, Effect, FieldChange
from reconciler.safe import printable_json
from reconciler.views import words
from reconciler.views.compared.said import mask_of
from reconciler.views.frame import Frame


def view(found: Comparison, frame: Frame) -> Iterator[str]:
    """ASCII, harmless in a terminal and in a CI log; ends with a newline."""
    mask = mask_of(found, show_numbers=frame.show_numbers)
    effects = found.effects()
    kinds = [one.kind for one in found.changes]
    head = {
        "apiVersion": API_VERSION,
        "kind": "PlanComparison",
        "before": _plan(found.before),
        "after": _plan(found.after),
        "differ": found.differ,
        "summary": {
            **{kind: kinds.count(kind) for kind in ("added", "gone", "changed")},
            "moved": found.moved,
            "effects": {str(one): effects[one] for one in Effect},
            "accounts": msgspec.to_builtins(found.accounts),
        },
        "facts": [_field(one, mask) for one in found.facts],
        "violations": {
            "came": _masked(msgspec.to_builtins(found.came.violations), mask),
            "went": _masked(msgspec.to_builtins(found.went.violations), mask),
        },
        "warnings": {
            "came": _masked(msgspec.to_builtins(found.came.warnings), mask),
            "went": _masked(msgspec.to_builtins(found.went.warnings), mask),
        },
    }
    yield f'{_ascii(head)[:-1]},\n "changes":['
    between = "\n "
    for one in found.changes:
        yield between + _ascii(_change(one, mask))
        between = ",\n "
    yield "\n ]}\n" if found.changes else "]}\n"


def _plan(one: ComparedPlan) -> dict[str, object]:
    made: dict[str, object] = msgspec.to_builtins(one)
    return made


def _change(one: ActionChange, mask: words.Mask) -> dict[str, object]:
    return {
        "change": one.kind,
        "effect": str(one.effect),
        "account": one.now.account,
        "id": one.now.id,
        "name": one.now.name,
        "before": _action(one.before, mask),
        "after": _action(one.after, mask),
        "fields": [_field(each, mask) for each in one.fields],
    }


def _action(one: Action | None, mask: words.Mask) -> object:
    return None if one is None else _masked(msgspec.to_builtins(one), mask)


def _field(one: FieldChange, mask: words.Mask) -> dict[str, object]:
    return {
        "path": list(one.path),
        "before": _masked(one.before, mask),
        "after": _masked(one.after, mask),
    }


def _masked(value: Any, mask: words.Mask) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, list | tuple):
        return [_masked(one, mask) for one in value]
    if isinstance(value, dict):
        return {key: _masked(one, mask) for key, one in value.items()}
    return value


def _ascii(value: object) -> str:
    return printable_json(json.dumps(value, ensure_ascii=True, separators=(",", ":"), default=str))

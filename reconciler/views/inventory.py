"""Inventories compared and counted, for people and for machines."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from msgspec import structs, to_builtins

from reconciler.model import API_VERSION, Campaign, Target
from reconciler.safe import mask_number, printable_json, quoted, terminal

if TYPE_CHECKING:  # reading is not pure; only the shapes are needed
    from reconciler.inventory.diff import Change, Diff
    from reconciler.inventory.stats import Stats

_BAR = 40  # characters of the longest bar
_MOST = 30  # lines of a table; how many more there are is said

# ---------------------------------------------------------------- diff


def diff_json(found: "Diff", *, show_numbers: bool = False) -> str:
    """The differences as JSON; phone numbers are masked unless *show_numbers*."""
    return _json(_diff_view(found if show_numbers else _masked(found)))


def diff_text(found: "Diff", *, show_numbers: bool = False) -> str:
    """A line a campaign, and one for each value that changed."""
    return "\n".join(_diff_lines(found if show_numbers else _masked(found)))


def _diff_lines(found: "Diff") -> list[str]:
    if not found.differ:
        return ["The inventories hold the same."]
    lines = [f"+ {_named(one)}" for one in found.appeared]
    lines += [f"- {_named(one)}" for one in found.gone]
    for one, changes in found.changed:
        lines.append(f"~ {_named(one)}")
        lines += [
            f"    {terminal('.'.join(map(str, each.path)))}: "
            f"{_shown(each.before)} -> {_shown(each.after)}"
            for each in changes
        ]
    counts = f"{len(found.appeared)} appeared, {len(found.gone)} gone, {len(found.changed)} changed"
    return [*lines, "", counts]


def _named(one: Campaign) -> str:
    return f"{terminal(str(Target(one.account, one.id)))} {quoted(one.name)}"


def _shown(value: Any) -> str:
    if value is None:
        return "(none)"
    if isinstance(value, str):
        return quoted(value)
    return terminal(json.dumps(value, ensure_ascii=False))


def _masked(found: "Diff") -> "Diff":
    return replace(
        found,
        appeared=tuple(map(_mask_record, found.appeared)),
        gone=tuple(map(_mask_record, found.gone)),
        changed=tuple(
            (_mask_record(one), tuple(map(_mask_change, changes))) for one, changes in found.changed
        ),
    )


def _mask_record(one: Campaign) -> Campaign:
    if one.phone_numbers is None:
        return one
    return structs.replace(one, phone_numbers=tuple(map(mask_number, one.phone_numbers)))


def _mask_change(one: "Change") -> "Change":
    if one.path[0] != "phoneNumbers":
        return one
    return replace(one, before=_mask(one.before), after=_mask(one.after))


def _mask(value: Any) -> Any:
    if isinstance(value, list):
        return list(map(_mask, value))
    return mask_number(value) if isinstance(value, str) else value


def _diff_view(found: "Diff") -> dict[str, Any]:
    return {
        "apiVersion": API_VERSION,
        "kind": "InventoryDiff",
        "summary": {
            "appeared": len(found.appeared),
            "gone": len(found.gone),
            "changed": len(found.changed),
        },
        "appeared": to_builtins(found.appeared),
        "gone": to_builtins(found.gone),
        "changed": [
            {
                "account": one.account,
                "id": one.id,
                "name": one.name,
                "changes": [
                    {"path": list(each.path), "before": each.before, "after": each.after}
                    for each in changes
                ],
            }
            for one, changes in found.changed
        ],
    }


# ---------------------------------------------------------------- stats


def stats_json(found: "Stats") -> str:
    """The counts as JSON."""
    return _json(_stats_view(found))


def stats_text(found: "Stats") -> str:
    """The counts as tables with bars."""
    return "\n".join(_stats_lines(found))


def _stats_lines(found: "Stats") -> list[str]:
    lines = [campaigns(found.campaigns)]
    for title, counts in (
        ("account", found.by_account()),
        ("status", found.by_status()),
        ("age", found.by_age()),
        (f"label {terminal(found.label)}", found.by_label()),
    ):
        lines += ["", f"by {title}", *_bars(counts)]
    return lines


def _bars(counts: Sequence[tuple[str, int]]) -> list[str]:
    shown = [(terminal(name) or '""', number) for name, number in counts[:_MOST]]
    if not shown:
        return ["  none"]
    most = max(1, *(number for _, number in counts))
    width = max(len(name) for name, _ in shown)
    digits = len(str(most))
    lines = [
        f"  {name:<{width}}  {number:>{digits}}  {'█' * _length(number, most)}".rstrip()
        for name, number in shown
    ]
    rest = counts[_MOST:]
    if rest:
        lines.append(f"  and {len(rest)} more with {campaigns(sum(n for _, n in rest))}")
    return lines


def _length(number: int, most: int) -> int:
    return max(1, round(number * _BAR / most)) if number else 0


def campaigns(number: int) -> str:
    """So many campaigns, in words."""
    return "1 campaign" if number == 1 else f"{number} campaigns"


def _stats_view(found: "Stats") -> dict[str, Any]:
    return {
        "apiVersion": API_VERSION,
        "kind": "InventoryStats",
        "campaigns": found.campaigns,
        "accounts": to_builtins(dict(found.facts)),
        "status": dict(found.by_status()),
        "age": dict(found.by_age()),
        "label": {"key": found.label, "values": dict(found.by_label())},
    }


def _json(value: object) -> str:
    return printable_json(json.dumps(value, indent=2))

"""What became of targets in doubt, as JSON and for a terminal. Pure."""

from typing import TYPE_CHECKING, Any

from reconciler.safe import terminal
from reconciler.views.words import masker, target

if TYPE_CHECKING:
    from reconciler.apply.settle.steps import SettledTarget, Settlement


def document(settlement: "Settlement", *, show_numbers: bool = False) -> dict[str, Any]:
    """The JSON of `settle`. Phone numbers are masked unless *show_numbers*."""
    mask = masker(settlement.numbers, show_numbers)
    targets = [
        {
            "target": target(one.target, show_numbers=show_numbers),
            "outcome": one.outcome.value if one.outcome else None,
            "detail": mask(one.detail) if one.detail else None,
            "evidence": one.evidence,
        }
        for one in settlement.targets
    ]
    return {"kind": "Settlement", "inDoubt": settlement.in_doubt, "targets": targets}


def text(settlement: "Settlement", *, show_numbers: bool = False) -> str:
    """The same for a terminal."""
    mask = masker(settlement.numbers, show_numbers)
    lines = []
    for one in settlement.targets:
        why = f" ({mask(one.detail)})" if one.detail else ""
        name = target(one.target, show_numbers=show_numbers)
        lines.append(terminal(f"{name}: {_said(one)}{why}"))
    left = settlement.in_doubt
    return "\n".join([*lines, f"{left} in doubt." if left else "Nothing is in doubt."])


def _said(one: "SettledTarget") -> str:
    if one.cleared:
        return "still there after two looks; apply may send it once more"
    return one.outcome.value if one.outcome else "not deleted; apply may send it again"

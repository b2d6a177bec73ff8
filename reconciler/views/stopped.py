"""The runs that a person stopped, as JSON and for a terminal. Pure."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from reconciler.safe import terminal

if TYPE_CHECKING:
    from reconciler.apply.stopping import StoppedRun


def document(stopped: "Sequence[StoppedRun]") -> dict[str, Any]:
    """The JSON of `stop`."""
    return {
        "kind": "Stop",
        "runs": [
            {
                "run": one.number,
                "kind": one.kind,
                "plan": one.plan,
                "accounts": list(one.accounts),
                "holder": {key: one.holder.get(key) for key in ("pid", "user", "host", "since")},
            }
            for one in stopped
        ],
    }


def text(stopped: "Sequence[StoppedRun]") -> str:
    """The same for a terminal."""
    if not stopped:
        return "Nothing is under way here; nothing was stopped."
    lines = [terminal(_line(one)) for one in stopped]
    return "\n".join(
        [*lines, "What is in flight ends, what is left is pending; apply the plan again to go on."]
    )


def _line(one: "StoppedRun") -> str:
    of = f" of {one.plan[:19]}" if one.plan else ""
    who = f"pid {one.holder.get('pid')} of {one.holder.get('user')} on {one.holder.get('host')}"
    accounts = ", ".join(one.accounts)
    return f"Run {one.number} ({one.kind}{of}, {who}) sends nothing more to {accounts}."

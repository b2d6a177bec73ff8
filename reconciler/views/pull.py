"""What a pull tells: its progress, and what became of each account."""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from reconciler.events import Event
from reconciler.model import API_VERSION, stamp
from reconciler.safe import ci_log, printable_json, terminal
from reconciler.views.words import count

if TYPE_CHECKING:  # pulling is not pure; only the shapes are needed
    from reconciler.pull.keeping import Portion
    from reconciler.pull.results import AccountPull, InventoryPull

_EVERY = 5.0  # seconds between two lines of progress of an account
_NAMED = 5  # odd records that are named
_WORTH_TELLING = 5.0  # seconds: shorter waits are not told


def as_json(found: "InventoryPull") -> str:
    """What became of each account, as JSON."""
    document = {
        "apiVersion": API_VERSION,
        "kind": "InventoryPull",
        "path": str(found.path),
        "written": found.written,
        "exitCode": int(found.exit_code),
        "accounts": {name: _view(found.accounts[name]) for name in sorted(found.accounts)},
    }
    return printable_json(json.dumps(document, indent=1))


def text(found: "InventoryPull") -> list[str]:
    """A line an account, and one for the file if it was written."""
    shown = terminal(str(found.path))
    lines = [terminal(f"{name}: {_said(row)}") for name, row in sorted(found.accounts.items())]
    return [*lines, f"Wrote {shown}"] if found.written else lines


def untouched(found: "InventoryPull") -> str | None:
    """Why the file is as it was; None if it was written."""
    shown = terminal(str(found.path))
    if found.interrupted:
        return f"interrupted; {shown} is as it was"
    return None if found.written else f"error: nothing could be pulled; {shown} is as it was"


def _view(row: "AccountPull") -> dict[str, Any]:
    facts, portion = row.facts, row.portion
    at = facts.captured_at if facts is not None else None
    return {
        "result": row.result,
        "complete": facts.complete if facts is not None else None,
        "campaigns": facts.campaigns if facts is not None else 0,
        "capturedAt": stamp(at) if at is not None else None,
        "why": row.why,
        "appeared": portion.appeared if portion else 0,
        "gone": portion.gone if portion else 0,
        "changed": portion.changed if portion else 0,
        "kept": portion.kept if portion else (facts.campaigns or 0) if facts else 0,
        "ended": portion.ended if portion else 0,
        "odd": {id_: list(fields) for id_, fields in portion.odd} if portion else {},
        "pages": row.pages,
    }


def _said(row: "AccountPull") -> str:
    number = (row.facts.campaigns or 0) if row.facts is not None else 0
    held = count(number, "campaign")
    if row.result in ("failed", "unlistable"):
        head = "NOT PULLED" if row.result == "failed" else "not listed"
        rest = f"; {held} kept" if number else ""
        less = (
            f", {row.portion.gone} gone by the journal" if row.portion and row.portion.gone else ""
        )
        return f"{head}: {row.why}{rest}{less}"
    assert row.portion is not None
    one = row.portion
    counts = [(one.appeared, "new"), (one.gone, "gone"), (one.changed, "changed")]
    told = ", ".join(f"{n} {word}" for n, word in counts if n)
    news = f" ({told})" if told else ""
    rest = _left_out(one) + _odd(one)
    if row.result == "complete":
        return f"{held}, complete{news}{rest}"
    kept = f"; {one.kept} not listed and kept" if one.kept else ""
    return f"{held}{news}, NOT COMPLETE: {row.why}{kept}{rest}"


def _left_out(one: "Portion") -> str:
    return f"; {one.ended} shown as gone and left out" if one.ended else ""


def _odd(one: "Portion") -> str:
    """The records that could not be read whole, the first few by name."""
    if not one.odd:
        return ""
    named = ", ".join(f"{id_} ({', '.join(fields)})" for id_, fields in one.odd[:_NAMED])
    more = f" and {len(one.odd) - _NAMED} more" if len(one.odd) > _NAMED else ""
    return f"; {len(one.odd)} not read whole: {named}{more}"


class PullProgress:
    """Which events of a pull are worth a line, and its words."""

    def __init__(self) -> None:
        self._told: dict[str, datetime] = {}

    def line(self, event: Event) -> str | None:
        """What to tell of *event*, harmless in a log; None: nothing."""
        said = self._said(event)
        return None if said is None else ci_log(said)

    def _said(self, event: Event) -> str | None:
        name = event.account or ""
        match event.kind:
            case "account-started":
                self._told[name] = event.at
                return f"{name}: listing"
            case "look" if self._since(event) >= _EVERY:
                self._told[name] = event.at
                return f"{name}: {count(event.done or 0, 'page')}"
            case "wait" if event.until is not None:
                if (event.until - event.at).total_seconds() < _WORTH_TELLING:
                    return None
                return f"{name}: waiting until {event.until:%H:%M:%S} UTC ({event.detail})"
        return None

    def _since(self, event: Event) -> float:
        before = self._told.get(event.account or "")
        return _EVERY if before is None else (event.at - before).total_seconds()

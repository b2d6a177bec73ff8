"""What a pull tells: its progress, its events, and what became of each account."""

import time
from collections.abc import Collection, Mapping
from typing import Any

from reconciler import safe
from reconciler.cli._listeners import EventsListener
from reconciler.cli._pull_rows import Row, pulled
from reconciler.cli.app import App
from reconciler.errors import Exit
from reconciler.events import Event
from reconciler.model import API_VERSION

_EVERY = 5.0  # seconds between two lines of progress of an account
_WORTH_TELLING = 5.0  # seconds: shorter waits are not told


def tell(app: App, shown: str, rows: Mapping[str, Row], code: Exit, format_: str) -> None:
    """Print what became of each account, and of the file *shown*, as `text` or `json`."""
    written = pulled(rows)
    if format_ == "json":
        document = {
            "apiVersion": API_VERSION,
            "kind": "InventoryPull",
            "path": shown,
            "written": written,
            "exitCode": int(code),
            "accounts": {name: _view(rows[name]) for name in sorted(rows)},
        }
        app.out_json(document, indent=1)
        return
    for name in sorted(rows):
        app.out(safe.terminal(f"{name}: {_said(rows[name])}"))
    if written:
        app.out(f"Wrote {safe.terminal(shown)}")
    else:
        app.err(f"error: nothing could be pulled; {safe.terminal(shown)} is as it was")


def _view(row: Row) -> dict[str, Any]:
    facts, portion = row.facts, row.portion
    at = facts.captured_at if facts is not None else None
    return {
        "result": row.result,
        "complete": facts.complete if facts is not None else None,
        "campaigns": facts.campaigns if facts is not None else 0,
        "capturedAt": at.isoformat().replace("+00:00", "Z") if at is not None else None,
        "why": row.why,
        "appeared": portion.appeared if portion else 0,
        "gone": portion.gone if portion else 0,
        "changed": portion.changed if portion else 0,
        "kept": portion.kept if portion else (facts.campaigns or 0) if facts else 0,
        "pages": row.pages,
    }


def _said(row: Row) -> str:
    number = (row.facts.campaigns or 0) if row.facts is not None else 0
    held = "1 campaign" if number == 1 else f"{number} campaigns"
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
    if row.result == "complete":
        return f"{held}, complete{news}"
    kept = f"; {one.kept} not listed and kept" if one.kept else ""
    return f"{held}{news}, NOT COMPLETE: {row.why}{kept}"


class PullListener(EventsListener):
    """Progress in plain lines on stderr."""

    def begin(self, numbers: Collection[str]) -> None:
        super().begin(numbers)
        self._told: dict[str, float] = {}

    def show(self, event: Event) -> None:
        if line := self._line(event):
            self.app.note(safe.ci_log(line))

    def _line(self, event: Event) -> str | None:
        name = event.account or ""
        match event.kind:
            case "account-started":
                self._told[name] = time.monotonic()
                return f"{name}: listing"
            case "look" if time.monotonic() - self._told.get(name, 0.0) >= _EVERY:
                self._told[name] = time.monotonic()
                return f"{name}: {event.done} pages"
            case "wait" if event.until is not None:
                if (event.until - event.at).total_seconds() < _WORTH_TELLING:
                    return None
                return f"{name}: waiting until {event.until:%H:%M:%S} UTC ({event.detail})"
        return None

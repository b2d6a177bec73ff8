"""Rows of the journal's tables as values, and the records that go into the audit log."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, cast

from reconciler.lanes.journal import Intent, Result, State
from reconciler.model import Evidence, Identity, Outcome, Target, stamp

TIMES = ("at", "last_byte_at", "seen_at")
FIELDS = (
    "outcome",
    "detail",
    "evidence",
    "at",
    "plan",
    "asked",
    "inventory",
    "sends",
    "doubts",
    "last_byte_at",
    "seen_at",
    "cleared",
    "account",
    "copy",
)


def part(target: Identity) -> str:
    """Parts as stored: the empty text is *no part* (no driver has an empty part)."""
    return "" if target.part is None else target.part


def identity(row: Sequence[Any]) -> Identity:
    return Identity(row[0], row[1], row[2] or None)


def state(row: Sequence[Any]) -> State:
    values = dict(zip(FIELDS, row, strict=True))
    for name in TIMES:
        values[name] = None if values[name] is None else moment(values[name])
    for name in ("asked", "inventory"):
        values[name] = tuple(json.loads(values[name])) if values[name] else ()
    values["outcome"] = Outcome(values["outcome"]) if values["outcome"] else None
    values["evidence"] = cast(Evidence | None, values["evidence"])
    values["cleared"] = bool(values["cleared"])
    return State(**values)


def stored(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.timestamp()
    if name in ("asked", "inventory"):
        return _listed(tuple(value))
    if isinstance(value, Outcome):
        return value.value
    return int(value) if isinstance(value, bool) else value


@lru_cache(maxsize=1024)  # most targets of a request share them
def _listed(texts: tuple[str, ...]) -> str:
    return json.dumps(texts)


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def iso(moment: datetime) -> str:
    return stamp(moment, "milliseconds")


def named(intent: Intent) -> str | None:
    """The targets of *intent* as they are stored with their request; None of a read."""
    if not intent.targets:
        return None
    asked: dict[tuple[str, ...], int] = {}
    words = intent.asked or ((),) * len(intent.targets)
    rows = [
        (target.id, target.part, asked.setdefault(one, len(asked)))
        for target, one in zip(intent.targets, words, strict=True)
    ]
    return json.dumps([list(asked), rows])


def targets_in(scope: str, text: str | None) -> tuple[Identity, ...]:
    """The targets of a request to *scope* that `named` made *text* of."""
    return tuple(one for one, _ in asked_in(scope, text))


def asked_in(scope: str, text: str | None) -> list[tuple[Identity, tuple[str, ...]]]:
    """The same, each with the digests of the absences that asked for it."""
    if text is None:
        return []
    asked, rows = json.loads(text)
    return [(Identity(scope, id_, part_), tuple(asked[place])) for id_, part_, place in rows]


def intent_record(number: int, intent: Intent) -> Mapping[str, Any]:
    named = [Target(intent.account, one.id, one.part) for one in intent.targets]
    return {
        "type": "intent",
        "request": number,
        "account": intent.account,
        "scope": intent.scope,
        "method": intent.method,
        "url": intent.url,
        "targets": [str(target) for target in named],
    }


def result_record(whose: tuple[str, str], result: Result) -> Mapping[str, Any]:
    account, scope = whose
    return {
        "type": "outcome",
        "request": result.number,
        "account": account,
        "scope": scope,
        "status": result.status,
        "verdict": result.verdict,
        "detail": result.detail,
        "vendorRequestId": result.vendor_id,
    }

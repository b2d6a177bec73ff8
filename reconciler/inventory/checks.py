"""What every record must hold, whatever the format it came in: checked a batch at a time."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from reconciler.inventory.claims import known_name
from reconciler.inventory.notes import Notes, like_field
from reconciler.model import Campaign, Campaigns, Target


def accept(found: Sequence[Campaign], lines: Sequence[int], notes: Notes) -> Campaigns:
    """Check a batch of well-formed records of those *lines*; returns what is good of it."""
    records = found if isinstance(found, Campaigns) else Campaigns(found)
    own = records.by_account.keys()
    known = notes.accounts is None or own <= notes.accounts
    if not known or "" in own or not all(records.ids):
        records, lines = _leave_out(records, lines, notes)
    together = "".join(records.ids)
    if together.split(None, 1) != [together]:  # a blank somewhere in them
        _note_blanks(records, lines, notes)
    for index in _of_other_zones(records):
        records.text = None  # it has another time
        records[index] = _in_utc(records[index], lines[index], notes)
    for index in [at for at, one in enumerate(records) if one.unknown]:
        _check_unknown(records[index], lines[index], notes)
    notes.take(records)
    return records


def _leave_out(
    records: Sequence[Campaign], lines: Sequence[int], notes: Notes
) -> tuple[Campaigns, list[int]]:
    good = Campaigns()
    at: list[int] = []
    for one, line in zip(records, lines, strict=True):
        if not one.id or not one.account:
            key = "account" if not one.account else "id"
            fix = "every record needs one"
            notes.error("inventory-field", f"`{key}` is empty", line=line, fix=fix)
            notes.lost += 1
        elif notes.accounts is not None and one.account not in notes.accounts:
            notes.foreign(one.account, line)
        else:
            good.append(one)
            at.append(line)
    return good, at


def _note_blanks(records: Sequence[Campaign], lines: Sequence[int], notes: Notes) -> None:
    for one, line in zip(records, lines, strict=True):
        if one.id != one.id.strip():
            notes.odd("blank", line, str(Target(one.account, one.id)))


def _check_unknown(one: Campaign, line: int, notes: Notes) -> None:
    for name in one.unknown or ():
        if not known_name(name):
            notes.error(
                "inventory-field",
                f"`unknown` names `{name}`, which is no field of a record",
                line=line,
                fix=like_field(name),
            )


def _in_utc(one: Campaign, line: int, notes: Notes) -> Campaign:
    times: dict[str, Any] = {}
    for field in ("created_at", "updated_at"):
        at: datetime | None = getattr(one, field)
        if at is None or at.tzinfo is UTC:
            continue
        if at.tzinfo is None:
            notes.zoneless(line)
            times[field] = at.replace(tzinfo=UTC)
            continue
        try:
            times[field] = at.astimezone(UTC)
        except OverflowError:
            said = f"the time {at.isoformat()} is no UTC time"
            notes.error("inventory-time", said, line=line, fix="write it in UTC, with Z")
            times[field] = at.replace(tzinfo=UTC)
    return msgspec.structs.replace(one, **times)


def _of_other_zones(records: Sequence[Campaign]) -> list[int]:
    """Places of the records with a time that is not in UTC."""
    try:
        # nearly every record has both times, and then this is twice as fast
        if not any(
            [
                one.created_at.tzinfo is not UTC or one.updated_at.tzinfo is not UTC  # type: ignore[union-attr]
                for one in records
            ]
        ):
            return []
    except AttributeError:
        pass
    return [
        place
        for place, one in enumerate(records)
        if ((at := one.created_at) is not None and at.tzinfo is not UTC)
        or ((at := one.updated_at) is not None and at.tzinfo is not UTC)
    ]

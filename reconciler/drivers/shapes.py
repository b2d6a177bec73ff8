"""Where a vendor's item has what a record holds, and what its words mean.

A vendor's field may be missing, be of another type, or be half a text. What is there and cannot be
read is unknown and never missing, because an exception that asks for it holds until somebody looks.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal

import msgspec

from reconciler.driver import Answer, Session
from reconciler.model import Campaign, Status


class Shown(msgspec.Struct, frozen=True):
    """An *answer*, and the JSON object that it *said*."""

    answer: Answer
    said: dict[str, Any]


_NUMBERS: Final = 1 << 64  # JSON's numbers are read digit by digit, and ids have 64 bits

Record = Callable[[Any, Shown], Campaign | None]
"""Makes a record of an item and of the answer that it came in; None: it has no id."""
Records = Callable[[Session], Record]
"""What makes records for a session; `Shape.records` is one."""


def at(value: Any, path: str) -> Any:
    """What is in *value* at a *path* of keys with dots between them; None if there is nothing."""
    for key in path.split("."):
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and key.isdecimal() and len(key) < 5 and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value


def instant(value: object) -> datetime | None:
    """*value* as an aware UTC time; without a zone it is UTC already; None if it is no time."""
    if not isinstance(value, str):
        return None
    try:
        time = datetime.fromisoformat(value)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """Where a vendor's item has what a record holds: keys, with dots further in.

    *within*: where all of it is but the id. *numbers*: whether an id may be a number. *statuses*:
    the vendor's words, as `states` makes them. *channel*: the one that all items have;
    *channel_at*: where an item has its own, of a list the only one. *attributes*: what is kept of
    the vendor's own words. *always*: keys that every item has, so that of one without them it is
    not known.
    """

    id: str = "id"
    numbers: bool = True
    within: str | None = None
    name: str | None = "name"
    status: str | None = "status"
    statuses: Mapping[Any, Status] = {}
    created: str | None = None
    updated: str | None = None
    labels: str | None = None
    channel: str | None = None
    channel_at: str | None = None
    attributes: tuple[str, ...] = ()
    instant: Callable[[object], datetime | None] = instant
    always: tuple[Literal["labels"], ...] = ()

    def record(
        self, account: str, item: Any, *, tags: object = None, **facts: Any
    ) -> Campaign | None:
        """The record of *item*; None if it has no id. *facts* replace what its shape says.

        *tags* are its labels where they are not at one place of it. What is there and cannot be
        read is unknown, not missing.
        """
        id_ = (id_text if self.numbers else id_of)(at(item, self.id))
        if id_ is None:
            return None
        item = at(item, self.within) if self.within else item
        name = at(item, self.name) if self.name else None
        created = at(item, self.created) if self.created else None
        updated = at(item, self.updated) if self.updated else None
        tags = at(item, self.labels) if self.labels else tags
        known: dict[str, Any] = {
            "name": name_of(name),
            "status": status(self.statuses, at(item, self.status)) if self.status else None,
            "channel": only(at(item, self.channel_at)) if self.channel_at else self.channel,
            "created_at": self.instant(created),
            "updated_at": self.instant(updated),
            "labels": labels(tags),
            "attributes": chosen(item, *self.attributes),
            "unknown": unread_fields(
                name=odd_name(name),
                createdAt=odd_time(created, self.instant(created)),
                updatedAt=odd_time(updated, self.instant(updated)),
                labels=odd_labels(tags) or ("labels" in self.always and self.labels not in item),
            ),
        }
        return Campaign(account=account, id=id_, **{**known, **facts})

    def of(self, account: str, **facts: Any) -> "Record":
        """What makes records of this shape for *account*; all of them have *facts*."""
        return lambda item, _shown: self.record(account, item, **facts)

    def records(self, session: Session) -> "Record":
        """What makes records of this shape for the account of *session*."""
        return self.of(session.account)


def states(**words: str) -> dict[str, Status]:
    """A vendor's words for states: `states(running="sending, canceling", draft="save")`.

    A word may have `*` where anything may stand; of several that fit, the first counts.
    """
    return {
        word.strip(): Status(state) for state, every in words.items() for word in every.split(",")
    }


def ours(*words: str) -> dict[str, Status]:
    """The states for which a vendor has the very words that we have."""
    return {word: Status(word) for word in words}


def text(value: object) -> str | None:
    """*value* if it is a text that says something, else None."""
    return value if isinstance(value, str) and value else None


def only(value: object) -> str | None:
    """*value*, or the only one in it if it is a list, if that is a text that says something."""
    if isinstance(value, list):
        value = value[0] if len(value) == 1 else None
    return text(value)


def name_of(value: object) -> str:
    """*value* as a name: text, or the digits of a number; empty if it is neither."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < _NUMBERS:
        return str(value)
    return value if isinstance(value, str) else ""


def unread_fields(**lost: object) -> tuple[str, ...] | None:
    """`unknown` of a record: the fields that are there and could not be read, if there are any."""
    return tuple(field for field, is_lost in lost.items() if is_lost) or None


_HALF: Final = "\ufffd"  # what stands where half a character was


def odd_name(value: object) -> bool:
    """Whether a name is there, and is no text, or not the whole text."""
    return value is not None and (not isinstance(value, str) or _HALF in value)


def odd_time(value: object, read: datetime | None) -> bool:
    """Whether a time is there that could not be read."""
    return value not in (None, "") and read is None


def odd_labels(value: object) -> bool:
    """Whether labels are there, and some of them are no text, or not the whole text."""
    if value is None:
        return False
    if isinstance(value, dict):
        every = [*value, *value.values()]
    elif isinstance(value, list):
        every = list(value)
    else:
        return True
    return any(not isinstance(one, str) or _HALF in one for one in every)


def id_text(value: object) -> str | None:
    """*value* as an id: a text that says something, or the digits of a whole number."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _NUMBERS:
        return str(value)
    return id_of(value)


def id_of(value: object) -> str | None:
    """*value* as an id: a text that says something, and is whole."""
    found = text(value)
    return None if found is not None and _HALF in found else found


def labels(value: object) -> dict[str, str] | None:
    """Labels by key: `tier:evergreen` is the label `tier`, a bare one has an empty value.

    Odd ones are left out. None only if the vendor does not speak of labels: none are news, too.
    """
    if isinstance(value, dict):
        return {key: one for key, one in value.items() if isinstance(one, str)}
    if not isinstance(value, list):
        return None
    found: dict[str, str] = {}
    for label in value:
        key, _, rest = label.partition(":") if isinstance(label, str) else ("", "", "")
        if key and key not in found:
            found[key] = rest
        elif isinstance(label, str) and label:  # a second value of one key must not hide it
            found[label] = ""
    return found


def unix(value: object) -> datetime | None:
    """Seconds since 1970 as an aware UTC time; None if *value* is no such number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def chosen(item: object, *keys: str) -> dict[str, Any] | None:
    """The vendor's own words under *keys* of an *item*, as they are, for `attributes`."""
    if not isinstance(item, dict):
        return None
    return {key: item[key] for key in keys if key in item} or None


def status(table: Mapping[Any, Status], word: object) -> Status:
    """The vendor's *word* in ours, whatever its case; a boolean may be one."""
    if isinstance(word, bool):
        return table.get(word, Status.UNKNOWN)
    if not isinstance(word, str):
        return Status.UNKNOWN
    text = word.lower()
    if text in table:
        return table[text]
    fits = (state for one, state in table.items() if isinstance(one, str) and _fits(one, text))
    return next(fits, Status.UNKNOWN)


def _fits(pattern: str, text: str) -> bool:
    """Whether *text* is *pattern*, in which `*` stands for anything."""
    if "*" not in pattern:
        return False
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text, re.DOTALL) is not None

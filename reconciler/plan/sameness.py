"""Is this still the record that was planned? Pure; used between plans and after looks."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from unicodedata import normalize

from reconciler.model import Campaign, stamp


@dataclass(frozen=True, slots=True)
class Difference:
    """How a record differs: `another` campaign, or the same one `changed`; *detail* says where."""

    kind: Literal["another", "changed"]
    detail: str


def difference(
    planned: Campaign, seen: Campaign, *, by_name: bool, parts: bool = True
) -> Difference | None:
    """None if *seen* is the record that was planned; each field counts only if both have it.

    *parts* False: phone numbers and message ids are compared elsewhere, one by one.
    """
    fields = ["name", "channel", "created_at", "updated_at"]
    if parts:
        fields += ["phone_numbers", "message_ids"]
    if not by_name and not (planned.name and seen.name):
        fields.remove("name")  # the vendor has none, or does not show it here
    differing = [name for name in fields if _differs(planned, seen, name)]
    if not differing:
        return None
    identity = {"created_at"} | ({"name"} if by_name else set())
    kind: Literal["another", "changed"] = "another" if identity & set(differing) else "changed"
    said = "; ".join(
        f"{_camel(name)}: {_shown(getattr(planned, name))} -> {_shown(getattr(seen, name))}"
        for name in differing
    )
    return Difference(kind, said)


def _differs(planned: Campaign, seen: Campaign, name: str) -> bool:
    before, after = getattr(planned, name), getattr(seen, name)
    if before is None or after is None:
        return False
    if isinstance(before, datetime):
        return not _same_instant(before, after)
    if isinstance(before, tuple):
        return sorted(before) != sorted(after)
    if name == "name":
        return normalize("NFC", before) != normalize("NFC", after)
    return bool(before != after)


def _same_instant(one: datetime, other: datetime) -> bool:
    """Equal, or equal to the second where one side was written without fractions."""
    if one == other:
        return True
    if one.microsecond and other.microsecond:
        return False
    return one.replace(microsecond=0) == other.replace(microsecond=0)


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.title() for word in rest)


def _shown(value: object) -> str:
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, tuple):
        return f"{len(value)} of them"
    return repr(value) if isinstance(value, str) else str(value)

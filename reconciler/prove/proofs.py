"""What a check shows: of evidence, and of an audit log alone."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Proven:
    """What verified evidence shows. *notes* say what it cannot show."""

    plan: str
    project: str
    records: int
    runs: int
    targets: int
    outcomes: Mapping[str, int]
    approved_by: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verified:
    """A chain whose every link holds: how many records, and the last one's number and hash."""

    records: int
    first: int | None
    last: int | None
    hash: str

"""The plans of the lanes that a worker has: each is read once for as long as lanes of it come."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.errors import Stale
from reconciler.lanes.handed import HandedLane
from reconciler.lanes.journal import Journal
from reconciler.plan.lines import phone_numbers
from reconciler.plan.saved import Saved, read_parts


@dataclass(frozen=True, slots=True)
class Handed:
    """A plan as it was handed over, and every phone number that it names."""

    saved: Saved
    numbers: frozenset[str]


@dataclass(slots=True)
class _Place:
    users: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    plan: Handed | None = None


class Plans:
    """Plans by their digest. The newest is kept until `forget`, others while they are in use."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._places: dict[str, _Place] = {}
        self._newest: str | None = None

    @contextmanager
    def of(self, journal: Journal, lane: HandedLane, heed: Callable[[], None]) -> Iterator[Handed]:
        """The plan that *lane* is of; `Stale` if it is no longer there as it was handed over.

        While it is read, *heed* is called now and then, and may raise.
        """
        with self._lock:
            place = self._places.setdefault(lane.plan, _Place())
            place.users += 1
            self._newest = lane.plan
            self._sweep()
        try:
            with place.lock:  # whoever comes meanwhile waits for the first
                if place.plan is None:
                    saved = _read(journal, lane, heed)
                    place.plan = Handed(saved, frozenset(phone_numbers(saved.plan.actions)))
            yield place.plan
        finally:
            with self._lock:
                place.users -= 1
                self._sweep()

    def forget(self) -> None:
        """Hold none that nobody uses."""
        with self._lock:
            self._newest = None
            self._sweep()

    def _sweep(self) -> None:
        for digest, place in list(self._places.items()):
            if not place.users and digest != self._newest:
                del self._places[digest]


def _read(journal: Journal, lane: HandedLane, heed: Callable[[], None]) -> Saved:
    assert journal.shared is not None
    parts = journal.shared.plan(lane.plan)
    saved = None if parts is None else read_parts(Path("plan.json"), _heeding(parts, heed))
    if saved is None or saved.digest != lane.plan:
        raise Stale(
            f"plan {lane.plan[:19]} is not in the database as it was handed over; apply"
            " it again with --workers"
        )
    return saved


def _heeding(parts: Iterator[bytes], heed: Callable[[], None]) -> Iterator[bytes]:
    for part in parts:
        heed()
        yield part

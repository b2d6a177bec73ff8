"""A lane that was handed over to workers, as everybody sees it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

LaneState = Literal["queued", "working", "waiting", "done", "stopped"]
OPEN: tuple[LaneState, ...] = ("queued", "working", "waiting")
"""The states of a lane that is not at its end."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """What is handed over of a lane: its accounts, how many targets, and all that is needed.

    *work* is in parts, which are made as they are taken.
    """

    lane: str
    accounts: tuple[str, ...]
    targets: int
    work: Iterable[bytes]


@dataclass(frozen=True, slots=True)
class HandedLane:
    """A lane of a plan. *takes*: how often a worker took it; *clean*: given back as it should be.

    *owner*: the worker, its host, pid and since when. *said*: why it stopped, or waits. *code*:
    the exit code of what stopped it. *due*: whether it need not wait until a later time. *done*:
    targets worked so far.
    """

    number: int
    run: int
    plan: str
    lane: str
    accounts: tuple[str, ...]
    targets: int
    state: LaneState
    takes: int
    clean: bool
    owner: Mapping[str, Any] | None
    said: str | None
    code: int | None
    waiting_until: datetime | None
    due: bool
    began: datetime | None
    done: int

    @property
    def open(self) -> bool:
        """Whether it is not at its end."""
        return self.state in OPEN


class Handover(Protocol):
    """The lanes that were handed over, where machines share them."""

    def hand(self, run: int, plan: str, bundles: Sequence[Bundle]) -> None:
        """Hand all of *bundles* over, each a lane of *plan*, or none."""

    def work(self, number: int) -> Iterator[bytes]:
        """What was handed over with the lane, in parts."""

    def fates(self, number: int) -> Iterator[bytes] | None:
        """What became of each target, in parts; None where that was not told at the lane's end."""

    def lanes(self, *, run: int | None = None, plan: str | None = None) -> list[HandedLane]:
        """Those of a run, or of a plan; of neither: those that are not at their end."""

    def ended(self, run: int) -> bool:
        """Whether every lane of the run is at its end."""

    def due(self) -> list[HandedLane]:
        """Those that a worker may take now, or has taken."""

    def take(self, number: int, owner: Mapping[str, Any]) -> HandedLane | None:
        """Work the lane from now on, whoever did before; None if it is at its end, or not due."""

    def mark(
        self,
        number: int,
        takes: int,
        state: LaneState,
        *,
        said: str | None = None,
        code: int | None = None,
        until: float | None = None,
        files: str | None = None,
        whole: bool = True,
        done: int | None = None,
        fates: Iterable[bytes] | None = None,
    ) -> bool:
        """What the lane is now; False for whoever has lost it.

        *fates*: at its end, what became of each target, in parts.
        *until*: when it is due again, by the project file of the digest *files*. *whole*: who
        gives it back has left nothing that is not written down.
        """

    def free(self, silence: float) -> None:
        """Who has been silent for so many seconds keeps nothing from others any more."""

    def crowded(self) -> bool:
        """Whether a lane that is due waits for a worker."""

    def wake(self, files: str) -> None:
        """Lanes that wait by another project file than *files* are due."""

    def unended(self, since: float) -> list[int]:
        """The runs whose last lane came to its end *since* seconds ago, and that nobody ended."""

    def tell(self, run: int, lines: Sequence[str]) -> None:
        """Tell whoever follows the run."""

    def told(self, run: int, after: int) -> list[tuple[int, str]]:
        """What was told of the run since, numbered."""

    def forget(self, run: int) -> None:
        """Nobody follows the run any more."""

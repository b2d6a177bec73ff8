"""Records of deletions that are alike, beside the lines of a plan that was just made. Pure.

Nearly all of a large plan is such, and who shows it needs their records alone.
"""

from array import array
from collections.abc import Sequence

import msgspec

from reconciler.model import Action
from reconciler.plan.spool import Spool
from reconciler.plan.usual import Stretch

PIECE = 256  # records that are read, measured and drawn at a time


class SameRecords(msgspec.Struct, frozen=True):
    """Deletions that follow each other, from the place *first* among a plan's actions on.

    Of these only records and lines differ. *like*: one of them, as they are; *lines*: in which line
    of its manifest the first absence of each stands.
    """

    like: Action
    first: int
    lines: Sequence[int]
    spool: Spool
    start: int
    end: int

    @property
    def stop(self) -> int:
        """The place behind them."""
        return self.first + len(self.lines)

    def read(self) -> bytes:
        """Their records: JSON, a list."""
        return self.spool.read(self.start, self.end)


class SameSink:
    """Takes in deletions as they come into a plan; `done` gives them back, in pieces."""

    def __init__(self) -> None:
        self._spool = Spool()
        self._found: list[SameRecords] = []
        self._like: Action | None = None
        self._stop = 0  # the place behind those that wait
        self._waiting: list[bytes] = []
        self._lines = array("I")

    def add(self, first: int, some: Stretch) -> None:
        """*some*, from the place *first* on."""
        if some.like is not self._like or first != self._stop:
            self._write(len(self._waiting))
            self._like = some.like
        self._waiting += some.records
        self._lines.extend(some.lines)
        self._stop = first + len(some.records)
        while len(self._waiting) >= PIECE:
            self._write(PIECE)

    def done(self) -> Sequence[SameRecords]:
        """All of them, in order."""
        self._write(len(self._waiting))
        return self._found

    def _write(self, number: int) -> None:
        """The first *number* of those that wait."""
        if not number:
            return
        assert self._like is not None
        first, start = self._stop - len(self._waiting), len(self._spool)
        self._spool.write(b"[%b]" % b",".join(self._waiting[:number]))
        piece = SameRecords(
            self._like, first, self._lines[:number], self._spool, start, len(self._spool)
        )
        self._found.append(piece)
        del self._waiting[:number], self._lines[:number]

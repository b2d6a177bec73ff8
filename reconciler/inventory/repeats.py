"""Finds (account, id) that came twice among any number of them, in memory that does not grow."""

from array import array
from collections.abc import Iterator, Sequence
from itertools import accumulate, chain, islice
from operator import lt
from struct import pack
from typing import BinaryIO

_IN_MEMORY = 1 << 16  # hashes, before they go to a temporary file, 8 bytes each
_RANGES = 256  # parts of all possible hashes, by their first byte
_ENOUGH = 1000  # repeated hashes that are told apart; an error is certain after the first


class Repeats:
    """Add records' accounts and ids; `repeated` has the hashes of those that came more than once.

    As long as the records come in order, by id or by account and id, none can come twice and
    nothing is kept: `unseen` of them. Should the order break later, whoever reads them says them
    again (`add_unseen`). Else all hashes go to a temporary file (8 bytes each) in runs that are
    parted by range, and equal ones are looked for at the end, range by range.
    """

    def __init__(self) -> None:
        self.unseen = 0
        self._last: tuple[str, str] | None = ("", "")
        self._by_id = self._by_both = True
        self._recent: list[int] = []
        self._runs: list[_Run] = []
        self._file: BinaryIO | None = None

    @property
    def in_order(self) -> bool:
        """Whether all records came in order so far."""
        return self._last is not None

    def add(self, accounts: Sequence[str], ids: Sequence[str]) -> None:
        """Take in records by their accounts and ids."""
        if not ids:
            return
        if self._last is not None:
            if self._follow(self._last, accounts, ids):
                self._last = accounts[-1], ids[-1]
                self.unseen += len(ids)
                return
            self._last = None
        self.add_unseen(accounts, ids)

    def _follow(self, last: tuple[str, str], accounts: Sequence[str], ids: Sequence[str]) -> bool:
        """Whether these go on in an order that all before them kept: by id, or by both."""
        rising = all(map(lt, ids, islice(ids, 1, None)))
        self._by_id = self._by_id and rising and last[1] < ids[0]
        if self._by_both and accounts.count(accounts[0]) == len(accounts):
            self._by_both = rising and last < (accounts[0], ids[0])
        elif self._by_both:
            pairs = list(zip(accounts, ids, strict=True))
            self._by_both = last < pairs[0] and all(map(lt, pairs, islice(pairs, 1, None)))
        return self._by_id or self._by_both

    def add_unseen(self, accounts: Sequence[str], ids: Sequence[str]) -> None:
        """Take in records, in order or not."""
        self.add_hashes(list(map(hash, zip(accounts, ids, strict=True))))

    def add_hashes(self, hashes: Sequence[int]) -> None:
        """Take in hashes (signed 64 bits)."""
        self._recent += hashes
        if len(self._recent) >= _IN_MEMORY:
            self._spill()

    def repeated(self) -> frozenset[int]:
        """The hashes that came more than once (at most about a thousand of them)."""
        found: set[int] = set()
        for values in self._ranges():
            if len(set(values)) < len(values):
                once: set[int] = set()
                for one in values:
                    (found if one in once else once).add(one)
                    if len(found) >= _ENOUGH:
                        return frozenset(found)
        return frozenset(found)

    def close(self) -> None:
        """Give back memory and temporary file."""
        self._recent, self._runs = [], []
        if self._file is not None:
            self._file.close()
            self._file = None

    def _spill(self) -> None:
        """The recent hashes as a run."""
        import tempfile  # few inventories are so large and in no order

        ranges: list[list[int]] = [[] for _ in range(_RANGES)]
        put = [one.append for one in ranges]
        for one in self._recent:
            put[one >> 56](one)  # the first byte is signed: negative ones from the end
        bounds = [0, *accumulate(map(len, ranges))]
        # many times faster than one by one
        packed = pack(f"{bounds[-1]}q", *chain.from_iterable(ranges))
        run = _Run(bounds, array("q", packed))
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close
            run.store(self._file)
        except OSError:
            # without a place for temporary files they stay in memory: 8 MB a million records
            pass
        self._runs.append(run)
        self._recent = []

    def _ranges(self) -> Iterator[list[int]]:
        """All hashes, those of some neighbouring ranges at a time."""
        if not self._runs:
            yield self._recent
            return
        self._spill()
        total = sum(run.bounds[-1] for run in self._runs)
        step = max(1, _RANGES * _IN_MEMORY // max(1, total))
        for low in range(0, _RANGES, step):
            values: list[int] = []
            for run in self._runs:
                values += run.between(low, min(low + step, _RANGES))
            yield values


class _Run:
    """Hashes range by range, in memory or in a file. *bounds*: where each begins, and the end."""

    __slots__ = ("_file", "_start", "_values", "bounds")

    def __init__(self, bounds: list[int], values: "array[int]") -> None:
        self.bounds = bounds
        self._values = values
        self._file: BinaryIO | None = None
        self._start = 0

    def store(self, file: BinaryIO) -> None:
        """Put them at the end of *file*; when it raises they are where they were."""
        start = file.seek(0, 2)
        try:
            file.write(self._values)
            file.flush()
        except OSError:
            file.seek(start)
            file.truncate()
            raise
        self._file, self._start, self._values = file, start, array("q")

    def between(self, low: int, high: int) -> "array[int]":
        """Those of the ranges from *low* up to *high*."""
        first, end = self.bounds[low], self.bounds[high]
        if self._file is None:
            return self._values[first:end]
        size = self._values.itemsize
        self._file.seek(self._start + first * size)
        return array("q", self._file.read((end - first) * size))

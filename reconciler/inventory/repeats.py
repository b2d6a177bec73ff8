"""Finds (account, id) that came twice among any number of them, in memory that does not grow."""

import contextlib
import tempfile
from array import array
from collections.abc import Iterator, Sequence
from itertools import islice
from operator import lt
from typing import BinaryIO

_TABLE = 1 << 22  # bytes of bits at first
_LARGEST = 1 << 25
_LOAD = 16  # bits a hash; below, the table grows
_IN_MEMORY = 1 << 17  # hashes, 8 bytes each, before they go to a temporary file
_SUSPECTS = 1 << 14  # suspects that are looked up at once; more of them among more hashes
_ENOUGH = 1000  # repeated hashes that are told apart; an error is certain after the first


class Repeats:
    """Add records' accounts and ids; `repeated` has the hashes of those that came more than once.

    As long as the records come in order, by id or by account and id, none can come twice and
    nothing is kept: `unseen` of them. Should the order break later, whoever reads them says them
    again (`add_unseen`). Else a bit table says which hashes may have come before; all hashes are
    kept on disk (8 bytes each), and the few suspects are counted there.
    """

    def __init__(self) -> None:
        self.unseen = 0
        self._last: tuple[str, str] | None = ("", "")
        self._by_id = self._by_both = True
        self._table = bytearray()
        self._number = 0
        self._recent = array("q")
        self._spilled: BinaryIO | None = None
        self._suspects: list[int] = []
        self._repeated: set[int] = set()

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
        if len(self._repeated) >= _ENOUGH:
            return
        if not self._table:
            self._table = bytearray(_TABLE)
        self._number += len(hashes)
        if self._number * _LOAD > len(self._table) * 8 and len(self._table) < _LARGEST:
            self._grow()
        self._suspects += self._mark(hashes)
        self._recent.extend(hashes)
        if len(self._recent) >= _IN_MEMORY:
            self._spill()
        if len(self._suspects) >= max(_SUSPECTS, self._number >> 6):
            self._look()

    def repeated(self) -> frozenset[int]:
        """The hashes that came more than once (at most about a thousand of them)."""
        self._look()
        return frozenset(self._repeated)

    def close(self) -> None:
        """Give back table and temporary file."""
        self._table = bytearray()
        self._recent = array("q")
        if self._spilled is not None:
            self._spilled.close()
            self._spilled = None

    def _mark(self, hashes: Sequence[int]) -> list[int]:
        """Set their bits; returns those whose bit was set before."""
        table = self._table
        mask = len(table) - 1
        suspects = []
        for one in hashes:
            slot = (one >> 3) & mask
            bit = 1 << (one & 7)
            if (held := table[slot]) & bit:
                suspects.append(one)
            else:
                table[slot] = held | bit
        return suspects

    def _grow(self) -> None:
        """A table eight times as large; those who shared a bit in the old one stay suspects."""
        self._table = bytearray(min(len(self._table) * 8, _LARGEST))
        for part in self._kept():
            self._mark(part)

    def _spill(self) -> None:
        # without a place for temporary files the hashes stay in memory: 8 MB a million records
        with contextlib.suppress(OSError):
            if self._spilled is None:
                self._spilled = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close
            start = self._spilled.seek(0, 2)
            try:
                self._spilled.write(self._recent)
                self._spilled.flush()
            except OSError:
                self._spilled.seek(start)
                self._spilled.truncate()
                raise
            self._recent = array("q")

    def _look(self) -> None:
        """Count the suspects among all hashes so far."""
        if not self._suspects:
            return
        suspects = set(self._suspects)
        self._suspects = []
        once: set[int] = set()
        for part in self._kept():
            for one in filter(suspects.__contains__, part):
                if one in once:
                    self._repeated.add(one)
                    if len(self._repeated) >= _ENOUGH:
                        return
                once.add(one)

    def _kept(self) -> Iterator["array[int]"]:
        if self._spilled is not None:
            self._spilled.seek(0)
            while piece := self._spilled.read(_IN_MEMORY * 8):
                yield array("q", piece)
        yield self._recent

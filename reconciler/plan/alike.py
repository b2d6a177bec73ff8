"""Values by the million, by their place, most of them equal: each stands once in a spool."""

from array import array
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from reconciler.plan.spool import Spool

_NEAR = 1024  # different values that are held: those written and those read last
_LENGTH = 24  # bits of what is kept for a place that say how long its value is

T = TypeVar("T")


class Alike(Generic[T]):
    """Eight bytes a place, and a spool with what stands there; None where nothing does.

    *encode* and *decode* turn a value into bytes (one at least) and back. Equal values are given
    back as one, so they must be of a kind that nobody changes. *count*: places from the start.
    """

    __slots__ = ("_at", "_decode", "_encode", "_last", "_last_at", "_read", "_spool", "_written")

    def __init__(
        self, encode: Callable[[T], bytes], decode: Callable[[bytes], T], count: int = 0
    ) -> None:
        self._encode = encode
        self._decode = decode
        self._spool = Spool()
        self._at = array("Q", bytes(8 * count))
        self._written: dict[bytes, int] = {}
        self._read: dict[int, T] = {}
        self._last: T | None = None
        self._last_at = 0  # where that one stands, written just now

    def __len__(self) -> int:
        return len(self._at)

    def __getitem__(self, place: int) -> T | None:
        return self._value(self._at[place])

    def __iter__(self) -> Iterator[T | None]:
        return map(self._value, self._at)

    def __setitem__(self, place: int, value: T) -> None:
        self._at[place] = self._put(value)

    def append(self, value: T) -> None:
        """*value* at the next place."""
        self._at.append(self._put(value))

    def _put(self, value: T) -> int:
        if value is self._last:
            return self._last_at
        data = self._encode(value)
        where = self._written.get(data)
        if where is None:
            if len(data) >> _LENGTH:
                raise ValueError("a value is too long to be kept")
            where = len(self._spool) << _LENGTH | len(data)
            self._spool.write(data)
            if len(self._written) >= _NEAR:
                self._written.clear()
            self._written[data] = where
        self._last, self._last_at = value, where
        return where

    def _value(self, where: int) -> T | None:
        if not where:
            return None
        value = self._read.get(where)
        if value is None:
            start, length = where >> _LENGTH, where & ((1 << _LENGTH) - 1)
            value = self._decode(self._spool.read(start, start + length))
            if len(self._read) >= _NEAR:
                self._read.clear()
            self._read[where] = value
        return value

"""Bytes by the gigabyte, outside of memory: a temporary file of our own that nobody else can name.

A little stays in memory. It is written from front to end and read at any place, by as many readers
as like, and is gone when it is closed or forgotten. It is memory by other means: nothing in it
outlives the process, and nothing of the world comes in through it.
"""

import os
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import accumulate, islice
from typing import IO, Generic, TypeVar, overload

from reconciler.errors import ReconcilerError

_LITTLE = 1 << 20  # bytes that stay in memory, and that are written at a time
_PART = 1 << 18
_BLOCK = 256  # values that are read at a time
_APART = 16  # blocks by which one of two readers may be ahead

T = TypeVar("T")
K = TypeVar("K")


class Spool:
    """Add bytes with `write`; `read` and `parts` give them back."""

    __slots__ = ("_closed", "_file", "_head", "_held", "_size", "_waiting", "_written")

    def __init__(self, data: bytes = b"") -> None:
        self._closed = False
        self._file: IO[bytes] | None = None
        self._head = b""  # stands before all others
        self._written = 0  # bytes that are in the file
        self._waiting = [data]  # many pieces: one that grew would be copied again and again
        self._held = self._size = len(data)

    def __del__(self) -> None:
        self.close()  # forgetting it is a way to give it back

    def __len__(self) -> int:
        return len(self._head) + self._size

    def begin(self, head: bytes) -> None:
        """Put *head* before everything, which stands that much further from now on."""
        self._head = head + self._head

    def cut(self, number: int) -> None:
        """Take the last *number* bytes away, of what was written."""
        self._size -= number
        waiting = self._together()
        self._written -= max(0, number - len(waiting))  # what is behind it will be written over
        self._wait_for(waiting[: max(0, len(waiting) - number)])

    def write(self, data: bytes) -> None:
        """Put *data* at the end."""
        self._waiting.append(data)
        self._held += len(data)
        self._size += len(data)
        if self._held >= _LITTLE:
            self._flush()

    def _together(self) -> bytes:
        """What is not in the file, as one piece."""
        if len(self._waiting) > 1:
            self._waiting = [b"".join(self._waiting)]
        return self._waiting[0]

    def _wait_for(self, data: bytes) -> None:
        self._waiting, self._held = [data], len(data)

    def read(self, start: int = 0, end: int | None = None) -> bytes:
        """The bytes from *start* up to *end* (None: to the end)."""
        if self._closed:
            raise ValueError("it is closed, and cannot be read any more")
        end, before = len(self) if end is None else min(end, len(self)), len(self._head)
        if start < before:
            first = self._head[start:end]
            return first + self.read(before, end) if end > before else first
        start, end = start - before, end - before
        if start >= self._written:
            return self._together()[start - self._written : end - self._written]
        assert self._file is not None
        found = []
        at, stop = start, min(end, self._written)
        while at < stop:
            part = os.pread(self._file.fileno(), stop - at, at)
            if not part:
                raise ReconcilerError("a temporary file lost what was written to it")
            found.append(part)
            at += len(part)
        if end > self._written:
            found.append(self._together()[: end - self._written])
        return found[0] if len(found) == 1 else b"".join(found)

    def parts(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The same, a part at a time."""
        end = len(self) if end is None else end
        for at in range(start, end, _PART):
            yield self.read(at, min(at + _PART, end))

    def file(self) -> IO[bytes] | None:
        """All of it as an open file, read from its start, for another process; None: in memory."""
        if self._file is None:
            return None
        if self._head:
            self._put_together()
        self._flush()
        os.ftruncate(self._file.fileno(), self._written)
        self._file.seek(0)
        return self._file

    def _put_together(self) -> None:
        """The head, too, in the file: another one."""
        whole = Spool()
        for part in self.parts():
            whole.write(part)
        whole._flush()
        self._file, whole._file = whole._file, self._file
        self._written = self._size = len(whole)
        self._head = b""
        self._wait_for(b"")

    def close(self) -> None:
        """Give it back; it cannot be read any more."""
        self._closed = True
        self._head = b""
        self._wait_for(b"")
        if self._file is not None:
            self._file.close()
            self._file = None

    def _flush(self) -> None:
        import tempfile  # few plans are so large

        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - see close
            waiting, done = memoryview(self._together()), 0
            while done < len(waiting):
                done += os.pwrite(self._file.fileno(), waiting[done:], self._written + done)
        except OSError as error:
            why = error.strerror or "the system refuses"
            raise ReconcilerError(
                f"cannot write a temporary file in {tempfile.gettempdir()}: {why[:1].lower()}"
                f"{why[1:]}; make room there, or name another folder with TMPDIR"
            ) from error
        self._written += self._held
        self._wait_for(b"")


class Lines(Sequence[T]):
    """Values whose lines stand in a spool: gone through again and again, held by nobody.

    *decode* reads whole lines; *bounds* has where each begins, and the end; *base* is added to all
    of them. A slice (without a step) is of the same kind and holds nothing. *beside*: what else who
    made them knows of some; a slice does not.
    """

    __slots__ = ("_base", "_bounds", "_decode", "_first", "_stop", "beside", "spool")

    def __init__(
        self,
        spool: Spool,
        decode: Callable[[bytes], list[T]],
        bounds: "array[int]",
        base: int = 0,
        first: int = 0,
        stop: int | None = None,
        beside: Sequence[object] = (),
    ) -> None:
        self.spool = spool
        self.beside = beside
        self._decode = decode
        self._bounds = bounds
        self._base = base
        self._first = first
        self._stop = len(bounds) - 1 if stop is None else stop

    def __len__(self) -> int:
        return self._stop - self._first

    def __iter__(self) -> Iterator[T]:
        for _, values in self.blocks():
            yield from values()

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[T]: ...
    def __getitem__(self, at: int | slice) -> T | Sequence[T]:
        if isinstance(at, slice):
            start, stop, step = at.indices(len(self))
            if step != 1:
                return tuple(self)[at]
            return self.part(start, max(start, stop))
        place = at + len(self) if at < 0 else at
        if not 0 <= place < len(self):
            raise IndexError("there is none of this number")
        return self._block(self._first + place, self._first + place + 1)[0]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or len(other) != len(self):
            return False
        return all(mine == yours for mine, yours in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{len(self)} lines>"

    @property
    def whole(self) -> bool:
        """Whether they are all that stands in their spool."""
        every = len(self.spool) == self._bounds[-1] and not self._base
        return every and len(self) == len(self._bounds) - 1

    def part(self, start: int, stop: int) -> "Lines[T]":
        """Those from *start* up to *stop*, both places that there are."""
        first, stop = self._first + start, self._first + stop
        return Lines(self.spool, self._decode, self._bounds, self._base, first, stop)

    def raw(self) -> Iterator[bytes]:
        """The lines as they are, some at a time."""
        start, stop = self._bounds[self._first], self._bounds[self._stop]
        return self.spool.parts(self._base + start, self._base + stop)

    def blocks(self) -> Iterator[tuple[bytes, Callable[[], list[T]]]]:
        """The lines as they are, whole ones, some at a time; and what gives them as values."""
        for at in range(self._first, self._stop, _BLOCK):
            data = self._read(at, min(at + _BLOCK, self._stop))
            yield data, partial(self._decode, data)

    def holding(self, *words: bytes) -> Iterator[T]:
        """Those whose lines may hold one of *words*: of others the bytes are seen, and no value."""
        for data, values in self.blocks():
            if any(word in data for word in words):
                yield from values()

    def read_as(self, decode: Callable[[bytes], list[K]]) -> "Lines[K]":
        """The same lines as values of another kind."""
        return Lines(self.spool, decode, self._bounds, self._base, self._first, self._stop)

    def based(self, spool: Spool, base: int) -> "Lines[T]":
        """The same lines where they have been copied to."""
        base -= self._bounds[self._first]
        return Lines(spool, self._decode, self._bounds, base, self._first, self._stop, self.beside)

    def _block(self, first: int, stop: int) -> list[T]:
        return self._decode(self._read(first, stop))

    def _read(self, first: int, stop: int) -> bytes:
        start, end = self._bounds[first], self._bounds[stop]
        return self.spool.read(self._base + start, self._base + end)


class Twice(Generic[T]):
    """Reads what *decode* reads, for two that go through lines which are mostly the same.

    What one of them has read the other is given, if it comes soon: each block is read once.
    """

    def __init__(self, decode: Callable[[bytes], list[T]]) -> None:
        self._decode = decode
        self._read: dict[bytes, list[T]] = {}

    def __call__(self, data: bytes) -> list[T]:
        found = self._read.pop(data, None)
        if found is None:
            found = self._decode(data)
            self._read[data] = found
            if len(self._read) > _APART:
                del self._read[next(iter(self._read))]
        return found

    def of(self, values: Sequence[T]) -> Sequence[T]:
        """*values*, read so if they are lines."""
        return values.read_as(self) if isinstance(values, Lines) else values


class LineSink(Generic[T]):
    """Takes in values as lines, *some* of them at a time; `done` gives them back."""

    def __init__(
        self,
        encode: Callable[[Sequence[T]], list[bytes]],
        decode: Callable[[bytes], list[T]],
        some: int = 1,
    ) -> None:
        self._encode = encode
        self._decode = decode
        self._some = some
        self._waiting: list[T] = []
        self._spool = Spool()
        self._bounds = array("Q", [0])

    def __len__(self) -> int:
        return len(self._bounds) - 1 + len(self._waiting)

    def add(self, *values: T) -> None:
        """Write *values* behind the others."""
        self._waiting += values
        if len(self._waiting) >= self._some:
            self._write()

    def add_text(self, text: bytes, lengths: Iterable[int]) -> None:
        """Write values behind the others that are lines of *lengths* already."""
        self._write()
        self._put(text, lengths)

    def extend(self, other: "LineSink[T]") -> None:
        """What is in *other* behind all of this; *other* is of no use any more."""
        self._write()
        other._write()
        base = len(self._spool)
        for part in other._spool.parts():
            self._spool.write(part)
        self._bounds.extend([base + one for one in other._bounds[1:]])
        other._spool.close()

    def done(self, beside: Sequence[object] = ()) -> Lines[T]:
        """All of them; *beside*: see `Lines`."""
        self._write()
        return Lines(self._spool, self._decode, self._bounds, beside=beside)

    def _write(self) -> None:
        if self._waiting:
            lines = self._encode(self._waiting)
            self._put(b"".join(lines), map(len, lines))
            self._waiting = []

    def _put(self, text: bytes, lengths: Iterable[int]) -> None:
        self._bounds.extend(accumulate(lengths, initial=self._bounds.pop()))
        self._spool.write(text)


def holding(values: Iterable[T], *words: bytes) -> Iterable[T]:
    """Those of *values* that may hold one of *words* in their lines; all, where they are none."""
    return values.holding(*words) if isinstance(values, Lines) else values


def paged(values: Iterable[T], size: int = 2_000) -> Iterator[list[T]]:
    """*values*, *size* of them at a time."""
    rest = iter(values)
    while page := list(islice(rest, size)):
        yield page


class Picked(Sequence[T]):
    """Some of *rows*, by their *places*, ascending."""

    __slots__ = ("places", "rows")

    def __init__(self, rows: Sequence[T], places: "array[int]") -> None:
        self.rows = rows
        self.places = places

    def __len__(self) -> int:
        return len(self.places)

    def __iter__(self) -> Iterator[T]:
        rows, places = self.rows, self.places
        for at in range(0, len(places), _BLOCK):
            some = places[at : at + _BLOCK]
            first, span = some[0], some[-1] + 1 - some[0]
            if span == len(some):
                yield from rows[first : first + span]
            elif span <= 4 * len(some):
                near = list(rows[first : first + span])
                yield from (near[place - first] for place in some)
            else:
                yield from (rows[place] for place in some)

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[T]: ...
    def __getitem__(self, at: int | slice) -> T | Sequence[T]:
        if isinstance(at, slice):
            return Picked(self.rows, self.places[at])
        return self.rows[self.places[at]]


def grouped(rows: Sequence[T], key: Callable[[T], K]) -> dict[K, Picked[T]]:
    """*rows* by their *key*, in the order in which keys first come; no row is held."""
    places: dict[K, array[int]] = {}
    for place, row in enumerate(rows):
        found = key(row)
        mine = places.get(found)
        if mine is None:
            mine = places[found] = array("I")
        mine.append(place)
    return {one: Picked(rows, mine) for one, mine in places.items()}

"""Requests that grow as a run goes on, for a vendor that answers only once it is done. Pure."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Protocol

import msgspec

Batch = tuple[Any, ...]
"""Items, as `Driver.batches` groups them."""
Cut = Callable[[Any, Sequence[Any], int | None], list[Batch]]
"""`Driver.batches`."""

_WINDOW = 4096  # items that are grouped at a time


def one_each(settings: Any, items: Sequence[Any], most: int | None) -> list[Batch]:
    """`batches` of a vendor that takes one target a request."""
    del settings, most
    return [(item,) for item in items]


class Growth(msgspec.Struct, frozen=True):
    """The first request of a run takes at most *first* targets; the next twice as many after a
    deletion in under *quick* seconds, half after an exchange of over *slow* seconds.
    """

    first: int
    quick: float = 5.0
    slow: float = 30.0

    def after(self, most: int, took: float, *, deleted: bool) -> int:
        """What the next request may take, where this one could take *most* and took *took*."""
        if took > self.slow:
            return max(1, most // 2)
        return most * 2 if deleted and took < self.quick else most


def portion(cut: Cut, settings: Any, batch: Batch, most: int) -> tuple[Batch, list[Batch]]:
    """A request of at most *most* targets out of *batch*, and the requests that are left of it."""
    if len(batch) <= most:
        return batch, []
    first = cut(settings, batch, most)[0]
    taken = {item.target for item in first}
    rest = [item for item in batch if item.target not in taken]
    return first, cut(settings, rest, None)


class Grouping(Protocol):
    """What a driver says of its requests."""

    @property
    def batches(self) -> Cut: ...
    @property
    def growth(self) -> Growth | None: ...
    @property
    def neighbours(self) -> bool: ...


def requests(
    driver: Grouping, settings: Any, items: Iterable[Any], most: int | None
) -> Iterator[Batch]:
    """The requests of a run whose every answer is a quick deletion.

    What plans estimate, and a dry run shows.
    """
    cut, growth = driver.batches, driver.growth
    if growth is None:
        yield from batches(driver, settings, items, most)
        return
    queue = cut(settings, list(items), most)[::-1]
    size = growth.first
    while queue:
        batch, rest = portion(cut, settings, queue.pop(), size)
        queue += rest[::-1]
        size = growth.after(size, 0.0, deleted=True)
        yield batch


def batches(
    driver: Grouping, settings: Any, items: Iterable[Any], most: int | None, window: int = _WINDOW
) -> Iterator[Batch]:
    """What `driver.batches` makes of *items*; only a *window* of them is held, if it lets us."""
    if not driver.neighbours and driver.batches is not one_each:
        yield from driver.batches(settings, list(items), most)
        return
    rest = iter(items)
    left: list[Any] = []
    while some := list(islice(rest, window)):
        made = driver.batches(settings, [*left, *some], most)
        left = list(made.pop()) if made else []  # it may not be full yet
        yield from made
    if left:
        yield from driver.batches(settings, left, most)

"""Requests that grow as a run goes on, for a vendor that answers only once it is done. Pure."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

Batch = tuple[Any, ...]
"""Items, as `Driver.batches` groups them."""
Cut = Callable[[Any, Sequence[Any], int | None], list[Batch]]
"""`Driver.batches`."""


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


def requests(
    cut: Cut, growth: Growth | None, settings: Any, items: Sequence[Any], most: int | None
) -> Iterator[Batch]:
    """The requests of a run whose every answer is a quick deletion; *cut*: the driver's `batches`.

    What plans estimate, and a dry run shows.
    """
    queue = cut(settings, items, most)[::-1]
    size = growth.first if growth is not None else 0
    while queue:
        batch = queue.pop()
        if growth is not None:
            batch, rest = portion(cut, settings, batch, size)
            queue += rest[::-1]
            size = growth.after(size, 0.0, deleted=True)
        yield batch

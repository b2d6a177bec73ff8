"""A word from outside that ends a run early. It is all that a signal handler has to say."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from reconciler.errors import Exit


class Interrupted(Exception):
    """What takes long was not done to its end, as a `Stop` was set; nothing was sent."""


class Stop:
    """Ends the run that it is given to: no new request leaves, what is in flight may still end.

    `set` may be called from any thread and from a signal handler, also before the run begins.
    Nothing here installs a handler: whoever has one calls `set` in it. A stop serves one run.
    """

    def __init__(self) -> None:
        self.exit: Exit | None = None
        """The exit code of a run that leaves something undone because of it; None: not set."""
        self._ends: list[Callable[[], None]] = []

    @property
    def heeded(self) -> bool:
        """Whether a run is under way that it would end."""
        return bool(self._ends)

    def set(self, code: Exit = Exit.INT) -> None:
        """End the run. *code*: its exit code, if that leaves something undone."""
        if self.exit is None:
            self.exit = code
        for end in tuple(self._ends):
            end()

    def heed(self) -> None:
        """`Interrupted` if it is set: whatever takes long asks now and then."""
        if self.exit is not None:
            raise Interrupted

    @contextmanager
    def ends(self, end: Callable[[], None]) -> Iterator[None]:
        """Meanwhile *end* is called when this is set, at once if it is already."""
        self._ends.append(end)
        try:
            if self.exit is not None:
                end()
            yield
        finally:
            self._ends.remove(end)

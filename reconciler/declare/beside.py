"""What may be done while its caller goes on: hashing, and bytes on their way to a disk."""

from collections.abc import Callable
from typing import TYPE_CHECKING, ParamSpec

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

P = ParamSpec("P")


class Beside:
    """One thing at a time is done in a thread of its own, in the order in which it was asked for.

    It earns its thread where Python's lock is let go meanwhile: large pieces of bytes that are
    hashed, read or written.
    """

    __slots__ = ("_last", "_pool")

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        self._last: Future[object] | None = None

    def do(self, what: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """Begin *what* once what came before it is done; raises what that raised."""
        self.settle()
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor  # little is so large

            self._pool = ThreadPoolExecutor(1, "beside")
        self._last = self._pool.submit(what, *args, **kwargs)

    def settle(self) -> None:
        """Wait until it is done. Raises what it raised, each time."""
        if (last := self._last) is not None:  # several may wait
            last.result()
            self._last = None

    def end(self, then: Callable[[], object]) -> None:
        """Do *then* after all else. Nobody waits for it, and nothing can be asked for any more.

        So it may be called by whoever clears away what is forgotten, in whatever thread.
        """
        if self._last is None:
            then()
        else:
            self._last.add_done_callback(lambda _: then())
        if self._pool is not None:
            self._pool.shutdown(wait=False)
        self._pool = self._last = None

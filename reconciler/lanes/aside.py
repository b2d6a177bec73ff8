"""Work in a thread of its own, for a thread in which a signal handler may raise at any moment."""

import threading
from _thread import start_new_thread
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

_POLL = 0.5  # seconds: a signal that another thread got is noticed this late at most
_START = 5.0  # seconds in which a thread begins, if it was started at all


class Aside(Generic[T]):
    """*work*, done in another thread.

    An event, a future and the start of a `threading.Thread` are locked for good, or lose what was
    raised, where a handler raises in the middle of them. Here who waits holds nothing that the
    other thread needs, and what came of the work is kept before anybody is told.
    """

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._began, self._over = threading.Lock(), threading.Lock()
        self._began.acquire()
        self._over.acquire()
        self._given: list[T] = []
        self._failed: list[BaseException] = []

    def start(self) -> None:
        """Begin; the interpreter's end waits for nobody."""
        start_new_thread(self._run, ())

    def begins(self) -> bool:
        """Whether it has begun, or will in a moment: of a `start` that was interrupted."""
        return self._ended() or self._began.acquire(timeout=_START)

    def wait(self) -> None:
        """Until it has ended."""
        while not self._ended():
            self._over.acquire(timeout=_POLL)

    def result(self) -> T:
        """What it gave, or raised, once it has ended."""
        if self._failed:
            raise self._failed.pop()
        return self._given[0]

    def _ended(self) -> bool:
        return bool(self._given or self._failed)

    def _run(self) -> None:
        self._began.release()
        try:
            self._given.append(self._work())
        except BaseException as error:  # whoever waits gets it
            self._failed.append(error)
        finally:
            self._over.release()

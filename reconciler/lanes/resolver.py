"""Names of hosts are looked up in threads that nobody waits for."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


class Resolver(ThreadPoolExecutor):
    """Looks names up, each in a thread of its own that nobody waits for.

    A name server that is silent for a minute must not keep a stopped run from ending: the pool of
    an event loop is waited for, and so are its threads when Python ends.
    """

    def submit(self, work: Callable[..., T], /, *args: Any, **more: Any) -> "Future[T]":
        found: Future[T] = Future()
        found.set_running_or_notify_cancel()  # from now on nobody can cancel it

        def look() -> None:
            try:
                found.set_result(work(*args, **more))
            except BaseException as error:  # whoever waits for it gets it
                found.set_exception(error)

        threading.Thread(target=look, name="resolver", daemon=True).start()
        return found

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Nothing is kept."""

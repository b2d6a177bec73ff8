"""Serving the sandbox over real TCP on the loopback interface, and nowhere else."""

import asyncio
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

HOST = "127.0.0.1"


class _Protocol(H11Protocol):
    """Lets the application reach its connection, to cut it: `scope["state"]["transport"]`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class _Server(uvicorn.Server):
    """Says when connections are really accepted."""

    def __init__(self, app: ASGIApp, ready: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=_Protocol,
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="critical",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=1,
            )
        )
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()


def bound(port: int) -> socket.socket:
    """A socket on 127.0.0.1 and *port* (0: any free one); OSError if it is taken."""
    # With the protocol named, asyncio turns Nagle's algorithm off: an answer is two writes, and
    # the second would wait for the client's delayed acknowledgement, 40 ms.
    one = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind((HOST, port))
    except OSError:
        one.close()
        raise
    return one


def url_of(listener: socket.socket) -> str:
    """The address under which *listener* is reached."""
    return f"http://{HOST}:{listener.getsockname()[1]}"


@contextmanager
def serve(app: ASGIApp, port: int = 0) -> Iterator[str]:
    """Serve *app* in a thread for as long as the block lasts; gives its base URL.

    The block starts when connections are accepted, and ends when the thread has ended.
    """
    listener = bound(port)
    url = url_of(listener)
    ready = threading.Event()
    server = _Server(app, ready.set)

    def work() -> None:
        try:
            server.run(sockets=[listener])
        finally:
            listener.close()
            ready.set()

    thread = threading.Thread(target=work, name="sandbox", daemon=True)
    thread.start()
    ready.wait()
    if not server.started:
        thread.join()
        raise RuntimeError("the sandbox did not start")
    try:
        yield url
    finally:
        server.should_exit = True
        thread.join()


def run(app: ASGIApp, listener: socket.socket, ready: Callable[[], Any]) -> None:
    """Serve *app* on the main thread until SIGINT or SIGTERM, then return.

    *ready* is called once connections are accepted.
    """
    server = _Server(app, ready)
    # uvicorn stops on a signal, then sends itself that signal again under the handler that was
    # there before: one that does nothing makes it return instead of dying of it.
    before = {one: signal.signal(one, _ignore) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        server.run(sockets=[listener])
    finally:
        listener.close()
        for one, handler in before.items():
            signal.signal(one, handler)


def _ignore(_signal: int, _frame: FrameType | None) -> None:
    """The server has already been told."""

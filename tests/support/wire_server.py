"""A server that reads HTTP requests and writes back exactly the bytes it is told to."""

import asyncio
import queue
import socket
import ssl
import struct
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Got:
    """One request as it came over the wire."""

    line: str
    headers: dict[str, str]
    body: bytes
    peer: int  # which connection, counted from 1

    @property
    def method(self) -> str:
        return self.line.split(" ")[0]

    @property
    def target(self) -> str:
        return self.line.split(" ")[1]


@dataclass
class Wire:
    """One connection, from the server's side."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    number: int
    stays: bool = False  # the server keeps it open, whatever it was asked

    async def read(self) -> Got | None:
        """The next request, whole; None when the client has closed."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            one = await self.reader.readline()
            if not one:
                return None
            head += one
        first, *rest = head.decode("latin-1").rstrip("\r\n").split("\r\n")
        headers = {k.strip().lower(): v.strip() for k, _, v in (one.partition(":") for one in rest)}
        body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return Got(first, headers, body, self.number)

    def write(self, data: bytes) -> None:
        self.writer.write(data)

    async def drip(self, data: bytes, every: float) -> None:
        """One byte at a time."""
        for one in data:
            self.writer.write(bytes([one]))
            await self.writer.drain()
            await asyncio.sleep(every)

    def half_close(self) -> None:
        self.writer.write_eof()

    def close(self) -> None:
        self.writer.close()

    def reset(self) -> None:
        """RST instead of FIN."""
        one: socket.socket = self.writer.get_extra_info("socket")
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


@dataclass
class Server:
    """Where it listens, and every request that came."""

    url: str = ""
    port: int = 0
    got: list[Got] = field(default_factory=list)
    connections: int = 0


Serve = Callable[[Wire, Got], Awaitable[None]]


@asynccontextmanager
async def serving(
    serve: Serve, *, tls: ssl.SSLContext | None = None, unread: Callable[[Wire], bool] | None = None
) -> AsyncIterator[Server]:
    """*serve* answers each request. *unread* may end a connection before anything is read."""
    found = Server()
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found.connections += 1
        wire = Wire(reader, writer, found.connections)
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            if unread is not None and unread(wire):
                return
            while not writer.is_closing() and (one := await wire.read()) is not None:
                found.got.append(one)
                await serve(wire, one)
                if one.headers.get("connection") == "close" and not wire.stays:
                    break
        with suppress(ConnectionError):
            writer.close()
        tasks.discard(task)

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls, limit=1 << 20)
    found.port = server.sockets[0].getsockname()[1]
    found.url = f"http{'s' if tls else ''}://127.0.0.1:{found.port}"
    try:
        yield found
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@contextmanager
def serving_in_a_thread(serve: Serve) -> Iterator[str]:
    """The same beside a command that runs an event loop of its own; gives the URL."""
    url: queue.Queue[str] = queue.Queue()
    loop = asyncio.new_event_loop()
    over = asyncio.Event()

    async def main() -> None:
        async with serving(serve) as server:
            url.put(server.url)
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(main(),))
    thread.start()
    try:
        yield url.get(timeout=10)
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()


def plain(status: str, body: bytes = b"", *headers: str) -> bytes:
    """An answer with a right content-length."""
    return raw(status, body, f"Content-Length: {len(body)}", *headers)


def raw(status: str, body: bytes = b"", *headers: str, version: str = "1.1") -> bytes:
    """An answer with no header but *headers*."""
    head = "".join(f"{one}\r\n" for one in headers)
    return f"HTTP/{version} {status}\r\n{head}\r\n".encode("latin-1") + body

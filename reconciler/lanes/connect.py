"""Connections to one vendor: direct or through the project's proxy, their bytes as they come.

Nothing is taken from the environment. A connection that is kept is handed out again only while it
is silent and open; whoever used it says whether it may be kept.
"""

import asyncio
import os
import select
import socket
import ssl
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import certifi
import h11

KEEP_IDLE = 4.0  # seconds; below the usual 5 s of servers, so that we close first
_EYEBALLS = 0.25  # seconds before the next address of a name is tried too (RFC 8305 §5)


class Unreachable(OSError):
    """No connection came about; no byte of a request has left for the vendor."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a connection leads."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        """`HOST:PORT` as a request line has it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Connection(asyncio.Protocol):
    """One connection. *absolute*: requests name the whole URL, as a proxy wants them."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport
        self.absolute = False
        self.idle_since = 0.0
        self._bytes = bytearray()
        self._ended = False
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None

    # ---- what the event loop says

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._bytes += data
        self._wake()

    def eof_received(self) -> None:
        self._ended = True
        self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        self._ended, self._error = True, error
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # ---- what its user asks

    async def read(self) -> bytes:
        """The bytes that came since the last call, at least one; none at the end.

        Raises the OSError that broke the connection, once everything before it was read.
        """
        while not self._bytes and not self._ended:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        data = bytes(self._bytes)
        self._bytes.clear()
        if not data and self._error is not None:
            raise self._error
        return data

    @property
    def pending(self) -> bool:
        """Whether something has come that nobody has read."""
        return bool(self._bytes)

    @property
    def silent(self) -> bool:
        """Whether it is open and nothing has come since the last `read`."""
        if self._bytes or self._ended or self.transport.is_closing():
            return False
        try:  # what has arrived, and the loop has not read yet
            poll = select.poll()
            poll.register(self.transport.get_extra_info("socket"), select.POLLIN)
            return not poll.poll(0)
        except (OSError, ValueError):
            return False  # it is closed

    def close(self) -> None:
        """Let go of it at once."""
        self.transport.abort()


class Connections:
    """What leads to the vendor of one account. *proxy* and *ca_file*: from the project file."""

    def __init__(self, *, proxy: str | None, ca_file: str | None) -> None:
        parts = urlsplit(proxy) if proxy else None
        self._proxy = parts and Origin(
            parts.scheme,
            parts.hostname or "",
            parts.port or (443 if parts.scheme == "https" else 80),
        )
        self._ca_file = ca_file
        self._context: ssl.SSLContext | None = None
        self._kept: dict[Origin, list[Connection]] = {}

    async def take(self, origin: Origin) -> Connection:
        """A connection to *origin* on which nothing is under way; OSError if none can be had."""
        kept = self._kept.get(origin, [])
        while kept:
            connection = kept.pop()
            if time.monotonic() - connection.idle_since < KEEP_IDLE and connection.silent:
                return connection
            connection.close()
        return await self._made(origin)

    def keep(self, origin: Origin, connection: Connection) -> None:
        """*connection* may be used again."""
        connection.idle_since = time.monotonic()
        self._kept.setdefault(origin, []).append(connection)

    async def aclose(self) -> None:
        """Close what was kept."""
        for connections in self._kept.values():
            for connection in connections:
                connection.close()
        self._kept.clear()
        await asyncio.sleep(0)  # the loop closes their sockets

    async def _made(self, origin: Origin) -> Connection:
        if self._proxy is None:
            return await self._opened(origin)
        connection = await self._opened(self._proxy)
        if origin.scheme == "http":
            connection.absolute = True
            return connection
        try:
            await _tunnel(connection, origin)
            connection.transport = await self._secured(connection, origin)
        except BaseException:
            connection.close()
            raise
        return connection

    async def _opened(self, origin: Origin) -> Connection:
        context = self._verification() if origin.scheme == "https" else None
        try:
            _, connection = await asyncio.get_running_loop().create_connection(
                Connection,
                origin.host,
                origin.port,
                ssl=context,
                server_hostname=origin.host if context else None,
                happy_eyeballs_delay=_EYEBALLS,
            )
        except UnicodeError as error:  # a label of the name is empty or too long
            raise Unreachable(f"{origin.host} is not a name of a host") from error
        except OSError as error:
            raise Unreachable(f"cannot connect to {origin.authority}: {_why(error)}") from error
        return connection

    async def _secured(self, connection: Connection, origin: Origin) -> asyncio.Transport:
        context = self._verification()
        try:
            transport = await asyncio.get_running_loop().start_tls(
                connection.transport, connection, context, server_hostname=origin.host
            )
        except OSError as error:
            raise Unreachable(f"cannot connect to {origin.authority}: {_why(error)}") from error
        if transport is None:
            raise Unreachable("the connection was lost while TLS began")
        return transport

    def _verification(self) -> ssl.SSLContext:
        """Loaded at the first use: it takes a while, and plain HTTP to this machine needs none."""
        if self._context is None:
            self._context = _verified(self._ca_file)
        return self._context


async def _tunnel(connection: Connection, origin: Origin) -> None:
    """Ask the proxy behind *connection* for a tunnel (RFC 9110 §9.3.6)."""
    asked = h11.Connection(h11.CLIENT)
    head = h11.Request(
        method="CONNECT", target=origin.authority, headers=[("Host", origin.authority)]
    )
    connection.transport.write((asked.send(head) or b"") + (asked.send(h11.EndOfMessage()) or b""))
    try:
        while not isinstance(event := asked.next_event(), h11.Response):
            if event is h11.NEED_DATA:
                asked.receive_data(await connection.read())
            elif not isinstance(event, h11.InformationalResponse):
                raise Unreachable("the proxy ended the connection")
    except h11.RemoteProtocolError as error:
        raise Unreachable(f"the proxy's answer is not HTTP: {error}") from error
    if not 200 <= event.status_code < 300:
        raise Unreachable(f"the proxy refused the tunnel with HTTP {event.status_code}")
    if asked.trailing_data[0] or not connection.silent:
        raise Unreachable("the proxy said more than that the tunnel is open")


def _why(error: OSError) -> str:
    """What the system says, without the Python around it."""
    match error:
        case ssl.SSLCertVerificationError(verify_message=str(said)):
            return f"its certificate is not accepted: {said}"
        case ssl.SSLError():
            return f"TLS failed: {(error.reason or str(error)).lower().replace('_', ' ')}"
        case socket.gaierror():
            return error.strerror or str(error)
        case OSError(errno=int(number)):
            return os.strerror(number)
        case _:
            return str(error)


def _verified(ca_file: str | None) -> ssl.SSLContext:
    """Verification by *ca_file*, else by certifi's roots; nothing from the environment."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    place = ca_file or certifi.where()
    try:
        context.load_verify_locations(cafile=place)
    except OSError as error:
        said = f"the certificates in {place} cannot be used: {_why(error)}; mend caFile"
        raise Unreachable(said) from error
    return context

"""One request, one answer, on a connection of its own: the only file that sends.

httpx's transport over httpcore, and no client: nothing follows, repeats, keeps a cookie or reads
the environment. Every byte that comes back is kept, and read once more when all have come: an
answer with anything beside it, or hidden behind it, is none.
"""

import asyncio
import logging
import os
import socket
import ssl
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, contextmanager, suppress
from contextvars import ContextVar
from functools import lru_cache
from ipaddress import ip_address
from typing import Any

import aiohappyeyeballs
import certifi
import h11
import httpcore
import httpx

from reconciler.driver import Answer, Request, Secret
from reconciler.errors import ReconcilerError
from reconciler.lanes.coding import decoded
from reconciler.lanes.wire import NoAnswer, NotSent, Stage, Wire, wire_request

DEADLINE = 30.0  # seconds from the first byte to the whole answer, however the bytes drip
_CONNECT = 30.0  # seconds until there is a connection
_NEXT = 0.25  # seconds until the next of a name's addresses is tried too (RFC 8305 §5)
_LINGER = 0.1  # seconds after a whole answer in which more may come, if the peer does not close
_MAX_HEADERS = 64 * 1024
_MAX_BODY = 1 << 20
_MAX_READ = 16 << 20  # what GET asks for may be a listing without pages
_PIECE = 64 * 1024
_SENDING: ContextVar[bool] = ContextVar("sending", default=False)


def _unheard(_: logging.LogRecord) -> bool:
    """What a library logs of an exchange may hold a secret: a header that the vendor echoes."""
    return not _SENDING.get()


for _name in ("connection", "http11", "proxy"):
    logging.getLogger(f"httpcore.{_name}").addFilter(_unheard)


def _nothing() -> None:
    """Nobody is told."""


class Sender:
    """Sends for one account. *proxy* and *ca_file* come from the project file alone.

    *proxy_auth*: user and password for the proxy. *deadline*: seconds that a request may take,
    from its first byte to the whole answer.
    """

    def __init__(
        self,
        *,
        proxy: str | None = None,
        proxy_auth: tuple[Secret, Secret] | None = None,
        ca_file: str | None = None,
        deadline: float = DEADLINE,
    ) -> None:
        self._deadline = deadline
        self._proxy = proxy
        self._proxy_auth = proxy_auth
        self._ca_file = ca_file
        self._context: ssl.SSLContext | None = None

    async def send(
        self,
        request: Request,
        leaves: Callable[[], None] = _nothing,
        answered: Callable[[], None] = _nothing,
        wire: Wire | None = None,
    ) -> Answer:
        """Send *request* once.

        *leaves* is called just before the first byte does; what it raises keeps it here.
        *answered* is called when a whole answer has come. *wire* is *request* made ready already.
        """
        return await self.send_wire(wire or wire_request(request), leaves, answered)

    async def send_wire(
        self,
        wire: Wire,
        leaves: Callable[[], None] = _nothing,
        answered: Callable[[], None] = _nothing,
    ) -> Answer:
        """The same of a request that is made ready already."""
        before = _SENDING.set(True)
        exchange = _Exchange(self._transport(wire), self._deadline, leaves, answered)
        try:
            return await exchange.run(wire)
        finally:
            await exchange.transport.aclose()
            _SENDING.reset(before)

    def _transport(self, wire: Wire) -> "Transport":
        far = self._proxy is not None and self._proxy.startswith("https:")
        if self._context is None and (far or wire.scheme == "https"):  # it takes a while
            self._context = _verified(self._ca_file)
        most = _most(wire)
        if self._proxy is None:
            return Transport(wire.authority, None, self._context, most)
        auth = None
        if self._proxy_auth is not None:
            user, password = (one.reveal().encode() for one in self._proxy_auth)
            auth = (user, password)
        proxy = httpcore.Proxy(self._proxy, auth, None, self._context if far else None)
        return Transport(wire.authority, proxy, self._context, most)


def _most(wire: Wire) -> int:
    """The bytes that the body of its answer may have."""
    return _MAX_READ if wire.method == "GET" else _MAX_BODY


class _Exchange:
    """One request, and what has come of it so far."""

    def __init__(
        self,
        transport: "Transport",
        deadline: float,
        leaves: Callable[[], None],
        answered: Callable[[], None],
    ) -> None:
        self.transport = transport
        self._deadline = deadline
        self._leaves = leaves
        self._answered = answered
        self._clock = asyncio.timeout(min(_CONNECT, deadline))
        transport.network.leaves = self.leave
        self._left = False
        self._whole = False
        self._status: int | None = None

    async def run(self, wire: Wire) -> Answer:
        """Its answer; `NotSent` or `NoAnswer` if there is none."""
        try:
            answer = await self._in_time(wire)
            return _alone(answer, bytes(self.transport.network.heard))
        except NoAnswer as error:
            raise self._failed(str(error)) from error
        except ReconcilerError:
            raise
        except Exception as error:
            raise self._failed(self._broken(error)) from error

    async def _in_time(self, wire: Wire) -> Answer:
        answer: Answer | None = None
        with suppress(TimeoutError):
            async with self._clock:
                answer = await self._answer(wire)
                self._answered()
                self._until(_LINGER)
                await self.transport.network.rest()
        if answer is None:
            raise NoAnswer(self._late())
        return answer

    async def _answer(self, wire: Wire) -> Answer:
        request = httpx.Request(
            wire.method,
            _url(wire.scheme, wire.authority),
            headers=wire.headers,
            stream=httpx.ByteStream(wire.content),
            extensions={"target": wire.target.encode("ascii")},
        )
        response = await self.transport.handle_async_request(request)
        self._status = response.status_code
        headers = _accepted(response)
        body, most = bytearray(), _most(wire)
        assert isinstance(response.stream, _Parts)
        async with aclosing(aiter(response.stream)) as parts:
            async for part in parts:
                body += part
                if len(body) > most:
                    raise NoAnswer(f"the answer's body is over {most >> 20} MiB")
        plain = decoded(bytes(body), headers.get("content-encoding"), most)
        return Answer(response.status_code, headers, plain)

    def leave(self) -> None:
        """The first byte of the request is about to."""
        self._leaves()
        self._left = True
        self._until(self._deadline)

    def _until(self, seconds: float) -> None:
        self._clock.reschedule(asyncio.get_running_loop().time() + seconds)

    # ---- what is told of a failure

    def _failed(self, said: str) -> NotSent | NoAnswer:
        return NoAnswer(said, self._status) if self._left else NotSent(said)

    def _late(self) -> str:
        if self._left:
            return f"no whole answer within {self._deadline:g} s"
        return f"no connection within {min(_CONNECT, self._deadline):g} s"

    def _broken(self, error: Exception) -> str:
        network = self.transport.network
        whose = "the answer" if self._left else "the proxy's answer"
        match error:
            case httpcore.ProxyError():  # it says the status, and words of the proxy's own
                return f"the proxy refused the tunnel with HTTP {str(error)[:3]}"
            case httpcore.RemoteProtocolError() if network.ended and not network.heard:
                return f"the connection ended before {whose}"
            case httpcore.RemoteProtocolError() if network.ended:
                return f"the connection ended in the middle of {whose}"
            case httpcore.ProtocolError() | h11.ProtocolError():
                return f"{whose} is not HTTP as it must be"
            case OSError():
                return f"the connection broke: {_why(error)}"
        return f"{type(error).__name__}, which nobody expected"


class Transport(httpx.AsyncBaseTransport):
    """One connection, for one request. *authority* is the vendor's, for what is told of it."""

    def __init__(
        self,
        authority: str,
        proxy: httpcore.Proxy | None,
        context: ssl.SSLContext | None,
        most: int = _MAX_BODY,
    ) -> None:
        self.network = _Network(authority, most)
        self._proxy = proxy
        self._context = context

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Open the connection, send *request* and return its answer, the body still to be read.

        The extension `target` is the path and query, sent as it is.
        """
        host = request.url.raw_host
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=b"[%b]" % host if b":" in host else host,  # as proxies want it
            port=request.url.port or (443 if request.url.scheme == "https" else 80),
            target=request.extensions["target"],
        )
        inner = httpcore.Request(
            request.method, url, headers=request.headers.raw, content=request.stream
        )
        connection = await self._connection(url.origin)
        found = await connection.handle_async_request(inner)
        return httpx.Response(
            found.status,
            headers=found.headers,
            stream=_Parts(found.stream),
            extensions=found.extensions,
        )

    async def _connection(self, origin: httpcore.Origin) -> httpcore.AsyncConnectionInterface:
        if self._proxy is not None:
            pool = httpcore.AsyncConnectionPool(
                ssl_context=self._context, proxy=self._proxy, network_backend=self.network
            )
            return pool.create_connection(origin)
        host = origin.host.decode("ascii")
        stream = await self.network.connect_tcp(host, origin.port)
        if origin.scheme == b"https":
            assert self._context is not None
            stream = await stream.start_tls(self._context, host)
        return httpcore.AsyncHTTP11Connection(origin, stream)

    async def aclose(self) -> None:
        """Close the connection."""
        await self.network.aclose()


@lru_cache(maxsize=64)
def _url(scheme: str, authority: str) -> httpx.URL:
    """Where requests go: there are few such places, and each is read once."""
    return httpx.URL(f"{scheme}://{authority}")


class _Parts(httpx.AsyncByteStream):
    """A body as it comes: nothing is inflated."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __aiter__(self) -> AsyncGenerator[bytes, None]:
        found: AsyncGenerator[bytes, None] = aiter(self._stream)
        return found


# ---------------------------------------------------------------- every byte that comes back


class _Network(httpcore.AsyncNetworkBackend, asyncio.Protocol):
    """Opens one connection, and keeps what comes back on it.

    One clock is around a whole exchange, so that no step of it needs one of its own, which the
    backends that httpcore brings give to each.
    """

    def __init__(self, authority: str, most: int) -> None:
        self._authority = authority
        self._most = most
        self._layers: list[asyncio.Transport] = []  # the socket's, and TLS over it
        self._unread = bytearray()
        self._unsent = bytearray()
        self._over: Exception | None = None
        self._news: asyncio.Future[None] | None = None
        self._done = False
        self.leaves: Callable[[], None] = _nothing  # just before a request does
        self.heard = bytearray()
        self.ended = False

    async def connect_tcp(
        self, host: str, port: int, *_: object, **__: object
    ) -> httpcore.AsyncNetworkStream:
        with _reaching(f"{host}:{port}", "connection"):
            self._layers = [await _connected(self, host.strip("[]"), port)]
        return _Stream(self)

    async def secure(self, context: ssl.SSLContext, host: str) -> None:
        """Go on in TLS: at once, or behind the proxy's word that the tunnel is open."""
        if self._unread or (self.heard and _behind(bytes(self.heard), "CONNECT")[0]):
            raise NotSent("the proxy said more than that the tunnel is open")
        place = self._authority if self.heard else host
        self.heard.clear()
        with _reaching(place, "tls"):
            secured = await asyncio.get_running_loop().start_tls(
                self._layers[-1], self, context, server_hostname=host.strip("[]")
            )
        assert secured is not None  # typeshed: Transport | None
        self._layers.append(secured)

    def write(self, data: bytes) -> None:
        """Send *data* before the next `read`: what is written meanwhile leaves together."""
        self._unsent += data

    async def read(self) -> bytes:
        """What came, at least one byte; none at the end."""
        if self._unsent:
            if not self._unsent.startswith(b"CONNECT "):  # a proxy alone is asked that
                self.leaves()
            self._layers[-1].write(bytes(self._unsent))
            self._unsent.clear()
        if not (self._unread or self._done):
            self._news = asyncio.get_running_loop().create_future()
            await self._news
        data = bytes(self._unread)
        self._unread.clear()
        if not data and self._over is not None:
            raise self._over
        self.heard += data
        self.ended = not data
        if len(self.heard) > self._most + 2 * _MAX_HEADERS:
            raise NoAnswer(f"the answer is over {self._most >> 20} MiB")
        return data

    async def rest(self) -> None:
        """Keep what still comes, until the peer closes or has said too much."""
        with suppress(OSError):  # what was heard stands
            while not (await self.read()).strip(b"\r\n") and not self.ended:
                pass

    def about(self, info: str) -> Any:
        """What asyncio knows of the connection by this name; None if nothing."""
        return self._layers[-1].get_extra_info(info)

    async def aclose(self) -> None:
        for layer in reversed(self._layers):
            layer.abort()
        await asyncio.sleep(0)  # they are closed then

    # ---- what the event loop tells

    def data_received(self, data: bytes) -> None:
        self._unread += data
        self._wake()

    def eof_received(self) -> None:
        self._done = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._done, self._over = True, exc
        self._wake()

    def _wake(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)


async def _connected(protocol: asyncio.Protocol, host: str, port: int) -> asyncio.Transport:
    """A connection to *port* of *host*: the first of its addresses that answers."""
    loop = asyncio.get_running_loop()
    if _is_address(host):
        made, _ = await loop.create_connection(lambda: protocol, host, port)
        return made
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    chosen = await aiohappyeyeballs.start_connection(found, happy_eyeballs_delay=_NEXT)
    made, _ = await loop.create_connection(lambda: protocol, sock=chosen)
    return made


def _is_address(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return False


class _Stream(httpcore.AsyncNetworkStream):
    """The network's connection, as httpcore asks for it."""

    def __init__(self, network: _Network) -> None:
        self._network = network

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        del max_bytes, timeout
        return await self._network.read()

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        del timeout
        self._network.write(buffer)

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        del timeout
        await self._network.secure(ssl_context, server_hostname or "")
        return self

    def get_extra_info(self, info: str) -> Any:
        return self._network.about(info)

    async def aclose(self) -> None:
        await self._network.aclose()


@contextmanager
def _reaching(place: str, stage: Stage) -> Iterator[None]:
    """Why *place* is not reached, in words: no byte of a request has left yet."""
    try:
        yield
    except (OSError, UnicodeError) as error:
        nameless = isinstance(error, socket.gaierror | UnicodeError)
        said = f"cannot connect to {place}: {_why(error)}"
        raise NotSent(said, "name" if nameless else stage) from error


def _why(error: BaseException) -> str:
    """What the system says, without the libraries around it."""
    match error:
        case ssl.SSLCertVerificationError(verify_message=str(said)):
            return f"its certificate is not accepted: {said}"
        case ssl.SSLError(reason=str(reason)):
            return f"TLS failed: {reason.lower().replace('_', ' ')}"
        case socket.gaierror(strerror=str(said)):
            return said
        case UnicodeError():
            return "that is not a name of a host"
        case OSError(errno=int(number)):
            return os.strerror(number)
    return "it was lost"


def check_certificates(ca_file: str) -> None:
    """`NotSent` if the certificates of *ca_file* cannot be used."""
    _verified(ca_file)


def _verified(ca_file: str | None) -> ssl.SSLContext:
    """Verification by *ca_file*, else by certifi's roots; nothing from the environment."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_alpn_protocols(["http/1.1"])
    place = ca_file or certifi.where()
    try:
        context.load_verify_locations(cafile=place)
    except OSError as error:
        said = f"the certificates in {place} cannot be used: {_why(error)}; mend caFile"
        raise NotSent(said, "certificates") from error
    return context


# ---------------------------------------------------------------- what is an answer


def _accepted(response: httpx.Response) -> dict[str, str]:
    """The headers by lower-case name; `NoAnswer` for an answer that cannot be believed."""
    status, raw = response.status_code, response.headers.raw
    if response.extensions["http_version"] not in (b"HTTP/1.0", b"HTTP/1.1"):
        raise NoAnswer("the answer is in another version of HTTP than was asked for")
    if status < 200:
        raise NoAnswer("the answer goes over to another protocol")
    if sum(len(name) + len(value) + 4 for name, value in raw) > _MAX_HEADERS:
        raise NoAnswer("the answer's headers are over 64 KiB")
    lengths = {value.strip() for name, value in raw if name.lower() == b"content-length"}
    chunked = any(name.lower() == b"transfer-encoding" for name, _ in raw)
    if chunked and lengths:
        raise NoAnswer("the answer tells its length in two ways")
    if status in (204, 304) and (chunked or lengths - {b"0"}):
        raise NoAnswer(f"HTTP {status} with a body")
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in raw}


def _alone(answer: Answer, heard: bytes) -> Answer:
    """*answer*, of which *heard* is all that came; `NoAnswer` if that is more than one answer."""
    rest, announced = _behind(heard, "POST")
    if rest.strip(b"\r\n"):
        raise NoAnswer("more came than one answer")
    return Answer(answer.status, answer.headers, answer.body, announced)


_ASKED = {
    method: h11.Request(method=method, target="-", headers=[("Host", "-")])
    for method in ("POST", "CONNECT")
}
_ENDED = h11.EndOfMessage()


def _behind(heard: bytes, method: str) -> tuple[bytes, bool]:
    """What stands behind the answer in *heard*, and whether the answer said where it ends."""
    again = h11.Connection(h11.CLIENT, max_incomplete_event_size=len(heard) + 1)
    again.send(_ASKED[method])
    again.send(_ENDED)
    again.receive_data(heard)
    last = h11.Response if method == "CONNECT" else h11.EndOfMessage
    while not isinstance(event := again.next_event(), last):
        if event is h11.NEED_DATA:
            return b"", False
    return again.trailing_data[0], True

"""One request, one answer: the only file that sends.

httpcore (the transport under httpx) is used directly: it reads no environment, follows no
redirect, repeats nothing, and lets us see every byte of an exchange, so that a connection whose
answer was not clean is never used again.

    NotSent    no byte of the request left; it may be tried again
    NoAnswer   it left, or may have; what came of it is not known
"""

import asyncio
import json
import logging
import select
import socket
import ssl
import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

import certifi
import h11
import httpcore

from reconciler.driver import Answer, Request, Secret, revealed
from reconciler.errors import ReconcilerError

DEADLINE = 30.0  # seconds for the whole exchange, however the bytes drip
MAX_BODY = 1024 * 1024
MAX_HEADERS = 64 * 1024
_AGENT = "reconciler"
# At DEBUG httpcore logs the headers of answers, in which a vendor may echo what it was sent.
logging.getLogger("httpcore").setLevel(logging.WARNING)
_KEEP_IDLE = 4.0  # seconds; below the usual 5 s of servers, so that we close first


class NotSent(ReconcilerError):
    """No byte of the request left this machine for the vendor."""


class NoAnswer(ReconcilerError):
    """The request left, or may have left, and no whole answer came."""


class Unsendable(ReconcilerError):
    """The request would not arrive as it was planned; nothing was sent."""


class _Watched(httpcore.AsyncNetworkStream):
    """A network stream that keeps the raw bytes of the exchange under way."""

    def __init__(self, inner: httpcore.AsyncNetworkStream) -> None:
        self._inner = inner
        self._socket = inner.get_extra_info("socket")
        self.raw = bytearray()
        self.over = False  # the exchange in `raw` is over
        self.spoiled = False

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = await self._inner.read(max_bytes, timeout)
        if len(self.raw) <= MAX_BODY + 2 * MAX_HEADERS:
            self.raw += data
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if self.over:
            self.raw.clear()
            self.over = False
        await self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        self.spoiled = True
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        return _Watched(await self._inner.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":
            # The pool takes an idle connection with something to read for dead. It asks often.
            return self.spoiled or _readable(self._socket)
        return self._inner.get_extra_info(info)


def _readable(connection: socket.socket) -> bool:
    """Whether a read would give something, or the end, at once."""
    try:
        poll = select.poll()
        poll.register(connection, select.POLLIN)
        return bool(poll.poll(0))
    except (OSError, ValueError):
        return True  # it is closed


class _Backend(httpcore.AsyncNetworkBackend):
    def __init__(self) -> None:
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        return _Watched(
            await self._inner.connect_tcp(host, port, timeout, local_address, socket_options)
        )

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise NotImplementedError("no vendor is reached by a local socket")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Sender:
    """The connections of one account. *proxy* and *ca_file* come from the project file alone."""

    def __init__(
        self,
        *,
        concurrency: int,
        tls: bool = True,
        proxy: str | None = None,
        ca_file: str | None = None,
        deadline: float = DEADLINE,
    ) -> None:
        self._deadline = deadline
        options: dict[str, Any] = {
            "ssl_context": _tls(ca_file) if tls else None,
            "max_connections": concurrency,
            "max_keepalive_connections": concurrency,
            "keepalive_expiry": _KEEP_IDLE,
            "http1": True,
            "http2": False,
            "retries": 0,
            "network_backend": _Backend(),
        }
        self._pool = (
            httpcore.AsyncConnectionPool(**options)
            if proxy is None
            else httpcore.AsyncHTTPProxy(proxy_url=proxy, **options)
        )

    async def send(
        self,
        request: Request,
        clean: Callable[[Answer], bool],
        leaves: Callable[[], None] = lambda: None,
    ) -> Answer:
        """Send *request* once. *clean* says whether the answer lets the connection live on.

        *leaves* is called just before the first byte does; what it raises keeps it here.
        """
        wire = wire_request(request)
        left = False

        async def trace(name: str, info: dict[str, Any]) -> None:
            nonlocal left
            started = name == "http11.send_request_headers.started"
            if started and info["request"].method != b"CONNECT":
                leaves()
                left = True

        wire.extensions["trace"] = trace
        try:
            async with asyncio.timeout(self._deadline):
                return await self._exchange(wire, clean)
        except TimeoutError as error:
            said = f"no whole answer within {self._deadline:g} s"
            raise (NoAnswer(said) if left else NotSent(said)) from error
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError,
                httpcore.ProxyError, OSError) as error:  # fmt: skip
            said = f"{type(error).__name__}: {error}".rstrip(": ")
            raise (NoAnswer(said) if left else NotSent(said)) from error

    async def _exchange(self, wire: httpcore.Request, clean: Callable[[Answer], bool]) -> Answer:
        response = await self._pool.handle_async_request(wire)
        stream = response.extensions.get("network_stream")
        good = False
        try:
            if response.extensions.get("http_version") not in (b"HTTP/1.0", b"HTTP/1.1"):
                raise NoAnswer("the answer is in another version of HTTP than was asked for")
            if sum(len(k) + len(v) + 4 for k, v in response.headers) > MAX_HEADERS:
                raise NoAnswer("the answer's headers are over 64 KiB")
            if response.status in (204, 304) and _announces_a_body(response.headers):
                raise NoAnswer(f"HTTP {response.status} with a body; the connection was closed")
            body = bytearray()
            async for chunk in response.aiter_stream():
                body += chunk
                if len(body) > MAX_BODY:
                    raise NoAnswer("the answer's body is over 1 MiB")
            headers = {
                k.decode("latin-1").lower(): v.decode("latin-1") for k, v in response.headers
            }
            answer = Answer(response.status, headers, _decoded(bytes(body), headers))
            if not isinstance(stream, _Watched) or not _whole(bytes(stream.raw), wire):
                raise NoAnswer("more came than one answer; the connection was closed")
            good = response.status < 500 and clean(answer)
            return answer
        finally:
            if isinstance(stream, _Watched):
                stream.over = True
                stream.spoiled = stream.spoiled or not good
            await response.aclose()

    async def aclose(self) -> None:
        """Close every connection."""
        await self._pool.aclose()


def wire_request(request: Request) -> httpcore.Request:
    """*request* with its secrets, as bytes; `Unsendable` if the path would not arrive as meant."""
    base = urlsplit(request.base)
    path = base.path.rstrip("/") + "".join("/" + _segment(part) for part in request.path)
    pairs = [f"{quote(k, safe='')}={quote(revealed(v), safe='~')}" for k, v in request.query]
    target = path + ("?" + "&".join(pairs) if pairs else "")
    host = base.hostname or ""
    if base.scheme not in ("http", "https") or not host:
        raise Unsendable(f"{request.base!r} is not a base URL")
    port = base.port or (443 if base.scheme == "https" else 80)
    shown_host = f"[{host}]" if ":" in host else host
    default = (base.scheme, port) in (("http", 80), ("https", 443))
    headers = {
        "host": shown_host if default else f"{shown_host}:{port}",
        "user-agent": _AGENT,
        "accept": "*/*",
        "accept-encoding": "identity",
    }
    named = {name.lower(): (name, revealed(value)) for name, value in request.headers}
    merged = {**{k: (k.title(), v) for k, v in headers.items()}, **named}
    content = b""
    if request.body is not None:
        content = json.dumps(request.body, ensure_ascii=False).encode()
        merged["content-length"] = ("Content-Length", str(len(content)))
    elif request.method in ("POST", "PUT"):
        merged["content-length"] = ("Content-Length", "0")
    for name, value in merged.values():
        if not (value.isascii() and value.isprintable()):
            raise Unsendable(f"header {name} cannot be sent: it is not plain ASCII text")
    wire = httpcore.Request(
        request.method,
        httpcore.URL(scheme=base.scheme, host=host, port=port, target=target),
        headers=[(name.encode(), value.encode()) for name, value in merged.values()],
        content=content,
    )
    if wire.url.target != target.encode("ascii"):
        raise Unsendable("the path on the wire is not the planned one")
    return wire


def _segment(part: str | Secret) -> str:
    """One path segment, encoded; it can neither leave its place nor be empty."""
    text = part.reveal() if isinstance(part, Secret) else part
    encoded = quote(text, safe="~")
    if text in ("", ".", "..") or (isinstance(part, str) and encoded != text):
        raise Unsendable("a path segment would not arrive as it was planned")
    return encoded


def _decoded(body: bytes, headers: dict[str, str]) -> bytes:
    """The body without its content coding (asked for: none); a bomb is no answer."""
    coding = headers.get("content-encoding", "identity").strip().lower()
    if coding in ("", "identity"):
        return body
    if coding not in ("gzip", "x-gzip", "deflate"):
        raise NoAnswer(f"the answer's content coding {coding[:20]!r} is not known")
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        plain = inflater.decompress(body, MAX_BODY + 1)
    except zlib.error as error:
        raise NoAnswer("the answer's compressed body is damaged") from error
    if len(plain) > MAX_BODY or not inflater.eof or inflater.unused_data:
        raise NoAnswer("the answer's compressed body is over 1 MiB, cut short, or has a surplus")
    return plain


def _announces_a_body(headers: Sequence[tuple[bytes, bytes]]) -> bool:
    """Whether an answer that cannot have a body says that it has one: no reader would see it."""
    lengths = [value.strip() for name, value in headers if name.lower() == b"content-length"]
    coded = any(name.lower() == b"transfer-encoding" for name, _ in headers)
    return coded or any(value != b"0" for value in lengths)


def _whole(raw: bytes, wire: httpcore.Request) -> bool:
    """Whether *raw* is exactly one answer, with nothing after it."""
    head = raw.find(b"\r\n\r\n")
    lower = raw[:head].lower()
    if head > 0 and b"\ncontent-length:" in lower and b"transfer-encoding" not in lower:
        length = lower.split(b"\ncontent-length:", 1)[1].split(b"\r\n", 1)[0].strip()
        if length.isdigit() and len(raw) == head + 4 + int(length):
            return True
    replay = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_BODY)
    replay.send(h11.Request(method=wire.method, target=b"/", headers=[(b"host", b"x")]))
    replay.send(h11.EndOfMessage())
    replay.receive_data(raw)
    try:
        while not isinstance(event := replay.next_event(), h11.EndOfMessage):
            if event is h11.NEED_DATA:
                replay.receive_data(b"")  # an answer that ends with its connection
    except h11.RemoteProtocolError:
        return False
    return replay.trailing_data[0] == b""


def _tls(ca_file: str | None) -> ssl.SSLContext:
    """Verification by *ca_file*, else by certifi's roots; nothing from the environment."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=ca_file or certifi.where())
    return context

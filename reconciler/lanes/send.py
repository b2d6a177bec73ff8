"""One request, one answer: the only file that sends.

HTTP/1.1 is spoken by h11 (the protocol under httpx), on connections of `connect`: nothing reads
the environment, follows a redirect or repeats, and every byte of an exchange is seen, so that a
connection whose answer was not clean is never used again.

    NotSent    no byte of the request left; it may be tried again
    NoAnswer   it left, or may have; what came of it is not known
"""

import asyncio
import json
import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

import h11

from reconciler.driver import Answer, Request, Secret, revealed
from reconciler.errors import ReconcilerError
from reconciler.lanes.connect import Connection, Connections, Origin, Unreachable

DEADLINE = 30.0  # seconds for the whole exchange, however the bytes drip
MAX_BODY = 1024 * 1024
MAX_HEADERS = 64 * 1024
_AGENT = "reconciler"


class NotSent(ReconcilerError):
    """No byte of the request left this machine for the vendor."""


class NoAnswer(ReconcilerError):
    """The request left, or may have left, and no whole answer came."""


class Unsendable(ReconcilerError):
    """The request would not arrive as it was planned; nothing was sent."""


@dataclass(frozen=True, slots=True)
class Wire:
    """A request as it will be on the wire, secrets and all: never shown."""

    origin: Origin
    head: h11.Request = field(repr=False)
    content: bytes = field(repr=False)


class Sender:
    """The connections of one account. *proxy* and *ca_file* come from the project file alone."""

    def __init__(
        self,
        *,
        proxy: str | None = None,
        ca_file: str | None = None,
        deadline: float = DEADLINE,
    ) -> None:
        self._deadline = deadline
        self._connections = Connections(proxy=proxy, ca_file=ca_file)

    async def send(
        self,
        request: Request,
        clean: Callable[[Answer], bool],
        leaves: Callable[[], None] = lambda: None,
        wire: Wire | None = None,
    ) -> Answer:
        """Send *request* once. *clean* says whether the answer lets the connection live on.

        *leaves* is called just before the first byte does; what it raises keeps it here. *wire*
        is *request* made ready already.
        """
        wire = wire or wire_request(request)
        left = False
        try:
            async with asyncio.timeout(self._deadline):
                connection = await self._connections.take(wire.origin)
                good = False
                try:
                    exchange = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEADERS)
                    data = _written(exchange, wire, absolute=connection.absolute)
                    leaves()
                    left = True
                    connection.transport.write(data)
                    answer = await _answer(exchange, connection)
                    good = _lives(exchange) and answer.status < 500 and clean(answer)
                finally:
                    if good:
                        self._connections.keep(wire.origin, connection)
                    else:
                        connection.close()
                return answer
        except TimeoutError as error:
            said = f"no whole answer within {self._deadline:g} s"
            raise (NoAnswer(said) if left else NotSent(said)) from error
        except Unreachable as error:
            raise NotSent(str(error)) from error
        except (OSError, h11.ProtocolError) as error:
            said = f"{type(error).__name__}: {error}".rstrip(": ")
            raise (NoAnswer(said) if left else NotSent(said)) from error

    async def aclose(self) -> None:
        """Close every connection."""
        await self._connections.aclose()


def _written(exchange: h11.Connection, wire: Wire, *, absolute: bool) -> bytes:
    """The bytes of *wire*, all of them: they leave in one piece."""
    head = wire.head
    if absolute:
        target = f"{wire.origin.scheme}://{wire.origin.authority}".encode() + head.target
        head = h11.Request(method=head.method, target=target, headers=head.headers)
    events = (head, h11.Data(wire.content), h11.EndOfMessage())
    return b"".join(exchange.send(event) or b"" for event in events)


def _lives(exchange: h11.Connection) -> bool:
    """Whether both sides may go on with the connection, as HTTP says."""
    return exchange.our_state is h11.DONE and exchange.their_state is h11.DONE


async def _answer(exchange: h11.Connection, connection: Connection) -> Answer:
    """Exactly one whole answer, with nothing after it; `NoAnswer` for everything else."""
    head, body, received = None, bytearray(), 0
    while not isinstance(event := exchange.next_event(), h11.EndOfMessage):
        match event:
            case h11.NEED_DATA:
                data = await connection.read()
                received += len(data)
                if received > MAX_BODY + 2 * MAX_HEADERS:
                    raise NoAnswer("the answer is over 1 MiB")
                exchange.receive_data(data)
            case h11.Response():
                head = event
                _accept(head)
            case h11.Data():
                body += event.data
                if len(body) > MAX_BODY:
                    raise NoAnswer("the answer's body is over 1 MiB")
            case h11.InformationalResponse():
                continue
            case _:
                raise NoAnswer("the connection ended before an answer")
    assert head is not None
    if exchange.trailing_data[0] or connection.pending:
        raise NoAnswer("more came than one answer; the connection was closed")
    headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in head.headers}
    return Answer(head.status_code, headers, _decoded(bytes(body), headers))


def _accept(head: h11.Response) -> None:
    if head.http_version not in (b"1.0", b"1.1"):
        raise NoAnswer("the answer is in another version of HTTP than was asked for")
    headers = list(head.headers)
    if sum(len(k) + len(v) + 4 for k, v in headers) > MAX_HEADERS:
        raise NoAnswer("the answer's headers are over 64 KiB")
    if head.status_code in (204, 304) and _announces_a_body(headers):
        raise NoAnswer(f"HTTP {head.status_code} with a body; the connection was closed")


def wire_request(request: Request) -> Wire:
    """*request* with its secrets; `Unsendable` if it would not arrive as it was meant."""
    base = urlsplit(request.base)
    try:
        port = base.port or (443 if base.scheme == "https" else 80)
    except ValueError:
        port = 0
    host = base.hostname or ""
    if base.scheme not in ("http", "https") or not (host and host.isascii() and port):
        raise Unsendable(f"{request.base!r} is not a base URL")
    path = base.path.rstrip("/") + "".join("/" + _segment(part) for part in request.path)
    pairs = [f"{quote(k, safe='')}={quote(revealed(v), safe='~')}" for k, v in request.query]
    target = (path or "/") + ("?" + "&".join(pairs) if pairs else "")
    if not re.fullmatch(r"/[!-~]*", target):
        raise Unsendable("the path on the wire is not the planned one")
    origin = Origin(base.scheme, host, port)
    default = (base.scheme, port) in (("http", 80), ("https", 443))
    shown_host = origin.authority.removesuffix(f":{port}") if default else origin.authority
    merged = {
        "host": ("Host", shown_host),
        "user-agent": ("User-Agent", _AGENT),
        "accept": ("Accept", "*/*"),
        "accept-encoding": ("Accept-Encoding", "identity"),
        **{name.lower(): (name, revealed(value)) for name, value in request.headers},
    }
    content = b""
    if request.body is not None:
        content = json.dumps(request.body, ensure_ascii=False).encode()
        merged["content-length"] = ("Content-Length", str(len(content)))
    elif request.method in ("POST", "PUT"):
        merged["content-length"] = ("Content-Length", "0")
    for name, value in merged.values():
        if not (value.isascii() and value.isprintable()):
            raise Unsendable(f"header {name} cannot be sent: it is not plain ASCII text")
    try:
        head = h11.Request(method=request.method, target=target, headers=list(merged.values()))
    except h11.LocalProtocolError:  # what it says quotes the value, which may be a secret
        raise Unsendable(
            "a header cannot be sent: blanks around its value, or its name is none"
        ) from None
    return Wire(origin, head, content)


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

"""A request as it will be on the wire, and what its exchange may come to; nothing is sent here.

NotSent    no byte of the request left; it may be tried again
NoAnswer   it left, or may have; what came of it is not known
Unsendable it would not arrive as it was planned, and never leaves
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import quote, quote_plus, urlsplit

from reconciler.declare.urls import is_here
from reconciler.driver import Request, Secret, revealed
from reconciler.errors import ReconcilerError

_AGENT = "reconciler"
_FORM = "application/x-www-form-urlencoded"
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.6.2
_PORTS = {"http": 80, "https": 443}


Stage = Literal["name", "connection", "tls", "certificates"]
"""Where a request stayed: its host has no address, none answers there, TLS failed, or no TLS is
tried because `caFile` cannot be used."""


class NotSent(ReconcilerError):
    """No byte of the request left this machine for the vendor. *stage*: where it stayed."""

    def __init__(self, said: str, stage: Stage | None = None) -> None:
        super().__init__(said)
        self.stage = stage


class NoAnswer(ReconcilerError):
    """The request left, or may have left, and no whole answer came.

    *status*: that of the answer that began, or that is not to be believed; None if none came.
    """

    def __init__(self, said: str, status: int | None = None) -> None:
        super().__init__(said)
        self.status = status


class Unsendable(ReconcilerError):
    """The request would not arrive as it was planned; nothing was sent."""


@dataclass(frozen=True, slots=True)
class Wire:
    """A request as it will be on the wire, secrets and all: never shown.

    *host* has its brackets where it is an IPv6 address.
    """

    scheme: str
    host: str
    port: int
    method: str
    target: str = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    content: bytes = field(repr=False)

    @property
    def authority(self) -> str:
        """`HOST:PORT`: where it goes."""
        return f"{self.host}:{self.port}"


def wire_request(request: Request) -> Wire:
    """*request* with its secrets; `Unsendable` if it would not arrive as it was meant."""
    scheme, host, port, prefix = _place(request.base)
    path = prefix + "".join("/" + _segment(part) for part in request.path)
    pairs = [f"{quote(k, safe='')}={quote(revealed(v), safe='~')}" for k, v in request.query]
    target = (path or "/") + ("?" + "&".join(pairs) if pairs else "")
    if not re.fullmatch(r"/[!-~]*", target):
        raise Unsendable("the path on the wire is not the planned one")
    content = _content(request)
    length: dict[str, tuple[str, str]] = {}
    if content is not None or request.method in ("POST", "PUT", "PATCH"):
        length = {"content-length": ("Content-Length", str(len(content or b"")))}
    if request.form is not None:
        length["content-type"] = ("Content-Type", _FORM)
    headers = {
        "host": ("Host", host if port == _PORTS[scheme] else f"{host}:{port}"),
        "user-agent": ("User-Agent", _AGENT),
        "accept": ("Accept", "*/*"),
        "accept-encoding": ("Accept-Encoding", "identity"),
        **{name.lower(): (name, revealed(value)) for name, value in request.headers},
        **length,
        "connection": ("Connection", "close"),  # no answer can be another request's
    }
    for name, value in headers.values():
        _check_header(name, value)
    values = tuple(headers.values())
    return Wire(scheme, host, port, request.method, target, values, content or b"")


def wire_post(url: str, headers: Mapping[str, str], content: bytes) -> Wire:
    """A POST of *content* to *url*, as it stands there; `Unsendable` if it is not one of ours.

    What is wrong is told without a word of *url*: whoever knows it can write there.
    """
    try:
        parts = urlsplit(url)
        port, host = parts.port or _PORTS.get(parts.scheme, 0), parts.hostname or ""
    except ValueError:
        parts, port, host = urlsplit(""), 0, ""
    if not re.fullmatch(r"[!-~]+", url) or "\\" in url or not (host and port):
        raise Unsendable("its address is not a URL; it is https://HOST/PATH, in plain ASCII")
    if parts.scheme == "http" and not is_here(host):
        raise Unsendable("its address must be https; http is only for this machine")
    if "@" in parts.netloc or "#" in url:
        raise Unsendable("its address must not hold a user name, a password or a fragment")
    host = f"[{host}]" if ":" in host else host
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    written = {
        "Host": host if port == _PORTS[parts.scheme] else f"{host}:{port}",
        "User-Agent": _AGENT,
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        **headers,
        "Content-Length": str(len(content)),
        "Connection": "close",
    }
    for name, value in written.items():
        _check_header(name, value)
    return Wire(parts.scheme, host, port, "POST", target, tuple(written.items()), content)


def _content(request: Request) -> bytes | None:
    if request.form is not None:
        if request.body is not None:
            raise Unsendable("a request cannot have a JSON body and a form")
        pairs = [f"{quote_plus(k)}={quote_plus(revealed(v))}" for k, v in request.form]
        return "&".join(pairs).encode("ascii")
    if request.body is not None:
        return json.dumps(request.body, ensure_ascii=False, default=_revealed).encode()
    return None


def _revealed(value: object) -> str:
    """What is secret in the JSON body of a token request."""
    if isinstance(value, Secret):
        return value.reveal()
    raise Unsendable("the body is not JSON")


def _place(base: str) -> tuple[str, str, int, str]:
    """Scheme, host, port and path of a base URL."""
    parts = urlsplit(base)
    try:
        port = parts.port or _PORTS.get(parts.scheme, 0)
        host = parts.hostname or ""
    except ValueError:
        port, host = 0, ""
    if parts.scheme not in _PORTS or not (host and host.isascii() and port):
        raise Unsendable(f"{base!r} is not a base URL")
    return parts.scheme, f"[{host}]" if ":" in host else host, port, parts.path.rstrip("/")


def _check_header(name: str, value: str) -> None:
    """`Unsendable` if it is not one header. What is wrong is never quoted: it may be a secret."""
    if not (value.isascii() and value.isprintable()):
        raise Unsendable(f"header {name} cannot be sent: it is not plain ASCII text")
    if value != value.strip() or not _NAME.fullmatch(name):
        raise Unsendable("a header cannot be sent: blanks around its value, or its name is none")


def _segment(part: str | Secret) -> str:
    """One path segment, encoded; it can neither leave its place nor be empty."""
    text = part.reveal() if isinstance(part, Secret) else part
    encoded = quote(text, safe="~")
    if text in ("", ".", "..") or (isinstance(part, str) and encoded != text):
        raise Unsendable("a path segment would not arrive as it was planned")
    return encoded

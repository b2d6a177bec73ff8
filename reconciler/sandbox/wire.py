"""One HTTP request and its answer as values: what every imitated vendor takes and gives."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl

HTML = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Call:
    """A request that has arrived.

    *at* is seconds of the sandbox's clock. *path* holds the decoded segments below the vendor's
    prefix. Of a query's key that comes again, *query* holds the last value and *pairs* every one.
    Header names are lower-case. *faults* are the kinds that strike this very request.
    """

    method: str
    path: tuple[str, ...]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    at: float
    faults: frozenset[str] = frozenset()
    pairs: tuple[tuple[str, str], ...] = ()

    @property
    def says_json(self) -> bool:
        """The content type is `application/json` or JSON:API, with or without a parameter."""
        return self._kind in ("application/json", "application/vnd.api+json")

    @property
    def _kind(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def json_object(self) -> dict[str, Any] | None:
        """The body as a JSON object; None if it is anything else, or not declared as JSON."""
        value = parsed(self.body) if self.says_json else None
        return value if isinstance(value, dict) else None

    def bearer(self) -> str | None:
        """The token after `Authorization: Bearer `, or None."""
        return self.authorization("bearer")

    def authorization(self, scheme: str) -> str | None:
        """What follows *scheme* (lower-case) in the header `Authorization`, or None."""
        found, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() or None if found.lower() == scheme else None

    def basic(self) -> tuple[str, str] | None:
        """User and password of HTTP Basic, or None."""
        try:
            raw = base64.b64decode(self.authorization("basic") or "", validate=True).decode()
        except (binascii.Error, ValueError):
            return None
        user, colon, password = raw.partition(":")
        return (user, password) if colon else None

    def form(self) -> dict[str, str] | None:
        """The body as form fields; None if it is not declared as a form."""
        if self._kind != "application/x-www-form-urlencoded":
            return None
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def every(self, key: str) -> tuple[str, ...]:
        """Every value of the query's *key*, in order."""
        return tuple(value for name, value in self.pairs if name == key)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. *effect* names what it deleted. *ok*: the vendor means it as a success."""

    status: int
    body: bytes = b""
    content_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    effect: tuple[str, ...] = ()
    ok: bool = False


def with_headers(reply: Reply, headers: Mapping[str, str]) -> Reply:
    """*reply* with *headers* beside its own, which win."""
    return replace(reply, headers={**headers, **reply.headers}) if headers else reply


def parsed(body: bytes) -> Any:
    """*body* as JSON, or None if it is not."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def success(value: Any, *, effect: tuple[str, ...] = ()) -> Reply:
    """HTTP 200 with *value* as JSON."""
    return Reply(200, dumped(value), "application/json; charset=utf-8", effect=effect, ok=True)


def empty(effect: tuple[str, ...] = ()) -> Reply:
    """HTTP 204."""
    return Reply(204, effect=effect, ok=True)


def failure(status: int, value: Any) -> Reply:
    """*status* (which may well be 200) with *value* as JSON: the vendor says no."""
    return Reply(status, dumped(value), "application/json; charset=utf-8")


def page(status: int, title: str) -> Reply:
    """An HTML page, as proxies and maintenance modes send it."""
    return Reply(status, HTML.format(title).encode(), "text/html; charset=utf-8")


def dumped(value: Any) -> bytes:
    """*value* as compact JSON; foreign letters as they are, half a surrogate pair escaped."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def whole(text: str | None, default: int, *, least: int = 0) -> int | None:
    """A query parameter that is a decimal number of at least *least*; None if it is not one."""
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        return None
    return int(text) if int(text) >= least else None

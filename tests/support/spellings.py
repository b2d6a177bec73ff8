"""The ways in which a secret may be echoed, and how to see one in what should not have it."""

import base64
import html
import json
import quopri
import re
import unicodedata
from collections.abc import Callable
from urllib.parse import quote, quote_plus, unquote

Spell = Callable[[str], str]


def _each(form: Callable[[str], str]) -> Spell:
    return lambda s: "".join(map(form, s))


def _units(s: str, prefix: str) -> str:
    data = s.encode("utf-16-be")
    return "".join(f"{prefix}{data[n]:02x}{data[n + 1]:02x}" for n in range(0, len(data), 2))


def _json(s: str) -> str:
    return json.dumps(s)[1:-1]


def _b64(s: str) -> str:
    return base64.b64encode(s.encode()).decode()


def _url(s: str) -> str:
    return quote(s, safe="")


def _every_byte(s: str) -> str:
    return "".join(f"%{one:02X}" for one in s.encode())


SPELLINGS: dict[str, Spell] = {
    "plain": lambda s: s,
    "upper case": str.upper,
    "lower case": str.lower,
    "swapped case": str.swapcase,
    "url": _url,
    "url, lower case": lambda s: _url(s).lower(),
    "url, slashes kept": quote,
    "url, every byte": _every_byte,
    "url twice": lambda s: _url(_url(s)),
    "url three times": lambda s: _url(_url(_url(s))),
    "url, every byte twice": lambda s: _every_byte(_every_byte(s)),
    "form": quote_plus,
    "json": _json,
    "json, slashes escaped": lambda s: _json(s).replace("/", "\\/"),
    "json in json": lambda s: _json(_json(s)),
    "json three times": lambda s: _json(_json(_json(s))),
    "json, every character": lambda s: _units(s, "\\u"),
    "json, every character twice": lambda s: _json(_units(s, "\\u")),
    "json, upper case": lambda s: _units(s, "\\u").upper().replace("\\U", "\\u"),
    "javascript": _each(lambda c: f"\\u{{{ord(c):x}}}"),
    "javascript escape()": lambda s: _units(s, "%u"),
    "python repr": lambda s: repr(s)[1:-1],
    "python, every byte": lambda s: "".join(f"\\x{one:02x}" for one in s.encode()),
    "octal": lambda s: "".join(f"\\{one:03o}" for one in s.encode()),
    "html": html.escape,
    "html twice": lambda s: html.escape(html.escape(s)),
    "html, numbers": _each(lambda c: f"&#{ord(c)};"),
    "html, numbers without an end": _each(lambda c: f"&#{ord(c)}"),
    "html, hex": _each(lambda c: f"&#x{ord(c):X};"),
    "html, hex twice": lambda s: html.escape("".join(f"&#x{ord(c):X};" for c in s)),
    "url of html": lambda s: _url(html.escape(s)),
    "html of url": lambda s: html.escape(_url(s)),
    "url of json": lambda s: _url(_json(s)),
    "json of html of url": lambda s: _json(html.escape(_url(s))),
    "every second character": lambda s: "".join(
        c if n % 2 else f"%{ord(c):02x}" if ord(c) < 128 else _url(c) for n, c in enumerate(s)
    ),
    "base64": _b64,
    "base64 url": lambda s: base64.urlsafe_b64encode(s.encode()).decode().rstrip("="),
    "basic auth": lambda s: "Basic " + _b64("user:" + s),
    "base64 inside": lambda s: _b64("a" + s + "!"),
    "base64 twice": lambda s: _b64(_b64(s)),
    "base64 in json in url": lambda s: _url(_json(_b64(s))),
    "mime word": lambda s: f"=?utf-8?B?{_b64(s)}?=",
    "quoted-printable": lambda s: quopri.encodestring(s.encode(), quotetabs=True).decode(),
    "hex": lambda s: s.encode().hex(),
    "hex, upper case": lambda s: s.encode().hex().upper(),
    "hex, colons": lambda s: s.encode().hex(":"),
    "hex, commas": lambda s: ", ".join(f"0x{one:02x}" for one in s.encode()),
    "list of bytes": lambda s: json.dumps(list(s.encode())),
    "one line": lambda s: " ".join(s.split()),
    "spaced out": " ".join,
    "lines of five": lambda s: "\n ".join(re.findall(r"(?s).{1,5}", s)),
    "with soft hyphens": "\u00ad".join,
    "with zero-width spaces": "\u200b".join,
    "utf-16 read as utf-8": "\0".join,
    "full width": _each(lambda c: chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c),
    "as a header": lambda s: f"Bearer {s}",
    "in a url": lambda s: f"https://user:{_url(s)}@host/",
}


def leaks(text: str, secret: str, run: int = 8) -> str | None:
    """A run of *run* characters of *secret* that *text* shows, as it is or once it is unescaped."""
    sought = _bare(secret)
    runs = {sought[at : at + run] for at in range(len(sought) - run + 1)}
    for reading in _readings(text):
        bare = _bare(reading)
        for at in range(len(bare) - run + 1):
            if bare[at : at + run] in runs:
                return bare[at : at + run]
    return None


def _bare(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).lower()
    return "".join(c for c in plain if c.isprintable() and not c.isspace())


def _readings(text: str) -> list[str]:
    """What people and programs make of it: written for the tests, without the scrubber's code."""
    found = [text]
    for read in (unquote, html.unescape, _unescaped):
        for _ in range(3):
            after = [read(one) for one in found]
            found = list(dict.fromkeys([*found, *after]))
    for one in re.findall(r"[A-Za-z0-9+/_-]{11,}", text):
        standard = one.replace("-", "+").replace("_", "/")
        for at in range(4):
            piece = standard[at:]
            piece = piece[: len(piece) // 4 * 4]
            found.append(base64.b64decode(piece).decode("latin-1"))
    for one in re.findall(r"(?i)[0-9a-f]{16,}", text):
        found.append(bytes.fromhex(one[: len(one) // 2 * 2]).decode("latin-1"))
    return found


def _unescaped(text: str) -> str:
    text = re.sub(r"\\\\", r"\\", text)
    text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda m: chr(int(m[1], 16)), text)
    return re.sub(r"\\x([0-9a-fA-F]{2})", lambda m: chr(int(m[1], 16)), text)

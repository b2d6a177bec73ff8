"""Texts with places to fill in: `${id}`, `${secret.token}`, `${channel:-sms}`, `${number:part}`.

What may stand where is said by a `Kind`: a secret never in a body, a target never in a listing.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from reconciler.driver import Secret, Text
from reconciler.drivers import ids

TARGET: Final = ("id", "name", "channel", "part")
HIDDEN: Final = ("secret", "token", "jwt")
_HOLE: Final = re.compile(r"\$\{([^${}]*)\}")
_INSIDE: Final = re.compile(
    r"(?P<number>number:)?"
    r"(?P<word>id|name|channel|part|token|jwt|nonce|absent|secret\.(?P<secret>[A-Za-z][A-Za-z0-9_-]{0,62}))"
    r"(?::-(?P<default>[A-Za-z0-9._~ -]{1,100}))?"
)
_SEGMENT: Final = re.compile(r"[A-Za-z0-9._~-]*")
_VISIBLE: Final = re.compile(r"[ -~]*")


class Hole(NamedTuple):
    """A place to fill in. *word*: `id`, `secret`, …; *secret*: which one."""

    word: str
    secret: str | None = None
    default: str | None = None
    number: bool = False


Parts = tuple[str | Hole, ...]


class Kind(NamedTuple):
    """Where a template stands, in words, and which places it may hold."""

    where: str
    words: tuple[str, ...]
    numbers: bool = False


PATH: Final = Kind("a path", (*TARGET, *HIDDEN))
QUERY: Final = Kind("a query", (*TARGET, *HIDDEN))
HEADER: Final = Kind("a header", (*TARGET, *HIDDEN, "nonce"))
BODY: Final = Kind("a body", (*TARGET, "nonce"), numbers=True)
FORM: Final = Kind("a form", (*TARGET, "nonce"))
EVERY_PATH: Final = Kind("this path", HIDDEN)
EVERY_QUERY: Final = Kind("this query", HIDDEN)
EVERY_HEADER: Final = Kind("this header", (*HIDDEN, "nonce"))
EVERY_BODY: Final = Kind("this body", ("nonce",))
TOKEN_PATH: Final = Kind("a token request's path", ("secret",))
TOKEN_TEXT: Final = Kind("a token request", ("secret", "nonce", "jwt"))
CLAIM: Final = Kind("a claim", ("nonce",))
ANSWER: Final = Kind("an answer", (*TARGET, "absent"))


@lru_cache(maxsize=1024)
def parts(text: str) -> Parts:
    """*text* in literal parts and holes; ValueError (without quoting it) if it cannot be read."""
    found: list[str | Hole] = []
    end = 0
    for match in _HOLE.finditer(text):
        inside = _INSIDE.fullmatch(match[1])
        if inside is None:
            raise ValueError(
                "has a placeholder that is none; there are ${id} ${name} ${channel} ${part} "
                "${secret.NAME} ${token} ${jwt} ${nonce}, a default as in ${channel:-sms}, and "
                "${number:part}"
            )
        found += [text[end : match.start()]] if match.start() > end else []
        word = "secret" if inside["secret"] else inside["word"]
        found.append(Hole(word, inside["secret"], inside["default"], bool(inside["number"])))
        end = match.end()
    found += [text[end:]] if end < len(text) else []
    if any(isinstance(one, str) and "${" in one for one in found):
        raise ValueError("has a placeholder without an end; close it with }")
    return tuple(found)


@lru_cache(maxsize=1024)
def holes(text: str) -> tuple[Hole, ...]:
    """The places of *text*; none if it cannot be read."""
    try:
        return tuple(one for one in parts(text) if isinstance(one, Hole))
    except ValueError:
        return ()


def checked(text: str, kind: Kind) -> str:
    """*text*, if it may stand where *kind* says; ValueError says why not and how to mend it."""
    found = parts(text)
    for hole in (one for one in found if isinstance(one, Hole)):
        _check_hole(hole, kind, whole=len(found) == 1)
    return text


def _check_hole(hole: Hole, kind: Kind, *, whole: bool) -> None:
    if hole.word not in kind.words:
        if hole.word in HIDDEN:
            raise ValueError(
                f"would put a secret into {kind.where}; secrets go into headers, query and path"
            )
        allowed = " ".join(f"${{{one}}}" for one in kind.words if one != "secret")
        raise ValueError(f"cannot hold this placeholder; in {kind.where} there are {allowed}")
    if hole.default is not None and hole.word != "channel":
        raise ValueError("has a default for what always has a value; only ${channel:-…} takes one")
    if hole.number and not (kind.numbers and whole):
        raise ValueError("has ${number:…} beside other text; it is a whole value of a JSON body")
    if hole.number and hole.word not in ("id", "part"):
        raise ValueError("makes a number of what is none; write ${number:id} or ${number:part}")
    if hole.word == "absent" and not whole:
        raise ValueError("has ${absent} beside other text; it is a whole value")


def checked_path(text: str, kind: Kind) -> str:
    """A path template: segments of safe characters, a secret always a whole one."""
    checked(text, kind)
    if not text.startswith("/") or text.startswith("//"):
        raise ValueError("must begin with one slash; the host belongs in baseUrl")
    if "?" in text:
        raise ValueError("has a question mark; write its query under `query`")
    for segment in _segments(text):
        literal = "".join(one for one in segment if isinstance(one, str))
        if not segment or literal in (".", ".."):
            raise ValueError("has an empty segment, `.` or `..`; write each segment out")
        if not _SEGMENT.fullmatch(literal):
            raise ValueError("has a character that a path cannot carry; A-Z a-z 0-9 . _ ~ - can")
        if (
            any(isinstance(one, Hole) and one.word in HIDDEN for one in segment)
            and len(segment) > 1
        ):
            raise ValueError("has a secret in a part of a segment; it must be a whole one")
    return text


def checked_header(text: str, kind: Kind) -> str:
    """A header's value: visible ASCII around its places."""
    for one in parts(checked(text, kind)):
        if isinstance(one, str) and not _VISIBLE.fullmatch(one):
            raise ValueError("is not printable ASCII; a header can carry nothing else")
    return text


def _segments(path: str) -> list[Parts]:
    """The parts of each segment. A slash is always literal."""
    found: list[list[str | Hole]] = [[]]
    for one in parts(path[1:]):
        if isinstance(one, Hole):
            found[-1].append(one)
            continue
        first, *rest = one.split("/")
        found[-1] += [first] if first else []
        found += [[piece] if piece else [] for piece in rest]
    return [tuple(one) for one in found]


def every_text(value: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every text in *value* (of mappings and lists), and where it is."""
    if isinstance(value, str):
        yield (), value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from (((key, *loc), text) for loc, text in every_text(inner))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from (((index, *loc), text) for loc, text in every_text(inner))


# ---------------------------------------------------------------- filled in


class Filling(NamedTuple):
    """What goes into the places of a template."""

    plain: Mapping[str, str]
    """`id`, `name`, `channel` (if there is one), `part`, `nonce`."""
    hidden: Mapping[str, Secret]
    """`token`, `jwt`, and `secret.NAME`."""


def filled(text: str, filling: Filling) -> Text:
    """*text* with its places filled; a tuple if a secret is among them."""
    found = tuple(_fill(one, filling) for one in parts(text))
    if any(isinstance(one, Secret) for one in found):
        return found
    return "".join(one for one in found if isinstance(one, str))


def plain(text: str, filling: Filling) -> str:
    """*text* of a place that holds no secret."""
    return "".join(str(_fill(one, filling)) for one in parts(text))


def _fill(one: str | Hole, filling: Filling) -> str | Secret:
    if isinstance(one, str):
        return one
    if one.word == "secret":
        return filling.hidden[f"secret.{one.secret}"]
    if one.word in HIDDEN:
        return filling.hidden[one.word]
    value = filling.plain.get(one.word)
    return value if value is not None else one.default or ""


def filled_path(text: str, filling: Filling) -> tuple[str | Secret, ...]:
    """The segments of a path template."""
    found: list[str | Secret] = []
    for segment in _segments(text):
        made = [_fill(one, filling) for one in segment]
        (first, *rest) = made
        found.append(first if not rest else "".join(map(str, made)))
    return tuple(found)


def filled_json(value: Any, filling: Filling) -> Any:
    """A JSON template with its places filled; `${number:…}` is a number."""
    match value:
        case str():
            found = parts(value)
            if len(found) == 1 and isinstance(found[0], Hole) and found[0].number:
                return int(plain(value, filling))
            return plain(value, filling)
        case Mapping():
            return {key: filled_json(inner, filling) for key, inner in value.items()}
        case list() | tuple():
            return [filled_json(inner, filling) for inner in value]
    return value


def filled_secretly(value: Any, filling: Filling) -> Any:
    """The same of a token request, in whose own body a text may be a secret."""
    match value:
        case str():
            made = filled(value, filling)
            return joined(made) if isinstance(made, tuple) else made
        case Mapping():
            return {key: filled_secretly(inner, filling) for key, inner in value.items()}
        case list() | tuple():
            return [filled_secretly(inner, filling) for inner in value]
    return value


def joined(text: Text) -> str | Secret:
    """*text* as one secret, if there is any in it."""
    from reconciler.driver import revealed

    return Secret(lambda: revealed(text)) if isinstance(text, tuple) else text


def unsafe(text: str, value: str, place: str) -> str | None:
    """Why *value* cannot go where the template *text* has it, or None; *place*: path, header …"""
    if place == "path":
        return ids.in_path(value)
    if place == "header":
        return None if re.fullmatch(r"[!-~]([ -~]{0,198}[!-~])?", value) else _HEADER_ONLY
    numbered = any(one.number for one in holes(text))
    if numbered and not re.fullmatch(r"0|[1-9][0-9]{0,14}", value):
        return "it goes as a JSON number: 1 to 15 digits, no leading zero"
    return ids.as_text(value)


_HEADER_ONLY: Final = "it goes into a header: 1 to 200 printable ASCII characters"

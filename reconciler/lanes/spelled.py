"""A text and what it becomes as its escapes are undone, each character knowing where it came from.

Pure. Escapes of JSON, JavaScript, Python, C, HTML, XML, URLs and quoted-printable are one
alphabet here: nobody knows who escaped what a vendor echoes, nor how often.
"""

import html
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

_STEPS = 16  # each makes the text shorter; nobody escapes that often
_ESCAPE = re.compile(
    r"(?P<unit>(?:[\\%]u[0-9a-f]{4})+)"
    r"|\\u\{(?P<point>[0-9a-f]{1,6})\}|\\U(?P<wide>[0-9a-f]{8})"
    r"|(?P<byte>(?:(?:\\x|%)[0-9a-f]{2})+)"
    r"|(?P<octal>(?:\\[0-3][0-7]{2})+)|\\(?P<short>[abfnrtv0])|\\(?P<plain>[^\w\s])"
    r"|(?P<entity>&(?:#[0-9]{1,8}|#x[0-9a-f]{1,8}|[a-z][a-z0-9]{1,31});?)",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"(?P<quoted>(?:=[0-9a-f]{2})+)|(?P<fold>=\r?\n)", re.IGNORECASE)
_SHORT = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "0": "\0"}
_CHARACTERS = 0x110000


@dataclass(frozen=True, slots=True)
class Spelled:
    """A text; its character *n* is spelled from `starts[n]` to `ends[n]` in the text as it came."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    @classmethod
    def of(cls, text: str) -> "Spelled":
        return cls(text, range(len(text)), range(1, len(text) + 1))


def readings(text: str) -> Iterator[Spelled]:
    """*text* as it came, and after each round of undoing its escapes, until nothing changes."""
    first = Spelled.of(text)
    unquoted = _undone(first, _QUOTED, _quoted)
    for start in (first, unquoted):
        reading = start
        for _ in range(_STEPS):
            if reading is None:
                break
            yield reading
            reading = _undone(reading, _ESCAPE, _escape)


def _undone(
    spelled: Spelled, pattern: re.Pattern[str], undo: Callable[[re.Match[str]], str]
) -> Spelled | None:
    """*spelled* without what *pattern* finds; None where it finds nothing."""
    text: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    done = 0
    for found in pattern.finditer(spelled.text):
        start, end = found.span()
        text.append(spelled.text[done:start])
        starts += spelled.starts[done:start]
        ends += spelled.ends[done:start]
        plain = undo(found)
        text.append(plain)
        starts += [spelled.starts[start]] * len(plain)
        ends += [spelled.ends[end - 1]] * len(plain)
        done = end
    if not done:
        return None
    text.append(spelled.text[done:])
    return Spelled("".join(text), starts + [*spelled.starts[done:]], ends + [*spelled.ends[done:]])


def _escape(found: re.Match[str]) -> str:
    said: str = found[found.lastgroup or 0]
    match found.lastgroup:
        case "unit":
            units = bytes.fromhex(re.sub(r"[\\%]u", "", said, flags=re.IGNORECASE))
            return units.decode("utf-16-be", "replace")
        case "point" | "wide":
            number = int(said, 16)
            return chr(number) if number < _CHARACTERS else "\ufffd"
        case "byte":
            return _text(bytes.fromhex(re.sub(r"\\x|%", "", said, flags=re.IGNORECASE)))
        case "octal":
            return _text(bytes(int(one, 8) for one in said.split("\\")[1:]))
        case "short":
            return _SHORT[said.lower()]
        case "entity":
            plain = html.unescape(said)
            return plain if plain != said else "\ufffd"  # it must get shorter, or there is no end
    return said


def _quoted(found: re.Match[str]) -> str:
    return _text(bytes.fromhex(found[0].replace("=", ""))) if found.lastgroup == "quoted" else ""


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")

"""JSON text read token by token: where each key stands, and what is wrong in words of ours.

Slow, and only for text that something is wrong with; good text is decoded in bulk.
"""

import json
import re
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

Path = tuple[str | int, ...]

DEEPEST = 200
"""Levels that a value may have; more is nothing that anybody wrote."""

_LONGEST = 300  # digits of a number
_SHOWN = 40
_BLANK = re.compile(r"[ \t\r\n]*")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+"')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?")
_DIGITS = re.compile(r"[-+.0-9eE]*")
_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})')
_CUT_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?")
_WORD = re.compile(r"[^\s,:\[\]{}\"']+")
_WORDS = ("true", "false", "null")
_LONE = re.compile(
    r"(?i)(?:^|[^\\])(?:\\\\)*(?P<lone>\\ud[89ab][0-9a-f]{2}(?!\\ud[c-f][0-9a-f]{2})"
    r"|(?<!\\ud[89ab][0-9a-f]{2})\\ud[c-f][0-9a-f]{2})"
)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at the character *at*, and the fix. *ended*: the text stops too early."""

    at: int
    what: str
    fix: str
    ended: bool = False


@dataclass(slots=True)
class Scan:
    """What was found up to the first fault: where keys and items stand, and where it all ends."""

    keys: dict[Path, int] = field(default_factory=dict)
    values: dict[Path, int] = field(default_factory=dict)
    end: int = 0
    fault: Fault | None = None


class _Next(Enum):
    VALUE = auto()
    FIRST_KEY = auto()
    KEY = auto()
    COLON = auto()
    FIRST_ITEM = auto()
    AFTER = auto()


class _Found(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.what)
        self.fault = fault


def scan(text: str, start: int = 0) -> Scan:
    """Read the one value of *text* that begins at *start*; what follows it is not looked at."""
    found = Scan()
    try:
        _Reader(text, found).read(start)
    except _Found as stop:
        found.fault = stop.fault
    return found


def deeper(value: Any, levels: int = DEEPEST) -> bool:
    """Whether *value*, decoded, nests more than *levels* dicts and lists, itself included.

    `scan` goes no deeper than `DEEPEST`; how deep a decoder goes depends on the interpreter.
    """
    if type(value) is not dict and type(value) is not list:
        return False
    inside = value.values() if type(value) is dict else value
    return not levels or any(deeper(one, levels - 1) for one in inside)


def only(text: str) -> Scan:
    """Like `scan`, of a text that holds one value and nothing behind it."""
    found = scan(text)
    rest = _BLANK.match(text, found.end)
    if found.fault is None and rest is not None and rest.end() < len(text):
        said = f"this is not JSON: {_shown(text, rest.end())} follows the value"
        found.fault = Fault(rest.end(), said, "write one record a line, and nothing behind it")
    return found


class _Reader:
    def __init__(self, text: str, found: Scan) -> None:
        self._text = text
        self._found = found
        self._open: list[str] = []  # the brackets that are open
        self._path: list[str | int] = []  # the key or index inside each
        self._at = 0

    def read(self, start: int) -> None:
        self._at = start
        state = _Next.VALUE
        while True:
            blank = _BLANK.match(self._text, self._at)
            assert blank is not None
            self._at = blank.end()
            after = self._step(state)
            if after is None:
                self._found.end = self._at
                return
            state = after

    def _step(self, state: _Next) -> _Next | None:
        here = self._text[self._at : self._at + 1]
        match state:
            case _Next.FIRST_KEY if here == "}":
                return self._close()
            case _Next.FIRST_KEY | _Next.KEY:
                return self._key(here)
            case _Next.COLON:
                self._take(":", "between a key and its value")
                return _Next.VALUE
            case _Next.FIRST_ITEM if here == "]":
                return self._close()
            case _Next.AFTER:
                return self._after(here)
        return self._value(here)

    def _key(self, here: str) -> _Next:
        if here != '"':
            raise self._unexpected("a key in quotes")
        at = self._at
        key = self._string()
        path = (*self._path[:-1], key)
        if path in self._found.keys:
            said = f"the key `{key}` a second time in one object"
            raise _Found(Fault(at, said, "keep one of them"))
        self._path[-1] = key
        self._found.keys[path] = at
        return _Next.COLON

    def _value(self, here: str) -> _Next | None:
        self._found.values[tuple(self._path)] = self._at
        if here in ("{", "["):
            if len(self._open) >= DEEPEST:
                raise _Found(Fault(0, "values are nested too deep", "flatten them"))
            self._open.append(here)
            self._path.append("" if here == "{" else 0)
            self._at += 1
            return _Next.FIRST_KEY if here == "{" else _Next.FIRST_ITEM
        if here == '"':
            self._string()
        elif here and here in "-+.0123456789":
            self._number()
        else:
            self._word()
        return _Next.AFTER if self._open else None

    def _after(self, here: str) -> _Next | None:
        in_object = self._open[-1] == "{"
        if here == ("}" if in_object else "]"):
            return self._close()
        self._take(",", f"or `{'}' if in_object else ']'}`")
        if in_object:
            return _Next.KEY
        last = self._path[-1]
        assert isinstance(last, int)
        self._path[-1] = last + 1
        return _Next.VALUE

    def _close(self) -> _Next | None:
        self._at += 1
        self._open.pop()
        self._path.pop()
        return _Next.AFTER if self._open else None

    def _take(self, mark: str, where: str) -> None:
        if not self._text.startswith(mark, self._at):
            raise self._unexpected(f"`{mark}` {where}")
        self._at += 1

    # ------------------------------------------------------------ tokens

    def _string(self) -> str:
        found = _STRING.match(self._text, self._at)
        if found is None:
            raise _Found(_bad_string(self._text, self._at))
        if (lone := _LONE.search(found[0])) is not None:
            said = f"`{lone['lone']}` is half a character (a lone surrogate)"
            at = self._at + lone.start("lone")
            raise _Found(Fault(at, said, "write the character itself, in UTF-8"))
        self._at = found.end()
        text: str = json.loads(found[0])
        return text

    def _number(self) -> None:
        found = _NUMBER.match(self._text, self._at)
        word = _WORD.match(self._text, self._at)
        assert word is not None
        # the file may be any at all: nothing of it is shown but what looks like a number
        digits = _DIGITS.match(word[0])
        assert digits is not None
        shown = digits[0][:_SHOWN] + ("…" if digits[0] != word[0] else "")
        if found is None or found.end() != word.end():
            said = f"`{shown}` is not a number as JSON writes them"
            raise _Found(Fault(self._at, said, "write it as text, in quotes"))
        if sum(one.isdigit() for one in found[0]) > _LONGEST:
            said = "a number has too many digits"
            raise _Found(Fault(self._at, said, "write it as text, in quotes"))
        if abs(float(found[0])) == float("inf"):
            said = f"the number `{shown}` is too large"
            raise _Found(Fault(self._at, said, f'write it as text, in quotes: "{shown}"'))
        self._at = found.end()

    def _word(self) -> None:
        found = _WORD.match(self._text, self._at)
        if found is None:
            raise self._unexpected("a value")
        word = found[0].lstrip("\ufeff")
        if found[0] in _WORDS:
            self._at = found.end()
            return
        if word != found[0]:
            raise _Found(_mark(self._at))
        if word.lower() in _WORDS or word == "None":
            right = "null" if word == "None" else word.lower()
            raise _Found(Fault(self._at, f"`{word}` is no word of JSON", f"write {right}"))
        if word.lower().lstrip("+-") in ("nan", "infinity", "inf"):
            fix = f'leave it out, or write it as text: "{word}"'
            raise _Found(Fault(self._at, f"`{word}` is not a number of JSON", fix))
        raise self._unexpected("a value", "put texts in quotes")

    def _unexpected(self, wanted: str, fix: str | None = None) -> _Found:
        at = self._at
        if at >= len(self._text):
            said = "the text ends in the middle of a value"
            return _Found(Fault(at, said, "it is truncated here: write it again", ended=True))
        if self._text[at] == "\ufeff":
            return _Found(_mark(at))
        if self._text[at] == "'":
            return _Found(Fault(at, "`'` is no quote of JSON", 'write " instead'))
        comma = self._text[:at].rstrip().endswith(",") and self._text[at] in "]}"
        if fix is None:
            fix = "take out the comma before it" if comma else f"write {wanted} there"
        said = f"this is not JSON: {_shown(self._text, at)} where {wanted} should follow"
        return _Found(Fault(at, said, fix))


def _mark(at: int) -> Fault:
    said = "a byte order mark (U+FEFF) in the middle of the file: two files were joined here"
    return Fault(at, said, "take the mark out: it belongs at a file's start only")


def _shown(text: str, at: int) -> str:
    return f"`{text[at]}`"  # what does not show is written out where it is shown


def _bad_string(text: str, at: int) -> Fault:
    """What is wrong with the string that begins at *at*."""
    index = at + 1
    while index < len(text):
        one = text[index]
        if one == "\\":
            escape = _ESCAPE.match(text, index)
            if escape is None:
                if _CUT_ESCAPE.fullmatch(text, index):
                    break
                said = f"`{text[index : index + 2]}` is no escape of JSON"
                return Fault(index, said, "write the backslash twice")
            index = escape.end()
        elif one < " ":
            if one in "\r\n":
                break
            said = f"the character U+{ord(one):04X} stands in a text as itself"
            return Fault(index, said, f"write it as \\u{ord(one):04x}")
        else:
            index += 1
    said = "the text ends in the middle of a value"
    return Fault(at, said, "it is truncated here: write it again", ended=True)


class Unscanned(ValueError):
    """Text that is no JSON: why, where (the character), and the fix."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.what)
        self.at = fault.at
        self.fix = fault.fix


def value_of(text: str) -> Any:
    """The value that *text* is as JSON; `Unscanned` if it is none, or has a key twice."""
    fault = only(text).fault
    if fault is not None:
        raise Unscanned(fault)
    return json.loads(text)

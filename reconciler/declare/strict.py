"""YAML and JSON read strictly, with positions; the only file that knows the YAML library.

Every scalar is text until a schema types it: `0123`, `no` and `1.10` are what was written. What
makes YAML surprising (anchors, aliases, merge keys, tags, duplicate keys) is refused at its place.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec
import yaml
from yaml import CSafeLoader

from reconciler.errors import Diagnostic

Loc = tuple[str | int, ...]
Value = dict[str, "Value"] | list["Value"] | str | None

MAX_BYTES = 10 * 1024 * 1024
MAX_DEPTH = 20
MAX_JSON_DEPTH = 200
_MOST = 50  # problems of one sort told of a file; how many more there are is said
_FIRST = "mend those above first"
_OR_TEXT = "put a text that begins so in quotes, else "

# ---------------------------------------------------------------- documents


class Placed(dict[str, "Value"]):
    """A mapping that knows where it stands (line and column count from 1)."""

    __slots__ = ("column", "line")

    line: int
    column: int


class _Node(msgspec.Struct):
    """A value and where it stands (lines and columns count from 1).

    *hole*: refused already, what the schema would say of it misleads. *open*: keys of it were
    refused, that others are missing would mislead.
    """

    line: int
    column: int
    value: Value = None
    plain: bool = False
    items: "list[_Node] | None" = None
    pairs: "dict[str, tuple[_Node, _Node]] | None" = None
    hole: bool = False
    open: bool = False


class YamlDocument:
    """One YAML document: its `value` and the place of everything in it."""

    __slots__ = ("_odd", "_root", "line", "value")

    def __init__(self, root: _Node, line: int, *, odd: bool) -> None:
        self._root = root
        self._odd = odd
        self.line = line
        self.value: Value = root.value

    def place(self, loc: Loc = (), *, key: bool = False) -> tuple[int, int]:
        """(line, column) of the value at *loc*, or of its key; of the nearest there is, else."""
        named, node = self._find(loc)
        return (named.line, named.column) if key and named else (node.line, node.column)

    def at(self, loc: Loc) -> Value:
        """The value at *loc*; None if there is none."""
        value = self.value
        for step in loc:
            if isinstance(value, dict) and isinstance(step, str):
                value = value.get(step)
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                value = value[step]
            else:
                return None
        return value

    def as_written(self) -> Value:
        """The value, in which a scalar of which YAML itself makes no text is a `Plain` one."""
        from reconciler.driver import Plain

        return _as_written(self._root, Plain)

    def places(self, loc: Loc) -> list[tuple[int, int]]:
        """(line, column) of each item of the list at *loc*; none if there is no list."""
        node: _Node | None = self._root
        for step in loc:
            node = node and _child(node, step)
        return [(item.line, item.column) for item in (node and node.items) or ()]

    def blame(self, loc: Loc) -> tuple[int, int]:
        """Where an error about *loc* is best shown: scalars themselves, the rest by their key."""
        named, node = self._find(loc)
        scalar = node.items is None and node.pairs is None and node.value is not None
        return (node.line, node.column) if scalar or not named else (named.line, named.column)

    def refused(self, loc: Loc) -> bool:
        """Whether *loc* or something around it was refused while it was parsed."""
        return self._find(loc)[1].hole

    def lost_keys(self, loc: Loc) -> bool:
        """Whether keys of the mapping at *loc* were refused while it was parsed."""
        return self._find(loc)[1].open

    def has_holes(self, loc: Loc) -> bool:
        """Whether keys or values of the mapping at *loc* were refused while it was parsed."""
        node = self._find(loc)[1]
        return node.open or any(value.hole for _, value in (node.pairs or {}).values())

    def odd(self, loc: Loc = ()) -> "Iterator[tuple[Loc, str, tuple[int, int], bool]]":
        """Every plain scalar below *loc* of which YAML makes another value than its text.

        Its place in the tree, text, position, and whether it is a key.
        """
        return _odd_ones(self._find(loc)[1], ()) if self._odd else iter(())

    def _find(self, loc: Loc) -> tuple[_Node | None, _Node]:
        named, node = None, self._root
        for step in loc:
            child = _child(node, step)
            if child is None:
                break
            named = node.pairs[step][0] if node.pairs and isinstance(step, str) else None
            node = child
        return named, node


def _odd_ones(node: _Node, loc: Loc) -> Iterator[tuple[Loc, str, tuple[int, int], bool]]:
    if node.items is not None:
        for index, item in enumerate(node.items):
            yield from _odd_ones(item, (*loc, index))
    elif node.pairs is not None:
        for key, (named, value) in node.pairs.items():
            if named.plain and reads_otherwise(key):
                yield (*loc, key), key, (named.line, named.column), True
            yield from _odd_ones(value, (*loc, key))
    elif node.plain and isinstance(node.value, str) and reads_otherwise(node.value):
        yield loc, node.value, (node.line, node.column), False


def _as_written(node: _Node, plain: type[str]) -> Value:
    if node.items is not None:
        return [_as_written(item, plain) for item in node.items]
    if node.pairs is not None:
        made = Placed((key, _as_written(one, plain)) for key, (_, one) in node.pairs.items())
        made.line, made.column = node.line, node.column
        return made
    odd = node.plain and isinstance(node.value, str) and _is_no_text(node.value)
    return plain(node.value) if odd else node.value


def _child(node: _Node, step: str | int) -> _Node | None:
    if node.pairs is not None and isinstance(step, str):
        return node.pairs[step][1] if step in node.pairs else None
    if node.items is not None and isinstance(step, int) and step < len(node.items):
        return node.items[step]
    return None


# ---------------------------------------------------------------- bytes -> text

# What YAML forbids, and what it would silently turn into something else (other line ends fold to
# a blank, a byte order mark vanishes).
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]"
)
_UTF16 = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")


def decode(data: bytes, path: str) -> tuple[str | None, list[Diagnostic]]:
    """UTF-8 *data* as text without its byte order mark; None with the reason if it is not that."""
    if len(data) > MAX_BYTES:
        limit = MAX_BYTES // 1024 // 1024
        return None, [
            _error("too-large", f"the file is larger than {limit} MiB", path, fix="split it")
        ]
    if data.startswith(_UTF16) or b"\x00" in data[:2]:
        said = "the file is not UTF-8 but looks like UTF-16 or UTF-32"
        return None, [_error("encoding", said, path, (1, 1), "save it as UTF-8")]
    try:
        return data.decode("utf-8").removeprefix("\ufeff"), []
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8").removeprefix("\ufeff")
        said = f"byte 0x{data[error.start]:02x} is not UTF-8"
        place = _place(before, len(before))
        return None, [_error("encoding", said, path, place, "save the file as UTF-8")]


def _place(text: str, index: int) -> tuple[int, int]:
    lines = re.split(r"\r\n|\r|\n", text[:index])
    return len(lines), len(lines[-1]) + 1


def _forbidden(text: str, path: str) -> list[Diagnostic]:
    """Every character that may not stand in a YAML file as itself."""
    found: list[Diagnostic] = []
    for match in _FORBIDDEN.finditer(text):
        if len(found) == _MOST:
            more = len(_FORBIDDEN.findall(text)) - _MOST
            said = f"and {more} more characters like these"
            found.append(_error("character", said, path, _place(text, len(text)), _FIRST))
            break
        code = ord(match[0])
        escape = f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
        said = f"the character U+{code:04X} may not stand here as itself"
        fix = f'remove it, or write it as "{escape}", in double quotes' if code else "remove it"
        found.append(_error("character", said, path, _place(text, match.start()), fix))
    return found


def _error(
    code: str,
    message: str,
    path: str,
    place: tuple[int, int] | tuple[None, None] = (None, None),
    fix: str | None = None,
) -> Diagnostic:
    return Diagnostic("error", code, message, path, place[0], place[1], fix)


# ---------------------------------------------------------------- YAML

_NO_TAG = (
    "a `!` begins a tag, and a tag is not allowed",
    "put a text that begins with `!` in quotes",
)
_NO_DIRECTIVE = "a line that begins with `%` is a directive, and this is none", "take the line out"
# The parser's words -> ours, and the fix.
_WORDS = {
    "mapping values are not allowed in this context": (
        "a `:` that YAML cannot place",
        "put a text that holds `: ` in quotes, or mend the indentation",
    ),
    "did not find expected key": (
        "this does not fit the mapping around it",
        "mend the indentation, or quote the text",
    ),
    "did not find expected '-' indicator": (
        "this does not fit the list around it",
        "mend the indentation; every item starts with `- `",
    ),
    "did not find expected ',' or ']'": ("this list is not closed", "close it with `]`"),
    "did not find expected ',' or '}'": ("this mapping is not closed", "close it with `}`"),
    "found character that cannot start any token": (
        "a value cannot start with this character",
        "indent with spaces, never tabs; put text that starts with @ % ` in quotes",
    ),
    "found a tab character that violates indentation": (
        "a tab in the indentation",
        "indent with spaces, never tabs",
    ),
    "could not find expected ':'": (
        "a key without `:`",
        "write `key: value`, or put a text of several lines in quotes",
    ),
    "block sequence entries are not allowed in this context": (
        "a list item cannot stand here",
        "start the list on a line of its own, or put the text in quotes",
    ),
    "did not find expected node content": (
        "a value was expected here",
        "close the list or mapping before it, or put the text in quotes",
    ),
    "found unexpected end of stream": ("a quoted text is not closed", "close it with a quote"),
    "found unexpected document indicator": (
        "a quoted text is not closed before the next document",
        "close it with a quote",
    ),
    "found unknown escape character": (
        "an unknown escape in a double-quoted text",
        "write a backslash as two, or use single quotes",
    ),
    "did not find expected hexdecimal number": (
        "an escape in a double-quoted text whose digits are none",
        "write a backslash as two, or use single quotes",
    ),
    "found invalid Unicode character escape code": (
        "an escape in a double-quoted text that is no character",
        "write the character itself, or its whole escape: a backslash, U and eight digits",
    ),
    "exceeded maximum nesting depth": (
        "nesting this deep is not allowed",
        "nothing here needs that; flatten it",
    ),
    "found incompatible YAML document": (
        "this version of YAML is not read",
        "write `%YAML 1.2`, or take the line out",
    ),
    "found unknown directive name": ("a directive that YAML does not have", "take the line out"),
    "did not find expected comment or line break": (
        "something follows where the line should end",
        "take it out, or put the text in quotes",
    ),
    "did not find expected <document start>": (
        "something follows the end of the document",
        "take it out, or begin another document with `---`",
    ),
    "found a tab character where an indentation space is expected": (
        "a tab in the indentation",
        "indent with spaces, never tabs",
    ),
    "did not find expected alphabetic or numeric character": (
        "a `*` begins an alias and a `&` an anchor, and neither is allowed",
        'put the whole text in quotes, such as "*text*"',
    ),
    "mapping keys are not allowed in this context": (
        "a `?` cannot stand here",
        "put a text that begins with `? ` in quotes",
    ),
    "found an indentation indicator equal to 0": (
        "a `|` or `>` with the indentation 0",
        "write 1 to 9, or take the number out",
    ),
    "found duplicate %YAML directive": ("%YAML a second time", "keep one of them"),
    "found duplicate %TAG directive": ("%TAG a second time", "take the line out"),
    "found extremely long version number": _NO_DIRECTIVE,
    "could not find expected directive name": _NO_DIRECTIVE,
    "found unexpected non-alphabetical character": _NO_DIRECTIVE,
    "did not find expected digit or '.' character": _NO_DIRECTIVE,
    "did not find expected version number": _NO_DIRECTIVE,
    "did not find expected whitespace": _NO_DIRECTIVE,
    "found undefined tag handle": _NO_TAG,
    "did not find expected whitespace or line break": _NO_TAG,
    "did not find URI escaped octet": _NO_TAG,
    "did not find expected '!'": _NO_TAG,
    "did not find expected tag URI": _NO_TAG,
    "did not find the expected '>'": _NO_TAG,
}
# Where these begin is what matters, not where the parser gave up.
_BEGINS = ("an alias and", "a tag, and", "not closed")
_GLUED = re.compile(r"\s*(?:- +)*(?P<key>[A-Za-z][A-Za-z0-9]*):(?=[^\s:/])")
_KEY_LINE = re.compile(r"\s*(?:- +)*[A-Za-z][A-Za-z0-9]*")
_CONFLICT = re.compile(r"<{7} .*")
_ODD_BLANK = re.compile(r"(?:- *)?(?P<odd>[\xa0\u1680\u2000-\u200b\u202f\u205f\u3000])")
_NEXT_DOCUMENT = re.compile(r"^---(?=[ \t\r\n]|$)", re.MULTILINE)


class _TooDeep(Exception):
    """Nesting beyond the limit; the rest of the file is not read."""


def parse(data: bytes, path: str) -> tuple[tuple[YamlDocument, ...], list[Diagnostic]]:
    """The YAML documents of *data* that could be read, and every error found on the way.

    Never raises, whatever the bytes. A document with an error may still be among the documents:
    its schema's errors can then be told in the same run.
    """
    text, problems = decode(data, path)
    if text is None:
        return (), problems
    if bad := _forbidden(text, path):
        return (), bad
    reader = _Reader(text, path)
    return tuple(reader.documents), reader.problems


class _Reader:
    """One file's way from text to documents."""

    def __init__(self, text: str, path: str) -> None:
        self.documents: list[YamlDocument] = []
        self.problems: list[Diagnostic] = []
        self._path = path
        self._left_out = 0
        self._lines = re.split(r"\r\n|\r|\n", text)
        self._last = len(self._lines) - 1
        self._odd = False  # whether YAML reads a scalar of this document as something else
        self._above = 0  # lines before what the loader was given
        self._read_all(text)
        if self._left_out:
            said = f"and {self._left_out} more errors like these"
            self.problems.append(_error("yaml", said, path, (len(self._lines), 1), _FIRST))

    def _read_all(self, text: str) -> None:
        """After an error go on with the next document: all errors of a run are told at once."""
        start = 0
        for _ in range(_MOST):
            line = self._read_some(text[start:])
            if line is None:
                return
            # The error may be seen only where the next document starts; never stand still.
            lines = text[start:].splitlines(keepends=True)
            begin = start + max(1, sum(len(one) for one in lines[:line]))
            following = _NEXT_DOCUMENT.search(text, begin)
            if following is None:
                return
            self._above += len(re.split(r"\r\n|\r|\n", text[start : following.start()])) - 1
            start = following.start()
        said = "too many errors; the rest of the file was not read"
        self._add(_error("yaml", said, self._path, (self._above + 1, 1), _FIRST))

    def _read_some(self, text: str) -> int | None:
        """Read until the end (None) or the first syntax error (its line, from 0)."""
        self._loader: Any = CSafeLoader(text)
        self._quoted: tuple[Any, Any] | None = None  # the newest quoted text of several lines
        try:
            self._documents()
        except yaml.MarkedYAMLError as error:
            self._syntax(error)
            mark: Any = error.problem_mark
            return int(mark.line) if mark else len(self._lines)
        except yaml.YAMLError:
            self._add(_error("yaml", "this is not YAML", self._path, (self._above + 1, 1)))
            return len(self._lines)
        except _TooDeep:
            return len(self._lines)
        finally:
            self._loader.dispose()
        return None

    def _documents(self) -> None:
        while True:
            event: Any = self._loader.get_event()
            match event:
                case yaml.StreamEndEvent():
                    return
                case yaml.DocumentStartEvent():
                    mark: Any = event.start_mark
                    if event.tags:
                        self._refuse("tag", "a %TAG directive", mark, "remove it")
                    self._odd = False
                    root = self._node(self._loader.get_event(), 0)
                    line = self._spot(mark.line, 0)[0]
                    self.documents.append(YamlDocument(root, line, odd=self._odd))

    def _node(self, event: Any, depth: int) -> _Node:
        kind = type(event)
        mark = event.start_mark
        if kind is yaml.ScalarEvent and event.anchor is None and event.tag is None:
            line = mark.line + self._above
            if line < self._last:  # nearly every node; a scalar begins inside its line
                return self._scalar(event, line + 1, mark.column + 1)
            return self._scalar(event, *self._spot(mark.line, mark.column))
        node = _Node(*self._spot(mark.line, mark.column))
        if kind is yaml.AliasEvent:
            # Its name is not quoted: an unquoted secret may begin with `*`, or `&` below.
            self._refuse("alias", "an alias", mark, f"{_OR_TEXT}write the value out")
            node.hole = True
            return node
        if event.anchor is not None:
            self._refuse("anchor", "an anchor", mark, f"{_OR_TEXT}remove it")
        if event.tag is not None:
            fix = f"{_OR_TEXT}remove it; the schema types the value"
            self._refuse("tag", "a tag", mark, fix)
        if kind is yaml.ScalarEvent:
            node = self._scalar(event, node.line, node.column)
            node.hole = node.hole or node.value is None  # its text was taken for the tag
            return node
        self._deepen(event, depth)
        if kind is yaml.MappingStartEvent:
            self._mapping(node, depth + 1)
        else:
            self._sequence(node, depth + 1)
        return node

    def _scalar(self, event: Any, line: int, column: int) -> _Node:
        text = event.value
        if not event.style:
            self._odd = self._odd or reads_otherwise(text)
            return _Node(line, column, text or None, plain=True)
        node = _Node(line, column, text)
        if event.style in "\"'" and event.end_mark.line > event.start_mark.line:
            self._quoted = event.start_mark, event.end_mark
        if "\x00" in text:
            self._refuse("character", "the character U+0000", event.start_mark, "remove it")
            node.hole = True
        return node

    def _sequence(self, node: _Node, depth: int) -> None:
        node.items = items = []
        get, read = self._loader.get_event, self._node
        while type(event := get()) is not yaml.SequenceEndEvent:
            items.append(read(event, depth))
        node.value = [item.value for item in items]

    def _mapping(self, node: _Node, depth: int) -> None:
        pairs: dict[str, tuple[_Node, _Node]] = {}
        found = Placed()
        node.pairs, node.value = pairs, found
        found.line, found.column = node.line, node.column
        get, read = self._loader.get_event, self._node
        while type(event := get()) is not yaml.MappingEndEvent:
            key = read(event, depth)
            value = read(get(), depth)
            mark = event.start_mark
            if key.plain and key.value == "<<":
                self._refuse("merge-key", "a merge key (`<<`)", mark, "write the keys out")
                node.open = True
            elif key.hole:
                node.open = True
            elif not isinstance(key.value, str):
                self._refuse("key", "a key that is not text", mark, "write `name: value`")
                node.open = True
            elif key.plain and (odd := _ODD_BLANK.match(key.value)):
                said = f"the character U+{ord(odd['odd']):04X}, which only looks like a blank,"
                at = key.column - 1 + odd.start("odd")
                self._refuse("blank", said, mark, "put a blank in its place", column=at)
                node.open = node.hole = True
            elif key.value in pairs:
                first = pairs[key.value][0]
                said = f"the key `{key.value}` a second time (first in line {first.line})"
                self._refuse("duplicate-key", said, mark, "keep one of them")
            else:
                pairs[key.value] = key, value
                found[key.value] = value.value

    def _deepen(self, event: Any, depth: int) -> None:
        if depth >= MAX_DEPTH:
            said = f"nesting deeper than {MAX_DEPTH}"
            self._refuse("too-deep", said, event.start_mark, "nothing here needs that; flatten it")
            raise _TooDeep

    def _spot(self, line: int, column: int) -> tuple[int, int]:
        """The parser's position as ours: inside the file, even where it means its end."""
        line += self._above
        if line < self._last:  # nearly every place
            return line + 1, min(column, len(self._lines[line])) + 1
        if line > self._last:
            line, column = self._last, len(self._lines[-1])
        if line and not self._lines[line] and line == self._last:
            line -= 1  # the empty rest after the last line end is no line to people
            column = len(self._lines[line])
        return line + 1, min(column, len(self._lines[line])) + 1

    def _refuse(
        self, code: str, said: str, mark: Any, fix: str, *, column: int | None = None
    ) -> None:
        place = self._spot(mark.line, mark.column if column is None else column)
        self._add(_error(code, f"{said} is not allowed", self._path, place, fix))

    def _syntax(self, error: yaml.MarkedYAMLError) -> None:
        mark = error.problem_mark or error.context_mark
        message, fix = _WORDS.get(error.problem or "", ("this is no YAML", "mend the YAML here"))
        if error.context_mark is not None and any(one in message for one in _BEGINS):
            mark = error.context_mark
        elif mark and self._quoted is not None and self._quoted[1].line == mark.line:
            mark, end = self._quoted
            last = self._spot(end.line, end.column)[0]
            message = f"the quote that is opened here is closed only in line {last}"
            fix = "close it where the text ends"
        place = self._spot(mark.line, mark.column) if mark else (1, 1)
        if (better := self._seen_before(place)) is not None:
            place, message, fix = better
        self._add(_error("yaml", message, self._path, place, fix))

    def _seen_before(self, place: tuple[int, int]) -> tuple[tuple[int, int], str, str] | None:
        """What a parser sees only at *place* or later, and where it is; None if it is not that."""
        line, column = place
        upto = self._lines[self._above : line]
        for number, text in enumerate(upto, self._above + 1):
            if _CONFLICT.fullmatch(text):
                said = "a conflict of a merge that nobody has resolved"
                return (number, 1), said, "keep what is right, and take these marks out"
        before = [(n, one) for n, one in enumerate(upto[:-1], self._above + 1) if one.strip()]
        if not before or not _KEY_LINE.fullmatch(self._lines[line - 1][: column - 1]):
            return None
        number, text = before[-1]
        glued = _GLUED.match(text)
        if glued is None:
            return None
        said = "a key without a blank after its `:`"
        return (number, glued.end() + 1), said, f"write `{glued['key']}: ...`"

    def _add(self, problem: Diagnostic) -> None:
        if len(self.problems) < _MOST:
            self.problems.append(problem)
        else:
            self._left_out += 1


# ---------------------------------------------------------------- JSON


class _Odd(Exception):
    """Valid to the library, not to us: duplicate keys, NaN."""


def parse_json(data: bytes, path: str) -> tuple[Any, list[Diagnostic]]:
    """The JSON value of *data*, or None with the errors. Never raises, whatever the bytes.

    Refused beyond the grammar: duplicate keys, NaN and Infinity, lone surrogates, NUL.
    """
    import json

    text, problems = decode(data, path)
    if text is None:
        return None, problems
    if _nesting(text) > MAX_JSON_DEPTH:
        return None, [_too_deep(path)]
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except json.JSONDecodeError as error:
        return None, [_error("json", error.msg, path, _place(text, min(error.pos, len(text))))]
    except _Odd:
        return None, _odd(text, path)
    except RecursionError:  # an interpreter that may go less deep than we do
        return None, [_too_deep(path)]
    except UnicodeEncodeError:
        return None, [_error("json", "a lone surrogate (\\ud800 to \\udfff) is not text", path)]
    except ValueError:
        return None, [_error("json", "a number with too many digits", path, fix="write it as text")]
    return value, []


def _too_deep(path: str) -> Diagnostic:
    return _error("too-deep", "the JSON is nested too deeply", path, (1, 1))


def _nesting(text: str) -> int:
    """How many brackets of *text* are open at once; at most that, if there are few of them."""
    depth = deepest = text.count("[") + text.count("{")
    if deepest > MAX_JSON_DEPTH:
        depth = deepest = 0
        for match in _TOKEN.finditer(text):
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(match[0], 0)
            deepest = max(deepest, depth)
    return deepest


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Odd
    return found


def _no_constant(name: str) -> Any:
    raise _Odd(name)


_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|[{}\[\]:,]|[^\s{}\[\]:,"]+')


def _odd(text: str, path: str) -> list[Diagnostic]:
    """Where the duplicate keys and constants are that a first reading met (tokens suffice)."""
    import json

    found: list[Diagnostic] = []
    open_: list[set[str] | None] = []
    before = ""
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token in "{[":
            open_.append(set() if token == "{" else None)
        elif token in "}]" and open_:
            open_.pop()
        elif token in ("NaN", "Infinity", "-Infinity"):
            said = f"{token} is not JSON"
            found.append(_error("json", said, path, _place(text, match.start()), "write a number"))
        elif token[0] == '"' and before in "{," and open_ and (keys := open_[-1]) is not None:
            try:
                key = json.loads(token)
            except ValueError:
                return found or [_error("json", "not JSON", path, _place(text, match.start()))]
            if key in keys:
                said = f"the key {token} a second time"
                place = _place(text, match.start())
                found.append(_error("duplicate-key", said, path, place, "keep one of them"))
            keys.add(key)
        if len(found) == _MOST:
            return [*found, _error("json", "more may follow; mend these first", path)]
        before = token
    return found or [_error("json", "not JSON", path, (1, 1))]


# ---------------------------------------------------------------- what YAML makes of text

_SAME_INT = re.compile(r"0|-?[1-9][0-9]*")
_TRUTHS = frozenset("yYnN")  # booleans of YAML 1.1 that the library leaves alone
_FLOAT_1_2 = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|0o[0-7]+")


@lru_cache(256)
def reads_otherwise(text: str) -> bool:
    """Whether YAML (1.1 or 1.2) makes of the plain scalar *text* a value that is not that text."""
    if not _is_no_text(text):
        return False
    if text in _TRUTHS:
        return True
    if _SAME_INT.fullmatch(text):
        return False
    try:
        return repr(float(text)) != text or "_" in text
    except ValueError:
        return True


def _is_no_text(text: str) -> bool:
    """Whether YAML (1.1 or 1.2) makes something else than a text of the plain scalar *text*."""
    resolvers = yaml.SafeLoader.yaml_implicit_resolvers.get(text[:1])
    if resolvers is None:
        return False  # no such value begins with that
    if text in _TRUTHS or _FLOAT_1_2.fullmatch(text):
        return True
    return any(expression.match(text) for _, expression in resolvers)

"""What `checked` was, for the models of project and manifest until they are pydantic's.

The structs say what a file may hold (`msgspec.Meta` bounds a field, `driver.Reads` reads what has
a form of its own); here they are read. msgspec itself stops at the first error and knows no places.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, TypeVar, Union, get_args, get_origin

import msgspec

from reconciler.declare.checked import near
from reconciler.declare.strict import Document, Loc
from reconciler.driver import Credential
from reconciler.errors import Diagnostic

Complaint = tuple[Loc, str, str | None]


class Reads(msgspec.Struct, frozen=True):
    read: Callable[[Any], Any]
    text: bool = True


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError("is neither true nor false; write true or false")
    return text == "true"


Flag = Annotated[bool, Reads(_flag)]

_MOST_SHOWN = 60  # characters of a value that a message quotes
_KEY: Final = -1  # ends a place that means the key itself, not what stands behind it
_BAD: Final[Any] = object()  # stands for a value that is wrong; what is wrong has been told

M = TypeVar("M", bound=msgspec.Struct)


def validate(
    model: type[M], document: Document, path: str, *, at: Loc = (), echo: bool = True
) -> tuple[M | None, list[Diagnostic]]:
    """The value of *document* at *at* as a *model*, or None with every error, placed.

    A model may say more than its fields do: a static method `cross_check(raw)` yields a
    `Complaint` for what several keys together get wrong; it is asked even when single keys are
    wrong too. With *echo* false no message quotes a value (settings: it may be a secret in the
    wrong place); credentials are never quoted. Warnings come with a value that is right.
    """
    teller = _Teller(document, path, at, echo=echo)
    found = _struct(model)(teller, document.at(at), ())
    if found is _BAD:
        return None, teller.told
    teller.misread(found)
    return found, teller.told


# ---------------------------------------------------------------- telling


class _Teller:
    """Collects what is wrong with one value, each thing once, each with its place."""

    def __init__(self, document: Document, path: str, at: Loc, *, echo: bool) -> None:
        self.told: list[Diagnostic] = []
        self._document = document
        self._path = path
        self._at = at
        self._echo = echo
        # The fix where nobody knows a better one; the schema says nothing of settings.
        said = "schema says (`reconciler schema`)" if echo else "driver says (`reconciler drivers`)"
        self._see = f"write what the {said}"

    def tell(
        self, loc: Loc, code: str, message: str, fix: str | None = None, *, key: bool = False
    ) -> Any:
        """Tell it, unless the parser did; it is no value, whatever it is."""
        full = self._at + loc
        if not self._document.refused(full):
            place = self._document.place(full, key=True) if key else self._document.blame(full)
            self.told.append(Diagnostic("error", code, message, self._path, *place, fix))
        return _BAD

    def invalid(self, loc: Loc, said: str, fix: str) -> Any:
        """What *loc* holds is not what the model wants."""
        if loc and loc[-1] == _KEY:
            return self.tell(loc[:-1], "invalid", f"`{loc[-2]}` {said}", fix, key=True)
        where = f"`{dotted}`" if (dotted := _dotted(self._at + loc)) else "the document"
        return self.tell(loc, "invalid", f"{where} {said}", fix)

    def wanted(self, loc: Loc, what: str, value: object) -> Any:
        """Another kind of value is written than *what* is wanted."""
        if value is None:
            return self.invalid(loc, *_EMPTY)
        kind = "mapping" if isinstance(value, dict) else "list"
        said = "text" if isinstance(value, str) else f"a {kind}"
        return self.invalid(loc, f"must be {what}, not {said}", f"write {what}")

    def empty(self, loc: Loc) -> Any:
        """A key without a value: dropped silently, it would make a selector wider than meant."""
        return self.tell(loc, "empty", f"`{_dotted(self._at + loc)}` {_EMPTY[0]}", _EMPTY[1])

    def unknown(self, loc: Loc, known: Sequence[str]) -> str | None:
        """A key that there is not; returns the one that was probably meant."""
        key = str(loc[-1])
        meant = near(key, known)
        fix = f"did you mean `{meant}`?" if meant else f"the keys here: {', '.join(known)}"
        self.tell(loc, "unknown-key", f"unknown key `{key}`", fix, key=True)
        return meant

    def missing(self, loc: Loc, name: str) -> Any:
        """A key that must be there, unless it is only lost with what the parser refused."""
        around = self._at + loc
        if self._document.lost_keys(around):
            return _BAD
        where = _dotted(around)
        what = "is missing" + (f" in `{where}`" if where else "")
        return self.tell(loc, "missing", f"`{name}` {what}", f"add `{name}: ...`")

    def choice(self, loc: Loc, value: object, allowed: Sequence[str]) -> Any:
        """A value that is not one of those *allowed*."""
        shown = f"`{_cut(value)}`" if self._echo and isinstance(value, str) else "this"
        meant = near(value, allowed) if isinstance(value, str) else None
        one_of = f"one of: {', '.join(allowed)}"
        fix = f"did you mean `{meant}`? It is {one_of}" if meant else f"write {one_of}"
        return self.invalid(loc, f"cannot be {shown}", fix)

    def credential(self, loc: Loc) -> Any:
        """A literal secret, or a source that is none; whatever stands there is never quoted."""
        name = loc[-1] if loc else "this"
        shout = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", str(name)).upper()
        return self.tell(
            loc,
            "credential",
            f"`{_dotted(self._at + loc)}` must say where the secret is, and never hold it",
            f"write `{name}: {{env: {shout}}}` or `{name}: {{file: PATH}}`",
        )

    def other(self, loc: Loc, error: msgspec.ValidationError) -> Any:
        """What msgspec says of a type that we know nothing of. It may quote the value."""
        said = str(error).partition(" - at `")[0]
        why = f" ({said[:1].lower()}{said[1:]})" if self._echo else ""
        return self.invalid(loc, f"is not right{why}", self._see)

    def raised(self, loc: Loc, error: ValueError) -> Any:
        """What a field's or a struct's own function says; the fix is behind the last semicolon."""
        wrong, _, way = str(error).rpartition("; ")
        return self.invalid(loc, wrong or way, way if wrong else self._see)

    # ------------------------------------------------------------ what YAML would have read

    def misread(self, value: object) -> None:
        """Warn where a text field holds a plain scalar that YAML itself reads otherwise."""
        for loc, text, place, key in self._document.odd(self._at):
            if _is_text(value, loc, text, key=key):
                self._warn(text, place, loc)

    def _warn(self, text: str, place: tuple[int, int], loc: Loc) -> None:
        shown = f" {_cut(text)}" if self._echo else ""
        self.told.append(
            Diagnostic(
                "warning",
                "unquoted",
                f"`{_dotted(self._at + loc)}` is the text{shown} here,"
                " but YAML itself reads another value",
                self._path,
                place[0],
                place[1],
                f'write "{_cut(text)}"' if self._echo else "put it in double quotes",
            )
        )


_EMPTY = "is empty", "give it a value, or leave the key out"


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + "…"


def _dotted(loc: Loc) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in loc)
    return text.removeprefix(".")


# ---------------------------------------------------------------- reading

Read = Callable[[_Teller, Any, Loc], Any]
"""What is written -> the value, or `_BAD` once everything wrong with it is told."""


class _Field(msgspec.Struct, frozen=True):
    """A field's name in the struct, and how it is read."""

    name: str
    read: Read


class _Shape(msgspec.Struct, frozen=True):
    """The fields of a struct by the keys of the file, and the keys that must be there."""

    fields: Mapping[str, _Field]
    required: tuple[str, ...]
    cross_check: Callable[[dict[str, Any]], Iterable[Complaint]]


@cache
def _shape(model: type[msgspec.Struct]) -> _Shape:
    fields = msgspec.structs.fields(model)
    return _Shape(
        fields={one.encode_name: _Field(one.name, _reader(one.type)) for one in fields},
        required=tuple(one.encode_name for one in fields if one.required),
        cross_check=getattr(model, "cross_check", lambda _: ()),
    )


def _struct(model: type[msgspec.Struct]) -> Read:
    def read(teller: _Teller, raw: object, loc: Loc) -> Any:
        if not isinstance(raw, dict):
            return teller.wanted(loc, "a mapping", raw)
        shape = _shape(model)
        fields = shape.fields
        right = True
        found: dict[str, Any] = {}
        meant: set[str | None] = set()  # keys that a mistyped one stands for
        for key, value in raw.items():
            field = fields.get(key)
            if field is None:
                meant.add(teller.unknown((*loc, key), list(fields)))
                right = False
                continue
            at = (*loc, key)
            one = teller.empty(at) if value is None else field.read(teller, value, at)
            right = right and one is not _BAD
            found[field.name] = one
        for key in shape.required:
            if key not in raw:
                right = False
                if key not in meant:  # one mistake, one error
                    teller.missing(loc, key)
        for where, said, fix in shape.cross_check(raw):
            right = False
            teller.tell((*loc, *where), "invalid", said, fix)
        if not right:
            return _BAD
        try:
            return model(**found)
        except ValueError as error:  # of its __post_init__
            return teller.raised(loc, error)

    return read


def _reader(hint: Any) -> Read:
    """How a field of that type is read."""
    base, notes = unwrapped(hint)
    before = [note for note in notes if isinstance(note, Reads)]
    bounds = [bound for note in notes if isinstance(note, msgspec.Meta) for bound in _bounds(note)]
    origin = get_origin(base) or base
    read: Read
    if before:
        read = _own(before[-1])
        if origin in _LISTS:
            read = _then(read, _items(base, origin))
    elif origin in _LISTS and (origin is not tuple or get_args(base)[1:] == (...,)):
        read = _items(base, origin)
    elif origin is dict or origin is Mapping:
        read = _mapping(*(get_args(base) or (str, Any)))
    elif origin is Literal:
        read = _choice({str(value): value for value in get_args(base)})
    elif not isinstance(origin, type):
        read = _as_is if base is Any else _other(hint)
    elif issubclass(origin, Credential):
        read = _credential
    elif issubclass(origin, msgspec.Struct):
        read = _struct(origin)
    elif issubclass(origin, Enum):
        read = _choice({str(one.value): one for one in origin})
    else:
        read = _PLAIN.get(origin) or _other(base)
    return _bounded(read, bounds) if bounds else read


def unwrapped(hint: Any) -> tuple[Any, list[Any]]:
    """The type inside `Annotated` and `| None`, and what is noted of it, the innermost first."""
    if get_origin(hint) is Annotated:
        base, notes = unwrapped(hint.__origin__)
        return base, [*notes, *hint.__metadata__]
    if get_origin(hint) in (Union, UnionType):
        others = [one for one in get_args(hint) if one is not NoneType]
        if len(others) == 1:
            return unwrapped(others[0])
    return hint, []


def _then(first: Read, second: Read) -> Read:
    def read(teller: _Teller, raw: object, loc: Loc) -> Any:
        found = first(teller, raw, loc)
        return found if found is _BAD else second(teller, found, loc)

    return read


def _own(how: Reads) -> Read:
    """By the field's own function."""

    def read(teller: _Teller, raw: object, loc: Loc) -> Any:
        if how.text and type(raw) is not str:
            return teller.wanted(loc, "text", raw)
        try:
            return how.read(raw)
        except ValueError as error:
            return teller.raised(loc, error)

    return read


def _as_is(teller: _Teller, raw: object, loc: Loc) -> Any:
    del teller, loc
    return raw


def _text(teller: _Teller, raw: object, loc: Loc) -> Any:
    return raw if type(raw) is str else teller.wanted(loc, "text", raw)


def _items(base: Any, origin: Any) -> Read:
    inner = _reader(next(iter(get_args(base)), Any))
    made = list if origin in (list, Sequence) else origin

    def read(teller: _Teller, raw: object, loc: Loc) -> Any:
        if not isinstance(raw, list):
            return teller.wanted(loc, "a list", raw)
        found = [
            inner(teller, one, (*loc, index)) if one is not None else teller.empty((*loc, index))
            for index, one in enumerate(raw)
        ]
        return _BAD if any(one is _BAD for one in found) else made(found)

    return read


def _mapping(key: Any, value: Any) -> Read:
    named, inner = _reader(key), _reader(value)

    def read(teller: _Teller, raw: object, loc: Loc) -> Any:
        if not isinstance(raw, dict):
            return teller.wanted(loc, "a mapping", raw)
        right = True
        found = {}
        for written, one in raw.items():
            at = (*loc, written)
            name = named(teller, written, (*at, _KEY))
            held = teller.empty(at) if one is None else inner(teller, one, at)
            right = right and name is not _BAD and held is not _BAD
            found[name] = held
        return found if right else _BAD

    return read


def _choice(allowed: Mapping[str, Any]) -> Read:
    def read(teller: _Teller, raw: object, loc: Loc) -> Any:
        if isinstance(raw, str) and raw in allowed:
            return allowed[raw]
        return teller.choice(loc, raw, list(allowed))

    return read


_ENV = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _credential(teller: _Teller, raw: object, loc: Loc) -> Any:
    if isinstance(raw, dict) and len(raw) == 1:
        kind, source = next(iter(raw.items()))
        if kind == "file" and isinstance(source, str) and source:
            return Credential(file=source)
        if kind == "env" and isinstance(source, str) and _ENV.fullmatch(source):
            return Credential(env=source)
    return teller.credential(loc)


def _number(text: str) -> int:
    if not re.fullmatch(r"0|-?[1-9][0-9]{0,17}", text):
        raise ValueError("is not a whole number; write it in plain digits, such as 20")
    return int(text)


def _decimal(text: str) -> float:
    if not re.fullmatch(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?", text):
        raise ValueError("is not a number; write it in plain digits, such as 2.5")
    return float(text)


def _other(hint: Any) -> Read:
    """By msgspec, for what a driver's settings may hold and we know nothing of."""

    def read(teller: _Teller, raw: object, loc: Loc) -> Any:
        try:
            return msgspec.convert(raw, hint)
        except msgspec.ValidationError as error:
            return teller.other(loc, error)

    return read


_LISTS = (tuple, list, set, frozenset, Sequence)
_PLAIN: dict[Any, Read] = {
    str: _text,
    bool: _reader(Flag),
    int: _own(Reads(_number)),
    float: _own(Reads(_decimal)),
}

# ---------------------------------------------------------------- bounds

Bound = Callable[[Any], tuple[str, str] | None]
"""A value -> what is wrong with it, and the fix."""


def _bounded(read: Read, bounds: Sequence[Bound]) -> Read:
    def bounded(teller: _Teller, raw: object, loc: Loc) -> Any:
        found = read(teller, raw, loc)
        if found is not _BAD:
            for bound in bounds:
                if (wrong := bound(found)) is not None:
                    return teller.invalid(loc, *wrong)
        return found

    return bounded


def _bounds(meta: msgspec.Meta) -> Iterator[Bound]:
    """The bounds that *meta* sets."""
    for name, (holds, said, fix) in _LIMITS.items():
        if (limit := getattr(meta, name)) is not None:
            yield _limit(holds, limit, said.format(limit), fix.format(limit))
    if meta.pattern is not None:
        # A `$` of Python's would let a line end pass; of a JSON Schema it does not.
        strict = re.compile(re.sub(r"(?<!\\)\$$", r"\\Z", meta.pattern))
        yield _limit(
            lambda value, _: strict.search(value) is not None,
            None,
            f"does not match {meta.pattern}",
            "write text of that form",
        )


def _limit(holds: Callable[[Any, Any], bool], limit: Any, said: str, fix: str) -> Bound:
    def bound(value: Any) -> tuple[str, str] | None:
        if holds(value, limit):
            return None
        if isinstance(value, Sized) and not len(value):
            what = "text" if isinstance(value, str) else "at least one"
            return "is empty", f"write {what}, or leave the key out"
        return said, fix

    return bound


_LIMITS: dict[str, tuple[Callable[[Any, Any], bool], str, str]] = {
    "ge": (lambda value, limit: value >= limit, "must be at least {}", "write {} or more"),
    "gt": (lambda value, limit: value > limit, "must be more than {}", "write more than {}"),
    "le": (lambda value, limit: value <= limit, "must be at most {}", "write {} or less"),
    "lt": (lambda value, limit: value < limit, "must be less than {}", "write less than {}"),
    "min_length": (
        lambda value, limit: len(value) >= limit,
        "must be at least {} long",
        "write {} or more",
    ),
    "max_length": (
        lambda value, limit: len(value) <= limit,
        "must be at most {} long",
        "write {} or less",
    ),
}

# ---------------------------------------------------------------- which scalars were read as text


def _is_text(value: object, loc: Loc, text: str, *, key: bool) -> bool:
    """Whether the checked *value* has the plain text of the file at *loc*, as text.

    Of keys, only those that users choose (labels, accounts) are text. Credentials are left alone.
    """
    around = value
    for step in loc:
        around, value = value, _step(value, step)
    if key:
        return isinstance(around, Mapping)
    if isinstance(value, list | tuple) and len(value) == 1:
        value = value[0]  # written as a scalar, read as a list of one
    return type(value) is str and value == text


def _step(value: object, step: str | int) -> object:
    """What the checked *value* holds at the file's key or index *step*."""
    match value:
        case Credential():
            return None
        case msgspec.Struct():
            field = _shape(type(value)).fields.get(str(step))
            return None if field is None else getattr(value, field.name)
        case Mapping():
            return value.get(step)
        case list() | tuple() if isinstance(step, int) and step < len(value):
            return value[step]
    return None

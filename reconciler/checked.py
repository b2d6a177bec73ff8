"""A value from YAML checked by a pydantic model; what is wrong said in plain words, placed."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from reconciler.driver import Credential
from reconciler.errors import Diagnostic
from reconciler.strict import Document, Loc, reads_otherwise

Complaint = tuple[Loc, str, str | None]
"""Where (from the mapping that was checked), what is wrong, the fix."""

_MOST_SHOWN = 60  # characters of a value that a message quotes

M = TypeVar("M", bound="BaseModel")


def validate(
    model: type[M], document: Document, path: str, *, at: Loc = (), echo: bool = True
) -> tuple[M | None, list[Diagnostic]]:
    """The value of *document* at *at* as a *model*, or None with every error, placed.

    A model may say more than its fields do: a static method `cross_check(raw)` yields a
    `Complaint` for what several keys together get wrong; it is asked even when single keys are
    wrong too. With *echo* false no message quotes a value (settings: it may be a secret in the
    wrong place); credentials are never quoted. Warnings come with a value that is right.
    """
    raw = document.at(at)
    teller = _Teller(document, path, at, echo=echo)
    teller.shape(model, raw, ())
    found: M | None = None
    try:
        found = model.model_validate(raw)
    except ValidationError as error:
        for one in error.errors(include_url=False):
            teller.pydantic(one, raw)
    if not teller.told:
        teller.misread(found)
        return found, teller.told
    return None, teller.told


class _Teller:
    """Collects what is wrong with one value, each thing once, each with its place."""

    def __init__(self, document: Document, path: str, at: Loc, *, echo: bool) -> None:
        self.told: list[Diagnostic] = []
        self._document = document
        self._path = path
        self._at = at
        self._echo = echo
        self._told_of: set[Loc] = set()  # by `shape`; what pydantic adds there is noise
        self._meant: set[Loc] = set()  # keys that a mistyped one stands for

    def _tell(
        self, loc: Loc, code: str, message: str, fix: str | None = None, *, key: bool = False
    ) -> None:
        full = self._at + loc
        if self._document.refused(full):
            return
        place = self._document.place(full, key=True) if key else self._document.blame(full)
        self.told.append(Diagnostic("error", code, message, self._path, *place, fix))

    # ------------------------------------------------------------ what the models say of keys

    def shape(self, model: "type[BaseModel]", raw: object, loc: Loc) -> None:
        """Unknown keys, `cross_check` and credentials, all the way down."""
        if _is_credential(model):
            self._credential(raw, loc)
            return
        if not isinstance(raw, dict):
            return
        fields = _fields(model)
        for key in raw:
            if key not in fields and model.model_config.get("extra") == "forbid":
                self._unknown(key, loc, list(fields))
        for key, value in raw.items():
            if key in fields and value is None:
                self._empty((*loc, key))
            elif key in fields and (inner := fields[key]) is not None:
                self._below(inner, value, (*loc, key))
        for where, message, fix in _cross(model, raw):
            self._tell((*loc, *where), "invalid", message, fix)

    def _empty(self, loc: Loc) -> None:
        """A key without a value: dropped silently, it would make a selector wider than meant."""
        self._told_of.add(loc)
        said = f"`{_dotted(self._at + loc)}` is empty"
        self._tell(loc, "empty", said, "give it a value, or leave the key out")

    def _below(self, inner: "_Inner", value: object, loc: Loc) -> None:
        if isinstance(value, list) and inner.listed:
            for index, item in enumerate(value):
                self.shape(inner.model, item, (*loc, index))
        elif isinstance(value, dict) and inner.mapped:
            for key, item in value.items():
                self.shape(inner.model, item, (*loc, key))
        else:
            self.shape(inner.model, value, loc)

    def _unknown(self, key: str, loc: Loc, known: Sequence[str]) -> None:
        near = _near(key, known)
        if near:
            self._meant.add((*loc, near))
        fix = f"did you mean `{near}`?" if near else f"the keys here: {', '.join(known)}"
        self._tell((*loc, key), "unknown-key", f"unknown key `{key}`", fix, key=True)

    def _credential(self, raw: object, loc: Loc) -> None:
        """A literal secret, or a source that is none; whatever stands there is never quoted."""
        self._told_of.add(loc)
        if isinstance(raw, dict) and len(raw) == 1:
            kind, source = next(iter(raw.items()))
            if kind == "file" and isinstance(source, str) and source:
                return
            if kind == "env" and isinstance(source, str) and _ENV.fullmatch(source):
                return
        name = loc[-1] if loc else "this"
        shout = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", str(name)).upper()
        self._tell(
            loc,
            "credential",
            f"`{_dotted(self._at + loc)}` must say where the secret is, and never hold it",
            f"write `{name}: {{env: {shout}}}` or `{name}: {{file: PATH}}`",
        )

    # ------------------------------------------------------------ what pydantic says of values

    def pydantic(self, error: "ErrorDetails", raw: object) -> None:
        loc, kind = error["loc"], error["type"]
        if any(loc[: len(known)] == known for known in self._told_of):
            return
        if kind == "extra_forbidden":
            return  # told by `shape`, which also knows what was meant
        value = _at(raw, loc)
        if kind == "too_short" and isinstance(value, list | dict) and value:
            return  # only because an item of it is wrong, which is told
        if kind == "missing":
            *around, name = loc
            if loc in self._meant or self._document.lost_keys(self._at + tuple(around)):
                return  # one mistake, one error
            where = _dotted(self._at + tuple(around))
            what = "is missing" + (f" in `{where}`" if where else "")
            self._tell(tuple(around), "missing", f"`{name}` {what}", f"add `{name}: ...`")
            return
        if loc and loc[-1] == "[key]":
            said, way = _parted(_said(error))
            self._tell(loc[:-1], "invalid", f"`{loc[-2]}` {said}", way, key=True)
            return
        message, fix = self._reworded(error, value)
        where = f"`{dotted}`" if (dotted := _dotted(self._at + loc)) else "the document"
        self._tell(loc, "invalid", f"{where} {message}", fix)

    def _reworded(self, error: "ErrorDetails", value: object) -> tuple[str, str | None]:
        kind, context = error["type"], error.get("ctx", {})
        if value is None:
            return "is empty", "give it a value, or leave the key out"
        shown = f"`{_cut(value)}`" if self._echo and isinstance(value, str) else ""
        if kind in ("literal_error", "enum"):
            allowed = re.findall(r"'([^']*)'", str(context.get("expected", "")))
            near = _near(value, allowed) if isinstance(value, str) else None
            one_of = f"one of: {', '.join(allowed)}"
            fix = f"did you mean `{near}`? It is {one_of}" if near else f"write {one_of}"
            return f"cannot be {shown or 'this'}", fix
        if kind == "value_error":
            return _parted(_said(error))
        wanted = _WANTED.get(kind)
        if wanted is not None:
            return f"must be {wanted}, not {_kind(value)}", f"write {wanted}"
        bound = _BOUNDS.get(kind)
        if bound is not None:
            return bound[0].format(**context), bound[1].format(**context)
        return _parted(_said(error))

    # ------------------------------------------------------------ what YAML would have read

    def misread(self, value: object) -> None:
        """Warn where a text field holds a plain scalar that YAML itself reads otherwise."""
        for loc, text, place, key in self._document.plain(self._at):
            if reads_otherwise(text) and _is_text(value, loc, text, key=key):
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


_ENV = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WANTED = {
    "string_type": "text",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dict_type": "a mapping",
    "list_type": "a list",
    "tuple_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
}


# A list, mapping or text that must not be empty is the only kind with a least length.
_BOUNDS = {
    "too_short": ("is empty", "write at least one, or leave the key out"),
    "string_too_short": ("is empty", "write text, or leave the key out"),
    "greater_than_equal": ("must be at least {ge}", "write {ge} or more"),
    "less_than_equal": ("must be at most {le}", "write {le} or less"),
    "string_pattern_mismatch": ("does not match {pattern}", "write text of that form"),
}


def _parted(said: str) -> tuple[str, str]:
    """What is wrong, and the fix behind the last semicolon."""
    wrong, _, way = said.rpartition("; ")
    return (wrong, way) if wrong else (way, "write what the schema says (`reconciler schema`)")


def _said(error: "ErrorDetails") -> str:
    own = error.get("ctx", {}).get("error")
    text = str(own) if own is not None else error["msg"]
    return text[:1].lower() + text[1:] if own is None else text


def _kind(value: object) -> str:
    match value:
        case dict():
            return "a mapping"
        case list():
            return "a list"
    return "text"


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + "…"


def _near(word: str, known: Iterable[str]) -> str | None:
    import difflib

    lower = {one.lower(): one for one in known}
    # Compared without case and separators: `created_before` means `createdBefore`.
    close = difflib.get_close_matches(word[:100].lower().replace("_", ""), lower, n=1)
    return lower[close[0]] if close else None


def near(word: str, known: Iterable[str]) -> str | None:
    """The one of *known* that *word* is probably a slip of, or None."""
    return _near(word, known)


def _dotted(loc: Loc) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in loc)
    return text.removeprefix(".")


def _at(raw: object, loc: Loc) -> object:
    for step in loc:
        if isinstance(raw, dict):
            raw = raw.get(step, raw)
        elif isinstance(raw, list) and isinstance(step, int) and step < len(raw):
            raw = raw[step]
    return raw


def _is_credential(model: "type[BaseModel]") -> bool:
    return issubclass(model, Credential)


class _Inner(NamedTuple):
    """The one model that a field holds, and whether it is held in a list or a mapping."""

    model: "type[BaseModel]"
    listed: bool
    mapped: bool


@cache
def _fields(model: "type[BaseModel]") -> "Mapping[str, _Inner | None]":
    """Key as written in the file -> the model that is in the field; None: none, or several."""
    found: dict[str, _Inner | None] = {}
    for name, field in model.model_fields.items():
        alias = field.validation_alias or field.alias or name
        found[alias if isinstance(alias, str) else name] = _inner(field.annotation)
    return found


def _inner(annotation: object) -> _Inner | None:
    """What is inside M, M | None, list[M], dict[str, M]."""
    models = list(_models(annotation))
    if len(models) != 1:
        return None
    return _Inner(models[0], _holds(annotation, Sequence), _holds(annotation, Mapping))


def _models(annotation: object) -> "Iterator[type[BaseModel]]":
    """The models inside an annotation."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)


def _holds(annotation: object, kind: type) -> bool:
    """Whether *annotation* is, or offers, a container of that *kind*."""
    origin = get_origin(annotation)
    if isinstance(origin, type) and issubclass(origin, kind):
        return True
    return any(_holds(inner, kind) for inner in get_args(annotation))


def _cross(model: "type[BaseModel]", raw: dict[str, Any]) -> Iterable[Complaint]:
    check = getattr(model, "cross_check", None)
    return check(raw) if check is not None else ()


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
        case BaseModel():
            kind = type(value)
            names = dict(zip(_fields(kind), kind.model_fields, strict=True))
            return getattr(value, names[step]) if step in names else None
        case Mapping():
            return value.get(step)
        case list() | tuple() if isinstance(step, int) and step < len(value):
            return value[step]
    return None

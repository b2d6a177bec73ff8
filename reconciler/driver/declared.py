"""The base of all that people declare in YAML, the settings of a driver included.

A model is read from a document of text: every scalar is a text, and its type says what becomes of
it (`int`, `float`, `bool`, `date`, `datetime`, `timedelta` are read by the rules of `scalars`, so
that `010`, `1_000`, `yes` are refused and not guessed at). A key is there with a value or is left
out: an empty one is an error, also where the field may be None. Everything wrong is found at once.

All that holds while a `ReadFrom` is the validation context. Python code that makes a value by its
fields' names gets pydantic's own rules and errors.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, ClassVar, Literal, NamedTuple, get_args, get_origin

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, PydanticCustomError, PydanticOmit

from reconciler.driver.ruled import rule_fields

Loc = tuple[str | int, ...]
Complaint = tuple[Loc, str, str | None]
"""Where (from the mapping that was checked), what is wrong, the fix."""


class Mistake(NamedTuple):
    """One thing that is wrong: where (as pydantic says it), its kind, and what is known of it.

    *kind* is a type of pydantic's errors or one of ours: `empty`, `unknown-key` (context: the keys
    *known*), `complaint` (*said*, *fix*, perhaps a *code*), `text`, `choice` (*allowed*),
    `credential`, `pasted`. Of a key of ours the context also says whether it is *needed*, and the
    *only* text that it may hold, if there is one. *quiet*: it may be a secret in the wrong place,
    no message quotes it.
    """

    loc: Loc
    kind: str
    value: Any
    context: Mapping[str, Any]
    quiet: bool = False


class ReadFrom:
    """The context of a validation that reads a document. *known*: what `NotWritten` fields get."""

    def __init__(self, **known: Any) -> None:
        self.known = known


class NotWritten:
    """Says in an annotation that a field is no key of the file: what reads it knows its value.

    `line` and `column` are those of the mapping, all others come from `ReadFrom.known`.
    """

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> Any:
        raise PydanticOmit


class Declared(BaseModel):
    """Frozen, camelCase keys, no unknown keys; see the head of this file.

    A model may say more than its fields do: a static method `cross_check(raw)` yields a
    `Complaint` for what several keys together get wrong. It gets what is written, is asked even
    when single keys are wrong too, and may rely on nothing.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
        defer_build=True,
        hide_input_in_errors=True,
    )
    shorthand: ClassVar[str | None] = None
    """The key for which a text stands that is written instead of the mapping."""

    @staticmethod
    def cross_check(raw: dict[str, Any]) -> Iterable[Complaint]:
        """What several keys of *raw* together get wrong."""
        del raw
        return ()

    @classmethod
    def not_written(cls, raw: dict[str, Any], read: ReadFrom) -> dict[str, Any]:
        """The fields that *raw*, as it is written, does not hold, by name."""
        known, placed = _told(cls)
        found = {name: read.known.get(name) for name in known}
        for name in placed:
            found[name] = getattr(raw, name, 0)
        return found

    @model_validator(mode="wrap")
    @classmethod
    def _all_at_once(
        cls, raw: Any, handler: ModelWrapValidatorHandler[Any], info: ValidationInfo
    ) -> Any:
        read = info.context
        if not isinstance(read, ReadFrom):
            return handler(raw)
        if cls.shorthand is not None and isinstance(raw, str):
            raw = {cls.shorthand: raw}
        if not isinstance(raw, dict):
            return handler(raw)
        keys = keys_of(cls)
        found: list[Mistake] = []
        given: dict[str, Any] = {}
        for key, value in raw.items():
            if key not in keys:
                found.append(Mistake((key,), "unknown-key", key, {"known": tuple(keys)}))
            elif value is None:
                found.append(Mistake((key,), "empty", None, _needs(cls, key)))
            else:
                given[key] = value
        for loc, said, fix in cls.cross_check(raw):
            found.append(Mistake(loc, "complaint", None, {"said": said, "fix": fix}))
        try:
            made = handler(given | cls.not_written(raw, read))
        except ValidationError as error:
            wrong = (one for one in mistakes(error) if not _is_empty(one, raw))
            found += (_of_a_key(cls, one) for one in wrong)
        if found:
            raise several(found)
        return made

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        made = handler(schema)
        if cls.shorthand is None:
            return made
        text = dict(handler.resolve_ref_schema(made)["properties"][cls.shorthand])
        text.pop("description", None)
        return {"anyOf": [text, made]}

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        made = handler(source)
        rule_fields(handler.resolve_ref_schema(made), handler)
        return made


def _is_empty(one: Mistake, raw: dict[str, Any]) -> bool:
    """Whether a key only seems to be missing, as it has no value: that has been told."""
    return one.kind == "missing" and len(one.loc) == 1 and one.loc[0] in raw


def _of_a_key(model: type[BaseModel], one: Mistake) -> Mistake:
    """*one* with what *model* says of the key, if it is about a key of it."""
    if len(one.loc) != 1 or one.kind == "complaint":
        return one
    return one._replace(context={**one.context, **_needs(model, one.loc[0])})


def _needs(model: type[BaseModel], key: str | int) -> dict[str, Any]:
    """Whether *key* must be there, and the only text that it may hold, if there is one."""
    name = keys_of(model).get(str(key))
    if name is None:
        return {}
    field = model.model_fields[name]
    only = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
    return {"needed": field.is_required()} | ({"only": only[0]} if len(only) == 1 else {})


@cache
def keys_of(model: type[BaseModel]) -> Mapping[str, str]:
    """The keys of the file that *model* reads -> its fields' names."""
    hidden = _not_written(model)
    return {
        key_of(name, field): name
        for name, field in model.model_fields.items()
        if name not in hidden
    }


def key_of(name: str, field: FieldInfo) -> str:
    """The key of a model's *field* in the file; pydantic sets it only once a model is built."""
    given = field.validation_alias
    return given if isinstance(given, str) else to_camel(name)


@cache
def _not_written(model: type[BaseModel]) -> frozenset[str]:
    return frozenset(
        name
        for name, field in model.model_fields.items()
        if any(isinstance(one, NotWritten) for one in field.metadata)
    )


@cache
def _told(model: type[BaseModel]) -> tuple[list[str], list[str]]:
    """Of the fields that are not written: those that the reader knows, those of the place."""
    names = sorted(_not_written(model))
    places = [name for name in names if name in ("line", "column")]
    return [name for name in names if name not in places], places


def by_key(value: BaseModel) -> dict[str, Any]:
    """The fields of *value* by the keys of the file that it was read from."""
    return {key: getattr(value, name) for key, name in keys_of(type(value)).items()}


# ---------------------------------------------------------------- what is wrong, handed up

_SEVERAL = "several"


def several(found: Iterable[Mistake]) -> PydanticCustomError:
    """An error that carries *found* through pydantic, which adds where it was raised."""
    return PydanticCustomError(_SEVERAL, "several things are wrong", {"found": tuple(found)})


def complaint(code: str, said: str, fix: str | None) -> PydanticCustomError:
    """An error in our own words, for a validator of a field to raise."""
    return several([Mistake((), "complaint", None, {"code": code, "said": said, "fix": fix})])


def mistakes(error: ValidationError) -> Iterator[Mistake]:
    """Everything that *error* tells, the places counted from where it was raised."""
    for one in error.errors(include_url=False):
        loc, context = one["loc"], one.get("ctx", {})
        if one["type"] == _SEVERAL:
            yield from (inner._replace(loc=loc + inner.loc) for inner in context["found"])
        elif not _counts_right_ones_only(one["type"], one["input"], context):
            yield Mistake(loc, one["type"], one["input"], context)


def _counts_right_ones_only(kind: str, value: Any, context: Mapping[str, Any]) -> bool:
    """Whether a list is only called too short because some of its items are wrong."""
    return kind == "too_short" and isinstance(value, list) and len(value) >= context["min_length"]

"""What a driver wants to know of an account."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from enum import Enum
from typing import Any, Literal, NamedTuple, Self, get_args, get_origin

from pydantic import BaseModel

from reconciler.driver.declared import Declared, by_key, key_of
from reconciler.driver.secrets import Credential


class Settings(Declared):
    """Base of every driver's settings: camelCase keys, unknown keys refused, frozen.

    A field is text, `int`, `float`, `bool`, `date`, `timedelta` (written `90d 24h 30m 60s`), a
    `Literal`, an enum, a `Credential`, another class made from `Settings`, or a list, tuple, set
    or mapping of these. `pydantic.Field` says what it is for and bounds it, `Reads` reads what has
    a form of its own.
    """

    def credentials(self) -> dict[str, Credential]:
        """The credentials by name; one further in is named with dots (`secrets.token`)."""
        return dict(_credentials(self, ""))

    def resolved(self, values: Mapping[str, str]) -> Self:
        """The same settings, each credential knowing its value in *values*, by its name."""
        found: Self = _resolved(self, "", values)
        return found


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    """What *value* holds, by name."""
    if isinstance(value, BaseModel):
        yield from ((name, getattr(value, name)) for name in type(value).model_fields)
    elif isinstance(value, Mapping):
        yield from ((str(name), inner) for name, inner in value.items())
    elif isinstance(value, list | tuple):
        yield from ((str(index), inner) for index, inner in enumerate(value))


def _credentials(value: Any, name: str) -> Iterator[tuple[str, Credential]]:
    if isinstance(value, Credential):
        yield name, value
    else:
        for inner, part in _parts(value):
            yield from _credentials(part, f"{name}.{inner}" if name else inner)


def _resolved(value: Any, name: str, values: Mapping[str, str]) -> Any:
    if isinstance(value, Credential):
        return value.resolved(values[name]) if name in values else value
    made = {
        inner: _resolved(part, f"{name}.{inner}" if name else inner, values)
        for inner, part in _parts(value)
    }
    match value:
        case BaseModel():
            return value.model_copy(update=made)
        case Mapping():
            return dict(zip(value, made.values(), strict=True))
        case list() | tuple():
            return type(value)(made.values())
    return value


# ---------------------------------------------------------------- what there is to set


class Setting(NamedTuple):
    """One setting as people are told of it; *default* as it would be written, None for none."""

    name: str
    required: bool
    credential: bool
    default: Any
    choices: list[str] | None
    description: str | None


def settings_of(model: type[Settings]) -> Iterator[Setting]:
    """Every setting of a driver's *model*."""
    defaults = defaults_of(model)
    for name, field in model.model_fields.items():
        yield Setting(
            name=key_of(name, field),
            required=field.is_required(),
            credential=Credential in (field.annotation, *get_args(field.annotation)),
            default=as_written(defaults.get(name)),
            choices=_choices(field.annotation),
            description=field.description,
        )


def defaults_of(model: type[Settings]) -> dict[str, Any]:
    """Field name -> its default, of the settings that have one."""
    return {
        name: field.get_default(call_default_factory=True)
        for name, field in model.model_fields.items()
        if not field.is_required()
    }


def as_written(value: Any) -> Any:
    """*value*, a default, as a file would have it."""
    match value:
        case Enum():
            return as_written(value.value)
        case timedelta():
            return _span(int(value.total_seconds()))
        case date():
            return value.isoformat()
        case BaseModel() | Mapping():
            return {name: as_written(part) for name, part in _written(value)}
        case set() | frozenset():
            return sorted(map(str, value))
        case list() | tuple():
            return [as_written(one) for one in value]
        case None | bool() | int() | float():
            return value
    return str(value)


def _written(value: Any) -> Iterator[tuple[str, Any]]:
    """What *value* holds, by key of the file; without what is nothing anyway."""
    parts = by_key(value) if isinstance(value, BaseModel) else value
    yield from ((str(key), part) for key, part in parts.items() if part not in (None, (), {}))


def _span(seconds: int) -> str:
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _choices(hint: Any) -> list[str] | None:
    """The values that a setting, or an item of it, may have, if they are counted."""
    if get_origin(hint) is Literal:
        return [str(one) for one in get_args(hint)]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return [str(one.value) for one in hint]
    inner = (_choices(one) for one in get_args(hint))
    return next((one for one in inner if one is not None), None)

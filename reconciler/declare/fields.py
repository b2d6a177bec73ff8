"""The types of fields that project and manifest share: how a text is read, what its schema says."""

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, core_schema

from reconciler.declare import patterns, urls
from reconciler.declare.near import near
from reconciler.driver.declared import Complaint, ReadFrom
from reconciler.driver.scalars import Reads, day, duration, instant
from reconciler.model import Status

# ---------------------------------------------------------------- a field that is written otherwise


class WrittenAs:
    """Says in an annotation that the file holds another type, of which *made* makes the value.

    *made* gets what was read and pydantic's information (the fields before it, the context). What
    Python code gives passes as it is.
    """

    def __init__(self, hint: Any, made: Callable[[Any, ValidationInfo], Any]) -> None:
        self.hint = hint
        self.made = made

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        del source

        def read(raw: Any, inner: Any, info: ValidationInfo) -> Any:
            if not isinstance(info.context, ReadFrom):
                return raw
            return self.made(inner(raw), info)

        return core_schema.with_info_wrap_validator_function(
            read, handler.generate_schema(self.hint)
        )


# ---------------------------------------------------------------- text -> value


def _whole(text: str) -> int:
    # YAML 1.1 reads 010 as 8, people as 10.
    if not re.fullmatch(r"0|[1-9][0-9]{0,8}", text):
        raise ValueError(
            "is not a whole number of at most nine digits;"
            " write it in plain digits without leading zeros, such as 20"
        )
    return int(text)


def _before(text: str) -> datetime:
    return instant(text)


def _after(text: str) -> datetime:
    return instant(text, time.max)


NOW: Final = "now"


def _bound(of_day: time) -> Reads:
    """A date, a time or `now`; the *of_day* of a date."""

    def read(text: str) -> datetime | str:
        if text == NOW:
            return text
        try:
            return instant(text, of_day)
        except ValueError as error:
            raise ValueError(f"{error}, or now") from None

    return Reads(read)


def _inside(text: str) -> str:
    """A path that stays inside the project's folder."""
    if not text or text.startswith("/") or ".." in text.split("/"):
        raise ValueError(
            "must be a path inside the project's folder; write it from there, without .."
        )
    return text


def name_type(letters: str, most: int) -> Any:
    """What makes a text a name: 1 to *most* of *letters* (a character class)."""
    pattern = f"{letters}{{1,{most}}}"

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            like = re.sub(f"(?!{letters}).", "-", text.lower()).strip("-")[:most]
            such = f", such as `{like}`" if re.fullmatch(pattern, like) else ""
            raise ValueError(f"is not a name; write 1 to {most} of {letters}{such}")
        return text

    schema = {"type": ["string", "integer"], "pattern": f"^{pattern}$"}
    return AfterValidator(check), WithJsonSchema(schema)


def _list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _one_or_many(item: dict[str, Any]) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [item, {"type": "array", "items": item, "minItems": 1}]})


DURATION = {"type": "string", "pattern": "^0*[1-9][0-9]{0,9}[dhms]$", "examples": ["90d", "24h"]}
_DATE = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_TIME = r"[Tt ]([01][0-9]|2[0-3]):[0-5][0-9](:([0-5][0-9]|60)(\.[0-9]{1,30})?)?"
_ZONE = "([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])?"
DAY = {"type": "string", "pattern": f"^{_DATE}$", "examples": ["2026-12-31"]}
INSTANT = {
    "type": "string",
    "pattern": f"^{_DATE}({_TIME}{_ZONE})?$",
    "examples": ["2026-12-31", "2026-12-31T09:00:00Z"],
}

INSTANT_OR_NOW = {"anyOf": [{"const": NOW}, INSTANT]}

Line = Annotated[str, Field(min_length=1)]
Name = Annotated[str, *name_type("[A-Za-z0-9._-]", 63)]
AccountName = Annotated[
    Line, WithJsonSchema({"type": ["string", "integer"], "pattern": "^[A-Za-z0-9._-]{1,63}$"})
]
"""The name of an account somewhere else; whether there is one is told by whoever knows."""
Duration = Annotated[timedelta, Reads(duration), WithJsonSchema(DURATION)]
Day = Annotated[date, Reads(day), WithJsonSchema(DAY)]
Before = Annotated[datetime, Reads(_before), WithJsonSchema(INSTANT)]
After = Annotated[datetime, Reads(_after), WithJsonSchema(INSTANT)]
BeforeOrNow = Annotated[datetime | Literal["now"], _bound(time.min), WithJsonSchema(INSTANT_OR_NOW)]
AfterOrNow = Annotated[datetime | Literal["now"], _bound(time.max), WithJsonSchema(INSTANT_OR_NOW)]
Whole = Annotated[int, Reads(_whole), Field(ge=0)]
Positive = Annotated[int, Reads(_whole), Field(ge=1)]
Glob = Annotated[
    str,
    AfterValidator(patterns.glob),
    WithJsonSchema({"type": "string", "pattern": patterns.GLOB}),
]
Regex = Annotated[
    str, AfterValidator(patterns.regex), WithJsonSchema({"type": "string", "format": "regex"})
]
BaseUrl = Annotated[
    str,
    AfterValidator(urls.base_url),
    WithJsonSchema({"type": "string", "format": "uri", "pattern": urls.BASE_URL}),
]
ProxyUrl = Annotated[
    str,
    AfterValidator(urls.proxy_url),
    WithJsonSchema({"type": "string", "format": "uri", "pattern": urls.PROXY_URL}),
]
Inside = Annotated[
    str,
    AfterValidator(_inside),
    WithJsonSchema({"type": "string", "pattern": r"^(?!/)(?!(.*/)?\.\.(/|$)).+$"}),
]
Statuses = Annotated[
    tuple[Status, ...],
    BeforeValidator(_list),
    Field(min_length=1),
    _one_or_many({"type": "string", "enum": [status.value for status in Status]}),
]
Texts = Annotated[
    tuple[Line, ...],
    BeforeValidator(_list),
    Field(min_length=1),
    _one_or_many({"type": ["string", "integer"], "minLength": 1}),
]

# ---------------------------------------------------------------- what several keys say


def exactly_one(raw: dict[str, Any], keys: tuple[str, ...]) -> Iterator[Complaint]:
    """A complaint unless exactly one of *keys* is written; a misspelt one is told as that."""
    written = [key for key in keys if key in raw]
    if len(written) != 1 and not (not written and any(near(key, keys) for key in raw)):
        had = f"this has {' and '.join(written)}" if written else "this has none of them"
        yield (
            (),
            f"exactly one of {', '.join(keys)} is needed; {had}",
            f"{'keep' if written else 'add'} one of {', '.join(keys)}",
        )


def wrong_way_round(first: object, last: object) -> bool:
    """Whether two dates, where both are dates, are the wrong way round."""
    return _is_date(first) and _is_date(last) and str(last) < str(first)


def _is_date(text: object) -> bool:
    try:
        return isinstance(text, str) and len(text) == 10 and bool(date.fromisoformat(text))
    except ValueError:
        return False


def one_of(*keys: str) -> dict[str, Any]:
    """What a schema says of it."""
    return {"oneOf": [{"required": [key]} for key in keys]}

"""The types of the settings of the driver `http`: what a single value may be."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from reconciler.driver import Plain, duration
from reconciler.drivers import _http_templates as templates
from reconciler.drivers._http_templates import Kind

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")
_HEADER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,99}")
_FRAMING: Final = ("host", "content-length", "connection", "transfer-encoding", "expect", "te")
_KEY: Final = re.compile(r"[^\s.]+(\.[^\s.]+)*")
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?")
_PLAIN: Final = {"true": True, "false": False, "null": None}


def _template(kind: Kind, check: Callable[[str, Kind], str] = templates.checked) -> AfterValidator:
    return AfterValidator(lambda text: check(text, kind))


def path(kind: Kind) -> AfterValidator:
    """A path template."""
    return _template(kind, templates.checked_path)


def header(kind: Kind) -> AfterValidator:
    """The template of a header's value."""
    return _template(kind, templates.checked_header)


def text(kind: Kind) -> AfterValidator:
    """The template of a value in a query or a form."""
    return _template(kind)


def _header_name(text: str) -> str:
    if not _HEADER.fullmatch(text):
        raise ValueError("is not a header's name; write letters, digits and dashes")
    if text.lower() in _FRAMING:
        raise ValueError("is a header that the request itself makes; leave it out")
    return text


def _secret_name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError("is not a name; write letters, digits, _ and -, beginning with a letter")
    return text


def _where(text: str) -> str:
    if text != "." and not _KEY.fullmatch(text):
        raise ValueError("is not a way into JSON; write keys with dots between, as data.items")
    return text


def _whole_pattern(text: str) -> str:
    import re2

    options = re2.Options()
    options.log_errors = False  # the library's own words, past us to standard error
    try:
        re2.compile(text, options)
    except re2.error:
        raise ValueError("is not an RE2 pattern; write one as in [0-9]{1,12}") from None
    return text


def _json(raw: Any) -> Any:
    """JSON as it is written: unquoted `true`, `false`, `null` and numbers are what they say."""
    match raw:
        case Plain():
            return _plain(raw)
        case dict():
            return {str(key): _json(value) for key, value in raw.items()}
        case list() | tuple():
            return [_json(value) for value in raw]
        case None:
            raise ValueError('holds an empty value; write null, or "" for an empty text')
    return raw


def _plain(text: Plain) -> Any:
    if text in _PLAIN:
        return _PLAIN[text]
    if found := _NUMBER.fullmatch(text):
        return float(text) if found[2] else int(text)
    raise ValueError(
        "holds a value that YAML and JSON read differently; put a text in quotes, or write true, "
        "false, null or a number in plain digits"
    )


def json_template(kind: Kind) -> BeforeValidator:
    """A JSON value with templates in it."""

    def check(raw: Any) -> Any:
        value = _json(raw)
        for _, one in templates.every_text(value):
            templates.checked(one, kind)
        return value

    return BeforeValidator(check)


def _status(raw: Any) -> Any:
    """`204`, or `2xx`: every status of a hundred."""
    text = str(raw)
    if re.fullmatch(r"[2-5]xx", text):
        return range(int(text[0]) * 100, int(text[0]) * 100 + 100)
    if not re.fullmatch(r"[2-5][0-9]{2}", text):
        raise ValueError("is not an HTTP status; write one as in 204, a list, or 2xx")
    return range(int(text), int(text) + 1)


def _statuses(raw: Any) -> tuple[int, ...]:
    """One status, or a list of them, as numbers."""
    every = raw if isinstance(raw, list | tuple) else [raw]
    if not every:
        raise ValueError("names no status; write one as in 204")
    return tuple(dict.fromkeys(one for given in every for one in _status(given)))


def _many(raw: Any) -> Any:
    return raw if isinstance(raw, list | tuple) else [raw]


def _some(raw: Any) -> Any:
    """The values that a field may have: one, or a list of them."""
    values = [_json(one) for one in _many(raw)]
    if not values or any(isinstance(one, dict | list) for one in values):
        raise ValueError("is no value to compare with; write one, or a list of them")
    return tuple(values)


Name = Annotated[str, AfterValidator(_secret_name)]
HeaderName = Annotated[str, AfterValidator(_header_name)]
Key = Annotated[str, AfterValidator(_where)]
Pattern = Annotated[str, AfterValidator(_whole_pattern)]
Statuses = Annotated[
    tuple[int, ...],
    BeforeValidator(_statuses),
    WithJsonSchema({"anyOf": [{"type": ["integer", "string"]}, {"type": "array"}]}),
]
Values = Annotated[tuple[Any, ...], BeforeValidator(_some), WithJsonSchema({})]
Wait = Annotated[timedelta, Field(le=timedelta(days=1))]
Json = WithJsonSchema({})


def _lifetime(text: str) -> str:
    """A duration, or where the answer has seconds."""
    if re.fullmatch(r"[0-9]+[dhms]", text):
        duration(text)
        return text
    return _where(text)


Lifetime = Annotated[str, AfterValidator(_lifetime)]

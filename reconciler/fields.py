"""The types of fields that project and manifest share, and the selector they both write."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic.alias_generators import to_camel

from reconciler.checked import Complaint
from reconciler.model import Selector, Status

_LONGEST = timedelta(days=36525)  # a hundred years: what is subtracted from now stays a date


class Model(BaseModel):
    """Base of everything written in YAML: camelCase keys, unknown keys refused, frozen.

    Only the outermost models are built, each with all that is inside it.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, defer_build=True
    )


# ---------------------------------------------------------------- text -> value


def _text(value: object) -> str:
    if value is None:
        raise ValueError("is empty; give it a value, or leave the key out")
    if not isinstance(value, str):
        raise ValueError(f"must be text, not a {'list' if isinstance(value, list) else 'mapping'}")  # noqa: TRY004 - pydantic knows ValueError
    return value


def duration(value: object) -> timedelta:
    """`90d`, `24h`, `30m` or `60s`; ValueError says what is wrong."""
    text = _text(value)
    match = re.fullmatch(r"([0-9]{1,10})([dhms])", text)
    if match is None:
        raise ValueError("is not a duration; write 90d, 24h, 30m or 60s")
    unit = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}[match[2]]
    seconds = int(match[1]) * int(timedelta(**{unit: 1}).total_seconds())
    if not 0 < seconds <= _LONGEST.total_seconds():
        raise ValueError(
            "is not a duration of more than nothing and at most 36525d; write 90d, 24h, 30m or 60s"
        )
    return timedelta(seconds=seconds)


def day(value: object) -> date:
    """`2026-12-01`; ValueError says what is wrong."""
    text = _text(value)
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError("is not a date; write it as 2026-12-31")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("is a date that no calendar has; write it as 2026-12-31") from None


_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})?"
)


def _instant(value: object, of_day: time) -> datetime:
    """A time (UTC when it names no zone), or *of_day* of a date."""
    text = _text(value)
    if not _TIME.fullmatch(text):
        try:
            return datetime.combine(day(text), of_day, UTC)
        except ValueError as error:
            raise ValueError(f"{error} or 2026-12-31T09:00:00Z") from None
    try:
        found = datetime.fromisoformat(text.upper())
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            "is a time that no calendar has; write it as 2026-12-31T09:00:00Z"
        ) from None


def _before(value: object) -> datetime:
    return _instant(value, time.min)


def _after(value: object) -> datetime:
    return _instant(value, time.max)


def _whole(value: object) -> int:
    text = _text(value)
    # YAML 1.1 reads 010 as 8, people as 10.
    if not re.fullmatch(r"0|[1-9][0-9]{0,8}", text):
        raise ValueError(
            "is not a whole number of at most nine digits;"
            " write it in plain digits without leading zeros, such as 20"
        )
    return int(text)


def glob(value: object) -> str:
    """A glob whose brackets and escapes are whole; ValueError says what is wrong."""
    text = _text(value)
    if not text:
        raise ValueError("is empty; a glob covers the whole name (`*` is any name)")
    index = 0
    while index < len(text):
        if text[index] == "\\":
            if index + 1 == len(text):
                raise ValueError("ends in a backslash; write \\\\ for a backslash itself")
            index += 1
        elif text[index] == "[":
            index = _bracket(text, index)
        index += 1
    return text


def _bracket(text: str, start: int) -> int:
    """The index of the `]` that closes the `[` at *start*."""
    index = start + 1
    if text[index : index + 1] == "!":
        index += 1
    first = index
    last: str | None = None  # the character a range may start from
    while index < len(text):
        if text[index] == "]" and index > first:
            return index
        if text[index] == "-" and last is not None and text[index + 1 : index + 2] not in ("", "]"):
            index, end = _character(text, index + 1)
            if end < last:
                raise ValueError(f"has the range {last}-{end} the wrong way round; exchange them")
            last = None
        else:
            index, last = _character(text, index)
    raise ValueError("has a `[` that is not closed; write \\[ for a bracket itself")


def _character(text: str, index: int) -> tuple[int, str]:
    """One character inside brackets, its escape undone, and the index after it."""
    if text[index] == "\\":
        index += 1
        if index == len(text):
            raise ValueError("ends in a backslash; write \\\\ for a backslash itself")
    return index + 1, text[index]


def regex(value: object) -> str:
    """An RE2 pattern; ValueError says what is wrong."""
    import re2

    text = _text(value)
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(text, options)
    except re2.error as error:
        raise ValueError(_re2_said(text, error)) from None
    return text


def _re2_said(text: str, error: Exception) -> str:
    if re.search(r"\(\?<?[=!]", text):
        said = "uses look-ahead or look-behind, which RE2 does not have (it keeps time linear)"
        return f"{said}; write the pattern without it, or two absences"
    if re.search(r"\\[1-9]|\(\?P=", text):
        said = "uses a back-reference, which RE2 does not have (it keeps time linear)"
        return f"{said}; write out what it repeats"
    said = error.args[0] if error.args else ""
    said = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return f"is not an RE2 pattern: {said}; see https://github.com/google/re2/wiki/Syntax"


def _type(check: Callable[[object], object], **schema: Any) -> Any:
    return BeforeValidator(check), WithJsonSchema(schema)


def name_type(letters: str, most: int) -> Any:
    """What makes a text a name: 1 to *most* of *letters* (a character class)."""
    pattern = f"{letters}{{1,{most}}}"

    def check(value: object) -> str:
        text = _text(value)
        if not re.fullmatch(pattern, text):
            raise ValueError(f"is not a name; write 1 to {most} of {letters}")
        return text

    return _type(check, type="string", pattern=f"^{pattern}$")


def _list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _url(value: object, *, path: bool) -> str:
    """A URL that holds no secret; *path*: may it have one."""
    text = _text(value)
    # The parser of the standard library drops some of these silently.
    if not re.fullmatch(r"[!-~]+", text) or "\\" in text:
        raise ValueError(
            "is not a URL: blanks, backslashes and non-ASCII do not belong there; write https://HOST"
        )
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("is not a URL; write https://HOST") from None
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError("is not a URL; write https://HOST")
    if "@" in parts.netloc:
        raise ValueError("must not hold a user name or password; credentials go into settings")
    if "?" in text or "#" in text:
        raise ValueError("must not have a query or fragment; cut it off")
    steps = parts.path.rstrip("/").split("/")[1:]
    if steps and not path:
        raise ValueError("must not have a path; cut it off")
    if any(step in ("", ".", "..") for step in steps):
        raise ValueError("must not have empty, . or .. steps in its path; write the path out")
    return text.rstrip("/")


def base_url(value: object) -> str:
    """Where an account's requests go; plain http only to this machine."""
    text = _url(value, path=True)
    parts = urlsplit(text)
    if parts.scheme == "http" and not _is_here(parts.hostname or ""):
        raise ValueError("must be https; http is only for localhost, 127.0.0.0/8 and [::1]")
    return text


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    import ipaddress

    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback and (address.version == 4 or host == "::1")


def _proxy(value: object) -> str:
    return _url(value, path=False)


def _inside(value: object) -> str:
    """A path that stays inside the project's folder."""
    text = _text(value)
    if not text or text.startswith("/") or ".." in text.split("/"):
        raise ValueError(
            "must be a path inside the project's folder; write it from there, without .."
        )
    return text


_DURATION = {"type": "string", "pattern": "^[0-9]{1,10}[dhms]$", "examples": ["90d", "24h"]}
_DAY = {"type": "string", "format": "date"}
_INSTANT = {"type": "string", "anyOf": [{"format": "date"}, {"format": "date-time"}]}

Name = Annotated[str, *name_type("[A-Za-z0-9._-]", 63)]
Duration = Annotated[timedelta, *_type(duration, **_DURATION)]
Day = Annotated[date, *_type(day, **_DAY)]
Before = Annotated[datetime, *_type(_before, **_INSTANT)]
After = Annotated[datetime, *_type(_after, **_INSTANT)]
Whole = Annotated[int, *_type(_whole, type="integer", minimum=0)]
Positive = Annotated[int, *_type(_whole, type="integer", minimum=1), Field(ge=1)]
Glob = Annotated[str, BeforeValidator(glob)]
Regex = Annotated[str, *_type(regex, type="string", format="regex")]
BaseUrl = Annotated[str, *_type(base_url, type="string", format="uri")]
Proxy = Annotated[str, *_type(_proxy, type="string", format="uri")]
Inside = Annotated[str, *_type(_inside, type="string", minLength=1)]
Line = Annotated[str, Field(min_length=1)]


def _one_or_many(item: dict[str, Any]) -> Any:
    many = {"type": "array", "items": item, "minItems": 1}
    return WithJsonSchema({"anyOf": [item, many]})


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
    _one_or_many({"type": "string", "minLength": 1}),
]

# ---------------------------------------------------------------- the selector


class Match(Model):
    """Conditions on a campaign; all must hold, a record that lacks the field does not match."""

    model_config = ConfigDict(title="match", json_schema_extra={"minProperties": 1})

    name: Glob | None = Field(None, description=r"Glob over the whole name: * ? [a-z] [!x] \.")
    name_regex: Regex | None = Field(None, description="RE2 pattern of the whole name.")
    status: Statuses | None = None
    channel: Texts | None = None
    created_before: Before | None = Field(None, description="A date excludes the day itself.")
    created_after: After | None = Field(None, description="A date starts after the day.")
    updated_before: Before | None = None
    updated_after: After | None = None
    older_than: Duration | None = Field(None, description="By creation.")
    not_updated_for: Duration | None = None
    labels: dict[str, str] | None = Field(None, min_length=1)

    @staticmethod
    def cross_check(raw: dict[str, Any]) -> Iterator[Complaint]:
        if not raw:
            yield (), "a match needs at least one condition", 'add one, such as `name: "Old *"`'

    def selector(self, raw: dict[str, Any]) -> Selector:
        """The selector; *raw* are its conditions as written."""
        labels = None if self.labels is None else tuple(sorted(self.labels.items()))
        return Selector(
            name=self.name,
            name_regex=self.name_regex,
            status=self.status,
            channel=self.channel,
            created_before=self.created_before,
            created_after=self.created_after,
            updated_before=self.updated_before,
            updated_after=self.updated_after,
            older_than=self.older_than,
            not_updated_for=self.not_updated_for,
            labels=labels,
            text=_readable(raw),
        )


_PHRASES = {
    "name": 'name "{}"',
    "nameRegex": "name matches /{}/",
    "status": "status {}",
    "channel": "channel {}",
    "createdBefore": "created before {}",
    "createdAfter": "created after {}",
    "updatedBefore": "updated before {}",
    "updatedAfter": "updated after {}",
    "olderThan": "older than {}",
    "notUpdatedFor": "not updated for {}",
}


def _readable(raw: dict[str, Any]) -> str:
    """The conditions in one line, in a fixed order."""
    said = []
    for key, phrase in _PHRASES.items():
        if key in raw:
            value = raw[key]
            said.append(phrase.format(" or ".join(value) if isinstance(value, list) else value))
    said += [f"label {key}={value}" for key, value in sorted(raw.get("labels", {}).items())]
    return ", ".join(said)


def exactly_one(raw: dict[str, Any], keys: tuple[str, ...]) -> Iterator[Complaint]:
    """A complaint unless exactly one of *keys* is written."""
    written = [key for key in keys if key in raw]
    if len(written) != 1:
        had = f"this has {' and '.join(written)}" if written else "this has none of them"
        yield (
            (),
            f"exactly one of {', '.join(keys)} is needed; {had}",
            f"keep one of {', '.join(keys)}",
        )

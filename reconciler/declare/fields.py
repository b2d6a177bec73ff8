"""The types of fields that project and manifest share, and the selector they both write."""

import re
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, ClassVar
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from reconciler.declare.structs import Complaint, Reads
from reconciler.driver.scalars import day, duration, instant
from reconciler.model import Selector, Status

WRITTEN = "x-written"
"""Where a field's JSON Schema stands that replaces what its type would give."""


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Base of everything written in YAML: camelCase keys, unknown keys refused, frozen."""

    schema_extra: ClassVar[dict[str, Any]] = {}
    """What the JSON Schema says beyond the fields."""


# ---------------------------------------------------------------- text -> value


def _before(text: str) -> datetime:
    return instant(text, time.min)


def _after(text: str) -> datetime:
    return instant(text, time.max)


def _whole(text: str) -> int:
    # YAML 1.1 reads 010 as 8, people as 10.
    if not re.fullmatch(r"0|[1-9][0-9]{0,8}", text):
        raise ValueError(
            "is not a whole number of at most nine digits;"
            " write it in plain digits without leading zeros, such as 20"
        )
    return int(text)


def glob(text: str) -> str:
    """A glob whose brackets and escapes are whole; ValueError says what is wrong."""
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


def regex(text: str) -> str:
    """An RE2 pattern; ValueError says what is wrong."""
    import re2

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


def name_type(letters: str, most: int) -> Any:
    """What makes a text a name: 1 to *most* of *letters* (a character class)."""
    pattern = f"{letters}{{1,{most}}}"

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(f"is not a name; write 1 to {most} of {letters}")
        return text

    return Reads(check), _written(type="string", pattern=f"^{pattern}$")


def _written(**schema: Any) -> Meta:
    """The JSON Schema of what is written, whatever it is read as."""
    return Meta(extra_json_schema={WRITTEN: schema})


def _list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _url(text: str, *, path: bool) -> str:
    """A URL that holds no secret; *path*: may it have one."""
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


def base_url(text: str) -> str:
    """Where an account's requests go; plain http only to this machine."""
    text = _url(text, path=True)
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


def _proxy(text: str) -> str:
    return _url(text, path=False)


def _inside(text: str) -> str:
    """A path that stays inside the project's folder."""
    if not text or text.startswith("/") or ".." in text.split("/"):
        raise ValueError(
            "must be a path inside the project's folder; write it from there, without .."
        )
    return text


_DURATION = _written(type="string", pattern="^[0-9]{1,10}[dhms]$", examples=["90d", "24h"])
_DAY = _written(type="string", format="date")
_INSTANT = _written(type="string", anyOf=[{"format": "date"}, {"format": "date-time"}])
_URL = _written(type="string", format="uri")

Name = Annotated[str, *name_type("[A-Za-z0-9._-]", 63)]
Duration = Annotated[timedelta, Reads(duration), _DURATION]
Day = Annotated[date, Reads(day), _DAY]
Before = Annotated[datetime, Reads(_before), _INSTANT]
After = Annotated[datetime, Reads(_after), _INSTANT]
Whole = Annotated[int, Reads(_whole), Meta(ge=0)]
Positive = Annotated[int, Reads(_whole), Meta(ge=1)]
Glob = Annotated[str, Reads(glob)]
Regex = Annotated[str, Reads(regex), _written(type="string", format="regex")]
BaseUrl = Annotated[str, Reads(base_url), _URL]
Proxy = Annotated[str, Reads(_proxy), _URL]
Inside = Annotated[str, Reads(_inside), Meta(min_length=1)]
Line = Annotated[str, Meta(min_length=1)]


def _one_or_many(item: dict[str, Any]) -> Meta:
    return _written(anyOf=[item, {"type": "array", "items": item, "minItems": 1}])


Statuses = Annotated[
    tuple[Status, ...],
    Reads(_list, text=False),
    Meta(min_length=1),
    _one_or_many({"type": "string", "enum": [status.value for status in Status]}),
]
Texts = Annotated[
    tuple[Line, ...],
    Reads(_list, text=False),
    Meta(min_length=1),
    _one_or_many({"type": "string", "minLength": 1}),
]

# ---------------------------------------------------------------- the selector


class Match(Model, frozen=True):
    """Conditions on a campaign; all must hold, a record that lacks the field does not match."""

    schema_extra = {"minProperties": 1}

    name: Annotated[
        Glob | None, Meta(description=r"Glob over the whole name: * ? [a-z] [!x] \.")
    ] = None
    name_regex: Annotated[Regex | None, Meta(description="RE2 pattern of the whole name.")] = None
    status: Statuses | None = None
    channel: Texts | None = None
    created_before: Annotated[
        Before | None, Meta(description="A date excludes the day itself.")
    ] = None
    created_after: Annotated[After | None, Meta(description="A date starts after the day.")] = None
    updated_before: Before | None = None
    updated_after: After | None = None
    older_than: Annotated[Duration | None, Meta(description="By creation.")] = None
    not_updated_for: Duration | None = None
    labels: Annotated[dict[str, str], Meta(min_length=1)] | None = None

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

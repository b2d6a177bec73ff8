"""One record or header, from any format's plain values, with everything that is wrong with it."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any

import msgspec

from reconciler.inventory.reading import Claim, Reading, closest
from reconciler.model import API_VERSION, Campaign, Status

FIELDS = Campaign.__struct_encode_fields__  # the keys of a record, in the file's order
_ATTRIBUTES = dict(zip(FIELDS, Campaign.__struct_fields__, strict=True))
_REQUIRED = ("account", "id", "name")
_HEADER = ("apiVersion", "kind", "capturedAt", "accounts")
_CLAIM = ("complete", "campaigns", "capturedAt", "why")
_STATUSES: Mapping[str, Status] = {one.value: one for one in Status}
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_LONGEST = 60  # characters of a wrong value that are shown

Where = Callable[[str], tuple[int | None, int | None]]
"""A top-level key -> its line and column, as far as the format knows them."""


def nowhere(key: str) -> tuple[int | None, int | None]:
    """No place is known."""
    del key
    return None, None


def instant(text: str) -> datetime:
    """RFC 3339, or a plain date (its midnight UTC); naive if it has no zone. ValueError if not."""
    if _DAY.fullmatch(text):
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    try:
        return msgspec.convert(text, datetime)
    except msgspec.ValidationError as error:
        raise ValueError(text) from error


class _Wrong(Exception):
    """A value that cannot be read: what, and the fix."""

    def __init__(self, what: str, fix: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {_short(_number(value))}"
        case str():
            return "text"
        case list():
            return "a list"
    return "an object"


def _number(value: float) -> str:
    # Python refuses to write out integers of thousands of digits
    too_long = isinstance(value, int) and value.bit_length() > 1000
    return "of more than 300 digits" if too_long else str(value)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def _text(key: str, value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        shown = _short(_number(value))
        raise _Wrong(
            f"`{key}` is the number {shown}, not text",
            f'put quotes around it: "{shown}"'
            + ("" if isinstance(value, int) else ", as the vendor writes it"),
        )
    raise _Wrong(f"`{key}` is {_kind(value)}, not text", "write text in quotes")


def _texts(key: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _Wrong(f"`{key}` is {_kind(value)}, not a list of text", 'write ["...", "..."]')
    return tuple(_text(f"{key}[{index}]", one) for index, one in enumerate(value))


def _labels(key: str, value: object) -> dict[str, str]:
    if not isinstance(value, dict):
        raise _Wrong(f"`{key}` is {_kind(value)}, not an object of text", 'write {"team": "..."}')
    return {name: _text(f"{key}.{_short(name)}", one) for name, one in value.items()}


def _object(key: str, value: object) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise _Wrong(f"`{key}` is {_kind(value)}, not an object", 'write {"key": ...}')


def _status(key: str, value: object) -> Status:
    word = _text(key, value)
    if word in _STATUSES:
        return _STATUSES[word]
    like = closest(word.lower(), _STATUSES)
    allowed = " ".join(_STATUSES)
    hint = f"did you mean `{like}`? " if like else ""
    raise _Wrong(
        f"`{key}` is `{_short(word)}`, which is none of ours",
        f"{hint}Use one of {allowed}; the vendor's own word goes to attributes.status",
    )


def _time(key: str, value: object) -> datetime:
    text = _text(key, value)
    try:
        return instant(text)
    except ValueError as error:
        raise _Wrong(
            f"`{key}` is `{_short(text)}`, which is no time", "write it as 2026-11-20T08:00:00Z"
        ) from error


_READERS: Mapping[str, Callable[[str, object], Any]] = {
    "account": _text,
    "id": _text,
    "name": _text,
    "status": _status,
    "channel": _text,
    "createdAt": _time,
    "updatedAt": _time,
    "labels": _labels,
    "phoneNumbers": _texts,
    "messageIds": _texts,
    "attributes": _object,
    "unknown": _texts,
}


def build(value: object, reading: Reading, where: Where) -> Campaign | None:
    """A record from *value*; None when something is wrong, which *reading* then knows."""
    if not isinstance(value, dict):
        line, column = where("")
        reading.error(
            "inventory-syntax",
            f"a record is an object, not {_kind(value)}",
            line=line,
            column=column,
            fix='write {"account": "...", "id": "...", "name": "..."}',
        )
        return None
    fields: dict[str, Any] = {}
    good = True
    for key, one in value.items():
        if key not in _READERS:
            rest = [name for name in FIELDS if name not in value]
            reading.unknown_field(key, where(key)[0], closest(key, rest))
            continue
        if one is None and key not in _REQUIRED:
            continue
        try:
            fields[_ATTRIBUTES[key]] = _READERS[key](key, one)
        except _Wrong as wrong:
            good = False
            line, column = where(key)
            reading.error("inventory-field", wrong.what, line=line, column=column, fix=wrong.fix)
    for key in _REQUIRED:
        if key not in value:
            good = False
            line, column = where("")
            reading.error(
                "inventory-field",
                f"`{key}` is missing",
                line=line,
                column=column,
                fix="every record has account, id and name",
            )
    return Campaign(**fields) if good else None


# ---------------------------------------------------------------- headers


def is_header(value: object) -> bool:
    """Whether *value* is a header line: an object that says it is an Inventory."""
    return isinstance(value, dict) and value.get("kind") == "Inventory"


def header(value: Mapping[str, Any], reading: Reading, where: Where, *, text: bool = False) -> None:
    """Hand what a header says to *reading*. *text*: its scalars are all text (YAML)."""
    here = where("kind")[0]

    def wrong(key: str, what: str, fix: str | None = None) -> None:
        line, column = where(key)
        reading.error("inventory-header", what, line=line, column=column, fix=fix)

    version = value.get("apiVersion", API_VERSION)
    if version != API_VERSION:
        shown = _short(version) if isinstance(version, str) else _kind(version)
        wrong("apiVersion", f"apiVersion is `{shown}`", f"this version reads {API_VERSION}")
    for key in value:
        if key not in _HEADER:
            reading.unknown_field(key, where(key)[0], closest(key, _HEADER))

    def moment(key: str, one: object, top: str) -> datetime | None:
        if one is None:
            return None
        try:
            at = _time(key, one)
            if at.tzinfo is None:
                reading.zoneless(where(top)[0])
                return at.replace(tzinfo=UTC)
            return at.astimezone(UTC)
        except _Wrong as error:
            wrong(top, error.what, error.fix)
        except OverflowError:
            wrong(top, f"`{key}` is no UTC time")
        return None

    captured = moment("capturedAt", value.get("capturedAt"), "capturedAt")
    accounts = value.get("accounts")
    if accounts is None:
        accounts = {}
    if not isinstance(accounts, dict):
        wrong("accounts", f"`accounts` is {_kind(accounts)}, not an object", 'write {"name": {}}')
        accounts = {}
    claims: dict[str, Claim] = {}
    for name, one in accounts.items():
        at = f"accounts.{_short(name)}"
        said = {} if one is None else one
        if not isinstance(said, dict):
            wrong("accounts", f"`{at}` is {_kind(said)}, not an object")
            continue
        for key in said:
            if key not in _CLAIM:
                reading.unknown_field(f"accounts.*.{key}", here, closest(key, _CLAIM))
        complete = _typed(said.get("complete"), {"true": True, "false": False}.get, text)
        if not (complete is None or isinstance(complete, bool)):
            what = f"`{at}.complete` is {_kind(complete)}, not true or false"
            wrong("accounts", what, "write true or false, without quotes")
            complete = False
        number = _typed(said.get("campaigns"), _whole, text)
        if number is not None and (
            isinstance(number, bool) or not isinstance(number, int) or number < 0
        ):
            wrong("accounts", f"`{at}.campaigns` is {_kind(number)}, not a count of records")
            number = None
        why = said.get("why")
        claims[name] = Claim(
            here,
            complete,
            number,
            moment(f"{at}.capturedAt", said.get("capturedAt"), "accounts"),
            why if isinstance(why, str) else None,
        )
        if not name:
            wrong("accounts", "an account has no name")
        elif reading.accounts is not None and name not in reading.accounts:
            like = closest(name, list(reading.accounts))
            reading.error(
                "inventory-account",
                f"the project has no account `{name}`, which the header names",
                line=where("accounts")[0],
                column=where("accounts")[1],
                fix=f"did you mean `{like}`?" if like else "add the account, or leave it out",
            )
    reading.claim(claims, captured_at=captured, line=here)


def _typed(value: object, of_text: Callable[[str], object], text: bool) -> object:
    if not (text and isinstance(value, str)):
        return value
    typed = of_text(value)
    return value if typed is None else typed


def _whole(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,15}", text) else None

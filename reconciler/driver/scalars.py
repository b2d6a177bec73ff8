"""Text -> value. In a file every scalar is text until a field's type says what it means."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

Read = Callable[[str], Any]

_LONGEST = timedelta(days=36525)  # a hundred years: what is subtracted from now stays a date


class Plain(str):
    """A scalar without quotes of which YAML itself makes no text: `true`, `20`, `2026-01-01`.

    It is a text here as everywhere; only who reads JSON out of a file asks how it was written.
    """

    __slots__ = ()


class Reads:
    """Says in an annotation how a field is read: `Annotated[timedelta, Reads(duration)]`.

    *read* gets the text that is written (a YAML scalar is text, quoted or not) and returns the
    value, or raises ValueError with what is wrong after the field's name and, behind the last
    semicolon, how to mend it: "is not a duration; write 90d". It never quotes what it was given:
    it may be a secret in the wrong place. A value that Python code gives passes as it is.
    """

    def __init__(self, read: Read) -> None:
        self.read = read

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return read_by(self.read, handler(source))


def read_by(read: Read, schema: CoreSchema) -> CoreSchema:
    """*schema*, which gets what *read* makes of a text."""

    def of_text(raw: Any) -> Any:
        if isinstance(raw, str):
            return read(raw)
        if raw is None or isinstance(raw, dict | list):
            raise PydanticCustomError("text", "this must be text")
        return raw

    return core_schema.no_info_before_validator_function(
        of_text, schema, metadata={"reconciler_reads": True}
    )


# ---------------------------------------------------------------- numbers and truths


def whole(text: str) -> int:
    """A whole number in plain digits; ValueError says what is wrong."""
    if not re.fullmatch(r"0|-?[1-9][0-9]{0,17}", text):
        raise ValueError("is not a whole number; write it in plain digits, such as 20")
    return int(text)


def decimal(text: str) -> float:
    """A number in plain digits; ValueError says what is wrong."""
    if not re.fullmatch(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?", text):
        raise ValueError("is not a number; write it in plain digits, such as 2.5")
    return float(text)


def flag(text: str) -> bool:
    """`true` or `false`, written in no other way; ValueError says what is wrong."""
    if text not in ("true", "false"):
        raise ValueError("is neither true nor false; write true or false")
    return text == "true"


# ---------------------------------------------------------------- times


def duration(text: str) -> timedelta:
    """`90d`, `24h`, `30m` or `60s`; ValueError says what is wrong."""
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


def day(text: str) -> date:
    """`2026-12-01`; ValueError says what is wrong."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError("is not a date; write it as 2026-12-31")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("is a date that no calendar has; write it as 2026-12-31") from None


_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,30})?)?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})?"
)


_LEAP = re.compile(r"(?<=[T ])([0-9]{2}:[0-9]{2}):60")


def instant(text: str, of_day: time = time.min) -> datetime:
    """A time (UTC when it names no zone), or *of_day* of a date; ValueError says what is wrong.

    What is finer than a microsecond is cut, a leap second is the second before it.
    """
    if not _TIME.fullmatch(text):
        try:
            return datetime.combine(day(text), of_day, UTC)
        except ValueError as error:
            raise ValueError(f"{error} or 2026-12-31T09:00:00Z") from None
    try:
        found = datetime.fromisoformat(_LEAP.sub(r"\1:59", text.upper()))
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(
            "is a time that no calendar has; write it as 2026-12-31T09:00:00Z"
        ) from None

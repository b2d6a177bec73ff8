"""The conditions of a `match`."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from reconciler.declare.fields import (
    After,
    AfterOrNow,
    Before,
    BeforeOrNow,
    Duration,
    Glob,
    Regex,
    Statuses,
    Texts,
)
from reconciler.driver.declared import Complaint, Declared, NotWritten, ReadFrom


class Selector(Declared):
    """Conditions on a campaign; all must hold, a record that lacks the field does not match.

    Bounds are instants: *created_before* means `createdAt < bound`, *created_after* means
    `createdAt > bound` (a date has become the last microsecond of its day); of labels it may also
    be `now`. *text* is the selector as written, for people.
    """

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    name: Annotated[
        Glob | None, Field(description="Glob over the whole name, with case: * ? [a-z] [!x] \\.")
    ] = None
    name_regex: Annotated[Regex | None, Field(description="RE2 pattern of the whole name.")] = None
    status: Annotated[Statuses | None, Field(description="One of these statuses.")] = None
    channel: Annotated[Texts | None, Field(description="One of these channels.")] = None
    created_before: Annotated[
        Before | None, Field(description="Created before; a date excludes the day itself.")
    ] = None
    created_after: Annotated[
        After | None, Field(description="Created after; a date starts after the day.")
    ] = None
    updated_before: Annotated[
        Before | None, Field(description="Updated before; a date excludes the day itself.")
    ] = None
    updated_after: Annotated[
        After | None, Field(description="Updated after; a date starts after the day.")
    ] = None
    older_than: Annotated[Duration | None, Field(description="Created longer ago.")] = None
    not_updated_for: Annotated[Duration | None, Field(description="Updated longer ago.")] = None
    newer_than: Annotated[Duration | None, Field(description="Created less long ago.")] = None
    updated_within: Annotated[Duration | None, Field(description="Updated less long ago.")] = None
    labels: Annotated[
        Mapping[str, str] | None,
        Field(min_length=1, description="Labels with these values; all of them."),
    ] = None
    label_before: Annotated[
        Mapping[str, BeforeOrNow] | None,
        Field(
            min_length=1,
            description="Labels that hold a date or time before this; a date once its day (UTC)"
            " is over.",
        ),
    ] = None
    label_after: Annotated[
        Mapping[str, AfterOrNow] | None,
        Field(
            min_length=1,
            description="Labels that hold a date or time after this; a date before its day (UTC)"
            " begins.",
        ),
    ] = None
    text: Annotated[str, NotWritten()] = ""

    @staticmethod
    def cross_check(raw: dict[str, Any]) -> Iterator[Complaint]:
        if not raw:
            yield (), "a match needs at least one condition", 'add one, such as `name: "Old *"`'

    @classmethod
    def not_written(cls, raw: dict[str, Any], read: ReadFrom) -> dict[str, Any]:
        del read
        return {"text": _readable(raw)}


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
    "newerThan": "newer than {}",
    "updatedWithin": "updated within {}",
}


_OF_LABELS = {
    "labels": "label {}={}",
    "labelBefore": "label {} before {}",
    "labelAfter": "label {} after {}",
}


def _readable(raw: dict[str, Any]) -> str:
    """The conditions in one line, in a fixed order; *raw* may be wrong."""
    said = []
    for key, phrase in _PHRASES.items():
        if key in raw:
            value = raw[key] if isinstance(raw[key], list) else [raw[key]]
            said.append(phrase.format(" or ".join(map(str, value))))
    for condition, phrase in _OF_LABELS.items():
        labels = raw.get(condition)
        for key, value in sorted(labels.items()) if isinstance(labels, dict) else ():
            said.append(phrase.format(key, value))
    return ", ".join(said)

"""Windows: when deletions may, or may not, be sent."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema

from reconciler.declare.cron import CRON, cron
from reconciler.declare.fields import Day, Duration, Line, wrong_way_round
from reconciler.declare.near import near
from reconciler.driver.declared import Complaint, Declared, NotWritten


def _zone(text: str) -> str:
    from zoneinfo import available_timezones

    from reconciler.declare.zones import zone

    try:
        zone(text)
    except ValueError as error:
        hint = ""
        if known := available_timezones():
            close = near(text, known)
            hint = f"; did you mean `{close}`?" if close else ", such as Europe/Paris"
        raise ValueError(f"{error}{hint}") from None
    return text


def _at_most_400_days(length: timedelta) -> timedelta:
    if length > timedelta(days=400):
        raise ValueError("is longer than a window may be; write at most 400d")
    return length


_BY_SCHEDULE: dict[str, Any] = {
    "required": ["schedule", "duration"],
    "properties": {"from": False, "to": False},
}
_BY_DATES: dict[str, Any] = {
    "required": ["from", "to"],
    "properties": {"schedule": False, "duration": False},
}


class Window(Declared):
    """When deletions may or may not be sent: schedule with duration, or from with to."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [_BY_SCHEDULE, _BY_DATES]})

    kind: Annotated[
        Literal["allow", "deny"],
        Field(
            description="allow: deletions are sent while it is open; once there is one, nothing is"
            " sent outside every allow window. deny: nothing is sent while it is open; it beats"
            " every allow."
        ),
    ]
    schedule: Annotated[
        Annotated[str, AfterValidator(cron), WithJsonSchema(CRON)] | None,
        Field(description="Cron, five fields, by the clock of timeZone: when the window opens."),
    ] = None
    duration: Annotated[
        Annotated[Duration, AfterValidator(_at_most_400_days)] | None,
        Field(description="How long it stays open each time, of elapsed time; at most 400d."),
    ] = None
    first: Annotated[
        Day | None,
        Field(validation_alias="from", description="The first whole day of timeZone."),
    ] = None
    last: Annotated[
        Day | None,
        Field(validation_alias="to", description="The last whole day of timeZone, included."),
    ] = None
    time_zone: Annotated[
        Annotated[str, AfterValidator(_zone)],
        Field(description="IANA name, such as Europe/Paris; messages tell times in it too."),
    ] = "UTC"
    because: Annotated[Line | None, Field(description="Told to whoever is stopped by it.")] = None
    path: Annotated[str | None, NotWritten()] = None
    line: Annotated[int | None, NotWritten()] = None

    @staticmethod
    def cross_check(raw: dict[str, Any]) -> Iterator[Complaint]:
        written = {"schedule", "duration", "from", "to"} & raw.keys()
        if written not in ({"schedule", "duration"}, {"from", "to"}):
            said = "a window is either schedule with duration, or from with to"
            yield (), said, "write the two that belong together, and only these"
        elif "from" in raw and wrong_way_round(raw["from"], raw["to"]):
            yield ("to",), "`to` is before `from`", "exchange them"

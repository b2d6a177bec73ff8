"""The rules that refuse, and the waivers that lift one of them, as the project file has them."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema

from reconciler.declare.cron import CRON, cron
from reconciler.declare.fields import (
    AccountName,
    Day,
    Duration,
    Line,
    Positive,
    Regex,
    Whole,
    exactly_one,
    one_of,
    wrong_way_round,
)
from reconciler.declare.near import near
from reconciler.declare.selector import Selector
from reconciler.driver.declared import Complaint, Declared, NotWritten

Path = Annotated[str, NotWritten()]
LineNumber = Annotated[int, NotWritten()]


class MaxDeletions(Declared):
    """How much one plan may delete of an account: count targets, percent of its campaigns."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": ["count"]}, {"required": ["percent"]}]}
    )

    count: Annotated[Whole | None, Field(description="Targets at most.")] = None
    percent: Annotated[
        Annotated[Whole, Field(le=100)] | None,
        Field(description="Of the account's campaigns, at most."),
    ] = None
    per: Annotated[
        Duration | None,
        Field(description="What was deleted in that time counts too; judged by apply."),
    ] = None

    @staticmethod
    def cross_check(raw: dict[str, Any]) -> Iterator[Complaint]:
        if "count" not in raw and "percent" not in raw:
            yield (), "maxDeletions needs count or percent", "write `maxDeletions: {count: 50}`"


class Protect(Declared):
    """Campaigns nobody may delete."""

    model_config = ConfigDict(json_schema_extra=one_of("id", "name", "match"))

    account: Annotated[AccountName | None, Field(description="Default: every account.")] = None
    id: Annotated[Line | None, Field(description="The campaign's id.")] = None
    name: Annotated[Line | None, Field(description="The campaign's name, exact.")] = None
    match: Annotated[Selector | None, Field(description="All that a selector finds.")] = None
    because: Annotated[Line, Field(description="Why; every refusal says it.")]
    path: Path = ""
    line: LineNumber = 0

    @staticmethod
    def cross_check(raw: dict[str, Any]) -> Iterator[Complaint]:
        yield from exactly_one(raw, ("id", "name", "match"))


# ---------------------------------------------------------------- windows


def _zone(text: str) -> str:
    from zoneinfo import available_timezones

    from reconciler.declare.zones import zone

    try:
        zone(text)
    except ValueError as error:
        hint = ""
        if known := available_timezones():
            close = near(text, known)
            hint = f"; did you mean {close}?" if close else ", such as Europe/Paris"
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


# ---------------------------------------------------------------- the guards


class Approvals(Declared):
    """Signatures that a plan needs: above a number of targets, or when it uses a waiver."""

    required: Annotated[Positive, Field(description="Signatures of different people.")]
    above: Annotated[Whole, Field(description="Only when more targets than this are planned.")] = 0
    allowed_signers: Annotated[
        Line, Field(description="File of ssh-keygen's allowed signers, from the project's folder.")
    ]
    aliases: Annotated[
        Mapping[str, tuple[Line, ...]],
        Field(description="Author's name -> the principals that are the same person."),
    ] = {}


class AccountGuards(Declared):
    """Guards of one account; what is written replaces the project's."""

    max_deletions: Annotated[
        MaxDeletions, Field(description="How much one plan may delete of an account.")
    ] = MaxDeletions.model_construct(count=50)  # which builds no validator yet
    inventory_max_age: Annotated[
        Duration, Field(description="How old the inventory may be; where written, it must say.")
    ] = timedelta(hours=24)
    running: Annotated[
        Literal["refuse", "allow"], Field(description="Whether running campaigns are refused.")
    ] = "refuse"
    protect: Annotated[tuple[Protect, ...], Field(description="Campaigns nobody may delete.")] = ()
    require: Annotated[
        tuple[Literal["owner", "reason", "ticket"], ...],
        Field(description="What the metadata of every manifest must have."),
    ] = ()
    ticket_pattern: Annotated[
        Regex | None, Field(description="RE2 pattern of the whole ticket.")
    ] = None
    windows: Annotated[
        tuple[Window, ...], Field(description="When requests may be sent; none: always.")
    ] = ()


class Guards(AccountGuards):
    """The rules that refuse."""

    plan_max_age: Annotated[
        Duration, Field(description="How old a plan may be when it is first applied.")
    ] = timedelta(days=7)
    resume_max_age: Annotated[
        Duration, Field(description="How long an apply that has begun may be gone on with.")
    ] = timedelta(days=14)
    approvals: Annotated[Approvals | None, Field(description="Signatures that a plan needs.")] = (
        None
    )
    waivable: Annotated[
        tuple[Literal["windows", "approvals"], ...],
        Field(description="Rules that `apply --waive` may lift."),
    ] = ()

    @property
    def inventory_max_age_written(self) -> bool:
        """Whether somebody wrote it: an unknown age is a violation only then."""
        return "inventory_max_age" in self.model_fields_set

    def replaced_by(self, own: AccountGuards) -> "Guards":
        """These with what is written in an account's *own* in its place."""
        return self.model_copy(update={name: getattr(own, name) for name in own.model_fields_set})


# ---------------------------------------------------------------- waivers

OF_TARGETS = ("running", "protected", "resurrected")
OF_ACCOUNTS = ("max-deletions", "inventory-age")


def _for(*guards: str, **more: Any) -> dict[str, Any]:
    return {
        "if": {"properties": {"guard": {"enum": list(guards)}}, "required": ["guard"]},
        "then": more,
    }


class Waiver(Declared):
    """Lifts one guard for one target, or for an account's limit.

    On a campaign with parts it says *part* or *parts*; one without either lifts nothing there.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "allOf": [
                _for(*OF_TARGETS, required=["id"]),
                _for(*OF_ACCOUNTS, properties={"id": False, "part": False, "parts": False}),
                _for("max-deletions", required=["count"]),
                _for(*OF_TARGETS, "inventory-age", properties={"count": False}),
                {"not": {"required": ["part", "parts"]}},
            ]
        }
    )

    guard: Annotated[
        Literal["running", "protected", "resurrected", "max-deletions", "inventory-age"],
        Field(description="The guard that it lifts."),
    ]
    account: Annotated[AccountName, Field(description="The account's name.")]
    id: Annotated[Line | None, Field(description="The campaign's id.")] = None
    part: Annotated[
        Line | None, Field(description="One phone number or message of the campaign.")
    ] = None
    parts: Annotated[
        Literal["all"] | None, Field(description="All parts that the inventory's record lists.")
    ] = None
    count: Annotated[Whole | None, Field(description="The limit instead (max-deletions only).")] = (
        None
    )
    because: Annotated[Line, Field(description="Why; the plan shows it.")]
    ticket: Annotated[Line, Field(description="Under which ticket.")]
    until: Annotated[Day, Field(description="The last day it holds.")]
    path: Path = ""
    line: LineNumber = 0

    @staticmethod
    def cross_check(raw: dict[str, Any]) -> Iterator[Complaint]:
        guard = raw.get("guard")
        if guard in OF_TARGETS:
            if "id" not in raw:
                yield (), f"a waiver of {guard} is for one target: `id` is missing", "add `id: ...`"
        elif guard in OF_ACCOUNTS:
            for key in {"id", "part", "parts"} & raw.keys():
                yield (key,), f"a waiver of {guard} is for the account", f"remove `{key}`"
        if "part" in raw and "parts" in raw:
            yield ("parts",), "a waiver is for one part or for all", "keep `part` or `parts`"
        if guard == "max-deletions" and "count" not in raw:
            yield (), "a waiver of max-deletions sets a limit of its own", "add `count: ...`"
        if "count" in raw and isinstance(guard, str) and guard != "max-deletions":
            yield ("count",), "only a waiver of max-deletions has a count", "remove `count`"

"""The rules that refuse, and the waivers that lift one of them, as the project file has them."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from reconciler.declare.fields import (
    AccountName,
    Duration,
    Line,
    Positive,
    Regex,
    Whole,
    exactly_one,
    one_of,
)
from reconciler.declare.selector import Selector
from reconciler.declare.window import Window
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

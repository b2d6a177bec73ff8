"""The entries of a manifest: absences, and the exceptions from them."""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from reconciler.declare.fields import Line, Whole, exactly_one, one_of
from reconciler.declare.selector import Selector
from reconciler.driver.declared import Complaint, Declared, NotWritten

_NotWritten = Annotated[str, NotWritten()]


class Expectation(Declared):
    """How many campaigns a match may find; none at all is never a failure."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    min: Annotated[Whole | None, Field(description="At least so many.")] = None
    max: Annotated[Whole | None, Field(description="At most so many.")] = None

    @staticmethod
    def cross_check(raw: dict[str, Any]) -> Iterator[Complaint]:
        least, most = raw.get("min"), raw.get("max")
        if least is None and most is None:
            yield (), "expect needs min or max", "write `expect: {max: 20}`"
        elif _number(least) > _number(most) >= 0:
            yield (
                (),
                f"min {least} is more than max {most}",
                f"write `min: {most}` and `max: {least}`",
            )


def _number(text: object) -> int:
    """A bound as a number; -1 for what is none."""
    return int(text) if isinstance(text, str) and text.isascii() and text.isdigit() else -1


class Entry(Declared):
    """A campaign, or all that a selector finds: in `keep`, what no absence may delete.

    Exactly one of *id*, *name*, *match* is set.
    """

    model_config = ConfigDict(json_schema_extra=one_of("id", "name", "match"))

    id: Annotated[Line | None, Field(description="The campaign's id.")] = None
    name: Annotated[Line | None, Field(description="The campaign's name, exact.")] = None
    match: Annotated[Selector | None, Field(description="All that a selector finds.")] = None
    phone_numbers: Annotated[
        Annotated[tuple[Line, ...], Field(min_length=1)] | None,
        Field(description="Only drivers that delete numbers inside a campaign."),
    ] = None
    account: _NotWritten
    manifest: _NotWritten
    path: _NotWritten
    line: Annotated[int, NotWritten()]
    column: Annotated[int, NotWritten()]

    @staticmethod
    def cross_check(raw: dict[str, Any]) -> Iterator[Complaint]:
        yield from exactly_one(raw, ("id", "name", "match"))

    @property
    def expect_min(self) -> int | None:
        return None

    @property
    def expect_max(self) -> int | None:
        return None


class Absence(Entry):
    """A campaign, or all that a selector finds, that should not exist."""

    model_config = ConfigDict(
        json_schema_extra=one_of("id", "name", "match")
        | {"dependentRequired": {"expect": ["match"]}}
    )

    expect: Annotated[
        Expectation | None, Field(description="How many campaigns the match may find.")
    ] = None

    @staticmethod
    def cross_check(raw: dict[str, Any]) -> Iterator[Complaint]:
        yield from Entry.cross_check(raw)
        if "expect" in raw and "match" not in raw:
            yield ("expect",), "only a match has expect", "remove `expect`"

    @property
    def expect_min(self) -> int | None:
        return None if self.expect is None else self.expect.min

    @property
    def expect_max(self) -> int | None:
        return None if self.expect is None else self.expect.max

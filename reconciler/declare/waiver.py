"""Waivers: each lifts one guard, until a day."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from reconciler.declare.fields import AccountName, Day, Line, Whole
from reconciler.driver.declared import Complaint, Declared, NotWritten

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
    path: Annotated[str, NotWritten()] = ""
    line: Annotated[int, NotWritten()] = 0

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

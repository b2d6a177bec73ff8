"""A manifest: absences and their exceptions, as they are written and as everybody reads them."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from reconciler.declare.entries import Absence, Entry, Expectation
from reconciler.declare.fields import AccountName, Day, Line, name_type, wrong_way_round
from reconciler.declare.selector import Selector
from reconciler.driver.declared import Complaint, Declared, NotWritten, ReadFrom

__all__ = [
    "Absence",
    "Entry",
    "Expectation",
    "Manifest",
    "ManifestMetadata",
    "ManifestSpec",
    "Selector",
]

_NotWritten = Annotated[str, NotWritten()]


class ManifestMetadata(Declared):
    """Which absences these are, whose, and why."""

    name: Annotated[str, *name_type("[a-z0-9-]", 63), Field(description="Unique in the project.")]
    owner: Annotated[Line | None, Field(description="Who answers for it.")] = None
    reason: Annotated[Line | None, Field(description="Why they should not exist.")] = None
    ticket: Annotated[Line | None, Field(description="Under which ticket.")] = None
    not_before: Annotated[
        Day | None, Field(description="The first day its absences are enforced.")
    ] = None
    until: Annotated[Day | None, Field(description="The last day its absences are enforced.")] = (
        None
    )

    @staticmethod
    def cross_check(raw: dict[str, Any]) -> Iterator[Complaint]:
        if wrong_way_round(raw.get("notBefore"), raw.get("until")):
            yield ("until",), "`until` is before `notBefore`", "exchange them"


def _some(key: str) -> dict[str, Any]:
    return {"required": [key], "properties": {key: {"minItems": 1}}}


class ManifestSpec(Declared):
    """The absences, and their exceptions, of one account."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [_some("absent"), _some("keep")]})

    account: Annotated[AccountName, Field(description="The account's name in the project file.")]
    absent: Annotated[
        tuple[Absence, ...], Field(description="The campaigns that should not exist.")
    ] = ()
    keep: Annotated[
        tuple[Entry, ...], Field(description="What no absence of the project may delete.")
    ] = ()

    @staticmethod
    def cross_check(raw: dict[str, Any]) -> Iterator[Complaint]:
        if not raw.get("absent") and not raw.get("keep"):
            yield (), "nothing is declared here", "add `absent:` or `keep:` with an entry"


class Manifest(Declared):
    """Campaigns that should no longer exist.

    *digest* is the SHA-256 of the file's bytes, *line* where its document begins.
    """

    api_version: Annotated[Literal["reconciler/v1"], Field(description="Always reconciler/v1.")]
    kind: Annotated[Literal["CampaignAbsence"], Field(description="Always CampaignAbsence.")]
    metadata: Annotated[ManifestMetadata, Field(description="Which absences, whose, and why.")]
    spec: Annotated[ManifestSpec, Field(description="The absences, and their exceptions.")]
    path: _NotWritten
    line: Annotated[int, NotWritten()]
    digest: _NotWritten

    @classmethod
    def not_written(cls, raw: dict[str, Any], read: ReadFrom) -> dict[str, Any]:
        del raw
        return {name: read.known[name] for name in ("path", "line", "digest")}

    def uncounted(self) -> "Manifest":
        """The same, whatever its absences expect to find."""
        absent = tuple(one.model_copy(update={"expect": None}) for one in self.spec.absent)
        return self.model_copy(update={"spec": self.spec.model_copy(update={"absent": absent})})

    @property
    def name(self) -> str:
        return self.metadata.name

    @property
    def owner(self) -> str | None:
        return self.metadata.owner

    @property
    def reason(self) -> str | None:
        return self.metadata.reason

    @property
    def ticket(self) -> str | None:
        return self.metadata.ticket

    @property
    def not_before(self) -> date | None:
        return self.metadata.not_before

    @property
    def until(self) -> date | None:
        return self.metadata.until

    @property
    def account(self) -> str:
        return self.spec.account

    @property
    def absent(self) -> tuple[Absence, ...]:
        return self.spec.absent

    @property
    def keep(self) -> tuple[Entry, ...]:
        return self.spec.keep

"""manifests/: absences and their exceptions, as they are written and as everybody reads them."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from reconciler.declare.checked import validate
from reconciler.declare.fields import (
    AccountName,
    Day,
    Line,
    Whole,
    exactly_one,
    name_type,
    one_of,
    wrong_way_round,
)
from reconciler.declare.near import known_accounts
from reconciler.declare.project import ProjectFile
from reconciler.declare.required import missed
from reconciler.declare.selector import Selector
from reconciler.declare.strict import Document, parse
from reconciler.driver.declared import Complaint, Declared, Loc, NotWritten, ReadFrom
from reconciler.errors import Diagnostic

__all__ = [
    "METADATA",
    "Absence",
    "Entry",
    "Expectation",
    "Manifest",
    "ManifestMetadata",
    "ManifestSpec",
    "PartsOf",
    "Selector",
    "load",
]

PartsOf = Callable[[str], str | None]
"""Account name -> what its driver calls the parts of a campaign (`Driver.parts`)."""

METADATA = "metadata"
"""The code of what the guards miss in a manifest that is right otherwise."""

# ---------------------------------------------------------------- the values

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
            yield (), f"min {least} is more than max {most}", "exchange them"


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
        if "expect" in raw and "match" not in raw:
            yield ("expect",), "only a match has expect", "remove `expect`"

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

    @property
    def expect_min(self) -> int | None:
        return None if self.expect is None else self.expect.min

    @property
    def expect_max(self) -> int | None:
        return None if self.expect is None else self.expect.max


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


# ---------------------------------------------------------------- files -> values


def load(
    files: Sequence[tuple[str, bytes]], project: ProjectFile | None, *, parts: PartsOf | None = None
) -> tuple[tuple[Manifest, ...], list[Diagnostic]]:
    """The manifests of *files* (path, bytes) that are right, and every diagnostic of all.

    A manifest that lacks metadata the guards require is among both: its keeps hold, and the plan
    refuses its absences. Without a *project* nothing is said of accounts and guards; without
    *parts* nothing of where `phoneNumbers` belong.
    """
    manifests: list[Manifest] = []
    problems: list[Diagnostic] = []
    names: dict[str, tuple[str, int]] = {}
    for path, data in files:
        documents, found = parse(data, path)
        problems += found
        digest = hashlib.sha256(data).hexdigest()
        if not found and all(document.value is None for document in documents):
            problems.append(_empty(path))
        for document in documents:
            if document.value is None:
                continue  # an empty document declares nothing
            manifest, found = _read(document, path, digest)
            found += _taken(document, path, names)
            found += _of_account(document, path, project, parts)
            problems += found
            if manifest is not None and not any(one.severity == "error" for one in found):
                manifests.append(manifest)
            if project is not None:
                problems += _guarded(document, path, project)
    return tuple(manifests), problems


def _empty(path: str) -> Diagnostic:
    said = "holds no document: nothing is declared here, and nothing kept"
    fix = "write the manifest, or remove the file"
    return Diagnostic("warning", "empty-manifest", said, path, 1, 1, fix)


def _read(document: Document, path: str, digest: str) -> tuple[Manifest | None, list[Diagnostic]]:
    kind = document.at(("kind",))
    if kind in ("Project", "Inventory", "Plan", "Report"):
        said = f"this is a file of kind {kind}, where a CampaignAbsence is read"
        return None, [_error(document, path, ("kind",), "kind", said, "move it out of here")]
    read = ReadFrom(path=path, line=document.line, digest=digest)
    read.known["manifest"] = _text(document.at(("metadata", "name")))
    read.known["account"] = _text(document.at(("spec", "account")))
    return validate(Manifest, document, path, read=read)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""  # then it is wrong, and that is told


def _error(
    document: Document, path: str, loc: Loc, code: str, message: str, fix: str | None
) -> Diagnostic:
    line, column = document.blame(loc)
    return Diagnostic("error", code, message, path, line, column, fix)


def _taken(document: Document, path: str, names: dict[str, tuple[str, int]]) -> list[Diagnostic]:
    """A name that an earlier manifest has."""
    name = document.at(("metadata", "name"))
    if not isinstance(name, str):
        return []
    line = document.place(("metadata", "name"))[0]
    first = names.setdefault(name, (path, line))
    if first == (path, line):
        return []
    said = f"the name `{name}` is taken by {first[0]}:{first[1]}"
    loc = ("metadata", "name")
    return [_error(document, path, loc, "duplicate-name", said, "choose another name")]


def _of_account(
    document: Document, path: str, project: ProjectFile | None, parts: PartsOf | None
) -> list[Diagnostic]:
    """What only the project knows: is there such an account, and does its vendor have parts."""
    name = document.at(("spec", "account"))
    if project is None or not isinstance(name, str) or not name:
        return []
    if name not in project.accounts:
        said = f"there is no account `{name}` in {project.path}"
        fix = known_accounts(name, project.accounts)
        return [_error(document, path, ("spec", "account"), "account", said, fix)]
    if parts is None or parts(name) == "phoneNumbers":
        return []
    said = f"the driver {project.accounts[name].driver} deletes whole campaigns, not phone numbers"
    return [
        _error(document, path, loc, "phone-numbers", said, "remove `phoneNumbers`")
        for loc in _phone_numbers(document)
    ]


def _phone_numbers(document: Document) -> Iterator[Loc]:
    for role in ("absent", "keep"):
        entries = document.at(("spec", role))
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            if isinstance(entry, dict) and "phoneNumbers" in entry:
                yield "spec", role, index, "phoneNumbers"


# ---------------------------------------------------------------- guards on metadata


def _guarded(document: Document, path: str, project: ProjectFile) -> list[Diagnostic]:
    """What the guards miss, told even when the manifest is wrong elsewhere."""
    name, metadata = document.at(("spec", "account")), document.at(("metadata",))
    account = project.accounts.get(name) if isinstance(name, str) else None
    if account is None or not isinstance(metadata, dict) or not document.at(("spec", "absent")):
        return []
    found = []
    for key, pattern in missed(metadata, account.guards):
        if pattern is None:
            said = f"`{key}` is required by this project", f"add `{key}: ...` to the metadata"
        else:
            wrong = f"the ticket `{metadata[key]}` does not match {pattern}"
            said = wrong, "write a ticket of that form"
        found.append(_error(document, path, ("metadata", key), METADATA, *said))
    return found

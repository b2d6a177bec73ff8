"""manifests/ -> absences: the schema of a manifest, its cross-checks, the frozen values."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta

from reconciler.declare.fields import Day, Line, Match, Model, Whole, exactly_one, name_type
from reconciler.declare.project import known_accounts
from reconciler.declare.strict import Document, Loc, parse
from reconciler.declare.structs import Complaint, validate
from reconciler.errors import Diagnostic
from reconciler.model import Entry, Manifest, Project
from reconciler.plan.guards.metadata import missed

PartsOf = Callable[[str], str | None]
"""Account name -> what its driver calls the parts of a campaign (`Driver.parts`)."""

METADATA = "metadata"
"""The code of what the guards miss in a manifest that is right otherwise."""

# ---------------------------------------------------------------- the schema

_ONE_OF: list[Any] = [{"required": [key]} for key in ("id", "name", "match")]
_SOME_OF: list[Any] = [
    {"required": [key], "properties": {key: {"minItems": 1}}} for key in ("absent", "keep")
]


class ExpectModel(Model, frozen=True):
    """How many campaigns a match may find; none at all is never a failure."""

    schema_extra = {"minProperties": 1}

    min: Whole | None = None
    max: Whole | None = None

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


class KeepModel(Model, frozen=True):
    """An exception: what no absence of the project may delete."""

    schema_extra = {"oneOf": _ONE_OF}

    id: Line | None = None
    name: Annotated[Line | None, Meta(description="Exact.")] = None
    match: Match | None = None
    phone_numbers: Annotated[
        Annotated[tuple[Line, ...], Meta(min_length=1)] | None,
        Meta(description="Only drivers that delete numbers inside a campaign."),
    ] = None

    @staticmethod
    def cross_check(raw: dict[str, Any]) -> Iterator[Complaint]:
        yield from exactly_one(raw, ("id", "name", "match"))
        if "expect" in raw and "match" not in raw:
            yield ("expect",), "only a match has expect", "remove `expect`"


class AbsentModel(KeepModel, frozen=True):
    """A campaign, or all that a selector finds, that should not exist."""

    schema_extra = {"oneOf": _ONE_OF, "dependentRequired": {"expect": ["match"]}}

    expect: ExpectModel | None = None


class MetadataModel(Model, frozen=True):
    """Which absences these are, whose, and why."""

    name: Annotated[str, *name_type("[a-z0-9-]", 63), Meta(description="Unique in the project.")]
    owner: Line | None = None
    reason: Line | None = None
    ticket: Line | None = None
    until: Annotated[Day | None, Meta(description="The last day its absences are enforced.")] = None


class ManifestSpec(Model, frozen=True):
    """The absences, and their exceptions, of one account."""

    schema_extra = {"anyOf": _SOME_OF}

    account: Line
    absent: tuple[AbsentModel, ...] = ()
    keep: tuple[KeepModel, ...] = ()

    @staticmethod
    def cross_check(raw: dict[str, Any]) -> Iterator[Complaint]:
        if not raw.get("absent") and not raw.get("keep"):
            yield (), "nothing is declared here", "add `absent:` or `keep:` with an entry"


class ManifestModel(Model, frozen=True):
    """Campaigns that should no longer exist."""

    api_version: Literal["reconciler/v1"]
    kind: Literal["CampaignAbsence"]
    metadata: MetadataModel
    spec: ManifestSpec


# ---------------------------------------------------------------- files -> values


def load(
    files: Sequence[tuple[str, bytes]], project: Project | None, *, parts: PartsOf | None = None
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
    checked, found = validate(ManifestModel, document, path)
    if checked is None:
        return None, found
    spec, metadata = checked.spec, checked.metadata
    return Manifest(
        name=metadata.name,
        path=path,
        line=document.line,
        digest=digest,
        account=spec.account,
        absent=_entries(spec.absent, checked, document, path, ("spec", "absent")),
        keep=_entries(spec.keep, checked, document, path, ("spec", "keep")),
        owner=metadata.owner,
        reason=metadata.reason,
        ticket=metadata.ticket,
        until=metadata.until,
    ), found


def _entries(
    checked: Sequence[KeepModel], manifest: ManifestModel, document: Document, path: str, at: Loc
) -> tuple[Entry, ...]:
    places, written = document.places(at), document.at(at)
    raws: Sequence[Any] = written if isinstance(written, list) else ()
    found = zip(checked, places, raws, strict=True)
    return tuple([_entry(one, manifest, path, place, raw) for one, place, raw in found])


def _entry(
    checked: KeepModel, manifest: ManifestModel, path: str, place: tuple[int, int], raw: Any
) -> Entry:
    match, written = checked.match, raw.get("match")
    expect = checked.expect if isinstance(checked, AbsentModel) else None
    return Entry(
        account=manifest.spec.account,
        manifest=manifest.metadata.name,
        path=path,
        line=place[0],
        column=place[1],
        id=checked.id,
        name=checked.name,
        match=match.selector(written) if match and isinstance(written, dict) else None,
        phone_numbers=checked.phone_numbers,
        expect_min=expect.min if expect else None,
        expect_max=expect.max if expect else None,
    )


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
    document: Document, path: str, project: Project | None, parts: PartsOf | None
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


def _guarded(document: Document, path: str, project: Project) -> list[Diagnostic]:
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

"""The files of manifests -> the manifests, and everything that is wrong with them."""

import hashlib
from collections.abc import Callable, Iterator, Sequence

from reconciler.declare.checked import validate
from reconciler.declare.manifest import Manifest
from reconciler.declare.near import known_accounts
from reconciler.declare.project import ProjectFile
from reconciler.declare.required import missed
from reconciler.declare.strict import YamlDocument, parse
from reconciler.driver.declared import Loc, ReadFrom
from reconciler.errors import Diagnostic

PartsOf = Callable[[str], str | None]
"""Account name -> what its driver calls the parts of a campaign (`Driver.parts`)."""

METADATA = "metadata"
"""The code of what the guards miss in a manifest that is right otherwise."""


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


def _read(
    document: YamlDocument, path: str, digest: str
) -> tuple[Manifest | None, list[Diagnostic]]:
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
    document: YamlDocument, path: str, loc: Loc, code: str, message: str, fix: str | None
) -> Diagnostic:
    line, column = document.blame(loc)
    return Diagnostic("error", code, message, path, line, column, fix)


def _taken(
    document: YamlDocument, path: str, names: dict[str, tuple[str, int]]
) -> list[Diagnostic]:
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
    document: YamlDocument, path: str, project: ProjectFile | None, parts: PartsOf | None
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


def _phone_numbers(document: YamlDocument) -> Iterator[Loc]:
    for role in ("absent", "keep"):
        entries = document.at(("spec", role))
        for index, entry in enumerate(entries if isinstance(entries, list) else ()):
            if isinstance(entry, dict) and "phoneNumbers" in entry:
                yield "spec", role, index, "phoneNumbers"


# ---------------------------------------------------------------- guards on metadata


def _guarded(document: YamlDocument, path: str, project: ProjectFile) -> list[Diagnostic]:
    """What the guards miss, told even when the manifest is wrong elsewhere."""
    name, metadata = document.at(("spec", "account")), document.at(("metadata",))
    account = project.accounts.get(name) if isinstance(name, str) else None
    if account is None or not isinstance(metadata, dict) or not document.at(("spec", "absent")):
        return []
    found = []
    for key, pattern in missed(metadata, account.guards):
        if isinstance(metadata.get(key), list | dict):
            continue  # it is there, and told to be no text
        if pattern is None:
            said = f"`{key}` is required by this project", f"add `{key}: ...` to the metadata"
        else:
            wrong = f"the ticket `{metadata[key]}` does not match {pattern}"
            said = wrong, "write a ticket of that form"
        found.append(_error(document, path, ("metadata", key), METADATA, *said))
    return found

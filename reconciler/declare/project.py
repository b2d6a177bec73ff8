"""reconciler.yaml: the project, as it is written and as everybody reads it."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, ValidationInfo, WithJsonSchema, field_validator

from reconciler.declare.account import Account, FindDriver, ReadProject
from reconciler.declare.checked import validate
from reconciler.declare.definition import definition
from reconciler.declare.fields import Inside, Name
from reconciler.declare.guards import (
    AccountGuards,
    Approvals,
    Guards,
    MaxDeletions,
    Protect,
)
from reconciler.declare.inventory import InventoryEntry
from reconciler.declare.near import known_accounts
from reconciler.declare.notify import Notify
from reconciler.declare.scopes import scopeless
from reconciler.declare.strict import parse
from reconciler.declare.waiver import Waiver
from reconciler.declare.window import Window
from reconciler.driver import Credential
from reconciler.driver.declared import Complaint, Declared, Loc, NotWritten
from reconciler.errors import Diagnostic
from reconciler.model import Reading

__all__ = [
    "Account",
    "AccountGuards",
    "Approvals",
    "FindDriver",
    "Guards",
    "MaxDeletions",
    "ProjectFile",
    "ProjectMetadata",
    "ProjectSpec",
    "Protect",
    "Waiver",
    "Window",
    "definition",
    "load",
]


_SQLITE = "sqlite:///"
_IN_ENV = "{env: RECONCILER_STATE}, a variable that holds it"


def _state(raw: str | dict[str, Any] | list[Any] | Credential) -> str | Credential:
    """`sqlite:///PATH`, or the variable that holds it or a `postgresql://` URL."""
    if isinstance(raw, dict) and list(raw) == ["env"]:
        return Credential.model_validate(raw)
    if isinstance(raw, Credential):
        return raw
    if isinstance(raw, dict | list):
        raise ValueError(f"is neither sqlite:///PATH nor a variable; write {_IN_ENV}")  # noqa: TRY004
    if raw.startswith(("postgresql:", "postgres:")):
        raise ValueError(f"must not be written here, for it may hold a password; write {_IN_ENV}")
    if not raw.startswith(_SQLITE) or len(raw) == len(_SQLITE):
        raise ValueError("must be sqlite:///PATH, such as sqlite:///.reconciler/state.db")
    return raw


_STATE = WithJsonSchema(
    {
        "anyOf": [
            {"type": "string", "pattern": f"^{_SQLITE}."},
            {
                "type": "object",
                "properties": {"env": {"type": "string", "description": "The variable's name."}},
                "required": ["env"],
                "additionalProperties": False,
            },
        ]
    }
)


class ProjectSpec(Declared):
    """Accounts, guards, waivers and paths. Paths count from the project's folder."""

    manifests: Annotated[
        tuple[Inside, ...],
        Field(description="Folders, files and globs of the manifests; []: there are none."),
    ] = ("manifests",)
    inventory: Annotated[
        tuple[InventoryEntry, ...],
        Field(
            min_length=1,
            description="The inventory's files, read as one.",
            json_schema_extra={"default": ["inventory.ndjson"]},
        ),
    ] = (InventoryEntry.model_construct(path="inventory.ndjson"),)
    state: Annotated[
        str | Credential,
        PlainValidator(_state),
        _STATE,
        Field(
            description="The state: sqlite:///PATH, or {env: NAME}, a variable that holds it or a "
            "postgresql:// URL."
        ),
    ] = "sqlite:///.reconciler/state.db"
    guards: Annotated[Guards, Field(description="The rules that refuse.")] = (
        Guards.model_construct()
    )
    notify: Annotated[
        tuple[Notify, ...], Field(description="Who is told of an apply; sent by `apply` alone.")
    ] = ()
    accounts: Annotated[
        Mapping[Name, Account],
        Field(min_length=1, description="By the name that manifests use."),
    ]
    waivers: Annotated[
        tuple[Waiver, ...], Field(description="Each lifts one guard, until a day.")
    ] = ()

    @field_validator("accounts", mode="wrap")
    @classmethod
    def _named(cls, raw: Any, handler: Any, info: ValidationInfo) -> Mapping[str, Account]:
        """Each account with its name, its guards over the project's."""
        read = info.context
        if isinstance(read, ReadProject):
            read.guards = info.data.get("guards", read.guards)
        found: Mapping[str, Account] = handler(raw)
        return {
            name: one if one.name else one.model_copy(update={"name": name})
            for name, one in found.items()
        }

    @staticmethod
    def cross_check(raw: dict[str, Any]) -> Iterator[Complaint]:
        accounts = raw.get("accounts")
        if not isinstance(accounts, dict):
            return
        for loc, name in _named_accounts(raw):
            if isinstance(name, str) and name not in accounts:
                yield loc, f"there is no account `{name}`", known_accounts(name, accounts)
        for own, account in accounts.items():
            for loc, name in _protected(account, ("accounts", own)):
                if isinstance(name, str) and name != own:
                    said = f"this protects another account than `{own}`"
                    yield loc, said, "leave `account` out here, or move it to spec.guards"


def _named_accounts(raw: dict[str, Any]) -> Iterator[tuple[Loc, object]]:
    yield from _protected(raw, ())
    waivers = raw.get("waivers")
    for index, waiver in enumerate(waivers if isinstance(waivers, list) else ()):
        if isinstance(waiver, dict):
            yield ("waivers", index, "account"), waiver.get("account")


def _protected(raw: object, loc: Loc) -> Iterator[tuple[Loc, object]]:
    """Where the guards of *raw* protect which account."""
    guards = raw.get("guards") if isinstance(raw, dict) else None
    entries = guards.get("protect") if isinstance(guards, dict) else None
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict) and "account" in entry:
            yield (*loc, "guards", "protect", index, "account"), entry["account"]


class ProjectMetadata(Declared):
    """Who this project is."""

    name: Annotated[Name, Field(description="The project's name; a plan is of one project.")]


class ProjectFile(Declared):
    """The project file: the only place that may name a host, a credential source or a limit."""

    api_version: Annotated[Literal["reconciler/v1"], Field(description="Always reconciler/v1.")]
    kind: Annotated[Literal["Project"], Field(description="Always Project.")]
    metadata: Annotated[ProjectMetadata, Field(description="Who this project is.")]
    spec: Annotated[ProjectSpec, Field(description="Accounts, guards, waivers and paths.")]
    path: Annotated[str, NotWritten()] = ""
    digest: Annotated[str, NotWritten()] = ""

    @property
    def name(self) -> str:
        return self.metadata.name

    @property
    def accounts(self) -> Mapping[str, Account]:
        return self.spec.accounts

    @property
    def guards(self) -> Guards:
        return self.spec.guards

    @property
    def notify(self) -> tuple[Notify, ...]:
        """Who is told of an apply."""
        return self.spec.notify

    @property
    def waivers(self) -> tuple[Waiver, ...]:
        return self.spec.waivers

    @property
    def manifests(self) -> tuple[str, ...]:
        return self.spec.manifests

    @property
    def inventory(self) -> tuple[str, ...]:
        """The inventory's files, from the project's folder."""
        return tuple(one.path for one in self.spec.inventory)

    @property
    def readings(self) -> Mapping[str, Reading]:
        """How some of the inventory's files are read, by path."""
        every = {one.path: one.reading for one in self.spec.inventory}
        return {path: one for path, one in every.items() if one != Reading()}

    @property
    def state(self) -> str | Credential:
        return self.spec.state


# ---------------------------------------------------------------- file -> value


def load(
    data: bytes,
    path: str,
    *,
    find_driver: FindDriver,
    driver_names: Sequence[str] | Callable[[], Sequence[str]],
) -> tuple[ProjectFile | None, list[Diagnostic]]:
    """The project of a file's bytes, or None with every error; warnings come with a project.

    *driver_names* are asked for only when a driver is not found (listing them may be slow).
    """
    documents, problems = parse(data, path)
    if len(documents) != 1:
        if not problems:
            said, way = (
                ("holds several documents", "keep one of them")
                if documents
                else ("is empty", "`reconciler init` writes one to begin with")
            )
            said = f"the project file {said}"
            problems.append(Diagnostic("error", "project", said, path, 1, 1, way))
        return None, problems
    read = ReadProject(
        find_driver=find_driver,
        driver_names=driver_names,
        path=path,
        digest=hashlib.sha256(data).hexdigest(),
    )
    found, told = validate(ProjectFile, documents[0], path, read=read, quotes=True)
    problems += told
    if found is not None:
        problems += scopeless(dict(found.accounts), documents[0], path, find_driver)
    wrong = any(one.severity == "error" for one in problems)
    return None if wrong else found, problems

"""Projects and manifests as values, for tests that need no file."""

from collections.abc import Mapping, Sequence
from typing import Any

from reconciler import drivers
from reconciler.declare.manifest import (
    Absence,
    Entry,
    Expectation,
    Manifest,
    ManifestMetadata,
    ManifestSpec,
)
from reconciler.declare.project import Account, ProjectFile, ProjectMetadata, ProjectSpec
from reconciler.driver import Driver


def project_of(
    accounts: Mapping[str, Account],
    *,
    name: str = "p",
    path: str = "reconciler.yaml",
    digest: str = "",
    **spec: Any,
) -> ProjectFile:
    """A project; *spec*: what else its spec says."""
    return ProjectFile(
        api_version="reconciler/v1",
        kind="Project",
        metadata=ProjectMetadata(name=name),
        spec=ProjectSpec(accounts=accounts, **spec),
        path=path,
        digest=digest,
    )


def manifest_of(
    *,
    name: str = "m",
    account: str = "a",
    absent: Sequence[Absence] = (),
    keep: Sequence[Entry] = (),
    path: str = "m.yaml",
    line: int = 1,
    digest: str = "",
    **metadata: Any,
) -> Manifest:
    """A manifest; *metadata*: owner, reason, ticket, notBefore, until."""
    return Manifest(
        api_version="reconciler/v1",
        kind="CampaignAbsence",
        metadata=ManifestMetadata(name=name, **metadata),
        spec=ManifestSpec(account=account, absent=tuple(absent), keep=tuple(keep)),
        path=path,
        line=line,
        digest=digest,
    )


def absence_of(
    *, expect_min: int | None = None, expect_max: int | None = None, **fields: Any
) -> Absence:
    """An absence; its expectation flat."""
    expect = None
    if expect_min is not None or expect_max is not None:
        expect = Expectation(min=expect_min, max=expect_max)
    made = Absence(
        expect=expect, **{**fields, "phone_numbers": fields.get("phone_numbers") or None}
    )
    return made.model_copy(update=fields)  # what no file can say is said too


def every_driver() -> list[Driver]:
    """The built-in drivers."""
    return [one for name in drivers.names() if (one := drivers.find(name)) is not None]

"""Who asks for what: the manifests of a plan or report, and the rows that each is behind.

A manifest's rows stand together in every view, under its owner, its reason and its ticket. What
several manifests ask for stands with the first; so everything is counted once.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

import msgspec

from reconciler.model import ManifestDocument, ManifestFile, Source
from reconciler.plan.spool import grouped


class Asker(msgspec.Struct, frozen=True):
    """One manifest, and the account of what it asks for. *path* None: no manifest is known.

    *document* None: the plan does not say who it is.
    """

    account: str
    path: str | None
    manifest: str | None
    document: ManifestDocument | None = None

    @property
    def name(self) -> str:
        return self.manifest or "no manifest"


class AskedFor(Protocol):
    """What absences ask for: an action, a target."""

    @property
    def account(self) -> str: ...

    @property
    def sources(self) -> tuple[Source, ...]: ...


R = TypeVar("R", bound=AskedFor)


class Askers:
    """Finds the asker of a row, by what the plan says of its manifests."""

    def __init__(self, manifests: Iterable[ManifestFile]) -> None:
        self._documents: Mapping[tuple[str, str], ManifestDocument] = {
            (file.path, one.name): one for file in manifests for one in file.documents
        }
        self._known: dict[Hashable, Asker] = {}

    def of(self, row: "AskedFor") -> Asker:
        """Who asks for *row*; of several, the first."""
        return self.of_source(row.account, row.sources[0] if row.sources else None)

    def of_source(self, account: str, source: Source | None) -> Asker:
        """Who is behind *source*, an absence of *account*."""
        key = (account, source.path, source.manifest) if source else account
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._made(account, source)
        return found

    def _made(self, account: str, source: Source | None) -> Asker:
        if source is None:
            return Asker(account, None, None)
        document = self._documents.get((source.path, source.manifest))
        return Asker(account, source.path, source.manifest, document)

    def document(self, source: Source) -> ManifestDocument | None:
        """Who is behind *source*."""
        return self._documents.get((source.path, source.manifest))

    def grouped(self, rows: Sequence[R]) -> dict[Asker, Sequence[R]]:
        """*rows* by their asker: by account, then path, then name; inside each as they come."""
        found = grouped(rows, self.of)
        return {asker: found[asker] for asker in sorted(found, key=place)}


def place(asker: Asker) -> tuple[str, bool, str, str]:
    """Where *asker* stands in a view."""
    return (asker.account, asker.path is None, asker.path or "", asker.manifest or "")


def facts(document: ManifestDocument | None) -> list[tuple[str, str]]:
    """What is known of who asks, as (word, text), without the reason."""
    if document is None:
        return []
    known = [
        ("owner", document.owner),
        ("ticket", document.ticket),
        ("not before", document.not_before),
        ("until", document.until),
    ]
    return [(word, text) for word, text in known if text]


def missing(document: ManifestDocument | None) -> str:
    """`no owner, no reason, no ticket`: what the manifest does not say; empty if it says all."""
    fields = ("owner", "reason", "ticket")
    return ", ".join(f"no {word}" for word in fields if not getattr(document, word, None))

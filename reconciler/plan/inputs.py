"""What a plan says of the manifests it was made from."""

from collections.abc import Sequence
from datetime import date

from reconciler.declare.manifest import Manifest
from reconciler.model import ManifestDocument, ManifestFile


def files(manifests: Sequence[Manifest]) -> tuple[ManifestFile, ...]:
    """The files of *manifests* by path, each with its documents by line."""
    by_path: dict[str, list[Manifest]] = {}
    for one in sorted(manifests, key=lambda one: (one.path, one.line)):
        by_path.setdefault(one.path, []).append(one)
    return tuple(
        ManifestFile(
            path=path,
            sha256=found[0].digest.removeprefix("sha256:"),
            documents=tuple(map(document, found)),
        )
        for path, found in by_path.items()
    )


def document(manifest: Manifest) -> ManifestDocument:
    """Who, why and under which ticket."""
    return ManifestDocument(
        name=manifest.name,
        owner=manifest.owner,
        reason=manifest.reason,
        ticket=manifest.ticket,
        not_before=_day(manifest.not_before),
        until=_day(manifest.until),
    )


def _day(value: date | None) -> str | None:
    return None if value is None else value.isoformat()

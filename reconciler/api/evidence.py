"""`evidence`: one archive with everything that an auditor asks for about a plan."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

from reconciler import disk
from reconciler.api.given import One
from reconciler.errors import NotVerified, Usage
from reconciler.plan.saved import Saved
from reconciler.prove import evidence as archive
from reconciler.prove import verify
from reconciler.prove.gathering import Kept, gathered
from reconciler.site import Site

# Suffixes of archives that it is not: whoever opens one by its name would be misled.
_OTHERS = frozenset({".zip", ".tar", ".7z", ".rar", ".xz", ".bz2", ".zst", ".txz", ".tbz"})


@dataclass(frozen=True, slots=True)
class Evidence:
    """An archive that was written to *path*.

    *files* and *records* (of the audit log) are in it; *missing* are files that the plan rests on
    and that could not be had as they were, each with why. *fault*: why it does not verify, if so.
    """

    path: Path
    files: int
    records: int
    missing: tuple[tuple[str, str], ...]
    fault: str | None


def evidence(site: Site, saved: Saved, out: One) -> Evidence:
    """Pack *saved*, what it rests on and what was done under it into *out*, and check that."""
    place = Path(out)
    if place.suffix.lower() in _OTHERS:
        name = f"{place.name[: -len(place.suffix)]}.tar.gz"
        raise Usage(f"the evidence is a tar, gzipped, and no {place.suffix[1:]}: name it {name}")
    with (
        _kept(site) as kept,
        gathered(site, saved, kept) as sources,
        disk.written_whole(place) as file,
    ):
        packed = archive.pack(sources, file)
    fault = None
    with place.open("rb") as file:
        try:
            verify.evidence(file)
        except NotVerified as error:
            fault = str(error)
    return Evidence(place, packed.members, packed.records, packed.missing, fault)


@contextmanager
def _kept(site: Site) -> Iterator[Kept | None]:
    """What lies in a state that machines share; None where it lies in the project's folder."""
    from reconciler.lanes import state

    project = site.load_project()
    if state.shared_url(site, project) is None:
        yield None
        return
    with state.journal_read(site, project) as opened, TemporaryFile() as log:
        assert opened.shared is not None
        log.writelines(opened.shared.log())
        log.seek(0)
        yield Kept(
            report=lambda digest: state.kept(site, opened, "report", digest),
            signatures=lambda digest: state.kept(site, opened, "signatures", digest),
            copy=lambda named: state.kept(site, opened, "copy", named),
            audit=log,
        )

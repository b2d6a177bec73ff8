"""The file that a pull writes anew: which one it is, and what it says until then."""

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO

from reconciler import disk
from reconciler.declare.project import ProjectFile
from reconciler.errors import Diagnostic, InputError, ReconcilerError, Usage
from reconciler.inventory import InventorySource, Reader, format_of
from reconciler.inventory.sources import named_source
from reconciler.model import AccountFacts, Campaign
from reconciler.site import Site


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the inventory goes. *others*: the project's files that are read beside it."""

    path: Path
    shown: str
    format: str
    gzip: bool
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Old:
    """The file as it is: the facts of every account, and the records of those that were wanted.

    *reader* and *digest* are None if there is no file yet.
    """

    records: Mapping[str, Sequence[Campaign]]
    facts: Mapping[str, AccountFacts]
    digest: str | None = None
    reader: Reader | None = None


def place_of(site: Site, project: ProjectFile, out: str | None) -> Destination:
    """The file to write; what would fail after the listing fails here, before anything is sent."""
    own = {os.path.realpath(site.root / one): one for one in project.inventory}
    if out is None:
        name = project.inventory[0]
        path, shown = disk.inside(site.root, name), site.shown(name)
    else:
        mine = own.get(os.path.realpath(out))
        path = Path(out) if mine is None else disk.inside(site.root, mine)
        shown = out
    format_ = format_of(shown)
    if out == "-" or format_ is None:
        raise Usage(f"the name of {shown!r} does not say a format; use .ndjson, .json or .yaml")
    if format_ == "csv":
        raise Usage(
            f"{shown!r}: CSV has no header, so it cannot say when an account was listed or that "
            "something is missing; pull into .ndjson and use `inventory convert`"
        )
    if path.exists() and not path.is_file():
        raise ReconcilerError(f"cannot write {shown}: it is not a regular file")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise ReconcilerError(f"cannot write {shown}: no folder that can be written to")
    real = os.path.realpath(path)
    others = tuple(one for place, one in own.items() if place != real) if real in own else ()
    return Destination(path, shown, format_, shown.lower().endswith(".gz"), others)


def read_old(
    place: Destination, accounts: Collection[str], now: datetime, wanted: Collection[str] = ()
) -> Old:
    """The whole old file, with the records of the accounts *wanted*; `InputError` if it is damaged.

    *accounts* are the project's.
    """
    records: dict[str, list[Campaign]] = {name: [] for name in wanted}
    if not place.path.exists():
        return Old(records, {})
    source = InventorySource(place.shown, partial(_open, place.path), place.format)
    reader = Reader([source], accounts=accounts, now=now)
    try:
        for batch in reader:
            for one in batch if records else ():
                if one.account in records:
                    records[one.account].append(one)
    except InputError as error:
        fix = f"mend {place.shown}, or move it away to begin a new one"
        said = "the old inventory cannot be read, and a pull would lose what only it knows"
        raise InputError(
            [*error.diagnostics, Diagnostic("error", "pull", said, fix=fix)]
        ) from error
    facts = reader.facts()
    return Old(records, facts.accounts, facts.files[0].sha256, reader)


def refuse_elsewhere(
    site: Site, project: ProjectFile, place: Destination, names: Collection[str]
) -> None:
    """An account that another inventory file of the project holds would be there twice."""
    for path in [one for one in place.others if (site.root / one).is_file()]:
        shown = site.shown(path)
        source = named_source(site, project, path)
        reader = Reader([source], accounts=project.accounts.keys(), now=site.now())
        for _ in reader:
            pass
        twice = sorted(set(names) & reader.facts().accounts.keys())
        if twice:
            chosen = " ".join(f"--account {name}" for name in twice)
            raise ReconcilerError(
                f"{', '.join(twice)}: in {shown}, not in {place.shown}; "
                f"pull with --out {shown} {chosen}. Nothing was sent"
            )


def _open(path: Path) -> BinaryIO:
    return path.open("rb")

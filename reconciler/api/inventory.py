"""`inventory diff`, `stats` and `convert`: files compared, counted, written in another format."""

import os
from collections.abc import Iterable
from contextlib import ExitStack
from typing import BinaryIO, Unpack

from reconciler.api.given import GivenReading, One, Some, inventory_of, texts
from reconciler.errors import Usage
from reconciler.inventory import Reader
from reconciler.inventory.csvwrite import CsvColumns
from reconciler.inventory.diff import Diff
from reconciler.inventory.diff import diff as compare
from reconciler.inventory.sources import (
    STDIN,
    Given,
    format_by_suffix,
    given_sources,
    inventory_sources,
)
from reconciler.inventory.stats import Stats
from reconciler.inventory.write import gzipped, pieces, save
from reconciler.safe import terminal
from reconciler.site import Site


def diff(site: Site, before: One, after: One, **reads: Unpack[GivenReading]) -> Diff:
    """What appeared, what is gone and what changed from *before* to *after*, field by field."""
    pair = texts((before, after))
    if pair == (STDIN, STDIN):
        raise Usage("only one of the two can be standard input")
    with ExitStack() as spooled:
        readers = [_reader(site, inventory_of(one, **reads), spooled) for one in pair]
        found = compare(*readers)
        for reader in readers:
            _warn(site, reader)
    return found


def stats(
    site: Site, files: Some = (), *, label: str = "owner", **reads: Unpack[GivenReading]
) -> Stats:
    """How many campaigns *files* hold; none: the project's."""
    given = inventory_of(files, **reads)
    with ExitStack() as spooled:
        if given.files:
            reader = _reader(site, given, spooled)
        else:
            sources = inventory_sources(site, site.load_project(), given, spooled)
            reader = Reader(sources, accounts=None, now=site.now())
        found = Stats(label, site.now())
        for batch in reader:
            found.see(batch)
        found.facts = reader.facts().accounts
        _warn(site, reader)
    return found


def convert(
    site: Site,
    source: One,
    target: One | BinaryIO,
    *,
    to: str | None = None,
    **reads: Unpack[GivenReading],
) -> int:
    """Write *source* as *target*; how many campaigns there are.

    *target* is a path, whose suffix says the format and whether it is packed, or a stream.
    """
    (path,) = texts(source)
    name = os.fspath(target) if isinstance(target, str | os.PathLike) else STDIN
    to = to or format_by_suffix(name, "--to")
    with ExitStack() as spooled:
        reader = _reader(site, inventory_of(path, **reads), spooled, "--from")
        columns = CsvColumns()
        for batch in reader:
            if to == "csv":
                columns.see(batch)
        facts = reader.facts()
        _warn(site, reader)
        accounts = facts.accounts.values()
        if to == "csv" and any(one.captured_at or one.complete is not None for one in accounts):
            site.note("warning: CSV has no header: capture time and completeness are left out")
        if to == "csv" and columns.rewritten:
            site.note(
                "warning: some ids look as if a spreadsheet had made them; say --set ids=text when"
                " the CSV is read"
            )
        parts: Iterable[bytes] = pieces(reader, facts.accounts, to, columns=columns)
        if isinstance(target, str | os.PathLike):
            save(name, gzipped(parts) if name.lower().endswith(".gz") else parts)
        else:
            target.writelines(parts)
    return sum(one.campaigns or 0 for one in accounts)


def _reader(
    site: Site, given: Given, spooled: ExitStack, option: str = "--inventory-format"
) -> Reader:
    sources = given_sources(site, given, spooled, option=option)
    return Reader(sources, accounts=None, now=site.now())


def _warn(site: Site, reader: Reader) -> None:
    for one in reader.facts().warnings:
        site.note(f"warning: {terminal(str(one))}")

"""`inventory diff`, `stats` and `convert`: files compared, counted, written in another format."""

import os
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from typing import BinaryIO

from reconciler.api.given import One, Some, texts
from reconciler.errors import Usage
from reconciler.inventory import Reader
from reconciler.inventory.csvwrite import Columns
from reconciler.inventory.diff import Diff
from reconciler.inventory.diff import diff as compare
from reconciler.inventory.sources import STDIN, format_by_suffix, given_sources
from reconciler.inventory.stats import Stats
from reconciler.inventory.write import gzipped, pieces, save
from reconciler.safe import terminal
from reconciler.site import Site


def diff(site: Site, before: One, after: One, *, inventory_format: str | None = None) -> Diff:
    """What appeared, what is gone and what changed from *before* to *after*, field by field."""
    pair = texts((before, after))
    if pair == (STDIN, STDIN):
        raise Usage("only one of the two can be standard input")
    with ExitStack() as spooled:
        readers = [_reader(site, [one], inventory_format, spooled) for one in pair]
        found = compare(*readers)
        for reader in readers:
            _warn(site, reader)
    return found


def stats(
    site: Site, files: Some = (), *, inventory_format: str | None = None, label: str = "owner"
) -> Stats:
    """How many campaigns *files* hold; none: the project's."""
    given: Sequence[str] = texts(files)
    if not given:
        given = [site.shown(one) for one in site.load_project().inventory]
    with ExitStack() as spooled:
        reader = _reader(site, given, inventory_format, spooled)
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
    from_: str | None = None,
    to: str | None = None,
) -> int:
    """Write *source* as *target*; how many campaigns there are.

    *target* is a path, whose suffix says the format and whether it is packed, or a stream.
    """
    (path,) = texts(source)
    name = os.fspath(target) if isinstance(target, str | os.PathLike) else STDIN
    to = to or format_by_suffix(name, "--to")
    with ExitStack() as spooled:
        reader = _reader(site, [path], from_, spooled, "--from")
        columns = Columns()
        for batch in reader:
            if to == "csv":
                columns.see(batch)
        facts = reader.facts()
        _warn(site, reader)
        accounts = facts.accounts.values()
        if to == "csv" and any(one.captured_at or one.complete is not None for one in accounts):
            site.note("warning: CSV has no header: capture time and completeness are left out")
        parts: Iterable[bytes] = pieces(reader, facts.accounts, to, columns=columns)
        if isinstance(target, str | os.PathLike):
            save(name, gzipped(parts) if name.lower().endswith(".gz") else parts)
        else:
            target.writelines(parts)
    return sum(one.campaigns or 0 for one in accounts)


def _reader(
    site: Site,
    paths: Sequence[str],
    format_: str | None,
    spooled: ExitStack,
    option: str = "--inventory-format",
) -> Reader:
    sources = given_sources(site, paths, format_, spooled, option=option)
    return Reader(sources, accounts=None, now=site.now())


def _warn(site: Site, reader: Reader) -> None:
    for one in reader.facts().warnings:
        site.note(f"warning: {terminal(str(one))}")

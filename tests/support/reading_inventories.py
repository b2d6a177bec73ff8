"""What the tests of this folder share: reading bytes as an inventory."""

import io
from collections.abc import Collection
from datetime import UTC, datetime

from reconciler.errors import Diagnostic, InputError
from reconciler.inventory import Facts, InventorySource, Reader
from reconciler.model import Campaign, Reading

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


def source(
    data: bytes, format_: str = "ndjson", path: str = "inv", reading: Reading | None = None
) -> InventorySource:
    return InventorySource(path, lambda: io.BytesIO(data), format_, reading or Reading())


def reader(
    *files: bytes | InventorySource,
    format_: str = "ndjson",
    accounts: Collection[str] | None = None,
) -> Reader:
    sources = [
        one if isinstance(one, InventorySource) else source(one, format_, f"inv{number or ''}")
        for number, one in enumerate(files)
    ]
    return Reader(sources, accounts=accounts, now=NOW)


def read(
    *files: bytes | InventorySource,
    format_: str = "ndjson",
    accounts: Collection[str] | None = None,
) -> tuple[list[Campaign], Facts]:
    """All records, and the facts; a second pass must give the same records."""
    found = reader(*files, format_=format_, accounts=accounts)
    records = [one for batch in found for one in batch]
    assert records == [one for batch in found for one in batch]
    return records, found.facts()


def problems(
    *files: bytes | InventorySource,
    format_: str = "ndjson",
    accounts: Collection[str] | None = None,
) -> list[Diagnostic]:
    """What `InputError` says; the test fails if nothing is wrong."""
    try:
        read(*files, format_=format_, accounts=accounts)
    except InputError as error:
        return list(error.diagnostics)
    raise AssertionError("nothing was wrong")


def codes(found: list[Diagnostic]) -> list[str]:
    return [one.code for one in found]

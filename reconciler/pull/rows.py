"""What becomes of each account in a pull, and the new file that comes of it."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial

from reconciler.declare.project import Account
from reconciler.driver import Driver
from reconciler.errors import Exit
from reconciler.inventory import write
from reconciler.inventory.without import Gone
from reconciler.lanes.known import Known
from reconciler.model import AccountFacts, Campaign
from reconciler.pull import keeping
from reconciler.pull.keeping import Vendor
from reconciler.pull.listing import Heard
from reconciler.pull.place import Destination, Old
from reconciler.pull.results import AccountPull, Result


def rows_of(
    pairs: Sequence[tuple[Account, Driver]],
    old: Old,
    heard: Mapping[str, Heard],
    known: Known,
    may_shrink: Collection[str] = (),
) -> dict[str, AccountPull]:
    """A row for each account of *pairs*; one that was not *heard* keeps its records.

    *may_shrink*: accounts of which a person says that what is not listed is gone.
    """
    rows = {}
    for account, driver in pairs:
        name = account.name
        mine, facts = old.records[name], old.facts.get(name)
        gone = _gone(known, mine, facts, old.digest)
        vendor = Vendor(driver.fields, partial(driver.gone, account.settings), name in may_shrink)
        rows[name] = (
            _row(name, heard[name], mine, facts, gone, vendor)
            if name in heard
            else _kept(driver, mine, facts, gone)
        )
    return rows


def unlistable_rows(pairs: Sequence[tuple[Account, Driver]]) -> dict[str, AccountPull]:
    """The rows if no account can list: nothing is asked, and the file stays as it is."""
    return {
        account.name: AccountPull("unlistable", None, _cannot(driver)) for account, driver in pairs
    }


def write_new(place: Destination, old: Old, rows: Mapping[str, AccountPull]) -> None:
    """Put the new file, with what the old one says of all other accounts, in its place."""
    portions = {name: row.portion for name, row in rows.items() if row.portion is not None}
    parts = write.pieces(
        keeping.batches(portions, old.reader, old.facts),
        keeping.header(portions, old.facts),
        place.format,
    )
    write.save(str(place.path), write.gzipped(parts) if place.gzip else parts)


def exit_code(rows: Mapping[str, AccountPull]) -> Exit:
    """Done if every account that can list was listed; in part, or in error if none was."""
    results = [row.result for row in rows.values()]
    if not {"complete", "partial", "incomplete"} & set(results):
        return Exit.ERROR
    return Exit.PARTIAL if {"incomplete", "failed"} & set(results) else Exit.OK


def _gone(
    known: Known,
    records: Sequence[Campaign],
    facts: AccountFacts | None,
    digest: str | None,
) -> Gone:
    """What the journal knows to be deleted since the old file was captured."""
    states = known.states(keeping.targets_of(records))
    return keeping.gone_since(states, facts.captured_at if facts is not None else None, digest)


def _row(
    name: str,
    heard: Heard,
    old: Sequence[Campaign],
    known: AccountFacts | None,
    gone: Gone,
    vendor: Vendor,
) -> AccountPull:
    found = keeping.listed(name, heard.listing, heard.asked_at, old, known, gone, vendor)
    if found is None:
        return AccountPull("failed", known, heard.listing.why or "nothing came", pages=heard.pages)
    result: Result = "incomplete"
    if found.facts.complete:
        result = "complete"
    elif heard.listing.partial:
        result = "partial"
    return AccountPull(result, found.facts, found.facts.why, found, heard.pages)


def _kept(
    driver: Driver, old: Sequence[Campaign], known: AccountFacts | None, gone: Gone
) -> AccountPull:
    portion = keeping.unlistable(old, known, gone) if known is not None else None
    facts = known if portion is None else portion.facts
    return AccountPull("unlistable", facts, _cannot(driver), portion)


def _cannot(driver: Driver) -> str:
    return f"the driver {driver.name} cannot list"

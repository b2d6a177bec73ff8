"""One campaign, read: what most vendors' call for it can say."""

from collections.abc import Callable, Container
from functools import partial
from typing import Any

from reconciler.driver import (
    Answer,
    Flow,
    Item,
    Listing,
    Missing,
    Present,
    Request,
    Session,
    Sighting,
    Unclear,
)
from reconciler.drivers.answers import odd
from reconciler.drivers.shapes import Record, Records, Shown
from reconciler.drivers.shapes import at as inside
from reconciler.drivers.strictjson import mapping
from reconciler.model import Campaign


def _nothing(_campaign: Campaign) -> str | None:
    return None


def look(
    request: Request,
    wanted: str,
    record: Record,
    *,
    missing: Container[int] = (404,),
    settled: Callable[[Campaign], str | None] = _nothing,
) -> Flow:
    """Ask *request* for the campaign *wanted*: the whole flow of a driver's `look`.

    *record* reads the JSON object of a 200; *missing*: the statuses that say there is none, each
    of which may mean a wrong address too; *settled*: why what is shown can no longer be deleted.
    """
    answer = yield request
    return sighted(answer, wanted, record, missing=missing, settled=settled)


def by_id(
    request: Callable[..., Request],
    records: Records,
    *,
    path: tuple[str, ...] = (),
    at: str | None = None,
    query: tuple[tuple[str, str], ...] = (),
    within: str | None = None,
    missing: Container[int] = (404,),
    settled: Callable[[Any, Campaign], str | None] = lambda _settings, _campaign: None,
) -> Callable[[Session, Item], Flow]:
    """`look` of a vendor that shows one campaign by `request(session, "GET", *path, id, query=…)`.

    *at*: the parameter that the id goes into, instead of the path. *records* as for a listing;
    *within*: where the campaign is in the answer, with dots; *missing* and *settled* as for `look`,
    but that *settled* gets the account's settings too.
    """

    def flow(session: Session, item: Item) -> Flow:
        wanted, read = item.target.id, records(session)
        where = (*path, wanted) if at is None else path
        named = query if at is None else (*query, (at, wanted))
        return look(
            request(session, "GET", *where, query=named),
            wanted,
            read if within is None else lambda said, shown: read(inside(said, within), shown),
            missing=missing,
            settled=partial(settled, session.settings),
        )

    return flow


def or_listed(
    first: Callable[[Session, Item], Flow], listing: Callable[[Session], Flow]
) -> Callable[[Session, Item], Flow]:
    """`look` that asks as *first* does, and where that does not show the campaign, for all."""

    def flow(session: Session, item: Item) -> Flow:
        seen = yield from first(session, item)
        if isinstance(seen, Present):
            return seen
        return listed((yield from listing(session)), item.target.id)

    return flow


def sighted(
    answer: Answer,
    wanted: str,
    record: Record,
    *,
    missing: Container[int] = (404,),
    settled: Callable[[Campaign], str | None] = _nothing,
) -> Sighting:
    """What one *answer* shows of *wanted*."""
    said = mapping(answer.body, mended=True) if answer.status == 200 else None
    found = record(said, Shown(answer, said)) if said is not None else None
    if found is not None and found.id == wanted:
        return Present(found, settled(found))
    if answer.status in missing:
        return Missing(
            f"HTTP {answer.status}: unknown campaign, or a wrong address, key or version"
        )
    if answer.status == 403:
        return Unclear("HTTP 403: these credentials may not read campaigns", unavailable=True)
    return Unclear(odd(answer) if found is None else "the answer is about another campaign")


def listed(listing: Listing, wanted: str) -> Sighting:
    """What a *listing* of the whole account shows of *wanted*: a look where no other serves."""
    found = next((one for one in listing.campaigns if one.id == wanted), None)
    if found is not None:
        return Present(found)
    if listing.complete:
        return Missing("not in the account's listing")
    return Unclear(listing.why or "the listing is not complete", unavailable=listing.unavailable)

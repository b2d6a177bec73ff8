"""Listings page by page: everything that exists, or what was seen and why it may not be all.

A vendor's pages can lie in ordinary ways: an item moves to another page because one was deleted in
between, a cursor comes again, "more" is promised and nothing follows. None of these may end as a
complete inventory, because what a complete inventory does not list counts as gone.
"""

from collections.abc import Callable, Generator, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from reconciler.driver import Answer, Listing, Request
from reconciler.drivers.answers import odd
from reconciler.model import Campaign, Status

_MOST_PAGES: Final = 10_000


class Page(msgspec.Struct, frozen=True):
    """One page as a driver understood it. *next* None: the vendor says it was the last.

    *total*: how many campaigns there are, if said. *fault*: why this page is not the whole truth;
    *unavailable*: this account may never list.
    """

    campaigns: tuple[Campaign, ...] = ()
    next: int | str | None = None
    total: int | None = None
    fault: str | None = None
    unavailable: bool = False


def unread(answer: Answer) -> Page:
    """The page of an answer that is none."""
    if answer.status in (403, 404):
        return Page(fault=f"HTTP {answer.status}: listing is not available", unavailable=True)
    return Page(fault=odd(answer))


def page(records: Iterable[Campaign | None], **facts: Any) -> Page:
    """A page of *records*; None among them (one that could not be read) is a fault."""
    every = tuple(records)
    known = tuple(one for one in every if one is not None)
    fault = None if len(known) == len(every) else "a record has no text as id"
    return Page(known, fault=fault, **facts)


def gather(
    first: int | str | None,
    ask: Callable[[Any], Request],
    read: Callable[[Answer, Any], Page],
    *,
    overlap: bool = False,
    settled: bool = True,
) -> Generator[Request, Answer, Listing]:
    """All pages from *first* on. *overlap*: a page begins with the last campaign of the one before.

    Overlapping by one shows that an offset still points where it did; without it a deletion
    between two pages hides a campaign and nobody can tell. Not *settled*: items come and go while
    we read, so one seen twice is no news (and the listing is never complete by itself).
    """
    found: dict[str, Campaign] = {}
    key, asked, last, total = first, {first}, None, None
    for _ in range(_MOST_PAGES):
        now = read((yield ask(key)), key)
        fresh = now.campaigns
        if overlap and last is not None and now.fault is None:
            nothing = not fresh and total == now.total == len(found)  # the end, and the count fits
            if not nothing and (not fresh or fresh[0].id != last):
                return _partial(found, "items moved between pages while they were read")
            fresh = fresh[1:]
        before = len(found)
        for one in fresh:
            found.setdefault(one.id, one)
        if now.fault is not None:
            return _partial(found, now.fault, unavailable=now.unavailable and not found)
        if settled and len(found) != before + len(fresh):
            return _partial(found, "a campaign was listed twice: items moved between pages")
        if settled and total not in (None, now.total):
            return _partial(found, "the total changed between pages")
        if now.next is None or (len(found) == before and now.total == len(found)):
            if now.total is not None and now.total != len(found):
                why = f"the vendor counts {now.total} campaigns and listed {len(found)}"
                return _partial(found, why)
            return Listing(tuple(found.values()), complete=True)
        if len(found) == before:
            return _partial(found, "the vendor says there is more and lists nothing more")
        if now.next in asked:
            return _partial(found, "the vendor gave the same page twice")
        key, last, total = now.next, fresh[-1].id, now.total
        asked.add(key)
    return _partial(found, f"more than {_MOST_PAGES} pages")


def _partial(found: Mapping[str, Campaign], why: str, *, unavailable: bool = False) -> Listing:
    return Listing(tuple(found.values()), complete=False, why=why, unavailable=unavailable)


# ---------------------------------------------------------------- fields of a record


def text(value: object) -> str | None:
    """*value* if it is a text that says something, else None."""
    return value if isinstance(value, str) and value else None


def instant(value: object) -> datetime | None:
    """*value* as an aware UTC time; without a zone it is UTC already; None if it is no time."""
    if not isinstance(value, str):
        return None
    try:
        time = datetime.fromisoformat(value)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def chosen(record: Mapping[str, Any], *keys: str) -> dict[str, Any] | None:
    """The vendor's own words under *keys*, as they are, for `attributes`."""
    return {key: record[key] for key in keys if key in record} or None


def status(table: Mapping[str, Status], word: object) -> Status:
    """The vendor's *word* in ours, whatever its case."""
    return table.get(word.lower(), Status.UNKNOWN) if isinstance(word, str) else Status.UNKNOWN

"""Listings page by page: everything that exists, or what was seen and why it may not be all.

A vendor's pages can lie in ordinary ways: an item moves to another page because one was deleted in
between, a cursor comes again, "more" is promised and nothing follows. None of these may end as a
complete inventory, because what a complete inventory does not list counts as gone.
"""

from collections.abc import Callable, Generator, Iterable, Mapping
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import msgspec

from reconciler.driver import Answer, Listing, Request
from reconciler.drivers.answers import odd
from reconciler.drivers.beside import denied
from reconciler.drivers.shapes import Record, Shown, at, text
from reconciler.drivers.strictjson import NotJson, integer, mapping, parse
from reconciler.model import Campaign

_MOST_PAGES: Final = 10_000


class Page(msgspec.Struct, frozen=True):
    """One page as a driver understood it. *next* None: the vendor says it was the last.

    *total*: how many campaigns there are, if said. *lost*: how many of the page have no id that
    can be read. *fault*: why this page is not the whole truth; *unavailable*: this account may
    never list.
    """

    campaigns: tuple[Campaign, ...] = ()
    next: int | str | None = None
    total: int | None = None
    lost: int = 0
    fault: str | None = None
    unavailable: bool = False


def unread(answer: Answer) -> Page:
    """The page of an answer that is none."""
    if answer.status in (403, 404):
        return Page(fault=f"HTTP {answer.status}: listing is not available", unavailable=True)
    return Page(fault=odd(answer))


def page(records: Iterable[Campaign | None], **facts: Any) -> Page:
    """A page of *records*; None among them is one that has no id that can be read."""
    every = tuple(records)
    known = tuple(one for one in every if one is not None)
    return Page(known, lost=len(every) - len(known), **facts)


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
    key, asked, last, total, lost = first, {first}, None, None, 0
    for _ in range(_MOST_PAGES):
        now = read((yield ask(key)), key)
        fresh = now.campaigns
        before = len(found) + lost
        lost += now.lost
        if overlap and last is not None and now.fault is None:
            nothing = not fresh and total == now.total == before  # the end, and the count fits
            if not nothing and (not fresh or fresh[0].id != last):
                return _partial(found, "items moved between pages while they were read")
            fresh = fresh[1:]
        new = len(found) + len(fresh)
        for one in fresh:
            found.setdefault(one.id, one)
        every = len(found) + lost
        if now.fault is not None:
            return _partial(found, now.fault, unavailable=now.unavailable and not found)
        if settled and len(found) != new:
            return _partial(found, "a campaign was listed twice: items moved between pages")
        if settled and total not in (None, now.total):
            return _partial(found, "the total changed between pages")
        if now.next is None or (every == before and now.total == every):
            if now.total is not None and now.total != every:
                why = f"the vendor counts {now.total} campaigns and listed {every}"
                return _partial(found, why)
            if lost:
                return _partial(found, _without_id(lost))
            return Listing(tuple(found.values()), complete=True)
        if every == before:
            return _partial(found, "the vendor says there is more and lists nothing more")
        if now.next in asked:
            return _partial(found, "the vendor gave the same page twice")
        key, total = now.next, now.total
        last = fresh[-1].id if fresh else last
        asked.add(key)
    return _partial(found, f"more than {_MOST_PAGES} pages")


def _without_id(lost: int) -> str:
    return "a record has no text as id" if lost == 1 else f"{lost} records have no text as id"


def cursors(
    ask: Callable[[str | None], Request],
    record: Record,
    *,
    items: str,
    next: str,
    total: str | None = None,
    key: str | None = None,
    more: str | None = None,
) -> Generator[Request, Answer, Listing]:
    """A listing of which each page names the next one by a cursor.

    *items*, *next*, *total* say where things are in an answer, with dots; *more*, where a page says
    by a boolean of its own whether it is the last. *key*: what is at *next* is an address, and only
    *key* of its query is used. Its host is never asked: who writes an answer must not say where a
    credential is sent.
    """

    def read(answer: Answer, _cursor: str | None) -> Page:
        shown, found = _found(answer, items)
        if shown is None or found is None:
            return unread(answer)
        count = integer(at(shown.said, total)) if total else None
        known = None if count == len(found) else count  # it may count the page, not everything
        further = at(shown.said, next)
        read = page((record(one, shown) for one in found), total=known)
        goes_on = further not in (None, "") if more is None else at(shown.said, more)
        if goes_on is False:
            return read
        cursor = text(further) if key is None else in_query(further, key)
        if cursor is None or goes_on is not True:
            why = "a page does not say where the next one is"
            return msgspec.structs.replace(read, fault=read.fault or why)
        return msgspec.structs.replace(read, next=cursor)

    return gather(None, ask, read)


def offsets(
    ask: Callable[[int], Request],
    record: Record,
    *,
    items: str | Callable[[Answer], list[Any] | None],
    size: int,
    total: str | None = None,
) -> Generator[Request, Answer, Listing]:
    """A listing by offset, *size* a page; each page overlaps the one before by one.

    *items* may be a function, where they are not at one place of a JSON object.
    """

    def read(answer: Answer, offset: int) -> Page:
        shown, found = _found(answer, items)
        if shown is None or found is None:
            return unread(answer)
        count = integer(at(shown.said, total)) if total else None
        reached = count is not None and offset + len(found) >= count
        further = None if len(found) < size or reached else offset + max(len(found) - 1, 1)
        return page((record(one, shown) for one in found), next=further, total=count)

    return gather(0, ask, read, overlap=True)


def numbers(
    ask: Callable[[int], Request],
    record: Record,
    *,
    items: str,
    size: int,
    total: str,
    first: int = 1,
) -> Generator[Request, Answer, Listing]:
    """A listing by page number, *size* a page, checked against *total*: pages cannot overlap."""

    def read(answer: Answer, number: int) -> Page:
        shown, found = _found(answer, items)
        if shown is None or found is None:
            return unread(answer)
        count = integer(at(shown.said, total))
        reached = count is not None and (number - first + 1) * size >= count
        last = not found or (len(found) < size if count is None else reached)
        records = (record(one, shown) for one in found)
        return page(records, next=None if last else number + 1, total=count)

    return gather(first, ask, read)


def _found(
    answer: Answer, items: str | Callable[[Answer], list[Any] | None]
) -> tuple[Shown | None, list[Any] | None]:
    if not isinstance(items, str):
        return Shown(answer, {}), items(answer) if answer.status == 200 else None
    said = mapping(answer.body, mended=True) if answer.status == 200 else None
    found = None if denied(said, (items,)) else at(said, items)
    shown = None if said is None else Shown(answer, said)
    return shown, found if isinstance(found, list) else None


def only_list(answer: Answer, *, error: str) -> list[Any] | None:
    """The items of a bare array, or of an object with just one array in it and no *error*."""
    try:
        said = parse(answer.body, mended=True)
    except NotJson:
        return None
    if isinstance(said, dict) and error not in said:
        arrays = [value for value in said.values() if isinstance(value, list)]
        said = arrays[0] if len(arrays) == 1 else None
    return said if isinstance(said, list) else None


def in_query(url: object, key: str) -> str | None:
    """The value of *key* in the query of *url* (whole or a path), or None."""
    try:
        found = parse_qs(urlsplit(url).query) if isinstance(url, str) else {}
    except ValueError:
        return None
    return found[key][0] if len(found.get(key, ())) == 1 else None


def merged(lists: Mapping[str, Listing], *, apart: bool = True) -> Listing:
    """Several listings of one account as one. *apart*: no campaign may be in two of them."""
    whys = [f"{name}: {one.why}" for name, one in lists.items() if one.why]
    every: dict[str, Campaign] = {}
    for one in lists.values():
        for campaign in one.campaigns:
            every.setdefault(campaign.id, campaign)
    if apart and len(every) != sum(len(one.campaigns) for one in lists.values()):
        whys.append(f"a campaign is listed twice, of {' and '.join(lists)}")
    return Listing(
        tuple(every.values()),
        complete=not whys and all(one.complete for one in lists.values()),
        why="; ".join(whys) or None,
        unavailable=all(one.unavailable for one in lists.values()),
    )


def never_complete(listing: Listing, why: str) -> Listing:
    """*listing* of a vendor that does not list everything, *why* it does not."""
    return msgspec.structs.replace(
        listing,
        complete=False,
        why="; ".join(one for one in (why, listing.why) if one),
        partial=listing.complete,
    )


def _partial(found: Mapping[str, Campaign], why: str, *, unavailable: bool = False) -> Listing:
    return Listing(tuple(found.values()), complete=False, why=why, unavailable=unavailable)

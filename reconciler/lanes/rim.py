"""What a vendor shows, without our secrets, before anybody makes anything of it.

A vendor may echo a key in any text of a campaign. What is masked so is known no longer: it is
`unknown` of the record. A text that says which campaign it is cannot be masked: such a record is
left out, and its listing is not complete.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from reconciler.driver import Listing, Missing, Present, Unclear
from reconciler.model import Campaign

_AT_ONCE = 200  # records between two turns of the other accounts
_DEEP = 64  # lists in lists, in the vendor's own words
_ECHOED = "a record was listed whose id holds a credential of this account"

Scrub = Callable[[str], str]


async def clean(shown: Any, scrub: Scrub, *, by_name: bool) -> Any:
    """What a flow of a driver returned, without what *scrub* takes out.

    *by_name*: a campaign's name says which one it is.
    """
    match shown:
        case Listing():
            return await _listing(shown, scrub, by_name=by_name)
        case Present(campaign=one, settled=why):
            return Present(_masked(one, scrub), scrub(why) if why else why)
        case Missing(detail=detail) | Unclear(detail=detail):
            return replace(shown, detail=scrub(detail))
    return shown


async def _listing(listing: Listing, scrub: Scrub, *, by_name: bool) -> Listing:
    found: list[Campaign] = []
    for number, one in enumerate(listing.campaigns):
        if number % _AT_ONCE == 0:
            await asyncio.sleep(0)
        if _names_it(one, scrub, by_name=by_name):
            found.append(_masked(one, scrub))
    why = scrub(listing.why) if listing.why else listing.why
    if len(found) == len(listing.campaigns):
        return replace(listing, campaigns=tuple(found), why=why)
    return replace(
        listing, campaigns=tuple(found), complete=False, partial=False, why=why or _ECHOED
    )


def _names_it(one: Campaign, scrub: Scrub, *, by_name: bool) -> bool:
    """Whether what says which campaign it is, and which parts it has, may be written down."""
    texts = [one.id, *(one.phone_numbers or ()), *(one.message_ids or ())]
    if by_name:
        texts.append(one.name)
    return all(scrub(text) == text for text in texts)


def _masked(one: Campaign, scrub: Scrub) -> Campaign:
    changes: dict[str, Any] = {}
    lost: list[str] = []
    for field in ("name", "channel"):
        text = getattr(one, field)
        if text is not None and (masked := scrub(text)) != text:
            changes[field] = masked if field == "name" else None
            lost.append(field)
    labels = one.labels or {}
    spared = {k: v for k, v in labels.items() if scrub(k) == k and scrub(v) == v}
    if len(spared) < len(labels):
        changes["labels"] = spared or None
        lost.append("labels")
    if one.attributes is not None and (other := inside(one.attributes, scrub)) != one.attributes:
        changes["attributes"] = other
    if (id_ := scrub(one.id)) != one.id:
        changes["id"] = id_
    if not changes:
        return one
    unknown = tuple(dict.fromkeys((*(one.unknown or ()), *lost)))
    return replace(one, **changes, unknown=unknown or None)


def inside(value: Any, scrub: Scrub, deep: int = _DEEP) -> Any:
    """*value*, JSON as the vendor gave it, with every text in it masked."""
    match value:
        case str():
            return scrub(value)
        case dict() | list() | tuple() if not deep:
            return None
        case dict():
            return {scrub(str(k)): inside(v, scrub, deep - 1) for k, v in value.items()}
        case list() | tuple():
            return [inside(one, scrub, deep - 1) for one in value]
    return value

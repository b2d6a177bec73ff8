"""Listing and looking of the driver `http`."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from msgspec import structs

from reconciler.driver import (
    Answer,
    Flow,
    Item,
    Listing,
    Missing,
    Present,
    Request,
    Session,
    Unclear,
)
from reconciler.drivers import _http_answers as judged
from reconciler.drivers import _http_requests as requests
from reconciler.drivers import answers, beside, pages, shapes
from reconciler.drivers._http_models import HttpSettings, List, LookCall, Next
from reconciler.drivers.pages import Page
from reconciler.drivers.shapes import Shape
from reconciler.drivers.strictjson import NotJson, integer, parse
from reconciler.model import Campaign

_GONE = "http:gone"  # what a record keeps of `gone`: true


def list_all(session: Session) -> Flow:
    """Every list of the account, as one listing."""
    settings: HttpSettings = session.settings
    found: dict[str, Listing] = {}
    for number, one in enumerate(settings.list, 1):
        found[f"list {number}"] = yield from _list(session, one)
    if len(found) == 1:
        return found["list 1"]
    return pages.merged(found)


def _list(session: Session, one: List) -> Flow:
    style = one.next or Next()
    first = {"offset": 0, "page": style.first}.get(_style(style))
    record = _record(session, one.fields, one)
    constant: Mapping[Any, str] = one.constant

    def ask(key: Any) -> Request:
        more = _parameters(style, key)
        return requests.read(session, one, more=more, inside=style.inside)

    def read(answer: Answer, key: Any) -> Page:
        said = _value(answer) if answers.ok(answer) else None
        items = said if one.items == "." else _at(said, one.items)
        if not isinstance(items, list) or beside.denied(said, (one.items,)):
            return pages.unread(answer)
        records = [record(item) for item in items]
        if constant:
            records = [one and structs.replace(one, **constant) for one in records]
        total = _count(_at(said, one.total)) if one.total else None
        counts.extend(() if total is None else (total,))
        total = counts[-1] if counts else None  # some vendors count on the first page alone
        if not sizes:  # a vendor may put less on a full page than it was asked for
            sizes.append(min(len(items), style.size or len(items)))
        size = sizes[0] if total is None else style.size or len(items)
        found = _paged(style, said, key, pages.page(records, total=total), len(items), size)
        if found.next is not None or found.fault is not None:
            return found
        if answer.status == 206:
            return structs.replace(found, fault="HTTP 206: the vendor says that this is a part")
        if beside.goes_on(answer, said, one.items, linked=one.next is None):
            return structs.replace(found, fault="the vendor says there is more, and it is not read")
        return found

    counts: list[int] = []
    sizes: list[int] = []
    overlap = _style(style) == "offset"
    listing = yield from pages.gather(first, ask, read, overlap=overlap)
    if one.total and listing.complete and not counts:
        why = f"no answer has a count of all campaigns at `{one.total}`"
        return structs.replace(listing, complete=False, why=why)
    return listing


def _count(value: Any) -> int | None:
    """How many campaigns there are: a JSON integer, or its digits as a text."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 10:
        return int(value)
    return integer(value)


def _style(style: Next) -> str:
    found = ("cursor", "link", "offset", "page")
    return next((one for one in found if getattr(style, one) is not None), "none")


def _parameters(style: Next, key: Any) -> list[tuple[str, str | int]]:
    """What asks for the page of *key*; a number is one where the vendor wrote it as one."""
    match _style(style):
        case "offset":
            return [(style.offset or "", key)]
        case "page":
            return [(style.page or "", key)]
        case "cursor" if key is not None:
            return [(style.sent_as or "", key)]
        case "link" if key is not None:  # a query has no numbers, and a body that it is for has
            return [(name, _typed(text)) for name, text in parse_qsl(key, keep_blank_values=True)]
    return []


def _typed(text: str) -> str | int:
    return int(text) if len(text) < 10 and text.isdecimal() and str(int(text)) == text else text


def _paged(style: Next, said: Any, key: Any, page: Page, items: int, size: int) -> Page:
    """*page*, of so many *items* where a full one has *size*, with the key of the next one."""
    match _style(style):
        case "offset":
            reached = page.total is not None and key + items >= page.total
            alone = items < 2 and style.size != items
            further = None if items < size or reached or alone else key + max(items - 1, 1)
            return structs.replace(page, next=further)
        case "page":
            counted = page.total is not None and (key - style.first + 1) * size >= page.total
            last = not items or (items < size if page.total is None else counted)
            return structs.replace(page, next=None if last else key + 1)
        case "cursor":
            return _following(page, _at(said, style.cursor or ""))
        case "link":
            return _linked(page, _at(said, style.link or ""))
    return page


_LOST = "a page does not say where the next one is"


def _following(page: Page, cursor: Any) -> Page:
    if cursor is None or cursor == "" or cursor is False:
        return page
    if shapes.id_text(cursor) is None:
        return structs.replace(page, fault=page.fault or _LOST)
    return structs.replace(page, next=cursor)


def _linked(page: Page, link: Any) -> Page:
    """Of a link only its query is used: its host is the vendor's to write, and a key is ours."""
    if link is None or link == "" or link is False:
        return page
    try:
        query = urlsplit(link).query if isinstance(link, str) else ""
    except ValueError:
        query = ""
    if not query:
        return structs.replace(page, fault=page.fault or _LOST)
    return structs.replace(page, next=query)


# ---------------------------------------------------------------- one campaign


def look(session: Session, item: Item) -> Flow:
    """What the vendor shows of one target."""
    settings: HttpSettings = session.settings
    how = settings.look
    assert how is not None
    wanted = item.target.id if item.target.part is None else item.target.part
    answer = yield requests.read(session, how, item)
    filled = requests.filling(session, item)
    if any(judged.missed(row, answer, filled) for row in how.missing):
        return Missing(f"{answers.told(answer)}: unknown, or a wrong address, key or version")
    said = _value(answer) if answers.ok(answer) else None
    shown = said if how.item == "." else _at(said, how.item)
    fields = how.fields or settings.list[0].fields
    found = _record(session, fields, how)(shown)
    if found is not None and found.id == wanted:
        return _seen(found, shown, item, how)
    if answer.status == 403:
        return Unclear("HTTP 403: these credentials may not read campaigns", unavailable=True)
    return Unclear(answers.odd(answer) if found is None else "the answer is about another campaign")


def _seen(found: Campaign, shown: Any, item: Item, how: LookCall) -> Present:
    settled = next(
        (_at(shown, key) for key in how.settled if _holds(shown, how.settled, key)), None
    )
    why = None if settled is None else f"the vendor says {settled}"
    changes: dict[str, Any] = {"channel": found.channel or item.channel}
    if item.target.part is not None:  # a part is not its campaign: only the state is news
        changes |= {"id": item.target.id, "name": item.name, "labels": None}
    return Present(structs.replace(found, **changes), why)


# ---------------------------------------------------------------- records


def _record(session: Session, fields: Mapping[Any, str], how: List | LookCall) -> Any:
    """What makes a record of an item."""
    shape = Shape(
        id=fields.get("id", ""),
        name=fields.get("name"),
        status=fields.get("status"),
        statuses={word.lower(): state for word, state in how.statuses.items()},
        created=fields.get("createdAt"),
        updated=fields.get("updatedAt"),
        labels=fields.get("labels"),
        attributes=how.attributes,
    )
    channel = fields.get("channel")

    def record(item: Any) -> Campaign | None:
        made = shape.record(session.account, item)
        if made is None:
            return None
        gone = any(_holds(item, how.gone, key) for key in how.gone)
        kept = {**(made.attributes or {}), **({_GONE: True} if gone else {})} or None
        own = made.channel if channel is None else shapes.text(_at(item, channel))
        return structs.replace(made, channel=own, attributes=kept)

    return record


def gone(_settings: Any, campaign: Campaign) -> bool:
    """Whether what was shown says that it is gone."""
    return (campaign.attributes or {}).get(_GONE) is True


def _holds(item: Any, wanted: Mapping[str, tuple[Any, ...]], key: str) -> bool:
    found = _at(item, key)
    return any(type(one) is type(found) and one == found for one in wanted[key])


def _value(answer: Answer) -> Any:
    try:
        return parse(answer.body, mended=True)
    except NotJson:
        return None


def _at(value: Any, path: str) -> Any:
    return value if path == "." else shapes.at(value, path)

"""A driver as a third party would write one: one small API, and no patience at all."""

import json
from typing import Any

from reconciler.driver import (
    Answer,
    Credential,
    Deleted,
    Doubt,
    Driver,
    Flow,
    Item,
    Listing,
    Missing,
    Present,
    Request,
    Session,
    Settings,
    Throttled,
    Unclear,
    Unconfirmed,
    Verdict,
)
from reconciler.model import Campaign, Limits


class ParcelSettings(Settings):
    """`settings` of an account of driver `parcel`."""

    key: Credential
    shop: str = "one"


def _headers(session: Session) -> Any:
    return (("Authorization", ("Bearer ", session.settings.key.secret())),)


def _delete(session: Session, items: tuple[Item, ...]) -> Request:
    path = ("parcels", items[0].target.id)
    return Request("DELETE", session.base, path, headers=_headers(session))


def _gate(answer: Answer) -> Throttled | None:
    return Throttled("HTTP 429", 0.1) if answer.status == 429 else None


def _said(answer: Answer) -> Any:
    try:
        return json.loads(answer.body) if answer.status == 200 else None
    except ValueError:
        return None


def _judge(session: Session, items: tuple[Item, ...], answer: Answer) -> Verdict:
    if (first := _gate(answer)) is not None:
        return first
    if answer.status == 404:
        return Unconfirmed("HTTP 404")
    wanted = {"deleted": items[0].target.id}
    return Deleted() if _said(answer) == wanted else Doubt(f"HTTP {answer.status}")


def _list(session: Session) -> Flow:
    said = _said((yield Request("GET", session.base, ("parcels",), headers=_headers(session))))
    if said is None:
        return Listing((), complete=False, why="no listing came")
    found = (Campaign(account=session.account, id=i, name=n) for i, n in said["parcels"])
    return Listing(tuple(found), complete=True)


def _look(session: Session, item: Item) -> Flow:
    path = ("parcels", item.target.id)
    answer = yield Request("GET", session.base, path, headers=_headers(session))
    if answer.status == 404:
        return Missing("HTTP 404")
    said = _said(answer)
    if said is None:
        return Unclear(f"HTTP {answer.status}")
    return Present(Campaign(account=session.account, id=said["id"], name=said["name"]))


DRIVER = Driver(
    name="parcel",
    title="A test vendor",
    call="DELETE /parcels/{id}",
    docs="http://localhost/",
    settings=ParcelSettings,
    complete=True,
    base_url=lambda _settings: "http://localhost",
    limits=lambda _settings: Limits(requests=100_000, per=1.0, concurrency=8),
    scope=lambda settings: f"shop {settings.shop}",
    limit=lambda settings: f"shop {settings.shop}",
    unsafe=lambda _settings, _campaign, _part: None,
    delete=_delete,
    judge=_judge,
    gate=_gate,
    list=_list,
    look=_look,
    quiet=0.2,
    again=0.2,
)

"""OneSignal: DELETE /notifications/{id}?app_id=…, which stops one message and keeps its record.

Vendor: documentation.onesignal.com/reference/{cancel-message,view-message,view-messages,
rate-limits}; github.com/OneSignal/api (providers-2 §6).
"""

from functools import partial
from typing import Annotated, Any, Final

from pydantic import Field

from reconciler import driver as contract
from reconciler.driver import Answer, Credential, Flow, Item, Listing, Request, Session, Text
from reconciler.drivers import answers, ids, looks, pages, rates, shapes
from reconciler.drivers.strictjson import mapping
from reconciler.model import Campaign, Limits, Status

_PAGE: Final = 50  # the vendor's most
_WAIT: Final = 1.0  # a 429 says Retry-After
_SHAPE: Final = shapes.Shape(
    created="queued_at",
    instant=shapes.unix,
    attributes=("canceled", "send_after", "completed_at", "template_id"),
)


class OneSignalSettings(contract.Settings):
    """`settings` of an account of driver `onesignal`."""

    app_id: Annotated[ids.HeaderText, Field(description="id of the app")]
    api_key: Annotated[Credential, Field(description="App API key")]


def _request(session: Session, method: Any, *path: str, query: Any = ()) -> Request:
    settings: OneSignalSettings = session.settings
    headers: tuple[tuple[str, Text], ...] = (
        ("Authorization", ("Key ", settings.api_key.secret())),
    )
    whole = (("app_id", settings.app_id), *query)
    return Request(method, session.base, ("notifications", *path), whole, headers)


def _judge(_session: Session, _items: Any, answer: Answer) -> contract.Verdict:
    """200 and `success` is the boolean true. 400 is said of unknown and of sent ones alike."""
    said = mapping(answer.body) if answer.status == 200 else None
    done = said is not None and said.get("success") is True and not said.get("errors")
    if answer.status == 400 and answers.sentence(answer):
        return contract.Unconfirmed(answers.told(answer))
    return answers.judged(answer, answers.gate(answer, _WAIT), deleted=done, refused=())


def _list(session: Session) -> Flow:
    def ask(offset: int) -> Request:
        at = (("limit", str(_PAGE)), ("offset", str(offset)))
        return _request(session, "GET", query=at)

    where = {"items": "notifications", "total": "total_count"}
    found: Listing = yield from pages.offsets(
        ask, partial(_record, session.account), size=_PAGE, **where
    )
    why = "messages sent by API are kept for 30 days, and those of Journeys are not shown"
    return pages.never_complete(found, why)


def _look(session: Session, item: Item) -> Flow:
    def settled(campaign: Campaign) -> str | None:
        return "the message has been sent" if campaign.status is Status.SENT else None

    request = _request(session, "GET", item.target.id)
    record = partial(_record, session.account)
    return looks.look(request, item.target.id, record, settled=settled)


def _record(account: str, item: Any, shown: shapes.Shown) -> Campaign | None:
    return _SHAPE.record(account, item, status=_state(item, rates.date(shown.answer)))


def _state(item: Any, now: float | None) -> Status:
    """There is no word for it: times tell, compared with the date of the answer."""
    if shapes.at(item, "canceled") is True:
        return Status.STOPPED
    if shapes.unix(shapes.at(item, "completed_at")) is not None:
        return Status.SENT
    begins = shapes.unix(shapes.at(item, "send_after"))
    if begins is None or now is None:
        return Status.UNKNOWN
    return Status.SCHEDULED if begins.timestamp() > now else Status.RUNNING


DRIVER = contract.Driver(
    name="onesignal",
    title="OneSignal, push, email and SMS messages",
    call="DELETE /notifications/{messageId}",
    docs="https://documentation.onesignal.com/reference/cancel-message",
    settings=OneSignalSettings,
    complete=False,
    base_url=lambda _settings: "https://api.onesignal.com",
    limits=lambda _settings: Limits(requests=1, per=1.0, concurrency=1),
    scope=lambda settings: f"app {settings.app_id}",
    unsafe=ids.path_id,
    delete=lambda session, items: _request(session, "DELETE", items[0].target.id),
    judge=_judge,
    gate=partial(answers.gate, wait=_WAIT),
    list=_list,
    look=_look,
    fields=("name", "status", "createdAt"),
    look_fields=("name", "status", "createdAt"),
    gone=lambda _settings, shown: shapes.at(shown.attributes, "canceled") is True,
    page=_PAGE,
    instead=lambda _settings: "stops sending; the message stays, shown as canceled",
    notes=(
        "It stops a scheduled or outgoing message; of one that is going out some people may still "
        "get it, and the message stays and shows that it was cancelled.",
        "The list is never complete: messages sent by API are kept for 30 days, and those of "
        "Journeys are not shown.",
        "Looking is far slower than cancelling: one request a second keeps to an old page's "
        "number; cancelling alone could be 150 a second (the account's limits).",
    ),
)

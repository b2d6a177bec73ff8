"""Cellcast: POST /api/v1/gateway/cancelScheduleQuickMessage, one scheduled message a request.

Vendor: https://developer.cellcast.com/api-docs/cancel-campaign.html (seed 004),
get-message-detail.html, get-list-sent-messages.html; failures inside a 200 are known only from
third parties (providers §5).
"""

from typing import Annotated, Any, Final

from msgspec import structs
from pydantic import Field

from reconciler import driver as contract
from reconciler.driver import Answer, Credential, Flow, Item, Request, Session, Text, refusing
from reconciler.drivers import answers, ids, pages, shapes
from reconciler.drivers.strictjson import mapping, words
from reconciler.model import Campaign, Limits, Status

_WAIT: Final = 1.0  # no rule is documented
_PAGE: Final = 100
_CHANNELS: Final = ("sms", "mms")
_NOT_FOUND: Final = "message not found"
_CANCELED: Final = ("canceled", "cancelled")
_SHAPE: Final = shapes.Shape(
    id="_id",
    name=None,
    statuses=shapes.states(  # "delievered" is the vendor's own spelling
        scheduled="queued, scheduled",
        sent="sent, delivered, delievered, received",
        completed="failed, expired, rejected, blocked",
    ),
    created="createdAt",
    attributes=("status", "scheduleAt"),
)
_OVER: Final = (Status.SENT, Status.COMPLETED)


class CellcastSettings(contract.Settings):
    """`settings` of an account of driver `cellcast`."""

    api_key: Annotated[Credential, Field(description="API key of the Cellcast account")]


def _headers(settings: CellcastSettings) -> tuple[tuple[str, Text], ...]:
    return (
        ("Authorization", ("Bearer ", settings.api_key.secret())),
        ("Content-Type", "application/json"),
        ("Accept", "application/json"),
    )


def _kind(channel: str | None) -> str:
    return (channel or "sms").lower()


def _delete(session: Session, items: tuple[Item, ...]) -> Request:
    (item,) = items
    path = ("api", "v1", "gateway", "cancelScheduleQuickMessage")
    body = {"messageId": item.key, "type": _kind(item.channel)}
    return Request("POST", session.base, path, headers=_headers(session.settings), body=body)


def _gate(answer: Answer) -> answers.Gate | None:
    said = mapping(answer.body) if answer.status == 200 else None
    if said is not None and said.get("status") is not True and _set(said, "invalid_token"):
        return contract.Unauthorised("the envelope says invalid_token")
    return answers.gate(answer, _WAIT)


def _judge(_session: Session, items: tuple[Item, ...], answer: Answer) -> contract.Verdict:
    """Success is 200 and `status` is the boolean true; texts are never compared for success.

    `status: false` is not documented by the vendor: "message not found" fits unknown, already
    sent and already cancelled, so a look must tell; any other reason is a doubt.
    """
    if (first := _gate(answer)) is not None:
        return first
    said = mapping(answer.body)
    if said is None:
        return answers.rest(answer)
    if answer.status == 200 and said.get("status") is True:
        return answers.deleted_unless(
            _contradiction(said, items[0].key), words(said.get("message"))
        )
    if answer.status == 200 and said.get("status") is False:
        if _NOT_FOUND in _reasons(said):
            return contract.Unconfirmed(
                "message not found: unknown, already sent, or already cancelled"
            )
        return contract.Doubt(words(said.get("message"), "status false, without a reason"))
    if answer.status == 400 and said.get("status", False) is False:
        return contract.Refused(
            words(said.get("message"), "HTTP 400: bad request")
        )  # never `stack`
    return answers.rest(answer)


def _set(said: dict[str, Any], flag: str) -> bool:
    """Flags are 0 and 1 in the sample, beside real booleans."""
    return said.get(flag) not in (None, 0, "0", "")


def _contradiction(said: dict[str, Any], wanted: str) -> str | None:
    for flag in ("maintainence", "invalid_token"):  # the vendor's spelling; meaning not explained
        if _set(said, flag):
            return f"status true, but the envelope says {flag}"
    inner = said.get("data")
    named = (
        [inner.get(key, wanted) for key in ("messageId", "_id")] if isinstance(inner, dict) else []
    )
    return None if all(one == wanted for one in named) else "status true about another message"


def _reasons(said: dict[str, Any]) -> set[str]:
    error = said.get("error")
    found = [said.get("message"), error.get("error") if isinstance(error, dict) else error]
    return {one.strip().lower() for one in found if isinstance(one, str)}


def _look(session: Session, item: Item) -> Flow:
    wanted = item.key
    if ids.in_path(wanted) is not None:
        return contract.Unclear("this message id cannot go into the URL that shows a message")
    path = ("api", "v2", "report", "message", wanted)
    answer = yield Request("GET", session.base, path, headers=_headers(session.settings))
    said = mapping(answer.body) if answer.status == 200 else None
    inner = said.get("data") if said and said.get("status", True) is True else None
    if not isinstance(inner, dict) or inner.get("_id") != wanted:
        # The report is of sent messages: what waits for its time may not be in it.
        unseen = answer.status == 404 or (said is not None and _NOT_FOUND in _reasons(said))
        why = "the message report does not show this message" if unseen else answers.odd(answer)
        return contract.Unclear(why, unavailable=answer.status == 403, unseen=unseen)
    word = inner.get("status")
    if isinstance(word, str) and word.lower() in _CANCELED:
        return contract.Missing("the message report says canceled", sure=True)
    now = shapes.status(_SHAPE.statuses, word)
    # The vendor has no names, and a message is not its campaign: only the state is news.
    seen = Campaign(
        account=session.account,
        id=item.target.id,
        name=item.name,
        status=now,
        channel=item.channel,
        attributes=shapes.chosen(inner, "status", "scheduleAt", "send_time"),
    )
    return contract.Present(seen, settled=f"the message is {words(word)}" if now in _OVER else None)


def _list(session: Session) -> Flow:
    """The report of sent messages: what it shows exists, what it does not show may exist too."""
    lists: dict[str, contract.Listing] = {}
    for kind in _CHANNELS:
        lists[kind] = yield from _list_of(session, kind)
    why = "the message report shows sent messages, perhaps not scheduled ones"
    return pages.never_complete(pages.merged(lists, apart=False), why)


def _list_of(session: Session, kind: str) -> Flow:
    def ask(number: int) -> Request:
        query = (("page", str(number)), ("limit", str(_PAGE)), ("campType", kind))
        path = ("api", "v2", "report", "message")
        return Request("GET", session.base, path, query, _headers(session.settings))

    def read(answer: Answer, number: int) -> pages.Page:
        said = mapping(answer.body, mended=True) if answer.status == 200 else None
        inner = said.get("data") if said and said.get("status", True) is True else None
        items = inner.get("items") if isinstance(inner, dict) else None
        if not isinstance(inner, dict) or not isinstance(items, list):
            return pages.unread(answer)
        more = inner.get("hasNextPage")
        last = more is False or not items or (more is not True and len(items) < _PAGE)
        records = (_record(session.account, item, kind) for item in items)
        return pages.page(records, next=None if last else number + 1)

    return pages.gather(1, ask, read, settled=False)


def _gone(_settings: CellcastSettings, campaign: Campaign) -> bool:
    """A cancelled message is gone, though the report goes on showing it."""
    word = (campaign.attributes or {}).get("status")
    return isinstance(word, str) and word.lower() in _CANCELED


def _record(account: str, item: Any, kind: str) -> Campaign | None:
    if (id_ := shapes.id_of(shapes.at(item, "_id"))) is None:
        return None
    group = item.get("customString")
    labels = {"customString": group} if shapes.text(group) else None
    found = _SHAPE.record(account, item, name=id_, channel=kind, labels=labels)
    if found is not None and shapes.odd_name(group):
        return structs.replace(found, unknown=(*(found.unknown or ()), "labels.customString"))
    return found


@refusing.by_channel
def _unsupported(_settings: CellcastSettings, channel: str | None) -> str | None:
    known = channel in _CHANNELS or _kind(channel) in _CHANNELS
    return None if known else "its channel is neither sms nor mms, and the call has no other type"


DRIVER = contract.Driver(
    name="cellcast",
    title="Cellcast, scheduled SMS and MMS messages",
    call="POST /api/v1/gateway/cancelScheduleQuickMessage",
    docs="https://developer.cellcast.com/api-docs/cancel-campaign.html",
    settings=CellcastSettings,
    complete=False,
    base_url=lambda _settings: "https://api.cellcast.com",
    limits=lambda _settings: Limits(requests=10, per=1.0, concurrency=4),
    scope=lambda settings: ("key ", settings.api_key.secret()),
    unsafe=ids.ByIdOrMessages(ids.in_body),
    unsupported=_unsupported,
    delete=_delete,
    judge=_judge,
    gate=_gate,
    list=_list,
    look=_look,
    fields=("channel", "createdAt", "labels.customString"),  # of messages: they have no names
    look_fields=("status",),
    gone=_gone,
    page=_PAGE,
    parts="messageIds",
    channels=_CHANNELS,
    notes=(
        "A campaign is many messages: give the record messageIds, and each is cancelled by itself.",
        "type is the record's channel: sms (also when it has none) or mms.",
        "Only messages that are still scheduled can be cancelled; a sent one is refused.",
        "The list is the report of sent messages, so it is never complete.",
        "The vendor publishes no rate; ten requests a second is a careful guess.",
    ),
)

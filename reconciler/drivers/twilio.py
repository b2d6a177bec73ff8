"""Twilio API 2010-04-01: POST …/Messages/{Sid}.json with Status=canceled, one message a request.

Vendor: github.com/twilio/twilio-oai, spec/json/twilio_api_v2010.json; twilio.com/docs/api/errors/
{30409,20009} (providers-2 §7). Deleting removes a record and never stops a message.
"""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Annotated, Any, Final, Literal

from msgspec import structs
from pydantic import Field

from reconciler import driver as contract
from reconciler.driver import (
    Answer,
    Credential,
    Flow,
    Item,
    Listing,
    Request,
    Session,
    Text,
    refusing,
)
from reconciler.drivers import answers, auth, ids, looks, pages, shapes
from reconciler.drivers.strictjson import mapping
from reconciler.model import Campaign, Limits, Status

_PAGE: Final = 500  # of at most 1,000
_WAIT: Final = 5.0  # no rule is documented
_OVER: Final = (Status.SENT, Status.COMPLETED)
_SID: Final = re.compile(r"[SM]M[0-9a-f]{32}")
_STATUS: Final = shapes.states(
    scheduled="scheduled",  # it alone can be cancelled
    running="accepted, queued, sending, receiving",
    sent="sent, delivered, received, read, partially_delivered",
    completed="undelivered, failed",
    stopped="canceled",
)


def _moment(value: object) -> datetime | None:
    """RFC 2822, as in mail headers."""
    try:
        return parsedate_to_datetime(value).astimezone(UTC) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None


_SHAPE: Final = shapes.Shape(
    id="sid",
    name=None,
    statuses=_STATUS,
    created="date_created",
    updated="date_updated",
    instant=_moment,
    attributes=("status", "messaging_service_sid", "date_sent", "error_code"),
)


_ACCOUNT: Final = ids.written(
    "AC[0-9a-f]{32}", "is not a SID; copy it from the console: AC and 32 digits"
)


class TwilioSettings(contract.Settings):
    """`settings` of an account of driver `twilio`."""

    account_sid: Annotated[str, _ACCOUNT, Field(description="SID of the account, AC…")]
    auth_token: Annotated[
        Credential, Field(description="auth token; with apiKeySid, the secret of that key")
    ]
    api_key_sid: Annotated[str | None, Field(description="SID of an API key, SK…")] = None
    mode: Annotated[
        Literal["cancel", "delete"],
        Field(description="cancel: stops a scheduled message; delete: removes a record"),
    ] = "cancel"


def _request(session: Session, method: Any, name: str, **more: Any) -> Request:
    settings: TwilioSettings = session.settings
    user = settings.api_key_sid or settings.account_sid
    path = ("2010-04-01", "Accounts", settings.account_sid, *name.split("/"))
    headers = (auth.basic(user, settings.auth_token.secret()),)
    return Request(method, session.base, path, headers=headers, **more)


def _delete(session: Session, items: tuple[Item, ...]) -> Request:
    name = f"Messages/{items[0].key}.json"
    if session.settings.mode == "delete":
        return _request(session, "DELETE", name)
    return _request(session, "POST", name, form=(("Status", "canceled"),))


def _gate(answer: Answer) -> answers.Gate | None:
    if shapes.at(mapping(answer.body), "code") == 20429:
        return contract.Throttled("error 20429: Too Many Requests", _WAIT)
    return answers.gate(answer, _WAIT)


def _judge(session: Session, items: tuple[Item, ...], answer: Answer) -> contract.Verdict:
    """Cancelled: 200, this message, and its status says so. Deleted: 204 and empty."""
    said = mapping(answer.body) or {}
    done = answers.emptied(answer)
    if session.settings.mode == "cancel":
        own = (said.get("sid"), said.get("status"))
        done = answer.status == 200 and own == (items[0].key, "canceled")
    if _gate(answer) is None and 400 <= answer.status < 500 and said.get("code") in (30409, 20009):
        return contract.Refused(f"error {said['code']}: {answers.sentence(answer)}")
    return answers.judged(answer, _gate(answer), deleted=done, refused=())


def _list(session: Session) -> Flow:
    """What is not over yet, or to delete everything; texts and numbers are left out."""

    def ask(token: str | None) -> Request:
        at = () if token is None else (("PageToken", token),)
        return _request(session, "GET", "Messages.json", query=(("PageSize", str(_PAGE)), *at))

    record, where = partial(_record, session.account), {"key": "PageToken", "items": "messages"}
    found: Listing = yield from pages.cursors(ask, record, next="next_page_uri", **where)
    if session.settings.mode == "cancel":
        left = tuple(one for one in found.campaigns if one.status not in _OVER)
        found = structs.replace(found, campaigns=left)
    return pages.never_complete(found, "messages come and go while they are listed")


def _record(account: str, item: Any, _shown: Any) -> Campaign | None:
    service = shapes.text(shapes.at(item, "messaging_service_sid"))
    labels = {"messagingServiceSid": service} if service else {}
    name = shapes.text(shapes.at(item, "sid")) or ""
    return _SHAPE.record(account, item, name=name, labels=labels)


def _look(session: Session, item: Item) -> Flow:
    wanted = item.key
    answer = yield _request(session, "GET", f"Messages/{wanted}.json")
    seen = looks.sighted(answer, wanted, partial(_record, session.account))
    if not isinstance(seen, contract.Present):
        return seen
    # A message is not its campaign, and has no name: only the state is news.
    shown = structs.replace(seen.campaign, id=item.target.id, name=item.name, labels=None)
    return contract.Present(shown, _unsupported(session.settings, shown))


@refusing.by_status
def _unsupported(settings: TwilioSettings, status: Status | None) -> str | None:
    if settings.mode == "cancel" and status in _OVER:
        return "it has been sent, and only a scheduled message can be cancelled"
    if settings.mode == "delete" and status in (Status.SCHEDULED, Status.RUNNING):
        return "it is not complete: deleting removes a record and stops nothing; cancel it first"
    return None


def _unsafe(_settings: TwilioSettings, campaign: Campaign, part: str | None) -> str | None:
    if part is None and campaign.message_ids:
        return None  # the id is the user's own name for many messages; it is never sent
    if _SID.fullmatch(campaign.id if part is None else part):
        return None
    return "a message is SM or MM and 32 lower-case hexadecimal digits"


def _gone(settings: TwilioSettings, campaign: Campaign) -> bool:
    return settings.mode == "cancel" and campaign.status is Status.STOPPED


def _scope(settings: TwilioSettings) -> Text:
    """Whose messages: the account's."""
    return f"account {settings.account_sid}"


def _instead(settings: TwilioSettings) -> str | None:
    if settings.mode == "delete":
        return "removes the record of a message; it stops nothing"
    return "stops sending; the message stays, shown as canceled"


DRIVER = contract.Driver(
    name="twilio",
    title="Twilio, scheduled messages",
    call="POST /2010-04-01/Accounts/{AccountSid}/Messages/{Sid}.json",
    docs="https://www.twilio.com/docs/messaging/api/message-resource",
    settings=TwilioSettings,
    complete=False,
    base_url=lambda _settings: "https://api.twilio.com",
    limits=lambda _settings: Limits(requests=5, per=1.0, concurrency=2),
    scope=_scope,
    unsafe=_unsafe,
    unsupported=_unsupported,
    delete=_delete,
    judge=_judge,
    gate=_gate,
    list=_list,
    look=_look,
    fields=("createdAt", "updatedAt", "labels"),
    look_fields=("status", "createdAt", "updatedAt"),
    gone=_gone,
    page=_PAGE,
    parts="messageIds",
    instead=_instead,
    notes=(
        "A campaign is many messages: give the record messageIds, and each is cancelled by itself.",
        "Only a message that is still scheduled can be cancelled. mode: delete removes the record "
        "of one that is complete; it stops nothing.",
        "The list holds every message of the account, with no filter for scheduled ones: pulling "
        "it can take long. Texts and phone numbers are not kept.",
        "The vendor publishes no rate here; five requests a second is a careful guess.",
    ),
)

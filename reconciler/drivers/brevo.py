"""Brevo API v3: DELETE /v3/emailCampaigns/{id}, one campaign a request; or its archive.

Vendor: developers.brevo.com/reference/delete-email-campaign, …/docs/{api-limits,limit-headers};
types of npm @getbrevo/brevo 6.0.3 (providers-2 §3). Only what was never scheduled can be deleted.
"""

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from reconciler import driver as contract
from reconciler.driver import Credential, Item, Request, Session, refusing
from reconciler.drivers import answers, ids, lists, looks, rates, shapes
from reconciler.model import Limits, Status

_PAGE: Final = 50
_JSON: Final = (("Content-Type", "application/json"),)
# A minute where the answer does not say how long its window still lasts.
_GATE: Final = rates.gate(rates.seconds_left, "x-sib-ratelimit-reset", 60.0)
_FIELDS: Final = ("name", "status", "channel", "createdAt", "updatedAt")
_SHAPE: Final = shapes.Shape(
    statuses=shapes.states(
        draft="draft, inreview",
        scheduled="queued",
        running="inprocess, cancelling",
        paused="suspended",
        stopped="cancelled",
        sent="sent",
        completed="archive",
    ),
    created="createdAt",
    updated="modifiedAt",
    attributes=("status", "type", "scheduledAt", "tag", "tags"),
)


class BrevoSettings(contract.Settings):
    """`settings` of an account of driver `brevo`."""

    api_key: Annotated[Credential, Field(description="API key (v3)")]
    kind: Annotated[
        Literal["email", "sms", "whatsapp"],
        Field(description="whose ids they are: each kind numbers its own campaigns"),
    ] = "email"
    mode: Annotated[
        Literal["delete", "archive"],
        Field(description="archive: any campaign, which then stays and shows as archive"),
    ] = "delete"


def _request(
    session: Session, method: Any, *path: str, query: Any = (), body: Any = None
) -> Request:
    settings: BrevoSettings = session.settings
    headers = (("api-key", settings.api_key.secret()), *(_JSON if body is not None else ()))
    whole = ("v3", f"{settings.kind}Campaigns", *path)
    return Request(method, session.base, whole, query, headers, body)


def _delete(session: Session, items: tuple[Item, ...]) -> Request:
    if session.settings.mode == "archive":
        return _request(session, "PUT", items[0].target.id, "status", body={"status": "archive"})
    return _request(session, "DELETE", items[0].target.id)


def _records(session: Session) -> shapes.Record:
    return _SHAPE.of(session.account, channel=session.settings.kind)


@refusing.by_status
def _unsupported(settings: BrevoSettings, status: Status | None) -> str | None:
    """Email: drafts alone. SMS: not what is queued, in process or sent (delete-sms-campaign)."""
    if settings.mode == "archive" or status in (None, Status.UNKNOWN, Status.DRAFT):
        return None
    kept = (Status.SCHEDULED, Status.RUNNING, Status.SENT)
    if settings.kind != "email" and status not in kept:
        return None
    return f"it is {status.value}, and Brevo deletes only what was never scheduled"


DRIVER = contract.Driver(
    name="brevo",
    title="Brevo, email, SMS and WhatsApp campaigns",
    call="DELETE /v3/emailCampaigns/{campaignId}",
    docs="https://developers.brevo.com/reference/delete-email-campaign",
    settings=BrevoSettings,
    complete=True,
    base_url=lambda _settings: "https://api.brevo.com",
    limits=lambda _settings: Limits(requests=100, per=3600.0, concurrency=1),
    scope=lambda settings: (f"{settings.kind} of ", settings.api_key.secret()),
    limit=lambda settings: f"key {settings.api_key.source}",
    unsafe=ids.path_id,
    unsupported=_unsupported,
    delete=_delete,
    judge=answers.judge_emptied(_GATE, refused=(400, 403, 405)),
    gate=_GATE,
    list=lists.by_offset(  # never with dates: those filters leave out what was not sent
        _request,
        _records,
        query=(("limit", str(_PAGE)), ("sort", "asc"), ("excludeHtmlContent", "true")),
        size=_PAGE,
        items="campaigns",
        total="count",
    ),
    look=looks.by_id(_request, _records, settled=_unsupported),
    fields=_FIELDS,
    look_fields=_FIELDS,
    gone=lambda own, shown: own.mode == "archive" and shown.status is Status.COMPLETED,
    page=_PAGE,
    channels=("email", "sms", "whatsapp"),
    instead=lambda settings: "archives; the campaign stays" if settings.mode == "archive" else None,
    notes=(
        "Only a campaign that was never scheduled can be deleted; the others are refused in the "
        "plan. mode: archive archives any of them instead.",
        "A deletion takes along what hangs on the campaign in templates, builder and schedules.",
        "A hundred requests an hour, looks and lists included: one in 36 seconds.",
        "403 is the same word for a state that cannot be deleted and for a key that may not.",
    ),
)

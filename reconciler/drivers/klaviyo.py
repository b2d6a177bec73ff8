"""Klaviyo: DELETE /api/campaigns/{id}, one campaign a request.

Vendor: github.com/klaviyo/openapi, openapi/stable/apis/{delete,get}_campaign.json,
get_campaigns.json; errors and rates: developers.klaviyo.com/en/docs/rate_limits_and_error_handling
(providers-2 §4).
"""

from functools import partial
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from reconciler import driver as contract
from reconciler.driver import Credential, Flow, Listing, Request, Session
from reconciler.drivers import answers, ids, jsonapi, lists, looks, pages, shapes
from reconciler.model import Campaign, Limits

_PAGE: Final = 100  # the vendor's most
_GATE: Final = partial(answers.gate, wait=60.0)  # its longer window; a 429 says Retry-After
_REFUSED: Final = (400, 405, 409, 410, 415, 422)  # "4XX" with its errors, but for what 404 says
_SHAPE: Final = shapes.Shape(
    within="attributes",
    statuses=shapes.states(
        draft="draft",
        scheduled="scheduled, preparing to schedule",
        running="preparing to send, adding recipients, queued without recipients, sending, "
        "sending segments, variations sent",
        sent="sent",
        stopped="cancelled*",  # some say why
    ),
    created="created_at",
    updated="updated_at",
    attributes=("status", "archived", "scheduled_at", "send_time"),
)
_REVISION: Final = ids.written(
    r"20[0-9]{2}-[0-9]{2}-[0-9]{2}(\.[a-z]{1,10})?",
    "is not a revision; write it as in 2026-07-15",
)


class KlaviyoSettings(contract.Settings):
    """`settings` of an account of driver `klaviyo`."""

    api_key: Annotated[
        Credential, Field(description="private key with campaigns:read and campaigns:write")
    ]
    revision: Annotated[str, _REVISION, Field(description="revision of the API")] = "2026-07-15"
    channels: Annotated[
        tuple[Literal["email", "sms", "mobile_push"], ...],
        Field(description="channels that are listed", min_length=1),
    ] = ("email", "sms", "mobile_push")


def _request(session: Session, method: Any, *path: str, query: Any = ()) -> Request:
    settings: KlaviyoSettings = session.settings
    key = ("Authorization", ("Klaviyo-API-Key ", settings.api_key.secret()))
    headers = (key, ("revision", settings.revision))
    return Request(method, session.base, ("api", "campaigns", *path), query, headers)


def _list(session: Session) -> Flow:
    """Each channel by itself, which the vendor requires; archived ones beside, to be sure."""
    found: dict[str, Listing] = {}
    for channel in session.settings.channels:
        for more, name in (("", channel), (",equals(archived,true)", f"archived {channel}")):
            pages_of = lists.by_cursor(
                _request,
                partial(_records, channel),
                query=(
                    ("filter", f"equals(messages.channel,'{channel}'){more}"),
                    ("include", "tags"),
                    ("page[size]", str(_PAGE)),
                ),
                at="page[cursor]",
                key="page[cursor]",
                items="data",
                next="links.next",
            )
            found[name] = yield from pages_of(session)
    return pages.merged(found, apart=False)


def _records(channel: str | None, session: Session) -> shapes.Record:
    """Of one *channel*, each with the names of its tags, which the page includes."""

    def record(item: Any, shown: shapes.Shown) -> Campaign | None:
        tags = jsonapi.related(item, shown.said, "tags", "name")
        return _SHAPE.record(session.account, item, channel=channel, tags=tags)

    return record


DRIVER = contract.Driver(
    name="klaviyo",
    title="Klaviyo, campaigns",
    call="DELETE /api/campaigns/{id}",
    docs="https://developers.klaviyo.com/en/reference/delete_campaign",
    settings=KlaviyoSettings,
    complete=True,
    base_url=lambda _settings: "https://a.klaviyo.com",
    limits=lambda _settings: Limits(requests=150, per=60.0, concurrency=4),
    scope=lambda settings: ("key ", settings.api_key.secret()),
    unsafe=ids.path_id,
    delete=lambda session, items: _request(session, "DELETE", items[0].target.id),
    judge=answers.judge_emptied(_GATE, refused=_REFUSED),
    gate=_GATE,
    list=_list,
    look=lambda session, item: looks.by_id(
        _request, partial(_records, item.channel), within="data"
    )(session, item),
    fields=("name", "status", "channel", "createdAt", "updatedAt", "labels"),
    look_fields=("name", "status", "createdAt", "updatedAt"),
    page=_PAGE,
    notes=(
        "Campaigns are listed channel by channel, archived ones beside; flows are not among them.",
        "Neither the answer to an unknown id nor a state that refuses is documented: a 404 is "
        "confirmed by a look, any other 4xx with the vendor's errors is refused.",
        "The key needs campaigns:read to list and look, and tags:read to see tags.",
    ),
)

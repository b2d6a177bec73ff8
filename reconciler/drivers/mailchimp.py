"""Mailchimp Marketing API 3.0: DELETE /3.0/campaigns/{id}, one campaign a request.

Vendor: mailchimp.com/developer/marketing/api/campaigns, read as a copy of its specification in
github.com/api-evangelist/mailchimp; errors and rates there, too (providers-2 §1).
"""

from typing import Annotated, Any, Final

from pydantic import Field

from reconciler import driver as contract
from reconciler.driver import Answer, Credential, Request, Session
from reconciler.drivers import answers, auth, ids, lists, looks, shapes
from reconciler.drivers.strictjson import mapping
from reconciler.model import Limits

_CENTER: Final = ids.written(
    "[a-z]{1,4}[0-9]{1,4}",
    "is not a data centre; write the part of the key after its dash, as us6",
)
_PAGE: Final = 500  # of at most 1,000
_WAIT: Final = 10.0  # too many connections; no time is documented
_SHOWN: Final = ("id", "type", "create_time", "send_time", "status", "settings.title")
_FIELDS: Final = ("name", "status", "channel", "createdAt")
_SHAPE: Final = shapes.Shape(
    name="settings.title",
    statuses=shapes.states(
        draft="save",
        scheduled="schedule",
        running="sending, canceling",
        paused="paused",
        stopped="canceled",
        sent="sent",
        completed="archived",
    ),
    created="create_time",
    channel="email",
    attributes=("status", "type", "send_time"),
)


class MailchimpSettings(contract.Settings):
    """`settings` of an account of driver `mailchimp`."""

    api_key: Annotated[Credential, Field(description="API key, or an OAuth token")]
    data_center: Annotated[
        str, _CENTER, Field(description="the part of the API key after its dash, such as us6")
    ]


def _request(session: Session, method: Any, *path: str, query: Any = ()) -> Request:
    headers = (auth.bearer(session.settings.api_key.secret()),)
    return Request(method, session.base, ("3.0", "campaigns", *path), query, headers)


def _gate(answer: Answer) -> answers.Gate | None:
    """A flood is a 429, or a 403 that is no JSON: a missing right is told in problem+json."""
    if answer.status == 403 and mapping(answer.body) is None:
        return contract.Throttled("HTTP 403 without a word of the vendor's: a flood", _WAIT)
    return answers.gate(answer, _WAIT)


DRIVER = contract.Driver(
    name="mailchimp",
    title="Mailchimp, campaigns",
    call="DELETE /3.0/campaigns/{id}",
    docs="https://mailchimp.com/developer/marketing/api/campaigns/delete-campaign/",
    settings=MailchimpSettings,
    complete=True,
    base_url=lambda settings: f"https://{settings.data_center}.api.mailchimp.com",
    limits=lambda _settings: Limits(requests=10, per=1.0, concurrency=4),
    scope=lambda settings: ("key ", settings.api_key.secret()),
    unsafe=ids.path_id,
    delete=lambda session, items: _request(session, "DELETE", items[0].target.id),
    judge=answers.judge_emptied(_gate, refused=(400, 405, 422)),
    gate=_gate,
    list=lists.by_offset(  # without the filter `status`: items show more states than it knows
        _request,
        _SHAPE.records,
        query=(
            ("count", str(_PAGE)),
            ("sort_field", "create_time"),
            ("sort_dir", "ASC"),
            ("fields", ",".join(("total_items", *(f"campaigns.{one}" for one in _SHOWN)))),
        ),
        size=_PAGE,
        items="campaigns",
        total="total_items",
    ),
    look=looks.by_id(_request, _SHAPE.records),
    fields=_FIELDS,
    look_fields=_FIELDS,
    page=_PAGE,
    quiet=120.0,  # the vendor may work on one call for so long
    timeout=150.0,
    notes=(
        "The id is the text of the API, not the number in the dashboard's address (web_id).",
        "The vendor allows ten connections at a time over all that use the account, and no number "
        "a second; ten requests a second, four at a time, leave room for others.",
        "Which states refuse is not documented; one client says that sent campaigns do.",
        "Automations and customer journeys are not among campaigns.",
    ),
)

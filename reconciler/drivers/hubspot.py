"""HubSpot: DELETE /marketing/emails/{version}/{id}, one marketing email or one campaign a request.

Vendor: github.com/HubSpot/HubSpot-public-api-spec-collection, Marketing Emails 145892 and Campaigns
Public Api 177944, both 2026-03 (providers-2 §5). A deleted email is archived; of a campaign the
vendor says 204 whether or not it existed, and whether or not it was deleted.
"""

from functools import partial
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from reconciler import driver as contract
from reconciler.driver import Answer, Credential, Flow, Item, Request, Session
from reconciler.drivers import answers, auth, ids, lists, looks, shapes
from reconciler.model import Campaign, Limits, Status

_PAGE: Final = 100  # the vendor names no most
_WAIT: Final = 10.0  # the window of the burst limit
_REFUSED: Final = (400, 405, 409, 415, 422, 423)  # "default": an error with a category
_CAMPAIGN: Final = shapes.Shape(
    name="properties.hs_name",
    status="properties.hs_campaign_status",
    statuses=shapes.states(
        draft="planned", running="in_progress, active", paused="paused", completed="completed"
    ),
    created="createdAt",
    updated="updatedAt",
    attributes=("properties",),
)
_EMAIL: Final = shapes.Shape(
    status="state",
    statuses=shapes.states(  # they are over thirty; their beginnings tell
        draft="*draft*, agent_generated",
        stopped="canceled, error",
        scheduled="scheduled*, published_or_scheduled*",
        sent="published*",
        running="automated*, processing*, pre_processing*",
    ),
    created="createdAt",
    updated="updatedAt",
    channel="email",
    attributes=("state", "type", "isPublished", "workflowNames"),
)
_MORE: Final = {  # what must be asked for to be shown
    "campaigns": (("properties", "hs_name,hs_campaign_status"),),
    "emails": (("workflowNames", "true"),),
}
_VERSION: Final = ids.written(
    "v3|20[0-9]{2}-(03|09)(-beta)?", "is not a version; write it as in 2026-03, or v3"
)


class HubSpotSettings(contract.Settings):
    """`settings` of an account of driver `hubspot`."""

    access_token: Annotated[Credential, Field(description="token of a private app, or OAuth")]
    kind: Annotated[
        Literal["emails", "campaigns"],
        Field(description="marketing emails, or the campaigns that hold assets together"),
    ] = "emails"
    version: Annotated[str, _VERSION, Field(description="version in the path")] = "2026-03"


def _request(session: Session, method: Any, *path: str, query: Any = ()) -> Request:
    settings: HubSpotSettings = session.settings
    own = (settings.kind, settings.version)
    start = own if settings.version != "v3" else own[::-1]  # /marketing/v3/emails
    headers = (auth.bearer(settings.access_token.secret()),)
    return Request(method, session.base, ("marketing", *start, *path), query, headers)


def _judge(session: Session, _items: Any, answer: Answer) -> contract.Verdict:
    done = answers.emptied(answer)
    if done and session.settings.kind == "campaigns":
        return contract.Unproven("HTTP 204, which HubSpot says of every campaign, there or not")
    return answers.judged(answer, answers.gate(answer, _WAIT), deleted=done, refused=_REFUSED)


def _look(session: Session, item: Item) -> Flow:
    """A deleted email is still shown to whoever asks for archived ones."""
    wanted, read = item.target.id, _records(session)
    query = _MORE[session.settings.kind]
    seen: contract.Sighting = yield from looks.look(
        _request(session, "GET", wanted, query=query), wanted, read
    )
    if session.settings.kind == "campaigns" or not isinstance(seen, contract.Missing):
        return seen
    archived = yield _request(session, "GET", wanted, query=(("archived", "true"), *query))
    found = looks.sighted(archived, wanted, read)
    if isinstance(found, contract.Present):
        return contract.Missing("the email is archived: deleted", sure=True)
    return seen


def _records(session: Session) -> shapes.Record:
    """An email that a workflow sends counts as running, whatever its state says."""
    if session.settings.kind == "campaigns":
        return _CAMPAIGN.records(session)

    def record(item: Any, _shown: Any) -> Campaign | None:
        used = shapes.at(item, "workflowNames")
        facts = {"status": Status.RUNNING} if isinstance(used, list) and used else {}
        return _EMAIL.record(session.account, item, **facts)

    return record


DRIVER = contract.Driver(
    name="hubspot",
    title="HubSpot, marketing emails and campaigns",
    call="DELETE /marketing/emails/{version}/{emailId}",
    docs="https://developers.hubspot.com/docs/api-reference/latest/marketing/marketing-emails/guide",
    settings=HubSpotSettings,
    complete=True,
    base_url=lambda _settings: "https://api.hubapi.com",
    limits=lambda _settings: Limits(requests=100, per=10.0, concurrency=4),
    scope=lambda settings: (f"{settings.kind} of ", settings.access_token.secret()),
    limit=lambda settings: f"key {settings.access_token.source}",
    unsafe=ids.path_id,
    delete=lambda session, items: _request(session, "DELETE", items[0].target.id),
    judge=_judge,
    gate=partial(answers.gate, wait=_WAIT),
    list=lists.by_cursor(
        _request,
        _records,
        query=lambda settings: (("limit", str(_PAGE)), *_MORE[settings.kind]),
        at="after",
        items="results",
        next="paging.next.after",
        total="total",
    ),
    look=_look,
    fields=("name", "status", "createdAt", "updatedAt"),
    look_fields=("name", "status", "createdAt", "updatedAt"),
    page=_PAGE,
    notes=(
        "A deleted email is archived: HubSpot still shows it to whoever asks for archived ones.",
        "kind: campaigns: HubSpot answers 204 to every deletion, so each is looked at afterwards.",
        "An email that is AUTOMATED or used in a workflow counts as running.",
        "A hundred requests in ten seconds is the burst limit of small plans; larger plans have "
        "190, and every app has a limit a day.",
    ),
)

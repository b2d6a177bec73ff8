"""Batch.com MEP API 1.1: POST /1.1/{apiKey}/campaigns/delete/{token}, one campaign a request.

Vendor: https://batch.com/doc/api/campaigns/delete.html (seed 003),
https://doc.batch.com/developer/api/mep/campaigns/list and .../get-campaign (providers §4); the same
for in-app campaigns, https://batch.com/doc/api/in-app-campaigns-api/delete.html.
The app key is a secret and travels in the path.
"""

from functools import partial
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from reconciler import driver as contract
from reconciler.driver import Answer, Credential, Flow, Item, Request, Secret, Session, Text
from reconciler.drivers import ids, looks, pages
from reconciler.drivers._batch import judged, limited
from reconciler.drivers.strictjson import NotJson, parse
from reconciler.model import Campaign, Limits, Status

_PAGE: Final = 100  # the vendor's most; its default is 10
_FIELDS: Final = ("name", "status", "channel", "createdAt")
_SHAPE: Final = pages.Shape(
    id="campaign_token",
    created="created_date",
    attributes=("live", "push_time", "from_api", "dev_only", "trigger"),
)


class BatchMepSettings(contract.Settings):
    """`settings` of an account of driver `batch-mep`: one app on one platform."""

    api_key: Annotated[
        Credential, Field(description="app key; only the Live key may list and look")
    ]
    rest_api_key: Annotated[Credential, Field(description="REST API key of the company")]
    kind: Annotated[
        Literal["push", "in-app"], Field(description="push campaigns, or in-app campaigns")
    ] = "push"
    version: Annotated[ids.Version, Field(description="API version in the path")] = "1.1"


def _request(session: Session, method: Any, *path: str, query: Any = ()) -> Request:
    settings: BatchMepSettings = session.settings
    headers: tuple[tuple[str, Text], ...] = (
        ("X-Authorization", settings.rest_api_key.secret()),
        ("Content-Type", "application/json"),
    )
    whole: tuple[str | Secret, ...] = (
        settings.version,
        settings.api_key.secret(),
        "campaigns" if settings.kind == "push" else "in-app-campaigns",
        *path,
    )
    return Request(method, session.base, whole, query, headers)


def _judge(_session: Session, items: tuple[Item, ...], answer: Answer) -> contract.Verdict:
    """200 only; its body is not documented, so empty or JSON without an error."""
    first = limited(answer)
    return first if first is not None else judged(answer, items[0].target.id, "campaign_token")


def _list(session: Session) -> Flow:
    def ask(offset: int) -> Request:
        query = (("from", str(offset)), ("limit", str(_PAGE)))
        return _request(session, "GET", "list", query=query)

    # No total and no "more" are documented: a short page is the last.
    return pages.offsets(ask, partial(_record, session), items=_items, size=_PAGE)


def _items(answer: Answer) -> list[Any] | None:
    """A bare array, as other clients see it, or an object with just one array in it."""
    try:
        said = parse(answer.body, mended=True)
    except NotJson:
        return None
    if isinstance(said, dict) and "error_code" not in said:
        arrays = [value for value in said.values() if isinstance(value, list)]
        said = arrays[0] if len(arrays) == 1 else None
    return said if isinstance(said, list) else None


def _look(session: Session, item: Item) -> Flow:
    request = _request(session, "GET", item.target.id)
    return looks.look(request, item.target.id, partial(_record, session))


def _record(session: Session, item: Any, _shown: Any) -> Campaign | None:
    """There is no status word. Live is running or completed: the one that a guard stops; not live
    is stopped or draft.
    """
    live = pages.at(item, "live")
    state = Status.RUNNING if live else Status.STOPPED
    if not isinstance(live, bool):
        state = Status.UNKNOWN
    return _SHAPE.record(session.account, item, status=state, channel=session.settings.kind)


def _unsupported(settings: BatchMepSettings, campaign: Campaign) -> str | None:
    """Automations are listed beside push campaigns; a `trigger`, often an empty one, marks them.

    In-app campaigns all have one: it says when they show.
    """
    if settings.kind == "push" and "trigger" in (campaign.attributes or {}):
        return "it is an automation (it has a trigger); the call is documented for campaigns"
    return None


def _scope(settings: BatchMepSettings) -> Text:
    kind = "" if settings.kind == "push" else "in-app campaigns of "
    return (f"{kind}app ", settings.api_key.secret())


DRIVER = contract.Driver(
    name="batch-mep",
    title="Batch.com, MEP push and in-app campaigns",
    call="POST /1.1/{apiKey}/campaigns/delete/{token}",
    docs="https://batch.com/doc/api/campaigns/delete.html",
    settings=BatchMepSettings,
    complete=True,
    base_url=lambda _settings: "https://api.batch.com",
    limits=lambda _settings: Limits(requests=1, per=1.0, concurrency=1),
    scope=_scope,
    limit=lambda settings: f"app {settings.api_key.source}",
    unsafe=ids.path_id,
    unsupported=_unsupported,
    delete=lambda session, items: _request(session, "POST", "delete", items[0].target.id),
    judge=_judge,
    gate=limited,
    list=_list,
    look=_look,
    fields=_FIELDS,
    look_fields=_FIELDS,
    page=_PAGE,
    notes=(
        "The id is the campaign token. iOS and Android have an app key, so an account, each.",
        "The app key is part of the URL; it is masked wherever the URL is shown.",
        "kind: in-app is for in-app campaigns; it is another account, as their tokens are others.",
        "A Dev or SDK key may delete but not list or look.",
        "The vendor does not tell running from completed: a live campaign counts as running.",
        "The vendor publishes no rate; one request a second is a careful guess.",
    ),
)

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
from reconciler.driver import Credential, Request, Secret, Session, Text, refusing
from reconciler.drivers import ids, lists, looks, pages, shapes
from reconciler.drivers._batch import judge, limited
from reconciler.model import Limits, Status

_PAGE: Final = 100  # the vendor's most; its default is 10
_FIELDS: Final = ("name", "status", "channel", "createdAt")
_SHAPE: Final = shapes.Shape(
    id="campaign_token",
    # There is no word. Live is running or completed: the one that a guard stops.
    status="live",
    statuses={True: Status.RUNNING, False: Status.STOPPED},
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
    headers = (
        ("X-Authorization", settings.rest_api_key.secret()),
        ("Content-Type", "application/json"),
    )
    kind = "campaigns" if settings.kind == "push" else "in-app-campaigns"
    whole: tuple[str | Secret, ...] = (settings.version, settings.api_key.secret(), kind, *path)
    return Request(method, session.base, whole, query, headers)


def _records(session: Session) -> shapes.Record:
    return _SHAPE.of(session.account, channel=session.settings.kind)


@refusing.by_attributes
def _unsupported(settings: BatchMepSettings, told: refusing.Attributes) -> str | None:
    """Automations are listed beside push campaigns; a `trigger`, often an empty one, marks them.

    In-app campaigns all have one: it says when they show.
    """
    if settings.kind == "push" and "trigger" in (told or {}):
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
    judge=judge(limited, "campaign_token"),  # 200 only; its body is not documented
    gate=limited,
    list=lists.by_offset(  # no total and no "more" are documented: a short page is the last
        _request,
        _records,
        path=("list",),
        query=(("limit", str(_PAGE)),),
        at="from",
        items=partial(pages.only_list, error="error_code"),  # bare, as other clients see it
        size=_PAGE,
    ),
    look=looks.by_id(_request, _records),
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

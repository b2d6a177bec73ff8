"""Batch.com Project (CEP) API 2.8: POST /2.8/campaigns/delete, one campaign a request.

Vendor: https://doc.batch.com/developer/api/cep/campaigns/delete (seed 002),
https://doc.batch.com/developer/api/cep/orchestrations/list (providers §3).
"""

from typing import Annotated, Any, Final, Literal

import msgspec
from pydantic import Field

from reconciler.driver import (
    Answer,
    Credential,
    Deleted,
    Driver,
    Flow,
    Item,
    Request,
    Session,
    Settings,
    Text,
    Throttled,
    Verdict,
)
from reconciler.drivers import ids
from reconciler.drivers._batch import judged, limited
from reconciler.drivers.answers import Gate
from reconciler.drivers.pages import (
    Page,
    chosen,
    gather,
    id_of,
    instant,
    labels,
    name_of,
    odd_labels,
    odd_name,
    odd_time,
    page,
    status,
    text,
    unread,
    unread_fields,
)
from reconciler.drivers.strictjson import integer, mapping
from reconciler.model import Campaign, Limits, Status

_PAGE: Final = 100  # the vendor's most; its default is 10
_MAINTENANCE: Final = 60.0  # 503 "under maintenance. Please try again later"; how long is not said
_STATUS: Final = {
    "draft": Status.DRAFT,
    "running": Status.RUNNING,
    "completed": Status.COMPLETED,
    "stopped": Status.STOPPED,
}


class BatchCepSettings(Settings):
    """`settings` of an account of driver `batch-cep`."""

    project: Annotated[ids.HeaderText, Field(description="project key, project_...")]
    rest_api_key: Annotated[Credential, Field(description="REST API key of the company")]
    version: Annotated[ids.Version, Field(description="API version in the path")] = "2.8"
    types: Annotated[
        tuple[Literal["campaign", "recurring", "trigger"], ...],
        Field(description="types of orchestration it may delete"),
    ] = ("campaign",)


def _headers(settings: BatchCepSettings) -> tuple[tuple[str, Text], ...]:
    return (
        ("Authorization", ("Bearer ", settings.rest_api_key.secret())),
        ("X-Batch-Project", settings.project),
        ("Content-Type", "application/json"),
    )


def _delete(session: Session, items: tuple[Item, ...]) -> Request:
    settings: BatchCepSettings = session.settings
    path = (settings.version, "campaigns", "delete")
    body = {"id": items[0].target.id}
    return Request("POST", session.base, path, headers=_headers(settings), body=body)


def _gate(answer: Answer) -> Gate | None:
    if answer.status == 503:  # documented for this API: seed 002, response 503
        return Throttled("HTTP 503: the vendor is under maintenance", _MAINTENANCE)
    return limited(answer)


def _judge(session: Session, items: tuple[Item, ...], answer: Answer) -> Verdict:
    """204 by the prose, 200 by the schema of the same page (seed 002)."""
    del session
    if (first := _gate(answer)) is not None:
        return first
    if answer.status == 204 and not answer.body:
        return Deleted()
    return judged(answer, items[0].target.id, "id")


def _list(session: Session) -> Flow:
    settings: BatchCepSettings = session.settings
    path = (settings.version, "orchestrations", "list")

    def ask(cursor: str | None) -> Request:
        at = () if cursor is None else (("from", cursor),)
        query = (*at, ("limit", str(_PAGE)))
        return Request("GET", session.base, path, query, _headers(settings))

    def read(answer: Answer, _cursor: str | None) -> Page:
        said = mapping(answer.body, mended=True) if answer.status == 200 else None
        items = said.get("orchestrations") if said else None
        if said is None or not isinstance(items, list):
            return unread(answer)
        more, cursor = said.get("has_more"), text(said.get("next_from"))
        count = integer(said.get("count"))
        total = None if count == len(items) else count  # it may count the page, not everything
        records = (_record(session.account, item) for item in items)
        found = page(records, next=cursor if more else None, total=total)
        if more is not False and (more is not True or cursor is None):
            return msgspec.structs.replace(found, fault="a page does not say where the next one is")
        return found

    return (yield from gather(None, ask, read))


def _record(account: str, item: Any) -> Campaign | None:
    if not isinstance(item, dict) or (id_ := id_of(item.get("id"))) is None:
        return None
    channels = item.get("channels")
    single = channels[0] if isinstance(channels, list) and len(channels) == 1 else None
    name, created, tags = item.get("name"), item.get("created_date"), item.get("labels")
    return Campaign(
        account=account,
        id=id_,
        name=name_of(name),
        status=status(_STATUS, item.get("status")),
        channel=text(single),
        created_at=instant(created),
        labels=labels(tags),
        attributes=chosen(
            item, "type", "status", "channels", "platforms", "source", "start_time", "labels"
        ),
        unknown=unread_fields(
            name=odd_name(name),
            createdAt=odd_time(created, instant(created)),
            labels="labels" not in item or odd_labels(tags),  # older versions may not list them
        ),
    )


def _unsupported(settings: BatchCepSettings, campaign: Campaign) -> str | None:
    """The list also brings automations; whether the call deletes them is not documented."""
    kind = (campaign.attributes or {}).get("type")
    if kind is None or kind in settings.types:
        return None
    return f"its type is not one of {', '.join(settings.types)} (settings.types)"


DRIVER = Driver(
    name="batch-cep",
    title="Batch.com, Project (CEP) campaigns",
    call="POST /2.8/campaigns/delete",
    docs="https://doc.batch.com/developer/api/cep/campaigns/delete",
    settings=BatchCepSettings,
    complete=True,
    base_url=lambda _settings: "https://api.batch.com",
    limits=lambda _settings: Limits(requests=1, per=1.0, concurrency=1),
    scope=lambda settings: f"project {settings.project}",
    unsafe=lambda _settings, campaign, _part: ids.in_body(campaign.id),
    unsupported=_unsupported,
    delete=_delete,
    judge=_judge,
    gate=_gate,
    list=_list,
    fields=("name", "status", "createdAt", "labels"),  # no channel: it may have several
    look_fields=("name", "status", "createdAt", "labels"),
    page=_PAGE,
    notes=(
        "A 404 is an unknown campaign or a wrong version or project: it counts only once a "
        "listing that shows other campaigns does not show this one.",
        "Recurring and triggered orchestrations are listed, and refused unless settings.types "
        "names them.",
        "The vendor publishes no rate; one request a second is what other clients use.",
    ),
)

"""Batch.com Project (CEP) API 2.8: POST /2.8/campaigns/delete, one campaign a request.

Vendor: https://doc.batch.com/developer/api/cep/campaigns/delete (seed 002),
https://doc.batch.com/developer/api/cep/orchestrations/list (providers §3).
"""

from typing import Annotated, Any, Final, Literal

from pydantic import Field

from reconciler import driver as contract
from reconciler.driver import Answer, Credential, Request, Session, refusing
from reconciler.drivers import answers, auth, ids, lists, looks, shapes
from reconciler.drivers._batch import judge, limited
from reconciler.model import Limits

_PAGE: Final = 100  # the vendor's most; its default is 10
_MAINTENANCE: Final = 60.0  # 503 "under maintenance. Please try again later"; how long is not said
_FIELDS: Final = ("name", "status", "createdAt", "labels")  # no channel: it may have several
_SHAPE: Final = shapes.Shape(
    statuses=shapes.ours("draft", "running", "completed", "stopped"),
    created="created_date",
    labels="labels",
    channel_at="channels",
    numbers=False,
    always=("labels",),  # older versions may not list them
    attributes=(*("type", "status", "channels", "platforms", "source", "start_time", "labels"),),
)


class BatchCepSettings(contract.Settings):
    """`settings` of an account of driver `batch-cep`."""

    project: Annotated[ids.HeaderText, Field(description="project key, project_...")]
    rest_api_key: Annotated[Credential, Field(description="REST API key of the company")]
    version: Annotated[ids.Version, Field(description="API version in the path")] = "2.8"
    types: Annotated[
        tuple[Literal["campaign", "recurring", "trigger"], ...],
        Field(description="types of orchestration it may delete"),
    ] = ("campaign",)


def _request(
    session: Session, method: Any, *path: str, query: Any = (), body: Any = None
) -> Request:
    settings: BatchCepSettings = session.settings
    headers = (
        auth.bearer(settings.rest_api_key.secret()),
        ("X-Batch-Project", settings.project),
        ("Content-Type", "application/json"),
    )
    return Request(method, session.base, (settings.version, *path), query, headers, body)


def _gate(answer: Answer) -> answers.Gate | None:
    if answer.status == 503:  # documented for this API: seed 002, response 503
        return contract.Throttled("HTTP 503: the vendor is under maintenance", _MAINTENANCE)
    return limited(answer)


_list: Final = lists.by_cursor(
    _request,
    _SHAPE.records,
    path=("orchestrations", "list"),
    query=(("limit", str(_PAGE)),),
    at="from",
    items="orchestrations",
    next="next_from",
    total="count",
    more="has_more",
)


@refusing.by_attributes
def _unsupported(settings: BatchCepSettings, told: refusing.Attributes) -> str | None:
    """The list also brings automations; whether the call deletes them is not documented."""
    kind = (told or {}).get("type")
    if kind is None or kind in settings.types:
        return None
    return f"its type is not one of {', '.join(settings.types)} (settings.types)"


DRIVER = contract.Driver(
    name="batch-cep",
    title="Batch.com, Project (CEP) campaigns",
    call="POST /2.8/campaigns/delete",
    docs="https://doc.batch.com/developer/api/cep/campaigns/delete",
    settings=BatchCepSettings,
    complete=True,
    base_url=lambda _settings: "https://api.batch.com",
    limits=lambda _settings: Limits(requests=1, per=1.0, concurrency=1),
    scope=lambda settings: f"project {settings.project}",
    unsafe=ids.body_id,
    unsupported=_unsupported,
    delete=lambda session, items: _request(
        session, "POST", "campaigns", "delete", body={"id": items[0].target.id}
    ),
    # 204 by the prose, 200 by the schema of the same page (seed 002).
    judge=judge(_gate, "id", or_emptied=True),
    gate=_gate,
    list=_list,
    # The view shows push campaigns alone, and not in every version: else the list tells.
    look=looks.or_listed(
        looks.by_id(
            _request, _SHAPE.records, path=("orchestrations", "view"), at="orchestration_id"
        ),
        _list,
    ),
    fields=_FIELDS,
    look_fields=_FIELDS,
    page=_PAGE,
    notes=(
        "A look asks for one campaign (orchestrations/view); where that shows nothing, for all.",
        "A 404 is an unknown campaign or a wrong version or project: it counts only once a "
        "listing that shows other campaigns does not show this one.",
        "Recurring and triggered orchestrations are listed, and refused unless settings.types "
        "names them.",
        "The vendor publishes no rate; one request a second is what other clients use.",
    ),
)

"""listmonk: DELETE /api/campaigns/{id}, one campaign a request.

Vendor: its own source, github.com/knadh/listmonk v6.2 (commit 911e0b7): cmd/campaigns.go,
internal/core/campaigns.go, internal/auth/auth.go, queries/campaigns.sql (providers-2 §8). The
address for many campaigns answers 200 whatever there was and is never used.
"""

from typing import Annotated, Any, Final

from pydantic import Field

from reconciler import driver as contract
from reconciler.driver import Answer, Credential, Request, Session, Text
from reconciler.drivers import answers, ids, lists, looks, shapes
from reconciler.drivers.strictjson import mapping
from reconciler.model import Limits

_PAGE: Final = 50  # the most; a larger number is answered with fifty
_WAIT: Final = 5.0  # listmonk has no limit; a proxy before it may have one
_BRIEF: Final = ("no_body", "true")
_BAD_KEY: Final = "invalid api credentials"
_FIELDS: Final = ("name", "status", "channel", "createdAt", "updatedAt", "labels")
_SHAPE: Final = shapes.Shape(
    statuses=shapes.states(
        draft="draft",
        scheduled="scheduled",
        running="running",
        paused="paused",
        stopped="cancelled",
        completed="finished",
    ),
    created="created_at",
    updated="updated_at",
    labels="tags",
    channel_at="messenger",
    attributes=("status", "type", "uuid", "send_at"),
)


class ListmonkSettings(contract.Settings):
    """`settings` of an account of driver `listmonk`."""

    host: Annotated[ids.Host, Field(description="where it runs (a path belongs in baseUrl)")]
    user: Annotated[ids.HeaderText, Field(description="API user")]
    token: Annotated[Credential, Field(description="token of the API user")]


def _request(session: Session, method: Any, *path: str, query: Any = ()) -> Request:
    settings: ListmonkSettings = session.settings
    headers: tuple[tuple[str, Text], ...] = (
        ("Authorization", (f"token {settings.user}:", settings.token.secret())),
    )
    return Request(method, session.base, ("api", "campaigns", *path), query, headers)


def _gate(answer: Answer) -> answers.Gate | None:
    """Wrong credentials are a 403; so is a campaign of a list that is not the user's."""
    if answer.status == 403 and answers.sentence(answer).lower() == _BAD_KEY:
        return contract.Unauthorised("HTTP 403: invalid API credentials")
    return answers.gate(answer, _WAIT)


def _judge(_session: Session, _items: Any, answer: Answer) -> contract.Verdict:
    """200 and `data` is true. 400 is said of an unknown id, in the server's own language."""
    said = mapping(answer.body) if answer.status == 200 else None
    if answer.status == 400 and answers.sentence(answer):
        return contract.Unconfirmed(answers.told(answer))
    done = said is not None and said.get("data") is True
    return answers.judged(answer, _gate(answer), deleted=done, refused=(403,))


DRIVER = contract.Driver(
    name="listmonk",
    title="listmonk, campaigns",
    call="DELETE /api/campaigns/{id}",
    docs="https://listmonk.app/docs/apis/campaigns/",
    settings=ListmonkSettings,
    complete=True,
    base_url=lambda settings: ids.base_of(settings.host),
    limits=lambda _settings: Limits(requests=10, per=1.0, concurrency=2),
    scope=lambda _settings: "listmonk",  # the server's: every user sees all, or some of them
    unsafe=ids.matching("[1-9][0-9]{0,9}", "an id is a whole number of at most ten digits"),
    delete=lambda session, items: _request(session, "DELETE", items[0].target.id),
    judge=_judge,
    gate=_gate,
    list=lists.by_number(
        _request,
        _SHAPE.records,
        query=(_BRIEF, ("per_page", str(_PAGE)), ("order_by", "created_at"), ("order", "asc")),
        size=_PAGE,
        items="data.results",
        total="data.total",
    ),
    look=looks.by_id(_request, _SHAPE.records, query=(_BRIEF,), within="data", missing=(400,)),
    fields=_FIELDS,
    look_fields=_FIELDS,
    page=_PAGE,
    notes=(
        "Any state can be deleted, also running and finished; lists, views and clicks go with it.",
        "The API user needs campaigns:manage_all and campaigns:get_all: one with rights for some "
        "lists sees only their campaigns, and nothing says that the list is not complete.",
        "listmonk has no limit of its own; ten requests a second spare a small server.",
    ),
)

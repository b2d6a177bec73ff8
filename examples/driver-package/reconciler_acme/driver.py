"""Acme: POST /v1/campaigns/delete, up to a hundred campaigns a request.

Vendor: https://acme.example/api, chapters Tokens, Campaigns and Errors, read on 2026-11-02.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from pydantic import Field

from reconciler.driver import (
    Answer,
    Credential,
    Driver,
    Flow,
    Item,
    Request,
    Session,
    Settings,
    Split,
    Unconfirmed,
    Verdict,
    chunks,
)
from reconciler.drivers import answers, auth, ids, looks, pages, shapes
from reconciler.drivers.strictjson import mapping
from reconciler.model import Limits, Status

_PAGE: Final = 100  # the vendor's most, in a page and in a deletion
_WAIT: Final = 10.0  # "please wait ten seconds" (Errors)
_SHAPE: Final = shapes.Shape(  # where things are in a record of Acme's
    name="title",
    statuses={"draft": Status.DRAFT, "active": Status.RUNNING, "done": Status.COMPLETED},
    created="created_at",
    labels="tags",
    attributes=("status",),
)


class AcmeSettings(Settings):
    """`settings` of an account of driver `acme`."""

    client_id: Annotated[ids.BodyText, Field(description="id of the API client")]
    client_secret: Annotated[Credential, Field(description="its secret; gets the tokens")]


def _authenticate(session: Session) -> Flow:
    """OAuth client credentials. Only the request for a token may have a secret in its body."""
    settings: AcmeSettings = session.settings
    form = (
        ("grant_type", "client_credentials"),
        ("client_id", settings.client_id),
        ("client_secret", settings.client_secret.secret()),
    )
    answer = yield Request("POST", session.base, ("oauth", "token"), form=form)
    return auth.given(answer, take="access_token", lives="expires_in")


def _request(
    session: Session, method: Any, *path: str, query: Any = (), body: Any = None
) -> Request:
    headers = (auth.bearer(session.token),)
    if body is not None:
        headers = (*headers, ("Content-Type", "application/json"))
    return Request(method, session.base, ("v1", "campaigns", *path), query, headers, body)


def _batches(_settings: Any, items: Sequence[Item], most: int | None) -> list[tuple[Item, ...]]:
    return chunks(items, _PAGE, most)


def _delete(session: Session, items: tuple[Item, ...]) -> Request:
    wanted = [item.target.id for item in items]
    return _request(session, "POST", "delete", body={"ids": wanted})


def _gate(answer: Answer) -> answers.Gate | None:
    return answers.gate(answer, _WAIT)


def _judge(_session: Session, items: tuple[Item, ...], answer: Answer) -> Verdict:
    """200, and `deleted` names exactly what was asked. 409: one of them is running.

    A 404 is about one of many: such a request is asked again by halves.
    """
    said = mapping(answer.body) if answer.status == 200 else None
    done = said is not None and said.get("deleted") == [item.target.id for item in items]
    verdict = answers.judged(answer, _gate(answer), deleted=done, refused=(400, 409))
    if isinstance(verdict, Unconfirmed) and len(items) > 1:
        return Split(verdict.detail)
    return verdict


def _list(session: Session) -> Flow:
    def ask(cursor: str | None) -> Request:
        at = () if cursor is None else (("cursor", cursor),)
        return _request(session, "GET", query=(("limit", str(_PAGE)), *at))

    where = {"items": "campaigns", "next": "next", "total": "total"}
    return pages.cursors(ask, _SHAPE.of(session.account), **where)


def _look(session: Session, item: Item) -> Flow:
    request = _request(session, "GET", item.target.id)
    return looks.look(request, item.target.id, _SHAPE.of(session.account))


DRIVER = Driver(
    name="acme",
    title="Acme, campaigns",
    call="POST /v1/campaigns/delete",
    docs="https://acme.example/api",
    settings=AcmeSettings,
    complete=True,
    base_url=lambda _settings: "https://api.acme.example",
    limits=lambda _settings: Limits(requests=5, per=1.0, concurrency=2),
    scope=lambda settings: f"client {settings.client_id}",
    unsafe=ids.path_id,
    delete=_delete,
    judge=_judge,
    gate=_gate,
    batches=_batches,
    authenticate=_authenticate,
    list=_list,
    look=_look,
    fields=("name", "status", "createdAt", "labels"),
    look_fields=("name", "status", "createdAt", "labels"),
    page=_PAGE,
    notes=("A running campaign is not deleted: Acme answers 409 to the whole request.",),
)

"""The requests of the driver `http`: its templates, filled."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from reconciler.driver import Item, Request, Session, Text
from reconciler.drivers import _http_auth as auth
from reconciler.drivers import _http_templates as templates
from reconciler.drivers._http_models import Delete, HttpSettings, List, LookCall
from reconciler.drivers._http_templates import Filling

_JSON: Final = ("Content-Type", "application/json")


def filling(session: Session, item: Item | None = None) -> Filling:
    """What goes into the places of a request, for *item* where it is about one."""
    plain = {"nonce": session.nonce()}
    if item is not None:
        plain |= {
            "id": item.target.id,
            "name": item.name,
            "part": item.target.id if item.target.part is None else item.target.part,
        }
        if item.channel:
            plain["channel"] = item.channel
    return Filling(plain, auth.hidden(session))


def delete(session: Session, items: tuple[Item, ...]) -> Request:
    """The one request that deletes *items*."""
    settings: HttpSettings = session.settings
    call = settings.delete
    filled = filling(session, items[0])
    if call.many is not None:
        filled = _of_all(filled, items, call.many.join)
        ids = [item.target.id for item in items]
        body = _repeated(call.body, filled, ids) if call.many.join is None else None
        if body is not None:
            return _request(session, call, filled, body)
    return _request(session, call, filled, templates.filled_json(call.body, filled))


def _of_all(filled: Filling, items: Sequence[Item], join: str | None) -> Filling:
    joined = (join or "").join(item.target.id for item in items)
    return filled._replace(plain={**filled.plain, "id": joined})


def _repeated(value: Any, filled: Filling, ids: Sequence[str]) -> Any:
    """*value*, in which a list of one item that names the id has that item for each of *ids*."""
    match value:
        case [inner] if _names_id(inner):
            each = (filled._replace(plain={**filled.plain, "id": one}) for one in ids)
            return [templates.filled_json(inner, one) for one in each]
        case Mapping():
            return {key: _repeated(inner, filled, ids) for key, inner in value.items()}
    return templates.filled_json(value, filled)


def _names_id(value: Any) -> bool:
    found = (hole for _, text in templates.every_text(value) for hole in templates.holes(text))
    return any(hole.word == "id" for hole in found)


def read(
    session: Session,
    call: List | LookCall,
    item: Item | None = None,
    more: Sequence[tuple[str, str | int]] = (),
    *,
    inside: str = "query",
) -> Request:
    """A request of a list or a look; *more* parameters take the place of its own."""
    filled = filling(session, item)
    body = templates.filled_json(call.body, filled)
    if inside == "json":
        return _request(session, call, filled, {**(body or {}), **dict(more)})
    return _request(session, call, filled, body, [(key, str(value)) for key, value in more])


def _request(
    session: Session,
    call: Delete | List | LookCall,
    filled: Filling,
    body: Any,
    more: Sequence[tuple[str, str]] = (),
) -> Request:
    settings: HttpSettings = session.settings
    form = call.form if isinstance(call, Delete) else None
    fields = (
        None if form is None else tuple((k, templates.plain(v, filled)) for k, v in form.items())
    )
    named = headers(settings.headers, call.headers, filled, typed=body is not None and form is None)
    query: dict[str, Text] = {
        key: templates.filled(text, filled) for key, text in call.query.items()
    }
    for key, value in more:  # a parameter that carries a secret stays ours
        if not isinstance(query.get(key), tuple):
            query[key] = value
    path = templates.filled_path(call.path, filled)
    return Request(call.method, session.base, path, tuple(query.items()), named, body, fields)


def headers(
    common: Mapping[str, str], own: Mapping[str, str], filled: Filling, *, typed: bool
) -> tuple[tuple[str, Text], ...]:
    """*own* headers in place of the *common* ones of the same name; a JSON body says what it is."""
    given = {name.lower(): (name, text) for name, text in (*common.items(), *own.items())}
    if typed and "content-type" not in given:
        given["content-type"] = _JSON
    return tuple((name, templates.filled(text, filled)) for name, text in given.values())


def token_request(session: Session) -> Request:
    """The request for a token; its body may hold secrets and is never shown."""
    settings: HttpSettings = session.settings
    assert settings.token is not None
    asked, base = settings.token.request, settings.token.base_url
    filled = Filling({"nonce": session.nonce()}, auth.hidden(session))
    body = templates.filled_secretly(asked.body, filled)
    form: tuple[tuple[str, Text], ...] | None = None
    if asked.form is not None:
        form = tuple((key, templates.filled(text, filled)) for key, text in asked.form.items())
    return Request(
        asked.method,
        session.base if base is None else auth.base(base),
        templates.filled_path(asked.path, filled),
        tuple((key, templates.filled(text, filled)) for key, text in asked.query.items()),
        headers({}, asked.headers, filled, typed=body is not None),
        body,
        form,
    )

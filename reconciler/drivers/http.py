"""Any vendor: the whole driver stands in the account's `settings` (spec §4).

As strict as the others: success only as it is configured, secrets never in a body, and what fits
nothing is in doubt. `baseUrl` says where the vendor lives.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Any, Final

from reconciler.driver import (
    Answer,
    Driver,
    Flow,
    Item,
    Session,
    Text,
    one_each,
    refusing,
)
from reconciler.drivers import _http_answers as answers
from reconciler.drivers import _http_auth as auth
from reconciler.drivers import _http_reading as reading
from reconciler.drivers import _http_requests as requests
from reconciler.drivers import _http_templates as templates
from reconciler.drivers import ids
from reconciler.drivers._http_checks import Checked
from reconciler.model import Campaign, Limits

_PAGE: Final = 100
_NOTES: Final = (
    "The vendor is what the settings say: nothing is deleted that `answers` does not call deleted.",
    "baseUrl is required; secrets go into headers, query and path, and never into a body.",
    "Without settings of your own: one request a second, one at a time, inventory partial.",
)


def _batches(settings: Checked, items: Sequence[Item], most: int | None) -> list[tuple[Item, ...]]:
    many = settings.delete.many
    if many is None:
        return one_each(settings, items, most)
    size = min(most or many.max, many.max)
    return [tuple(items[at : at + size]) for at in range(0, len(items), size)]


def _unsafe(settings: Checked, campaign: Campaign, part: str | None) -> str | None:
    """Whether everything of this target can go where the templates have it, unchanged."""
    if part is None and settings.parts is not None and _many_parts(settings, campaign):
        return None  # its id is the user's own name for its parts; it is never sent
    own = campaign.id if part is None else part
    values = {"id": campaign.id, "part": own, "name": campaign.name}
    if (why := _wrong_id(settings, campaign.id if settings.parts is None else own)) is not None:
        return why
    for place, text, hole in settings.target_holes:
        value = values.get(hole.word, campaign.channel if hole.word == "channel" else None)
        if value is not None and (why := templates.unsafe(text, value, place)) is not None:
            return why
    return None


def _many_parts(settings: Checked, campaign: Campaign) -> bool:
    listed = campaign.message_ids if settings.parts == "messageIds" else campaign.phone_numbers
    return bool(listed)


def _wrong_id(settings: Checked, text: str) -> str | None:
    many = settings.delete.many
    if many is not None and many.join and _splits(text, many.join):
        return "it holds what joins several ids, and would be read as several"
    if settings.ids is not None:
        import re2

        found = re2.fullmatch(settings.ids, text) if text.isascii() else None
        return None if found else "it is not as settings.ids says"
    return ids.in_path(text) if settings.parts is None and not settings.by_name else None


def _splits(text: str, join: str) -> bool:
    """Whether an id is no longer one, or another one, where ids are joined: blanks may be lost."""
    return (join.strip() or join) in text or text != text.strip()


@refusing.by_channel
def _unsupported(settings: Checked, channel: str | None) -> str | None:
    if not settings.channels:
        return None
    default = next((one.default for one in settings.channel_holes if one.default), None)
    if (channel or default) in settings.channels:
        return None
    return f"its channel is not one of {', '.join(settings.channels)} (settings.channels)"


def _authenticate(session: Session) -> Flow:
    settings: Checked = session.settings
    assert settings.token is not None
    answer = yield requests.token_request(session)
    return auth.token(settings.token, answer)


def _scope(settings: Checked) -> Text:
    """Whose campaigns: all secrets together say it, with what a deletion's request has of its own.

    A workspace may stand in the path, a project in a header: whoever writes another means others.
    """
    found: list[Any] = ["secrets" if settings.secrets else "no secrets"]
    for name, one in sorted(settings.secrets.items()):
        found += [f" {name} ", one.secret()]
    found.append(f", request {_fixed(settings)}")
    return tuple(found) if settings.secrets else "".join(found)


def _fixed(settings: Checked) -> str:
    """What a deletion's request always says, as a digest."""
    call = settings.delete
    says = [call.path, call.query, {**settings.headers, **call.headers}, call.body, call.form]
    return hashlib.sha256(json.dumps(says, sort_keys=True, default=dict).encode()).hexdigest()[:16]


def _configured(settings: Checked) -> Driver:
    """The driver that these settings describe."""
    first = settings.list[0] if settings.list else None
    listed = tuple(first.fields) if first else ()
    shown = tuple((settings.look.fields or listed) if settings.look else ())
    constant = tuple(first.constant) if first else ()
    size = first.next.size if first and first.next and first.next.size else _PAGE

    def gate(answer: Answer) -> Any:
        return answers.gate(settings, answer)

    return Driver(
        **{
            **_common(),
            "call": f"{settings.delete.method} {settings.delete.path}",
            "gate": gate,
            "authenticate": _authenticate if settings.token else None,
            "list": reading.list_all if settings.list else None,
            "look": reading.look if settings.look else None,
            "fields": tuple(one for one in (*listed, *constant) if one != "id"),
            "look_fields": tuple(one for one in shown if one != "id"),
            "page": size,
            "by_name": settings.by_name,
            "parts": settings.parts,
            "channels": settings.channels,
        }
    )


def _common() -> dict[str, Any]:
    return {
        "name": "http",
        "title": "Any vendor, described in the settings",
        "docs": "https://github.com/campaign-reconciler/reconciler/blob/main/docs/drivers/http.md",
        "settings": Checked,
        "complete": False,
        "base_url": lambda _settings: "",
        "limits": lambda _settings: Limits(requests=1, per=1.0, concurrency=1),
        "scope": _scope,
        "unsafe": _unsafe,
        "unsupported": _unsupported,
        "delete": requests.delete,
        "judge": answers.judge,
        "batches": _batches,
        "neighbours": True,
        "gone": reading.gone,
        "anywhere": True,
        "notes": _NOTES,
    }


def _nothing(_answer: Answer) -> None:
    """Without settings nothing is known of any answer."""


DRIVER = Driver(**_common(), call="as settings.delete says", gate=_nothing, configured=_configured)

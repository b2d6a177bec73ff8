"""Twilio SendGrid v3: DELETE /v3/marketing/singlesends/{id}, one Single Send a request, or fifty.

Vendor: github.com/twilio/sendgrid-oai, spec/json/tsg_mc_singlesends_v3.json; rate headers:
twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/rate-limits (providers-2 §2).
"""

from typing import Annotated, Any, Final

from pydantic import Field

from reconciler import driver as contract
from reconciler.driver import Answer, Credential, Item, Request, Session, Verdict
from reconciler.drivers import answers, auth, ids, lists, looks, rates, shapes
from reconciler.model import Limits

_PAGE: Final = 50
_MOST: Final = 50  # ids of a bulk deletion: "maxItems": 50
# Five seconds where the answer does not say when its window ends.
_GATE: Final = rates.gate(rates.until, "x-ratelimit-reset", 5.0)
_SHAPE: Final = shapes.Shape(
    statuses=shapes.states(draft="draft", scheduled="scheduled", sent="triggered"),
    created="created_at",
    updated="updated_at",
    labels="categories",
    channel="email",
    attributes=("status", "send_at", "is_abtest"),
)
_FIELDS: Final = ("name", "status", "channel", "createdAt", "updatedAt", "labels")


class SendGridSettings(contract.Settings):
    """`settings` of an account of driver `sendgrid`."""

    api_key: Annotated[Credential, Field(description="API key with marketing access")]
    on_behalf_of: Annotated[
        ids.HeaderText | None, Field(description="subuser whose Single Sends they are")
    ] = None
    host: Annotated[ids.Host, Field(description="api.eu.sendgrid.com for EU accounts")] = (
        "api.sendgrid.com"
    )
    bulk: Annotated[bool, Field(description="true: up to 50 ids a request")] = False


def _request(session: Session, method: Any, *path: str, query: Any = ()) -> Request:
    settings: SendGridSettings = session.settings
    headers = [auth.bearer(settings.api_key.secret())]
    if settings.on_behalf_of is not None:
        headers.append(("on-behalf-of", settings.on_behalf_of))
    whole = ("v3", "marketing", "singlesends", *path)
    return Request(method, session.base, whole, query, tuple(headers))


def _delete(session: Session, items: tuple[Item, ...]) -> Request:
    if len(items) == 1:
        return _request(session, "DELETE", items[0].target.id)
    # Without `ids` this address means something that nobody documented: never an empty list.
    joined = ",".join(item.target.id for item in items)
    return _request(session, "DELETE", query=(("ids", joined),))


def _judge(_session: Session, items: tuple[Item, ...], answer: Answer) -> Verdict:
    """204 and empty. A 404 of many is about one of them, whichever: ask by halves."""
    verdict = answers.judged(answer, _GATE(answer), deleted=answers.emptied(answer))
    if isinstance(verdict, contract.Unconfirmed) and len(items) > 1:
        return contract.Split(verdict.detail)
    return verdict


def _scope(settings: SendGridSettings) -> contract.Text:
    return ("key ", settings.api_key.secret(), f" subuser {settings.on_behalf_of or ''}")


DRIVER = contract.Driver(
    name="sendgrid",
    title="Twilio SendGrid, Single Sends",
    call="DELETE /v3/marketing/singlesends/{id}",
    docs="https://www.twilio.com/docs/sendgrid/api-reference/single-sends",
    settings=SendGridSettings,
    complete=True,
    base_url=lambda settings: ids.base_of(settings.host),
    limits=lambda _settings: Limits(requests=5, per=1.0, concurrency=2),
    scope=_scope,
    limit=lambda settings: f"key {settings.api_key.source}",
    unsafe=ids.path_id,
    delete=_delete,
    judge=_judge,
    gate=_GATE,
    batches=lambda settings, items, most: contract.chunks(
        items, _MOST if settings.bulk else 1, most
    ),
    neighbours=True,
    list=lists.by_cursor(
        _request,
        _SHAPE.records,
        query=(("page_size", str(_PAGE)),),
        at="page_token",
        key="page_token",
        items="result",
        next="_metadata.next",
        total="_metadata.count",
    ),
    look=looks.by_id(_request, _SHAPE.records),
    fields=_FIELDS,
    look_fields=_FIELDS,
    page=_PAGE,
    notes=(
        "A deletion is permanent, by the vendor's own word; which states refuse it is not said.",
        "bulk: what the vendor does with fifty of which one is unknown is not documented; such a "
        "request is asked again by halves.",
        "The vendor publishes no rate; five requests a second is a careful guess, and its own "
        "X-RateLimit-Reset says how long to wait.",
    ),
)

"""Kore.ai contact center v2: DELETE one SMS or voice campaign, with a token we sign ourselves.

Vendor: https://docs.kore.ai/ai-for-service/apis/contact-center/delete-sms-campaign-v2 (seed 001),
delete-voice-campaign-v2, get-all-campaigns-v2, rate-limit-ccai, and the JWT recipe in
https://docs.kore.ai/ai-for-service/apis/automation/api-introduction (providers §2).
"""

from collections.abc import Iterator
from typing import Annotated, Any, Final

from pydantic import Field

from reconciler import driver as contract
from reconciler.driver import (
    Answer,
    Credential,
    Flow,
    Item,
    Listing,
    Request,
    Secret,
    Session,
    Text,
    refusing,
)
from reconciler.drivers import answers, auth, ids, looks, pages, shapes
from reconciler.drivers.strictjson import integer, mapping, words
from reconciler.model import Campaign, Limits

_WAIT: Final = 60.0  # the window of "60 requests per minute per account" (rate-limit-ccai)
_PAGE: Final = 50  # as in the vendor's samples; the most is not documented
_CHANNELS: Final = ("sms", "voice")
_SLOW_DOWN: Final = (  # its HTTP status is not documented: seen as 429, 403 and 200
    "you've exceeded the per-minute rate limit",
    "rate limit for this api has been reached",
)
_BAD_KEY: Final = "invalid sdk credentials"  # with code 4002; HTTP status not documented
_SHAPE: Final = shapes.Shape(
    statuses=shapes.states(
        scheduled="scheduled, rescheduled",
        ready="ready",
        running="active, preparing, rerun, run as emergency",
        paused="paused",
        stopped="stopped",
        completed="completed",
    ),
    created="createdAt",
    updated="updatedAt",
    attributes=("status", "description", "priority", "format", "schedule", "contactLists"),
)


class KoreSettings(contract.Settings):
    """`settings` of an account of driver `kore`."""

    host: Annotated[ids.Host, Field(description="environment, such as platform.kore.ai")]
    stream_id: Annotated[ids.Segment, Field(description="bot or stream id, st-...")]
    account_id: Annotated[ids.HeaderText, Field(description="account id")]
    client_id: Annotated[ids.BodyText, Field(description="Client ID of the app (claim appId)")]
    client_secret: Annotated[Credential, Field(description="Client Secret: signs the token")]
    algorithm: Annotated[
        auth.Algorithm,
        Field(description="how the app's tokens are signed; RSA and JWE are not there"),
    ] = "HS256"
    iid: Annotated[ids.HeaderText | None, Field(description="application id (= streamId)")] = None
    subject: Annotated[ids.BodyText, Field(description="claim sub of the token")] = "reconciler"
    jti: Annotated[bool, Field(description="add a jti; for apps with Enforce JTI")] = False


def _request(
    session: Session,
    method: Any,
    *path: str,
    query: tuple[tuple[str, str], ...] = (),
    body: Any = None,
) -> Request:
    settings: KoreSettings = session.settings
    whole = ("campaign", "api", "v2", "public", settings.stream_id, "campaign", *path)
    headers: tuple[tuple[str, Text], ...] = (
        ("auth", _token(session)),  # not Authorization: seed 001
        ("iid", settings.iid or settings.stream_id),
        ("accountId", settings.account_id),
        ("Content-Type", "application/json"),
    )
    return Request(
        method, session.base, whole, (("accountId", settings.account_id), *query), headers, body
    )


def _token(session: Session) -> Secret:
    """A token of ours, signed only when it is sent: a dry run never needs the client secret."""
    settings: KoreSettings = session.settings
    claims = {"sub": settings.subject, "appId": settings.client_id}
    if settings.jti:
        claims["jti"] = session.nonce()
    return auth.signed(settings.client_secret.secret(), claims, algorithm=settings.algorithm)


def _kind(channel: str | None) -> str:
    return (channel or "sms").lower()


def _delete(session: Session, items: tuple[Item, ...]) -> Request:
    kind = (("campaignType", _kind(items[0].channel)),)
    return _request(session, "DELETE", items[0].target.id, query=kind)


def _gate(answer: Answer) -> answers.Gate | None:
    said = mapping(answer.body)
    if said is None or said.get("status") != "success":
        for one in _sentences(answer, said):
            if one.startswith(_SLOW_DOWN):
                return contract.Throttled("the vendor's per-minute rate limit is used up", _WAIT)
            if one == _BAD_KEY:
                return contract.Unauthorised("Invalid SDK credentials")
    return answers.gate(answer, _WAIT)


def _sentences(answer: Answer, said: dict[str, Any] | None) -> Iterator[str]:
    """What the vendor itself says, never what it quotes: the shape is not documented."""
    if said is None:
        plain = answer.body[:400].decode("utf-8", "replace")
        yield plain.strip().strip('"').replace("\u2019", "'").lower()
        return
    errors = said.get("errors")
    inner = [said.get("error"), *(errors if isinstance(errors, list) else [])]
    for level in (said, *inner):
        found = level.values() if isinstance(level, dict) else (level,)
        yield from (
            one.strip().replace("\u2019", "'").lower() for one in found if isinstance(one, str)
        )


def _judge(_session: Session, items: tuple[Item, ...], answer: Answer) -> contract.Verdict:
    """Success is 2xx and top-level `status` "success"; `data.status` is the campaign's state.

    No failure of this call is documented. `failure` and `error` are the vendor's words for "no" in
    its sister calls. 400 and 404 may both mean "already deleted", so only a look can tell.
    """
    if (first := _gate(answer)) is not None:
        return first
    said = mapping(answer.body)
    if answers.ok(answer) and said is not None:
        match said.get("status"):
            case "success":
                return answers.deleted_unless(
                    _other(said, items[0].target.id), words(said.get("message"))
                )
            case "failure" | "error":
                return contract.Refused(
                    words(said.get("message"), "the vendor said no, without a reason")
                )
    if answer.status == 400:
        return contract.Unconfirmed("HTTP 400: refused, or already deleted")
    return answers.rest(answer)


def _other(said: dict[str, Any], wanted: str) -> str | None:
    """Whether the snapshot in `data` is of another campaign."""
    snapshot = said.get("data")
    if snapshot is None:
        return None
    if not isinstance(snapshot, dict):
        return "success with data that is not a campaign"
    same = all(snapshot.get(key, wanted) == wanted for key in ("_id", "id"))
    return None if same else "success about another campaign"


def _list(session: Session) -> Flow:
    lists: dict[str, Listing] = {}
    for kind in _CHANNELS:
        lists[kind] = yield from _list_of(session, kind)
    return pages.merged(lists)


def _list_of(session: Session, kind: str) -> Flow:
    def ask(skip: int) -> Request:
        body = {"type": kind, "limit": _PAGE, "skip": skip, "sortBy": {"createdAt": "asc"}}
        return _request(session, "POST", "getAllCampaignDetails", body=body)

    def read(answer: Answer, skip: int) -> pages.Page:
        said = mapping(answer.body, mended=True) if answers.ok(answer) else None
        inner = said.get("data") if said and said.get("status", "success") == "success" else None
        items = inner.get("results") if isinstance(inner, dict) else None
        if not isinstance(inner, dict) or not isinstance(items, list):
            return pages.unread(answer)
        total, more = integer(inner.get("totalResults")), inner.get("hasMore")
        reached = total is not None and skip + len(items) >= total
        short = len(items) < min(integer(inner.get("limit")) or _PAGE, _PAGE)
        last = more is False or (more is not True and (reached or short))
        following = None if last else skip + max(len(items) - 1, 1)
        records = (_record(session.account, item, kind) for item in items)
        return pages.page(records, next=following, total=total)

    return pages.gather(0, ask, read, overlap=True)


def _look(session: Session, item: Item) -> Flow:
    def record(said: dict[str, Any], _shown: Any) -> Campaign | None:
        shown = said.get("data") if said.get("status") == "success" else None
        return _record(session.account, shown, item.channel)

    return looks.look(_request(session, "GET", item.target.id), item.target.id, record)


def _record(account: str, item: Any, kind: str | None) -> Campaign | None:
    """The id is under `id` in sms lists and under `_id` in voice lists and single campaigns."""
    named = {
        one for key in ("_id", "id") if (one := shapes.id_of(shapes.at(item, key))) is not None
    }
    if len(named) != 1:  # none, or two that differ: nobody can tell which one a deletion needs
        return None
    return _SHAPE.record(account, {**item, "id": named.pop()}, channel=kind)


@refusing.by_channel
def _unsupported(_settings: KoreSettings, channel: str | None) -> str | None:
    known = channel in _CHANNELS or _kind(channel) in _CHANNELS
    return None if known else "its channel is neither sms nor voice, and the call has no other type"


DRIVER = contract.Driver(
    name="kore",
    title="Kore.ai contact center, SMS and voice campaigns (v2)",
    call="DELETE /campaign/api/v2/public/{streamId}/campaign/{campaignId}",
    docs="https://docs.kore.ai/ai-for-service/apis/contact-center/delete-sms-campaign-v2",
    settings=KoreSettings,
    complete=True,
    base_url=lambda settings: ids.base_of(settings.host),
    limits=lambda _settings: Limits(requests=60, per=60.0, concurrency=4),
    scope=lambda settings: f"account {settings.account_id} stream {settings.stream_id}",
    limit=lambda settings: f"account {settings.account_id}",
    unsafe=ids.path_id,
    unsupported=_unsupported,
    delete=_delete,
    judge=_judge,
    gate=_gate,
    list=_list,
    look=_look,
    fields=("name", "status", "channel", "createdAt", "updatedAt"),
    look_fields=("name", "status", "createdAt", "updatedAt"),  # the channel is what we asked with
    page=_PAGE,
    channels=_CHANNELS,
    notes=(
        "campaignType is the record's channel: sms (also when it has none) or voice.",
        "The limit of 60 a minute is shared with everything else the account does at Kore.ai.",
        "No failure is documented for this call; 400 and 404 are confirmed by a look.",
        "Tokens are signed with the Client Secret (HS256, HS384, HS512). An app that takes RSA "
        "alone or enforces JWE cannot be used: how it encrypts is not documented. Make another.",
        "The app needs the scope Campaign Management, and must be published after it got it.",
    ),
)

"""Ozonetel: DELETE /ca_apis/DeleteBulkData removes phone numbers from campaigns, by name.

Vendor: https://docs.ozonetel.com/reference/delete_ca-apis-deletebulkdata (seed 000; -1: basic
mode), post_ca-apis-catoken-generatetoken, delete_ca-apis-deletecampaigndata (one record, which
also documents success and "No Record Found"). HTTP statuses are documented nowhere (providers §1).
"""

import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from reconciler.driver import (
    Answer,
    Credential,
    Deleted,
    Doubt,
    Driver,
    Flow,
    Growth,
    Item,
    Refused,
    Request,
    Secret,
    Session,
    Settings,
    Sifted,
    Split,
    Text,
    Throttled,
    Token,
    Unauthorised,
    Unconfirmed,
    Verdict,
    one_each,
)
from reconciler.drivers import ids
from reconciler.drivers.answers import Gate, gate, odd, ok, rest
from reconciler.drivers.grid import rectangles
from reconciler.drivers.strictjson import mapping, words
from reconciler.model import Campaign, Limits

_MOST: Final = 100  # "up to 100 phone numbers or 100 campaign names", each
_WAIT: Final = 60.0  # two requests a minute
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,14}")  # a JSON number has no + and no leading zero
_PRINTABLE: Final = re.compile(r"[!-~]{1,8192}")

# The vendor's messages, trimmed and in lower case; its own wording is not stable in either.
_THROTTLED: Final = frozenset({"max limit exceeded"})
_RENEW: Final = frozenset({"token expired", "invalid token"})
_CREDENTIALS: Final = frozenset(
    {
        "token should not be null or empty.",
        "username should not be null or empty.",
        "username is null",
        "invalid user details",
        "invalid username or apikey",
        "api key should not be null or empty.",
    }
)
_MALFORMED: Final = frozenset(
    {
        "phonenumber should not be null are empty",
        "phonenumbers should not be null are empty",
        "campaign should not be null are empty",
        "a maximum of 100 phone numbers or 100 campaign names will be accepted",
        "invalid json pass valid json",
    }
)
_NO_RECORD: Final = "no record found"
_BOTH: Final = "the number is no longer in the campaign, or number or campaign are not valid"
_BAD_CAMPAIGN: Final = "passed campaign are invalid"
_FAILED: Final = frozenset({"false", "error", "failure", "fail"})


class OzonetelSettings(Settings):
    """`settings` of an account of driver `ozonetel`."""

    user_name: Annotated[ids.BodyText, Field(description="user name of the account")]
    api_key: Annotated[
        Credential, Field(description="API key; gets the tokens, or goes with every request")
    ]
    domain: Annotated[
        ids.Host,
        Field(description="api.ccaas.ozonetel.com outside India; partners have their own"),
    ] = "in1-ccaas-api.ozonetel.com"
    authentication: Annotated[
        Literal["token", "basic"], Field(description="as the admin setting API Authentication says")
    ] = "token"
    bulk: Annotated[
        bool, Field(description="false: one number and one name a request, 100 a minute")
    ] = True


# ---------------------------------------------------------------- requests


def _credentials(session: Session) -> tuple[tuple[str, Text], ...]:
    settings: OzonetelSettings = session.settings
    if settings.authentication == "basic":  # BASIC_AUTH is the vendor's name; it is not HTTP Basic
        return (("apiKey", settings.api_key.secret()),)
    return (("Authorization", ("Bearer ", session.token)),)


def _delete(session: Session, items: tuple[Item, ...]) -> Request:
    settings: OzonetelSettings = session.settings
    headers = (*_credentials(session), ("Content-Type", "application/json"))
    names, numbers = _axes(items)
    if settings.bulk:
        call = "DeleteBulkData"
        body: dict[str, Any] = {
            "userName": settings.user_name,
            "phoneNumber": [int(number) for number in numbers],
            "campaignName": names,
        }
    else:
        call = "deleteCampaignData"
        body = {
            "campaignName": names[0],
            "phoneNumber": numbers[0],
            "userName": settings.user_name,
        }
    return Request("DELETE", session.base, ("ca_apis", call), headers=headers, body=body)


def _authenticate(session: Session) -> Flow:
    """A token lives 60 minutes; a new one ends every earlier one; ten are given an hour."""
    settings: OzonetelSettings = session.settings
    if settings.authentication == "basic":
        return Token(Secret.of(""))
    answer = yield Request(
        "POST",
        session.base,
        ("ca_apis", "CAToken", "generateToken"),
        headers=(("Content-Type", "application/json"), ("apiKey", settings.api_key.secret())),
        body={"userName": settings.user_name},
    )
    said = mapping(answer.body) or {}
    if _failed(said):
        stop = _gate(answer)
        return stop if isinstance(stop, Throttled) else Unauthorised(words(said.get("message")))
    token = said.get("token")
    if ok(answer) and isinstance(token, str) and _PRINTABLE.fullmatch(token):
        return Token(Secret.of(token))
    if answer.status in (401, 403):
        return Unauthorised(f"HTTP {answer.status}: no token was given")
    return Doubt(f"no token: {odd(answer)}")


# ---------------------------------------------------------------- answers


def _failed(said: dict[str, Any]) -> bool:
    """`status` is a text with many spellings; "false" is one of them."""
    state = said.get("status")
    return isinstance(state, str) and state.lower() in _FAILED


def _message(said: dict[str, Any]) -> str:
    message = said.get("message")
    return message.strip().lower() if isinstance(message, str) else ""


def _gate(answer: Answer) -> Gate | None:
    said = mapping(answer.body) or {}
    if _failed(said):
        message = _message(said)
        if message in _THROTTLED:
            return Throttled("Max limit exceeded", _WAIT)
        if message in _RENEW:
            return Unauthorised(words(said.get("message")), renew=True)
        if message in _CREDENTIALS:
            return Unauthorised(words(said.get("message")))
    found = gate(answer, _WAIT)
    return Unauthorised(found.detail, renew=True) if isinstance(found, Unauthorised) else found


def _judge(session: Session, items: tuple[Item, ...], answer: Answer) -> Verdict:
    """2xx and `status` "success" in any case; every documented message has its own meaning.

    A message counts whatever the status is, as no page gives one; but not on a 5xx.
    """
    if (first := _gate(answer)) is not None:
        basic = session.settings.authentication == "basic"
        if basic and isinstance(first, Unauthorised):  # there is no token to renew
            return Unauthorised(first.detail)
        return first
    said = mapping(answer.body) or {}
    state = said.get("status")
    if ok(answer) and isinstance(state, str) and state.lower() == "success":
        return Deleted(words(said.get("message")) or None)
    if _failed(said) and (ok(answer) or 400 <= answer.status < 500):
        names, numbers = _axes(items)
        detail = words(said.get("message"))
        match _message(said):
            case message if message in _MALFORMED:
                return Refused(detail)
            case message if message == _NO_RECORD:
                if len(names) == len(numbers) == 1:
                    return Unconfirmed(f"{detail}: {_BOTH}", known=True)
                return Split(detail)
            case message if message == _BAD_CAMPAIGN:
                return Refused(detail) if len(names) == 1 else Split(detail, sift=True)
        return Doubt(f"not documented: {detail}" if detail else odd(answer))
    return rest(answer)


def _sift(session: Session, items: tuple[Item, ...]) -> Flow:
    """Names that `campaignStatus` does not know, before a request that was refused is halved."""
    settings: OzonetelSettings = session.settings
    unknown: set[str] = set()
    for name in _axes(items)[0]:
        answer = yield Request(
            "GET",  # with a body, as its page has it
            session.base,
            ("ca_apis", "campaignStatus"),
            headers=(*_credentials(session), ("Content-Type", "application/json")),
            body={"userName": settings.user_name, "campaignName": name},
        )
        if _gate(answer) is not None:
            break
        if _is_known(answer, name) is False:
            unknown.add(name)
    why = "Passed campaign are invalid, and campaignStatus does not know this name"
    return Sifted(tuple(item for item in items if item.name in unknown), why)


def _is_known(answer: Answer, name: str) -> bool | None:
    """Whether a campaign has that very *name*; others like it are shown too. None: unclear."""
    said = mapping(answer.body) if ok(answer) else None
    found = said.get("message") if said else None
    if said is None or (_failed(said) and _message(said) != _NO_RECORD):
        return None
    if isinstance(found, list):
        return any(isinstance(one, dict) and one.get("CampaignName") == name for one in found)
    return False if _message(said) == _NO_RECORD else None


# ---------------------------------------------------------------- who shares a request


def _axes(items: Iterable[Item]) -> tuple[list[str], list[str]]:
    """The names and the numbers of *items*, each once, in order."""
    every = tuple(items)
    names = dict.fromkeys(item.name for item in every)
    return list(names), list(dict.fromkeys(_number(item) for item in every))


def _number(item: Item) -> str:
    return item.target.part or ""


def _batches(
    settings: OzonetelSettings, items: Sequence[Item], most: int | None
) -> list[tuple[Item, ...]]:
    """Fewest requests whose names x numbers are wholly planned: nothing else may be removed."""
    if not settings.bulk:
        return one_each(settings, items, most)
    by_cell: dict[tuple[str, str], list[Item]] = {}
    for item in items:
        by_cell.setdefault((item.name, _number(item)), []).append(item)
    return [
        tuple(item for name in names for number in numbers for item in by_cell[name, number])
        for names, numbers in rectangles(by_cell, side=_MOST, most=most)
    ]


def _split(items: tuple[Item, ...]) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
    """Names first, because one bad name refuses the whole request; then numbers."""
    names, numbers = _axes(items)
    if len(names) > 1:
        first = set(names[: len(names) // 2])
        halves = [item for item in items if item.name in first]
        return tuple(halves), tuple(item for item in items if item.name not in first)
    low = set(numbers[: len(numbers) // 2])
    return (
        tuple(item for item in items if _number(item) in low),
        tuple(item for item in items if _number(item) not in low),
    )


def _unsafe(settings: OzonetelSettings, campaign: Campaign, part: str | None) -> str | None:
    if why := ids.as_text(campaign.name):
        return why
    if part is None:
        return None
    if settings.bulk and not _NUMBER.fullmatch(part):
        return "phone numbers go as JSON numbers: 1 to 15 digits, no + and no leading zero"
    return None if settings.bulk else ids.in_body(part)


def _limits(settings: OzonetelSettings) -> Limits:
    return Limits(requests=2 if settings.bulk else 100, per=60.0, concurrency=1)


DRIVER = Driver(
    name="ozonetel",
    title="Ozonetel, phone numbers inside campaigns",
    call="DELETE /ca_apis/DeleteBulkData",
    docs="https://docs.ozonetel.com/reference/delete_ca-apis-deletebulkdata",
    settings=OzonetelSettings,
    complete=False,
    base_url=lambda settings: ids.base_of(settings.domain),
    limits=_limits,
    scope=lambda settings: f"user {settings.user_name}",
    unsafe=_unsafe,
    delete=_delete,
    judge=_judge,
    gate=_gate,
    batches=_batches,
    split=_split,
    sift=_sift,
    authenticate=_authenticate,
    by_name=True,
    parts="phoneNumbers",
    growth=Growth(first=1000),
    timeout=300.0,
    notes=(
        "It removes phone numbers from campaigns, whatever their state; the campaign stays.",
        "It goes by the campaign's name, to the byte; a trailing space counts.",
        "Nobody can see numbers: a doubt is settled by a person (settle --as).",
        "A new token ends every earlier one: two programs on one account log each other out.",
        "Two requests a minute, so numbers and names share requests as far as is safe.",
        "A request that is refused for a name is not halved blindly: its names are asked for, one "
        "a second (campaignStatus), and those that the vendor does not know are refused.",
        "The call answers when it is done: a run begins with at most 1,000 deletions a request, "
        "and asks for more while answers are quick.",
    ),
)

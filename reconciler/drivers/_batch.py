"""What Batch's two APIs share: error codes, and what a 200 must look like.

Codes: the vendor's delete and update pages (providers B1, B3, M1, M2). The key that holds the code
is not documented; `error_code`, an integer or a text of digits, is what clients read.
"""

from collections.abc import Callable
from typing import Any, Final

from reconciler.driver import (
    Answer,
    Deleted,
    Doubt,
    Item,
    Refused,
    Session,
    Throttled,
    Unauthorised,
    Unconfirmed,
    Verdict,
)
from reconciler.drivers.answers import Gate, emptied, endless, gate, odd, rest, speaks_of_failure
from reconciler.drivers.strictjson import mapping, words

WAIT: Final = 5.0  # "please wait for at least 5 seconds" (seeds B1, M1)


def limited(answer: Answer) -> Gate | None:
    """429 and 401, or their codes 60 and 10 in an answer that calls itself a success."""
    if (first := gate(answer, WAIT)) or answer.status != 200:
        return first
    match _code(mapping(answer.body) or {}):
        case 60:
            return Throttled("error 60: TOO_MANY_REQUESTS", WAIT)
        case 10:
            return Unauthorised("error 10: AUTHENTICATION_INVALID")
    return None


def judge(
    gate: Callable[[Answer], Gate | None], id_key: str, *, or_emptied: bool = False
) -> Callable[[Session, tuple[Item, ...], Answer], Verdict]:
    """`judge` of either API. *id_key*: where a body would name the campaign.

    *or_emptied*: whether a 204 without a body is a success as well.
    """

    def judge(_session: Session, items: tuple[Item, ...], answer: Answer) -> Verdict:
        if (first := gate(answer)) is not None:
            return first
        if or_emptied and emptied(answer):
            return Deleted()
        return _judged(answer, items[0].target.id, id_key)

    return judge


def _judged(answer: Answer, wanted: str, id_key: str) -> Verdict:
    """What is left once the gate said nothing."""
    match answer.status:
        case 200 if (doubt := endless(answer)) is not None:
            return doubt
        case 200 if not answer.body.strip():
            return Deleted()
        case 200:
            return _said(answer, wanted, id_key)
        case 400:
            said = mapping(answer.body) or {}
            detail = words(said.get("error_message", said.get("message")), "malformed request")
            return Refused(f"HTTP 400: {detail}")
    return rest(answer)


def _said(answer: Answer, wanted: str, id_key: str) -> Verdict:
    said = mapping(answer.body)
    if said is None:
        return Doubt(odd(answer))
    if any(key.lower() in ("error_code", "errorcode") for key in said):
        return _failed(_code(said), words(said.get("error_message", said.get("message"))))
    if speaks_of_failure(said):
        return Doubt("HTTP 200 with a body that speaks of a failure")
    if said.get(id_key, wanted) != wanted:
        return Doubt("HTTP 200 about another campaign")
    return Deleted()


def _code(said: dict[str, Any]) -> int | None:
    code = said.get("error_code")
    if isinstance(code, str) and code.isascii() and code.isdigit() and len(code) < 10:
        return int(code)
    return code if isinstance(code, int) and not isinstance(code, bool) else None


def _failed(code: int | None, message: str) -> Verdict:
    """A failure inside a 200. 60 and 10 were the gate's; 0, 1 and unknown codes are doubts."""
    detail = f"error {code}: {message}".rstrip(": ")
    match code:
        case 12:
            return Unauthorised(detail)
        case 20:
            return Unconfirmed(detail)
        case 30 | 31 | 32:
            return Refused(detail)
    return Doubt("HTTP 200 with an error code that nobody documented" if code is None else detail)

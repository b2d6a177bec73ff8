"""What answers mean at any vendor: the sentences for what no vendor documents."""

import re
from typing import Any, Final

from reconciler.driver import Answer, Deleted, Doubt, Throttled, Unauthorised, Unconfirmed

Gate = Throttled | Unauthorised

_CODES: Final = {"errorcode", "errcode", "faultcode", "code"}
_TROUBLE: Final = ("error", "err", "fail", "fault", "exception", "problem")
_CLAIMS: Final = {"success", "succeeded", "successful"}
_YES: Final = {"ok", "deleted", "removed", "done", "acknowledged", "result", "status", "state"}
_STATUS: Final = {"status", "statuscode", "httpstatus", "httpstatuscode", "httpcode"}
_WORDY: Final = {*_YES, "outcome", "type", "level", "message", "msg", "detail", "reason"}
_NO: Final = re.compile(
    r"\b(errors?|fail(s|ed|ure|ures)?|false|ko|nok|not|no|un(successful|able|known|authori[sz]ed)"
    r"|denied|forbidden|invalid|reject(ed)?|refused|missing|cannot|exception|abort(ed)?)\b"
)


def gate(answer: Answer, wait: float) -> Gate | None:
    """429 and 401. Not 403: a key that may delete but not list (Batch) is a fact of the listing."""
    match answer.status:
        case 429:
            return Throttled("HTTP 429: too many requests", wait)
        case 401:
            return Unauthorised("HTTP 401: the credentials were not accepted")
    return None


def rest(answer: Answer) -> Unauthorised | Unconfirmed | Doubt:
    """403, 404, and in doubt for everything that nobody documented."""
    match answer.status:
        case 403:
            return Unauthorised("HTTP 403: these credentials may not do this")
        case 404:
            return Unconfirmed("HTTP 404: no such campaign, or a wrong address, key or version")
    return Doubt(odd(answer))


def odd(answer: Answer) -> str:
    """One sentence on an answer that says neither yes nor no."""
    status = answer.status
    if status == 0:
        return "no answer came"
    if 300 <= status < 400:
        return f"HTTP {status}: a redirect, which is never followed"
    if status >= 500:
        return f"HTTP {status}: the vendor failed"
    if not answer.body.strip():
        return f"HTTP {status} without a body"
    return f"HTTP {status} with a body that is not as documented"


def ok(answer: Answer) -> bool:
    """Whether the status is 2xx."""
    return 200 <= answer.status < 300


def speaks_of_failure(said: Any) -> bool:
    """Whether a JSON value says, at any depth, that something went wrong.

    For vendors whose page does not show the body of a success: an error code or an error under
    any of its usual names, `false`, a status of 400 or more, a word such as "failed". What it does
    not know does not speak.
    """
    if isinstance(said, list):
        return any(map(speaks_of_failure, said))
    if not isinstance(said, dict):
        return said is False
    return any(_fails(key, value) or speaks_of_failure(value) for key, value in said.items())


def _fails(key: str, value: Any) -> bool:
    name = re.sub(r"[^a-z]", "", key.lower())
    if name in _CODES:
        return True
    if name.startswith(_TROUBLE) and value:
        return True
    if name in _CLAIMS:
        return value is not True
    if name in _STATUS and _number(value) >= 400:
        return True
    if name in _YES and not value:
        return True
    return name in _WORDY and isinstance(value, str) and _NO.search(value.lower()) is not None


def _number(value: Any) -> float:
    """*value* as a status: a number, or a text that begins with its three digits."""
    if isinstance(value, str):
        found = re.match(r"\s*([0-9]{3})\b", value)
        return int(found[1]) if found else 0
    return value if isinstance(value, int | float) else 0


def endless(answer: Answer) -> Doubt | None:
    """A doubt about a body whose end nobody announced: an empty or a short one may be cut."""
    if answer.announced:
        return None
    return Doubt(f"HTTP {answer.status} with a body whose end nobody announced")


def deleted_unless(contradiction: str | None, detail: str | None = None) -> Deleted | Doubt:
    """The documented success, but for a word in it that says otherwise."""
    return Deleted(detail or None) if contradiction is None else Doubt(contradiction)

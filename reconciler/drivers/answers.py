"""What answers mean at any vendor: the sentences for what no vendor documents."""

import re
from collections.abc import Callable, Container, Iterator
from typing import Any, Final

from reconciler.driver import (
    Answer,
    Deleted,
    Doubt,
    Refused,
    Session,
    Throttled,
    Unauthorised,
    Unconfirmed,
    Verdict,
)
from reconciler.drivers.strictjson import NotJson, parse, words

Gate = Throttled | Unauthorised

_SAID: Final = (  # where a vendor's own sentence is, the most telling first
    *("detail", "message", "error_message", "error_description", "description"),
    *("title", "msg", "error", "errors"),
)
_CODES: Final = {"errorcode", "errcode", "faultcode", "code"}
_TROUBLE: Final = ("error", "err", "fail", "fault", "exception", "problem")
_CLAIMS: Final = {"success", "succeeded", "successful"}
_YES: Final = {"ok", "deleted", "removed", "done", "acknowledged", "result", "status", "state"}
_STATUS: Final = {"status", "statuscode", "httpstatus", "httpstatuscode", "httpcode"}
_FAILURE: Final = {"error", "fail", "failure", "ko", "nok"}  # and of no campaign's state
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


def emptied(answer: Answer) -> bool:
    """The commonest documented success: 204 and no body."""
    return answer.status == 204 and not answer.body


def judged(
    answer: Answer, gate: Gate | None, *, deleted: bool, refused: Container[int] = (400,)
) -> Verdict:
    """What an ordinary vendor's answer means: *gate* first, then *deleted*, the documented success.

    *refused*: statuses by which it says no and nothing changed; only with a sentence of its own.
    """
    if gate is not None:
        return gate
    if deleted:
        return Deleted()
    if answer.status in refused and sentence(answer):
        return Refused(told(answer))
    return rest(answer)


def judge_emptied(
    gate: Callable[[Answer], Gate | None], *, refused: Container[int] = (400,)
) -> Callable[[Session, Any, Answer], Verdict]:
    """`judge` of a vendor whose success is 204 and no body; *gate*, *refused* as for `judged`."""

    def judge(_session: Session, _items: Any, answer: Answer) -> Verdict:
        return judged(answer, gate(answer), deleted=emptied(answer), refused=refused)

    return judge


def rest(answer: Answer) -> Unauthorised | Unconfirmed | Doubt:
    """403, 404, and in doubt for everything that nobody documented."""
    match answer.status:
        case 403:
            return Unauthorised("HTTP 403: these credentials may not do this")
        case 404:
            return Unconfirmed("HTTP 404: no such campaign, or a wrong address, key or version")
    return Doubt(odd(answer))


def odd(answer: Answer) -> str:
    """One sentence on an answer that says neither yes nor no, and the vendor's own in brackets."""
    status = answer.status
    if status == 0:
        return "no answer came"
    if 300 <= status < 400:
        return f"HTTP {status}: a redirect, which is never followed"
    if status < 500 and not answer.body.strip():
        return f"HTTP {status} without a body"
    failed = "the vendor failed" if status >= 500 else "not as documented"
    said = sentence(answer)
    return f"HTTP {status}: {failed}" + (f" ({said})" if said else "")


def told(answer: Answer) -> str:
    """The status and the vendor's own sentence."""
    return f"HTTP {answer.status}: {sentence(answer)}".rstrip(": ")


def sentence(answer: Answer) -> str:
    """What the vendor itself says in a JSON body, as a short foreign text; empty if nothing."""
    try:
        value = parse(answer.body)
    except NotJson:
        return ""
    return next(filter(None, map(words, _sentences(value, 3))), "")


def _sentences(value: Any, depth: int) -> Iterator[Any]:
    if isinstance(value, str) or not depth:
        yield value
    elif isinstance(value, list):
        for one in value[:3]:
            yield from _sentences(one, depth - 1)
    elif isinstance(value, dict):
        for key in _SAID:
            if key in value:
                yield from _sentences(value[key], depth - 1)


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


def letters(key: str) -> str:
    """*key* in its letters alone: `has_more`, `hasMore` and `has-more` are one name."""
    return re.sub(r"[^a-z]", "", key.lower())


def denies(name: str, value: Any) -> bool:
    """Whether a *value* of this *name* (`letters`) plainly says that something went wrong.

    For what stands beside a documented answer: an error that is one, a claim that is denied, a
    status of 400 or more, or one in words.
    """
    if name.startswith(_TROUBLE):
        return bool(value)
    if name in _CLAIMS or name == "ok":
        return value in (False, "false", "False")
    if name not in _STATUS:
        return False
    return (isinstance(value, str) and value.lower() in _FAILURE) or _number(value) >= 400


def failed(name: str, value: Any) -> bool:
    """Whether *value* is a state of this *name* (`letters`), and says no in words."""
    states = name in _STATUS or name in ("state", "result", "outcome")
    return states and isinstance(value, str) and _NO.search(value.lower()) is not None


def _fails(key: str, value: Any) -> bool:
    name = letters(key)
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

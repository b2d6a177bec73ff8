"""What answers mean at any vendor: the sentences for what no vendor documents."""

from reconciler.driver import Answer, Deleted, Doubt, Throttled, Unauthorised, Unconfirmed

Gate = Throttled | Unauthorised


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


def deleted_unless(contradiction: str | None, detail: str | None = None) -> Deleted | Doubt:
    """The documented success, but for a word in it that says otherwise."""
    return Deleted(detail or None) if contradiction is None else Doubt(contradiction)

"""What the clauses share: answers to hold against a driver, and what it makes of them."""

import random
from collections.abc import Iterable, Sequence
from typing import Any, Final, get_args

from reconciler.driver import (
    Answer,
    Deleted,
    Doubt,
    Flow,
    Item,
    Listing,
    Request,
    Secret,
    Sifted,
    Sighting,
    Throttled,
    Token,
    Unauthorised,
    Unproven,
    revealed,
)
from reconciler.testing.example import Example
from reconciler.testing.lies import twisted

STEPS: Final = 20_000  # requests a flow may take before it counts as endless
_FEW: Final = 1_000  # the same where that it ends is not what is asked
_TRIES: Final = 150
SENDS: Final = ("httpx", "requests", "aiohttp", "socket", "urllib3", "time", "os", "random")
HOSTILE: Final = (
    *("", ".", "..", "../x", "a/b", "a\\b", "a?x=1", "a#b", "a%2e", "%2e%2e", "a b", "a\n", "\na"),
    *("a\r\nX: y", "a\x00", "a\u0661", "é", "\u202ea", "a\ud800", "a" * 201, "{}", "a;b", "\t"),
)


def batches(example: Example, items: Sequence[Item] | None = None) -> list[tuple[Item, ...]]:
    """The requests that *items*, or all of the example's, share."""
    given = example.items if items is None else items
    return example.driver.batches(example.checked, given, None)


def plain(request: Request) -> Any:
    """*request* as it goes over the wire, secrets revealed, to compare two of them."""
    path = [one.reveal() if isinstance(one, Secret) else one for one in request.path]
    pairs = [(name, revealed(value)) for name, value in (*request.query, *request.headers)]
    return request.method, request.base, path, pairs, request.body, request.form


def said(answer: Answer) -> str:
    """*answer* for a message."""
    return f"HTTP {answer.status} {answer.body[:80]!r}"


def deletes(verdict: object) -> bool:
    """Whether *verdict* is the vendor's yes."""
    return isinstance(verdict, Deleted | Unproven)


def judged(example: Example, answer: Answer) -> object:
    """What the driver makes of *answer*; None if it raises, which is a clause of its own."""
    try:
        return example.driver.judge(example.session, example.batch, answer)
    except Exception:
        return None


def flows(example: Example) -> list[tuple[str, Flow, tuple[type, ...]]]:
    """Each flow of the driver: its name, a run of it, and the kinds of value it may return."""
    driver, session = example.driver, example.session
    found: list[tuple[str, Flow, tuple[type, ...]]] = []
    if driver.authenticate:
        kinds = (Token, Unauthorised, Throttled, Doubt)
        found.append(("authenticate", driver.authenticate(session), kinds))
    if driver.list:
        found.append(("list", driver.list(session), (Listing,)))
    if driver.look:
        found.append(("look", driver.look(session, example.items[0]), get_args(Sighting)))
    if driver.sift:
        found.append(("sift", driver.sift(session, example.batch), (Sifted,)))
    return found


def ended(flow: Flow, answers: Sequence[Answer], steps: int = STEPS) -> Any:
    """What *flow* returns when its requests get *answers* in turn, the last one ever after."""
    try:
        next(flow)
        for step in range(steps):
            flow.send(answers[min(step, len(answers) - 1)])
    except StopIteration as end:
        return end.value
    raise AssertionError(f"a flow did not end after {steps} requests")


def quietly(flow: Flow, *answers: Answer) -> Any:
    """The same; None if it raises or does not end, which is a clause of its own."""
    try:
        return ended(flow, answers, _FEW)
    except Exception:
        return None


def arbitrary(example: Example) -> Iterable[Answer]:
    """Every lie, and successes with random bytes changed; the same ones every time."""
    rng = random.Random(example.driver.name)
    yield Answer(0, {}, b"")
    for success in example.successes:
        yield from (answer for _, answer in twisted(success))
    for _ in range(_TRIES):
        base = rng.choice(example.successes)
        body = bytearray(base.body or b"{}")
        for _ in range(rng.randint(1, 4)):
            body[rng.randrange(len(body))] = rng.randrange(256)
        status = base.status if rng.random() < 0.7 else rng.randint(100, 599)
        yield Answer(status, {}, bytes(body[: rng.randint(0, len(body))]))
        yield Answer(status, {}, bytes(body))
        yield Answer(rng.choice((200, 204, 400, 404, 500)), {}, rng.randbytes(rng.randint(0, 40)))

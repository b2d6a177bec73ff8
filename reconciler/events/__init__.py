"""What a run tells while it goes on: one small event at a time, for progress and `--events`.

An event never holds a secret; URLs and headers have no place in it.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Literal
from urllib.parse import unquote

import msgspec

from reconciler.safe import mask_part

Kind = Literal[
    "run-started",
    "account-started",
    "request",
    "answer",
    "outcome",
    "wait",
    "look",
    "account-stopped",
    "account-done",
    "run-ended",
]


class Event(msgspec.Struct, frozen=True, gc=False):
    """One thing that happened; what does not apply to its *kind* is None.

    run-started      *total* targets of the run, *detail* the plan's digest
    account-started  *account*, *total* of its targets, *done* those that earlier runs finished
    request          *account*, *request* (its number), *total* targets in it; it leaves now
    answer           *account*, *request* is over: *status* of its answer (None: none came),
                     *seconds* it took, *detail* says in one word what it meant
    outcome          *account*, *target* (`ACCOUNT/ID#PART`), *outcome*, *detail*, *done* of the
                     account so far
    wait             *account* sends nothing *until* then, *detail* says why
    look             *account* reads from the vendor, *detail* says why; or *done* of about *total*
                     requests of a look are made
    account-stopped  *account* sends nothing more in this run, *detail* says why
    account-done     *account*, *done* of its *total* targets; the others are pending
    run-ended        *done* targets, *detail*
    """

    at: datetime
    kind: Kind
    account: str | None = None
    target: str | None = None
    outcome: str | None = None
    detail: str | None = None
    until: datetime | None = None
    total: int | None = None
    done: int | None = None
    request: int | None = None
    status: int | None = None
    seconds: float | None = None


def with_detail(event: Event, detail: str) -> Event:
    """*event*, with another *detail*."""
    return msgspec.structs.replace(event, detail=detail)


class Listener:
    """Takes what a command tells while it works. This one is silent; make another by overriding.

    Nothing below the command line prints. While a run is under way it is told from the run's
    thread, one thing at a time.
    """

    def begin(self, numbers: Collection[str]) -> None:
        """A run is about to begin. Whoever shows what is told until `end` masks *numbers* in it.

        They are phone numbers, and a vendor may name any of them. What is raised here stops the
        run before it leaves a trace.
        """

    def event(self, event: Event) -> None:
        """Take one thing that happened. What is raised here ends the run, and is then raised."""

    def tick(self) -> None:
        """A second went by while a run was under way."""

    def end(self) -> None:
        """The run is over."""

    def note(self, text: str) -> None:
        """Take a sentence meant for people, already escaped."""

    def aloud(self, text: str) -> None:
        """Take a sentence that nobody may miss, already escaped."""


class Relay(Listener):
    """Hands everything on to *other*; make another by overriding what it is to overhear."""

    def __init__(self, other: Listener) -> None:
        self._other = other

    def begin(self, numbers: Collection[str]) -> None:
        self._other.begin(numbers)

    def event(self, event: Event) -> None:
        self._other.event(event)

    def tick(self) -> None:
        self._other.tick()

    def end(self) -> None:
        self._other.end()

    def note(self, text: str) -> None:
        self._other.note(text)

    def aloud(self, text: str) -> None:
        self._other.aloud(text)


Hears = Callable[[Listener], Listener]  # what makes another listener of one, as a `Relay` does


@contextmanager
def told(listener: Listener, numbers: Collection[str]) -> Iterator[None]:
    """Meanwhile a run is under way, as *listener* is told."""
    listener.begin(numbers)
    try:
        yield
    finally:
        listener.end()


def shown_target(target: str) -> str:
    """`ACCOUNT/ID#PART` with a phone number in PART masked."""
    head, hash_, part = target.partition("#")
    return f"{head}{hash_}{mask_part(unquote(part))}" if hash_ else target


def shown_detail(event: Event) -> str:
    """The detail with the event's own phone number masked; empty if there is none."""
    if not event.detail:
        return ""
    part = unquote((event.target or "").partition("#")[2])
    masked = mask_part(part)
    return event.detail.replace(part, masked) if part != masked else event.detail


def to_json_line(event: Event, *, show_numbers: bool = False) -> str:
    """One JSON object in ASCII with a newline; keys that do not apply are left out.

    Phone numbers are masked unless *show_numbers*.
    """
    target, detail = event.target, event.detail
    if not show_numbers:
        target = None if target is None else shown_target(target)
        detail = None if detail is None else shown_detail(event)
    known = {
        "type": event.kind,
        "at": _time(event.at),
        "account": event.account,
        "target": target,
        "outcome": event.outcome,
        "detail": detail,
        "until": _time(event.until),
        "total": event.total,
        "done": event.done,
        "request": event.request,
        "status": event.status,
        "seconds": event.seconds,
    }
    told = {key: value for key, value in known.items() if value is not None}
    text = json.dumps(told, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return text.replace("##", "#\\u0023").replace("\x7f", "\\u007f") + "\n"


def _time(moment: datetime | None) -> str | None:
    from reconciler.model import stamp  # `--help` needs no events

    return None if moment is None else stamp(moment, "milliseconds")


class _Together(msgspec.Struct, frozen=True, array_like=True):
    """Outcomes that are told as one: the *first* of them, and the *targets* of all."""

    first: Event
    targets: list[str | None]


_TOGETHER = 200  # events of a line
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Together).decode


def kept(events: Iterable[Event]) -> Iterator[str]:
    """*events* as they are kept, for those who follow a run elsewhere: lines for `from_kept`.

    Outcomes that follow each other, as those of a request do, and differ in nothing but their
    target are a line together.
    """
    some: list[Event] = []
    for one in events:
        if some and (len(some) == _TOGETHER or not _goes_on(some[-1], one)):
            yield _line(some)
            some = []
        some.append(one)
    if some:
        yield _line(some)


def _line(some: Sequence[Event]) -> str:
    return _encode(_Together(some[0], [one.target for one in some])).decode()


def _goes_on(last: Event, one: Event) -> bool:
    """Whether *one* is the next outcome after *last*, and says the same of another target."""
    if one.kind != "outcome" or last.done is None or one.done != last.done + 1:
        return False
    return msgspec.structs.replace(last, target=one.target, done=one.done) == one


def from_kept(line: str) -> Iterator[Event]:
    """The events that `kept` made *line* of."""
    told = _decode(line)
    first, done = told.first, told.first.done
    if len(told.targets) == 1 or done is None:
        yield first
        return
    for number, target in enumerate(told.targets):
        yield msgspec.structs.replace(first, target=target, done=done + number)

"""Posts notices to their receivers beside a run, which never waits for them but at its end.

Each receiver is told in order, by itself, in a thread that nobody has to wait for. What it answers
decides nothing: a status of 2xx is thanks, all else is told once at the end.
"""

import asyncio
import hashlib
import hmac
import re
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from reconciler.driver import Secret
from reconciler.errors import ReconcilerError
from reconciler.lanes.resolver import Resolver
from reconciler.lanes.send import Sender
from reconciler.lanes.wire import Wire, wire_post

_TRIES = 3
_PAUSE = 1.0  # seconds before the second try; twice as many before the third
_SIGNATURE = "X-Reconciler-Signature-256"
_AGAIN = (408, 429)


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where notices go. *label* names it; its *url* is a secret. *timeout*: seconds."""

    label: str
    url: Secret
    sender: Sender
    timeout: float
    secret: Secret | None = None


@dataclass(slots=True)
class _Box:
    """What one receiver is still to be told, and what came of the rest."""

    receiver: Receiver
    queue: "asyncio.Queue[tuple[str, bytes] | None]" = field(default_factory=asyncio.Queue)
    posted: int = 0
    told: int = 0
    why: str | None = None


class Courier:
    """Takes notices to *receivers*. Nothing begins before the first `post`."""

    def __init__(self, receivers: Sequence[Receiver]) -> None:
        self._boxes = [_Box(one) for one in receivers]
        self._loop: asyncio.AbstractEventLoop | None = None
        # No event: that is locked for good where a signal handler sets it in a wait.
        self._enough: SimpleQueue[None] = SimpleQueue()

    def post(self, index: int, content_type: str, body: bytes) -> None:
        """Take *body* to the receiver of this *index*; returns at once."""
        loop = self._loop or self._start()
        box = self._boxes[index]
        box.posted += 1
        _call(loop, lambda: box.queue.put_nowait((content_type, body)))

    def close(self, most: float | None = None) -> list[str]:
        """Wait for what is under way, as long as the slowest receiver may take and at most *most*
        seconds; what was not delivered, a sentence each. Nothing goes on afterwards.
        """
        if self._loop is None:
            return []
        waits = max(box.receiver.timeout for box in self._boxes if box.posted)
        for box in self._boxes:
            _call(self._loop, lambda box=box: box.queue.put_nowait(None))  # type: ignore[misc]
        with suppress(Empty):
            self._enough.get(timeout=waits if most is None else min(waits, most))
            self._enough.put(None)
        _call(self._loop, self._give_up)
        return [_undelivered(box) for box in self._boxes if box.told < box.posted]

    def hurry(self) -> None:
        """Let `close` wait no longer. May be called from a signal handler."""
        self._enough.put(None)

    def _start(self) -> asyncio.AbstractEventLoop:
        loop = self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._run, args=(loop,), name="notices", daemon=True).start()
        return loop

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: loop) as runner, suppress(BaseException):
                loop.set_default_executor(Resolver())
                runner.run(self._all())
        finally:
            self._enough.put(None)

    async def _all(self) -> None:
        await asyncio.gather(*(_deliver(box) for box in self._boxes))

    def _give_up(self) -> None:
        assert self._loop is not None
        for task in asyncio.all_tasks(self._loop):
            task.cancel()


def _call(loop: asyncio.AbstractEventLoop, what: Callable[[], object]) -> None:
    with suppress(RuntimeError):  # the loop is closed: its thread has ended
        loop.call_soon_threadsafe(what)


async def _deliver(box: _Box) -> None:
    while (notice := await box.queue.get()) is not None:
        try:
            why = await _told(box.receiver, *notice)
        except Exception as error:  # whatever it is, an apply goes on as if nobody listened
            why = f"{type(error).__name__}, which nobody expected"
        box.told += why is None
        box.why = why or box.why


async def _told(receiver: Receiver, content_type: str, body: bytes) -> str | None:
    """None once *receiver* has taken *body*; else why it has not."""
    headers = {"Content-Type": content_type}
    if receiver.secret is not None:
        key = receiver.secret.reveal().encode()
        headers[_SIGNATURE] = f"sha256={hmac.new(key, body, hashlib.sha256).hexdigest()}"
    try:
        wire = wire_post(receiver.url.reveal(), headers, body)
    except ReconcilerError as error:
        return str(error)
    why: str | None = None
    for attempt in range(_TRIES):
        if attempt:
            await asyncio.sleep(_PAUSE * attempt)
        why, again = await _once(receiver, wire)
        if why is None or not again:
            break
    return why


async def _once(receiver: Receiver, wire: Wire) -> tuple[str | None, bool]:
    """Why one attempt did not succeed, None if it did, and whether another may."""
    try:
        answer = await receiver.sender.send_wire(wire)
    except ReconcilerError as error:
        return _without_address(str(error), wire), True
    if 200 <= answer.status < 300:
        return None, False
    return f"it answered HTTP {answer.status}", answer.status >= 500 or answer.status in _AGAIN


def _undelivered(box: _Box) -> str:
    why = box.why or f"no answer within {box.receiver.timeout:g} s"
    return f"{box.receiver.label}: {box.posted - box.told} of {box.posted} not delivered ({why})"


def _without_address(said: str, wire: Wire) -> str:
    """*said* without the receiver's host: an address is a secret, and that is part of it."""
    for known in (wire.authority, wire.host, wire.host.strip("[]")):
        said = re.sub(rf"(?<![\w.-]){re.escape(known)}(?![\w.-])", "it", said)
    return said

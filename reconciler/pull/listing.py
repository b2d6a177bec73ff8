"""Listing whole accounts for `inventory pull`: paced and journaled as an apply, deleting nothing.

A flow that is cut off (credentials refused midway, throttled for too long) still gives the pages
that came: it is told that no further answer comes, and says itself that its listing is not whole.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import msgspec

from reconciler.driver import Answer, Flow, Listing, Session
from reconciler.errors import ReconcilerError
from reconciler.lanes.halts import AccountStopped
from reconciler.lanes.journal import JournalFailed
from reconciler.lanes.line import Gate, Line
from reconciler.lanes.run import sender_of
from reconciler.lanes.send import Sender
from reconciler.lanes.trouble import ends_the_run, unexpected
from reconciler.lanes.work import OpenAccount, RunContext

_NO_ANSWER = Answer(0, {}, b"")
_MOST_LEFT = 1000  # requests that a flow without answers may still ask for


@dataclass(frozen=True, slots=True)
class ListWork:
    """An account to list. *secrets* are the values that no text may show."""

    open: OpenAccount
    session: Session
    secrets: Sequence[str]


@dataclass(frozen=True, slots=True)
class Heard:
    """What one account's vendor listed, in *pages* answers. *asked_at*: before the first of them.

    The listing's *why* holds no secret.
    """

    listing: Listing
    asked_at: datetime
    pages: int


async def list_all(
    works: Sequence[ListWork],
    context: RunContext,
    gates: Callable[[], Mapping[str, Gate]],
    *,
    free: Callable[[str], None],
    sender: Callable[[OpenAccount], Sender] = sender_of,
) -> dict[str, Heard]:
    """List every account side by side; account -> what was heard.

    *gates* is called once the loop runs. *free* is told each lane as soon as nothing more is sent
    on it. Stops at once, with what is finished, when the context's `stop` is set: a read leaves
    nothing behind. A failure of ours stops every account and is raised.
    """
    opened = gates()
    lines = {one.open.name: _line(one, context, opened, sender(one.open)) for one in works}
    lanes = {one.open.name: one.open.lane for one in works}
    context.each_second += [partial(_heed, line) for line in lines.values()]
    tasks = {name: asyncio.create_task(_heard(line)) for name, line in lines.items()}
    stopped = asyncio.create_task(context.stop.wait())
    left = set(tasks.values())
    try:
        while left and not stopped.done():
            done, _ = await asyncio.wait({*left, stopped}, return_when=asyncio.FIRST_COMPLETED)
            for task in done - {stopped}:
                task.result()
            left -= done
            busy = {lanes[name] for name, task in tasks.items() if task in left}
            for lane in sorted({*lanes.values()} - busy):
                free(lane)
        return {name: task.result() for name, task in tasks.items() if task.done()}
    finally:
        for task in (*left, stopped):
            task.cancel()
        await asyncio.gather(*left, stopped, return_exceptions=True)


def _line(work: ListWork, context: RunContext, gates: Mapping[str, Gate], sender: Sender) -> Line:
    return Line(
        context=context,
        gate=gates[work.open.lane],
        driver=work.open.driver,
        session=work.session,
        scope=work.open.scope,
        sender=sender,
        secrets=work.secrets,
    )


def _heed(line: Line) -> None:
    """A person may end the listing; a journal that cannot say so stops the next request itself."""
    with suppress(JournalFailed):
        line.heed()


async def _heard(line: Line) -> Heard:
    asked_at = line.context.wall()
    line.emit("account-started")
    pages = _Pages(line)
    try:
        listing = await _listing(line, pages)
    except Exception as error:
        if ends_the_run(error):
            raise
        said = str(error) if isinstance(error, ReconcilerError) else unexpected(error)
        listing = Listing((), complete=False, why=said)
    why = line.scrubbed(listing.why) if listing.why else None
    line.emit("account-done", done=len(listing.campaigns), detail=why)
    return Heard(msgspec.structs.replace(listing, why=why), asked_at, pages.came)


async def _listing(line: Line, pages: "_Pages") -> Listing:
    assert line.driver.list is not None
    try:
        line.gate.patient(line.context)
        await line.login()
    except AccountStopped as stop:
        return Listing((), complete=False, why=stop.whole)
    flow = pages.of(line.driver.list(line.session))
    try:
        found = await line.read(flow, "list")
    except AccountStopped as stop:
        cut: Listing = await line.clean(_cut_off(flow))
        return msgspec.structs.replace(cut, complete=False, partial=False, why=stop.whole)
    assert isinstance(found, Listing)
    if not found.complete and line.trouble is not None:
        return msgspec.structs.replace(
            found, partial=False, why=f"{found.why or 'not complete'} ({line.trouble})"
        )
    return found


def _cut_off(flow: Flow) -> Listing:
    """What a flow that was stopped at a request has gathered so far."""
    with suppress(StopIteration):
        for _ in range(_MOST_LEFT):
            try:
                flow.send(_NO_ANSWER)
            except StopIteration as end:
                if isinstance(end.value, Listing):
                    return end.value
                raise
            except AccountStopped:  # the driver itself failed
                break
    flow.close()
    return Listing((), complete=False)


@dataclass(slots=True)
class _Pages:
    """Counts the answers that a flow gets, and tells of each."""

    line: Line
    came: int = 0

    def of(self, flow: Flow) -> Flow:
        try:
            request = next(flow)
            while True:
                answer = yield request
                if answer.status:
                    self.came += 1
                    self.line.emit("look", done=self.came, detail="listing")
                request = flow.send(answer)
        except StopIteration as end:
            return end.value

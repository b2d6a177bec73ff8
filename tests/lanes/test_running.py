"""A run in a thread of its own: the caller's loop, handlers and exceptions."""

import asyncio
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from reconciler import drivers
from reconciler.declare.project import Account, Guards
from reconciler.errors import Exit
from reconciler.events import Event, Listener
from reconciler.lanes import aside
from reconciler.lanes.journal.sqlite import SqliteJournal
from reconciler.lanes.run import sender_of
from reconciler.lanes.running import Execution
from reconciler.lanes.stop import Stop
from reconciler.lanes.work import OpenAccount
from reconciler.model import Limits
from reconciler.site import Site


class Heard(Listener):
    """Keeps what it is told; fails at an event that says so."""

    def __init__(self) -> None:
        self.kinds: list[str] = []

    def event(self, event: Event) -> None:
        self.kinds.append(event.kind)
        if event.detail == "fail":
            raise LookupError(event.kind)


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def made(tmp_path: Path, heard: Heard) -> Execution:
    return execution(tmp_path, heard, Stop())


def execution(root: Path, heard: Heard, stop: Stop) -> Execution:
    site = Site(root=root, environ={}, listener=heard)
    journal = SqliteJournal(root / "state.db", "p", clock=site.now)
    journal.close()
    return Execution(site, journal, 1, stop=stop, max_wait=1.0)


async def until_stopped(made: Execution) -> str:
    await asyncio.wait_for(made.context.stop.wait(), 30)
    return "ended"


def test_it_works_where_an_event_loop_runs_already(made: Execution) -> None:
    async def caller() -> str:
        return made.complete(asyncio.sleep(0, "done"))

    assert asyncio.run(caller()) == "done"


def test_it_installs_no_signal_handler(made: Execution) -> None:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(one) for one in numbers]

    async def look() -> list[Any]:
        return [signal.getsignal(one) for one in numbers]

    assert made.complete(look()) == before
    assert [signal.getsignal(one) for one in numbers] == before


def test_what_it_raises_is_raised(made: Execution) -> None:
    async def fails() -> None:
        raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"):
        made.complete(fails())


@pytest.mark.parametrize("when", ["before", "during"])
def test_a_stop_ends_it_from_any_thread(tmp_path: Path, heard: Heard, when: str) -> None:
    stop = Stop()
    made = execution(tmp_path, heard, stop)
    assert not stop.heeded
    if when == "before":
        stop.set(Exit.TERM)
        assert made.complete(until_stopped(made)) == "ended"
    else:

        async def asks() -> str:
            assert stop.heeded
            threading.Thread(target=stop.set, args=(Exit.TERM,)).start()
            return await until_stopped(made)

        assert made.complete(asks()) == "ended"
    assert stop.exit is Exit.TERM
    assert not stop.heeded


def test_an_exception_of_a_signal_handler_ends_it_first(made: Execution) -> None:
    ended = []
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's job may ignore it

    async def interrupted() -> None:
        signal.raise_signal(signal.SIGINT)  # Python's own handler raises in the waiting thread
        ended.append(await until_stopped(made))

    try:
        with pytest.raises(KeyboardInterrupt):
            made.complete(interrupted())
    finally:
        signal.signal(signal.SIGINT, before)
    assert ended == ["ended"]


def test_wherever_a_handler_raises_the_run_ends_first(
    tmp_path: Path, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At each line, one after the other, that the waiting thread goes through."""
    monkeypatch.setattr(aside, "_START", 0.2)
    begun = 0
    for at in count():
        ended: list[str] = []
        made = execution(tmp_path, heard, Stop())
        with interrupted_at(at) as done:
            made.complete(for_a_moment(made, ended))
        if not done:
            break
        assert ended == (["ended"] if begun or ended else [])  # once it began, it ends
        begun += len(ended)
    assert begun >= 3


async def for_a_moment(made: Execution, ended: list[str]) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(made.context.stop.wait(), 0.1)
    ended.append("ended")


@contextmanager
def interrupted_at(at: int) -> Iterator[list[int]]:
    """`KeyboardInterrupt` before line *at* that is run of `aside`; then it is in the list."""
    left, done, before = at, list[int](), sys.gettrace()

    def traced(frame: FrameType, what: str, _: object) -> Any:
        nonlocal left
        if frame.f_code.co_filename != aside.__file__ or frame.f_code.co_name == "__init__":
            return None
        if what == "line":
            left -= 1
            if left == -1:
                done.append(at)
                raise KeyboardInterrupt
        return traced

    sys.settrace(traced)
    try:
        yield done
    except KeyboardInterrupt:
        assert done
    finally:
        sys.settrace(before)


def test_a_listener_that_fails_ends_it_and_is_told_no_more(made: Execution, heard: Heard) -> None:
    async def tells() -> str:
        for kind, detail in (("look", None), ("wait", "fail"), ("request", None)):
            made.context.emit(Event(made.context.wall(), kind, detail=detail))  # type: ignore[arg-type]
        return await until_stopped(made)

    with pytest.raises(LookupError, match="wait"):
        made.complete(tells())
    assert heard.kinds == ["look", "wait"]


@pytest.mark.parametrize(
    ("name", "seconds"),
    [("ozonetel", 300.0), ("batch-cep", 30.0), ("kore", 30.0), ("cellcast", 30.0)],
)
def test_a_request_may_take_as_long_as_its_vendor_does_or_the_account_says(
    name: str, seconds: float
) -> None:
    driver = drivers.find(name)
    assert driver is not None
    account = Account(
        name="a",
        driver=name,
        settings=None,
        definition="sha256:a",
        limits=Limits(1, 1.0, 1),
        complete=True,
        guards=Guards(),
    )
    opened = OpenAccount(account, driver, None, "scope", "lane")
    assert sender_of(opened)._deadline == seconds
    own = account.model_copy(update={"timeout": timedelta(seconds=7)})
    assert sender_of(replace(opened, account=own))._deadline == 7.0

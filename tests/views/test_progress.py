import io
import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.events import Event, to_json_line
from reconciler.views.live import Progress

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def run(stream: object, *, live: bool, width: int = 80, every: int = 10) -> Progress:
    clock = Clock()
    progress = Progress(stream, live=live, clock=clock, width=width, every=every)  # type: ignore[arg-type]
    progress.emit(Event(NOW, "run-started", total=35))
    progress.emit(Event(NOW, "account-started", "push-prod", total=30, done=0))
    progress.emit(Event(NOW, "account-started", "x\x1b[2J::error::", total=5, done=2))
    for n in range(1, 26):
        clock.now += 1
        progress.emit(Event(NOW, "request", "push-prod", request=n, total=1))
        outcome = "refused" if n % 10 == 0 else "deleted"
        progress.emit(
            Event(NOW, "outcome", "push-prod", target=f"push-prod/{n}", outcome=outcome, done=n)
        )
    until = NOW + timedelta(seconds=40)
    for _ in range(3):
        progress.emit(Event(NOW, "wait", "push-prod", until=until, detail="429"))
    progress.emit(Event(NOW, "account-stopped", "x\x1b[2J::error::", detail="401\n::error::"))
    return progress


def test_a_pipe_gets_a_line_every_so_many_and_at_each_change() -> None:
    stream = io.StringIO()
    run(stream, live=False).close()
    lines = stream.getvalue().splitlines()
    assert lines == [
        "push-prod: 30 targets",
        r"x\x1b[2J\x3a:error\x3a:: 5 targets, 2 of them done before",
        "push-prod: 10/30, 9 deleted, 1 refused, 1.0/s, 20 s left",
        "push-prod: 20/30, 18 deleted, 2 refused, 1.0/s, 10 s left",
        "push-prod: waiting until 09:00:40 UTC (429)",
        r"x\x1b[2J\x3a:error\x3a:: stopped: 401\x0a\x3a:error\x3a:",
    ]


def told(*events: tuple[float, Event], live: bool = False, width: int = 80) -> list[str]:
    """The lines of *events*, each so many seconds after the one before."""
    stream, clock = io.StringIO(), Clock()
    progress = Progress(stream, live=live, clock=clock, width=width, every=10)
    for seconds, event in events:
        clock.now += seconds
        progress.emit(event)
    progress.close()
    text = re.sub(r"\x1b\[[?0-9;]*[A-Za-z]|\r", "\n", stream.getvalue())
    return [line for line in text.splitlines() if line.strip()]


def looks(number: int) -> list[tuple[float, Event]]:
    """A look at 40 targets, one by one, a second each: *number* of them are made."""
    begin = (0.0, Event(NOW, "look", "push", detail="looking at 40 targets"))
    ones = [(float(n > 0), Event(NOW, "look", "push", done=n, total=40)) for n in range(number)]
    return [(0.0, Event(NOW, "account-started", "push", total=40, done=0)), begin, *ones]


def test_looks_are_counted_and_say_how_long_they_take() -> None:
    assert told(*looks(21)) == [
        "push: 40 targets",
        "push: looking (looking at 40 targets)",
        "push: looking 10/40, 1.0/s, 30 s left",
        "push: looking 20/40, 1.0/s, 20 s left",
    ]
    for width in (80, 200):
        last = told(*looks(21), live=True, width=width)[-1]
        assert "0/40" in last
        assert "looking 20/40 · 1.0/s · 20 s left" in last


def test_deletions_are_not_slower_because_of_looks() -> None:
    sent = Event(NOW, "request", "push", request=1, total=1)
    every = [
        (1.0, Event(NOW, "outcome", "push", target=f"push/{n}", outcome="deleted", done=n))
        for n in range(1, 11)
    ]
    assert told(*looks(40), (0.0, sent), *every)[-1] == (
        "push: 10/40, 10 deleted, 1.0/s, 30 s left"
    )


def test_what_was_not_reached_is_not_done() -> None:
    started = Event(NOW, "account-started", "push", total=2, done=0)
    ended = Event(NOW, "account-done", "push", total=2, done=0)
    assert told((0, started), (1, ended))[-1] == "push: 0/2, ended, 2 not reached"
    live = told((0, started), (1, ended), live=True)[-1]
    assert "0/2" in live
    assert "ended, 2 not reached" in live
    some = Event(NOW, "outcome", "push", target="push/1", outcome="deleted", done=1)
    part = Event(NOW, "account-done", "push", total=2, done=1)
    assert told((0, started), (1, some), (0, part))[-1].endswith("ended, 1 not reached")


def test_a_pipe_gets_no_control_codes() -> None:
    stream = io.StringIO()
    run(stream, live=False).close()
    assert stream.getvalue().replace("\n", "").isprintable()


@pytest.mark.parametrize("width", [40, 80, 120])
def test_the_live_picture_fits_and_says_what_each_account_does(width: int) -> None:
    stream = io.StringIO()
    run(stream, live=True, width=width).close()
    lines = re.sub(r"\x1b\[[?0-9;]*[A-Za-z]|\r", "\n", stream.getvalue()).splitlines()
    first = [line for line in lines if line.startswith("push-prod")][-1]
    second = [line for line in lines if line.startswith("x\\x1b")][-1]
    assert "25/30" in first
    assert "waiting" in first or width == 40
    assert "2/5" in second
    assert all(len(line) < width for line in lines)
    assert "\x1b[2J" not in stream.getvalue()


def test_live_ends_with_the_cursor_shown() -> None:
    stream = io.StringIO()
    run(stream, live=True).close()
    assert stream.getvalue().rstrip().endswith("\x1b[?25h")


class Broken(io.StringIO):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error
        self.writes = 0

    def write(self, text: str) -> int:
        self.writes += 1
        raise self.error


@pytest.mark.parametrize("live", [True, False])
@pytest.mark.parametrize(
    "error", [BrokenPipeError(), OSError(28, "No space left"), ValueError("closed file")]
)
def test_a_broken_stream_switches_progress_off(error: Exception, live: bool) -> None:
    stream = Broken(error)
    progress = run(stream, live=live)
    progress.tick()
    progress.close()
    assert progress.off
    assert stream.writes == 1


@pytest.mark.parametrize("live", [True, False])
def test_a_closed_standard_error_is_no_trouble(live: bool) -> None:
    assert run(None, live=live).off


@pytest.mark.parametrize("live", [True, False])
def test_an_ascii_stream_gets_ascii(live: bool) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    with Progress(stream, live=live, clock=Clock()) as progress:
        progress.emit(Event(NOW, "account-started", "Ünïcode", total=3, done=0))
    stream.flush()
    assert raw.getvalue().isascii()
    assert b"?n?code" in raw.getvalue()
    assert not progress.off


def test_rich_is_loaded_for_the_live_picture_alone() -> None:
    code = (
        "import sys, io\nfrom reconciler.views.live import Progress\n"
        "from reconciler.events import Event\nfrom datetime import datetime, UTC\n"
        "p = Progress(io.StringIO(), live=False, clock=lambda: 0.0)\n"
        "p.emit(Event(datetime.now(UTC), 'account-started', 'a', total=1)); p.close()\n"
        "print('rich' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


# ---------------------------------------------------------------- events as JSON lines


def test_an_event_is_one_json_object_a_line() -> None:
    event = Event(
        NOW,
        "outcome",
        "dialer",
        target="dialer/700#918187867008",
        outcome="refused",
        detail="No Record Found for 918187867008\n::error::",
        request=4,
        status=200,
        seconds=0.25,
    )
    line = to_json_line(event)
    assert line.count("\n") == 1
    assert list(json.loads(line)) == [
        *("type", "at", "account", "target", "outcome", "detail", "request", "status", "seconds")
    ]
    read = json.loads(line)
    assert read["at"] == "2026-11-20T09:00:00.000Z"
    assert read["target"] == "dialer/700#91••••••7008"
    assert "918187867008" not in line
    assert "918187867008" in to_json_line(event, show_numbers=True)


def test_an_event_line_is_harmless_in_a_log() -> None:
    line = to_json_line(Event(NOW, "wait", "a", detail="##[error]x \u202e \x7f \ud800"))
    assert line.isascii()
    assert line.rstrip("\n").isprintable()
    assert "##" not in line
    assert json.loads(line)["detail"] == "##[error]x \u202e \x7f \ud800"


def test_a_doubt_that_is_settled_is_counted_once() -> None:
    stream = io.StringIO()
    progress = Progress(stream, live=False, clock=Clock(), width=80)
    progress.emit(Event(NOW, "account-started", "a", total=2, done=0))
    for target, outcome in (("a/1", "in-doubt"), ("a/2", "deleted"), ("a/1", "deleted")):
        progress.emit(Event(NOW, "outcome", "a", target=target, outcome=outcome, done=2))
    progress.emit(Event(NOW, "account-done", "a", total=2, done=2))
    assert stream.getvalue().splitlines()[-1].startswith("a: 2/2, 2 deleted, done")

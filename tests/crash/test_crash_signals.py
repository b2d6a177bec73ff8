"""SIGINT, SIGTERM, SIGHUP: no new request, what is in flight ends, exit within five seconds."""

import os
import random
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.crash_project import (
    Command,
    Ended,
    Place,
    check_converged,
    check_never_too_early,
    ended,
    make,
    outcomes,
    parcels,
)
from tests.support.crash_vendor import Habits, Trap, Vendor

pytestmark = pytest.mark.crash

TARGETS = 300
BEGUN = 50  # of them, when a signal comes in the middle
FEW = 24
LIMIT = 5.0
SLACK = 3.0  # a busy machine is no bug
IN_FLIGHT = 8
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "time_" in metafunc.fixturenames:
        kills = metafunc.config.getoption("--kills")
        metafunc.parametrize("time_", range(max(10, kills // 10)))


def resume(place: Place, vendor: Vendor) -> None:
    """The next apply ends it, and everything is as it should be."""
    vendor.habits = Habits()
    last = place.run("apply", "plan.json", "--format", "json")
    assert last.code == 0, last
    vendor.quiet()
    check_converged(place, {"shop": vendor}, last.out)


def test_after_interrupt_terminate_and_kill_the_next_apply_ends_it(
    tmp_path: Path, time_: int
) -> None:
    """INT at random, TERM when that should long be over, KILL at last; most need only the first."""
    dice = random.Random(time_)
    slow = dice.random() < 0.2
    habits = Habits(slowest=dice.choice((0.02, 0.2)), silent=slow)
    with Vendor(parcels(TARGETS), seed=time_, habits=habits) as vendor:
        place = make(tmp_path / "project", {"shop": vendor})
        process = place.start("apply", "plan.json")
        vendor.await_deletes(1)
        with suppress(subprocess.TimeoutExpired):
            process.wait(dice.uniform(0, 1.0))
        # No answer makes room for more while the signal is on its way, however long that takes.
        vendor.habits.holds = True
        sent = time.monotonic()
        process.send_signal(signal.SIGINT)
        told(process, b"stopping")
        vendor.release()
        last: Ended | None = None
        for number, patience in ((signal.SIGTERM, 7.5), (signal.SIGKILL, 2.5)):
            try:
                process.wait(patience)
                break
            except subprocess.TimeoutExpired:
                process.send_signal(number)
        last = ended(process)
        took = time.monotonic() - sent
        assert last.code in (0, 130), last
        assert took < LIMIT + SLACK
        assert "Traceback" not in last.err
        # One for each that was answered and not yet read, and what its room was given to.
        late = [one for one in vendor.events if one.kind == "delete" and one.at > sent]
        assert len(late) <= 2 * IN_FLIGHT
        check_never_too_early(place, {"shop": vendor})
        resume(place, vendor)


@pytest.mark.parametrize("number", list(CODES), ids=lambda one: one.name)
def test_after_a_signal_nothing_new_is_sent(tmp_path: Path, number: signal.Signals) -> None:
    habits = Habits(holds=True, holds_after=BEGUN)
    with Vendor(parcels(TARGETS), habits=habits) as vendor:
        place = make(tmp_path / "project", {"shop": vendor})
        process = place.start("apply", "plan.json")
        vendor.await_deletes(BEGUN + IN_FLIGHT)
        process.send_signal(number)
        assert told(process, b"stopping")
        vendor.release()
        last = ended(process)
        assert last.code == CODES[number], last
        assert vendor.deletes == BEGUN + IN_FLIGHT
        done = [one for one in outcomes(place).values() if one == "deleted"]
        vendor.quiet()
        assert len(done) == vendor.deletes  # what was in flight was answered, and written down
        assert "in-doubt" not in outcomes(place).values()
        resume(place, vendor)


@pytest.mark.parametrize("number", list(CODES), ids=lambda one: one.name)
def test_a_vendor_that_never_answers_leaves_doubts_within_five_seconds(
    tmp_path: Path, number: signal.Signals
) -> None:
    with Vendor(parcels(FEW), habits=Habits(silent=True)) as vendor:
        place = make(tmp_path / "project", {"shop": vendor})
        process = place.start("apply", "plan.json")
        vendor.await_deletes(IN_FLIGHT)
        began = time.monotonic()
        process.send_signal(number)
        last = ended(process)
        assert time.monotonic() - began < LIMIT + SLACK
        assert last.code == CODES[number], last
        assert list(outcomes(place).values()).count("in-doubt") == IN_FLIGHT
        assert vendor.deletes == IN_FLIGHT
        resume(place, vendor)


def test_a_look_that_never_ends_is_left_at_once(tmp_path: Path) -> None:
    with Vendor(parcels(FEW), habits=Habits(deaf=True)) as vendor:
        place = make(tmp_path / "project", {"shop": vendor})
        process = place.start("apply", "plan.json")
        vendor.arm(Trap("look", "arrival", 1, signal.SIGTERM), process.pid)
        assert vendor.sprung.wait(60)
        began = time.monotonic()
        last = ended(process)
        assert time.monotonic() - began < LIMIT + SLACK
        assert last.code == 143, last
        assert vendor.deletes == 0
        resume(place, vendor)


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    with Vendor(parcels(FEW), habits=Habits(silent=True)) as vendor:
        place = make(tmp_path / "project", {"shop": vendor})
        process = place.start("apply", "plan.json")
        vendor.await_deletes(IN_FLIGHT)
        process.send_signal(signal.SIGINT)
        assert told(process, b"stopping")
        process.send_signal(signal.SIGTERM)
        last = ended(process)
        assert last.code == 143, last
        # Had it waited for those in flight, it would have written down and reported their doubts.
        assert last.out == ""
        assert not any(outcomes(place).values())
        resume(place, vendor)


def told(process: Command, word: bytes) -> bool:
    """Read what *process* says until *word* comes; False if it ends without."""
    assert process.stderr is not None
    return any(word in line for line in process.stderr)


@pytest.mark.parametrize("number", list(CODES), ids=lambda one: one.name)
def test_a_signal_before_the_first_request_has_the_same_exit_code(
    tmp_path: Path, number: signal.Signals
) -> None:
    """The inventory is read from a pipe that nobody ever writes to the end."""
    with Vendor(parcels(FEW)) as vendor:
        place = make(tmp_path / "project", {"shop": vendor})
        read, write = os.pipe()
        process = place.start("apply", "plan.json", "--inventory", "-", stdin=read)
        os.close(read)
        while not os.path.exists(place.state):
            assert process.poll() is None
        os.write(write, b"{")
        process.send_signal(number)
        last = ended(process)
        os.close(write)
        assert last.code == CODES[number], last
        assert "Traceback" not in last.err
        assert vendor.events == []
        resume(place, vendor)


def test_a_signal_that_nohup_ignores_stays_ignored(tmp_path: Path) -> None:
    with Vendor(parcels(TARGETS)) as vendor:
        place = make(tmp_path / "project", {"shop": vendor})
        process = place.start("apply", "plan.json", "--format", "json", prefix=["nohup"])
        vendor.arm(Trap("delete", "arrival", 50, signal.SIGHUP), process.pid)
        last = ended(process)
        assert last.code == 0, last
        check_converged(place, {"shop": vendor}, last.out)

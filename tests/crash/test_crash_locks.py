"""Two applies: one works, the other says who does; death frees a lane, a sleeper loses it."""

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.lanes.journal.sqlite import SqliteJournal
from tests.support.crash_project import Place, check_converged, ended, make, parcels
from tests.support.crash_vendor import Habits, Vendor

pytestmark = pytest.mark.crash

FEW = 24
SECOND = 1.0
GENEROUS = 4  # two at once, on a busy machine, against one that plans and sends nothing


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "round_" in metafunc.fixturenames:
        kills = metafunc.config.getoption("--kills")
        metafunc.parametrize("round_", range(max(5, kills // 20)))


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    """A vendor that holds back its answers until it is told to let go."""
    with Vendor(parcels(FEW), habits=Habits(holds=True)) as one:
        yield one


def first_to_end(*processes):
    """(the process that ended first, the others)."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for one in processes:
            with suppress(subprocess.TimeoutExpired):
                one.wait(0.02)
                return one, [other for other in processes if other is not one]
    raise AssertionError("nobody ends")


def limit(place: Place) -> float:
    """Seconds in which a loser must have ended: one, on top of what this machine takes to plan."""
    began = time.monotonic()
    assert place.run("apply", "plan.json", "--dry-run").code == 0
    return SECOND + GENEROUS * (time.monotonic() - began)


def names(said: str, pid: int) -> bool:
    """Whether *said* names the holder *pid*, its host, and since when."""
    host = re.escape(socket.gethostname())
    return re.search(rf"pid {pid} of \S+ on {host}, since \d{{4}}-\d\d-\d\dT", said) is not None


def test_of_two_started_together_one_works_and_the_other_names_it(
    tmp_path: Path, vendor: Vendor, round_: int
) -> None:
    place = make(tmp_path / "project", {"shop": vendor})
    most = limit(place)
    began = time.monotonic()
    two = [place.start("apply", "plan.json", "--format", "json") for _ in range(2)]
    loser, (winner,) = first_to_end(*two)
    took = time.monotonic() - began
    said = ended(loser)
    assert said.code == 75, said
    assert names(said.err, winner.pid), said.err
    assert took < most
    vendor.release()
    last = ended(winner)
    assert last.code == 0, last
    check_converged(place, {"shop": vendor}, last.out)


def test_a_late_second_apply_ends_within_a_second(tmp_path: Path, vendor: Vendor) -> None:
    place = make(tmp_path / "project", {"shop": vendor})
    first = place.start("apply", "plan.json")
    vendor.await_deletes(1)
    most = limit(place)
    began = time.monotonic()
    second = place.run("apply", "plan.json")
    assert time.monotonic() - began < most
    assert second.code == 75
    assert names(second.err, first.pid)
    assert second.out == ""
    status = place.run("status")
    assert f"pid {first.pid} of" in status.out
    vendor.release()
    assert ended(first).code == 0
    assert "is held by" not in place.run("status").out


def test_two_plans_of_one_account_do_not_run_side_by_side(tmp_path: Path, vendor: Vendor) -> None:
    place = make(tmp_path / "project", {"shop": vendor})
    assert place.run("plan", "--out", "other.json", "--author", "somebody@else").code == 0
    first = place.start("apply", "plan.json")
    vendor.await_deletes(1)
    second = place.run("apply", "other.json")
    assert second.code == 75
    assert names(second.err, first.pid)
    settle = place.run("settle", "other.json")
    assert settle.code in (0, 75), settle
    vendor.release()
    assert ended(first).code == 0
    third = place.run("apply", "other.json")
    assert third.code == 0, third
    assert vendor.deletes == FEW


def test_two_accounts_of_one_limit_share_a_lane(tmp_path: Path, vendor: Vendor) -> None:
    shops = {"front": "one", "back": "one"}
    with Vendor(parcels(FEW)) as other:
        vendors = {"front": vendor, "back": other}
        place = make(tmp_path / "project", vendors, shops=shops)
        first = place.start("apply", "plan.json", "--account", "front")
        vendor.await_deletes(1)
        second = place.run("apply", "plan.json", "--account", "back")
        assert second.code == 75
        assert names(second.err, first.pid)
        assert other.deletes == 0
        vendor.release()
        assert ended(first).code == 5  # the other account is still to come
        last = place.run("apply", "plan.json", "--format", "json")
        assert last.code == 0
        check_converged(place, vendors, last.out)


def test_two_accounts_of_two_limits_run_side_by_side(tmp_path: Path, vendor: Vendor) -> None:
    with Vendor(parcels(FEW)) as other:
        vendors = {"front": vendor, "back": other}
        place = make(tmp_path / "project", vendors)
        first = place.start("apply", "plan.json", "--account", "front")
        vendor.await_deletes(1)
        assert place.run("apply", "plan.json", "--account", "back").code == 5
        assert other.deletes == FEW
        vendor.release()
        assert ended(first).code == 5
        last = place.run("apply", "plan.json", "--format", "json")
        assert last.code == 0
        check_converged(place, vendors, last.out)


def test_a_killed_holder_frees_the_lane(tmp_path: Path, vendor: Vendor) -> None:
    place = make(tmp_path / "project", {"shop": vendor})
    first = place.start("apply", "plan.json")
    vendor.await_deletes(8)
    first.kill()
    assert ended(first).killed
    vendor.release()
    last = place.run("apply", "plan.json", "--format", "json")
    assert last.code == 0, last
    check_converged(place, {"shop": vendor}, last.out)


def test_a_sleeper_that_lost_its_lane_sends_no_more(tmp_path: Path, vendor: Vendor) -> None:
    place = make(tmp_path / "project", {"shop": vendor})
    first = place.start("apply", "plan.json")
    vendor.await_deletes(8)
    os.kill(first.pid, signal.SIGSTOP)
    with closing(SqliteJournal(place.state, "crash", clock=lambda: datetime.now(UTC))) as journal:
        run = journal.begin(None, "settle", "{}", [], {})
        (lane,) = [one for (one,) in journal._db.all("SELECT lane FROM lanes")]
        journal.take(lane, [], run, 1.0)
        journal.end(run, 0, {})
    vendor.release()
    vendor.quiet()
    before = vendor.deletes
    os.kill(first.pid, signal.SIGCONT)
    said = ended(first)
    assert said.code == 1, said
    assert "another run has taken" in said.err
    assert "never retrieved" not in said.err
    assert "Traceback" not in said.err
    assert vendor.deletes == before == 8
    last = place.run("apply", "plan.json", "--format", "json")
    assert last.code == 0, last
    check_converged(place, {"shop": vendor}, last.out)

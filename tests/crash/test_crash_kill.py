"""`kill -9` at any instant, then `apply` again: nothing lost, nothing sent twice without a look.

A run is one plan of 500 targets, killed four times and then left alone. What is killed, and when,
follows from the run's number, so a failure can be played again.
"""

import random
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from crash_project import Ended, Place, check_converged, check_never_too_early, ended, make, parcels
from crash_vendor import Trap, Vendor

pytestmark = pytest.mark.crash

TARGETS = 500
KILLS_A_RUN = 4
RESUMES = 10

TRAPS = (
    ("delete", "arrival"),  # sent, before the vendor acted
    ("delete", "effect"),  # done, before an answer
    ("delete", "half"),  # during the answer
    ("delete", "answer"),  # answered, before the outcome is durable
    ("look", "arrival"),
    ("look", "half"),
    ("look", "answer"),  # looked, before what it showed is durable
)
CALLS = {  # how many of each an undisturbed apply makes, roughly
    "fdatasync": 85,
    "fsync": 6,
    "pwrite64": 3400,
    "write": 17,
    "sendto": 500,
    "openat": 1000,
    "unlink": 3,
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    kills = metafunc.config.getoption("--kills")
    if "run" in metafunc.fixturenames:
        runs = -(-kills // (2 * KILLS_A_RUN))
        metafunc.parametrize("run", range(runs))


def resume_until_done(place: Place, vendor: Vendor, killed: int) -> Ended:
    """Apply again and again until it is done; the whole of it takes at most ten resumes."""
    for _ in range(RESUMES - killed + 1):
        last = place.run("apply", "plan.json", "--format", "json")
        check_never_too_early(place, {"shop": vendor})
        if last.code == 0:
            return last
        assert last.code in (5, 6), last
    raise AssertionError(f"not done after {RESUMES} resumes: {last}")


def kill_by_server_or_clock(place: Place, vendor: Vendor, dice: random.Random) -> Ended:
    """Kill at a chosen moment of a chosen request, or at a random instant."""
    process = place.start("apply", "plan.json")
    if dice.random() < 0.3:
        vendor.arm(None, process.pid)
        with suppress(subprocess.TimeoutExpired):
            process.wait(dice.uniform(0.02, 2.5))
        process.kill()
        return ended(process)
    kind, moment = dice.choice(TRAPS)
    count = 1 if kind == "look" else max(1, int(dice.random() ** 2 * TARGETS * 0.8))
    vendor.arm(Trap(kind, moment, count), process.pid)  # type: ignore[arg-type]
    return ended(process)


def kill_by_strace(place: Place, vendor: Vendor, dice: random.Random) -> Ended:
    """Kill at the n-th call of a chosen system call."""
    call = dice.choice(tuple(CALLS))
    number = dice.randint(1, CALLS[call])
    inject = f"inject={call}:signal=KILL:when={number}"
    trace = ["strace", "-f", "-o", "/dev/null", "-e", f"trace={call}"]
    return ended(place.start("apply", "plan.json", prefix=[*trace, "-e", inject]))


@pytest.mark.parametrize("way", [kill_by_server_or_clock, kill_by_strace])
def test_whatever_kills_an_apply_it_ends_as_if_nothing_had(tmp_path: Path, run: int, way) -> None:
    dice = random.Random(f"{way.__name__} {run}")
    killed = plans = 0
    while killed < KILLS_A_RUN:
        plans += 1
        assert plans < 10, "hardly anything is killed"
        with Vendor(parcels(TARGETS), seed=run) as vendor:
            root = tmp_path / f"project{plans}"
            killed += one_plan(root, vendor, KILLS_A_RUN - killed, way, dice)


def one_plan(root: Path, vendor: Vendor, kills: int, way, dice: random.Random) -> int:
    """Kill the apply of one plan at most *kills* times, then let it end; how often it was killed.

    An apply that survives what was meant to kill it counts as a resume.
    """
    place = make(root, {"shop": vendor})
    killed = tried = 0
    done = False
    while killed < kills and tried < RESUMES - 2 and not done:
        tried += 1
        last = way(place, vendor, dice)
        assert last.code in (0, 5, 6, 137), last
        check_never_too_early(place, {"shop": vendor})
        killed += last.killed
        done = last.code == 0
    vendor.arm(None, 0)
    last = resume_until_done(place, vendor, tried)
    vendor.quiet()
    check_converged(place, {"shop": vendor}, last.out)
    return killed

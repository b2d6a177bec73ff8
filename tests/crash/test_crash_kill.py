"""`kill -9` at any instant, then `apply` again: nothing lost, nothing sent twice without a look.

A run is one plan of 500 targets, killed four times and then left alone. What is killed, and when,
follows from the run's number, so a failure can be played again.
"""

import random
import subprocess
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.support.crash_project import (
    Ended,
    Place,
    asked,
    check_converged,
    check_never_too_early,
    ended,
    make,
    parcels,
)
from tests.support.crash_vendor import Habits, Moment, Trap, Vendor

pytestmark = pytest.mark.crash

TARGETS = 500
FEW = 24
IN_FLIGHT = 8
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
        runs = -(-kills // KILLS_A_RUN)
        # Being traced is slow; a fourth of the kills is enough to go through the system calls.
        ways = [kill_by_strace if run % 4 == 3 else kill_by_server_or_clock for run in range(runs)]
        ids = [f"{run}-{way.__name__}" for run, way in enumerate(ways)]
        metafunc.parametrize(("run", "way"), list(enumerate(ways)), ids=ids)


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


@pytest.mark.parametrize("moment", ["arrival", "half", "answer"])
def test_a_killed_settle_is_settled_by_the_next(tmp_path: Path, moment: Moment) -> None:
    habits = Habits(finishes=0.5, holds=True)
    with Vendor(parcels(FEW), seed=7, habits=habits) as vendor:
        place = make(tmp_path / "project", {"shop": vendor})
        process = place.start("apply", "plan.json")
        vendor.await_deletes(IN_FLIGHT)
        process.kill()
        assert ended(process).killed
        vendor.release()
        vendor.quiet()
        for _ in range(2):  # twice at the same point
            process = place.start("settle")
            vendor.arm(Trap("look", moment, 1), process.pid)
            assert ended(process).killed
            check_never_too_early(place, {"shop": vendor})
        vendor.arm(None, 0)
        done = place.run("settle", "plan.json")
        assert done.code in (0, 6), done
        assert vendor.deletes == IN_FLIGHT  # settle never deletes
        check_never_too_early(place, {"shop": vendor})
        last = resume_until_done(place, vendor, 3)
        check_converged(place, {"shop": vendor}, last.out)


def test_killed_twice_at_the_same_request_it_still_ends(tmp_path: Path) -> None:
    """The first one sent after the looks is killed again and again; the vendor never saw to it."""
    with Vendor(parcels(1), habits=Habits(finishes=0.0)) as vendor:
        place = make(tmp_path / "project", {"shop": vendor})
        for _ in range(4):
            process = place.start("apply", "plan.json")
            vendor.arm(Trap("delete", "arrival", 1), process.pid)
            assert ended(process).killed
        vendor.arm(None, 0)
        last = resume_until_done(place, vendor, 4)
        check_converged(place, {"shop": vendor}, last.out)


SENT_TWICE = """
    SELECT max(r.at) - min(r.at) FROM targets t
    JOIN requests r ON instr(' ' || t.requests, ' ' || r.number || ' ')
    WHERE r.kind='delete' GROUP BY t.scope, t.id, t.part HAVING count(*) > 1"""


def test_a_built_in_driver_waits_out_its_own_quiet_period(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """Batch CEP as it is: 30 s until it looks, 60 s between two looks; all of them side by side.

    `make crash` waits for that long; here the process's clock leaps ahead by what it would wait.
    """
    leaps = pytestconfig.getoption("--kills") < 1000
    with ExitStack() as stack:
        scenes = []
        for chance in (1.0, 0.0):
            for moment in ("arrival", "effect", "half", "answer"):
                vendor = stack.enter_context(Vendor(parcels(40), habits=Habits(finishes=chance)))
                root = tmp_path / f"{moment}-{chance}"
                place = make(root, {"shop": vendor}, driver="batch-cep")
                process = place.start("apply", "plan.json")
                vendor.arm(Trap("delete", moment, 20), process.pid)
                assert ended(process).killed
                check_never_too_early(place, {"shop": vendor})
                scenes.append((place, vendor))
        again = [
            one.start("apply", "plan.json", "--format", "json", leaps=leaps) for one, _ in scenes
        ]
        apart = []
        for (place, vendor), process in zip(scenes, again, strict=True):
            last = ended(process, timeout=300)
            assert last.code == 0, last
            check_converged(place, {"shop": vendor}, last.out)
            apart += [seconds for (seconds,) in asked(place, SENT_TWICE)]
        assert apart  # a vendor that dropped a request is asked again
        assert min(apart) >= 30 + 60

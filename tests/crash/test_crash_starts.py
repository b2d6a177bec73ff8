"""Commands that begin at the same moment on a new project: one works, and nobody blames the disk.

100 rounds of each with `make crash`, a tenth of its kills; three here.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.forks import Done, Forks, forks
from tests.support.lives import ENV, Life, Project
from tests.support.town import Town, town

pytestmark = pytest.mark.crash
AT_ONCE = 4
READERS = (
    ("status",),
    ("settle", "--max-wait", "0s"),
    ("inventory", "pull", "--max-wait", "0s"),
    ("evidence", "PLAN", "--out", "e.tar.gz"),
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "number" in metafunc.fixturenames:
        metafunc.parametrize("number", range(metafunc.config.getoption("--kills") // 10))


@pytest.fixture(scope="module")
def workers() -> Iterator[list[Forks]]:
    with ExitStack() as stack:
        yield [stack.enter_context(forks()) for _ in range(AT_ONCE + 1)]


@pytest.fixture(scope="module")
def vendors() -> Iterator[tuple[Town, str]]:
    with town() as made:
        yield made


@pytest.fixture
def life(
    number: int, tmp_path: Path, workers: list[Forks], vendors: tuple[Town, str]
) -> Iterator[Life]:
    made = Life(tmp_path, *vendors, workers[0], number)
    made.town.free.clear()
    made.town.held.clear()
    yield made
    made.town.free.set()


Start = Callable[..., Done]


def starter(life: Life, project: Project, ready: threading.Barrier) -> Start:
    """Runs a command in a worker once all that are to begin together are there."""

    def start(worker: Forks, *arguments: str) -> Done:
        ready.wait(60)
        plan = life.newest(project)
        given = [plan if one == "PLAN" else one for one in arguments]
        given = ["--config", f"{project.name}.yaml", *given]
        return worker.run(*given, root=life.root, env=ENV, shift=life.now)

    return start


def told(done: Done) -> None:
    assert "the disk" not in done.err, done
    assert "Traceback" not in done.err, done


def test_of_two_that_begin_on_a_new_project_one_works_and_the_other_exits_75(
    life: Life, workers: list[Forks]
) -> None:
    project = life.projects[0]
    life.plan(project)
    life.town.whims = ["hold"] * 4  # until the other has ended
    start = starter(life, project, threading.Barrier(2))

    def apply(worker: Forks) -> Done:
        done = start(worker, "apply", "PLAN")
        life.town.free.set()
        return done

    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(apply, workers[:2]))
    for one in ended:
        told(one)
    assert sorted(one.code for one in ended) == [0, 75], ended
    life.check_journals()
    life.check_blind()
    life.check_log()
    for place in project.accounts.values():
        assert not life.town.left[place]


@pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside an apply"])
def test_commands_beside_each_other_end_with_0_or_75(
    life: Life, workers: list[Forks], beside: bool
) -> None:
    project = life.projects[0]
    life.plan(project)
    begin = starter(life, project, threading.Barrier(1))
    with ThreadPoolExecutor(AT_ONCE + 1) as pool:
        applied = None
        if beside:
            life.town.whims = ["hold"] * 4
            applied = pool.submit(begin, workers[-1], "apply", "PLAN")
            assert life.town.held.wait(30)
        start = starter(life, project, threading.Barrier(AT_ONCE))
        running = [
            pool.submit(start, worker, *command)
            for worker, command in zip(workers, READERS, strict=False)
        ]
        ended = [one.result() for one in running]
        life.town.free.set()
        if applied is not None:
            assert applied.result().code == 0
    for one in ended:
        told(one)
    codes = [one.code for one in ended]
    assert set(codes) <= {0, 75}, ended
    assert codes[0] == 0  # who only reads is never in anybody's way
    assert codes[3] == 0

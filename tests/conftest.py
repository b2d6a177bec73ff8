"""Options of the whole suite."""

import asyncio
import gc
from collections.abc import Generator, Iterator

import hypothesis
import pytest

from tests.support.left_open import none_left_open
from tests.support.postgres import Postgres, server

# A machine that is busy proves nothing: no example has to be read within a time.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--kills",
        type=int,
        default=30,
        help="how many times tests/crash kills an apply (make crash: 1000)",
    )
    parser.addoption(
        "--sequences",
        type=int,
        default=6,
        help="how many random sequences tests/apply/test_sequences.py lives (make crash: 1000)",
    )
    parser.addoption(
        "--first-sequence",
        type=int,
        default=0,
        help="the number of the first of them: a long round in parts, or one life again",
    )
    parser.addoption(
        "--fuzz",
        type=int,
        default=200,
        help="how many odd answers tests/lanes/test_fuzz.py tries of each kind (make crash: 20000)",
    )
    parser.addoption(
        "--large",
        action="store_true",
        help="tests/views/test_sizes.py: a hundred thousand actions in every view (make crash)",
    )


@pytest.fixture(autouse=True)
def _nothing_left_open() -> Iterator[None]:
    """The test that leaves a connection open is the one that fails, on every Python."""
    with none_left_open():
        yield


@pytest.fixture(autouse=True)
def _no_loop_of_a_browser(request: pytest.FixtureRequest) -> Iterator[None]:
    """A browser's loop stands still between its calls; to all other tests none is running."""
    loop = asyncio._get_running_loop()
    if loop is None or "browser" in request.fixturenames:
        yield
        return
    asyncio._set_running_loop(None)
    try:
        yield
    finally:
        asyncio._set_running_loop(loop)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected stays: looking for garbage in it only takes time, then and later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server, started by the first test that needs one."""
    with server() as made:
        yield made


@pytest.fixture
def database(postgres: Postgres) -> Iterator[str]:
    """The URL of an empty state of the project `acme` on that server."""
    with postgres.database() as name:
        yield postgres.url(name)

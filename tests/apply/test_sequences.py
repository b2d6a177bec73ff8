"""Accounts that change, journals that are lost, runs that die, in any order: no report is wrong.

1,000 random sequences with `make crash`; a few here. Everything follows from a sequence's number.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.forks import Forks, forks
from tests.support.lives import Life, held, put
from tests.support.town import Town, town

STEPS = 6


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        first = metafunc.config.getoption("--first-sequence")
        metafunc.parametrize("seed", range(first, first + metafunc.config.getoption("--sequences")))


@pytest.fixture(scope="module")
def worker() -> Iterator[Forks]:
    with forks() as made:
        yield made


@pytest.fixture(scope="module")
def vendors() -> Iterator[tuple[Town, str]]:
    with town() as made:
        yield made


@pytest.fixture
def life(tmp_path: Path, worker: Forks, vendors: tuple[Town, str]) -> Life:
    return Life(tmp_path, *vendors, worker, 0)


@pytest.mark.parametrize("whole", [True, False], ids=["from a backup", "without its -wal"])
def test_a_journal_put_back_from_before_a_run_that_died_is_told(life: Life, whole: bool) -> None:
    """The log has an intent before its request leaves: so it knows more than such a journal."""
    one = life.projects[0]
    life.plan(one)
    life.apply(one, life.newest(one), "--limit", "1")
    before = held(life.state(one))
    life.plan(one)
    life.town.whims = ["ok", "kill-after"]
    life.apply(one, life.newest(one))
    assert life.kills == 1
    now = held(life.state(one))
    put(life.state(one), before if whole else {"": now[""]})
    life.pull(one)
    life.plan(one)
    life.apply(one, life.newest(one))
    assert "the journal lacks" in life.last.err
    life.check_blind()
    life.check_log()


def test_a_journal_does_not_know_what_another_has_sent_to_its_scope(life: Life) -> None:
    one, two = life.projects
    two.accounts = dict(one.accounts)
    life.write(two)
    life.pull(two)
    life.plan(one)
    life.apply(one, life.newest(one), "--limit", "1")
    assert "another journal" not in life.last.err
    life.plan(two)
    life.town.whims = ["drop-after"] * 8
    life.apply(two, life.newest(two))
    at = len(life.town.asked)
    life.plan(one)
    life.apply(one, life.newest(one))
    assert "another journal has sent to" in life.last.err
    first = {}
    for row in life.town.asked[at:]:
        if row.place is not None:
            first.setdefault(row.place, row.id)
    assert first == dict.fromkeys(one.accounts.values())  # a look, and no deletion


def test_no_report_is_ever_wrong_and_no_request_unrecorded(
    seed: int, tmp_path: Path, worker: Forks, vendors: tuple[Town, str]
) -> None:
    life = Life(tmp_path, *vendors, worker, seed)
    try:
        for _ in range(STEPS):
            life.step()
        life.finish()
        life.check_blind()
        life.check_log()
        for project in life.projects:
            plan = life.newest(project)
            assert life.run(project, "verify", ".reconciler/audit.ndjson").code == 0
            assert life.run(project, "evidence", plan, "--out", f"{plan}.tar.gz").code == 0
            assert life.run(project, "verify", f"{plan}.tar.gz").code == 0
    except BaseException:
        print(f"sequence {seed}:", *life.told, sep="\n  ")
        raise

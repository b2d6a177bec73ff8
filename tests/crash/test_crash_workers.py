"""Workers: a plan handed over, worked by several processes, which may die at any instant."""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.crash_project import Place, check_done, ended, make, parcels
from tests.support.crash_vendor import Vendor
from tests.support.postgres import Postgres

pytestmark = pytest.mark.crash

STALL = "2"


@pytest.fixture
def state(postgres: Postgres) -> Iterator[str]:
    with postgres.database("crash") as name:
        yield postgres.url(name)


def worker(place: Place, *more: str) -> subprocess.Popen[bytes]:
    return place.start("worker", "--stall", STALL, *more)


def test_what_is_handed_over_is_worked_to_its_report(tmp_path: Path, state: str) -> None:
    with ExitStack() as stack:
        vendors = {f"shop{n}": stack.enter_context(Vendor(parcels(12))) for n in range(3)}
        place = make(tmp_path / "project", vendors, shared=state)
        one = worker(place, "--concurrency", "2")
        last = place.run("apply", "plan.json", "--workers", "--format", "json")
        one.send_signal(signal.SIGTERM)
        said = ended(one)
        assert last.code == 0, (last, said)
        assert said.code == 0, said
        check_done(vendors, last.out)
        again = place.run("apply", "plan.json", "--workers", "--format", "json")
        assert again.code == 0, again
        assert json.loads(again.out)["summary"]["deleted"] == 36
        assert place.run("evidence", "plan.json", "--out", "e.tar.gz").code == 0
        assert place.run("verify", "e.tar.gz").code == 0

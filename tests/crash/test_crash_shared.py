"""Two checkouts, one state in PostgreSQL: they exclude each other, and go on for each other."""

import os
import re
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from reconciler.lanes.journal import postgres_alone
from tests.support.crash_project import Place, ended, make, parcels
from tests.support.crash_vendor import Habits, Vendor, blind_seconds
from tests.support.postgres import Postgres

pytestmark = pytest.mark.crash

FEW = 24


@pytest.fixture
def state(postgres: Postgres) -> Iterator[str]:
    with postgres.database("crash") as name:
        yield postgres.url(name, tcp=True)


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor(parcels(FEW), habits=Habits(holds=True)) as one:
        yield one


def two_checkouts(folder: Path, vendor: Vendor, state: str) -> tuple[Place, Place]:
    """The same project and plan in two folders, which know of each other by the state alone."""
    one = make(folder / "one", {"shop": vendor}, shared=state)
    shutil.copytree(one.root, folder / "two")
    return one, Place(folder / "two", dict(one.env))


def test_one_works_the_other_names_it_and_goes_on_once_it_is_killed(
    tmp_path: Path, vendor: Vendor, state: str
) -> None:
    one, two = two_checkouts(tmp_path, vendor, state)
    first = one.start("apply", "plan.json")
    vendor.await_deletes(1)
    began = time.monotonic()
    assert two.run("apply", "plan.json", "--dry-run").code == 0
    plans = time.monotonic() - began
    began = time.monotonic()
    second = two.run("apply", "plan.json")
    assert time.monotonic() - began < 1 + 4 * plans  # a second beside what planning takes here
    assert second.code == 75, second
    host = re.escape(socket.gethostname())
    assert re.search(rf"pid {first.pid} of \S+ on {host}, since", second.err), second.err
    assert f"pid {first.pid} of" in two.run("status").out
    os.kill(first.pid, signal.SIGKILL)
    ended(first)
    vendor.release()
    before = len(vendor.events)
    last = two.run("apply", "plan.json", "--format", "json")
    assert last.code == 0, last
    assert blind_seconds(vendor.events) == []
    asked = [one.kind for one in vendor.events[before:] if one.kind in ("delete", "look")]
    assert asked[0] == "look"
    assert [name for name in vendor.left.values() if not name.startswith("kept")] == []
    assert not (two.root / ".reconciler" / "state.db").exists()
    # The first checkout knows what the second did.
    assert one.run("apply", "plan.json").code == 0
    assert "24 deleted" in one.run("status", "plan.json").out
    evidence = one.run("evidence", "plan.json", "--out", "e.tar.gz")
    assert evidence.code == 0, evidence
    assert one.run("verify", "e.tar.gz").code == 0


def test_whoever_changes_the_inventory_in_one_checkout_keeps_the_other_from_it(
    tmp_path: Path, vendor: Vendor, state: str
) -> None:
    _, two = two_checkouts(tmp_path, vendor, state)
    before = (two.root / "inventory.ndjson").read_bytes()
    with postgres_alone.inventory(state):
        pull = two.start("inventory", "pull")
        await_waiting(state)
        assert pull.poll() is None
        assert (two.root / "inventory.ndjson").read_bytes() == before
    last = ended(pull)
    assert last.code == 0, last
    assert (two.root / "inventory.ndjson").read_bytes() != before


def await_waiting(state: str) -> None:
    """Until somebody waits for the inventory beside the one who has it."""
    ask = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_try_advisory_lock%'"
    with psycopg.connect(state, autocommit=True) as link:
        while link.execute(ask).fetchone() != (2,):
            time.sleep(0.02)

"""Workers, clients and followers that are told to end, and a database that restarts under them."""

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.crash_project import ended
from tests.support.crash_vendor import Habits, Vendor, blind_seconds
from tests.support.fleet import STALL, Fleet, fleet
from tests.support.postgres import Postgres

pytestmark = pytest.mark.crash

DOOMED = 8


@contextmanager
def held(
    folder: Path, server: Postgres, *, grace: float = 1
) -> Iterator[tuple[Fleet, Vendor, subprocess.Popen[bytes]]]:
    """A worker whose first two requests the vendor holds back, and the client that follows."""
    habits = Habits(holds=True)
    with fleet(folder, server, lanes=1, targets=DOOMED, habits=habits) as many:
        (vendor,) = many.vendors.values()
        many.start(grace=grace)
        client = many.apply()
        vendor.await_deletes(2)
        yield many, vendor, client


def test_what_is_in_flight_ends_within_the_grace_and_nobody_takes_the_lane_meanwhile(
    tmp_path: Path, postgres: Postgres
) -> None:
    with held(tmp_path, postgres, grace=60) as (many, vendor, client):
        (leaving,) = many.workers
        leaving.send_signal(signal.SIGTERM)
        told = many.now
        many.start()
        many.until(lambda: alive(many) > told + STALL / 2, "a sign of life after the signal")
        many.until(lambda: many.now > told + 1.5 * STALL, "it would count as dead without one")
        sent = vendor.deletes
        assert many.epochs() == [1]
        vendor.release()
        assert leaving.wait(30) == 0, many.logs()
        assert many.verdicts()[:sent] == ["deleted"] * sent
        last = many.finish(client)
        assert json.loads(last.out)["summary"]["deleted"] == DOOMED
        assert many.epochs() == [2]
        # The first of a plan are looked at; those that were left in good order are not in doubt.
        assert blind_seconds(vendor.events) == []
        assert vendor.deletes == DOOMED


def alive(many: Fleet) -> float:
    """The newest sign of life of the worker that came first."""
    return min(many.heartbeats())[1]


def test_what_is_in_flight_after_the_grace_is_in_doubt_and_looked_at_by_the_next(
    tmp_path: Path, postgres: Postgres
) -> None:
    with held(tmp_path, postgres, grace=0.2) as (many, vendor, client):
        (leaving,) = many.workers
        leaving.send_signal(signal.SIGTERM)
        assert leaving.wait(30) == 0, many.logs()
        sent = vendor.deletes
        assert "deleted" not in many.verdicts()
        doubts = json.loads(many.place.run("status", "--format", "json").out)["lanes"]
        assert [(one["state"], one["inDoubt"]) for one in doubts] == [("queued", sent)]
        vendor.release()
        before = len(vendor.events)
        many.start()
        many.finish(client)
        after = [one.kind for one in vendor.events[before:] if one.kind != "effect"]
        assert after[0] == "look"


def test_whoever_follows_is_told_to_end_and_the_lanes_go_on(
    tmp_path: Path, postgres: Postgres
) -> None:
    with held(tmp_path, postgres) as (many, vendor, client):
        client.send_signal(signal.SIGINT)
        left = ended(client)
        assert left.code == 130, left
        assert "reconciler status --follow" in left.err
        log = tmp_path / "follow.log"
        with log.open("wb") as said:
            follower = many.place.start("status", "--follow", stdout=said, stderr=said)
        many.until(lambda: "working" in log.read_text(), "it shows the lane")
        postgres.stop("immediate")
        try:
            many.until(lambda: "trying again" in log.read_text(), "it waits for the database")
        finally:
            postgres.start()
        vendor.release()
        assert follower.wait(60) == 0, log.read_text()
        shown = log.read_text()
        assert f"pid {many.workers[0].pid}" in shown
        assert many.finish(many.apply()).code == 0

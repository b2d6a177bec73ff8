"""Workers: a plan handed over, worked by several processes, which may die at any instant."""

import json
import os
import random
import signal
import subprocess
from pathlib import Path

import pytest

from tests.support.crash_project import ended
from tests.support.crash_vendor import Habits
from tests.support.fleet import STALL, crowded, fleet
from tests.support.postgres import Postgres, program

pytestmark = pytest.mark.crash


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "round_" in metafunc.fixturenames:
        kills = metafunc.config.getoption("--kills")
        metafunc.parametrize("round_", range(max(5, kills // 20)))


def test_what_is_handed_over_is_worked_to_its_report(tmp_path: Path, postgres: Postgres) -> None:
    with fleet(tmp_path, postgres, lanes=3, targets=6) as many:
        many.start()
        last = many.finish(many.apply())
        assert json.loads(last.out)["summary"]["deleted"] == 18
        again = many.place.run("apply", "plan.json", "--workers", "--format", "json")
        assert again.code == 0, again
        assert json.loads(again.out)["summary"]["deleted"] == 18
        lines = many.server.ask("SELECT line FROM reconciler.chain ORDER BY seq", many.database)
        log = [json.loads(bytes(line)) for (line,) in lines]  # type: ignore[arg-type]
        told = [one["outcome"] for one in log if one["type"] == "target"]
        assert told == ["deleted"] * 18  # each by its own lane, and nobody speaks for another's
        assert many.place.run("evidence", "plan.json", "--out", "e.tar.gz").code == 0
        assert many.place.run("verify", "e.tar.gz").code == 0
        dump = [program("pg_dump"), "--dbname", postgres.url(many.database)]
        kept = subprocess.run(dump, capture_output=True, text=True, check=True).stdout
        assert "reconciler.handed" in kept
        assert "sesame-parcel" not in kept


def test_whoever_asks_sees_each_lane_and_a_person_ends_them_all(
    tmp_path: Path, postgres: Postgres
) -> None:
    with fleet(tmp_path, postgres, lanes=2, targets=6, habits=Habits(holds=True)) as many:
        many.start(concurrency=1)
        client = many.apply()
        many.until(lambda: many.seen > 2, "one lane begins")
        status = json.loads(many.place.run("status", "--format", "json").out)
        assert sorted(one["state"] for one in status["lanes"]) == ["queued", "working"]
        (working,) = [one for one in status["lanes"] if one["state"] == "working"]
        assert working["owner"]["pid"] == many.workers[0].pid
        assert (working["left"], status["lanes"][0]["plan"][:7]) == (6, "sha256:")
        stopped = many.place.run("stop", "--because", "wrong audience")
        assert stopped.code == 0, stopped
        for one in many.vendors.values():
            one.release()
        last = ended(client)
        assert last.code in (5, 6), last
        told = json.loads(last.out)["summary"]
        assert told["pending"] >= 6
        assert all(len(one.left) > 2 for one in many.vendors.values())
        many.finish(many.apply())


def test_a_plan_is_handed_over_once_however_often_it_is_asked(
    tmp_path: Path, postgres: Postgres
) -> None:
    with fleet(tmp_path, postgres, lanes=2, targets=4) as many:
        for _ in range(2):
            left = many.place.run("apply", "plan.json", "--workers", "--detach")
            assert left.code == 0, left
            assert "run 1" in left.err
        assert len(many.owners()) == 2
        many.start()
        many.finish(many.apply())
        assert postgres.ask("SELECT count(*) FROM reconciler.handed", many.database) == [(2,)]
        runs = postgres.ask("SELECT number, exit_code FROM reconciler.runs", many.database)
        assert runs == [(1, 0)]


def test_a_dead_workers_lane_moves_within_twice_the_stall_time_by_the_databases_clock(
    tmp_path: Path, postgres: Postgres
) -> None:
    with fleet(tmp_path, postgres, lanes=1, targets=4, habits=Habits(holds=True)) as many:
        (vendor,) = many.vendors.values()
        many.start(2)
        client = many.apply()
        vendor.await_deletes(1)
        (pid,) = many.owners().values()
        (victim,) = [one for one in many.workers if one.pid == pid]
        os.kill(victim.pid, signal.SIGKILL)
        died = many.now
        many.until(lambda: pid not in many.owners().values(), "the lane moves")
        ((taken,),) = postgres.ask("SELECT taken FROM reconciler.handed", many.database)
        assert taken - died <= 2 * STALL, many.logs()
        vendor.release()
        many.finish(client)


def test_a_worker_that_begins_while_the_database_is_away_waits_for_it(
    tmp_path: Path, postgres: Postgres
) -> None:
    with fleet(tmp_path, postgres, lanes=1, targets=2) as many:
        client = many.apply()
        many.until(many.owners, "it is handed over")
        postgres.stop("immediate")
        try:
            many.start()
            many.until(lambda: "trying again" in many.said(1), "it waits")
        finally:
            postgres.start()
        many.finish(client)


def test_clocks_of_machines_that_are_wrong_change_nothing(
    tmp_path: Path, postgres: Postgres
) -> None:
    with fleet(tmp_path, postgres, lanes=2, targets=8, habits=Habits(holds=True)) as many:
        for skew in (600, -600):
            many.start(skew=skew, concurrency=1)
        client = many.apply()
        many.until(lambda: all(one.deletes for one in many.vendors.values()), "both are at work")
        many.start(concurrency=4)
        before = many.now
        victim = many.workers[0]
        os.kill(victim.pid, signal.SIGKILL)
        many.check_moved(victim.pid)
        for one in many.vendors.values():
            one.release()
        many.finish(client)
        assert [name for name, one in many.vendors.items() if crowded(one)] == []
        times = "SELECT min(at), max(at) FROM reconciler.targets"
        ((first, last),) = postgres.ask(times, many.database)
        assert before - 120 < first <= last <= many.now


def test_a_frozen_worker_that_wakes_is_fenced_and_its_late_answer_recorded(
    tmp_path: Path, postgres: Postgres
) -> None:
    habits = Habits(holds=True)
    with fleet(tmp_path, postgres, lanes=1, targets=8, habits=habits) as many:
        (vendor,) = many.vendors.values()
        many.start()
        client = many.apply()
        vendor.await_deletes(2)
        (sleeper,) = many.workers
        os.kill(sleeper.pid, signal.SIGSTOP)
        many.start()
        other = many.workers[1]
        many.until(lambda: many.epochs() == [2], "the other takes the lane")
        assert list(many.owners().values()) == [other.pid]
        os.kill(other.pid, signal.SIGSTOP)  # so that whatever is sent now is the sleeper's
        sent = vendor.deletes
        vendor.release()
        os.kill(sleeper.pid, signal.SIGCONT)
        many.until(lambda: "has taken" in many.said(1), "the sleeper is fenced")
        assert vendor.deletes == sent
        late = postgres.ask(
            "SELECT count(*) FROM reconciler.requests WHERE kind='delete' AND verdict='deleted'",
            many.database,
        )
        assert late[0][0] >= 1
        os.kill(other.pid, signal.SIGCONT)
        many.finish(client)


def test_whatever_happens_to_workers_and_database_nothing_is_lost(
    tmp_path: Path, postgres: Postgres, round_: int
) -> None:
    dice = random.Random(round_)
    with fleet(tmp_path, postgres, lanes=24, targets=5, seed=round_) as many:
        many.start(3, concurrency=24)  # room for those of the others
        client = many.apply()
        many.until(lambda: many.seen > 20, "they begin")
        happens = [many.kill, many.freeze, many.restart, many.drain]
        dice.shuffle(happens)
        for one in happens:
            one(dice)
            before = many.seen
            many.until(
                lambda before=before: many.seen > before + 10 or not many.owners(),
                "they go on",
            )
        many.finish(client)
        assert [name for name, one in many.vendors.items() if crowded(one)] == []

"""A database that is lost in the middle of a commit, that another took over, that is full."""

import random
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.crash.test_crash_disk import private_mounts
from tests.support.crash_project import Ended, Place, check_done, ended, make, parcels
from tests.support.crash_vendor import Habits, Vendor, blind_seconds
from tests.support.cut import Cut
from tests.support.fleet import fleet
from tests.support.postgres import Postgres, server

pytestmark = pytest.mark.crash

__all__ = ["private_mounts"]

COMMITS = 14  # what an apply of so few makes, about


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "round_" in metafunc.fixturenames:
        kills = metafunc.config.getoption("--kills")
        metafunc.parametrize("round_", range(max(3, kills // 20)))


def apply(place: Place) -> Ended:
    return place.run("apply", "plan.json", "--format", "json")


@pytest.mark.parametrize("answered", [False, True], ids=["before", "after"])
def test_a_connection_lost_in_a_commit_leaves_nothing_to_chance(
    tmp_path: Path, postgres: Postgres, round_: int, answered: bool
) -> None:
    """The commit of an intent, of an outcome or of anything: not arrived, or done and not told."""
    number = random.Random(round_).randrange(2, COMMITS)
    with (
        Vendor(parcels(24), seed=round_) as vendor,
        postgres.database("crash") as name,
        Cut(postgres.port, number, answered=answered) as cut,
    ):
        url = postgres.url(name, tcp=True).replace(f":{postgres.port}/", f":{cut.port}/")
        place = make(tmp_path / "project", {"shop": vendor}, shared=url)
        first = apply(place)
        assert cut.made, f"there was no commit {number}: {first}"
        assert first.code in (0, 1), first  # 0: at the very end, all was done
        if first.code:
            assert "connection was lost" in first.err, first
        last = apply(place)
        assert last.code == 0, last
        check_done({"shop": vendor}, last.out)


def test_where_a_standby_without_the_last_moments_takes_over_nothing_is_sent_blindly(
    tmp_path: Path,
) -> None:
    with (
        server(wal_level="replica", max_wal_senders="2") as primary,
        fleet(tmp_path, primary, lanes=2, targets=40) as many,
    ):
        many.start()
        client = many.apply()
        many.until(lambda: many.seen > 40, "they are at work")
        primary.copy()
        seen = many.seen
        many.until(lambda: many.seen > seen + 20, "they go on")
        primary.fail_over()
        many.finish(client)  # that nothing is sent blindly is among it
        assert "another server than before" in many.logs()


def test_a_standby_took_over_and_the_next_apply_looks_first(tmp_path: Path) -> None:
    with (
        server(wal_level="replica", max_wal_senders="2") as primary,
        primary.database("crash") as name,
        Vendor(parcels(24), habits=Habits(holds=True)) as vendor,
    ):
        place = make(tmp_path / "project", {"shop": vendor}, shared=primary.url(name))
        primary.copy()  # it has not even heard of the run
        running = place.start("apply", "plan.json")
        vendor.await_deletes(4)
        vendor.release()
        vendor.await_deletes(12)
        primary.fail_over()
        assert ended(running).code in (0, 1)
        before = len(vendor.events)
        last = apply(place)
        assert last.code == 0, last
        assert "another server than before" in last.err
        asked = [one.kind for one in vendor.events[before:] if one.kind in ("delete", "look")]
        assert asked[:1] in ([], ["look"])
        assert blind_seconds(vendor.events) == []
        assert all(name.startswith("kept") for name in vendor.left.values())


@pytest.mark.usefixtures("private_mounts")
def test_a_full_disk_of_the_database_ends_the_run_before_the_next_request(tmp_path: Path) -> None:
    disk = Path("/tmp") / f"reconciler-disk-{tmp_path.name}"
    disk.mkdir(mode=0o755)
    try:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=150m", "none", str(disk)], check=True)
        with (
            server(disk) as full,
            full.database("crash") as name,
            Vendor(parcels(300), habits=Habits(holds=True)) as vendor,
        ):
            place = make(tmp_path / "project", {"shop": vendor}, shared=full.url(name))
            running = place.start("apply", "plan.json")
            vendor.await_deletes(1)
            ballast = fill(disk)
            vendor.release()
            last = ended(running)
            assert last.code == 1, last
            assert "its disk is full" in last.err or "connection was lost" in last.err, last
            sent = vendor.deletes
            assert 0 < sent < 300
            ballast.unlink()
            full.restart("immediate")
            again = apply(place)
            assert again.code == 0, again
            check_done({"shop": vendor}, again.out)
    finally:
        subprocess.run(["umount", str(disk)], check=False)
        shutil.rmtree(disk, ignore_errors=True)


def fill(disk: Path) -> Path:
    """Take all that is free on *disk*."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(1 << 16)) == 1 << 16:
                pass
        except OSError:
            pass
    return ballast

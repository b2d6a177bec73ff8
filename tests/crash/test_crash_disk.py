"""A disk that fails, a journal that is damaged, an output that is closed: nothing more is sent."""

import ctypes
import json
import os
import random
import resource
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.support.crash_project import (
    Place,
    check_converged,
    check_never_too_early,
    ended,
    make,
    parcels,
)
from tests.support.crash_vendor import Trap, Vendor

pytestmark = pytest.mark.crash

TARGETS = 100
FEW = 24
IN_FLIGHT = 8


@pytest.fixture
def vendor():
    with Vendor(parcels(TARGETS)) as one:
        yield one


def resume(place: Place, vendor: Vendor) -> None:
    """The next apply ends it, and everything is as it should be."""
    last = place.run("apply", "plan.json", "--format", "json")
    assert last.code == 0, last
    vendor.quiet()
    check_converged(place, {"shop": vendor}, last.out)


CLONE_NEWNS = 0x20000


@pytest.fixture
def private_mounts() -> None:
    """What is mounted from here on is seen by this process and its children alone (Linux's
    unshare(2)), so a run that is killed half way leaves nothing mounted on the machine."""
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() != 0 or shutil.which("mount") is None or libc.unshare(CLONE_NEWNS):
        pytest.skip("mounting is not permitted here; ENOSPC and EIO are injected above")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)


# ---------------------------------------------------------------- a disk that fails


def _traced(trace: Path, fault: str) -> list[str]:
    """What makes the system inject *fault*, and write what is sent and stored to *trace*."""
    calls = ["-e", "trace=sendto,fdatasync,pwrite64", "-e", f"inject={fault}"]
    return ["strace", "-f", "--seccomp-bpf", "-o", str(trace), *calls]


@pytest.mark.parametrize("number", [1, 4, 8, 16])
@pytest.mark.parametrize(
    ("call", "error"), [("fdatasync", "EIO"), ("pwrite64", "ENOSPC"), ("pwrite64", "EIO")]
)
def test_after_a_failed_write_no_request_leaves(
    tmp_path: Path, vendor: Vendor, call: str, error: str, number: int
) -> None:
    """The disk fails from some call on, and stays failed; WAL writes are many for one commit."""
    place = make(tmp_path / "project", {"shop": vendor})
    first = number if call == "fdatasync" else number * 20
    prefix = _traced(tmp_path / "trace", f"{call}:error={error}:when={first}+")
    last = ended(place.start("apply", "plan.json", prefix=prefix))
    assert last.code == 1, last
    assert str(place.state.name) in last.err or ".reconciler" in last.err, last.err
    assert "Traceback" not in last.err
    assert "never retrieved" not in last.err
    lines = (tmp_path / "trace").read_text().splitlines()
    failed = next(n for n, line in enumerate(lines) if "INJECTED" in line)
    assert [line for line in lines[failed:] if "DELETE" in line] == []
    check_never_too_early(place, {"shop": vendor})
    resume(place, vendor)


@pytest.mark.parametrize("number", [8, 14])
@pytest.mark.parametrize("call", ["fdatasync", "pwrite64"])
def test_one_failed_write_is_not_tried_again(
    tmp_path: Path, vendor: Vendor, call: str, number: int
) -> None:
    """The disk fails once and then works; what the failed sync lost is nobody's to know."""
    place = make(tmp_path / "project", {"shop": vendor})
    first = number if call == "fdatasync" else number * 20
    prefix = _traced(tmp_path / "trace", f"{call}:error=EIO:when={first}")
    last = ended(place.start("apply", "plan.json", prefix=prefix))
    lines = (tmp_path / "trace").read_text().splitlines()
    failed = next(n for n, line in enumerate(lines) if "INJECTED" in line)
    assert last.code == 1, last
    assert [line for line in lines[failed:] if "DELETE" in line] == []
    resume(place, vendor)


@pytest.mark.parametrize("size", [0, 8192, 65536, 200_000, 400_000])
def test_a_file_size_limit_stops_it_with_the_path(
    tmp_path: Path, vendor: Vendor, size: int
) -> None:
    place = make(tmp_path / "project", {"shop": vendor})

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    last = ended(place.start("apply", "plan.json", preexec_fn=limit))
    assert last.code == 1, last
    assert ".reconciler" in last.err
    assert "Traceback" not in last.err
    check_never_too_early(place, {"shop": vendor})
    resume(place, vendor)


@pytest.mark.usefixtures("private_mounts")
def test_a_full_disk_stops_it_with_the_path(tmp_path: Path, vendor: Vendor) -> None:
    place = make(tmp_path / "project", {"shop": vendor})
    state = place.root / ".reconciler"
    state.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "none", str(state)], check=True)
    try:
        last = place.run("apply", "plan.json")
        assert last.code == 1, last
        assert ".reconciler" in last.err
        assert "Traceback" not in last.err
        seen = vendor.deletes
        assert seen < TARGETS
        check_never_too_early(place, {"shop": vendor})
        again = place.run("apply", "plan.json")
        assert again.code == 1, again
        assert vendor.deletes == seen
        subprocess.run(["mount", "-o", "remount,size=20m", str(state)], check=True)
        resume(place, vendor)
    finally:
        subprocess.run(["umount", str(state)], check=True)


@pytest.mark.usefixtures("private_mounts")
@pytest.mark.parametrize("began", [False, True], ids=["fresh", "begun"])
def test_a_read_only_state_folder_is_refused(
    tmp_path: Path, vendor: Vendor, *, began: bool
) -> None:
    place = make(tmp_path / "project", {"shop": vendor})
    if began:
        process = place.start("apply", "plan.json")
        vendor.arm(Trap("delete", "answer", 50), process.pid)
        assert ended(process).killed
        vendor.quiet()
    seen = vendor.deletes
    state = place.root / ".reconciler"
    state.mkdir(exist_ok=True)
    subprocess.run(["mount", "--bind", str(state), str(state)], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(state)], check=True)
        last = place.run("apply", "plan.json")
        assert last.code == 1, last
        assert str(place.state.name) in last.err
        assert "Traceback" not in last.err
        assert vendor.deletes == seen
    finally:
        subprocess.run(["umount", str(state)], check=True)
    resume(place, vendor)


# ---------------------------------------------------------------- outputs


def test_a_reader_that_goes_away_stops_nothing(tmp_path: Path, vendor: Vendor) -> None:
    place = make(tmp_path / "project", {"shop": vendor})
    read, write = os.pipe()
    os.close(read)
    process = place.start("apply", "plan.json", "--events", "-", stdout=write)
    os.close(write)
    last = ended(process)
    assert "Traceback" not in last.err
    assert last.code == 0, last
    resume(place, vendor)


@pytest.mark.parametrize("stream", ["stdout", "stderr", "both"])
def test_an_output_that_is_full_stops_nothing(tmp_path: Path, vendor: Vendor, stream: str) -> None:
    place = make(tmp_path / "project", {"shop": vendor})
    with open("/dev/full", "wb") as full:
        names = ("stdout", "stderr") if stream == "both" else (stream,)
        last = ended(place.start("apply", "plan.json", **dict.fromkeys(names, full)))
    assert last.code == (0 if stream == "stderr" else 1), last
    assert vendor.deletes == TARGETS
    resume(place, vendor)
    assert vendor.deletes == TARGETS


@pytest.mark.parametrize("closed", ["1", "2", "1 2", "0 1 2"])
def test_outputs_that_were_never_open_stop_nothing(
    tmp_path: Path, vendor: Vendor, closed: str
) -> None:
    place = make(tmp_path / "project", {"shop": vendor})
    shut = " ".join(f"{one}>&-" for one in closed.split())
    prefix = ["sh", "-c", f'exec "$@" {shut}', "sh"]
    last = ended(place.start("apply", "plan.json", prefix=prefix))
    assert last.code == (1 if "1" in closed else 0), last  # the report reached nobody
    assert vendor.deletes == TARGETS
    resume(place, vendor)


@pytest.mark.parametrize("encoding", ["ascii", "ascii:strict", "latin-1"])
def test_an_output_poor_in_letters_stops_nothing(tmp_path: Path, encoding: str) -> None:
    names = {i: f"{name} ✉ Ünïcode \x1b[2J" for i, name in parcels(FEW).items()}
    with Vendor(names) as vendor:
        place = make(tmp_path / "project", {"shop": vendor})
        place.env = {"PYTHONIOENCODING": encoding, "LC_ALL": "C"}
        for shown in (("text", "--events", "-"), ("markdown",)):
            last = place.run("apply", "plan.json", "--format", *shown)
            assert last.code == 0, last
        assert "Traceback" not in last.err
        assert vendor.deletes == FEW
        resume(place, vendor)


# ---------------------------------------------------------------- the journal's file


def broken_off(place: Place, vendor: Vendor) -> None:
    """An apply that was killed in the middle, its journal as the crash left it."""
    process = place.start("apply", "plan.json")
    vendor.arm(Trap("delete", "answer", TARGETS // 2), process.pid)
    assert ended(process).killed
    vendor.quiet()


@pytest.mark.parametrize("part", [0.0, 0.1, 0.35, 0.6, 0.8, 0.95, 0.999])
def test_a_torn_tail_is_cut(tmp_path: Path, vendor: Vendor, part: float) -> None:
    """Also where more is gone than any crash takes: every target is looked at again."""
    place = make(tmp_path / "project", {"shop": vendor})
    broken_off(place, vendor)
    wal = place.state.with_name("state.db-wal")
    os.truncate(wal, int(wal.stat().st_size * part))
    place.state.with_name("state.db-shm").unlink()
    last = place.run("apply", "plan.json", "--format", "json")
    assert last.code == 0, last
    left = [name for name in vendor.left.values() if not name.startswith("kept")]
    assert left == []


def test_torn_bytes_in_the_tail_are_cut(tmp_path: Path, vendor: Vendor) -> None:
    place = make(tmp_path / "project", {"shop": vendor})
    broken_off(place, vendor)
    wal = place.state.with_name("state.db-wal")
    size = wal.stat().st_size
    with wal.open("r+b") as file:
        file.seek(size - 3000)
        file.write(random.Random(1).randbytes(3000))
    place.state.with_name("state.db-shm").unlink()
    last = place.run("apply", "plan.json", "--format", "json")
    assert last.code == 0, last
    assert [name for name in vendor.left.values() if not name.startswith("kept")] == []


def done_and_closed(place: Place) -> dict[str, bytes]:
    """A whole journal, closed; its files' bytes by name."""
    assert place.run("apply", "plan.json", "--limit", "60").code == 5
    return files(place)


def files(place: Place) -> dict[str, bytes]:
    """All but the -shm file, which is scratch memory that SQLite makes anew after a crash."""
    found = [place.state, *place.state.parent.glob("state.db-*")]
    return {one.name: one.read_bytes() for one in found if not one.name.endswith("-shm")}


def refused(place: Place, vendor: Vendor, word: str) -> None:
    """Every command that opens the journal refuses it, says why, and leaves its bytes alone."""
    before, seen = files(place), vendor.deletes
    for command in (["apply", "plan.json"], ["settle"], ["status"]):
        last = place.run(*command)
        assert last.code == 1, (command, last)
        assert word in last.err, last.err
        assert str(place.state.name) in last.err
        assert "Traceback" not in last.err
        assert files(place) == before
    assert vendor.deletes == seen


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_middle_is_refused_unchanged(tmp_path: Path, vendor: Vendor, seed: int) -> None:
    place = make(tmp_path / "project", {"shop": vendor})
    done_and_closed(place)
    whole, dice = place.state.read_bytes(), random.Random(seed)
    while is_sound(place.state):  # pages that hold nothing may hold anything
        at = dice.randrange(1, len(whole) // 4096) * 4096
        place.state.write_bytes(whole[:at] + dice.randbytes(4096) + whole[at + 4096 :])
    refused(place, vendor, "nothing")


def is_sound(path: Path) -> bool:
    db = sqlite3.connect(f"file:{path}?immutable=1", uri=True)
    try:
        return db.execute("PRAGMA integrity_check(1)").fetchone() == ("ok",)
    except sqlite3.DatabaseError:
        return False
    finally:
        db.close()


def test_a_file_that_is_no_database_is_refused_unchanged(tmp_path: Path, vendor: Vendor) -> None:
    place = make(tmp_path / "project", {"shop": vendor})
    place.state.parent.mkdir()
    place.state.write_bytes(b"these are my notes, not your journal\n" * 200)
    refused(place, vendor, "not a")


@pytest.mark.parametrize("crashed", [False, True], ids=["closed", "with a tail"])
@pytest.mark.parametrize(
    ("change", "word"),
    [
        ("PRAGMA user_version=99", "newer"),
        ("PRAGMA application_id=7", "not a journal"),
        ("UPDATE meta SET value='another' WHERE key='project'", "another"),
    ],
    ids=["newer", "foreign", "other project"],
)
def test_a_journal_of_somebody_else_is_refused_unchanged(
    tmp_path: Path, vendor: Vendor, change: str, word: str, *, crashed: bool
) -> None:
    place = make(tmp_path / "project", {"shop": vendor})
    if crashed:
        broken_off(place, vendor)
    else:
        done_and_closed(place)
    db = sqlite3.connect(place.state, isolation_level=None)
    db.execute(change)
    if not crashed:
        db.close()
        refused(place, vendor, word)
        return
    # Left open, the tail stays where it is; copied, it is as a crash would leave it.
    kept = {name: data for name, data in files(place).items() if not name.endswith("-shm")}
    db.close()
    for old in place.state.parent.glob("state.db-*"):
        old.unlink()
    for name, data in kept.items():
        place.state.with_name(name).write_bytes(data)
    refused(place, vendor, word)


def test_the_report_of_a_failed_run_is_not_a_report_of_success(
    tmp_path: Path, vendor: Vendor
) -> None:
    place = make(tmp_path / "project", {"shop": vendor})
    inject = ["-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO:when=10+"]
    prefix = ["strace", "-f", "--seccomp-bpf", "-o", "/dev/null", *inject]
    last = ended(place.start("apply", "plan.json", "--format", "json", prefix=prefix))
    assert last.code == 1
    assert last.out == "" or json.loads(last.out)["exitCode"] == 1

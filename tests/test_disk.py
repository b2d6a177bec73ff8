"""Files are read only where they may be, and written whole or not at all."""

import os
import stat
from pathlib import Path

import pytest

from reconciler import disk
from reconciler.errors import ReconcilerError


def write(root: Path, name: str, text: str = "a: 1\n") -> Path:
    place = root / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    return place


def test_what_is_no_regular_file_is_not_read() -> None:
    with pytest.raises(ReconcilerError, match="not a regular file"):
        disk.read_file(Path("/dev/zero"))


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    place = write(tmp_path, "f", "12345")
    assert disk.read_file(place, most=5) == b"12345"
    with pytest.raises(ReconcilerError, match="larger than 4 bytes"):
        disk.read_file(place, most=4)
    with pytest.raises(ReconcilerError, match="no such file"):
        disk.read_file(tmp_path / "none")
    with pytest.raises(ReconcilerError, match="not a path"):
        disk.read_file(tmp_path / "a\0b")


def test_a_file_is_replaced_whole_with_its_permissions(tmp_path: Path) -> None:
    place = write(tmp_path, "f", "old")
    place.chmod(0o640)
    (tmp_path / "link").symlink_to("f")
    disk.write_whole(tmp_path / "link", b"new")
    assert place.read_bytes() == b"new"
    assert stat.S_IMODE(place.stat().st_mode) == 0o640
    assert (tmp_path / "link").is_symlink()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["f", "link"]


def test_nothing_is_put_in_the_place_of_what_is_no_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/null")
    reading, writing = os.pipe()
    places = [Path("/"), tmp_path, tmp_path / "pipe", tmp_path / "link", Path("/dev/null")]
    for place in (*places, Path(f"/dev/fd/{writing}")):
        with pytest.raises(ReconcilerError, match=r"0 bytes\): it is not a regular file; it is as"):
            disk.write_whole(place, b"new")
        with (
            pytest.raises(ReconcilerError, match="it is not a regular file"),
            disk.written_whole(place),
        ):
            pytest.fail("it was opened")
    os.close(reading)
    os.close(writing)
    with pytest.raises(ReconcilerError, match="cannot write /: it is the root of all folders"):
        disk.write_new(Path("/"), b"new")
    with pytest.raises(ReconcilerError, match="it is not a path"):
        disk.write_whole(tmp_path / "a\0b", b"new")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["link", "pipe"]


def test_a_write_that_fails_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = write(tmp_path, "f", "old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ReconcilerError, match=r"f \(3 bytes\): no space left on device; it is as"):
        disk.write_whole(place, b"new")
    assert place.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["f"]


def test_what_is_no_regular_file_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "f")
    with pytest.raises(ReconcilerError, match="cannot write"):
        disk.write_whole(tmp_path / "f", b"new")
    with pytest.raises(ReconcilerError, match="no such file"):
        disk.write_whole(tmp_path / "none/f", b"new")

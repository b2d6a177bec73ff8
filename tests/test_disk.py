"""Files are read only where they may be, and written whole or not at all."""

import os
import stat
from pathlib import Path

import pytest

from reconciler import disk
from reconciler.driver import Credential, Settings
from reconciler.errors import ReconcilerError


def write(root: Path, name: str, text: str = "a: 1\n") -> Path:
    place = root / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    return place


def paths(root: Path, *patterns: str) -> list[str]:
    return [path for path, _ in disk.find_manifests(root, patterns)[0]]


def codes(root: Path, *patterns: str) -> list[tuple[str, str | None]]:
    return [(one.code, one.path) for one in disk.find_manifests(root, patterns)[1]]


def test_manifests_are_found_in_folders_and_by_globs_sorted_and_once(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yml", "x/c.yaml", "d.txt", ".hidden.yaml", "../n/e.yaml", "K.YAML"):
        write(tmp_path, f"m/{name}")
    assert paths(tmp_path, "m") == ["m/K.YAML", "m/a.yml", "m/b.yaml", "m/x/c.yaml"]
    assert paths(tmp_path, "m/", "m/*.yaml", "n/**/*.yaml") == [
        "m/K.YAML",
        "m/a.yml",
        "m/b.yaml",
        "m/x/c.yaml",
        "n/e.yaml",
    ]


def test_a_symlink_inside_the_project_is_read_and_one_out_of_it_refused(tmp_path: Path) -> None:
    outside = write(tmp_path, "outside/secret.yaml", "password: sekret")
    root = tmp_path / "project"
    write(root, "m/a.yaml")
    (root / "m/in.yaml").symlink_to("a.yaml")
    (root / "m/out.yaml").symlink_to(outside)
    (root / "m/gone.yaml").symlink_to("nowhere")
    files, problems = disk.find_manifests(root, ["m"])
    assert [path for path, _ in files] == ["m/a.yaml", "m/in.yaml"]
    assert [one.path for one in problems] == ["m/gone.yaml", "m/out.yaml"]
    assert "sekret" not in str(problems)


def test_a_linked_folder_below_is_an_error_unless_it_is_read_anyway(tmp_path: Path) -> None:
    write(tmp_path, "outside/a.yaml")
    root = tmp_path / "project"
    write(root, "m/2024/a.yaml")
    write(root, "n/b.yaml")
    (root / "m/out").symlink_to(tmp_path / "outside")
    (root / "m/n").symlink_to("../n")
    (root / "m/latest").symlink_to("2024")
    (root / "m/loop").symlink_to(".")
    assert paths(root, "m") == ["m/2024/a.yaml"]
    assert sorted(codes(root, "m")) == [("linked-folder", "m/n"), ("linked-folder", "m/out")]


@pytest.mark.parametrize(
    "name", ["\udcff.yaml", "a\n::error::b.yaml", "\x1b[2J.yaml", "\u202e.yaml"]
)
def test_a_path_that_no_report_could_show_is_refused(tmp_path: Path, name: str) -> None:
    write(tmp_path, "m/a.yaml")
    write(tmp_path, f"m/{name}")
    assert paths(tmp_path, "m") == ["m/a.yaml"]
    assert codes(tmp_path, "m") == [("file-name", f"m/{name}")]


def test_a_linked_folder_out_of_the_project_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "outside/a.yaml")
    root = tmp_path / "project"
    root.mkdir()
    (root / "m").symlink_to(tmp_path / "outside")
    assert codes(root, "m") == [("unreadable", "m")]


def test_fifos_devices_and_folders_are_refused_without_hanging(tmp_path: Path) -> None:
    (tmp_path / "m/b.yaml").mkdir(parents=True)
    os.mkfifo(tmp_path / "m/a.yaml")
    (tmp_path / "m/c.yaml").symlink_to("/dev/zero")
    found = disk.find_manifests(tmp_path, ["m"])
    assert found[0] == []
    assert [one.path for one in found[1]] == ["m/a.yaml", "m/c.yaml"]
    with pytest.raises(ReconcilerError, match="not a regular file"):
        disk.read_file(Path("/dev/zero"))


def test_twins_by_case_are_told(tmp_path: Path) -> None:
    write(tmp_path, "m/a.yaml")
    write(tmp_path, "m/A.yaml")
    assert codes(tmp_path, "m") == [("case-twin", "m/a.yaml")]


def test_a_pattern_that_finds_nothing_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    found = disk.find_manifests(tmp_path, ["m", "n/*.yaml"])[1]
    assert [(one.severity, one.message) for one in found] == [
        ("warning", "no manifest in m"),
        ("warning", "n/*.yaml finds nothing"),
    ]


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    place = write(tmp_path, "f", "12345")
    assert disk.read_file(place, most=5) == b"12345"
    with pytest.raises(ReconcilerError, match="larger than 4 bytes"):
        disk.read_file(place, most=4)
    with pytest.raises(ReconcilerError, match="no such file"):
        disk.read_file(tmp_path / "none")
    with pytest.raises(ReconcilerError, match="not a path"):
        disk.read_file(tmp_path / "a\0b")


def read_env(text: str) -> str:
    return disk.read_credential(Credential(env="KEY"), Path(), {"KEY": text})


@pytest.mark.parametrize(
    ("written", "read"),
    [("key", "key"), ("key\n", "key"), ("key\r\n", "key"), ("50%'\"{x}", "50%'\"{x}")],
)
def test_one_trailing_newline_of_a_credential_goes(written: str, read: str, tmp_path: Path) -> None:
    assert read_env(written) == read
    (tmp_path / "key").write_bytes(written.encode())
    (tmp_path / "link").symlink_to("key")
    assert disk.read_credential(Credential(file="link"), tmp_path, {}) == read


@pytest.mark.parametrize(
    "written",
    ["", "\n", "sekret\n\n", "sek ret\tx", "sekret ", "sekrét", "sekret\x00", "x" * 70_000],
)
def test_a_credential_that_cannot_be_one_is_refused_unseen(written: str, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(written.encode())
    with pytest.raises(ReconcilerError) as told:
        disk.read_credential(Credential(file="key"), tmp_path, {})
    assert "sek" not in str(told.value)
    assert "key" in str(told.value)
    if "\x00" not in written:
        with pytest.raises(ReconcilerError, match="env KEY"):
            read_env(written)


def test_a_variable_that_is_not_set_is_named() -> None:
    with pytest.raises(ReconcilerError, match="variable KEY is not set"):
        disk.read_credential(Credential(env="KEY"), Path(), {})


def test_settings_are_resolved_and_still_show_nothing() -> None:
    class Own(Settings):
        key: Credential
        name: str

    own = disk.resolve(Own(key=Credential(env="KEY"), name="x"), Path(), {"KEY": "sekret"})
    assert own.key.secret().reveal() == "sekret"
    assert "sekret" not in repr(own)


def test_a_file_is_replaced_whole_with_its_permissions(tmp_path: Path) -> None:
    place = write(tmp_path, "f", "old")
    place.chmod(0o640)
    (tmp_path / "link").symlink_to("f")
    disk.write_whole(tmp_path / "link", b"new")
    assert place.read_bytes() == b"new"
    assert stat.S_IMODE(place.stat().st_mode) == 0o640
    assert (tmp_path / "link").is_symlink()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["f", "link"]


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

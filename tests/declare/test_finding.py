"""Manifests are found where the project says, safely, in one order, and told when they are not."""

import os
from pathlib import Path

import pytest

from reconciler.declare.finding import ManifestSearch
from reconciler.errors import Diagnostic


def write(root: Path, name: str, text: str = "a: 1\n") -> Path:
    place = root / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    return place


def find(root: Path, *patterns: str) -> tuple[list[tuple[str, bytes]], list[Diagnostic]]:
    """What *patterns* find, each of which finds something, and what is wrong with it."""
    search = ManifestSearch(root)
    assert [search.find(pattern) for pattern in patterns] == [None] * len(patterns)
    return search.read()


def paths(root: Path, *patterns: str) -> list[str]:
    return [path for path, _ in find(root, *patterns)[0]]


def codes(root: Path, *patterns: str) -> list[tuple[str, str | None]]:
    return [(one.code, one.path) for one in find(root, *patterns)[1]]


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
    files, problems = find(root, "m")
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
    (root / "m/.old").mkdir()
    (root / "m/old").symlink_to(".old")
    assert paths(root, "m") == ["m/2024/a.yaml"]
    found = {(one.severity, one.path) for one in find(root, "m")[1]}
    assert found == {
        ("error", "m/n"),
        ("error", "m/out"),
        ("error", "m/old"),
        ("warning", "m/latest"),
        ("warning", "m/loop"),
    }
    assert {code for code, _ in codes(root, "m")} == {"linked-folder"}


def test_a_glob_through_folders_that_link_to_each_other_ends(tmp_path: Path) -> None:
    write(tmp_path, "m/x/a.yaml")
    for name in "abcdefgh":
        (tmp_path / "m" / name).symlink_to(".")
        (tmp_path / "m/x" / name).symlink_to("..")
    assert paths(tmp_path, "m/**/*.yaml") == ["m/x/a.yaml"]
    found = find(tmp_path, "m/**/*.yaml")[1]
    assert {(one.severity, one.code) for one in found} == {("warning", "linked-folder")}
    assert len(found) == 16


def test_a_linked_folder_that_a_wildcard_finds_is_not_entered_and_one_that_is_named_is(
    tmp_path: Path,
) -> None:
    write(tmp_path, "n/a.yaml")
    (tmp_path / "m").mkdir()
    (tmp_path / "m/n").symlink_to("../n")
    assert paths(tmp_path, "m/n/*.yaml", "m/n") == ["m/n/a.yaml"]
    for pattern in ("*/n*/a.yaml", "m/*"):
        assert ManifestSearch(tmp_path).find(pattern) is not None
        search = ManifestSearch(tmp_path)
        search.find(pattern)
        ((severity, code),) = [(one.severity, one.code) for one in search.read()[1]]
        assert (severity, code) == ("error", "linked-folder")


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.yaml", ["a.yaml"]),
        ("**/*.yaml", ["a.yaml", "m/b.yaml", "m/x/c.yaml"]),
        ("m/**", ["m/b.yaml", "m/x/c.yaml"]),
        ("m/**/**/c.yaml", ["m/x/c.yaml"]),
        ("[a-z]/?.yaml", ["m/b.yaml"]),
        ("*/x/*", ["m/x/c.yaml", "m/x/d.txt"]),
        ("*", ["a.yaml", "m/b.yaml", "m/x/c.yaml"]),
        (".*/e.yaml", [".h/e.yaml"]),
    ],
)
def test_a_glob_means_what_it_means_in_a_shell(
    tmp_path: Path, pattern: str, found: list[str]
) -> None:
    for name in ("a.yaml", "m/b.yaml", "m/x/c.yaml", "m/x/d.txt", ".h/e.yaml", "m/.h/f.yaml"):
        write(tmp_path, name)
    assert paths(tmp_path, pattern) == found


def test_a_glob_that_leads_out_of_the_project_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "outside/a.yaml")
    root = tmp_path / "project"
    root.mkdir()
    (root / "m").symlink_to(tmp_path / "outside")
    search = ManifestSearch(root)
    assert search.find("m/*.yaml") == "`m/*.yaml` finds no manifest"
    assert [(one.code, one.path) for one in search.read()[1]] == [("unreadable", "m")]


@pytest.mark.parametrize(
    "name", ["\udcff.yaml", "a\n::error::b.yaml", "\x1b[2J.yaml", "\u202e.yaml"]
)
def test_a_path_that_no_report_could_show_is_refused(tmp_path: Path, name: str) -> None:
    write(tmp_path, "m/a.yaml")
    write(tmp_path, f"m/{name}")
    assert paths(tmp_path, "m") == ["m/a.yaml"]
    assert codes(tmp_path, "m") == [("file-name", f"m/{name}")]


def test_folders_that_lead_back_to_themselves_end_and_are_told(tmp_path: Path) -> None:
    write(tmp_path, "m/a.yaml")
    write(tmp_path, "m/x/b.yaml")
    for name, target in (("a", "."), ("b", "."), ("x/up", ".."), ("x/self", "../x")):
        (tmp_path / "m" / name).symlink_to(target)
    loops = [("linked-folder", f"m/{name}") for name in ("a", "b", "x/self", "x/up")]
    for pattern in ("m", "m/**/*.yaml", "**/*.yaml", "m/**/**/*.yaml"):
        assert paths(tmp_path, pattern) == ["m/a.yaml", "m/x/b.yaml"]
        assert sorted(codes(tmp_path, pattern)) == loops
    assert paths(tmp_path, "m/*/*.yaml") == ["m/x/b.yaml"]
    assert sorted(codes(tmp_path, "m/*/*.yaml")) == loops[:2]


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
    found = find(tmp_path, "m")
    assert found[0] == []
    assert [one.path for one in found[1]] == ["m/a.yaml", "m/c.yaml"]


def test_twins_by_case_are_told(tmp_path: Path) -> None:
    write(tmp_path, "m/a.yaml")
    write(tmp_path, "m/A.yaml")
    assert codes(tmp_path, "m") == [("case-twin", "m/a.yaml")]


def test_a_pattern_that_finds_nothing_is_wrong_and_an_empty_folder_is_odd(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    search = ManifestSearch(tmp_path)
    assert search.find("m") is None
    assert search.find("n/*.yaml") == "`n/*.yaml` finds no manifest"
    assert search.find("n") == "`n` is not there"
    (found,) = search.read()[1]
    assert (found.severity, found.message) == ("warning", "no manifest in m")

"""Where the project is looked for: here, then above, inside one work tree and among our own."""

import os
from pathlib import Path

import pytest

from reconciler.api.upward import project_above
from reconciler.cli import main as cli


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A work tree with a project at its top; the command runs two folders below."""
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    assert cli.main(["init", "--yes"]) == 0
    below = tmp_path / "manifests" / "team"
    below.mkdir()
    monkeypatch.chdir(below)
    return tmp_path


def test_the_nearest_project_above_is_taken_and_told_once(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert cli.main(["plan", "--out", "plan.json"]) == 0
    assert capsys.readouterr().err.count("project: ../../reconciler.yaml\n") == 1
    assert (tree / "manifests/team/plan.json").exists()  # paths given count from here


def test_paths_are_told_as_they_are_seen_from_here(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (tree / "manifests/example.yaml").open("a") as file:
        file.write("  odd: 1\n")
    assert cli.main(["validate"]) == 1
    assert "\n../../manifests/example.yaml:" in capsys.readouterr().err


def test_without_a_work_tree_only_this_folder_counts(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tree / ".git").rmdir()
    assert cli.main(["validate"]) == 1
    said = capsys.readouterr().err
    assert "reconciler init" in said
    assert "-C DIR" in said


def test_the_search_ends_at_the_root_of_the_work_tree(tree: Path) -> None:
    (tree / "manifests/.git").touch()  # as a submodule has it
    assert cli.main(["validate"]) == 1


def test_a_project_file_that_is_named_is_not_looked_for(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["--config", "reconciler.yaml", "validate"]) == 1
    assert "there is none" in capsys.readouterr().err


def test_what_belongs_to_somebody_else_is_never_taken(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = tree / "manifests" / "team"
    assert project_above(below, "reconciler.yaml") == Path("../..")
    mine = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    assert project_above(below, "reconciler.yaml") is None


def test_init_is_for_this_very_folder(tree: Path) -> None:
    assert cli.main(["init", "--yes"]) == 0
    assert (tree / "manifests/team/reconciler.yaml").exists()

"""`validate`: what is wrong is raised, all at once and placed; what is odd is returned."""

from pathlib import Path

import pytest

import reconciler


def test_a_valid_project_tells_the_files_that_were_read(
    project: reconciler.Project, root: Path
) -> None:
    found = project.validate()
    assert found.files == (f"{root}/reconciler.yaml", f"{root}/manifests/retire.yaml")
    assert found.diagnostics == ()


def test_warnings_are_returned(project: reconciler.Project, root: Path) -> None:
    place = root / "manifests/retire.yaml"
    place.write_text(place.read_text().replace("id: c9", "id: 0123"))
    (found,) = project.validate().diagnostics
    assert (found.severity, found.path, found.line, found.column) == ("warning", str(place), 8, 11)


def test_errors_of_all_manifests_are_raised_at_once(
    project: reconciler.Project, root: Path
) -> None:
    text = (root / "manifests/retire.yaml").read_text()
    (root / "manifests/a.yaml").write_text(text.replace("name: retire", "name: A"))
    (root / "manifests/b.yaml").write_text(text.replace("retire", "b").replace("push", "psuh"))
    with pytest.raises(reconciler.InputError) as told:
        project.validate()
    places = [(one.path, one.line) for one in told.value.diagnostics if one.severity == "error"]
    assert places == [(f"{root}/manifests/a.yaml", 3), (f"{root}/manifests/b.yaml", 5)]


def test_with_paths_only_what_concerns_them_counts(project: reconciler.Project, root: Path) -> None:
    (root / "manifests/b.yaml").write_text("kind: CampaignAbsense\n")
    with pytest.raises(reconciler.InputError):
        project.validate(root / "manifests")
    assert project.validate(root / "manifests/retire.yaml").diagnostics == ()
    with pytest.raises(reconciler.ReconcilerError, match="is none of the project's files"):
        project.validate([root / "elsewhere"])


def test_a_project_file_that_went_away_is_an_input_error_too(
    project: reconciler.Project, root: Path
) -> None:
    (root / "reconciler.yaml").unlink()
    with pytest.raises(reconciler.InputError) as told:
        project.validate()
    assert [one.code for one in told.value.diagnostics] == ["unreadable"]


@pytest.mark.parametrize(
    ("line", "place", "said"),
    [
        ("", (4, 1), "`manifests` is not there"),
        ("  manifests: [manifest]\n", (7, 15), "`manifest` is not there"),
        (
            "  manifests:\n    - retire.yaml\n    - teams/*/*.yaml\n",
            (9, 7),
            "`teams/*/*.yaml` finds no manifest",
        ),
    ],
)
def test_a_path_of_manifests_that_finds_nothing_is_an_error_where_it_is_written(
    project: reconciler.Project, root: Path, line: str, place: tuple[int, int], said: str
) -> None:
    (root / "manifests/retire.yaml").rename(root / "retire.yaml")
    (root / "manifests").rmdir()
    file = root / "reconciler.yaml"
    file.write_text(file.read_text() + line)
    with pytest.raises(reconciler.InputError) as told:
        project.plan()
    (found,) = told.value.diagnostics
    assert (found.path, found.line, found.column) == (str(file), *place)
    assert (found.code, found.message) == ("no-manifests", said)
    assert "`manifests: []`" in str(found.fix)


def test_a_project_may_say_that_it_has_no_manifests(
    project: reconciler.Project, root: Path
) -> None:
    file = root / "reconciler.yaml"
    file.write_text(file.read_text() + "  manifests: []\n")
    assert project.validate().diagnostics == ()
    assert project.plan().summary.delete == 0


@pytest.mark.parametrize("text", ["", "# all of it is gone\n", "---\n---\n"])
def test_a_manifest_file_that_holds_no_document_is_told(
    project: reconciler.Project, root: Path, text: str
) -> None:
    (root / "manifests/keep.yaml").write_text(text)
    (found,) = project.validate().diagnostics
    assert (found.severity, found.code) == ("warning", "empty-manifest")
    assert found.place == f"{root}/manifests/keep.yaml:1:1"
    assert project.plan().diagnostics == (found,)

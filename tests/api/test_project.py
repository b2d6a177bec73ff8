"""A project is opened from its file alone, and everything wrong with it has a place."""

import subprocess
import sys
from pathlib import Path

import pytest

import reconciler
from reconciler.site import Site

HTTP = """driver: http, baseUrl: "https://crm.example", settings: {
        delete: {path: "/c/${id}"}, answers: [{status: 204, body: empty, means: deleted}],
        list: {path: /c, items: ., fields: {id: id}}}"""
LOOKS = HTTP.removesuffix("}") + ', look: {path: "/c/${id}", missing: [{status: 404}]}}'
LISTMONK = """driver: listmonk,
        settings: {host: l.example, user: u, token: {env: TOKEN}}"""
CELLCAST = "driver: cellcast, settings: {apiKey: {env: KEY}}"


def test_a_project_is_opened_in_its_folder_with_the_environment_that_is_given(root: Path) -> None:
    project = reconciler.open_project(root, environ={})
    assert project.root == root
    assert "acme" in repr(project)


def test_everything_wrong_with_the_project_file_is_told_with_its_place(root: Path) -> None:
    place = root / "reconciler.yaml"
    place.write_text(place.read_text() + "  guards: {maxDeletion: {count: 1}, running: maybe}\n")
    with pytest.raises(reconciler.InputError) as told:
        reconciler.open_project(root, environ={})
    found = told.value.diagnostics
    assert [(one.path, one.line, one.column) for one in found] == [
        (str(place), 7, 12),
        (str(place), 7, 46),
    ]
    assert "maxDeletions" in str(told.value)


def test_a_folder_without_a_project_file_is_no_project(tmp_path: Path) -> None:
    with pytest.raises(reconciler.ReconcilerError, match=r"cannot read .*reconciler\.yaml"):
        reconciler.open_project(tmp_path, environ={})


def test_another_project_file_makes_its_own_folder_the_project(root: Path) -> None:
    (root / "reconciler.yaml").rename(root / "manifests/other.yml")
    project = reconciler.open_project(root, config="manifests/other.yml", environ={})
    assert project.root == root / "manifests"


@pytest.mark.parametrize(
    ("said", "called", "complete"),
    [
        ("", HTTP, False),  # the default of `http`
        ("inventory: partial, ", HTTP, False),
        ("inventory: complete, ", HTTP, True),
        ("inventory: complete, ", LOOKS, False),  # a look says more than a list: `gone`, `settled`
        ("inventory: partial, ", LISTMONK, False),
        ("", LISTMONK, True),
        ("inventory: complete, ", CELLCAST, False),  # it never lists all, whatever is said
    ],
)
def test_an_account_says_whether_its_listing_is_all_there_is(
    root: Path, said: str, called: str, *, complete: bool
) -> None:
    place = root / "reconciler.yaml"
    place.write_text(f"{place.read_text()}    crm: {{{said}{called}}}\n")
    site = Site(root=root, environ={})
    assert site.drivers_of(site.load_project())["crm"].complete is complete


def test_every_name_that_the_package_offers_is_there() -> None:
    for name in reconciler.__all__:
        assert getattr(reconciler, name) is not None
    assert set(reconciler.__all__) <= set(dir(reconciler))
    with pytest.raises(AttributeError, match="no attribute 'plann'"):
        reconciler.plann  # noqa: B018


def test_importing_the_package_loads_none_of_it() -> None:
    code = "import sys, reconciler; print([m for m in sys.modules if m.startswith('reconciler.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("name", reconciler.__all__)
def test_every_name_that_is_offered_is_there(name: str) -> None:
    assert getattr(reconciler, name) is not None

"""`explain`: everything that looked at a campaign, as values."""

from pathlib import Path

import pytest

import reconciler
from tests.api.conftest import NOW


def test_who_asks_for_a_campaign_is_told_with_its_place(project: reconciler.Project) -> None:
    found = project.explain("push/c1")
    assert (found.listed, found.verdict) == (True, "delete, declared")
    (absence,) = [one for one in found.looks if one.kind == "absence"]
    assert (absence.manifest, absence.path, absence.line) == ("retire", "manifests/retire.yaml", 7)
    assert found.campaign is not None
    assert found.campaign.name == "One"


def test_what_nobody_asks_for_stays(project: reconciler.Project) -> None:
    assert "it stays" in project.explain("push/c2").verdict


@pytest.mark.parametrize("target", ["push", "nobody/c1", "push/a/b"])
def test_what_is_no_target_is_refused(project: reconciler.Project, target: str) -> None:
    with pytest.raises(reconciler.Usage):
        project.explain(target)


def test_warnings_about_the_files_are_told_to_the_listener(root: Path) -> None:
    told: list[str] = []

    class Told(reconciler.Listener):
        def note(self, text: str) -> None:
            told.append(text)

    (root / "manifests/empty.yaml").write_text("")
    project = reconciler.open_project(root, environ={}, clock=lambda: NOW, listener=Told())
    project.explain("push/c1")
    assert len(told) == 1
    assert told[0].startswith(f"{root}/manifests/empty.yaml:1:1: warning: holds no document")

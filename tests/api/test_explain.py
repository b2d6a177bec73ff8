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


def _more(root: Path, *records: str) -> None:
    with (root / "inventory.ndjson").open("a") as file:
        file.write("".join(f"{one}\n" for one in records))


@pytest.mark.parametrize("text", ["c1", "One"])
def test_an_id_or_a_name_that_only_one_has_is_enough(
    project: reconciler.Project, text: str
) -> None:
    assert project.explain(text) == project.explain("push/c1")


def test_a_name_is_compared_as_everywhere_whatever_is_in_it(
    project: reconciler.Project, root: Path
) -> None:
    _more(root, '{"account":"push","id":"c7","name":"Caf\\u00e9 / #1 50%"}')
    assert project.explain("Cafe\u0301 / #1 50%").target == "push/c7"


def test_what_several_have_is_told_with_all_of_them(
    project: reconciler.Project, root: Path
) -> None:
    _more(root, '{"account":"push","id":"One","name":"Other"}')
    with pytest.raises(reconciler.Usage, match="is 2 campaigns; say which: push/One, push/c1"):
        project.explain("One")


def test_what_nobody_has_is_told_with_the_way_on(project: reconciler.Project) -> None:
    with pytest.raises(reconciler.Usage, match="ACCOUNT/ID.*accounts: push"):
        project.explain("Nothing")


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


@pytest.mark.parametrize("asked", ["Caf\u00e9", "Cafe\u0301"], ids=["nfc", "nfd"])
@pytest.mark.parametrize("target", ["Caf\u00e9", "Cafe\u0301"], ids=["nfc", "nfd"])
def test_where_the_vendor_goes_by_name_an_id_is_a_name_for_whoever_explains(
    root: Path, asked: str, target: str
) -> None:
    """As the plan has it: a keep in the other form holds, listed or not."""
    text = (root / "reconciler.yaml").read_text()
    dialer = "    dialer: {driver: ozonetel, settings: {userName: u, apiKey: {env: KEY}}}\n"
    (root / "reconciler.yaml").write_text(text.replace("  accounts:\n", f"  accounts:\n{dialer}"))
    (root / "manifests" / "names.yaml").write_text(
        "apiVersion: reconciler/v1\nkind: CampaignAbsence\nmetadata: {name: names}\n"
        'spec: {account: dialer, absent: [{match: {name: "*"}}], keep: [{id: "' + asked + '"}]}\n'
    )
    project = reconciler.open_project(root, environ={}, clock=lambda: NOW)
    found = project.explain(f"dialer/{target}")
    (keep,) = [one for one in found.looks if one.kind == "keep"]
    assert (found.listed, keep.holds) == (False, True)
    _more(root, f'{{"account":"dialer","id":"9","name":"{target}","phoneNumbers":["911"]}}')
    found = project.explain("dialer/9")
    (keep,) = [one for one in found.looks if one.kind == "keep"]
    assert keep.holds
    assert "kept by names" in found.verdict

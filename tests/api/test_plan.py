"""`plan`: a plan is its bytes; what it says can be gone through again and again."""

import hashlib
import io
from pathlib import Path

import pytest

import reconciler
from tests.api.conftest import INVENTORY, NOW


def test_a_plan_tells_what_would_be_done(project: reconciler.Project) -> None:
    plan = project.plan(author="a@acme.example")
    assert (plan.summary.delete, plan.summary.none, plan.applicable) == (1, 1, True)
    for _ in range(2):
        told = [(one.action, one.account, one.id) for one in plan.actions]
        assert told == [("delete", "push", "c1"), ("none", "push", "c9")]
    assert plan.metadata.author == "a@acme.example"
    assert plan.metadata.created_at == "2026-11-21T12:00:00Z"


def test_a_plan_is_its_bytes(project: reconciler.Project, tmp_path: Path) -> None:
    plan = project.plan()
    assert plan.digest == f"sha256:{hashlib.sha256(plan.to_bytes()).hexdigest()}"
    assert plan.to_bytes() == project.plan().to_bytes()
    plan.write(tmp_path / "plan.json")
    assert (tmp_path / "plan.json").read_bytes() == plan.to_bytes()
    read = reconciler.read_plan(tmp_path / "plan.json")
    assert (read.digest, read.to_bytes()) == (plan.digest, plan.to_bytes())
    assert list(read.actions) == list(plan.actions)
    assert read.path == plan.path == tmp_path / "plan.json"


def test_a_plan_knows_its_digest_whatever_was_done_with_it(
    project: reconciler.Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.plan.spool._PART", 64)
    known = f"sha256:{hashlib.sha256(project.plan().to_bytes()).hexdigest()}"
    with project.plan() as left:
        pass
    written = project.plan()
    with pytest.raises(reconciler.ReconcilerError, match="cannot write"):
        written.write(tmp_path / "nowhere" / "plan.json")
    begun = project.plan()
    next(begun.pieces("json"))
    shown = project.plan()
    assert shown.view("json").encode() == shown.to_bytes()
    assert {one.digest for one in (left, written, begun, shown)} == {known}
    written.write(tmp_path / "plan.json")
    assert reconciler.read_plan(tmp_path / "plan.json").digest == written.digest == known


def test_a_plan_is_written_in_any_of_its_views(project: reconciler.Project, tmp_path: Path) -> None:
    with project.plan() as plan:
        plan.write(tmp_path / "plan.md", "markdown")
        assert (tmp_path / "plan.md").read_text() == plan.view("markdown")
        assert plan.view("json").encode() == plan.to_bytes()
        assert plan.path is None
        with pytest.raises(reconciler.Usage, match="there is no format 'pdf'. There are: "):
            plan.view("pdf")


def test_what_is_no_plan_is_stale(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(reconciler.Stale, match="not a plan"):
        reconciler.read_plan(tmp_path / "x.json")


def test_a_text_is_one_name_and_a_path_may_be_one(
    project: reconciler.Project, tmp_path: Path
) -> None:
    (tmp_path / "other.ndjson").write_text(INVENTORY.replace('"c1"', '"c9"'))
    plan = project.plan(inventory=tmp_path / "other.ndjson", accounts="push")
    assert [one.id for one in plan.actions if one.action == "delete"] == ["c9"]


@pytest.mark.parametrize(
    ("parameter", "name", "hint"),
    [
        ("accounts", "psuh", "Did you mean 'push'"),
        ("manifests", "retires", "Did you mean 'retire'"),
    ],
)
def test_a_name_that_the_project_does_not_have_is_told_with_its_parameter(
    project: reconciler.Project, parameter: str, name: str, hint: str
) -> None:
    with pytest.raises(reconciler.UnknownName, match=hint) as told:
        project.plan(**{parameter: [name]})  # type: ignore[arg-type]
    assert (told.value.parameter, told.value.exit) == (parameter, 64)


def test_there_is_no_standard_input_in_a_library(
    project: reconciler.Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(INVENTORY.encode())))
    with pytest.raises(reconciler.ReconcilerError, match="standard input"):
        project.plan(inventory="-")


def test_wrong_files_are_one_input_error(project: reconciler.Project, root: Path) -> None:
    (root / "inventory.ndjson").write_text('{"account":"push","id":7,"name":"x"}\nnonsense\n')
    with pytest.raises(reconciler.InputError) as told:
        project.plan()
    assert [one.line for one in told.value.diagnostics] == [1, 2]


def test_warnings_about_the_files_come_with_the_plan_and_are_not_in_it(
    project: reconciler.Project, root: Path
) -> None:
    before = project.plan()
    place = root / "reconciler.yaml"
    place.write_text(place.read_text() + "  manifests: [manifests, more]\n")
    (root / "more").mkdir()
    plan = project.plan()
    assert [one.code for one in plan.diagnostics] == ["no-manifests"]
    assert plan.warnings == before.warnings


def test_an_expired_plan_says_by_how_much(project: reconciler.Project) -> None:
    plan = project.plan()
    assert plan.expired(NOW) is None
    assert "expired" in str(plan.expired(NOW.replace(year=2027)))


def test_source_date_epoch_of_the_given_environment_is_now_and_is_told(root: Path) -> None:
    told: list[str] = []

    class Told(reconciler.Listener):
        def note(self, text: str) -> None:
            told.append(text)

    environ = {"SOURCE_DATE_EPOCH": "1795262400"}
    plan = reconciler.open_project(root, environ=environ, listener=Told()).plan()
    assert plan.metadata.created_at == "2026-11-21T12:00:00Z"
    assert told == ["warning: now is 2026-11-21T12:00:00Z, because SOURCE_DATE_EPOCH is set"]


def test_two_plans_are_compared(project: reconciler.Project, root: Path, tmp_path: Path) -> None:
    before = project.plan()
    inventory = root / "inventory.ndjson"
    inventory.write_text(inventory.read_text().replace('"c1"', '"c7"'))
    found = before.compare(project.plan())
    assert isinstance(found, reconciler.PlanComparison)
    assert found.differ
    assert found.write(tmp_path / "c.md", "markdown") == (tmp_path / "c.md",)
    assert (tmp_path / "c.md").read_text() == found.view("markdown")
    before.write(tmp_path / "plan.json")
    assert not before.compare(tmp_path / "plan.json").differ

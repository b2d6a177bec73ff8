"""`evidence` and `verify`: an archive, and the first thing in it that does not hold."""

from pathlib import Path

import pytest

import reconciler


def test_evidence_of_a_plan_that_was_never_applied_says_so(
    project: reconciler.Project, root: Path
) -> None:
    project.plan().write(root / "plan.json")
    made = project.evidence(root / "plan.json", out=root / "evidence.tar.gz")
    assert (made.path, made.records, made.missing, made.fault) == (
        root / "evidence.tar.gz",
        0,
        (),
        None,
    )
    shown = reconciler.verify(root / "evidence.tar.gz")
    assert (shown.records, sorted(root.glob(".reconciler*"))) == (0, [])


def test_files_that_are_not_as_planned_are_missing(project: reconciler.Project, root: Path) -> None:
    project.plan().write(root / "plan.json")
    (root / "manifests/retire.yaml").write_text("")
    made = project.evidence(root / "plan.json", out=root / "evidence.tar.gz")
    assert [source for source, _ in made.missing] == ["manifests/retire.yaml"]


def test_the_first_thing_that_does_not_hold_is_named(root: Path) -> None:
    (root / "audit.ndjson").write_text('{"a":1}\n')
    with pytest.raises(reconciler.NotVerified) as told:
        reconciler.verify(root / "audit.ndjson")
    assert (told.value.member, told.value.line, told.value.exit) == ("audit.ndjson", 1, 4)
    for path, said in ((root, "not a regular file"), (root / "nothing", "no such file")):
        with pytest.raises(reconciler.ReconcilerError, match=said):
            reconciler.verify(path)


def test_evidence_of_a_plan_that_was_only_applied_is_that_of_the_kept_one(
    here: reconciler.Project, root: Path
) -> None:
    plan = here.plan()
    with pytest.raises(reconciler.Usage, match="in no file"):
        here.evidence(plan, out=root / "evidence.tar.gz")
    here.apply(plan)
    made = here.evidence(plan, out=root / "evidence.tar.gz")
    assert (made.fault, made.missing) == (None, ())
    shown = reconciler.verify(root / "evidence.tar.gz")
    assert isinstance(shown, reconciler.Proven)
    assert (shown.plan, shown.targets, shown.outcomes["deleted"]) == (plan.digest, 3, 3)


@pytest.mark.parametrize("text", ['{"kind":"Plan"}\n', "accounts:\n", "PK\x03\x04"])
def test_a_file_that_is_no_proof_at_all_is_told_as_that(root: Path, text: str) -> None:
    (root / "plan.json").write_text(text)
    with pytest.raises(reconciler.NotVerified, match="neither evidence nor an audit log"):
        reconciler.verify(root / "plan.json")

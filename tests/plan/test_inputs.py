from datetime import date

from reconciler.declare.manifest import Manifest
from reconciler.model import ManifestDocument
from reconciler.plan.inputs import files
from tests.support.declared import manifest_of


def manifest(name: str, path: str, line: int, **rest: object) -> Manifest:
    return manifest_of(name=name, path=path, line=line, digest=f"sha256:{path}", **rest)


def test_a_plan_says_who_wants_what_and_why() -> None:
    days = {"not_before": date(2026, 12, 15), "until": date(2027, 1, 31)}
    (file,) = files([manifest("m", "x.yaml", 1, owner="o", reason="r", ticket="T-1", **days)])
    assert file.documents == (
        ManifestDocument(
            name="m",
            owner="o",
            reason="r",
            ticket="T-1",
            not_before="2026-12-15",
            until="2027-01-31",
        ),
    )


def test_files_go_by_path_and_documents_by_line() -> None:
    found = files(
        [manifest("late", "b.yaml", 30), manifest("other", "a.yaml", 1), manifest("b", "b.yaml", 2)]
    )
    assert [(one.path, one.sha256) for one in found] == [("a.yaml", "a.yaml"), ("b.yaml", "b.yaml")]
    assert [one.name for one in found[1].documents] == ["b", "late"]

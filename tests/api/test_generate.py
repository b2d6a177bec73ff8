"""`generate`: what is selected, and nothing else, is what the manifest asks for."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reconciler
from reconciler.cli import main as cli
from reconciler.declare.quoting import scalar
from reconciler.declare.strict import parse

PROJECT = """\
apiVersion: reconciler/v1
kind: Project
metadata: {name: acme}
spec:
  accounts:
    push: {driver: batch-cep, settings: {project: p, restApiKey: {env: CEP_KEY}}}
    calls: {driver: ozonetel, settings: {userName: u, apiKey: {env: OZO_KEY}}}
  guards: {require: [owner, reason], ticketPattern: 'CHG-\\d+'}
"""
HOSTILE = (
    "plain", "- dash", "a: b", "a #b", '"quoted"', "it's", "{x: y}", "[x]", "*anchor", "&a", "!tag",
    "%d", "@at", "`tick`", "|", ">", "yes", "null", "~", "0123", "1e3", "2024-01-01", " blank ",
    "two  blanks", "tab\there", "line\nend", "rtl \u202e txt", "\ufeffbom", "nbsp\u00a0x",
    "emoji 😀", "é", "e\u0301", "back\\slash", "</script>", "\x1b[31mred", "\u2028sep", "",
)  # fmt: skip


def records() -> list[dict[str, Any]]:
    found = [
        {
            "account": "push", "id": f"c-{n}", "name": f"{name or 'empty'}", "status": status,
            "createdAt": f"202{n % 5}-06-01T00:00:00Z",
            "labels": {"team": "growth" if n % 2 else "x"},
        }
        for n, name in enumerate(HOSTILE)
        for status in [("draft", "stopped", "completed")[n % 3]]
    ]  # fmt: skip
    ids = ['"', "a: b", "#1", "0123", "- x", "{}", "it's", "null", "*", "\\"]
    found += [{"account": "push", "id": one, "name": "Odd id", "status": "draft"} for one in ids]
    numbers = ["918187867008"]
    found.append({"account": "calls", "id": "7", "name": "Lead ", "phoneNumbers": numbers})
    return found


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "manifests").mkdir()
    (tmp_path / "reconciler.yaml").write_text(PROJECT)
    complete = {"push": {"complete": True}}
    head = {"apiVersion": "reconciler/v1", "kind": "Inventory", "accounts": complete}
    lines = [json.dumps(one) for one in (head, *records())]
    (tmp_path / "inventory.ndjson").write_text("\n".join(lines) + "\n")
    return tmp_path


@pytest.fixture
def project(root: Path) -> reconciler.Project:
    return reconciler.open_project(root, environ={})


HEAD: dict[str, str] = {"owner": "growth", "reason": "it is over: #1", "ticket": "CHG-1"}


def planned(project: reconciler.Project) -> set[str]:
    """What is in the plan, whatever it says of it."""
    return {f"{one.account}/{one.id}" for one in project.plan().actions}


@pytest.mark.parametrize(
    ("selected", "wanted"),
    [
        ({"match": {"status": "draft"}}, lambda one: one["status"] == "draft"),
        (
            {"match": {"status": ["draft", "stopped"], "labels.team": "growth"}},
            lambda one: one["status"] != "completed"
            and one.get("labels", {}).get("team") == "growth",
        ),
        ({"match": {"name": "*"}}, lambda one: True),
        ({"match": {"nameRegex": ".*[a-z]", "createdBefore": "2022-01-01"}},
         lambda one: one.get("createdAt", "9") < "2022" and one["name"][-1:] in
         "abcdefghijklmnopqrstuvwxyz"),
        ({"ids": ["c-3", "0123", "- x"]}, lambda one: one["id"] in ("c-3", "0123", "- x")),
    ],
)  # fmt: skip
def test_the_plan_of_what_is_generated_has_exactly_what_was_selected(
    selected: dict[str, Any], wanted: Any, root: Path, project: reconciler.Project
) -> None:
    found = project.generate("push", name="picked", until="2099-01-01", **selected, **HEAD)
    found.write(root / "manifests/picked.yaml")
    assert project.validate().diagnostics == ()
    expected = {
        f"push/{one['id']}" for one in records() if one["account"] == "push" and wanted(one)
    }
    assert planned(project) == expected
    assert {f"{one.account}/{one.id}" for one in found.campaigns} == expected


def test_where_the_vendor_goes_by_name_it_is_planned_too(
    root: Path, project: reconciler.Project
) -> None:
    project.generate("calls", ids="7", **HEAD).write(root / "manifests/calls.yaml")
    (one,) = project.plan().actions
    assert (one.action, one.name) == ("delete", "Lead ")


def test_ids_come_from_a_file_and_from_standard_input(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    Path("ids.txt").write_text("\ufeffc-1\r\n# not this\r\n\r\npush/c-2\r\npush/%231\r\n")
    told = ["generate", "--account", "push", "--owner", "o", "--reason", "r", "--format", "json"]
    assert cli.main([*told, "--from", "ids.txt"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["campaigns"] == ["push/%231", "push/c-1", "push/c-2"]
    assert found["manifest"].startswith("# 3 campaigns of push")


@pytest.mark.parametrize(
    ("given_", "code", "said"),
    [
        (["--match", "name=nobody*"], 1, "nothing is selected"),
        (["--id", "c-1", "--id", "gone"], 1, "the inventory has no push/gone"),
        ([], 64, "in one way: --match, --id or --from"),
        (["--id", "c-1", "--match", "name=x"], 64, "in one way"),
        (["--match", "name"], 64, "write KEY=VALUE"),
        (["--match", "nmae=x"], 64, "did you mean `name`?"),
        (["--match", "createdBefore=yesterday"], 64, "`createdBefore` is not a date"),
        (["--match", "labels=x"], 64, "write labels.KEY=VALUE"),
        (["--match", "name=a", "--match", "name=b"], 64, "can be said once"),
        (["--id", "c-1", "--name", "Not A Name"], 64, "name"),
        (["--id", "c-1", "--ticket", "JIRA-1"], 64, "--ticket: it does not fit CHG-"),
        (["--id", "c-1", "--until", "soon"], 64, "is not a date"),
        (["--from", "calls.txt"], 1, "calls.txt:1: calls/7 is not a campaign of push"),
        (["--from", "nothing.txt"], 1, "nothing.txt: there is no id in it"),
    ],
)
def test_what_cannot_be_selected_or_written_is_told(
    given_: list[str], code: int, said: str, root: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(root)
    Path("calls.txt").write_text("calls/7\n")
    Path("nothing.txt").write_text("# c-1\n")
    told = ["generate", "--account", "push", "--owner", "o", "--reason", "r", *given_]
    assert cli.main(told) == code
    shown = capsys.readouterr()
    assert said in shown.err
    assert shown.out == ""


def test_what_the_project_requires_is_asked_for(project: reconciler.Project) -> None:
    with pytest.raises(reconciler.Usage) as told:
        project.generate("push", ids="c-1")
    assert "--owner: the project requires it" in str(told.value)
    assert "--reason: the project requires it" in str(told.value)
    assert "--ticket" not in str(told.value)


def test_no_file_is_overwritten_and_no_name_is_taken_twice(
    root: Path, project: reconciler.Project
) -> None:
    made = project.generate("push", ids="c-1", name="one", **HEAD)
    made.write(root / "manifests/one.yaml")
    before = (root / "manifests/one.yaml").read_bytes()
    with pytest.raises(reconciler.ReconcilerError, match="is there already"):
        made.write(root / "manifests/one.yaml")
    assert (root / "manifests/one.yaml").read_bytes() == before
    with pytest.raises(reconciler.Usage, match="is called 'one' already"):
        project.generate("push", ids="c-2", name="one", **HEAD)
    assert [one.name for one in (root / "manifests").iterdir()] == ["one.yaml"]


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40))
def test_a_text_that_is_written_reads_back_to_the_letter_and_without_a_word(text: str) -> None:
    for line in (f"a: {scalar(text)}\n", f"a: {{b: {scalar(text)}}} # {scalar(text)}\n"):
        (document,), problems = parse(line.encode(), "x.yaml")
        value = document.as_written()["a"]
        assert (value["b"] if isinstance(value, dict) else value) == text
        assert problems == []
        assert len(line.splitlines()) == 1

"""`validate`, `init` and `schema` as a user meets them."""

import json
import os
from pathlib import Path

import jsonschema
import pytest
import yaml

from reconciler import __version__
from reconciler.cli import main as cli
from reconciler.declare.schema import KINDS, dumps, schema
from tests.support.declared import every_driver

SCHEMAS = Path(__file__).parents[2] / "schemas"


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    return tmp_path


@pytest.fixture
def project(root: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert cli.main(["init"]) == 0
    capsys.readouterr()
    return root


BROKEN = """\
apiVersion: reconciler/v1
kind: CampaignAbsence
metadata: {name: broken, owner: a, reason: b}
spec:
  account: push-prd
  absent:
    - id: "x\\u001b[2J::error::,\\n"
      colour: blue
"""


def break_(project: Path) -> None:
    (project / "manifests/broken.yaml").write_text(BROKEN)


# ---------------------------------------------------------------- init


@pytest.mark.parametrize("ci", [None, "github", "gitlab"])
def test_what_init_writes_is_valid(
    ci: str | None, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["init", *(["--ci", ci] if ci else [])]) == 0
    capsys.readouterr()
    assert cli.main(["validate"]) == 0
    assert capsys.readouterr() == ("valid: 2 files read\n", "")
    for path in (".github/workflows/reconciler.yaml", ".gitlab-ci.yml"):
        if (root / path).exists():
            text = (root / path).read_text()
            assert yaml.safe_load(text)
            installs = [line for line in text.splitlines() if "pip install" in line]
            locked, ours = installs[::2], installs[1::2]
            assert locked
            assert all("--require-hashes -r reconciler.lock" in line for line in locked)
            assert all("--no-deps" in line for line in ours)
            assert all("campaign-reconciler @ git+https://" in line for line in ours)
            assert all(f'@v{__version__}"' in line for line in ours)
    if ci == "github":
        workflow = yaml.safe_load((root / ".github/workflows/reconciler.yaml").read_text())
        assert workflow["jobs"]["apply"]["concurrency"]["cancel-in-progress"] is False
        assert "secrets" not in json.dumps(workflow["jobs"]["plan"])


def test_init_never_overwrites(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / "reconciler.yaml").write_text("mine")
    (root / ".gitignore").write_text("*.pyc\nplan.json")
    assert cli.main(["init"]) == 0
    assert "exists   reconciler.yaml" in capsys.readouterr().out
    assert (root / "reconciler.yaml").read_text() == "mine"
    ignored = (root / ".gitignore").read_text().splitlines()
    assert ignored[:3] == ["*.pyc", "plan.json", ".reconciler/"]
    cli.main(["init"])
    assert (root / ".gitignore").read_text().splitlines() == ignored


# ---------------------------------------------------------------- validate


def test_text_tells_place_error_and_fix(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    break_(project)
    assert cli.main(["validate"]) == 1
    out, err = capsys.readouterr()
    assert out == "not valid: 2 errors\n"
    assert err == (
        "manifests/broken.yaml:5:12: error: there is no account `push-prd` in reconciler.yaml\n"
        "    fix: did you mean `push-prod`?\n"
        "manifests/broken.yaml:8:7: error: unknown key `colour`\n"
        "    fix: the keys here: id, name, match, phoneNumbers, expect\n"
    )


def test_json_has_the_contracts_shape(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    break_(project)
    assert cli.main(["validate", "--format", "json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["valid"] is False
    first = told["diagnostics"][0]
    assert list(first) == ["severity", "code", "path", "line", "column", "message", "fix"]
    assert (first["path"], first["line"], first["column"]) == ("manifests/broken.yaml", 5, 12)
    (project / "manifests/broken.yaml").unlink()
    assert cli.main(["validate", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"valid": True, "diagnostics": []}


def test_warnings_do_not_fail_and_quiet_hides_them(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = BROKEN.replace("push-prd", "push-prod").partition('"x')[0] + "0123\n"
    (project / "manifests/odd.yaml").write_text(text)
    assert cli.main(["validate"]) == 0
    out, err = capsys.readouterr()
    assert out == "valid: 3 files read, 1 warning\n"
    assert 'fix: write "0123"' in err
    assert cli.main(["-q", "validate"]) == 0
    assert capsys.readouterr().err == ""


def test_github_annotations_are_escaped_and_placed_from_the_repository(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = BROKEN.replace("  absent", '  "a%:,\\n::error::x": 1\n  absent')
    (project / "manifests/broken.yaml").write_text(text)
    monkeypatch.setenv("GITHUB_WORKSPACE", str(project))
    assert (
        cli.main(
            ["-C", "manifests", "--config", "../reconciler.yaml", "validate", "--format", "github"]
        )
        == 1
    )
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith(
        "::error file=manifests/broken.yaml,line=6,col=3,title=unknown-key::unknown key"
    )
    assert "a%25:,\\x0a\\x3a:error\\x3a:x" in lines[1]
    assert len(lines) == 4


def test_sarif_names_rules_and_places(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    break_(project)
    assert cli.main(["validate", "--format", "sarif"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["version"] == "2.1.0"
    (run,) = told["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["account", "unknown-key"]
    place = run["results"][1]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "manifests/broken.yaml"
    assert place["region"] == {"startLine": 8, "startColumn": 7}
    prints = {json.dumps(one["partialFingerprints"]) for one in run["results"]}
    assert len(prints) == 2


@pytest.mark.parametrize("view", ["json", "github", "sarif"])
def test_hostile_keys_and_file_names_are_harmless_in_every_view(
    project: Path, capsys: pytest.CaptureFixture[str], view: str
) -> None:
    (project / "manifests" / "\udcff.yaml").write_text("")
    (project / "manifests" / "b.yaml").write_text('"##[error]\\x1b[2J\\u202e\\x7f": 1\n')
    assert cli.main(["validate", "--format", view]) == 1
    seen = capsys.readouterr().out
    assert "##[" not in seen
    assert seen.replace("\n", "").isprintable()


def test_with_paths_only_theirs_are_told_but_all_is_read(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    break_(project)
    assert cli.main(["validate", "manifests/example.yaml", "reconciler.yaml"]) == 0
    capsys.readouterr()
    assert cli.main(["validate", "manifests"]) == 1
    again = (project / "manifests/example.yaml").read_text()
    (project / "manifests/zwilling.yaml").write_text(again)
    assert cli.main(["validate", "manifests/zwilling.yaml"]) == 1
    assert "is taken by manifests/example.yaml:" in capsys.readouterr().err
    assert cli.main(["validate", "elsewhere.yaml"]) == 1
    assert "none of the project's files" in capsys.readouterr().err


@pytest.mark.parametrize("view", ["text", "json", "github", "sarif"])
def test_a_missing_project_file_is_told_in_every_view(
    view: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["validate", "--format", view]) == 1
    told = capsys.readouterr()
    assert "reconciler.yaml" in told.out + told.err


def test_a_project_file_that_is_wrong_does_not_hide_the_manifests(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    break_(project)
    place = project / "reconciler.yaml"
    place.write_text(place.read_text().replace("running: refuse", "running: maybe"))
    assert cli.main(["validate"]) == 1
    told = capsys.readouterr().err
    assert "cannot be `maybe`" in told
    assert "unknown key `colour`" in told


def test_validate_asks_for_no_secret_and_no_inventory(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BATCH_REST_API_KEY", raising=False)
    (project / "inventory.ndjson").unlink()
    assert cli.main(["validate"]) == 0


def test_a_fifo_among_the_manifests_cannot_hang(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(project / "manifests/fifo.yaml")
    assert cli.main(["validate"]) == 1
    assert "manifests/fifo.yaml: error: cannot read" in capsys.readouterr().err


# ---------------------------------------------------------------- schema


@pytest.mark.parametrize("kind", KINDS)
def test_the_committed_schema_is_the_models(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["schema", kind]) == 0
    drivers = every_driver()
    assert capsys.readouterr().out == dumps(kind, drivers)
    assert (SCHEMAS / f"{kind}.json").read_text() == dumps(kind, drivers)
    jsonschema.Draft202012Validator.check_schema(schema(kind, drivers))


def test_the_schemas_take_what_init_writes_and_refuse_slips(project: Path) -> None:
    for kind, path in (("project", "reconciler.yaml"), ("manifest", "manifests/example.yaml")):
        check = jsonschema.Draft202012Validator(schema(kind))
        value = yaml.safe_load((project / path).read_text())
        check.validate(value)
        value["spec"]["slip"] = 1
        assert not check.is_valid(value)


@pytest.mark.parametrize(
    ("spec", "valid"),
    [
        ({"absent": [{"match": {"name": "x"}, "expect": {"max": 1}}]}, True),
        ({"keep": [{"id": "x"}]}, True),
        ({}, False),
        ({"absent": []}, False),
        ({"absent": [{"id": "x", "expect": {"max": 1}}]}, False),
        ({"absent": [{"match": {"name": "x"}, "expect": {}}]}, False),
        ({"absent": [{"id": "x", "name": "y"}]}, False),
        ({"absent": [{"match": {}}]}, False),
    ],
)
def test_the_manifest_schema_knows_what_belongs_together(
    project: Path, spec: dict[str, object], valid: bool
) -> None:
    head = {"apiVersion": "reconciler/v1", "kind": "CampaignAbsence", "metadata": {"name": "x"}}
    value = {**head, "spec": {"account": "push-prod", **spec}}
    assert jsonschema.Draft202012Validator(schema("manifest")).is_valid(value) is valid
    value["metadata"] = {"name": "x", "owner": "o", "reason": "r"}
    (project / "manifests" / "example.yaml").write_text(json.dumps(value))  # JSON is YAML
    assert (cli.main(["validate"]) == 0) is valid


def test_the_inventory_schema_takes_header_campaign_and_document() -> None:
    check = jsonschema.Draft202012Validator(schema("inventory"))
    campaign = {"account": "a", "id": "1", "name": "n", "status": "sent"}
    header = {"kind": "Inventory", "capturedAt": "2026-11-20T08:00:00Z"}
    for value in (campaign, header, [campaign], {**header, "campaigns": [campaign]}):
        check.validate(value)
    for value in ({**campaign, "id": 1}, {"account": "a"}, {**campaign, "colour": "blue"}):
        assert not check.is_valid(value)


ACCOUNT = "{driver: cellcast, settings: {apiKey: {env: KEY}}}"


@pytest.mark.parametrize(
    ("accounts", "codes"),
    [
        (f"a: {ACCOUNT}", ["scope-by-secret"]),
        (f"a: {ACCOUNT[:-1]}, scope: au}}", []),
        (f"{{a: {ACCOUNT}, b: {ACCOUNT}}}"[1:-1], ["same-scope", *["scope-by-secret"] * 2]),
        (
            "a: {driver: batch-cep, settings: {project: p, restApiKey: {env: A}}}, "
            "b: {driver: batch-cep, settings: {project: p, restApiKey: {env: B}}}",
            ["same-scope"],
        ),
        (
            "a: {driver: batch-cep, settings: {project: p, restApiKey: {env: A}}}, "
            "b: {driver: batch-cep, settings: {project: q, restApiKey: {env: A}}}",
            [],
        ),
    ],
    ids=["by its key", "by its word", "one key", "one project", "two projects"],
)
def test_what_an_account_is_is_told_where_it_matters(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], accounts: str, codes: list[str]
) -> None:
    (tmp_path / "reconciler.yaml").write_text(
        "apiVersion: reconciler/v1\nkind: Project\nmetadata: {name: x}\n"
        f"spec: {{manifests: [], accounts: {{{accounts}}}}}\n"
    )
    assert cli.main(["-C", str(tmp_path), "validate", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)["diagnostics"]
    assert [one["code"] for one in told] == codes

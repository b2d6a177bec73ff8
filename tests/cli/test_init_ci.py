"""What `init --ci` and this repository give to CIs: right by their schemas, pinned, and it runs."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.cli.main import main
from tests.support.apply_site import KEYS, Site

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
WRITES = {"write", "write-all"}


@pytest.fixture(scope="module")
def github(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("github"), "github")


@pytest.fixture(scope="module")
def gitlab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("gitlab"), "gitlab")


def made(folder: Path, ci: str) -> Path:
    assert main(["-C", str(folder), "init", "--ci", ci, "--yes"]) == 0
    os.chdir(ROOT)
    return folder


def files(github: Path) -> list[Path]:
    """Every workflow and action, ours and those that are written for others."""
    theirs = sorted((github / ".github" / "workflows").glob("*.yaml"))
    assert len(theirs) == 3
    return [*theirs, *sorted((ROOT / ".github" / "workflows").glob("*.yml")), ROOT / "action.yml"]


def tool(name: str, *arguments: str | Path) -> None:
    done = run([BIN / name, *arguments], ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def run(
    command: Sequence[str | Path], where: Path, most: int = 120
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=where, check=False, capture_output=True, text=True, timeout=most
    )


def workflow(github: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((github / ".github" / "workflows" / name).read_text())
    return found


# ---------------------------------------------------------------- schemas and linters


def test_workflows_and_action_keep_their_published_schemas(github: Path) -> None:
    *workflows, action = files(github)
    tool("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows)
    tool("check-jsonschema", "--builtin-schema", "vendor.github-actions", action)


def test_the_gitlab_file_keeps_its_published_schema(gitlab: Path) -> None:
    arguments = ["--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci"]
    tool("check-jsonschema", *arguments, gitlab / ".gitlab-ci.yml")


def test_actionlint_finds_nothing(github: Path) -> None:
    tool("actionlint", *files(github)[:-1])


def test_zizmor_finds_nothing(github: Path) -> None:
    tool("zizmor", "--offline", "--quiet", *files(github))


def test_the_hooks_keep_pre_commits_own_schema() -> None:
    tool("pre-commit", "validate-manifest", ROOT / ".pre-commit-hooks.yaml")


def test_every_action_is_pinned_by_its_commit_and_the_same_everywhere(github: Path) -> None:
    seen: dict[str, set[str]] = {}
    for path in files(github):
        for line in path.read_text().splitlines():
            if found := re.match(r"\s*(?:- )?uses: (\S+)@(.*)", line):
                assert re.fullmatch(r"[0-9a-f]{40} # v\d+\.\d+\.\d+", found[2]), line
                seen.setdefault(found[1], set()).add(found[2])
    assert seen
    assert {name: pins for name, pins in seen.items() if len(pins) != 1} == {}


# ---------------------------------------------------------------- who may do what


def test_only_the_job_that_runs_nothing_of_a_pull_request_may_write(github: Path) -> None:
    plan = workflow(github, "reconciler.yaml")
    comment = workflow(github, "reconciler-comment.yaml")
    inventory = workflow(github, "reconciler-inventory.yaml")
    for one in (plan, comment, inventory):
        assert one["permissions"] == {}
    for one in (plan, inventory):
        for job in one["jobs"].values():
            assert not WRITES & set(job["permissions"].values())
    (job,) = comment["jobs"].values()
    assert {key for key, value in job["permissions"].items() if value == "write"} == {
        "pull-requests",
        "security-events",
    }
    assert list(comment[True]) == ["workflow_run"]  # YAML 1.1 reads `on`
    checkout = job["steps"][0]
    assert "ref" not in checkout["with"]  # the default branch


def test_only_jobs_behind_an_environment_hold_credentials(github: Path, gitlab: Path) -> None:
    for name in ("reconciler.yaml", "reconciler-comment.yaml", "reconciler-inventory.yaml"):
        for job in workflow(github, name)["jobs"].values():
            secrets = "secrets." in json.dumps(job)
            assert secrets == ("environment" in job)
            for step in job["steps"]:
                if step.get("uses", "").startswith("actions/checkout@"):
                    assert step["with"]["persist-credentials"] is False
    found = yaml.safe_load((gitlab / ".gitlab-ci.yml").read_text())
    assert "environment" not in found["reconciler:plan"]
    assert "environment" in found["reconciler:apply"]


def test_the_plan_is_of_the_head_commit(github: Path) -> None:
    job = workflow(github, "reconciler.yaml")["jobs"]["plan"]
    head = "${{ github.event.pull_request.head.sha }}"
    assert job["steps"][0]["with"]["ref"] == head
    (plan,) = [one for one in job["steps"] if "reconciler plan" in one.get("run", "")]
    assert plan["env"]["RECONCILER_COMMIT"] == head


def test_what_is_installed_is_locked(github: Path, gitlab: Path) -> None:
    for path in (*files(github)[:3], gitlab / ".gitlab-ci.yml"):
        text = path.read_text()
        assert "pip install --quiet --require-hashes -r reconciler.lock" in text
        for line in text.splitlines():
            if "pip install" in line and "--require-hashes" not in line:
                assert "--no-deps --no-build-isolation" in line
    lock = (github / "reconciler.lock").read_text()
    assert lock == (gitlab / "reconciler.lock").read_text()
    entries = [one for one in re.split(r"\n(?=\S)", lock) if "==" in one.partition("\n")[0]]
    assert len(entries) > 20
    assert all("--hash=sha256:" in one for one in entries)
    assert {"pydantic", "httpx", "hatchling"} <= {one.partition("==")[0] for one in entries}


# ---------------------------------------------------------------- the scripts, run


@pytest.fixture
def runner(bare: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A step's surroundings: no credential, the command on the PATH, GitHub's files."""
    for name in KEYS:
        monkeypatch.delenv(name)
    home = tmp_path / "runner"
    (home / "reconciler" / "bin").mkdir(parents=True)
    (home / "reconciler" / "bin" / "reconciler").symlink_to(BIN / "reconciler")
    monkeypatch.setenv("PATH", f"{BIN}{os.pathsep}{os.environ['PATH']}")
    for name, value in {
        "RUNNER_TEMP": str(home),
        "GITHUB_OUTPUT": str(home / "outputs"),
        "GITHUB_STEP_SUMMARY": str(home / "summary"),
        "RECONCILER_COMMIT": "1" * 40,
        "DIRECTORY": ".",
    }.items():
        monkeypatch.setenv(name, value)
    return bare


def bash(script: str, site: Site) -> subprocess.CompletedProcess[str]:
    return run(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script], site.root)


def outputs() -> dict[str, str]:
    lines = Path(os.environ["GITHUB_OUTPUT"]).read_text().splitlines()
    return dict(one.split("=", 1) for one in lines)


def test_the_action_plans_and_says_what_it_found(runner: Site) -> None:
    done = bash(f"bash {ROOT}/scripts/action.sh", runner)
    assert done.returncode == 0, done.stderr
    found = outputs()
    folder = Path(found.pop("reports"))
    plan = json.loads((folder / "plan.json").read_text())
    assert plan["metadata"]["commit"] == "1" * 40
    assert found.pop("digest").startswith("sha256:")
    assert found == {
        "exit-code": "0",
        "delete": str(plan["summary"]["delete"]),
        "refuse": "0",
        "none": "0",
        "targets": str(plan["summary"]["targets"]),
        "applicable": "true",
        "approvals": "0",
    }
    assert "Campaign deletions" in Path(os.environ["GITHUB_STEP_SUMMARY"]).read_text()
    assert "::notice" in done.stdout
    names = {one.name for one in folder.iterdir()}
    assert {"plan.md", "plan.html", "plan.sarif", "plan.xml", "validation.json"} <= names


def test_the_action_keeps_why_there_is_no_plan(runner: Site) -> None:
    manifest = runner.root / "manifests" / "push.yaml"
    manifest.write_text(manifest.read_text().replace("account: push", "account: pusch"))
    done = bash(f"bash {ROOT}/scripts/action.sh", runner)
    assert done.returncode == 0, done.stderr
    found = outputs()
    assert found["exit-code"] == "1"
    assert "digest" not in found
    told = json.loads((Path(found["reports"]) / "validation.json").read_text())
    assert told["valid"] is False
    assert "there is no plan" in Path(os.environ["GITHUB_STEP_SUMMARY"]).read_text()
    assert "::error file=manifests/push.yaml" in done.stdout


@pytest.mark.parametrize(("broken", "code"), [(False, 0), (True, 1)])
def test_the_written_plan_step_runs(runner: Site, github: Path, broken: bool, code: int) -> None:
    if broken:
        (runner.root / "inventory.ndjson").unlink()
    steps = workflow(github, "reconciler.yaml")["jobs"]["plan"]["steps"]
    (step,) = [one for one in steps if one.get("name") == "Validate and plan"]
    done = bash(step["run"], runner)
    assert done.returncode == code, done.stderr
    left = {one.name for one in (runner.root / "out").iterdir()}
    assert {"validation.json", "plan.err"} <= left
    assert ("plan.json" in left) is not broken


def test_the_newest_pulled_inventory_is_taken_and_none_leaves_the_file(
    runner: Site, github: Path
) -> None:
    steps = workflow(github, "reconciler.yaml")["jobs"]["plan"]["steps"]
    (step,) = [one for one in steps if one.get("name") == "Bring the newest inventory"]
    before = (runner.root / "inventory.ndjson").read_text()
    assert bash(f"gh() {{ :; }}\n{step['run']}", runner).returncode == 0
    assert (runner.root / "inventory.ndjson").read_text() == before
    pulled = 'gh() { if [ "$1" = api ]; then echo 41; else echo pulled $3 > inventory.ndjson; fi; }'
    assert bash(f"{pulled}\n{step['run']}", runner).returncode == 0
    assert (runner.root / "inventory.ndjson").read_text() == "pulled 41\n"


# ---------------------------------------------------------------- pre-commit


@pytest.mark.skipif(not shutil.which("git"), reason="git is what pre-commit lives in")
def test_the_hook_runs_in_a_fresh_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "home"))
    hooks, mine = tmp_path / "hooks", tmp_path / "mine"
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{ROOT}", str(hooks))
    shutil.copy(ROOT / ".pre-commit-hooks.yaml", hooks)
    mine.mkdir()
    assert main(["-C", str(mine), "init", "--yes"]) == 0
    os.chdir(ROOT)
    git(mine, "init", "--quiet")
    git(mine, "add", "--all")
    command = [BIN / "pre-commit", "try-repo", str(hooks), "reconciler-validate", "--all-files"]
    done = run(command, mine, 280)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Passed" in done.stdout


def git(where: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=where, check=True, capture_output=True, timeout=60)

import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from reconciler.cli.main import main
from reconciler.plan import origin, planfile

EPOCH = "1795262400"  # 2026-11-21T12:00:00Z
SHA = "0123456789abcdef0123456789abcdef01234567"
PROJECT = """\
apiVersion: reconciler/v1
kind: Project
metadata: {name: acme}
spec:
  accounts:
    push:
      driver: batch-cep
      settings: {project: project_06, restApiKey: {env: NOT_SET_ANYWHERE}}
    leads:
      driver: ozonetel
      settings: {userName: acme, apiKey: {file: /nowhere/at/all}}
"""
MANIFEST = """\
apiVersion: reconciler/v1
kind: CampaignAbsence
metadata: {name: retire, owner: growth, reason: The season is over, ticket: CHG-7}
spec:
  account: push
  absent:
    - id: one
    - match: {name: "Diwali *"}
  keep:
    - id: two
---
apiVersion: reconciler/v1
kind: CampaignAbsence
metadata: {name: numbers}
spec:
  account: leads
  absent:
    - name: Lead refill
"""
INVENTORY = """\
{"kind":"Inventory","apiVersion":"reconciler/v1","capturedAt":"2026-11-21T08:00:00Z"}
{"account":"push","id":"one","name":"One","status":"stopped"}
{"account":"push","id":"two","name":"Diwali two","status":"stopped"}
{"account":"push","id":"three","name":"Diwali \u20b9","status":"running","attributes":{"x":1}}
{"account":"push","id":"four","name":"Four","status":"stopped"}
{"account":"leads","id":"oz-1","name":"Lead refill","phoneNumbers":["918187867008"]}
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (*origin._AUTHORS, *origin._COMMITS, "GIT_CONFIG_GLOBAL", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)
    place = tmp_path / "project"
    (place / "manifests").mkdir(parents=True)
    (place / "reconciler.yaml").write_text(PROJECT)
    (place / "manifests" / "all.yaml").write_text(MANIFEST)
    (place / "inventory.ndjson").write_text(INVENTORY)
    monkeypatch.chdir(place)
    return place


def planned(root: Path, *options: str) -> dict[str, Any]:
    assert main(["plan", "--out", "out.json", *options]) in (0, 2, 3)
    found: dict[str, Any] = json.loads((root / "out.json").read_bytes())
    return found


def fates(plan: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(one["action"], one["reason"], one["id"]) for one in plan["actions"]]


# ---------------------------------------------------------------- what is planned


def test_a_plan_says_what_goes_what_is_refused_and_why(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = planned(root)
    assert fates(plan) == [
        ("delete", "declared", "oz-1"),
        ("delete", "declared", "one"),
        ("refuse", "running", "three"),
        ("none", "kept", "two"),
    ]
    assert plan["inputs"]["manifests"] == [
        {
            "path": "manifests/all.yaml",
            "sha256": hashlib.sha256(MANIFEST.encode()).hexdigest(),
            "documents": [
                {
                    "name": "retire",
                    "owner": "growth",
                    "reason": "The season is over",
                    "ticket": "CHG-7",
                    "notBefore": None,
                    "until": None,
                },
                {
                    "name": "numbers",
                    "owner": None,
                    "reason": None,
                    "ticket": None,
                    "notBefore": None,
                    "until": None,
                },
            ],
        }
    ]
    assert plan["inputs"]["project"]["path"] == "reconciler.yaml"
    assert plan["inputs"]["inventory"][0]["path"] == "inventory.ndjson"
    assert plan["inputs"]["inventory"][0]["campaigns"] == 5
    assert plan["actions"][2]["campaign"].get("attributes") is None
    said = capsys.readouterr()
    assert planfile.digest((root / "out.json").read_bytes()) in said.out
    assert "reconciler apply out.json" in said.out
    assert "918187867008" not in said.out
    assert "SOURCE_DATE_EPOCH" in said.err


def test_the_same_time_and_inputs_give_the_same_bytes_from_any_directory(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned(root)
    first = (root / "out.json").read_bytes()
    monkeypatch.chdir(tmp_path)
    assert main(["-C", "project", "plan", "--out", "again.json"]) == 0
    monkeypatch.chdir(tmp_path)
    assert (root / "again.json").read_bytes() == first
    assert main(["--config", "project/reconciler.yaml", "plan", "--out", "third.json"]) == 0
    assert (tmp_path / "third.json").read_bytes() == first


def test_json_prints_the_plans_own_bytes(
    root: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["plan", "--out", "out.json", "--format", "json", "--attributes"]) == 0
    data = (root / "out.json").read_bytes()
    assert capfdbinary.readouterr().out == data
    assert json.loads(data)["actions"][2]["campaign"]["attributes"] == {"x": 1}


def test_json_is_utf_8_on_an_ascii_terminal(root: Path) -> None:
    run = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from reconciler.cli.main import main; sys.exit(main())",
            *("-q", "plan", "--out", "out.json", "--format", "json"),
        ],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout == (root / "out.json").read_bytes()


def test_account_and_manifest_leave_deletions_out_and_nothing_else(root: Path) -> None:
    others = [("refuse", "running", "three"), ("none", "kept", "two")]
    assert fates(planned(root, "--account", "push")) == [("delete", "declared", "one"), *others]
    assert fates(planned(root, "--manifest", "numbers")) == [
        ("delete", "declared", "oz-1"),
        *others,
    ]
    assert fates(planned(root, "--manifest", "numbers", "--account", "push")) == others


@pytest.mark.parametrize(
    "options",
    [
        ["--account", "pusch"],
        ["--manifest", "nobody"],
        ["--format", "paper"],
        ["--report", "paper=x"],
        ["--report", "json"],
        ["--inventory", "-", "--inventory", "-"],
        ["--inventory", "export.dat"],
        ["--no-such-option"],
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(root: Path, options: list[str]) -> None:
    (root / "export.dat").write_text("of a format that its name does not say\n")
    assert main(["plan", *options]) == 64


# ---------------------------------------------------------------- exit codes and reports


def test_detailed_exitcode_tells_deletions_from_none(root: Path) -> None:
    assert main(["plan", "--detailed-exitcode"]) == 2
    assert main(["plan"]) == 0
    manifest = MANIFEST.replace("- id: one\n    ", "").split("---")[0]
    (root / "manifests" / "all.yaml").write_text(manifest)
    assert main(["plan", "--detailed-exitcode"]) == 0


def test_violations_exit_3_and_the_plan_is_written_in_full(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (root / "reconciler.yaml").open("a") as file:
        file.write("  guards: {maxDeletions: {count: 0}}\n")
    assert main(["plan", "--out", "out.json", "--detailed-exitcode"]) == 3
    plan = json.loads((root / "out.json").read_bytes())
    assert plan["applicable"] is False
    assert [one["guard"] for one in plan["violations"]] == ["max-deletions", "max-deletions"]
    assert "reconciler apply" not in capsys.readouterr().out
    assert main(["show", "out.json"]) == 0


def test_reports_are_written_beside_the_view(root: Path) -> None:
    options = ["--report", "json=r.json", "--report", "markdown=r.md"]
    planned(root, *options)
    assert (root / "r.json").read_bytes() == (root / "out.json").read_bytes()
    assert "1 refused" in (root / "r.md").read_text()


def test_a_plan_that_cannot_be_written_leaves_the_old_one(root: Path) -> None:
    assert main(["plan", "--out", "missing/out.json"]) == 1
    planned(root)
    before = (root / "out.json").read_bytes()
    (root / "inventory.ndjson").write_text("nonsense")
    assert main(["plan", "--out", "out.json"]) == 1
    assert (root / "out.json").read_bytes() == before


def test_metadata_that_the_guards_miss_refuses_that_manifests_actions(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (root / "reconciler.yaml").open("a") as file:
        file.write("  guards: {require: [owner], ticketPattern: CHG-0+}\n")
    plan = planned(root)
    assert [(one["action"], one["reason"]) for one in plan["actions"]] == [
        ("refuse", "metadata"),
        ("refuse", "metadata"),
        ("refuse", "metadata"),
        ("refuse", "metadata"),
    ]
    capsys.readouterr()
    assert main(["validate"]) == 1
    assert "`owner` is required" in capsys.readouterr().err


@pytest.mark.parametrize(("redirected", "code"), [("plan >&-", 1), ("plan --inventory - <&-", 1)])
def test_a_closed_stream_is_no_unexpected_error(root: Path, redirected: str, code: int) -> None:
    command = f"exec {sys.executable} -m reconciler {redirected}"
    ended = subprocess.run(
        ["sh", "-c", command], cwd=root, capture_output=True, text=True, check=False
    )
    assert ended.returncode == code
    assert "unexpected" not in ended.stderr


# ---------------------------------------------------------------- inventories


def test_a_file_that_is_no_inventory_is_not_quoted(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "foreign").write_text("TOKEN=sekret\x00OTHER=sekret\n")
    for format_ in ("ndjson", "json", "yaml", "csv"):
        options = ["--inventory", "foreign", "--inventory-format", format_]
        assert main(["plan", *options]) == 1
        told = capsys.readouterr()
        assert "sekret" not in told.out + told.err


def test_a_device_is_no_inventory(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--inventory", "/dev/zero", "--inventory-format", "ndjson"]) == 1
    assert "it is a device" in capsys.readouterr().err


@pytest.mark.parametrize("zipped", [True, False])
def test_standard_input_is_an_inventory(
    root: Path, monkeypatch: pytest.MonkeyPatch, zipped: bool
) -> None:
    data = INVENTORY.encode()
    raw = io.BytesIO(gzip.compress(data) if zipped else data)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(raw))
    (root / "inventory.ndjson").unlink()
    plan = planned(root, "--inventory", "-")
    assert plan["inputs"]["inventory"][0]["path"] == "-"
    assert plan["summary"]["delete"] == 2


def test_files_of_the_command_line_are_read_as_one(root: Path, tmp_path: Path) -> None:
    lines = INVENTORY.splitlines(keepends=True)
    (tmp_path / "a.ndjson").write_text("".join(lines[:3]))
    (root / "b.dat").write_text("".join((lines[0], *lines[3:])))
    plan = planned(
        root,
        *("--inventory", str(tmp_path / "a.ndjson"), "--inventory", "./b.dat"),
        *("--inventory-format", "ndjson"),
    )
    assert [one["path"] for one in plan["inputs"]["inventory"]] == [
        (tmp_path / "a.ndjson").as_posix(),
        "b.dat",
    ]
    assert plan["summary"]["delete"] == 2


def test_the_projects_inventory_is_not_followed_out_of_it(root: Path, tmp_path: Path) -> None:
    (root / "inventory.ndjson").rename(tmp_path / "other.ndjson")
    (root / "inventory.ndjson").symlink_to(tmp_path / "other.ndjson")
    assert main(["plan"]) == 1
    assert main(["plan", "--inventory", "inventory.ndjson"]) == 0


def test_a_wrong_inventory_is_told_with_its_place(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "inventory.ndjson").write_text('{"account":"push","id":1,"name":"x"}\n')
    assert main(["plan"]) == 1
    assert "inventory.ndjson:1" in capsys.readouterr().err


# ---------------------------------------------------------------- show


def test_show_gives_the_same_views_of_a_saved_plan(
    root: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["-q", "plan", "--out", "out.json"]) == 0
    first = capfd.readouterr().out
    assert main(["-q", "show", "out.json"]) == 0
    assert capfd.readouterr().out.split("\nPlan sha256")[0] == first.split("\nPlan sha256")[0]
    assert main(["-q", "show", "out.json", "--format", "json"]) == 0
    assert capfd.readouterr().out == (root / "out.json").read_text()
    assert main(["-q", "show", "out.json", "--show-numbers"]) == 0
    assert "918187867008" in capfd.readouterr().out


@pytest.mark.parametrize("data", [b"", b"{}", b"\x00\xff", b'{"apiVersion":"v9","kind":"Plan"}'])
def test_show_of_what_is_no_plan_exits_4(root: Path, data: bytes) -> None:
    (root / "out.json").write_bytes(data)
    assert main(["show", "out.json"]) == 4


def test_an_expired_plan_can_still_be_shown(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    planned(root)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(EPOCH) + 8 * 86_400))
    assert main(["show", "out.json"]) == 0
    assert "expired" in capsys.readouterr().err


# ---------------------------------------------------------------- explain


@pytest.mark.parametrize(
    ("target", "texts"),
    [
        ("push/one", ["delete, declared", "+ manifests/all.yaml:7  retire  id: one"]),
        ("push/two", ["none, kept", "keeps it", "manifests/all.yaml:10"]),
        ("push/three", ["refuse, running", "+ running: it is running"]),
        ("push/four", ["not in the plan", "name does not match", "status stopped"]),
        ("push/gone", ["not in the plan", "not listed", "cannot be judged"]),
        ("leads/oz-1", ["delete 1 part, declared", "asks for it"]),
    ],
)
def test_explain_says_who_looked_at_a_campaign(
    root: Path, capsys: pytest.CaptureFixture[str], target: str, texts: list[str]
) -> None:
    assert main(["explain", target]) == 0
    said = capsys.readouterr().out
    assert [text for text in texts if text not in said] == []


def test_explain_in_json_masks_numbers_unless_asked(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", "leads/oz-1", "--format", "json"]) == 0
    said = capsys.readouterr().out
    found = json.loads(said)
    assert (found["kind"], found["listed"], found["verdict"]) == (
        "Explanation",
        True,
        "delete 1 part, declared",
    )
    assert "918187867008" not in said
    assert main(["explain", "leads/oz-1", "--format", "json", "--show-numbers"]) == 0
    assert "918187867008" in capsys.readouterr().out


@pytest.mark.parametrize("view", ["text", "json"])
def test_explain_is_harmless_whatever_the_inventory_says(
    root: Path, capsys: pytest.CaptureFixture[str], view: str
) -> None:
    name = "##[error]\x1b[2J\u202e\x7f"
    record = {"account": "push", "id": "one", "name": name}
    (root / "inventory.ndjson").write_text(json.dumps(record))
    assert main(["explain", "push/one", "--format", view]) == 0
    seen = capsys.readouterr().out
    assert "##[" not in seen
    assert seen.replace("\n", "").isprintable()
    if view == "json":
        assert json.loads(seen)["campaign"]["name"] == name


@pytest.mark.parametrize("target", ["nobody/one", "push", "push/", "push/a/b", "push/%zz"])
def test_explain_of_what_is_no_target_is_a_usage_error(root: Path, target: str) -> None:
    assert main(["explain", target]) == 64


def test_explain_tells_waivers_and_limits(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (root / "reconciler.yaml").open("a") as file:
        file.write(
            "  guards: {maxDeletions: {count: 1}}\n  waivers:\n"
            "    - {guard: running, account: push, id: three, because: Wrong audience,"
            " ticket: CHG-1, until: 2026-12-01}\n"
        )
    assert main(["explain", "push/three"]) == 0
    said = capsys.readouterr().out
    assert "lifts its guard here: Wrong audience" in said
    assert "max-deletions: 2 deletions are planned" in said


# ---------------------------------------------------------------- nothing that can send


@pytest.mark.parametrize("command", [["plan", "--out", "o.json"], ["explain", "push/one"]])
def test_nothing_that_could_send_is_loaded(root: Path, command: list[str]) -> None:
    code = (
        "import sys; used = []\n"
        "sys.addaudithook(lambda event, _: event.startswith('socket.') and used.append(event))\n"
        "from reconciler.cli.main import main; code = main(sys.argv[1:])\n"
        "heavy = ('httpx', 'sqlite3', 'rich', 'deepdiff', 'psycopg', 'importlib.metadata')\n"
        "print(used + [m for m in heavy if m in sys.modules], file=sys.stderr); sys.exit(code)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, "-q", *command], capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stderr.strip()) == (0, "[]")


# ---------------------------------------------------------------- author and commit


def git(root: Path, *, head: str = "ref: refs/heads/main\n", config: str = "") -> Path:
    place = root / ".git"
    (place / "refs" / "heads").mkdir(parents=True)
    (place / "HEAD").write_text(head)
    (place / "config").write_text(config)
    return place


def told(root: Path, **environ: str) -> tuple[str | None, str | None]:
    return origin.author(None, root, environ), origin.commit(root, environ)


def test_author_is_the_first_that_is_known(root: Path) -> None:
    git(root, config='[core]\n\tbare = false\n[user]\n\tname = A\n\temail = "a@x.example" ; me\n')
    known = {"RECONCILER_AUTHOR": "r", "GITHUB_ACTOR": "octocat"}
    assert origin.author("given", root, known) == "given"
    assert origin.author(None, root, known) == "r"
    assert origin.author(None, root, {"GITHUB_ACTOR": "octocat"}) == "octocat"
    assert origin.author(None, root, {"GITLAB_USER_EMAIL": "g@x"}) == "g@x"
    assert origin.author(None, root, {"BUILD_REQUESTEDFOREMAIL": "z@x"}) == "z@x"
    assert origin.author(None, root, {}) == "a@x.example"


def test_the_users_own_config_is_read_and_includes_are_not(root: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "evil").write_text("[user]\nemail = evil@x\n")
    git(root, config=f'[include]\n path = {home}/evil\n[user "sub"]\n email = sub@x\n')
    (home / ".gitconfig").write_text("[User]\n  Email=home@x.example\n")
    assert told(root, HOME=str(home))[0] == "home@x.example"
    assert told(root)[0] is None


@pytest.mark.parametrize("where", ["loose", "packed", "detached"])
def test_the_commit_is_read_from_git(root: Path, where: str) -> None:
    place = git(root, head=f"{SHA}\n" if where == "detached" else "ref: refs/heads/main\n")
    if where == "loose":
        (place / "refs" / "heads" / "main").write_text(f"{SHA}\n")
    if where == "packed":
        (place / "packed-refs").write_text(
            f"# pack-refs\n{'f' * 40} refs/x\n{SHA} refs/heads/main\n"
        )
    (root / "sub").mkdir()
    assert told(root / "sub")[1] == SHA


def test_a_worktree_shares_refs_and_config(root: Path, tmp_path: Path) -> None:
    common = git(tmp_path, config="[user]\nemail = w@x\n")
    (common / "refs" / "heads" / "side").write_text(SHA)
    linked = common / "worktrees" / "side"
    linked.mkdir(parents=True)
    (linked / "HEAD").write_text("ref: refs/heads/side\n")
    (linked / "commondir").write_text("../..\n")
    (root / ".git").write_text(f"gitdir: {linked}\n")
    assert told(root) == ("w@x", SHA)


@pytest.mark.parametrize(
    "head",
    [
        "ref: ../../../secret\n",
        "ref: refs/heads/../../secret\n",
        "ref: /etc/passwd\n",
        "not a sha\n",
        "",
        "ref: refs/heads/\0\n",
    ],
)
def test_a_hostile_head_is_no_commit(root: Path, head: str) -> None:
    git(root, head=head)
    (root / "secret").write_text(SHA)
    assert told(root)[1] is None


def test_devices_and_pipes_in_git_are_not_read(root: Path) -> None:
    place = git(root)
    (place / "HEAD").unlink()
    os.mkfifo(place / "HEAD")
    (place / "config").unlink()
    (place / "config").symlink_to("/dev/zero")
    assert told(root) == (None, None)


def test_the_ci_knows_the_commit_before_git(root: Path) -> None:
    git(root, head="f" * 40)
    assert told(root, GITHUB_SHA=SHA)[1] == SHA
    assert told(root, CI_COMMIT_SHA=SHA)[1] == SHA
    assert told(root, BUILD_SOURCEVERSION=SHA)[1] == SHA
    assert told(root, GITHUB_SHA="main; rm -rf")[1] == "f" * 40


def test_author_and_commit_are_in_the_plan(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_SHA", SHA)
    plan = planned(root, "--author", "b@acme.example")
    assert plan["metadata"]["author"] == "b@acme.example"
    assert plan["metadata"]["commit"] == SHA
    assert plan["metadata"]["createdAt"] == "2026-11-21T12:00:00Z"


# ---------------------------------------------------------------- counts, platforms


def test_a_summary_counts_by_manifest_line(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    planned(root, "--summary")
    said = capsys.readouterr().out
    assert "retire (manifests/all.yaml), account push" in said
    assert "By last change" in said
    assert main(["show", "out.json", "--summary"]) == 0
    assert "By account" in capsys.readouterr().out


def test_a_comment_fits_its_platform_and_links_the_run(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_RUN_ID", "7")
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
    monkeypatch.setenv("GITHUB_REPOSITORY", "acme/messaging")
    planned(root, "--fit", "bitbucket", "--report", "markdown=plan.md")
    made = (root / "plan.md").read_text()
    assert made.startswith('[//]: # "reconciler plan acme"')
    assert "(https://github.com/acme/messaging/actions/runs/7)" in made
    assert "reconciler apply out.json" in made


def test_validate_writes_reports(root: Path) -> None:
    assert main(["validate", "--report", "sarif=v.sarif", "--report", "github=v.txt"]) == 0
    assert json.loads((root / "v.sarif").read_text())["version"] == "2.1.0"
    assert (root / "v.txt").read_text().endswith("valid\n")
    assert main(["validate", "--report", "pdf=x"]) == 64


@pytest.mark.parametrize("command", [["validate"], ["plan"], ["show", "p"], ["apply", "p"]])
def test_every_command_reads_reports_alike(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for given in ("json", "json=", "=x"):
        assert main([*command, "--report", given]) == 64
        assert f"--report: write FORMAT=FILE, not '{given}'" in capsys.readouterr().err
    assert main([*command, "--report", "paper=x"]) == 64
    assert "--report: there is no format 'paper'. There are: " in capsys.readouterr().err


# ---------------------------------------------------------------- two plans


def two_plans(root: Path) -> None:
    planned(root)
    (root / "out.json").rename(root / "old.json")
    text = (root / "inventory.ndjson").read_text()
    (root / "inventory.ndjson").write_text(text.replace('"running"', '"stopped"'))
    planned(root)


def test_show_of_two_plans_says_what_changed(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    two_plans(root)
    capsys.readouterr()
    assert main(["show", "old.json", "out.json", "--report", "html=c.html"]) == 0
    said = capsys.readouterr().out
    assert "Now deleted: 1" in said
    assert "delete, matched; was refuse, running" in said
    assert (root / "c.html").read_text().startswith("<!doctype html>")
    assert main(["show", "old.json", "out.json", "--format", "json", "--detailed-exitcode"]) == 2
    assert json.loads(capsys.readouterr().out)["summary"]["changed"] == 1
    assert main(["show", "out.json", "out.json", "--detailed-exitcode"]) == 0
    assert "Both are the same plan." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["old.json", "out.json", "--format", "sarif"], "of two plans: there is no format 'sarif'"),
        (["old.json", "out.json", "--report", "csv=x"], "of two plans: there is no format 'csv'"),
        (["out.json", "--detailed-exitcode"], "name two plans"),
    ],
)
def test_what_two_plans_cannot_be_shown_as_is_said(
    root: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    two_plans(root)
    assert main(["show", *arguments]) == 64
    assert said in capsys.readouterr().err
    assert not (root / "x").exists()

"""approve: what is shown is what is signed, and nothing is written that would not count."""

import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.cli.main import main
from reconciler.model import Campaign, Reason, Violation
from reconciler.plan import planfile
from reconciler.prove import approvals
from tests.support.plans import action, plan_of

ANN, AUTHOR = "ann@acme.example", "author@acme.example"
PROJECT = """apiVersion: reconciler/v1
kind: Project
metadata: {name: acme}
spec:
  accounts:
    push: {driver: batch-cep, settings: {project: p1, restApiKey: {env: KEY}}}
"""
RULE = """  guards:
    approvals:
      required: 2
      above: 0
      allowedSigners: allowed_signers
      aliases: {octocat: [author@acme.example]}
"""


def plan(
    *,
    deletes: int = 1,
    author: str | None = AUTHOR,
    expires: str = "2126-11-27T08:00:00Z",
    project: str = "acme",
    broken: bool = False,
) -> bytes:
    records = [Campaign(account="push", id=f"id{n}", name="Diwali") for n in range(deletes)]
    violation = Violation(guard="max-deletions", account="push", message="1 over")
    return planfile.dumps(
        plan_of(
            [action("delete", Reason.DECLARED, one, name="Diwali \x1b[2J") for one in records],
            accounts={"push": "batch-cep"},
            violations=(violation,) if broken else (),
            required=2,
            because="above 0",
            project=project,
            expires_at=expires,
            author=author,
        )
    )


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    for name in ("ann", "author", "stranger"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(command, check=True, capture_output=True, timeout=30)
    return folder


def public(keys: Path, name: str) -> str:
    return " ".join((keys / f"{name}.pub").read_text().split()[:2])


@pytest.fixture
def folder(tmp_path: Path, keys: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "reconciler.yaml").write_text(PROJECT + RULE)
    (tmp_path / "plan.json").write_bytes(plan())
    lines = f"{ANN} {public(keys, 'ann')}\n{AUTHOR} {public(keys, 'author')}\n"
    (tmp_path / "allowed_signers").write_text(lines)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def signatures(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.glob("*.sig"))


def approve(keys: Path, *more: str, key: str = "ann") -> int:
    return main(["approve", "plan.json", "--key", str(keys / key), *more])


def good(folder: Path, name: str, who: str) -> bool:
    """What an auditor would type."""
    command = ["ssh-keygen", "-Y", "verify", "-f", str(folder / "allowed_signers"), "-I", who]
    command += ["-n", "reconciler-plan", "-s", str(folder / name)]
    data = (folder / "plan.json").read_bytes()
    done = subprocess.run(command, input=data, capture_output=True, check=False, timeout=30)
    return done.returncode == 0


def test_the_plan_is_shown_signed_and_the_signature_lies_beside_it(
    folder: Path, keys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert approve(keys, "--yes") == 0
    assert signatures(folder) == [f"plan.json.{ANN}.sig"]
    assert good(folder, f"plan.json.{ANN}.sig", ANN)
    shown = capsys.readouterr()
    assert planfile.digest((folder / "plan.json").read_bytes()) in shown.out
    assert "id0" in shown.out
    assert "\x1b" not in shown.out
    assert f"1 of 2 approvals needed: {ANN}" in shown.err


@pytest.mark.parametrize(
    ("data", "code", "says"),
    [
        (plan(broken=True), 3, "violations"),
        (plan(deletes=0), 3, "nothing to sign"),
        (plan(expires="2026-01-01T00:00:00Z"), 4, "expired"),
        (plan(project="other"), 4, "project"),
        (plan().replace(b'"delete":1', b'"delete":2'), 4, "contradicts"),
        (b"{}", 4, "not a plan"),
        (b"", 4, "not a plan"),
    ],
)
def test_what_nobody_should_sign_is_refused(
    folder: Path,
    keys: Path,
    capsys: pytest.CaptureFixture[str],
    data: bytes,
    code: int,
    says: str,
) -> None:
    (folder / "plan.json").write_bytes(data)
    assert approve(keys, "--yes") == code
    assert says in capsys.readouterr().err
    assert signatures(folder) == []


def test_source_date_epoch_does_not_make_an_old_plan_young(
    folder: Path, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "plan.json").write_bytes(plan(expires="2026-01-01T00:00:00Z"))
    moment = datetime(2025, 12, 31, tzinfo=UTC)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(moment.timestamp())))
    assert approve(keys, "--yes") == 4


@pytest.mark.parametrize("author", [AUTHOR, "octocat", "AUTHOR@acme.example"])
def test_the_author_is_refused(
    folder: Path, keys: Path, capsys: pytest.CaptureFixture[str], author: str
) -> None:
    (folder / "plan.json").write_bytes(plan(author=author))
    assert approve(keys, "--yes", key="author") == 3
    assert "author" in capsys.readouterr().err
    assert signatures(folder) == []


def test_a_key_that_nobody_listed_is_refused(
    folder: Path, keys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert approve(keys, "--yes", key="stranger") == 3
    assert approve(keys, "--yes", "--principal", ANN, key="stranger") == 3
    assert approve(keys, "--yes", key="absent") == 1
    assert signatures(folder) == []


@pytest.mark.parametrize(
    ("key", "author", "said"),
    [
        ("stranger", AUTHOR, "lists no principal for"),
        ("author", AUTHOR, "is the author of the plan and cannot approve it"),
        ("author", "octocat", "is the author of the plan and cannot approve it"),
        ("ann", None, "names no author, and nobody can approve it then"),
    ],
)
def test_what_could_not_count_is_refused_before_anything_is_signed(
    folder: Path,
    keys: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    key: str,
    author: str | None,
    said: str,
) -> None:
    (folder / "plan.json").write_bytes(plan(author=author))

    def never(*_: object) -> bytes:
        raise AssertionError("it was signed")

    monkeypatch.setattr(approvals, "sign", never)
    assert approve(keys, "--yes", key=key) == 3
    assert said in capsys.readouterr().err
    assert signatures(folder) == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("ann@acme.example", "this names no public key"),
        ("KEY", "the line begins with a key; whose it is comes first"),
        ("ann@acme.example ssh-ed25519 AAAAC3NzaC1", "the key is cut"),
        ("ann@acme.example ssh-rsa REST", "not of the kind that stands before it"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "this is a private key; take it out"),
    ],
)
def test_validate_finds_what_is_odd_in_the_signers_file(
    folder: Path, keys: Path, capsys: pytest.CaptureFixture[str], line: str, said: str
) -> None:
    mine = public(keys, "ann")
    (folder / "manifests").mkdir()
    (folder / "manifests/none.yaml").write_text("# none yet\n")
    wrong = line.replace("KEY", mine) if line == "KEY" else line.replace("REST", mine.split()[1])
    path = folder / "allowed_signers"
    good = f'# who may\n\n{ANN} namespaces="reconciler-plan" {mine}\n'
    path.write_text(good)
    assert main(["validate"]) == 0, capsys.readouterr().err
    path.write_text(f"{good}{wrong}\n")
    assert main(["validate"]) == 1
    told = capsys.readouterr().err
    assert f"allowed_signers:4:1: error: {said}" in told or said in told
    assert "fix: write `NAME ssh-ed25519" in told
    assert "PRIVATE KEY" not in told


def test_validate_finds_that_the_signers_file_is_missing_or_empty(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "allowed_signers").write_text("# nobody\n")
    assert main(["validate"]) == 1
    assert "allowed_signers:1:1: error: nobody is listed" in capsys.readouterr().err
    (folder / "allowed_signers").unlink()
    assert main(["validate"]) == 1
    told = capsys.readouterr().err
    assert "reconciler.yaml:11:23: error: cannot read the allowed signers" in told


def test_a_key_of_several_names_needs_to_be_told_which(
    folder: Path, keys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = f'{ANN},"ann/smith %" {public(keys, "ann")}\nx@y {public(keys, "ann")}\n'
    (folder / "allowed_signers").write_text(lines)
    assert approve(keys, "--yes") == 64
    assert "--principal" in capsys.readouterr().err
    assert approve(keys, "--yes", "--principal", "bob@acme.example") == 3
    assert signatures(folder) == []
    assert approve(keys, "--yes", "--principal", "ann/smith %") == 0
    assert signatures(folder) == ["plan.json.ann%2Fsmith %25.sig"]
    assert approve(keys, "--yes", "--principal", "x@y") == 0


def test_a_pattern_needs_a_name_that_fits_it(folder: Path, keys: Path) -> None:
    (folder / "allowed_signers").write_text(f"*@sec.example {public(keys, 'ann')}\n")
    assert approve(keys, "--yes") == 64
    assert approve(keys, "--yes", "--principal", "ann@else.example") == 3
    assert approve(keys, "--yes", "--principal", "ann@sec.example") == 0
    assert signatures(folder) == ["plan.json.ann@sec.example.sig"]


def test_without_a_rule_a_signature_needs_a_name_and_is_said_to_count_for_nothing(
    folder: Path, keys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "reconciler.yaml").write_text(PROJECT)
    assert approve(keys, "--yes") == 1
    assert signatures(folder) == []
    assert approve(keys, "--yes", "--principal", ANN) == 0
    assert "nothing counts" in capsys.readouterr().err
    assert signatures(folder) == [f"plan.json.{ANN}.sig"]


def test_allowed_signers_outside_the_project_are_not_read(
    folder: Path, keys: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "allowed"
    elsewhere.write_bytes((folder / "allowed_signers").read_bytes())
    (folder / "allowed_signers").unlink()
    assert approve(keys, "--yes") == 1
    (folder / "allowed_signers").symlink_to(elsewhere)
    assert approve(keys, "--yes") == 1
    assert signatures(folder) == []


def test_off_a_terminal_without_yes_it_is_a_usage_error(
    folder: Path, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open(os.devnull) as nothing:
        monkeypatch.setattr(sys, "stdin", nothing)
        assert approve(keys) == 64
    assert main(["approve", "plan.json", "--yes"]) == 64
    assert main(["approve", "absent.json", "--key", "x", "--yes"]) == 1
    assert signatures(folder) == []


@pytest.mark.parametrize(("answer", "code"), [("yes", 0), ("y", 1), ("no", 1), ("", 1)])
def test_on_a_terminal_only_yes_signs(folder: Path, keys: Path, answer: str, code: int) -> None:
    command = [sys.executable, "-c", "from reconciler.cli.main import run; run()"]
    command += ["approve", "plan.json", "--key", str(keys / "ann")]
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        os.close(theirs)
        os.write(ours, f"{answer}\n".encode())
        _, told = running.communicate(timeout=60)
        os.close(ours)
    assert running.returncode == code, told
    assert len(signatures(folder)) == (code == 0)
    assert "Sign sha256:" in told


@pytest.fixture
def agent(tmp_path: Path, keys: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An agent that holds ann's key."""
    done = subprocess.run(["ssh-agent", "-s"], capture_output=True, text=True, check=True)
    found = dict(re.findall(r"(SSH_\w+)=([^;]+);", done.stdout))
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    try:
        subprocess.run(["ssh-add", "-q", str(keys / "ann")], check=True, capture_output=True)
        yield
    finally:
        subprocess.run(["ssh-agent", "-k"], check=True, capture_output=True)


def test_a_public_key_signs_through_the_agent(
    folder: Path, keys: Path, tmp_path: Path, agent: None
) -> None:
    (tmp_path / "only.pub").write_bytes((keys / "ann.pub").read_bytes())
    assert main(["approve", "plan.json", "--key", "only.pub", "--yes"]) == 0
    assert good(folder, f"plan.json.{ANN}.sig", ANN)


def test_who_signed_before_is_told_with_what_does_not_count(
    folder: Path, keys: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = (folder / "plan.json").read_bytes()
    (folder / "plan.json.x.sig").write_bytes(approvals.sign(data, str(keys / "stranger")))
    assert approve(keys, "--yes") == 0
    assert "does not count: plan.json.x.sig" in capsys.readouterr().err

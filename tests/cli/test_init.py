"""`init`: what it writes works as it stands, and the commands it ends with lead to an apply."""

import json
import os
import pty
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.cli import main as cli
from reconciler.drivers import BUILT_IN
from reconciler.sandbox.server import bound

PATIENCE = 30


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def written(empty: Path) -> Path:
    assert cli.main(["init", "--ci", "github"]) == 0
    return empty


def steps(written: Path) -> list[dict[str, Any]]:
    workflow = yaml.safe_load((written / ".github/workflows/reconciler.yaml").read_text())
    found: list[dict[str, Any]] = workflow["jobs"]["apply"]["steps"]
    return found


def test_the_journal_is_kept_whatever_the_exit_code(written: Path) -> None:
    found = steps(written)
    (apply,) = [i for i, one in enumerate(found) if "reconciler apply" in one.get("run", "")]
    (save,) = [i for i, one in enumerate(found) if "cache/save" in one.get("uses", "")]
    (restore,) = [i for i, one in enumerate(found) if "cache/restore" in one.get("uses", "")]
    assert restore < apply < save
    assert found[save]["if"] == "always()"
    assert found[save]["with"]["path"] == found[restore]["with"]["path"] == ".reconciler"
    assert not [one for one in found if one.get("uses", "").startswith("actions/cache@")]


def test_a_journal_from_a_cache_may_be_old_so_ci_looks_first(written: Path) -> None:
    project = yaml.safe_load((written / "reconciler.yaml").read_text())
    assert [one["before"] for one in project["spec"]["accounts"].values()] == ["look"]


def test_gitlab_keeps_the_journal_whatever_the_exit_code_too(empty: Path) -> None:
    assert cli.main(["init", "--ci", "gitlab"]) == 0
    jobs = yaml.safe_load((empty / ".gitlab-ci.yml").read_text())
    ((name, apply),) = [(name, one) for name, one in jobs.items() if "reconciler apply" in str(one)]
    assert name == "reconciler:apply"
    assert apply["cache"] == {"key": "reconciler", "paths": [".reconciler/"], "when": "always"}
    assert apply["interruptible"] is False  # what is cut off would save an older one
    assert apply["artifacts"]["when"] == "always"
    assert ".reconciler/" in apply["artifacts"]["paths"]
    project = yaml.safe_load((empty / "reconciler.yaml").read_text())
    assert [one["before"] for one in project["spec"]["accounts"].values()] == ["look"]


def test_what_it_writes_is_valid(written: Path) -> None:
    assert cli.main(["validate"]) == 0


# ---------------------------------------------------------------- the first hour


def free_port() -> int:
    with bound(0) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def running(command: list[str]) -> Iterator[None]:
    """The sandbox, as its own command in another terminal."""
    with subprocess.Popen(
        [sys.executable, "-m", *command], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("sandbox: http://127.0.0.1:")
            yield
        finally:
            process.terminate()
            assert process.wait(PATIENCE) == 0


def began(capsys: pytest.CaptureFixture[str], *options: str) -> list[list[str]]:
    """The commands that `init` ends with."""
    assert cli.main(["init", "--yes", "--format", "json", *options]) == 0
    found = json.loads(capsys.readouterr().out)
    return [shlex.split(one["command"]) for one in found["next"]]


def follow(commands: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Do what is written, to the letter."""
    match commands:
        case []:
            return
        case [["export", pair], *rest]:
            monkeypatch.setenv(*pair.split("=", 1))
            follow(rest, monkeypatch)
        case [["reconciler", "sandbox", *_] as command, *rest]:
            with running(command):
                follow(rest, monkeypatch)
        case [["reconciler", *arguments], *rest]:
            assert cli.main(arguments) == 0, arguments
            follow(rest, monkeypatch)
        case other:
            pytest.fail(f"what is that? {other[0]}")


# What else a driver can be set to, the sandbox serves as well.
SET_TO = [
    *("batch-cep version=2.11", "batch-mep version=1.2", "batch-mep kind=in-app"),
    *("hubspot version=2026-09", "brevo kind=sms", "twilio apiKeySid=SK" + "1" * 32),
    *("ozonetel authentication=basic", "ozonetel bulk=false", "kore jti=true"),
]


@pytest.mark.parametrize("driver", SET_TO)  # each as it is by default: tests/docs, by the wheel
def test_the_commands_it_ends_with_lead_to_an_apply(
    driver: str,
    empty: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    driver, _, setting = driver.partition(" ")
    told = ["--driver", driver, "--account", "mine", "--port", str(free_port())]
    commands = began(capsys, *told, *(["--setting", setting] if setting else []))
    assert cli.main(["validate"]) == 0
    assert cli.main(["plan"]) == 0
    capsys.readouterr()
    follow(commands, monkeypatch)
    parts = 2 if driver == "ozonetel" else 1
    assert f"Result: {2 * parts} deleted." in capsys.readouterr().out


def test_a_project_of_three_campaigns_can_delete_one(
    empty: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    began(capsys, "--driver", "cellcast", "--account", "sms")
    (empty / "manifests/example.yaml").write_text(
        "apiVersion: reconciler/v1\nkind: CampaignAbsence\n"
        "metadata: {name: one, owner: me, reason: over}\n"
        "spec: {account: sms, absent: [{name: Welcome}]}\n"
    )
    assert cli.main(["plan", "--detailed-exitcode"]) == 2
    assert "Plan: 1 to delete, 0 refused" in capsys.readouterr().out


@pytest.mark.parametrize("driver", sorted(BUILT_IN))
def test_at_the_vendor_it_is_valid_and_names_no_sandbox(
    driver: str, empty: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = began(capsys, "--driver", driver, "--at", "vendor")
    capsys.readouterr()
    assert cli.main(["validate"]) == 0
    assert capsys.readouterr().out == "valid: 2 files read\n"  # without a warning
    assert "sandbox" not in (empty / "reconciler.yaml").read_text()
    assert not (empty / "inventory.ndjson").exists()
    assert ["reconciler", "sandbox"] not in [one[:2] for one in commands]
    assert cli.main(["plan"]) == 1
    assert "reconciler inventory pull" in capsys.readouterr().err


def test_what_nobody_has_said_of_a_vendor_is_called_an_example(
    empty: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = ["init", "--yes", "--driver", "kore", "--at", "vendor", "--setting", "accountId=mine"]
    assert cli.main(told) == 0
    lines = (empty / "reconciler.yaml").read_text().splitlines()
    marked = [one.split(":")[0].strip() for one in lines if "an example: is it yours?" in one]
    assert marked == ["host", "streamId", "clientId"]
    assert "# once host, streamId, clientId are your own: is everything" in capsys.readouterr().out


def test_answers_stand_in_the_file_and_what_is_wrong_with_one_is_told_before_it_is_written(
    empty: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = ["init", "--yes", "--driver", "mailchimp", "--at", "vendor", "--account", "news"]
    assert cli.main([*told, "--setting", "dataCenter=here"]) == 64
    assert "dataCenter: " in capsys.readouterr().err
    assert cli.main([*told, "--credential", "apiKey=0123456789-us6"]) == 64
    assert "0123456789" not in (said := capsys.readouterr().err)
    assert "env:NAME or file:PATH" in said
    assert not list(empty.iterdir())
    source = ["--credential", "apiKey=file:/run/secrets/it is: mine"]
    assert cli.main([*told, "--setting", "dataCenter=us21", *source]) == 0
    account = yaml.safe_load((empty / "reconciler.yaml").read_text())["spec"]["accounts"]["news"]
    settings = {"dataCenter": "us21", "apiKey": {"file": "/run/secrets/it is: mine"}}
    assert account == {"driver": "mailchimp", "settings": settings, "scope": "news"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--driver", "batch"], "no driver 'batch'"),
        (["--account", "Push Prod"], "write a-z, 0-9 and -"),
        (["--setting", "projekt=1"], "batch-cep has no 'projekt'"),
        (["--credential", "project=env:A"], "batch-cep has no 'project'"),
        (["--credential", "restApiKey=sk_live"], "env:NAME or file:PATH"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_nothing_is_written(
    given: list[str], said: str, empty: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["init", "--yes", *given]) == 64
    assert said in capsys.readouterr().err
    assert not list(empty.iterdir())


def test_nothing_that_is_there_is_overwritten(
    empty: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    began(capsys, "--driver", "kore", "--account", "contact")
    before = {path: path.read_bytes() for path in empty.rglob("*") if path.is_file()}
    assert cli.main(["init", "--yes", "--driver", "twilio", "--account", "texts"]) == 0
    out = capsys.readouterr().out
    assert "exists   reconciler.yaml (left as it is)" in out
    assert "put this under spec.accounts:" in out
    assert "driver: twilio" in out
    assert {path: path.read_bytes() for path in empty.rglob("*") if path.is_file()} == before
    assert cli.main(["init", "--ci", "github"]) == 0
    assert "KORE_CLIENT_SECRET" in (empty / ".github/workflows/reconciler.yaml").read_text()


def test_on_a_terminal_it_asks(empty: Path) -> None:
    ours, theirs = pty.openpty()
    answers = ["twilio", "texts", "vendor", "AC: 1", "env:MY_TOKEN"]
    answers += [f"AC{'1' * 32}", "env:MY_TOKEN"]  # the first was none, so it is asked again
    os.write(ours, "".join(f"{one}\n" for one in answers).encode())
    with subprocess.Popen(
        [sys.executable, "-m", "reconciler", "init"], stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        shown = b""
        with suppress(OSError):  # the end of a terminal
            while piece := os.read(ours, 65536):
                shown += piece
        assert process.wait(PATIENCE) == 0
    os.close(ours)
    assert b"accountSid: this " in shown
    for one in (b"Which vendor?", b"the vendor itself?", b"accountSid", b"never the secret itself"):
        assert one in shown
    account = yaml.safe_load((empty / "reconciler.yaml").read_text())["spec"]["accounts"]["texts"]
    settings = {"accountSid": f"AC{'1' * 32}", "authToken": {"env": "MY_TOKEN"}}
    assert account == {"driver": "twilio", "settings": settings}
    assert cli.main(["validate"]) == 0

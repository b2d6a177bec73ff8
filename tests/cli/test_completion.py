"""Completion, in the shells themselves."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from reconciler.cli import main as cli
from reconciler.cli._completions import finder_of
from tests.support.forked_command import forked_command
from tests.support.forks import shared
from tests.support.shells import Shell

PROJECT = """\
apiVersion: reconciler/v1
kind: Project
metadata: {name: acme}
spec:
  accounts:
    push-prod: {driver: batch-cep, settings: {project: p, restApiKey: {env: A}}}
    push-test: {driver: batch-cep, settings: {project: q, restApiKey: {env: A}}}
    texts: {driver: cellcast, settings: {apiKey: {env: B}}}
"""
MANIFEST = """\
apiVersion: reconciler/v1
kind: CampaignAbsence
metadata: {name: diwali, owner: o, reason: r}
spec: {account: texts, absent: [{id: x}]}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("completion") / "project"
    (root / "manifests").mkdir(parents=True)
    (root / "deep folder").mkdir()
    (root / "reconciler.yaml").write_text(PROJECT)
    (root / "manifests/diwali.yaml").write_text(MANIFEST)
    (root / "inventory.ndjson").write_text('{"account":"texts","id":"x","name":"X"}\n')
    (root / "notes.txt").write_text("notes")
    (root / "other.json").write_text("{}")
    (root / "id_ed25519").write_text("key")
    before = os.getcwd()
    os.chdir(root)
    try:
        assert cli.main(["plan", "--out", "plan.json"]) == 0
        assert cli.main(["plan", "--out", "deep folder/old plan.json"]) == 0
    finally:
        os.chdir(before)
    return root


@pytest.fixture(scope="module", params=["bash", "zsh", "fish"])
def shell(
    request: pytest.FixtureRequest, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shell]:
    with forked_command(shared(), tmp_path_factory.mktemp("bin")) as bin_:
        opened = Shell(request.param, folder, f"{bin_}:{os.environ['PATH']}")
        yield opened
        opened.close()


LINES = {
    "expl": "explain",
    "plan --deta": "plan --detailed-exitcode",
    "show pl": "show plan.json",
    "show other": "show other.json",  # no plan: the shell's own completion of files
    "show notes": "show notes.txt",
    "apply plan.json --account te": "apply plan.json --account texts",
    "plan --account=te": "plan --account=texts",
    "explain te": "explain texts/",
    "apply plan.json --target texts/": "apply plan.json --target texts/x",
    "plan --inventory inv": "plan --inventory inventory.ndjson",
    "plan --manifest di": "plan --manifest diwali",
    "drivers oz": "drivers ozonetel",
    "init --driver kl": "init --driver klaviyo",
    "plan --report mark": "plan --report markdown=",
    "plan --report html=no": "plan --report html=notes.txt",
    "plan --format terra": "plan --format terraform-json",
    "generate --match olderT": "generate --match olderThan=",
    "approve plan.json --key id": "approve plan.json --key id_ed25519",
    "-C deep\\ folder show old": "-C|deep folder|show|old plan.json",
}


@pytest.mark.parametrize("typed", LINES)
def test_what_is_typed_is_completed(shell: Shell, typed: str) -> None:
    wanted = LINES[typed].split("|" if "|" in LINES[typed] else " ")
    assert shell.completed(f"reconciler {typed}") == ["reconciler", *wanted]


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("plan --account ", ("push-prod", "push-test", "texts")),
        ("show ", ("deep folder", "plan.json")),
        ("completion ", ("bash", "fish", "zsh")),
    ],
)
def test_what_may_stand_there_is_offered(shell: Shell, typed: str, wanted: tuple[str, ...]) -> None:
    shell.offered(f"reconciler {typed}", *wanted)


def test_a_project_that_is_wrong_breaks_no_completion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reconciler.yaml").write_text("odd: [")
    for name, value in (
        ("COMP_WORDS", "reconciler\nplan\n--account\n"),
        ("COMP_CWORD", "3"),
        ("_RECONCILER_COMPLETE", "bash_complete"),
    ):
        monkeypatch.setenv(name, value)
    assert cli.main([]) == 0
    assert capsys.readouterr() == ("", "")


def _parameters(
    command: click.Command, context: click.Context
) -> Iterator[tuple[click.Context, click.Parameter]]:
    yield from ((context, one) for one in command.params)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            below = click.Context(inner, parent=context, info_name=name)
            yield from _parameters(inner, below)


def test_every_parameter_that_takes_a_file_or_a_name_of_the_project_is_completed() -> None:
    top = click.Context(cli.cli, info_name="reconciler")
    missing = []
    for context, one in _parameters(cli.cli, top):
        shown = one.metavar or (one.name or "").upper()
        named = {"FILE", "PLAN", "DIR", "IN", "ACCOUNT", "A", "DRIVER"} & set(
            re.split(r"[^A-Z]+", shown)
        )
        known = isinstance(one.type, click.Path | click.Choice) or finder_of(context, one)
        free = (context.info_name, one.name) in {("init", "account"), ("init", "credentials")}
        if named and not known and not free:
            missing.append(f"{context.command_path} {one.name} {shown}")
    assert missing == []

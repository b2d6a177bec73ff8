"""Inventories as people have them: options that say how a file is read, in every command."""

import json
import os
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from reconciler.cli.main import main
from reconciler.plan import origin

EPOCH = "1795262400"  # 2026-11-21T12:00:00Z
PROJECT = """\
apiVersion: reconciler/v1
kind: Project
metadata: {name: acme}
spec:
  accounts:
    push:
      driver: batch-cep
      settings: {project: project_06, restApiKey: {env: NOT_SET_ANYWHERE}}
"""
MANIFEST = """\
apiVersion: reconciler/v1
kind: CampaignAbsence
metadata: {name: retire}
spec: {account: push, absent: [{match: {createdBefore: 2025-02-01}}]}
"""
RECORD = '{"account":"push","id":"one","name":"One","createdAt":"2024-01-02"}\n'
TABLE = "Account;ID;Name;Created At\r\npush;one;Été;01/02/2024\r\npush;two;Deux;03/04/2025\r\n"
DATES = ("--date-format", "%d/%m/%Y")


class Files:
    """The project's folder, and the commands in it."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self._capsys = capsys
        self.out = self.err = ""

    def write(self, name: str, text: str | bytes) -> str:
        data = text if isinstance(text, bytes) else text.encode()
        (self.root / name).write_bytes(data)
        return name

    def run(self, *arguments: str) -> int:
        self._capsys.readouterr()
        code = int(main(list(arguments)))
        self.out, self.err = self._capsys.readouterr()
        return code

    def plan(self, *arguments: str) -> dict[str, Any]:
        code = self.run("plan", "--out", "plan.json", *arguments)
        assert code in (0, 3), self.err
        found: dict[str, Any] = json.loads((self.root / "plan.json").read_bytes())
        return found


@pytest.fixture
def files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Files:
    for name in (*origin._AUTHORS, *origin._COMMITS, "GIT_CONFIG_GLOBAL", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", EPOCH)
    root = tmp_path / "project"
    (root / "manifests").mkdir(parents=True)
    (root / "reconciler.yaml").write_text(PROJECT)
    (root / "manifests" / "all.yaml").write_text(MANIFEST)
    monkeypatch.chdir(root)
    return Files(root, capsys)


def deleted(plan: dict[str, Any]) -> list[str]:
    return [one["id"] for one in plan["actions"] if one["action"] == "delete"]


def reading(plan: dict[str, Any]) -> Any:
    (one,) = plan["inputs"]["inventory"]
    return one.get("reading")


# ---------------------------------------------------------------- as people have it


def test_a_table_of_a_spreadsheet_is_planned_in_one_command(files: Files) -> None:
    name = files.write("export.csv", "\ufeff" + TABLE)
    plan = files.plan("--inventory", name, *DATES, "--captured-at", "2026-11-21T08:00:00Z")
    assert deleted(plan) == ["one"]
    assert plan["actions"][0]["name"] == "Été"
    assert plan["accounts"]["push"]["capturedAt"] == "2026-11-21T08:00:00Z"
    assert reading(plan) == {"capturedAt": "2026-11-21T08:00:00Z", "dateFormat": "%d/%m/%Y"}


@pytest.mark.parametrize(
    "text",
    [
        "sep=;\n" + TABLE,
        '"sep=;"\r\n' + TABLE,
        TABLE.replace(";", ","),
        TABLE.replace(";", "\t"),
        TABLE.replace("\r\n", "\r"),
        TABLE.replace("\r\n", "\n") + "\n\n",
        TABLE.replace("Account;ID", " ACCOUNT ; id "),
        TABLE.replace("Created At", "created_at"),
        TABLE.replace("push;one", '"push";"one"'),
        TABLE.replace("At\r", "At;\r").replace("2024", "2024;").replace("2025", "2025;"),
    ],
)
def test_delimiters_line_ends_and_headers_are_as_they_come(files: Files, text: str) -> None:
    assert deleted(files.plan("--inventory", files.write("x.csv", text), *DATES)) == ["one"]


def test_a_table_in_windows_1252_is_refused_once_with_the_command_that_reads_it(
    files: Files,
) -> None:
    name = files.write("export.csv", TABLE.encode("cp1252"))
    assert files.run("plan", "--inventory", name, *DATES) == 1
    assert files.err.count("error") == 1
    command = files.err.split("UTF-8, or: ")[1].strip().removesuffix(")").splitlines()[0]
    assert os.waitstatus_to_exitcode(os.system(command)) == 0
    assert deleted(files.plan("--inventory", "export-new.csv", *DATES)) == ["one"]


def test_columns_are_named_and_filled(files: Files) -> None:
    name = files.write("e.csv", "Campaign Id,Title,State,Team\none,One,Live,growth\n")
    options = ["--map", "id=Campaign Id", "--map", "name=title", "--set", "account=push"]
    options += ["--map", "attributes.status=State", "--map", "labels.team=Team"]
    plan = files.plan("--inventory", name, *options)
    assert reading(plan) == {
        "map": {
            "attributes.status": "State",
            "id": "Campaign Id",
            "label.team": "Team",
            "name": "title",
        },
        "set": {"account": "push"},
    }
    assert files.run("explain", "push/one", "--inventory", name, *options) == 0
    assert files.run("inventory", "stats", name, *options, "--label", "team") == 0
    assert "growth" in files.out
    assert files.run("inventory", "diff", name, name, *options) == 0
    assert files.run("inventory", "convert", name, "out.ndjson", *options) == 0
    record = json.loads((files.root / "out.ndjson").read_text().splitlines()[1])
    assert record == {
        "account": "push",
        "id": "one",
        "name": "One",
        "labels": {"team": "growth"},
        "attributes": {"status": "Live"},
    }


def test_one_column_may_hold_several_fields(files: Files) -> None:
    name = files.write("e.csv", "Campaign,Numbers\none,918187867008;919876543210\n")
    options = ["--map", "id=Campaign", "--map", "name=Campaign", "--map", "phoneNumbers=Numbers"]
    assert (
        files.run("inventory", "convert", name, "o.ndjson", *options, "--set", "account=push") == 0
    )
    record = json.loads((files.root / "o.ndjson").read_text().splitlines()[1])
    assert (record["id"], record["name"]) == ("one", "one")
    assert record["phoneNumbers"] == ["918187867008", "919876543210"]


@pytest.mark.parametrize(
    ("date_format", "cell", "goes"),
    [
        ("%s", "1704067200", True),
        ("%s", "1740000000", False),
        ("%Q", "1704067200999", True),
        ("%m/%d/%y", "12/31/24", True),
        ("%d %B %Y %H:%M", "31 January 2025 23:59", True),
        ("%d.%m.%Y", "01.02.2025", False),
    ],
)
def test_dates_are_read_by_their_format(
    files: Files, date_format: str, cell: str, goes: bool
) -> None:
    name = files.write("e.csv", f"account,id,name,createdAt\npush,one,One,{cell}\n")
    plan = files.plan("--inventory", name, "--date-format", date_format)
    assert bool(deleted(plan)) is goes


# ---------------------------------------------------------------- fixes that work


@pytest.mark.parametrize(
    "text",
    [
        "Campaign Id,name,account\none,One,push\n",
        "id,name\none,One\n",
        "account,id,Campaign Title\npush,one,One\n",
        "account;id;name;createdAt\npush;one;One;13/02/2024\n",
        "account,id,name,createdAt\npush,one,One,1704067200\n",
        "account,id,name,createdAt\npush,one,One,1704067200000\n",
        "account,id,name\npush,6.75E+23,One\n",
        'account,id,name\npush,"=""0123""",One\n',
        "account,id,name\npush,1.0,One\n",
        'account,id,name,phoneNumbers\npush,one,One,"918187867008.0"\n',
        "account,id,name,Status\npush,one,One,Live\n",
    ],
)
def test_the_fix_of_a_table_works_when_it_is_followed(files: Files, text: str) -> None:
    name = files.write("e.csv", text)
    options: list[str] = []
    for _ in range(3):
        if files.run("plan", "--inventory", name, *options) == 0:
            break
        found = re.search(r"--(?:map|set|date-format) (?:'[^']*'|\S+?)(?=[\s,)]|$)", files.err)
        assert found is not None, files.err
        options += shlex.split(found[0])
    assert options
    assert files.run("plan", "--inventory", name, *options) == 0


@pytest.mark.parametrize(
    ("name", "text", "read_as"),
    [
        ("e.ndjson", json.dumps([json.loads(RECORD)], indent=2), "json"),
        ("e.json", RECORD + RECORD.replace("one", "two"), "ndjson"),
        ("e.json", "account,id,name\npush,one,One\n", "csv"),
        ("e.csv", RECORD, "ndjson"),
    ],
)
def test_another_format_is_read_as_its_error_says(
    files: Files, name: str, text: str, read_as: str
) -> None:
    files.write(name, text)
    assert files.run("plan", "--inventory", name) == 1
    assert files.err.count("error") == 1
    assert f"--inventory-format {read_as}" in files.err
    files.plan("--inventory", name, "--inventory-format", read_as)
    assert files.run("inventory", "convert", name, "new.json", "--inventory-format", read_as) == 0


def test_places_have_columns(files: Files) -> None:
    name = files.write("e.csv", 'account,id,name,status\npush,one,"One, two",Live\npush,x\n')
    assert files.run("plan", "--inventory", name) == 1
    assert "e.csv:2:21: " in files.err
    assert "e.csv:3:6: error: the row has 2 cells" in files.err


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ('account,id,name\npush,one,"One\n', "2:10", "the quote here is never closed"),
        ('account,id,name\npush,"o"ne,x\n', "2:9", "goes on after its closing quote"),
        ("account,id,name\npush,one," + "x" * 140_000, "2:10", "a cell is longer than 128 KiB"),
        ("account,id,name,ID\n", "1:17", "the column `id` (`ID`) a second time"),
        ("sep=|\naccount|id|name\n", "1:1", "parted by `|`"),
    ],
)
def test_broken_tables_are_told_in_our_words(
    files: Files, text: str, place: str, said: str
) -> None:
    assert files.run("plan", "--inventory", files.write("e.csv", text)) == 1
    assert f"e.csv:{place}: " in files.err
    assert said in files.err


# ---------------------------------------------------------------- when it was captured


def test_the_time_of_the_file_is_told_and_recorded(files: Files) -> None:
    name = files.write("e.ndjson", RECORD)
    os.utime(files.root / name, (1795240800, 1795240800))
    plan = files.plan("--inventory", name, "--captured-at", "mtime")
    assert "e.ndjson: captured 2026-11-21T06:00:00Z, when it was last changed" in files.err
    assert reading(plan) == {"capturedAt": "2026-11-21T06:00:00Z"}
    assert plan["accounts"]["push"]["capturedAt"] == "2026-11-21T06:00:00Z"


def test_in_a_git_work_tree_the_time_of_a_file_says_nothing(files: Files) -> None:
    (files.root / ".git").mkdir()
    name = files.write("e.ndjson", RECORD)
    assert files.run("plan", "--inventory", name, "--captured-at", "mtime") == 64
    assert "a checkout makes every file new" in files.err


def test_a_header_says_better_when_it_was_captured(files: Files) -> None:
    head = '{"kind":"Inventory","accounts":{"push":{"capturedAt":"2026-11-21T01:00:00Z"}}}\n'
    name = files.write("e.ndjson", head + RECORD)
    plan = files.plan("--inventory", name, "--captured-at", "2026-11-21T09:00:00Z")
    assert plan["accounts"]["push"]["capturedAt"] == "2026-11-21T01:00:00Z"


def test_a_capture_in_the_future_is_an_error(files: Files) -> None:
    name = files.write("e.ndjson", RECORD)
    assert files.run("plan", "--inventory", name, "--captured-at", "2027-01-01") == 1
    assert "lies in the future" in files.err


# ---------------------------------------------------------------- said wrong


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--map", "id"], "write FIELD=TEXT"),
        (["--map", "created=x"], "did you mean createdAt?"),
        (["--map", "id=a", "--map", "ID=b"], "id is the same field"),
        (["--map", "id=a", "--map", "id=b"], "id is said twice"),
        (["--map", "id=a", "--set", "id=b"], "leave one of them out"),
        (["--set", "ids=number"], "write ids=text"),
        (["--set", "status=Live"], "use one of draft"),
        (["--date-format", "%H:%M"], "does not say day, month and year"),
        (["--date-format", "%d/%q"], "does not say day, month and year"),
        (["--captured-at", "yesterday"], "write 2026-11-20T08:00:00Z, or mtime"),
    ],
)
def test_what_cannot_be_meant_is_64(files: Files, options: list[str], said: str) -> None:
    name = files.write("e.csv", "account,id,name\npush,one,One\n")
    assert files.run("plan", "--inventory", name, *options) == 64
    assert said in files.err


def test_options_of_tables_need_a_table(files: Files) -> None:
    name = files.write("e.ndjson", RECORD)
    assert files.run("plan", "--inventory", name, "--map", "id=x") == 64
    assert "--map is for CSV" in files.err


def test_a_table_beside_another_file_takes_its_options_alone(files: Files) -> None:
    head = '{"kind":"Inventory","accounts":{"push":{"fields":["createdAt"]}}}\n'
    one = files.write("one.ndjson", head + RECORD)
    two = files.write("two.csv", "Nr,name\ntwo,Two\n")
    options = ["--map", "id=Nr", "--set", "account=push"]
    plan = files.plan("--inventory", one, "--inventory", two, *options)
    first, second = plan["inputs"]["inventory"]
    assert "reading" not in first
    assert second["reading"] == {"map": {"id": "Nr"}, "set": {"account": "push"}}


# ---------------------------------------------------------------- apply reads it so again


def test_apply_reads_a_file_as_its_plan_did(files: Files) -> None:
    name = files.write("e.csv", TABLE.replace("ID", "Campaign"))
    options = ["--map", "id=Campaign", *DATES, "--captured-at", "2026-11-21T08:00:00Z"]
    assert deleted(files.plan("--inventory", name, *options)) == ["one"]
    assert files.run("apply", "plan.json", "--dry-run", "--inventory", name) == 0
    assert "one" in files.out
    assert files.run("apply", "plan.json", "--dry-run", "--inventory", name, *DATES) == 1
    assert "there is no column `id`" in files.err


def test_a_plan_of_plain_files_says_nothing_of_how_they_are_read(files: Files) -> None:
    files.write("inventory.ndjson", RECORD)
    plan = files.plan()
    assert list(plan["inputs"]["inventory"][0]) == ["path", "sha256", "campaigns"]
    assert reading(files.plan("--inventory-format", "ndjson")) is None


# ---------------------------------------------------------------- the same in the project file

ENTRY = """\
  inventory:
    - inventory.ndjson
    - path: export.txt
      format: csv
      capturedAt: 2026-11-21T08:00:00Z
      dateFormat: "%d/%m/%Y"
      map: {id: Campaign Id}
      set: {account: push}
"""


def test_the_project_says_how_its_files_are_read(files: Files) -> None:
    (files.root / "reconciler.yaml").write_text(PROJECT + ENTRY)
    head = '{"kind":"Inventory","capturedAt":"2026-11-21T09:00:00Z"}\n'
    files.write("inventory.ndjson", head + RECORD.replace("one", "zero"))
    files.write("export.txt", "Campaign Id;name;createdAt\none;One;01/02/2024\n")
    plan = files.plan()
    assert deleted(plan) == ["one", "zero"]
    assert plan["accounts"]["push"]["capturedAt"] == "2026-11-21T08:00:00Z"
    first, second = plan["inputs"]["inventory"]
    assert "reading" not in first
    assert second["reading"] == {
        "format": "csv",
        "capturedAt": "2026-11-21T08:00:00Z",
        "dateFormat": "%d/%m/%Y",
        "map": {"id": "Campaign Id"},
        "set": {"account": "push"},
    }
    assert files.run("inventory", "stats") == 0
    assert files.out.startswith("2 campaigns")
    assert files.run("apply", "plan.json", "--dry-run") == 0


@pytest.mark.parametrize(
    ("written", "right", "line"),
    [
        ("format: csv", "format: xls", 12),
        ("2026-11-21T08:00:00Z", "yesterday", 13),
        ("%d/%m/%Y", "%H", 14),
        ("map: {id", "map: {ident", 15),
        ("set: {account: push}", "set: {ids: number}", 16),
        ("map: {id", "maps: {id", 15),
        ("path: export.txt", "path: ../export.txt", 11),
    ],
)
def test_a_wrong_entry_is_told_at_its_place(
    files: Files, written: str, right: str, line: int
) -> None:
    (files.root / "reconciler.yaml").write_text(PROJECT + ENTRY.replace(written, right))
    assert files.run("validate") == 1
    assert f"reconciler.yaml:{line}:" in files.err
    assert "fix:" in files.err

"""A spreadsheet's CSV is planned in one command, or refused once with the command that reads it."""

import os
import shlex
import subprocess
from itertools import product
from pathlib import Path

import pytest

from reconciler.cli.main import main
from tests.support.wrong_inputs import MANIFEST, NOW, PROJECT

ROWS = ("c1", "Größe eins", "stopped"), ("c2", "Two", "stopped")
HEADERS = {
    "ours": ("Account", "ID", "Name", "Status"),
    "none of the account": (None, "id", "name", "status"),
    "theirs": (None, "Campaign Id", "Überschrift", "Status"),
    "all theirs": (None, "Campaign ID", "Campaign Name", "Status of it"),
}
DATES = {
    "none": (None, None),
    "of a day": ("28/03/2025", "01/02/2025"),
    "of either": ("01/02/2025", "03/02/2025"),
    "seconds": ("1738368000", "1738368001"),
}
AT = 1795851000  # half an hour before NOW


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "manifests").mkdir()
    (tmp_path / "reconciler.yaml").write_text(PROJECT)
    (tmp_path / "manifests/a.yaml").write_text(MANIFEST)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795860000")  # two hours after NOW
    return tmp_path


def table(delimiter: str, header: str, dates: str, end: str = "\r\n") -> str:
    found = [*HEADERS[header], "Created At"]
    rows = [("push", *one, day) for one, day in zip(ROWS, DATES[dates], strict=True)]
    kept = [
        n for n, one in enumerate(found) if one is not None and (n < 4 or rows[0][4] is not None)
    ]
    lines = [[str(line[n]) for n in kept] for line in (found, *rows)]
    return "".join(delimiter.join(line) + end for line in lines)


def commands(said: str) -> list[str]:
    """What is offered to be copied."""
    _, found, after = said.partition("reads it as it is:\n")
    if not found:
        _, found, after = said.partition("read it as it is:\n")
    return [line.strip() for line in after.splitlines() if line.startswith("    ")]


def run(command: str) -> int:
    """Do what was copied: what comes before `reconciler` by a shell, that here."""
    *steps, last = command.split(" && ")
    for one in steps:
        subprocess.run(["bash", "-c", one], check=True)
    name, *arguments = shlex.split(last)
    assert name == "reconciler"
    return int(main(arguments))


@pytest.mark.parametrize(
    ("delimiter", "encoding", "header", "dates"),
    list(product(";,\t|", ["utf-8", "utf-8-sig", "cp1252", "utf-16"], HEADERS, DATES)),
)
def test_it_is_planned_at_once_or_by_the_one_command_that_the_refusal_offers(
    root: Path,
    capsys: pytest.CaptureFixture[str],
    delimiter: str,
    encoding: str,
    header: str,
    dates: str,
) -> None:
    text = table(delimiter, header, dates)
    (root / "export.csv").write_bytes(text.encode(encoding))
    os.utime(root / "export.csv", (AT, AT))
    # by turns it is said when it was captured, or the file's own time is offered
    captured = ["--captured-at", NOW] if len(dates) % 2 else []
    command = ["plan", "--inventory", "export.csv", *captured]
    known = encoding.startswith("utf-8") and header == "ours" and dates == "none"
    if known and delimiter != "|":
        captured = ["--captured-at", NOW]
        assert main([*command, *captured][:5]) == 0
        assert "2 to delete" in capsys.readouterr().out
        return
    assert main(command) == 1
    found = commands(said := capsys.readouterr().err)
    # the project has two accounts, and some days are those of two months
    ways = (1 if header == "ours" else 2) * (2 if dates == "of either" else 1)
    assert len(found) == ways, said
    (right,) = [one for one in found if "=sms" not in one and "%m/%d" not in one]
    assert run(right) == 0, capsys.readouterr().err
    assert "2 to delete" in (shown := capsys.readouterr().out)
    assert "Größe eins" in shown


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_ends_of_lines_are_what_they_are(
    root: Path, capsys: pytest.CaptureFixture[str], end: str
) -> None:
    (root / "export.csv").write_text(table(";", "ours", "none", end), newline="")
    assert main(["plan", "--inventory", "export.csv", "--captured-at", NOW]) == 0
    assert "2 to delete" in capsys.readouterr().out


def test_dates_that_no_one_format_reads_are_told_once_and_without_a_command(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = "push,c1,One,28/03/2025\npush,c2,Two,03/28/2025\npush,c3,Three,03/28/2025\n"
    (root / "export.csv").write_text(f"account,id,name,createdAt\n{rows}")
    assert main(["plan", "--inventory", "export.csv"]) == 1
    said = capsys.readouterr().err
    assert said.count("error: ") == 1
    assert "and 2 more are like it" in said
    assert "not all dates are written in one way" in said
    assert not commands(said)


def test_where_something_else_is_wrong_no_command_is_offered_that_would_be_refused(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = table(";", "theirs", "of a day").replace("c1", "6.75E+23")
    (root / "export.csv").write_text(text)
    assert main(["plan", "--inventory", "export.csv"]) == 1
    said = capsys.readouterr().err
    assert "its digits are lost" in said
    assert not commands(said)


def test_the_command_holds_what_was_said_already_and_goes_into_the_folder_of_dash_c(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root.parent)
    (root / "an export.csv").write_bytes(table(";", "theirs", "of a day").encode("cp1252"))
    os.utime(root / "an export.csv", (AT, AT))
    asked = ["plan", "--inventory=an export.csv", "--map", "id=Campaign", "--out", "p.json"]
    assert main(["-C", root.name, *asked, "--captured-at", "mtime", "--set=account=push"]) == 1
    (found,) = commands(said := capsys.readouterr().err)
    assert found.startswith(f"cd {root.name} && iconv -f WINDOWS-1252"), said
    assert "mtime" not in found  # a new file has another
    assert found.count("--map id=") + found.count("--map 'id=") == 1
    cd, *rest = found.split(" && ")
    monkeypatch.chdir(root.parent / shlex.split(cd)[1])
    assert run(" && ".join(rest)) == 0, capsys.readouterr().err
    assert (root / "p.json").is_file()


def test_a_file_that_the_project_names_stays_where_it_names_it(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "reconciler.yaml").write_text(PROJECT + "  inventory: [in/export.csv]\n")
    (root / "in").mkdir()
    (root / "in/export.csv").write_bytes(table("|", "ours", "of a day").encode("cp1252"))
    os.utime(root / "in/export.csv", (AT, AT))
    assert main(["plan"]) == 1
    (found,) = commands(capsys.readouterr().err)
    assert run(found) == 0, capsys.readouterr().err
    assert "2 to delete" in capsys.readouterr().out


def test_a_row_that_names_no_column_says_how_to_name_them(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "export.csv").write_text("push,c1,One\n")
    assert main(["plan", "--inventory", "export.csv"]) == 1
    said = capsys.readouterr().err
    for one in ("--set account=NAME", "--map id=COLUMN", "--map name=COLUMN"):
        assert f"name it in the first row, or say {one}" in said
    assert "One" not in said


def test_what_a_command_is_offered_for_is_not_called_unknown(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "export.csv").write_text("Campaign ID,Campaign Name,Opens\nc1,One,7\n")
    os.utime(root / "export.csv", (AT, AT))
    assert main(["plan", "--inventory", "export.csv"]) == 1
    said = capsys.readouterr().err
    assert [line.split("`")[1] for line in said.splitlines() if "unknown field" in line] == [
        "Opens"
    ]


@pytest.mark.parametrize("cell", ["#N/A", "#REF!", "#NAME?"])
def test_what_a_spreadsheet_shows_in_place_of_a_value_is_no_id(
    root: Path, capsys: pytest.CaptureFixture[str], cell: str
) -> None:
    (root / "export.csv").write_text(f"account,id,name\npush,{cell},One\n")
    assert main(["plan", "--inventory", "export.csv"]) == 1
    assert f"export.csv:2:6: error: `id` is `{cell}`: it is what a spreadsheet shows" in (
        capsys.readouterr().err
    )

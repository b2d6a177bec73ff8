"""docs/exports.md: every command of it reads the file that it is about."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from reconciler.cli.main import main
from reconciler.inventory.notes import SHOWN

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "exports.md").read_text("utf-8")


def commands() -> list[tuple[str, str]]:
    """Each command of the page with what it is said to print."""
    found = []
    for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL):
        for part in block.split("$ ")[1:]:
            line, _, shown = part.partition("\n")
            found.append((line, shown.strip()))
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example project, where commands may write."""
    place = tmp_path_factory.mktemp("example")
    shutil.copytree(ROOT / "examples" / "exports", place / "examples" / "exports")
    shutil.copytree(ROOT / "manifests", place / "manifests")
    for name in ("reconciler.yaml", "inventory.ndjson"):
        shutil.copy(ROOT / name, place)
    return place


@pytest.mark.parametrize(("line", "shown"), commands())
def test_a_command_of_the_page_reads_its_file(
    line: str,
    shown: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder)
    words = shlex.split(line)
    if words[0] != "reconciler":
        subprocess.run(["sh", "-c", line], check=True)
        return
    code = main(words[1:])
    told = capsys.readouterr()
    assert code == (1 if "error:" in shown else 0), told.err
    assert shown in told.out + told.err
    assert told.err.count(": error: ") <= SHOWN
    if "error:" not in shown:
        assert "unknown field" not in told.err


def test_every_export_is_on_the_page() -> None:
    for path in (ROOT / "examples" / "exports").iterdir():
        assert f"examples/exports/{path.name}" in PAGE


def test_what_the_page_shows_of_a_file_is_in_it() -> None:
    for name, shown in re.findall(r'```text title="([^"]+)"\n(.*?)```', PAGE, re.DOTALL):
        data = (ROOT / name).read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
        assert data.startswith(shown), name


def test_the_batch_export_plans_what_the_inventory_does(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    line = next(one for one, _ in commands() if "batch.csv" in one)
    assert main(shlex.split(line)[1:]) == 0
    out = capsys.readouterr().out
    assert "Delete, matched: " in out
    assert "Inventory: 12 campaigns" in out

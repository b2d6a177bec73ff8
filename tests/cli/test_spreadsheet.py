"""A spreadsheet's CSV is planned in one command, or refused once with the command that reads it."""

from itertools import product
from pathlib import Path

import pytest

from reconciler.cli.main import main
from tests.support.following import Hand, errors_in
from tests.support.wrong_inputs import MANIFEST, NOW, PROJECT

ROWS = ["push{0}c1{0}Größe eins{1}", "push{0}c2{0}Two{2}"]
DATES = {"none": ("", "", ""), "slashes": ("Created At", "01/02/2025", "28/03/2025")}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "manifests").mkdir()
    (tmp_path / "reconciler.yaml").write_text(PROJECT)
    (tmp_path / "manifests/a.yaml").write_text(MANIFEST)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795860000")  # two hours after NOW
    return tmp_path


@pytest.mark.parametrize(
    ("delimiter", "end", "encoding", "dates"),
    list(product([";", ",", "\t"], ["\n", "\r\n"], ["utf-8", "utf-8-sig", "cp1252"], DATES)),
)
def test_it_is_planned_at_once_or_by_what_the_refusals_say(
    root: Path,
    capsys: pytest.CaptureFixture[str],
    delimiter: str,
    end: str,
    encoding: str,
    dates: str,
) -> None:
    column, *days = DATES[dates]
    cells = [f"{delimiter}{one}" if one else "" for one in (column, *days)]
    lines = [f"Account{delimiter}ID{delimiter}Name{cells[0]}"]
    lines += [row.format(delimiter, *cells[1:]) for row in ROWS]
    (root / "export.csv").write_bytes((end.join(lines) + end).encode(encoding))
    hand = Hand(root, ["plan", "--inventory", "export.csv", "--captured-at", NOW])
    wanted = (encoding == "cp1252") + (dates == "slashes")
    for _ in range(wanted):  # one refusal for each thing that nobody can know
        assert main(hand.command) == 1
        first, *others = errors_in(capsys.readouterr().err)
        assert all("--date-format" in one.fix for one in others)  # the same of other rows
        hand.follow(first)
    assert main(hand.command) == 0, capsys.readouterr().err
    shown = capsys.readouterr().out
    assert "2 to delete" in shown
    assert "Größe eins" in shown

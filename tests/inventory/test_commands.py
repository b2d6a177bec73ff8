"""`reconciler inventory convert|diff|stats`, and what they compute."""

import gzip
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.cli.main import main
from reconciler.inventory.diff import Change, changes, diff
from reconciler.inventory.stats import OTHERS, UNKNOWN, Stats
from reconciler.inventory.stats import by_number as ordered
from reconciler.model import Campaign, Status
from tests.support.reading_inventories import NOW

HEAD = (
    '{"kind":"Inventory","accounts":{"a":{"complete":true,"campaigns":2,'
    '"capturedAt":"2026-01-01T00:00:00Z"}}}\n'
)
ONE = '{"account":"a","id":"1","name":"n","status":"draft","labels":{"owner":"x"}}\n'
TWO = '{"account":"a","id":"2","name":"\\u001b[2J","phoneNumbers":["918187867008"]}\n'


@pytest.fixture
def inv(tmp_path: Path) -> Path:
    path = tmp_path / "inv.ndjson"
    path.write_text(HEAD + ONE + TWO)
    return path


def test_convert_goes_there_and_back_without_loss(inv: Path, tmp_path: Path) -> None:
    for name in ("x.json", "x.yaml", "x.ndjson.gz", "x.ndjson"):
        assert main(["inventory", "convert", str(inv), str(tmp_path / name)]) == 0
        back = tmp_path / "back.ndjson"
        assert main(["inventory", "convert", str(tmp_path / name), str(back)]) == 0
        assert [json.loads(line) for line in back.read_text().splitlines()] == [
            {"apiVersion": "reconciler/v1", "capturedAt": "2026-01-01T00:00:00Z"}
            | json.loads(HEAD),
            json.loads(ONE),
            json.loads(TWO),
        ]
    assert gzip.decompress((tmp_path / "x.ndjson.gz").read_bytes()).count(b"\n") == 3


def test_convert_cuts_a_time_and_never_moves_it_into_the_next_day(tmp_path: Path) -> None:
    late = ONE.replace('"labels"', '"createdAt":"2024-12-31T23:59:59.9999999Z","labels"')
    (tmp_path / "inv.ndjson").write_text(late)
    name = "inv.ndjson"
    for suffix in ("json", "yaml", "csv", "ndjson"):
        assert (
            main(["inventory", "convert", str(tmp_path / name), str(tmp_path / f"x.{suffix}")]) == 0
        )
        name = f"x.{suffix}"
        text = (tmp_path / name).read_text()
        assert "2024-12-31T23:59:59.999999Z" in text
        assert "2025" not in text


def test_convert_to_csv_says_what_csv_cannot_hold(
    inv: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inventory", "convert", str(inv), str(tmp_path / "x.csv")]) == 0
    assert "capture time and completeness are left out" in capsys.readouterr().err
    header = (tmp_path / "x.csv").read_text().splitlines()[0]
    assert header == "account,id,name,status,labels,phoneNumbers,unknown,label.owner"


def test_convert_writes_nothing_if_anything_is_wrong(inv: Path, tmp_path: Path) -> None:
    inv.write_text(HEAD + ONE)
    out = tmp_path / "x.json"
    out.write_text("old")
    assert main(["inventory", "convert", str(inv), str(out)]) == 1
    assert out.read_text() == "old"


def test_a_file_can_be_converted_onto_itself(inv: Path) -> None:
    command = ["inventory", "convert", str(inv), str(inv), "--to", "json"]
    assert main(command) == 0
    assert json.loads(inv.read_text())["campaigns"][0]["id"] == "1"


def test_convert_reads_and_writes_streams(inv: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "reconciler", "inventory", "convert", "-", "-", "--to", "json"],
        input=inv.read_bytes(),
        capture_output=True,
        check=True,
    )
    assert len(json.loads(run.stdout)["campaigns"]) == 2


def test_a_name_that_does_not_say_its_format_is_a_usage_error() -> None:
    assert main(["inventory", "convert", "inv.ndjson", "y"]) == 64


@pytest.mark.parametrize(
    ("held", "code", "said"),
    [
        ("account\tid\tname\na\t1\tn\n", 64, "give --inventory-format csv"),
        (ONE, 64, "give --inventory-format ndjson"),
        (f"[{ONE}]", 64, "give --inventory-format json"),
        ("- account: a\n", 64, "give --inventory-format yaml"),
        ("?", 64, "give --inventory-format ndjson, json, yaml or csv"),
        ("PK\x03\x04", 1, "x.xlsx: error: the file is a ZIP archive, as Excel workbooks"),
        (None, 1, "x.xlsx: error: cannot be read: No such file or directory"),
    ],
)
def test_a_file_whose_name_says_no_format_is_told_by_what_it_holds(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    held: str | None,
    code: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    if held is not None:
        Path("x.xlsx").write_text(held)
    assert main(["inventory", "stats", "x.xlsx"]) == code
    assert said in capsys.readouterr().err


def test_diff_exits_as_asked_and_masks_numbers(
    inv: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "b.ndjson"
    other.write_text(TWO.replace("7008", "7009") + ONE.replace('"1"', '"3"'))
    command = ["inventory", "diff", str(inv), str(other)]
    assert main([*command, "--detailed-exitcode"]) == 2
    shown = capsys.readouterr().out
    assert '+ a/3 "n"\n- a/1 "n"\n~ a/2' in shown
    assert 'phoneNumbers.0: "91••••••7008" -> "91••••••7009"' in shown
    assert "\x1b" not in shown
    assert "918187867008" not in shown
    assert main(command) == 0
    capsys.readouterr()
    assert main([*command, "--format", "json"]) == 0
    view = json.loads(capsys.readouterr().out)
    assert view["summary"] == {"appeared": 1, "gone": 1, "changed": 1}
    assert view["changed"][0]["changes"][0]["path"] == ["phoneNumbers", 0]
    assert "918187867008" not in json.dumps(view)
    assert main([*command, "--show-numbers"]) == 0
    assert "918187867008" in capsys.readouterr().out
    assert main(["inventory", "diff", str(inv), str(inv), "--detailed-exitcode"]) == 0


def test_changes_are_told_field_by_field() -> None:
    before = Campaign(account="a", id="1", name="n", labels={"t": "x"}, attributes={"k": [1, 2]})
    after = Campaign(
        account="a", id="1", name="m", labels={"u": "x"}, attributes={"k": [1]}, status=Status.SENT
    )
    assert changes(before, after) == (
        Change(("attributes", "k", 1), 2, None),
        Change(("labels", "t"), "x", None),
        Change(("labels", "u"), None, "x"),
        Change(("name",), "n", "m"),
        Change(("status",), None, "sent"),
    )


def test_the_same_records_in_another_order_are_no_difference() -> None:
    records = [Campaign(account="a", id=str(n), name="n") for n in range(5)]
    assert not diff([records], [records[::-1]]).differ


def test_stats_count_by_account_status_age_and_owner(
    inv: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["inventory", "stats", str(inv)]) == 0
    shown = capsys.readouterr().out
    assert "2 campaigns" in shown
    assert "  a  2  ████" in shown
    assert "by label owner\n  (not said)  1" in shown
    assert main(["inventory", "stats", str(inv), "--format", "json", "--label", "team"]) == 0
    view = json.loads(capsys.readouterr().out)
    assert view["status"] == {"(not said)": 1, "draft": 1}
    assert view["label"] == {"key": "team", "values": {"(not said)": 2}}
    assert view["accounts"]["a"]["complete"] is True


def test_ages_are_told_from_the_youngest() -> None:
    stats = Stats("owner", NOW)
    for year, month in ((2026, 11), (2026, 9), (2026, 7), (2026, 1), (2025, 1), (2020, 1)):
        created = datetime(year, month, 1, tzinfo=UTC)
        stats.see([Campaign(account="a", id="1", name="n", created_at=created)])
    stats.see([Campaign(account="a", id="2", name="n")])
    assert [number for _, number in stats.by_age()] == [1] * 7
    assert stats.by_age()[-1] == (UNKNOWN, 1)


def test_labels_of_many_values_are_counted_in_bounded_memory() -> None:
    stats = Stats("owner", NOW)
    stats.see(
        Campaign(account="a", id="1", name="n", labels={"owner": str(number)})
        for number in range(10_005)
    )
    assert ordered(stats.labels)[0] == (OTHERS, 5)

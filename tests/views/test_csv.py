import csv
import io

from tests.support.render_samples import DIGEST, sample, sample_report, seen


def test_csv_has_a_row_an_action_with_who_asks() -> None:
    rows = list(csv.DictReader(io.StringIO(seen("csv", sample()))))
    assert len(rows) == len(sample().actions)
    assert rows[0]["sources"] == "manifests/leads.yaml:14"
    asked = (rows[0]["manifest"], rows[0]["owner"], rows[0]["ticket"])
    assert asked == ("lead-refills", "outbound-sales", "LEGAL-77")
    assert rows[0]["why"].startswith("Numbers bought")
    assert {row["plan"] for row in rows} == {DIGEST}


def test_the_csv_of_a_report_says_driver_times_and_who_approved() -> None:
    rows = list(csv.DictReader(io.StringIO(seen("csv", sample_report(), sample()))))
    row = next(one for one in rows if one["outcome"] == "refused")
    assert row["driver"] == "batch-mep"
    assert row["firstAt"] == row["lastAt"] == "2026-11-20T09:00:01Z"
    assert row["approvals"] == "b@acme.example c@acme.example"
    assert row["sources"] == "manifests/legacy.yaml:14"

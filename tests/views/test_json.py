import json
import re

import pytest
from msgspec import structs

from reconciler import views
from reconciler.apply import report as reports
from reconciler.model import LookFirst, Outcome, PlanWarning, Reason, Violation
from reconciler.plan import planfile
from tests.support.render_samples import (
    DIGEST,
    FRAME,
    action,
    campaign,
    hostile_report,
    many,
    plan_of,
    report_of,
    sample,
    sample_report,
    seen,
    target,
)


@pytest.mark.parametrize("name", views.PLAN_FORMATS)
def test_every_plan_format_takes_ten_thousand_actions(name: str) -> None:
    assert seen(name, many(10_000)).endswith("\n")


@pytest.mark.parametrize("name", views.REPORT_FORMATS)
def test_every_report_format_works(name: str) -> None:
    assert seen(name, sample_report()).endswith("\n")


@pytest.mark.parametrize("name", views.PLAN_FORMATS)
def test_every_plan_format_takes_a_plan_of_nothing(name: str) -> None:
    assert seen(name, plan_of([], accounts={})).endswith("\n")


COUNTS = {"gitlab-terraform", "github-output"}  # take numbers alone


@pytest.mark.parametrize("name", sorted({*views.PLAN_FORMATS} - COUNTS))
def test_every_view_of_a_plan_says_who_asks_and_under_which_ticket(name: str) -> None:
    shown = seen(name, sample())
    assert "outbound-sales" in shown  # whose absences are partly refused
    assert "LEGAL-77" in shown
    assert "Numbers bought from a list" in shown


def test_a_violation_without_an_account_is_shown_everywhere() -> None:
    violation = Violation(guard="inventory-age", account=None, message="too old by far")
    warning = PlanWarning(code="w", message="some warning", path="a.yaml", line=None)
    plan = plan_of([], violations=(violation,), warnings=(warning,))
    for name in set(views.PLAN_FORMATS) - {"csv", *COUNTS}:
        assert "too old by far" in seen(name, plan)


@pytest.mark.parametrize("name", ["text", "json", "markdown", "html", "csv"])
def test_what_is_looked_at_first_is_told_with_the_exception_and_the_field(name: str) -> None:
    may = LookFirst(because=Reason.PROTECTED, field="labels.tier", path="reconciler.yaml", line=41)
    record = campaign("voice-in", "1", "x")
    shown = seen(name, plan_of([action("delete", Reason.MATCHED, record, look_first=(may,))]))
    for word in ("protected", "labels.tier", "reconciler.yaml", "41"):
        assert word in shown


# ---------------------------------------------------------------- json


def test_a_plans_json_is_the_plan_file() -> None:
    assert seen("json", sample()).encode() == planfile.dumps(sample())


def test_a_reports_json_has_the_contracts_keys_in_order() -> None:
    read = json.loads(seen("json", sample_report()))
    keys = "apiVersion kind plan startedAt endedAt exitCode summary targets notes"
    assert list(read) == [*keys.split(), "approvals", "manifests", "limits"]
    assert list(read["summary"]) == [str(one) for one in Outcome]
    keys = "account scope id part name outcome detail evidence attempts requests driver"
    assert list(read["targets"][0]) == [*keys.split(), "sources", "copy", "reason"]
    assert list(read["targets"][0]["requests"][0]) == ["at", "method", "url", "status"]
    assert len(read["targets"]) == 75


def test_a_reports_json_keeps_hostile_text_to_the_letter() -> None:
    report = hostile_report()
    read = json.loads(seen("json", report))
    assert [one["name"] for one in read["targets"]] == [one.name for one in report.targets]


def test_a_reports_json_shows_numbers_only_on_request() -> None:
    whole = type(FRAME)(digest=DIGEST, show_numbers=True)
    assert "918187800001" not in seen("json", sample_report())
    assert "918187800001" in seen("json", sample_report(), frame=whole)
    ids = report_of([target("sms-au", "b", Outcome.DELETED, part="1234567890123")])
    record = campaign("sms-au", "b", "B", message_ids=("1234567890123",))
    plan = plan_of([action("delete", Reason.DECLARED, record, parts=record.message_ids)])
    assert "1234567890123" in seen("json", ids, plan)


_HALF = re.compile(r"[\ud800-\udfff]")  # of a character: what no report that was applied has


@pytest.mark.parametrize("show_numbers", [True, False])
def test_a_report_of_lines_is_written_as_one_of_values(show_numbers: bool) -> None:
    frame = type(FRAME)(digest=DIGEST, show_numbers=show_numbers)
    plain = [
        target("sms-au", f"{n}", Outcome.DELETED, name=f"Name ##[{n}] \x7f") for n in range(600)
    ]
    hostile = [one for one in hostile_report().targets if not _HALF.search(one.id)]
    for targets in ([], plain, hostile, plain + hostile + plain):
        lines = reports.sink()
        lines.add(*targets)
        values = report_of(targets)
        spooled = structs.replace(values, targets=lines.done())
        assert seen("json", spooled, frame=frame) == seen("json", values, frame=frame)


def test_an_empty_report_is_json() -> None:
    assert json.loads(seen("json", report_of([])))["targets"] == []

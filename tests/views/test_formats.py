import csv
import io
import json
import re
from dataclasses import fields
from xml.etree import ElementTree

import pytest

from reconciler import views as render
from reconciler.events import Event
from reconciler.model import Outcome, PlanWarning, Reason, Source, Violation
from reconciler.plan import planfile
from reconciler.views import csv as csv_view
from reconciler.views import github, gitlab, html, junit, markdown, sarif
from reconciler.views import json as json_view
from tests.support.render_samples import (
    DIGEST,
    action,
    campaign,
    hostile_plan,
    hostile_report,
    many,
    plan_of,
    report_of,
    sample,
    sample_report,
    target,
)


@pytest.mark.parametrize("name", render.PLAN_FORMATS)
def test_every_plan_format_takes_ten_thousand_actions(name: str) -> None:
    made = render.PLAN_FORMATS[name](many(10_000), DIGEST)
    assert made.endswith("\n")


@pytest.mark.parametrize("name", render.REPORT_FORMATS)
def test_every_report_format_works(name: str) -> None:
    assert render.REPORT_FORMATS[name](sample_report(), DIGEST).endswith("\n")


# ---------------------------------------------------------------- json


def test_a_plans_json_is_the_plan_file() -> None:
    assert json_view.plan(sample()).encode() == planfile.dumps(sample())


def test_a_reports_json_has_the_contracts_keys_in_order() -> None:
    read = json.loads(json_view.report(sample_report()))
    keys = "apiVersion kind plan startedAt endedAt exitCode summary targets notes"
    assert list(read) == keys.split()
    assert list(read["summary"]) == [str(one) for one in Outcome]
    keys = "account id part name outcome detail evidence attempts requests"
    assert list(read["targets"][0]) == keys.split()
    assert list(read["targets"][0]["requests"][0]) == ["at", "method", "url", "status"]
    assert len(read["targets"]) == 75


def test_a_reports_json_keeps_hostile_text_to_the_letter() -> None:
    report = hostile_report()
    read = json.loads(json_view.report(report))
    assert [one["name"] for one in read["targets"]] == [one.name for one in report.targets]


def test_a_reports_json_shows_numbers_only_on_request() -> None:
    assert "918187800001" not in json_view.report(sample_report())
    assert "918187800001"[:8] in json_view.report(sample_report(), show_numbers=True)
    ids = report_of([target("sms-au", "b", Outcome.DELETED, part="1234567890123")])
    record = campaign("sms-au", "b", "B", message_ids=("1234567890123",))
    plan = plan_of([action("delete", Reason.DECLARED, record, parts=record.message_ids)])
    assert "1234567890123" in json_view.report(ids, plan)


def test_an_empty_report_is_json() -> None:
    assert json.loads(json_view.report(report_of([])))["targets"] == []


# ---------------------------------------------------------------- markdown


@pytest.mark.parametrize("limit", [2_000, 8_000, 32_768, 65_536])
@pytest.mark.parametrize("plan", [many(10_000), sample(), hostile_plan()])
def test_a_comment_keeps_its_limit_and_says_what_it_left_out(limit: int, plan: object) -> None:
    made = markdown.plan(plan, digest=DIGEST, limit=limit)  # type: ignore[arg-type]
    assert len(made) <= limit
    rows = len(re.findall(r"^\| (?:🗑|✋)? \|", made, re.M))
    left_out = re.search(r"\*\*Left out: ([\d,]+) actions?\*\*", made)
    hidden = int(left_out[1].replace(",", "")) if left_out else 0
    assert rows + hidden == len(plan.actions)  # type: ignore[attr-defined]


def test_a_comment_starts_with_counts_and_digest() -> None:
    head = markdown.plan(many(10_000), digest=DIGEST)[:400]
    assert "10,000 to delete" in head
    assert "5e5e5e" in head


def test_a_large_comment_uses_most_of_its_room_for_every_account() -> None:
    made = markdown.plan(many(10_000), digest=DIGEST)
    assert len(made) > 60_000
    assert made.count("<details>") == 2


def test_a_small_comment_leaves_nothing_out() -> None:
    made = markdown.plan(sample(), digest=DIGEST, limit=150_000)
    assert "eft out" not in made
    assert "more not shown" not in made


@pytest.mark.parametrize("limit", [2_000, 65_536])
def test_a_reports_comment_keeps_its_limit(limit: int) -> None:
    targets = [target("push-prod", f"id-{n}", Outcome.DELETED) for n in range(5_000)]
    targets.append(target("voice-in", "doubt", Outcome.IN_DOUBT))
    made = markdown.report(report_of(targets, 6), limit=limit)
    assert len(made) <= limit
    assert "doubt</code>" in made  # the worst comes first
    assert "Left out" in made


def test_no_changes_is_said_in_a_comment() -> None:
    assert "No changes. Nothing to delete." in markdown.plan(plan_of([]), digest=DIGEST)


# ---------------------------------------------------------------- GitHub


def test_a_step_summary_stays_under_a_mebibyte_of_utf8() -> None:
    records = [campaign("voice-in", f"st-{n}", "音声" * 40) for n in range(10_000)]
    plan = plan_of([action("delete", Reason.DECLARED, one) for one in records])
    made = github.plan_summary(plan, digest=DIGEST).encode()
    assert 900_000 < len(made) < 1_048_576
    assert b"Left out" in made


def test_annotations_point_at_the_absence() -> None:
    seen = github.plan(sample(), digest=DIGEST)
    assert "::warning file=manifests/retire-2024.yaml,line=14,title=Refused%3A ambiguous::" in seen
    assert "::error file=reconciler.yaml,title=max-deletions::push-prod: 61 deletions" in seen
    assert f"Plan {DIGEST}" in seen


def test_annotations_are_at_most_ten_a_level_and_the_last_counts_the_rest() -> None:
    records = [campaign("voice-in", f"st-{n}", "x") for n in range(25)]
    plan = plan_of([action("refuse", Reason.RUNNING, one, message="m") for one in records])
    lines = github.plan(plan, digest=DIGEST).splitlines()
    assert sum(line.startswith("::warning") for line in lines) == 10
    assert "16 more" in lines[-1]


# ---------------------------------------------------------------- GitLab, JUnit, SARIF, Terraform


def test_the_gitlab_widget_gets_its_three_numbers() -> None:
    assert json.loads(gitlab.terraform(sample())) == {"create": 0, "update": 0, "delete": 137}


def test_code_quality_fingerprints_are_unique_and_stable() -> None:
    issues = json.loads(gitlab.code_quality(sample()))
    prints = [one["fingerprint"] for one in issues]
    assert len(set(prints)) == len(prints) == 9
    assert gitlab.code_quality(sample()) == gitlab.code_quality(sample())
    assert issues[0]["location"] == {"path": "reconciler.yaml", "lines": {"begin": 1}}


def test_junit_fails_violations_and_doubts_and_skips_refusals() -> None:
    root = ElementTree.fromstring(junit.plan(sample(), digest=DIGEST))
    assert (root.get("tests"), root.get("failures"), root.get("skipped")) == ("170", "1", "6")
    root = ElementTree.fromstring(junit.report(sample_report()))
    counts = [root.get(one) for one in ("tests", "failures", "errors", "skipped")]
    assert counts == ["75", "2", "1", "31"]


def test_sarif_has_what_github_reads() -> None:
    document = json.loads(sarif.plan(sample(), digest=DIGEST))
    (run,) = document["runs"]
    assert document["version"] == "2.1.0"
    assert run["tool"]["driver"]["name"] == "reconciler"
    assert run["tool"]["driver"]["semanticVersion"] == "0.1.0"
    rules = {one["id"] for one in run["tool"]["driver"]["rules"]}
    for result in run["results"]:
        assert result["ruleId"] in rules
        place = result["locations"][0]["physicalLocation"]
        assert place["region"]["startLine"] >= 1
        assert not place["artifactLocation"]["uri"].startswith("/")
    prints = [one["partialFingerprints"]["reconcilerTarget/v1"] for one in run["results"]]
    assert len(set(prints)) == len(prints)


def test_sarif_keeps_five_thousand_results_and_counts_the_rest() -> None:
    (run,) = json.loads(sarif.plan(many(10_000), digest=DIGEST))["runs"]
    assert len(run["results"]) == 5_000
    assert "5,001 more results" in run["results"][-1]["message"]["text"]


def test_a_path_in_sarif_is_a_uri() -> None:
    source = Source(manifest="m", path="manifests/a b#ü.yaml", line=1)
    plan = plan_of(
        [action("delete", Reason.DECLARED, campaign("voice-in", "1", "x"), sources=(source,))]
    )
    assert '"manifests/a%20b%23%C3%BC.yaml"' in sarif.plan(plan, digest=DIGEST)


def test_terraform_policies_can_read_the_deletions() -> None:
    read = json.loads(render.PLAN_FORMATS["terraform"](sample(), DIGEST))
    assert len(read["resource_changes"]) == 137
    change = read["resource_changes"][0]
    assert change["change"]["actions"] == ["delete"]
    assert change["change"]["after"] is None
    assert change["provider_name"] == "reconciler/ozonetel"


# ---------------------------------------------------------------- CSV, HTML


def test_csv_has_a_row_an_action() -> None:
    rows = list(csv.DictReader(io.StringIO(csv_view.plan(sample(), digest=DIGEST))))
    assert len(rows) == len(sample().actions)
    assert rows[0]["sources"] == "manifests/retire-2024.yaml:14"
    assert {row["plan"] for row in rows} == {DIGEST}


def test_html_shows_the_whole_plan() -> None:
    page = html.plan(sample(), digest=DIGEST)
    for one in sample().actions:
        assert one.id is not None
        assert one.id in page
    assert "This plan cannot be applied" in page
    assert "To lift it" in page
    assert "http://" not in page
    assert "https://" not in page


def test_the_pages_policy_allows_just_its_own_style_and_script() -> None:
    import base64
    import hashlib

    page = html.plan(sample(), digest=DIGEST)
    for tag in ("style", "script"):
        (inside,) = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.S)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in page


def test_a_violation_without_an_account_is_shown_everywhere() -> None:
    violation = Violation(guard="inventory-age", account=None, message="too old by far")
    warning = PlanWarning(code="w", message="some warning", path="a.yaml", line=None)
    plan = plan_of([], violations=(violation,), warnings=(warning,))
    for name in ("text", "markdown", "html", "junit", "sarif", "github", "gitlab-codequality"):
        assert "too old by far" in render.PLAN_FORMATS[name](plan, DIGEST)


def test_events_have_no_place_for_urls_or_headers() -> None:
    assert {one.name for one in fields(Event)} == {
        *("at", "kind", "account", "target", "outcome", "detail", "until"),
        *("total", "done", "request", "status", "seconds"),
    }

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from msgspec import structs

from reconciler.errors import Diagnostic
from reconciler.model import PlanDocument, Reason, Source
from reconciler.views import diagnostics
from tests.support.render_samples import (
    DIGEST,
    FRAME,
    action,
    campaign,
    hostile_plan,
    many,
    plan_of,
    sample,
    sample_report,
    seen,
)

SCHEMA = json.loads(Path(__file__).with_name("schemas").joinpath("sarif-2.1.0.json").read_text())


def run_of(plan: PlanDocument) -> dict[str, Any]:
    (run,) = json.loads(seen("sarif", plan))["runs"]
    return dict(run)


def check(text: str) -> None:
    jsonschema.Draft4Validator(SCHEMA).validate(json.loads(text))


@pytest.mark.parametrize("plan", [sample(), hostile_plan(), plan_of([]), many(100)])
def test_sarif_keeps_the_published_schema(plan: PlanDocument) -> None:
    check(seen("sarif", plan))


def test_the_sarif_of_validate_keeps_the_published_schema() -> None:
    told = [
        Diagnostic("error", "unknown-key", "no `abset`", "a.yaml", 3, 5, "did you mean `absent`?"),
        Diagnostic("warning", "no-manifests", "nothing there"),
    ]
    made = "".join(diagnostics.FORMATS["sarif"](told, False))
    check(made)
    first, second = json.loads(made)["runs"][0]["results"]
    assert first["locations"][0]["physicalLocation"]["region"] == {
        "startLine": 3,
        "startColumn": 5,
    }
    place = second["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "reconciler.yaml"


def test_every_rule_says_what_it_means_and_what_to_do() -> None:
    run = run_of(sample())
    rules = {one["id"]: one for one in run["tool"]["driver"]["rules"]}
    assert {one["ruleId"] for one in run["results"]} == set(rules)
    for rule in rules.values():
        assert rule["name"].isalnum()
        assert rule["name"].lower() != rule["id"].lower().replace("-", "")
        assert rule["shortDescription"]["text"].endswith(".")
        assert rule["fullDescription"]["text"].endswith(".")
        assert rule["help"]["text"]
        assert rule["help"]["markdown"]
        assert rule["defaultConfiguration"]["level"] in ("error", "warning", "note")
        assert rule["properties"]["problem.severity"]


@pytest.mark.parametrize("plan", [sample(), hostile_plan(), many(100)])
def test_github_shows_every_result(plan: PlanDocument) -> None:
    # What its own rules ask of a log: GH1001 to GH1017 and GH2012 of the SARIF multitool.
    run = run_of(plan)
    driver = run["tool"]["driver"]
    assert driver["name"]
    assert driver["informationUri"].startswith("https://")
    known = {one["id"] for one in driver["rules"]}
    for one in run["results"]:
        assert one["ruleId"] in known
        assert one["message"]["text"]
        assert one["partialFingerprints"]
        (place,) = one["locations"]
        assert place["physicalLocation"]["artifactLocation"]["uri"]
        assert place["physicalLocation"]["region"]["startLine"] >= 1
        assert not place["physicalLocation"]["artifactLocation"]["uri"].startswith("/")


def test_every_reason_to_refuse_has_a_rule() -> None:
    reasons = [reason for reason in Reason if reason.value in REFUSALS]
    actions = [action("refuse", one, campaign("voice-in", one, "x")) for one in reasons]
    assert len(run_of(plan_of(actions))["results"]) == len(reasons) == 10


REFUSALS = {
    *("protected", "unsafe-id", "unsupported", "ambiguous", "inventory-incomplete"),
    *("numbers-missing", "running", "expectation", "metadata", "kept"),
}


def test_a_report_complains_of_what_is_not_gone_the_worst_first() -> None:
    made = seen("sarif", sample_report(), sample())
    check(made)
    (run,) = json.loads(made)["runs"]
    rules = [one["ruleId"] for one in run["results"]]
    assert rules[0] == "outcome-in-doubt"
    assert set(rules) == {f"outcome-{one}" for one in ("in-doubt", "refused", "drifted", "pending")}
    doubt = run["results"][0]
    assert doubt["level"] == "error"
    said = "1 target of push-prod (batch-cep) is in-doubt: no answer within 30 s."
    assert doubt["message"]["text"].startswith(said)
    assert "ticket CHG-10421" in doubt["message"]["text"]
    place = doubt["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "manifests/retire-2024.yaml"
    assert place["region"]["startLine"] == 14
    marks = [one["partialFingerprints"]["reconciler/v1"] for one in run["results"]]
    assert len(set(marks)) == len(marks)


def test_a_line_is_one_result_with_all_its_campaigns_and_who_asks() -> None:
    found = [
        one
        for one in run_of(sample())["results"]
        if one["ruleId"] == "deletion"
        and one["locations"][0]["physicalLocation"]["region"]["startLine"] == 20
    ]
    (result,) = found
    assert len(result["properties"]["campaigns"]) == 60
    assert result["message"]["text"].startswith("60 campaigns of push-prod are to be deleted: ")
    assert "Asked for by lifecycle-marketing, ticket CHG-10421" in result["message"]["text"]


def test_a_result_stays_the_same_when_lines_move_and_the_plan_is_made_anew() -> None:
    def prints(plan: PlanDocument, digest: str) -> list[str]:
        (run,) = json.loads(seen("sarif", plan, frame=structs.replace(FRAME, digest=digest)))[
            "runs"
        ]
        return [one["partialFingerprints"]["reconciler/v1"] for one in run["results"]]

    def moved(plan: PlanDocument, by: int) -> PlanDocument:
        actions = tuple(
            structs.replace(
                one,
                sources=tuple(structs.replace(s, line=s.line + by) for s in one.sources),
            )
            for one in plan.actions
        )
        return structs.replace(plan, actions=actions)

    before = prints(sample(), DIGEST)
    assert len(set(before)) == len(before)
    assert prints(moved(sample(), 3), "sha256:" + "0" * 64) == before


def test_sarif_keeps_five_thousand_results_and_counts_the_rest() -> None:
    records = [campaign("voice-in", f"id-{n:06d}", "x") for n in range(6_000)]
    actions = [action("delete", Reason.DECLARED, one, line=n) for n, one in enumerate(records)]
    results = run_of(plan_of(actions))["results"]
    assert len(results) == 5_000
    assert "1,001 more results" in results[-1]["message"]["text"]


def test_a_path_in_sarif_is_a_uri() -> None:
    source = Source(manifest="m", path="manifests/a b#ü.yaml", line=1)
    plan = plan_of(
        [action("delete", Reason.DECLARED, campaign("voice-in", "1", "x"), sources=(source,))]
    )
    assert '"manifests/a%20b%23%C3%BC.yaml"' in seen("sarif", plan)

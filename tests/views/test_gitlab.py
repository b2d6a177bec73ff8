import json

from tests.support.render_samples import sample, sample_report, seen


def test_the_gitlab_widget_gets_its_three_numbers() -> None:
    assert json.loads(seen("gitlab-terraform", sample())) == {
        "create": 0,
        "update": 0,
        "delete": 137,
    }


def test_code_quality_fingerprints_are_unique_and_stable() -> None:
    issues = json.loads(seen("gitlab-codequality", sample()))
    prints = [one["fingerprint"] for one in issues]
    assert len(set(prints)) == len(prints) == 6  # a violation, three causes, two warnings
    assert seen("gitlab-codequality", sample()) == seen("gitlab-codequality", sample())
    assert issues[0]["location"] == {"path": "reconciler.yaml", "lines": {"begin": 1}}
    assert {one["severity"] for one in issues} == {"blocker", "major", "minor"}


def test_code_quality_of_a_report_names_what_is_not_gone() -> None:
    found = json.loads(seen("gitlab-codequality", sample_report(), sample()))
    assert [one["severity"] for one in found] == ["blocker", "major", "major", "minor", "minor"]
    assert found[0]["check_name"] == "outcome-in-doubt"
    assert found[0]["location"] == {"path": "manifests/retire-2024.yaml", "lines": {"begin": 14}}
    assert len({one["fingerprint"] for one in found}) == len(found)

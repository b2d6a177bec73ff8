"""After an apply every view says who asked, who agreed, what did it and when."""

import pytest

from reconciler.views import REPORT_FORMATS
from tests.support.render_samples import sample, sample_report, seen

VIEWS = [one for one in REPORT_FORMATS if one != "github-output"]  # which is counts alone
ISSUES = "gitlab-codequality"  # has no place for approvals and times


@pytest.mark.parametrize("name", VIEWS)
def test_a_reports_view_says_line_outcome_owner_and_driver(name: str) -> None:
    said = seen(name, sample_report(), sample())
    assert "manifests/retire-2024.yaml" in said
    for word in (
        "in-doubt",
        "outbound-sales",
        "LEGAL-77",
        "lifecycle-marketing",
        "CHG-10421",
        "batch-cep",
    ):
        assert word.lower() in said.lower(), word


@pytest.mark.parametrize("name", [one for one in VIEWS if one != ISSUES])
def test_a_reports_view_says_who_agreed_and_when(name: str) -> None:
    said = seen(name, sample_report(), sample())
    assert "b@acme.example" in said
    assert "2026-11-20" in said

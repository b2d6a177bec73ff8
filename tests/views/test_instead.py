"""A vendor that only stops or archives is told as such, in the plan and in the report."""

import re

import pytest

from reconciler.apply.report import instead
from tests.support.planner_world import DRIVERS, campaign, driver, manifest, plan
from tests.support.plans import INSTEAD
from tests.support.render_samples import sample, seen


@pytest.mark.parametrize("view", ["text", "json", "markdown", "html", "github-summary"])
def test_the_plan_says_what_a_deletion_is_there(view):
    shown = re.sub(r"\s+", " ", seen(view, sample()))
    assert INSTEAD in shown.replace("&#59;", ";")


def test_the_plan_asks_the_driver_about_the_accounts_settings(monkeypatch):
    archiver = driver("simple", instead=lambda settings: f"archives, by {settings}")
    monkeypatch.setitem(DRIVERS, "simple", archiver)
    made = plan([manifest(absent=[{"id": "x"}])], [campaign("x")])
    assert made.accounts["a"].instead == "archives, by None"


def test_the_report_says_it_of_each_account_once():
    assert instead(sample(), ["push-prod", "sms-au"]) == [f"sms-au: a deletion there {INSTEAD}"]

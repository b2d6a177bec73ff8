import re

from reconciler.errors import Diagnostic
from reconciler.model import Outcome, Reason, Source
from reconciler.views import diagnostics
from tests.support.render_samples import (
    DIGEST,
    action,
    campaign,
    plan_of,
    report_of,
    sample,
    seen,
    target,
)


def test_annotations_point_at_the_absence() -> None:
    shown = seen("github", sample())
    assert "::warning file=manifests/leads.yaml,line=14,title=Refused%3A ambiguous::" in shown
    assert "::error file=reconciler.yaml,title=max-deletions::push-prod: 61 deletions" in shown
    assert f"Plan {DIGEST}" in shown


def test_what_a_line_deletes_is_told_on_that_line_with_who_asks() -> None:
    shown = seen("github", sample()).splitlines()
    (found,) = [line for line in shown if "retire-2024.yaml,line=20" in line]
    assert found.startswith("::notice file=manifests/retire-2024.yaml,line=20,title=To be deleted:")
    assert "60 campaigns of push-prod are to be deleted: " in found
    assert "and 55 more" in found
    assert "Asked for by lifecycle-marketing, ticket CHG-10421" in found


def test_a_cause_is_told_once_and_the_heaviest_first() -> None:
    few = [campaign("voice-in", f"st-{n}", "x") for n in range(25)]
    refused = [action("refuse", Reason.RUNNING, one, message="m", line=9) for one in few]
    refused.append(action("refuse", Reason.PROTECTED, campaign("voice-in", "a", "A"), line=3))
    lines = [one for one in seen("github", plan_of(refused)).splitlines() if "warning" in one]
    assert len(lines) == 2
    assert "25 campaigns of voice-in are refused (m)" in lines[0]
    assert "1 campaign of voice-in is refused" in lines[1]


def test_annotations_are_at_most_ten_a_level_and_the_last_counts_the_rest() -> None:
    records = [campaign("voice-in", f"st-{n}", "x") for n in range(25)]
    plan = plan_of(
        [action("refuse", Reason.RUNNING, one, line=n) for n, one in enumerate(records)]
        + [
            action("delete", Reason.DECLARED, campaign("voice-in", f"d{n}", "x"), line=n)
            for n in range(25)
        ]
    )
    lines = seen("github", plan).splitlines()
    warnings = [line for line in lines if line.startswith("::warning")]
    notices = [line for line in lines if line.startswith("::notice")]
    assert (len(warnings), len(notices)) == (10, 10)
    assert "16 more" in warnings[-1]
    assert "17 more" in notices[-1]


def test_what_was_not_reached_hides_no_refusal() -> None:
    pending = [
        target("voice-in", f"st-{n}", Outcome.PENDING, detail=f"the account stopped ({n})")
        for n in range(28)
    ]
    refused = [target("voice-in", f"r{n}", Outcome.REFUSED, detail="kept") for n in range(2)]
    lines = seen("github", report_of([*pending, *refused], 5)).splitlines()
    warnings = [line for line in lines if line.startswith("::warning")]
    assert len(warnings) == 10
    assert "2 targets of voice-in (kore) are refused: kept" in warnings[0]


def test_two_lines_that_ask_for_one_campaign_are_both_told() -> None:
    sources = tuple(Source(manifest="m", path="a.yaml", line=n) for n in (3, 9))
    one = action("delete", Reason.DECLARED, campaign("voice-in", "1", "x"), sources=sources)
    found = re.findall(r"file=a.yaml,line=(\d)", seen("github", plan_of([one])))
    assert found == ["3", "9"]


def test_validate_keeps_githubs_limits_and_says_so() -> None:
    told = [
        Diagnostic("error", "yaml", f"wrong {n}", "a.yaml", n + 1, 1, "mend it") for n in range(30)
    ]
    told += [Diagnostic("warning", "plain", "odd", "a.yaml", 1)]
    lines = "".join(diagnostics.FORMATS["github"](told, False)).splitlines()
    assert sum(line.startswith("::error") for line in lines) == 10
    assert "21 more of these are not shown here: GitHub shows 10 a step" in lines[9]
    assert lines[-1] == "not valid"

"""What changed between two plans, in each view: all of it, the gravest first, numbers masked."""

import json

import pytest
from playwright.sync_api import Browser

from reconciler.views.compared import COMPARISON_FORMATS, comparison_parts, text
from reconciler.views.frame import Frame
from tests.support.browser import opened
from tests.support.compared_plans import (
    AFTER,
    between,
    changed,
    delete,
    hostile_comparison,
    of,
    shown,
)


def test_text_says_what_goes_now_before_anything_else() -> None:
    said = shown("text", changed())
    order = ["Now deleted: 6", "Deleted as before, but changed: ", "No longer deleted: 9"]
    places = [said.index(one) for one in order]
    assert places == sorted(places)
    assert "delete, matched; was refuse, protected" in said
    assert "+ orchestration_06new00" in said
    assert 'campaign.status: was "stopped"; now "paused"' in said
    assert "40 actions asked for by another line, and else the same." in said
    assert "violation no more" in said
    assert said.rstrip().splitlines()[-1].startswith("The plans differ: 6 now deleted")


def test_text_counts_by_account() -> None:
    summary = "".join(text.lines(changed(), color=False, width=100, summary=True))
    (row,) = [one for one in summary.splitlines() if one.startswith("  push-prod: ")]
    counts = "61 -> 58 to delete, 4 -> 1 refused, 61 -> 58 targets; 3 added, 9 gone, 3 changed"
    assert row == f"  push-prod: {counts}"
    assert "1 account as before." in summary
    assert "orchestration" not in summary


@pytest.mark.parametrize("width", [40, 80, 120])
def test_text_keeps_the_width(width: int) -> None:
    lines = "".join(text.lines(changed(), color=False, width=width)).splitlines()
    long = [one for one in lines if len(one) > width and max(map(len, one.split())) < width - 10]
    assert long == []


def test_two_plans_that_do_the_same_say_so() -> None:
    same = between(of(delete("a")), of(delete("a"), author="c@acme.example"))
    for name in ("text", "markdown", "html"):
        assert "Both plans do the same." in shown(name, same)
    assert json.loads(shown("json", same))["differ"] is False


def test_json_has_every_change_with_both_actions() -> None:
    found = json.loads(shown("json", changed()))
    assert (found["apiVersion"], found["kind"]) == ("reconciler/v1", "PlanComparison")
    assert found["summary"]["added"] == 3
    assert found["summary"]["effects"]["now-deleted"] == 6
    kinds = [one["change"] for one in found["changes"]]
    assert {kind: kinds.count(kind) for kind in ("added", "gone", "changed")} == {
        key: found["summary"][key] for key in ("added", "gone", "changed")
    }
    first = next(one for one in found["changes"] if one["change"] == "changed")
    assert (first["before"]["reason"], first["after"]["reason"]) == ("protected", "matched")
    assert {"path": ["action"], "before": "refuse", "after": "delete"} in first["fields"]


@pytest.mark.parametrize("name", COMPARISON_FORMATS)
def test_phone_numbers_are_masked(name: str) -> None:
    said = shown(name, changed())
    assert "918187867008" not in said
    assert "91818780" not in said
    assert "7008" in said


def test_a_comment_keeps_its_limit_and_goes_on() -> None:
    many = between(of(), of(*(delete(f"id-{n:06}") for n in range(2000))))
    frame = Frame(digest=AFTER, fit="bitbucket")
    parts = ["".join(one) for one in comparison_parts("markdown", many, frame)]
    assert len(parts) > 1
    assert all(len(one) <= 32_768 for one in parts)
    assert "".join(parts).count("| `id-") == 2000
    (one,) = ("".join(one) for one in comparison_parts("markdown", many, Frame(digest=AFTER)))
    assert len(one) <= 65_536
    left = 2000 - one.count("| `id-")
    assert f"**Left out: {left:,} changes**" in one


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_is_for_everybody_and_asks_for_nothing(browser: Browser, width: int) -> None:
    for found in (changed(), hostile_comparison()):
        with opened(browser, shown("html", found), width=width) as page:
            assert page.axe() == []
            assert page.page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.page.locator(".changes").first.is_visible()
            assert (page.said, page.asked) == ([], [])

"""From no action to a hundred thousand, every name hostile: limits, totals, what is left out."""

import json
import re
from collections.abc import Callable
from functools import cache
from xml.etree import ElementTree

import pytest

from reconciler.views import PLAN_FORMATS, REPORT_FORMATS, plan_parts, report_parts
from reconciler.views.frame import Frame, Platform
from tests.support import sizes
from tests.support.markdown_readers import PARSERS, Pages, pages
from tests.support.nodes import strange
from tests.support.render_samples import DIGEST, FRAME, seen
from tests.support.runner_log import Order, orders

SIZES = (0, 1, 50, 5_000)
# What takes long at this size (text, html, csv, junit: no limit is theirs) comes with --large.
HUGE = 100_000
LIMITS: dict[str, tuple[int, Callable[[str], int]]] = {
    "markdown": (65_536, len),
    "github-summary": (1024 * 1024, lambda text: len(text.encode())),
    "sarif": (10 * 1024 * 1024, lambda text: len(text.encode())),
    "junit": (30_000_000, lambda text: len(text.encode())),
    "github": (64 * 1024, len),
}
PLATFORMS: dict[Platform, int] = {
    "github": 65_536,
    "gitlab": 1_000_000,
    "azure": 150_000,
    "bitbucket": 32_768,
}


@cache
def of_plan(name: str, number: int) -> str:
    return seen(name, sizes.plan(number))


@cache
def of_report(name: str, number: int) -> str:
    return seen(name, sizes.report(number))


@pytest.fixture
def huge(request: pytest.FixtureRequest) -> int:
    """The largest number that is tried of what takes long."""
    return HUGE if request.config.getoption("--large") else max(SIZES)


# ---------------------------------------------------------------- limits


@pytest.mark.parametrize("number", SIZES)
@pytest.mark.parametrize("name", LIMITS)
def test_each_view_keeps_its_limit(name: str, number: int) -> None:
    most, measure = LIMITS[name]
    assert measure(of_plan(name, number)) <= most
    if name in REPORT_FORMATS:
        assert measure(of_report(name, number)) <= most


@pytest.mark.parametrize("name", ["markdown", "github", "sarif"])
def test_a_hundred_thousand_actions_keep_the_limit_too(name: str) -> None:
    most, measure = LIMITS[name]
    text = "".join(PLAN_FORMATS[name](sizes.plan(HUGE), FRAME))
    assert measure(text) <= most
    assert "50,000" in text or name != "markdown"


@pytest.mark.parametrize("name", [one for one in PLAN_FORMATS if one != "json"])
def test_every_view_takes_as_many_as_there_are(name: str, huge: int) -> None:
    text = "".join(PLAN_FORMATS[name](sizes.plan(huge), FRAME))
    most, measure = LIMITS.get(name, (len(text), len))
    assert 0 < measure(text) <= most


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("number", [0, 50, 5_000])
def test_each_part_of_a_comment_keeps_its_platforms_limit(platform: Platform, number: int) -> None:
    frame = Frame(digest=DIGEST, saved="plan.json", fit=platform)
    for parts in (
        ["".join(one) for one in plan_parts("markdown", sizes.plan(number), frame)],
        ["".join(one) for one in report_parts("markdown", sizes.report(number), None, frame)],
    ):
        # As the strictest count: a character outside of the basic plane is two.
        assert all(len(one.encode("utf-16-le")) // 2 <= PLATFORMS[platform] for one in parts)
        assert len(parts) <= 10


# ---------------------------------------------------------------- totals, and what is left out


@pytest.mark.parametrize("number", SIZES)
def test_totals_are_right_however_many_there_are(number: int) -> None:
    plan = sizes.plan(number)
    gone, refused, none = plan.summary.delete, plan.summary.refuse, plan.summary.none
    assert gone + refused + none == number
    said = f"{gone:,} to delete, {refused:,} refused, {none:,} untouched" if gone else "No changes."
    for name in ("text", "markdown", "github-summary", "html"):
        assert said in of_plan(name, number)
    assert json.loads(of_plan("gitlab-terraform", number)) == {
        "create": 0,
        "update": 0,
        "delete": gone,
    }
    changes = json.loads(of_plan("terraform-json", number))["resource_changes"]
    assert sum(one["change"]["actions"] == ["delete"] for one in changes) == gone
    assert of_plan("csv", number).count("\r\n") == number + 1
    root = ElementTree.fromstring(of_plan("junit", number))
    assert (int(root.get("tests", 0)), len(list(root.iter("skipped")))) == (number, refused)


@pytest.mark.parametrize("number", SIZES)
def test_sarif_counts_every_campaign_once_a_line(number: int) -> None:
    (run,) = json.loads(of_plan("sarif", number))["runs"]
    counts = dict.fromkeys(("delete", "refuse"), 0)
    for one in run["results"]:
        kind = "delete" if one["ruleId"] == "deletion" else "refuse"
        counts[kind] += len(one["properties"]["campaigns"])
    summary = sizes.plan(number).summary
    assert counts == {"delete": summary.delete, "refuse": summary.refuse}


def rows(comment: str) -> int:
    """How many rows its tables of actions or targets have."""
    tables = re.findall(r"(?m)^\| id \|.*\n\|[-|:]*\n((?:\|.*\n)*)", comment)
    return sum(table.count("\n") for table in tables)


@pytest.mark.parametrize("number", [50, 5_000])
def test_a_comment_says_how_many_rows_it_leaves_out(number: int) -> None:
    for text, word in (
        (of_plan("markdown", number), "actions"),
        (of_report("markdown", number), "targets"),
    ):
        shown = rows(text)
        left = re.search(rf"\*\*Left out: ([0-9,]+) {word}\*\*", text)
        hidden = int(left[1].replace(",", "")) if left else 0
        assert (hidden > 0) == (number > 1_000)
        assert shown == number - hidden


# ---------------------------------------------------------------- nobody's order, nobody's node


@pytest.mark.parametrize("name", [one for one in PLAN_FORMATS if one != "json"])
@pytest.mark.parametrize("number", [50, 5_000])
def test_a_runner_finds_no_order_in_a_plans_view(name: str, number: int) -> None:
    found = orders(of_plan(name, number))
    if name != "github":
        assert found == []
    else:
        check_annotations(found)


@pytest.mark.parametrize("name", REPORT_FORMATS)
def test_a_runner_finds_no_order_in_a_reports_view(name: str) -> None:
    found = orders(of_report(name, 50))
    if name != "github":
        assert found == []
    else:
        check_annotations(found)


def check_annotations(found: list[Order]) -> None:
    assert 0 < len(found) <= 30
    assert {one.name for one in found} <= {"error", "warning", "notice"}
    for one in found:
        assert set(one.properties) <= {"file", "line", "endLine", "col", "title"}
        assert not re.search(r"[\r\n]", one.properties.get("title", ""))


def test_the_runner_of_the_tests_finds_orders() -> None:
    told = "a\n  ::warning file=a%2Cb,line=3::x%0Ay\n##[group]z\nb ##[add-mask]c\n::nothing::\n"
    assert orders(told) == [
        Order("warning", {"file": "a,b", "line": "3"}, "x\ny"),
        Order("group", {}, "z"),
        Order("add-mask", {}, "c"),
    ]


@cache
def comments() -> dict[str, Pages]:
    """Comments of all sizes and platforms, each as every parser reads it."""
    texts = {
        f"{kind} {number}": text
        for number in SIZES
        for kind, text in (
            ("plan", of_plan("markdown", number)),
            ("report", of_report("markdown", number)),
        )
    }
    frame = Frame(digest=DIGEST, saved="plan.json", fit="bitbucket")
    for at, one in enumerate(plan_parts("markdown", sizes.plan(5_000), frame)):
        texts[f"bitbucket {at}"] = "".join(one)
    return dict(zip(texts, pages(list(texts.values())), strict=True))


@pytest.mark.parametrize("parser", PARSERS)
def test_no_node_of_a_comment_comes_from_a_name(parser: str) -> None:
    read = {name: strange(of[parser]) for name, of in comments().items()}
    assert {name: found for name, found in read.items() if found} == {}

"""The page as text: what it holds, what it may do, what nothing in it can do."""

import base64
import hashlib
import json
import re
from typing import Any

import pytest

from reconciler.model import PlanDocument, ReportDocument
from reconciler.views.html import timeline
from tests.support.page_samples import applied, season
from tests.support.render_samples import (
    DIGEST,
    hostile_plan,
    hostile_report,
    plan_of,
    report_of,
    sample,
    sample_report,
    seen,
)


def data_of(page: str, name: str) -> Any:
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', page, re.S)
    assert found is not None
    return json.loads(found[1])


def test_the_page_shows_the_whole_plan() -> None:
    page = seen("html", sample())
    for one in sample().actions:
        assert one.id is not None
        assert one.id in page
    assert DIGEST in page
    assert "This plan cannot be applied" in page
    assert "To lift it: ask for fewer" in page
    assert "http://" not in page
    assert "https://" not in page


def test_the_pages_policy_allows_just_its_own_style_and_script() -> None:
    page = seen("html", sample())
    for tag in ("style", "script"):
        (inside,) = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.S)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in page


@pytest.mark.parametrize("value", [hostile_plan(), hostile_report(), sample(), applied()])
def test_the_rows_are_json_that_nothing_can_leave(value: PlanDocument | ReportDocument) -> None:
    page = seen("html", value, hostile_plan() if value is hostile_report() else season())
    for name in ("rows", "head"):
        text = page[page.index(f'id="{name}">') :]
        text = text[: text.index("</script>")]
        assert text.isascii()
        assert not re.search(r"[<>&]", text.partition(">")[2])
    number = sum(1 for _ in data_of(page, "rows"))
    assert page.count("<tr data-n=") == number  # paper has them all


def test_a_row_says_what_there_is_to_know() -> None:
    page = seen("html", applied(), season())
    rows, head = data_of(page, "rows"), data_of(page, "head")
    assert len(rows) == len(season().actions)
    doubt = next(one for one in rows if len(one) > 18 and one[18][0][1] == 5)
    assert head["outcomes"][5] == "in-doubt"
    said, _, way_out = doubt[18][0][2].partition(". To lift it: ")
    assert said == "502: a body that is not as documented"
    assert "reconciler settle" in way_out
    assert doubt[18][0][4][0][1:3] == ["POST", "https://api.batch.com/2.8/campaigns/delete"]
    kept = next(one for one in rows if len(one) > 18 and one[18][0][5])
    assert kept[18][0][5].startswith("sha256:ab")


def test_a_plan_of_nothing_says_so() -> None:
    page = seen("html", plan_of([]))
    assert "No changes. Nothing to delete." in page
    assert "Nothing was left to do." in seen("html", report_of([]), plan_of([]))


def test_a_report_without_its_plan_is_a_page_too() -> None:
    page = seen("html", sample_report())
    rows = data_of(page, "rows")
    assert sum(len(one[18]) for one in rows) == 75


# ---------------------------------------------------------------- the timeline


def test_the_lanes_with_doubts_come_first() -> None:
    lanes = timeline.timeline(applied()).lanes
    assert [lane.doubts for lane in lanes] == sorted((one.doubts for one in lanes), reverse=True)
    assert lanes[0].account == "push-prod"


def test_a_lane_shows_how_much_of_its_limit_was_in_use() -> None:
    lanes = {lane.account: lane for lane in timeline.timeline(applied()).lanes}
    assert lanes["push-prod"].limit == "1 request in any 1 s"
    assert lanes["push-prod"].peak == 1
    assert max(lanes["push-prod"].usage or ()) == 1.0
    assert lanes["voice-in"].limit == "60 requests in any 1 min"
    assert 0 < max(lanes["voice-in"].usage or ()) < 1


def test_a_request_that_many_targets_share_is_one() -> None:
    lanes = {lane.account: lane for lane in timeline.timeline(applied()).lanes}
    assert lanes["dialer"].requests == 1  # thirty numbers at once


def test_without_limits_a_lane_has_its_requests_alone() -> None:
    lanes = timeline.timeline(sample_report()).lanes
    assert all(lane.usage is None and lane.limit is None for lane in lanes)
    assert sum(lane.requests for lane in lanes) > 0

"""What receivers are told: within their limits, with nothing in a name that they act upon."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.model import Outcome, ReportDocument
from reconciler.views.frame import Frame
from reconciler.views.notices import Notice, render
from reconciler.views.notices.notice import Stage
from tests.support.render_samples import (
    DIGEST,
    HOSTILE,
    hostile_plan,
    hostile_report,
    report_of,
    sample,
    target,
)

AT = "2026-11-20T09:00:00.000Z"
RUN = "https://ci.example/acme/runs/1?a=b"
SHAPES = ("cloudevents", "slack", "teams")
MOST = {"cloudevents": 64 * 1024, "slack": 40_000, "teams": 28 * 1024}


def stage(hostile: bool = False) -> Stage:
    plan = hostile_plan() if hostile else sample()
    return Stage(plan=plan, frame=Frame(digest=DIGEST, run=RUN), id="a1")


def doubts(number: int) -> ReportDocument:
    detail = "the vendor said <!channel> [click](https://evil.example) " * 8
    found = [
        target("push-prod", f"c{n}", Outcome.IN_DOUBT, name="**x** <@U1>", detail=detail)
        for n in range(number)
    ]
    return report_of(found, 6)


def every(hostile: bool, number: int = 3) -> Iterator[Notice]:
    made, report = stage(hostile), hostile_report() if hostile else doubts(number)
    said = HOSTILE[2] if hostile else "1 approval is missing"
    yield made.approval_missing(AT, said)
    yield made.started(AT, 12)
    yield made.in_doubt(AT, report)
    yield made.finished(AT, report, said)
    yield made.broken_off(AT, said, 1)


def texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for one in value.values():
                yield from texts(one)
        case list():
            for one in value:
                yield from texts(one)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("number", [1, 50, 5_000])
def test_every_notice_keeps_its_receivers_limit(shape: Any, number: int) -> None:
    for one in [*every(False, number), *every(True)]:
        body = render(one, shape).body
        assert len(body) <= MOST[shape]
        json.loads(body.decode("ascii"))


def test_what_an_event_leaves_out_is_counted() -> None:
    report = doubts(5_000)
    event = json.loads(render(stage().finished(AT, report, None), "cloudevents").body)
    data = event["data"]
    assert data["summary"]["in-doubt"] == 5_000
    assert 0 < len(data["notDeleted"]) < 5_000
    assert len(data["notDeleted"]) + data["targetsLeftOut"] == 5_000
    assert data["accountsLeftOut"] == 0
    few = json.loads(render(stage().finished(AT, doubts(3), None), "cloudevents").body)
    assert (len(few["data"]["notDeleted"]), few["data"]["targetsLeftOut"]) == (3, 0)


def test_an_event_is_a_cloud_event() -> None:
    seen = set()
    for one in every(False):
        event = json.loads(render(one, "cloudevents").body)
        assert event["specversion"] == "1.0"
        assert event["type"].startswith("io.github.campaign-reconciler.apply.")
        assert event["time"] == AT
        assert event["data"]["run"] == RUN
        seen.add(event["id"])
    assert len(seen) == 4  # a run that broke off has finished too


@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_in_a_name_is_acted_upon(shape: Any) -> None:
    for hostile in (False, True):
        for one in every(hostile):
            body = render(one, shape).body
            assert b"##" not in body
            for text in texts(json.loads(body)):
                assert not any(ord(c) < 32 and c != "\n" for c in text)
                assert "\u202e" not in text
                assert "\u200b" not in text


def test_foreign_text_reaches_slack_as_plain_text_alone() -> None:
    for one in [*every(False), *every(True)]:
        message = json.loads(render(one, "slack").body)
        assert "<" not in message["text"]
        for block in message["blocks"]:
            for text in block.get("elements", [block.get("text")]):
                if text["type"] == "mrkdwn":
                    assert text["text"] == f"<{RUN}|The run>"
                else:
                    assert text["type"] == "plain_text"
                    assert 0 < len(text["text"]) <= (150 if block["type"] == "header" else 3_000)


def test_foreign_text_reaches_teams_in_text_runs_alone() -> None:
    for one in [*every(False), *every(True)]:
        (attached,) = json.loads(render(one, "teams").body)["attachments"]
        card = attached["content"]
        assert {part["type"] for part in card["body"]} == {"RichTextBlock"}
        assert {run["type"] for part in card["body"] for run in part["inlines"]} == {"TextRun"}
        assert card["actions"] == [{"type": "Action.OpenUrl", "title": "The run", "url": RUN}]


def test_what_is_wrong_comes_first_and_the_rest_is_counted() -> None:
    report = report_of(
        [target("push-prod", f"p{n}", Outcome.PENDING) for n in range(30)]
        + [target("push-prod", "d", Outcome.IN_DOUBT, detail="no answer")],
        6,
    )
    notice = stage().finished(AT, report, None)
    assert notice.title == "Finished with exit code 6: 30 pending, 1 in-doubt"
    assert notice.lines[0] == "in-doubt: push-prod/d (no answer)"
    assert "and 21 more" in notice.lines

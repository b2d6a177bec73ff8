"""Cellcast against its pages: seed 004, message report and detail (providers §5)."""

import pytest

from reconciler.driver import (
    Deleted,
    Doubt,
    Missing,
    Present,
    Refused,
    Throttled,
    Unauthorised,
    Unclear,
    Unconfirmed,
    revealed,
)
from reconciler.model import Campaign, Limits, Status
from tests.support.driver_examples import CELLCAST, MESSAGE, answer, item, run, verdict

DRIVER = CELLCAST.driver
NOT_FOUND = {
    "status": False, "message": "message not found", "data": {},
    "error": {"error": "message not found"},
}  # fmt: skip


def test_the_request_is_the_documented_one():
    request = DRIVER.delete(CELLCAST.session, CELLCAST.batch)
    assert (request.method, request.base) == ("POST", "https://api.cellcast.com")
    assert request.path == ("api", "v1", "gateway", "cancelScheduleQuickMessage")
    assert request.query == ()
    assert {k: revealed(v) for k, v in request.headers} == {
        "Authorization": "Bearer s3cr3t-api_key-value",
        "Content-Type": "application/json",
        "Accept": "application/json",
    }
    assert request.body == {"messageId": MESSAGE, "type": "sms"}


def test_a_part_is_the_message_and_the_channel_its_type():
    bodies = [DRIVER.delete(CELLCAST.session, (one,)).body for one in CELLCAST.items]
    assert [body["messageId"] for body in bodies] == [
        *(MESSAGE, MESSAGE),
        *(f"{MESSAGE}1", f"{MESSAGE}2"),
    ]
    assert [body["type"] for body in bodies] == ["sms", "mms", "sms", "sms"]
    voice = Campaign(account="cell", id="a", name="A", channel="voice")
    assert "neither sms nor mms" in DRIVER.unsupported(CELLCAST.checked, voice)


@pytest.mark.parametrize(
    ("one", "kind"),
    [
        (answer(200, {"status": True, "message": "Job Removed successfully"}), Deleted),
        (answer(200, {"status": True, "message": "Job removed successfully"}), Deleted),
        (answer(200, {"status": True, "error": {}, "maintainence": 0}), Deleted),
        (answer(200, {"status": True, "data": {"messageId": MESSAGE}}), Deleted),
        (answer(200, {"status": True, "data": {"messageId": "other"}}), Doubt),
        (answer(200, {"status": True, "maintainence": 1}), Doubt),
        (answer(200, {"status": True, "invalid_token": 1}), Doubt),
        (answer(200, {"status": "true"}), Doubt),
        (answer(200, {"status": 1}), Doubt),
        (answer(201, {"status": True}), Doubt),
        (answer(202, {"status": True}), Doubt),
        (answer(200, {"message": "Job Removed successfully"}), Doubt),
        (answer(200), Doubt),
        (answer(204), Doubt),
        (answer(200, NOT_FOUND), Unconfirmed),
        (answer(200, {"status": False, "message": " Message Not Found "}), Unconfirmed),
        (answer(200, {"status": False, "error": {"error": "message not found"}}), Unconfirmed),
        (answer(200, {"status": False, "message": "Cast to ObjectId failed"}), Doubt),
        (answer(200, {"status": False, "maintainence": 1}), Doubt),
        (answer(200, {"status": False, "invalid_token": 1}), Unauthorised),
        (answer(400, {"code": 400, "message": "messageId is required", "stack": "s"}), Refused),
        (answer(400, {"status": True}), Doubt),
        (answer(400, b"<html></html>"), Doubt),
        (answer(401, {"code": 401, "message": "Token expired", "stack": "s"}), Unauthorised),
        (answer(403), Unauthorised),
        (answer(404), Unconfirmed),
        (answer(409, {"status": True}), Doubt),
        (answer(429, b"slow down"), Throttled),
        (answer(500), Doubt),
        (answer(503, {"status": True}), Doubt),
        (answer(301), Doubt),
    ],
    ids=str,
)
def test_every_answer_has_its_meaning(one, kind):
    assert type(verdict(CELLCAST, one)) is kind


def test_the_stack_is_never_repeated():
    one = answer(400, {"code": 400, "message": "messageId is required", "stack": "APIError: x"})
    assert verdict(CELLCAST, one) == Refused("messageId is required")
    assert verdict(CELLCAST, answer(400, {"code": 400, "stack": "secret"})) == Refused(
        "HTTP 400: bad request"
    )
    assert verdict(CELLCAST, answer(429)).wait == 1


def detail(status, **data):
    return answer(200, {"status": True, "data": {"_id": MESSAGE, "status": status, **data}})


@pytest.mark.parametrize(
    ("word", "settled"),
    [
        ("queued", False),
        ("scheduled", False),
        ("sent", True),
        ("delivered", True),
        ("delievered", True),
        ("received", True),
        ("failed", True),
        ("expired", True),
        ("rejected", True),
        ("blocked", True),
        ("something new", False),
        (None, False),
    ],
)
def test_a_message_that_is_over_can_no_longer_be_cancelled(word, settled):
    seen = run(DRIVER.look(CELLCAST.session, CELLCAST.items[0]), detail(word))
    assert isinstance(seen, Present)
    assert (seen.settled is not None) is settled
    assert seen.campaign.name == CELLCAST.items[0].name


@pytest.mark.parametrize("word", ["canceled", "Canceled", "cancelled"])
def test_a_cancelled_message_is_surely_gone(word):
    seen = run(DRIVER.look(CELLCAST.session, CELLCAST.items[0]), detail(word))
    assert isinstance(seen, Missing)
    assert seen.sure


@pytest.mark.parametrize(
    "one",
    [
        answer(200, NOT_FOUND),
        answer(200, {"status": True, "data": {"_id": "other", "status": "canceled"}}),
        answer(200, {"status": True, "data": {"status": "canceled"}}),
        answer(200, {"status": False, "data": {"_id": MESSAGE, "status": "canceled"}}),
        answer(404),
        answer(403),
        answer(500),
        answer(0),
    ],
    ids=str,
)
def test_any_other_look_says_nothing(one):
    seen = run(DRIVER.look(CELLCAST.session, CELLCAST.items[0]), one)
    assert isinstance(seen, Unclear)
    assert seen.unavailable is (one.status == 403)
    assert seen.unseen is (one.status == 404 or one.body == answer(200, NOT_FOUND).body)


def test_a_look_goes_to_the_message_of_the_part():
    request = next(DRIVER.look(CELLCAST.session, CELLCAST.items[2]))
    assert (request.method, request.path[-1]) == ("GET", f"{MESSAGE}1")
    assert request.path[:-1] == ("api", "v2", "report", "message")


def test_an_id_that_does_not_fit_a_url_is_not_looked_at():
    seen = run(DRIVER.look(CELLCAST.session, item("cell", "a b/c")))
    assert isinstance(seen, Unclear)


def report(*ids, status="sent", **data):
    records = [{"_id": one, "status": status, "customString": "spring"} for one in ids]
    return answer(200, {"status": True, "data": {"items": records, **data}})


def test_the_report_is_read_for_both_types_and_is_never_complete():
    listing = run(
        DRIVER.list(CELLCAST.session),
        report("a", "b", hasNextPage=True),
        report("b", "c", hasNextPage=False),
        report("m", status="queued"),
    )
    assert [(one.id, one.channel) for one in listing.campaigns] == [
        *(("a", "sms"), ("b", "sms"), ("c", "sms")),
        ("m", "mms"),
    ]
    assert [one.status for one in listing.campaigns] == [Status.SENT] * 3 + [Status.SCHEDULED]
    assert listing.campaigns[0].labels == {"customString": "spring"}
    assert not listing.complete
    assert "sent messages" in listing.why


def test_a_cancelled_message_is_listed_and_is_gone():
    listing = run(DRIVER.list(CELLCAST.session), report("a", status="canceled"), report("b"))
    assert [DRIVER.gone(CELLCAST.checked, one) for one in listing.campaigns] == [True, False]


def test_the_report_is_asked_page_by_page():
    flow = DRIVER.list(CELLCAST.session)
    assert next(flow).query == (("page", "1"), ("limit", "100"), ("campType", "sms"))
    assert flow.send(report("a", hasNextPage=True)).query[0] == ("page", "2")
    assert flow.send(report("b")).query == (("page", "1"), ("limit", "100"), ("campType", "mms"))


def test_it_keeps_the_defaults_of_the_contract():
    assert DRIVER.limits(CELLCAST.checked) == Limits(requests=10, per=1, concurrency=4)
    assert not DRIVER.complete
    assert DRIVER.parts == "messageIds"


def test_only_what_is_sent_must_be_safe():
    many = Campaign(account="cell", id="été", name="A", message_ids=(MESSAGE,))
    assert DRIVER.unsafe(CELLCAST.checked, many, None) is None
    assert DRIVER.unsafe(CELLCAST.checked, many, MESSAGE) is None
    assert DRIVER.unsafe(CELLCAST.checked, many, "a\n")
    assert DRIVER.unsafe(CELLCAST.checked, Campaign(account="c", id="été", name="A"), None)

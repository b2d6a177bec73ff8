"""Mailchimp: what its answers mean, and its offsets."""

import pytest

from reconciler.driver import (
    Deleted,
    Doubt,
    Missing,
    Present,
    Refused,
    Throttled,
    Unauthorised,
    Unconfirmed,
)
from reconciler.errors import InputError
from reconciler.model import Status
from tests.support.driver_examples import answer, item, session, verdict
from tests.support.sandbox_wire import Wire, record, session_at
from tests.support.second_ring import MAILCHIMP

ACCOUNTS = {"acc": ("mailchimp", {})}
STATES = {
    "draft": Status.DRAFT,
    "scheduled": Status.SCHEDULED,
    "running": Status.RUNNING,
    "paused": Status.PAUSED,
    "stopped": Status.STOPPED,
    "completed": Status.COMPLETED,
    "sent": Status.SENT,
}


def problem(status, title, detail):
    more = {"type": "about:blank", "instance": "1", "status": status}
    return answer(status, {**more, "title": title, "detail": detail})


@pytest.mark.parametrize(
    ("one", "kind", "said"),
    [
        (answer(204), Deleted, None),
        (problem(404, "Resource Not Found", "no"), Unconfirmed, "404"),
        (problem(400, "Bad Request", "it was sent"), Refused, "HTTP 400: it was sent"),
        (problem(401, "API Key Invalid", "no"), Unauthorised, "401"),
        (problem(403, "Forbidden", "a role is missing"), Unauthorised, "403"),
        (answer(403, b"<html>Forbidden</html>"), Throttled, "403"),
        (answer(403), Throttled, "403"),
        (problem(429, "Too Many Requests", "ten"), Throttled, "429"),
        (problem(500, "Oh", "internal"), Doubt, "internal"),
        (answer(200, {}), Doubt, "200"),
    ],
)
def test_what_an_answer_means(one, kind, said):
    found = verdict(MAILCHIMP, one)
    assert type(found) is kind
    assert said is None or said in found.detail


@pytest.mark.parametrize("wrong", ["us6.evil.example", "US6", "us", "us6/", "6"])
def test_a_data_centre_is_not_a_host(wrong):
    with pytest.raises(InputError, match="after its dash"):
        session(MAILCHIMP, dataCenter=wrong)


def test_the_data_centre_is_the_host():
    assert MAILCHIMP.session.base == "https://us6.api.mailchimp.com"


def test_it_meets_the_sandbox():
    rows = [record(one, status=one) for one in STATES]
    wire, here = Wire(rows, accounts=ACCOUNTS), session_at(MAILCHIMP)
    listing = wire.run(MAILCHIMP.driver.list(here))
    assert listing.complete
    assert {one.id: one.status for one in listing.campaigns} == STATES
    assert listing.campaigns[0].name == "Campaign draft"
    target = item("acc", "draft")
    assert isinstance(wire.run(MAILCHIMP.driver.look(here, target)), Present)
    assert isinstance(wire.delete(MAILCHIMP, here, target), Deleted)
    assert isinstance(wire.delete(MAILCHIMP, here, target), Unconfirmed)
    assert isinstance(wire.run(MAILCHIMP.driver.look(here, target)), Missing)
    assert isinstance(wire.delete(MAILCHIMP, here, item("acc", "sent")), Refused)
    assert wire.effects == ["acc/draft"]


def test_a_thousand_and_one_campaigns_are_listed_with_pages_that_overlap():
    rows = [record(f"{n:010x}") for n in range(1001)]
    wire = Wire(rows, accounts=ACCOUNTS)
    listing = wire.run(MAILCHIMP.driver.list(session_at(MAILCHIMP)))
    assert (listing.complete, len(listing.campaigns)) == (True, 1001)
    assert [dict(one.query)["offset"] for one in wire.asked] == ["0", "499", "998"]


def test_a_campaign_deleted_between_two_pages_is_noticed():
    wire = Wire([record(f"{n:010x}") for n in range(1001)], accounts=ACCOUNTS)
    here = session_at(MAILCHIMP)
    flow = MAILCHIMP.driver.list(here)
    first = wire.send(next(flow))
    wire.delete(MAILCHIMP, here, item("acc", f"{3:010x}"))
    with pytest.raises(StopIteration) as end:
        flow.send(wire.send(flow.send(first)))
    assert not end.value.value.complete

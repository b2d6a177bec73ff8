"""Brevo: drafts alone, a hundred requests an hour, and the archive instead."""

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
from reconciler.model import Campaign, Status
from tests.support.driver_examples import answer, item, session, verdict
from tests.support.sandbox_wire import Wire, record, session_at
from tests.support.second_ring import BREVO, BREVO_ARCHIVE

EMAIL = {"acc": ("brevo", {"kind": "email"})}
SMS = {"acc": ("brevo", {"kind": "sms"})}


def error(status, code, message="no", **headers):
    return answer(status, {"code": code, "message": message}, **headers)


@pytest.mark.parametrize(
    ("one", "kind", "said"),
    [
        (answer(204), Deleted, None),
        (error(404, "document_not_found"), Unconfirmed, "404"),
        (error(400, "campaign_processing", "busy"), Refused, "HTTP 400: busy"),
        (error(403, "permission_denied", "not allowed"), Refused, "HTTP 403: not allowed"),
        (answer(403, b"<html>"), Unauthorised, "403"),
        (error(401, "unauthorized"), Unauthorised, "401"),
        (answer(200, {}), Doubt, "200"),
        (error(500, "x"), Doubt, "500"),
    ],
)
def test_what_an_answer_means(one, kind, said):
    found = verdict(BREVO, one)
    assert type(found) is kind
    assert said is None or said in found.detail


@pytest.mark.parametrize(
    ("left", "wait"), [("1800", 1800.0), ("0", 1.0), ("soon", 60.0), ("99999999", 60.0)]
)
def test_the_wait_is_what_is_left_of_the_vendors_window(left, wait):
    one = answer(429, {"message": "x"}, **{"x-sib-ratelimit-reset": left})
    found = verdict(BREVO, one)
    assert isinstance(found, Throttled)
    assert found.wait == wait


@pytest.mark.parametrize(
    ("settings", "refused"),
    [
        ({}, "scheduled ready running paused stopped completed sent"),
        ({"kind": "sms"}, "scheduled running sent"),
        ({"mode": "archive"}, ""),
    ],
)
def test_states_that_the_vendor_refuses_are_refused_in_the_plan(settings, refused):
    here = session(BREVO, **settings).settings
    told = {
        state.value: BREVO.driver.unsupported(
            here, Campaign(account="acc", id="1", name="A", status=state)
        )
        for state in Status
    }
    assert [one for one in told if told[one]] == [
        one.value for one in Status if one.value in refused.split()
    ]
    assert BREVO.driver.unsupported(here, Campaign(account="acc", id="1", name="A")) is None


def test_emails_meet_the_sandbox():
    states = ["draft", "scheduled", "running", "paused", "completed", "sent"]
    rows = [record(str(n + 1), status=states[n % 6]) for n in range(120)]
    wire, here = Wire(rows, accounts=EMAIL), session_at(BREVO)
    listing = wire.run(BREVO.driver.list(here))
    assert (listing.complete, len(listing.campaigns), len(wire.asked)) == (True, 120, 3)
    assert all(("excludeHtmlContent", "true") in one.query for one in wire.asked)
    assert {one.status.value for one in listing.campaigns} == set(states)
    target = item("acc", "1")
    assert isinstance(wire.run(BREVO.driver.look(here, target)), Present)
    assert isinstance(wire.delete(BREVO, here, target), Deleted)
    assert isinstance(wire.delete(BREVO, here, target), Unconfirmed)
    assert isinstance(wire.run(BREVO.driver.look(here, target)), Missing)
    assert isinstance(wire.delete(BREVO, here, item("acc", "6")), Refused)
    assert "never scheduled" in wire.run(BREVO.driver.look(here, item("acc", "6"))).settled
    assert wire.effects == ["acc/1"]


def test_sms_have_ids_of_their_own():
    wire = Wire([record("1", status="draft")], accounts=SMS)
    assert isinstance(wire.delete(BREVO, session_at(BREVO), item("acc", "1")), Unconfirmed)
    texts = session(BREVO, kind="sms")
    here = session_at(BREVO_ARCHIVE)
    assert texts.settings.kind == here.settings.kind
    assert BREVO.driver.scope(texts.settings)[0] != BREVO.driver.scope(BREVO.session.settings)[0]


def test_the_archive_is_another_thing_and_says_so():
    wire, here = Wire([record("1", status="sent")], accounts=SMS), session_at(BREVO_ARCHIVE)
    assert BREVO.driver.instead(here.settings) == "archives; the campaign stays"
    assert BREVO.driver.instead(BREVO.checked) is None
    assert isinstance(wire.delete(BREVO_ARCHIVE, here, item("acc", "1")), Deleted)
    assert (wire.asked[0].method, wire.asked[0].body) == ("PUT", {"status": "archive"})
    (shown,) = wire.run(BREVO.driver.list(here)).campaigns
    assert BREVO.driver.gone(here.settings, shown)
    assert not BREVO.driver.gone(BREVO.checked, shown)


def test_the_hundred_and_first_request_in_an_hour_is_told_when_to_come_again():
    wire, here = Wire([record("1")], accounts=EMAIL, apart=1.0), session_at(BREVO)
    found = [wire.delete(BREVO, here, item("acc", "9")) for _ in range(101)][-1]
    assert isinstance(found, Throttled)
    assert found.wait == 3500.0

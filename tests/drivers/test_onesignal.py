"""OneSignal: a message is stopped, stays, and says so."""

import pytest

from reconciler.driver import (
    Deleted,
    Doubt,
    Missing,
    Present,
    Throttled,
    Unauthorised,
    Unconfirmed,
)
from reconciler.model import Status
from tests.support.driver_examples import answer, item, run, verdict
from tests.support.sandbox_wire import Wire, record, session_at
from tests.support.second_ring import ONESIGNAL

ACCOUNTS = {"acc": ("onesignal", {})}
DATE = "Fri, 15 Jan 2027 08:00:00 GMT"  # 1800000000


@pytest.mark.parametrize(
    ("one", "kind", "said"),
    [
        (answer(200, {"success": True}), Deleted, None),
        (answer(200, {"success": "true"}), Doubt, "200"),
        (answer(200, {"success": 1}), Doubt, "200"),
        (answer(200, {"success": False, "errors": ["already"]}), Doubt, "already"),
        (answer(200, {"success": True, "errors": ["but"]}), Doubt, "but"),
        (answer(400, {"errors": ["already been sent"]}), Unconfirmed, "already been sent"),
        (
            answer(404, {"errors": [{"code": "x", "title": "Message not found"}]}),
            Unconfirmed,
            "404",
        ),
        (answer(400, b"<html>"), Doubt, "400"),
        (answer(429, {"errors": ["API rate limit exceeded."]}), Throttled, "429"),
        (answer(401, {"errors": ["key"]}), Unauthorised, "401"),
        (answer(403, {"errors": ["no"]}), Unauthorised, "403"),
        (answer(202, {"success": True}), Doubt, "202"),
    ],
)
def test_what_an_answer_means(one, kind, said):
    found = verdict(ONESIGNAL, one)
    assert type(found) is kind
    assert said is None or said in found.detail


@pytest.mark.parametrize(
    ("facts", "headers", "status"),
    [
        ({"canceled": True, "completed_at": 1}, {"date": DATE}, Status.STOPPED),
        ({"completed_at": 1700000000}, {"date": DATE}, Status.SENT),
        ({"send_after": 1800000060}, {"date": DATE}, Status.SCHEDULED),
        ({"send_after": 1799999999}, {"date": DATE}, Status.RUNNING),
        ({"send_after": 1800000060}, {}, Status.UNKNOWN),
        ({"send_after": None}, {"date": DATE}, Status.UNKNOWN),
        ({"send_after": True}, {"date": DATE}, Status.UNKNOWN),
        ({"send_after": 10**30}, {"date": DATE}, Status.UNKNOWN),
    ],
)
def test_the_state_is_told_by_times_against_the_answers_own_date(facts, headers, status):
    one = answer(200, {"id": "m", "name": None, **facts}, **headers)
    seen = run(ONESIGNAL.driver.look(ONESIGNAL.session, item("os", "m")), one)
    assert seen.campaign.status is status
    assert (seen.settled is not None) == (status is Status.SENT)


def test_it_meets_the_sandbox():
    rows = [
        record("ahead", status="scheduled"),
        record("out", status="running"),
        record("over", status="sent"),
        *(record(f"m{n}", status="scheduled") for n in range(60)),
    ]
    wire, here = Wire(rows, accounts=ACCOUNTS), session_at(ONESIGNAL)
    listing = wire.run(ONESIGNAL.driver.list(here))
    assert (listing.complete, listing.partial, len(listing.campaigns)) == (False, True, 63)
    assert "30 days" in listing.why
    shown = {one.id: one.status for one in listing.campaigns}
    assert (shown["ahead"], shown["out"], shown["over"]) == (
        Status.SCHEDULED,
        Status.RUNNING,
        Status.SENT,
    )
    target = item("acc", "ahead")
    assert isinstance(wire.delete(ONESIGNAL, here, target), Deleted)
    seen = wire.run(ONESIGNAL.driver.look(here, target))
    assert isinstance(seen, Present)
    assert ONESIGNAL.driver.gone(here.settings, seen.campaign)
    assert isinstance(wire.delete(ONESIGNAL, here, target), Doubt)
    over = item("acc", "over")
    assert isinstance(wire.delete(ONESIGNAL, here, over), Unconfirmed)
    assert wire.run(ONESIGNAL.driver.look(here, over)).settled == "the message has been sent"
    nobody = [wire.delete(ONESIGNAL, here, item("acc", "nobody")) for _ in range(2)]
    assert {type(one) for one in nobody} == {Unconfirmed}
    assert isinstance(wire.run(ONESIGNAL.driver.look(here, item("acc", "nobody"))), Missing)
    assert wire.effects == ["acc/ahead"]

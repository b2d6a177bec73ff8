"""listmonk: 400 for what is not there, 403 for what may not be seen."""

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
)
from reconciler.model import Campaign, Status
from tests.support.driver_examples import answer, item, run, session, verdict
from tests.support.sandbox_wire import Wire, record, session_at
from tests.support.second_ring import LISTMONK

ACCOUNTS = {"acc": ("listmonk", {})}


@pytest.mark.parametrize(
    ("one", "kind", "said"),
    [
        (answer(200, {"data": True}), Deleted, None),
        (answer(200, {"data": "true"}), Doubt, "200"),
        (answer(200, {"data": False}), Doubt, "200"),
        (answer(200), Doubt, "200"),
        (answer(204), Doubt, "204"),
        (answer(400, {"message": "Kampagne nicht gefunden"}), Unconfirmed, "nicht gefunden"),
        (answer(403, {"message": "invalid API credentials"}), Unauthorised, "credentials"),
        (answer(403, {"message": "permission denied: lists"}), Refused, "permission denied"),
        (answer(403, b"<html>"), Unauthorised, "403"),
        (answer(404, {"message": "Not Found"}), Unconfirmed, "404"),
        (answer(429, b"<html>"), Throttled, "429"),
        (answer(500, {"message": "database"}), Doubt, "database"),
    ],
)
def test_what_an_answer_means(one, kind, said):
    found = verdict(LISTMONK, one)
    assert type(found) is kind
    assert said is None or said in found.detail


@pytest.mark.parametrize(
    ("id_", "fit"),
    [("1", True), ("9" * 10, True), ("0", False), ("01", False), ("1a", False), ("", False)],
)
def test_an_id_is_a_whole_number(id_, fit):
    told = LISTMONK.driver.unsafe(LISTMONK.checked, Campaign(account="a", id=id_, name="A"), None)
    assert (told is None) == fit


def test_the_address_for_many_is_never_used():
    for one in LISTMONK.items:
        request = LISTMONK.driver.delete(LISTMONK.session, (one,))
        assert request.path == ("api", "campaigns", one.target.id)
        assert request.query == ()


def test_it_meets_the_sandbox():
    states = ["draft", "scheduled", "running", "paused", "stopped", "completed"]
    rows = [record(str(n + 1), status=states[n % 6], labels={"a": "b"}) for n in range(150)]
    wire, here = Wire(rows, accounts=ACCOUNTS), session_at(LISTMONK)
    listing = wire.run(LISTMONK.driver.list(here))
    assert (listing.complete, len(listing.campaigns), len(wire.asked)) == (True, 150, 3)
    assert {one.status.value for one in listing.campaigns} == set(states)
    assert listing.campaigns[0].labels == {"a": "b"}
    assert listing.campaigns[0].channel == "email"
    target = item("acc", "3")
    seen = wire.run(LISTMONK.driver.look(here, target))
    assert isinstance(seen, Present)
    assert seen.campaign.status is Status.RUNNING
    assert isinstance(wire.delete(LISTMONK, here, target), Deleted)
    assert isinstance(wire.delete(LISTMONK, here, target), Unconfirmed)
    assert isinstance(wire.run(LISTMONK.driver.look(here, target)), Missing)
    assert wire.effects == ["acc/3"]


def test_a_user_of_some_lists_is_refused_and_sees_nothing():
    rows = [record("1"), {**record("2"), "attributes": {"hidden": True}}]
    wire, here = Wire(rows, accounts=ACCOUNTS, faults=["few-lists"]), session_at(LISTMONK)
    assert isinstance(wire.delete(LISTMONK, here, item("acc", "2")), Refused)
    seen = wire.run(LISTMONK.driver.look(here, item("acc", "2")))
    assert isinstance(seen, Unclear)
    assert seen.unavailable


def test_an_empty_page_that_counts_nothing_makes_the_listing_incomplete():
    first = {"data": {"results": [{"id": n} for n in range(1, 51)], "total": 70}}
    empty = {"data": {"results": [], "total": 0}}
    listing = run(LISTMONK.driver.list(LISTMONK.session), answer(200, first), answer(200, empty))
    assert (listing.complete, len(listing.campaigns)) == (False, 50)


def test_no_campaign_at_all_is_a_complete_listing():
    empty = {"data": {"results": [], "total": 0}}
    assert run(LISTMONK.driver.list(LISTMONK.session), answer(200, empty)).complete


def test_the_host_is_a_setting():
    assert session(LISTMONK, host="http://localhost:9000").base == "http://localhost:9000"

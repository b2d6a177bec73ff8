"""Klaviyo: what its answers mean, and its lists by channel."""

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
from tests.support.driver_examples import answer, item, run, session, verdict
from tests.support.sandbox_wire import Wire, record, session_at
from tests.support.second_ring import KLAVIYO

ACCOUNTS = {"acc": ("klaviyo", {})}


def errors(status, detail):
    return answer(status, {"errors": [{"id": "1", "code": "x", "title": "No", "detail": detail}]})


@pytest.mark.parametrize(
    ("one", "kind", "said"),
    [
        (answer(204), Deleted, None),
        (errors(404, "not here"), Unconfirmed, "404"),
        (errors(400, "no revision"), Refused, "HTTP 400: no revision"),
        (errors(409, "it is sending"), Refused, "HTTP 409: it is sending"),
        (answer(409, b"<html>"), Doubt, "409"),
        (errors(401, "bad key"), Unauthorised, "401"),
        (errors(403, "no scope"), Unauthorised, "403"),
        (errors(429, "slow"), Throttled, "429"),
        (errors(503, "oh"), Doubt, "503"),
        (answer(202), Doubt, "202"),
    ],
)
def test_what_an_answer_means(one, kind, said):
    found = verdict(KLAVIYO, one)
    assert type(found) is kind
    assert said is None or said in found.detail


@pytest.mark.parametrize("wrong", ["latest", "2026-7-15", "2026-07-15; x", "1999-01-01"])
def test_a_revision_is_a_date(wrong):
    with pytest.raises(InputError, match="2026-07-15"):
        session(KLAVIYO, revision=wrong)


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("Draft", Status.DRAFT),
        ("Sending Segments", Status.RUNNING),
        ("Cancelled", Status.STOPPED),
        ("Cancelled: No Recipients", Status.STOPPED),
        ("Unknown", Status.UNKNOWN),
        (None, Status.UNKNOWN),
    ],
)
def test_the_vendors_words(word, state):
    said = {"data": {"type": "campaign", "id": "a", "attributes": {"name": "A", "status": word}}}
    seen = run(
        KLAVIYO.driver.look(KLAVIYO.session, item("k", "a", channel="sms")), answer(200, said)
    )
    assert isinstance(seen, Present)
    assert (seen.campaign.status, seen.campaign.channel) == (state, "sms")


def test_every_channel_is_listed_with_and_without_archived_ones():
    rows = [
        record("mail", channel="email", labels={"team": "growth"}),
        record("text", channel="sms"),
        record("push", channel="mobile_push"),
        record("old", channel="email", attributes={"archived": True}),
        *(record(f"m{n:03}", channel="email") for n in range(120)),
    ]
    wire, here = Wire(rows, accounts=ACCOUNTS), session_at(KLAVIYO)
    listing = wire.run(KLAVIYO.driver.list(here))
    assert (listing.complete, listing.why) == (True, None)
    shown = {one.id: one for one in listing.campaigns}
    assert {one["id"] for one in rows} == set(shown)
    assert [shown[i].channel for i in ("mail", "text", "push", "old")] == [
        "email",
        "sms",
        "mobile_push",
        "email",
    ]
    assert shown["mail"].labels == {"team": "growth"}
    assert shown["old"].attributes["archived"] is True
    assert all(("revision", "2026-07-15") in one.headers for one in wire.asked)


def test_a_key_without_the_right_to_list_says_so():
    wire = Wire([record("a")], accounts=ACCOUNTS, faults=["no-list"])
    listing = wire.run(KLAVIYO.driver.list(session_at(KLAVIYO)))
    assert (listing.complete, listing.unavailable) == (False, True)


def test_a_cursor_that_comes_again_makes_the_listing_incomplete():
    rows = [record(f"m{n:03}", channel="email") for n in range(250)]
    listing = Wire(rows, accounts=ACCOUNTS, faults=["loop"]).run(
        KLAVIYO.driver.list(session_at(KLAVIYO, key="sandbox-k"))
    )
    assert not listing.complete
    assert "email: " in listing.why


def test_it_meets_the_sandbox():
    wire = Wire([record("a", channel="email"), record("b")], accounts=ACCOUNTS)
    here, target = session_at(KLAVIYO), item("acc", "a", channel="email")
    assert isinstance(wire.run(KLAVIYO.driver.look(here, target)), Present)
    assert isinstance(wire.delete(KLAVIYO, here, target), Deleted)
    assert isinstance(wire.delete(KLAVIYO, here, target), Unconfirmed)
    assert isinstance(wire.run(KLAVIYO.driver.look(here, target)), Missing)
    assert wire.effects == ["acc/a"]

"""Twilio: scheduled messages are cancelled by a form; records are deleted when all is over."""

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
    revealed,
)
from reconciler.errors import InputError
from reconciler.model import Campaign, Status
from tests.support.driver_examples import answer, item, session, verdict
from tests.support.sandbox_wire import Wire, record, session_at
from tests.support.second_ring import ACCOUNT, MESSAGE, TWILIO, TWILIO_DELETE

ACCOUNTS = {"acc": ("twilio", {"accountSid": ACCOUNT})}
AHEAD, OVER, QUEUED = (f"SM{n:032x}" for n in range(3))


def error(status, code, message="no"):
    return answer(status, {"code": code, "message": message, "status": status})


@pytest.mark.parametrize(
    ("one", "kind", "said"),
    [
        (answer(200, {"sid": MESSAGE, "status": "canceled"}), Deleted, None),
        (answer(200, {"sid": MESSAGE, "status": "scheduled"}), Doubt, "200"),
        (answer(200, {"sid": f"{MESSAGE[:-1]}0", "status": "canceled"}), Doubt, "200"),
        (answer(200, {"status": "canceled"}), Doubt, "200"),
        (answer(204), Doubt, "204"),
        (error(400, 30409, "cannot be canceled"), Refused, "error 30409: cannot be canceled"),
        (error(404, 20404), Unconfirmed, "404"),
        (error(400, 21211), Doubt, "400"),
        (error(429, 20429), Throttled, "20429"),
        (error(400, 20429), Throttled, "20429"),
        (error(401, 20003), Unauthorised, "401"),
        (error(500, 30409), Doubt, "500"),
    ],
)
def test_what_an_answer_means(one, kind, said):
    found = verdict(TWILIO, one)
    assert type(found) is kind
    assert said is None or said in found.detail


def test_a_record_is_deleted_with_a_204_alone():
    assert isinstance(verdict(TWILIO_DELETE, answer(204)), Deleted)
    assert isinstance(
        verdict(TWILIO_DELETE, answer(200, {"sid": MESSAGE, "status": "canceled"})), Doubt
    )
    early = verdict(TWILIO_DELETE, error(409, 20009, "not complete"))
    assert early == Refused("error 20009: not complete")


def test_the_request_is_a_form_of_one_word():
    request = TWILIO.driver.delete(TWILIO.session, TWILIO.items[1:2])
    assert (request.method, request.form, request.body) == ("POST", (("Status", "canceled"),), None)
    assert request.path[-2:] == ("Messages", f"MM{0:032x}.json")


def test_an_api_key_stands_in_the_accounts_place():
    own = revealed(
        dict(TWILIO.driver.delete(TWILIO.session, TWILIO.items[:1]).headers)["Authorization"]
    )
    key = revealed(
        dict(TWILIO_DELETE.driver.delete(TWILIO_DELETE.session, TWILIO.items[:1]).headers)[
            "Authorization"
        ]
    )
    assert own.startswith("Basic QUMwMTIz")
    assert key.startswith("Basic U0sxO")


@pytest.mark.parametrize("wrong", ["AC1", f"SK{'0' * 32}", f"AC{'A' * 32}", f"{ACCOUNT}/x"])
def test_a_sid_is_checked(wrong):
    with pytest.raises(InputError, match="AC and 32"):
        session(TWILIO, accountSid=wrong)


@pytest.mark.parametrize("id_", ["SM1", f"AC{'0' * 32}", f"sm{'0' * 32}", f"SM{'0' * 31}/"])
def test_only_messages_are_ever_named(id_):
    campaign = Campaign(account="acc", id=id_, name="A")
    assert TWILIO.driver.unsafe(TWILIO.checked, campaign, None)
    assert TWILIO.driver.unsafe(TWILIO.checked, campaign, AHEAD) is None


def test_what_is_over_or_not_yet_over_is_refused_in_the_plan():
    def told(example, state):
        campaign = Campaign(account="acc", id=AHEAD, name="A", status=state)
        return example.driver.unsupported(example.checked, campaign)

    assert [bool(told(TWILIO, one)) for one in (Status.SCHEDULED, Status.SENT)] == [False, True]
    assert [bool(told(TWILIO_DELETE, one)) for one in (Status.SCHEDULED, Status.SENT)] == [
        True,
        False,
    ]


def wire_of(**more):
    states = {AHEAD: "scheduled", OVER: "delivered"}
    rows = [
        {**record("spring", messageIds=[AHEAD, OVER]), "attributes": {"messageStatus": states}},
        {**record(QUEUED), "attributes": {"status": "queued"}},
        *(record(f"SM{n:032x}") for n in range(3, more.pop("many", 3))),
    ]
    return Wire(rows, accounts=ACCOUNTS, **more)


def test_cancelling_meets_the_sandbox():
    wire, here = wire_of(), session_at(TWILIO)
    ahead, over, queued = (
        item("acc", "spring", AHEAD),
        item("acc", "spring", OVER),
        item("acc", QUEUED),
    )
    seen = wire.run(TWILIO.driver.look(here, ahead))
    assert (seen.campaign.id, seen.campaign.status, seen.settled) == (
        "spring",
        Status.SCHEDULED,
        None,
    )
    assert "only a scheduled message" in wire.run(TWILIO.driver.look(here, over)).settled
    assert isinstance(wire.delete(TWILIO, here, ahead), Deleted)
    assert TWILIO.driver.gone(here.settings, wire.run(TWILIO.driver.look(here, ahead)).campaign)
    assert [type(wire.delete(TWILIO, here, one)) for one in (ahead, over, queued)] == [Refused] * 3
    assert isinstance(wire.delete(TWILIO, here, item("acc", f"SM{9:032x}")), Unconfirmed)
    assert isinstance(wire.run(TWILIO.driver.look(here, item("acc", f"SM{9:032x}"))), Missing)
    assert wire.effects == [f"acc/spring#{AHEAD}"]


def test_deleting_records_meets_the_sandbox():
    wire, here = wire_of(), session_at(TWILIO_DELETE)
    ahead, over = item("acc", "spring", AHEAD), item("acc", "spring", OVER)
    assert isinstance(wire.delete(TWILIO_DELETE, here, ahead), Refused)
    assert isinstance(wire.delete(TWILIO_DELETE, here, over), Deleted)
    assert isinstance(wire.delete(TWILIO_DELETE, here, over), Unconfirmed)
    assert isinstance(wire.run(TWILIO_DELETE.driver.look(here, ahead)), Present)


def test_the_list_is_never_complete_and_keeps_what_can_still_be_cancelled():
    wire = wire_of(many=1200)
    listing = wire.run(TWILIO.driver.list(session_at(TWILIO)))
    assert (listing.complete, listing.partial, len(wire.asked)) == (False, True, 3)
    assert len(listing.campaigns) == 1199
    assert {one.id for one in listing.campaigns}.isdisjoint({OVER})
    whole = wire.run(TWILIO.driver.list(session_at(TWILIO_DELETE)))
    assert len(whole.campaigns) == 1200
    assert all("body" not in (one.attributes or {}) for one in whole.campaigns)


def test_it_says_what_happens_instead_of_a_deletion():
    assert TWILIO.driver.instead(TWILIO.checked) == (
        "stops sending; the message stays, shown as canceled"
    )
    assert "stops nothing" in TWILIO.driver.instead(TWILIO_DELETE.checked)

"""Ozonetel against its pages: seed 000, generateToken, deleteCampaignData (providers §1)."""

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from reconciler.driver import (
    Deleted,
    Doubt,
    Growth,
    Refused,
    Split,
    Throttled,
    Token,
    Unauthorised,
    Unconfirmed,
    growth,
    revealed,
)
from reconciler.model import Campaign, Limits
from tests.support.driver_examples import (
    OZONETEL,
    OZONETEL_BASIC,
    OZONETEL_SINGLE,
    answer,
    item,
    run,
    session,
    verdict,
)
from tests.support.sandbox_wire import Wire, session_at

DRIVER = OZONETEL.driver
JSON = {"Content-Type": "application/json"}


def items(*cells):
    return tuple(item("calls", f"id {name}", number, name=name) for name, number in cells)


ONE = items(("A", "1"))
NUMBERS = items(("A", "1"), ("A", "2"))
NAMES = items(("A", "1"), ("B", "1"))


def no(message, status="Error", **more):
    return {"status": status, "message": message, **more}


def judged(batch, one, example=OZONETEL):
    return DRIVER.judge(example.session, batch, one)


def test_the_bulk_request_is_the_documented_one():
    request = DRIVER.delete(OZONETEL.session, items(("A ", "91"), ("A ", "92")))
    assert (request.method, request.base) == ("DELETE", "https://in1-ccaas-api.ozonetel.com")
    assert request.path == ("ca_apis", "DeleteBulkData")
    assert request.query == ()
    headers = {k: revealed(v) for k, v in request.headers}
    assert headers == {"Authorization": "Bearer s3cr3t-token-value", **JSON}
    assert request.body == {"userName": "acme", "phoneNumber": [91, 92], "campaignName": ["A "]}
    assert all(type(number) is int for number in request.body["phoneNumber"])


def test_basic_mode_sends_the_key_and_no_token():
    request = DRIVER.delete(OZONETEL_BASIC.session, ONE)
    headers = {k: revealed(v) for k, v in request.headers}
    assert headers == {"apiKey": "s3cr3t-api_key-value", **JSON}


def test_the_one_record_call_sends_texts():
    request = DRIVER.delete(OZONETEL_SINGLE.session, ONE)
    assert (request.method, request.path) == ("DELETE", ("ca_apis", "deleteCampaignData"))
    assert request.body == {"campaignName": "A", "phoneNumber": "1", "userName": "acme"}
    assert len(DRIVER.batches(OZONETEL_SINGLE.checked, NAMES, None)) == 2


def test_the_token_request_is_the_documented_one():
    flow = DRIVER.authenticate(OZONETEL.session)
    request = next(flow)
    assert (request.method, request.path) == ("POST", ("ca_apis", "CAToken", "generateToken"))
    headers = {k: revealed(v) for k, v in request.headers}
    assert headers == {"apiKey": "s3cr3t-api_key-value", **JSON}
    assert request.body == {"userName": "acme"}
    token = run(
        DRIVER.authenticate(OZONETEL.session), answer(200, {"token": "a.b.c", "message": ""})
    )
    assert isinstance(token, Token)
    assert token.secret.reveal() == "a.b.c"


@pytest.mark.parametrize(
    ("one", "kind"),
    [
        (answer(200, no("UserName is null", "false", data=None)), Unauthorised),
        (answer(200, no("Invalid userName or apiKey", "false", data=None)), Unauthorised),
        (answer(200, no("too many tokens", "false")), Unauthorised),
        (answer(200, no("Max limit exceeded")), Throttled),
        (answer(401), Unauthorised),
        (answer(403), Unauthorised),
        (answer(200, {"token": ""}), Doubt),
        (answer(200, {"token": "a\r\nb"}), Doubt),
        (answer(200, {"token": 7}), Doubt),
        (answer(200, b"<html>"), Doubt),
        (answer(500, {"token": "a.b.c"}), Doubt),
        (answer(302, {"token": "a.b.c"}), Doubt),
        (answer(0), Doubt),
    ],
    ids=str,
)
def test_no_token_has_its_reason(one, kind):
    assert type(run(DRIVER.authenticate(OZONETEL.session), one)) is kind


def test_basic_mode_asks_for_no_token():
    assert isinstance(run(DRIVER.authenticate(OZONETEL_BASIC.session)), Token)


@pytest.mark.parametrize(
    ("one", "kind"),
    [
        (answer(200, no("Deleted Successfully", "Success")), Deleted),
        (answer(200, {"status": "success"}), Deleted),
        (answer(202, {"status": "SUCCESS"}), Deleted),
        (answer(200, {"status": "true"}), Doubt),
        (answer(200, {"status": True}), Doubt),
        (answer(200, {}), Doubt),
        (answer(200, []), Doubt),
        (answer(200), Doubt),
        (answer(204), Doubt),
        (answer(400, {"status": "Success"}), Doubt),
        (answer(500, {"status": "Success"}), Doubt),
        (answer(302, {"status": "Success"}), Doubt),
        (answer(200, no("Invalid Token", "false", data=None)), Unauthorised),
        (answer(401, no("Token Expired", "false", data=None)), Unauthorised),
        (answer(500, no(" token expired ", "false")), Unauthorised),
        (answer(200, no("Token Should Not be Null or Empty.", "false")), Unauthorised),
        (answer(200, no("Username Should Not be Null or Empty.", "false")), Unauthorised),
        (answer(200, no("Invalid User Details", "false")), Unauthorised),
        (answer(200, no("Api Key Should Not be Null or Empty.", "false")), Unauthorised),
        (answer(200, no("PhoneNumbers should not be null are empty")), Refused),
        (answer(200, no("PhoneNumber should not be null are empty")), Refused),
        (answer(200, no("Campaign should not be null are empty")), Refused),
        (answer(200, no("Invalid Json Pass Valid Json", "false", data=None)), Refused),
        (
            answer(
                200,
                no("A maximum of 100 phone numbers or 100 campaign names will be accepted"),
            ),
            Refused,
        ),
        (answer(200, no("Max limit exceeded")), Throttled),
        (answer(403, no("MAX LIMIT EXCEEDED")), Throttled),
        (answer(429), Throttled),
        (answer(200, no("something new")), Doubt),
        (answer(200, no("Max limit exceeded", "success")), Deleted),
        (answer(200, {"message": "No Record Found"}), Doubt),
        (answer(500, no("No Record Found")), Doubt),
        (answer(200, no("No Record Found")), Unconfirmed),
        (answer(400, no("no record found ")), Unconfirmed),
        (answer(200, no("Passed campaign are invalid")), Refused),
        (answer(401), Unauthorised),
        (answer(403), Unauthorised),
        (answer(404), Unconfirmed),
        (answer(405), Doubt),
        (answer(503), Doubt),
    ],
    ids=str,
)
def test_every_answer_to_one_number_of_one_name_has_its_meaning(one, kind):
    assert type(judged(ONE, one)) is kind


@pytest.mark.parametrize("said", ["No Record Found", "no record found "])
@pytest.mark.parametrize("status", [200, 400])
def test_of_no_record_both_readings_are_told(said, status):
    """The vendor says it of a number that is gone, and of one that never was."""
    found = judged(ONE, answer(status, no(said)))
    assert found.known
    assert "no longer in the campaign, or number or campaign are not valid" in found.detail


def test_the_window_is_waited_out():
    assert judged(ONE, answer(200, no("Max limit exceeded"))).wait == 60
    assert judged(ONE, answer(429)).wait == 60


def test_only_a_bad_token_is_renewed():
    assert judged(ONE, answer(200, no("Token Expired", "false"))).renew
    assert judged(ONE, answer(200, no("Invalid Token", "false"))).renew
    assert judged(ONE, answer(401)).renew
    assert not judged(ONE, answer(200, no("Invalid User Details", "false"))).renew
    assert not judged(ONE, answer(401), OZONETEL_BASIC).renew


@pytest.mark.parametrize(
    ("batch", "message", "kind"),
    [
        (NUMBERS, "No Record Found", Split),
        (NAMES, "No Record Found", Split),
        (NAMES, "Passed campaign are invalid", Split),
        (NUMBERS, "Passed campaign are invalid", Refused),
    ],
)
def test_a_message_about_one_of_many_splits_the_request(batch, message, kind):
    assert type(judged(batch, answer(200, no(message)))) is kind


def test_names_are_split_before_numbers():
    batch = items(*((name, number) for name in "ABC" for number in "12"))
    first, second = DRIVER.split(batch)
    assert {one.name for one in first} == {"A"}
    assert {one.name for one in second} == {"B", "C"}
    low, high = DRIVER.split(first)
    assert [one.target.part for one in (*low, *high)] == ["1", "2"]


cells = st.sets(st.tuples(st.sampled_from("ABCDEF"), st.sampled_from("123456")), min_size=1)


@given(cells, st.none() | st.integers(1, 8))
def test_a_request_asks_for_nothing_that_is_not_planned(planned, most):
    sent = []
    for batch in DRIVER.batches(OZONETEL.checked, items(*sorted(planned)), most):
        body = DRIVER.delete(OZONETEL.session, batch).body
        product = [(name, str(n)) for name in body["campaignName"] for n in body["phoneNumber"]]
        assert len(product) == len(batch) <= (most or 10_000)
        sent += product
    assert sorted(sent) == sorted(planned)


def test_a_request_holds_at_most_a_hundred_of_each():
    wide = items(*((f"C{name}", f"{number}") for name in range(1, 102) for number in range(1, 202)))
    batches = DRIVER.batches(OZONETEL.checked, wide, None)
    bodies = [DRIVER.delete(OZONETEL.session, batch).body for batch in batches]
    assert len(bodies) == 6
    assert max(len(body["campaignName"]) for body in bodies) <= 100
    assert max(len(body["phoneNumber"]) for body in bodies) <= 100


def requests_of(planned, most=None):
    return list(growth.requests(DRIVER, OZONETEL.checked, planned, most))


@pytest.mark.parametrize(
    ("names", "numbers", "most", "sizes"),
    [
        (1, 1, None, [1]),
        (10, 100, None, [1000]),
        (100, 100, None, [1000, 2000, 4000, 3000]),
        (100, 300, None, [1000, 2000, 4000, 3000, 10_000, 10_000]),
        (10, 300, 250, [250] * 12),
    ],
)
def test_a_run_begins_with_a_thousand_and_doubles_while_answers_are_quick(
    names, numbers, most, sizes
):
    grid = items(
        *((f"C{name}", str(9000 + number)) for name in range(names) for number in range(numbers))
    )
    found = requests_of(grid, most)
    assert [len(batch) for batch in found] == sizes
    assert sorted(one.target for batch in found for one in batch) == sorted(
        one.target for one in grid
    )
    for batch in found:
        body = DRIVER.delete(OZONETEL.session, batch).body
        assert len(body["campaignName"]) * len(body["phoneNumber"]) == len(batch)


@given(cells, st.integers(1, 8), st.none() | st.integers(1, 8))
def test_a_growing_request_asks_for_nothing_that_is_not_planned(planned, first, most):
    grows = Growth(first=first)
    sent = []
    driver = structs.replace(DRIVER, growth=grows)
    batches = growth.requests(driver, OZONETEL.checked, items(*sorted(planned)), most)
    for batch in batches:
        body = DRIVER.delete(OZONETEL.session, batch).body
        product = [(name, str(n)) for name in body["campaignName"] for n in body["phoneNumber"]]
        assert len(product) == len(batch) <= (most or 10_000)
        sent += product
    assert sorted(sent) == sorted(planned)


def test_a_slow_exchange_halves_the_next_request_and_only_a_quick_deletion_doubles_it():
    grows = Growth(first=1000)
    assert grows.after(1000, 4.9, deleted=True) == 2000
    assert grows.after(1000, 5.0, deleted=True) == 1000
    assert grows.after(1000, 0.1, deleted=False) == 1000
    assert grows.after(1000, 30.1, deleted=True) == 500
    assert grows.after(1000, 300.0, deleted=False) == 500
    assert grows.after(1, 31.0, deleted=False) == 1


@pytest.mark.parametrize(
    ("number", "safe", "single"),
    [
        ("918187867008", True, True),
        ("9" * 15, True, True),
        ("9" * 16, False, True),
        ("0123", False, True),
        ("+91818", False, True),
        ("", False, False),
        ("1\n", False, False),
        ("\u0661\u0662", False, False),
        ("1e5", False, True),
    ],
)
def test_numbers_that_json_would_change_are_unsafe_in_bulk(number, safe, single):
    campaign = Campaign(account="calls", id="x", name="A")
    assert (DRIVER.unsafe(OZONETEL.checked, campaign, number) is None) is safe
    assert (DRIVER.unsafe(OZONETEL_SINGLE.checked, campaign, number) is None) is single


@pytest.mark.parametrize(
    ("name", "safe"),
    [("Diwali 2024 ", True), ("दीवाली 🎆", True), (" ", True), ("a" * 200, True)]
    + [(name, False) for name in ("", "a" * 201, "a\n", "\x00", "\x85", "a\ud800")],
)
def test_names_go_as_they_are_but_without_controls(name, safe):
    campaign = Campaign(account="calls", id="x", name=name)
    assert (DRIVER.unsafe(OZONETEL.checked, campaign, None) is None) is safe


def test_it_keeps_the_defaults_of_the_contract():
    assert DRIVER.limits(OZONETEL.checked) == Limits(requests=2, per=60, concurrency=1)
    assert DRIVER.limits(OZONETEL_SINGLE.checked) == Limits(requests=100, per=60, concurrency=1)
    assert not DRIVER.complete
    assert DRIVER.by_name
    assert DRIVER.parts == "phoneNumbers"
    assert (DRIVER.list, DRIVER.look) == (None, None)
    partner = session(OZONETEL, domain="api.ccaas.ozonetel.com").settings
    assert DRIVER.base_url(partner) == "https://api.ccaas.ozonetel.com"


def test_the_example_is_judged_like_any_other():
    assert isinstance(verdict(OZONETEL, OZONETEL.successes[0]), Deleted)


# ---------------------------------------------------------------- names that nobody knows


def sifted(names, wire, **more):
    example = at_sandbox(**more)
    here = session_at(example, "ozonetel")
    batch = tuple(item("acc", f"id-{name}", "9181", name=name) for name in names)
    if example.driver.authenticate is not None:
        token = wire.run(example.driver.authenticate(here))
        here = msgspec.structs.replace(here, token=token.secret)
    return {one.name for one in wire.run(example.driver.sift(here, batch)).unknown}


def at_sandbox(**more):
    return replace(OZONETEL, settings={**OZONETEL.settings, "userName": "acme", **more})


LEADS = [
    {"account": "acc", "id": str(n), "name": name, "phoneNumbers": ["9181"]}
    for n, name in enumerate(("Lead", "Lead 2", "Lead ", "Ünïcode"))
]


@pytest.mark.parametrize("mode", ["token", "basic"])
def test_names_are_asked_for_by_campaign_status_to_the_byte(mode):
    wire = Wire(LEADS)
    names = ("Lead", "lead", "Lead 2", "Lead  ", "Ünïcode", "Gone")
    assert sifted(names, wire, authentication=mode) == {"lead", "Lead  ", "Gone"}
    asked = [one for one in wire.asked if one.path[-1] == "campaignStatus"]
    assert [one.method for one in asked] == ["GET"] * 6
    assert [one.body["campaignName"] for one in asked] == list(names)
    assert wire.effects == []


@pytest.mark.parametrize(
    "said",
    [
        answer(500, {"status": "failure", "message": "no record found"}),
        answer(200, {"status": "failure", "message": "All parameters are mandatory"}),
        answer(200, {"status": "success", "message": "x"}),
        answer(200, {"status": "success"}),
        answer(200, b"<html>"),
        answer(0),
        answer(404),
    ],
)
def test_an_answer_that_does_not_say_so_makes_no_name_unknown(said):
    found = run(OZONETEL.driver.sift(OZONETEL.session, NAMES), said, said)
    assert found.unknown == ()


def test_too_many_questions_end_them():
    said = answer(200, no("Max limit exceeded"))
    found = run(OZONETEL.driver.sift(OZONETEL.session, NAMES), said)
    assert found.unknown == ()

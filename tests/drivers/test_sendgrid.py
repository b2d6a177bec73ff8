"""SendGrid's Single Sends: what its answers mean, and its pages."""

import pytest

from reconciler.driver import (
    Deleted,
    Doubt,
    Missing,
    Present,
    Refused,
    Split,
    Throttled,
    Unauthorised,
    Unconfirmed,
)
from reconciler.model import Status
from tests.support.driver_examples import answer, item, run, session, verdict
from tests.support.sandbox_wire import Wire, record, session_at
from tests.support.second_ring import SENDGRID, SENDGRID_BULK, SINGLE_SEND

ACCOUNTS = {"acc": ("sendgrid", {})}
DATE = "Fri, 15 Jan 2027 08:00:00 GMT"  # 1800000000


def errors(status, message, **headers):
    return answer(status, {"errors": [{"field": None, "message": message}]}, **headers)


@pytest.mark.parametrize(
    ("one", "kind", "said"),
    [
        (answer(204), Deleted, None),
        (errors(404, "resource not found"), Unconfirmed, "404"),
        (errors(400, "malformed id"), Refused, "HTTP 400: malformed id"),
        (answer(400, b"<html>"), Doubt, "HTTP 400"),
        (errors(401, "authorization required"), Unauthorised, "401"),
        (errors(403, "access forbidden"), Unauthorised, "403"),
        (errors(409, "being sent"), Doubt, "being sent"),
        (errors(500, "oh"), Doubt, "the vendor failed (oh)"),
        (answer(200, {}), Doubt, "HTTP 200"),
        (answer(204, b"{}"), Doubt, "HTTP 204"),
    ],
)
def test_what_an_answer_means(one, kind, said):
    found = verdict(SENDGRID, one)
    assert type(found) is kind
    assert said is None or said in found.detail


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"x-ratelimit-reset": "1800000003", "date": DATE}, 3.0),
        ({"x-ratelimit-reset": "1799999999", "date": DATE}, 5.0),
        ({"x-ratelimit-reset": "1800000003"}, 5.0),
        ({"x-ratelimit-reset": "soon", "date": DATE}, 5.0),
        ({"x-ratelimit-reset": "9" * 12, "date": DATE}, 5.0),
        ({"date": "Mon, 01 Jan 99999999999 00:00:00 GMT", "x-ratelimit-reset": "1"}, 5.0),
    ],
)
def test_the_wait_is_that_of_the_vendors_own_header_against_its_own_date(headers, wait):
    found = verdict(SENDGRID, errors(429, "too many requests", **headers))
    assert isinstance(found, Throttled)
    assert found.wait == wait


def test_many_ids_are_one_query_and_never_an_empty_one():
    sizes = [
        len(b)
        for b in SENDGRID_BULK.driver.batches(SENDGRID_BULK.checked, SENDGRID_BULK.items, None)
    ]
    assert sizes == [50, 50, 20]
    (single,) = SENDGRID_BULK.driver.batches(SENDGRID_BULK.checked, SENDGRID_BULK.items[:1], None)
    one = SENDGRID_BULK.driver.delete(SENDGRID_BULK.session, single)
    assert one.path[-1] == f"{SINGLE_SEND}0"
    two = SENDGRID_BULK.driver.delete(SENDGRID_BULK.session, SENDGRID_BULK.items[:2])
    assert two.query == (("ids", f"{SINGLE_SEND}0,{SINGLE_SEND}1"),)
    assert ("on-behalf-of", "acme") in two.headers


def test_a_404_of_many_asks_by_halves_and_of_one_asks_for_a_look():
    driver, here, missing = SENDGRID_BULK.driver, SENDGRID_BULK.session, errors(404, "no")
    assert isinstance(driver.judge(here, SENDGRID_BULK.items[:2], missing), Split)
    assert isinstance(driver.judge(here, SENDGRID_BULK.items[:1], missing), Unconfirmed)


def test_the_next_page_is_asked_for_at_our_own_address():
    flow = SENDGRID.driver.list(SENDGRID.session)
    first = next(flow)
    more = "https://evil.example/v3/marketing/singlesends?page_token=t%2F2&page_size=50"
    page = {"result": [{"id": "a"}], "_metadata": {"next": more, "count": 1}}
    second = flow.send(answer(200, page))
    assert (second.base, second.path) == (first.base, first.path)
    assert dict(second.query)["page_token"] == "t/2"


@pytest.mark.parametrize(
    "more",
    [
        "https://api.sendgrid.com/x?page=2",
        "http://[",
        7,
        "?page_token=",
        "a?page_token=1&page_token=2",
    ],
)
def test_a_next_page_without_a_token_makes_the_listing_incomplete(more):
    page = {"result": [{"id": "a"}], "_metadata": {"next": more, "count": 1}}
    listing = run(SENDGRID.driver.list(SENDGRID.session), answer(200, page))
    assert (listing.complete, [one.id for one in listing.campaigns]) == (False, ["a"])
    assert listing.why == "a page does not say where the next one is"


def test_a_record():
    page = {
        "result": [
            {
                "id": "a",
                "name": "Spring",
                "status": "triggered",
                "categories": ["team:growth", "vip"],
                "created_at": "2026-01-02T03:04:05Z",
                "updated_at": "yesterday",
            }
        ],
        "_metadata": {"count": 1},
    }
    listing = run(SENDGRID.driver.list(SENDGRID.session), answer(200, page))
    (one,) = listing.campaigns
    assert listing.complete
    assert (one.name, one.status, one.channel) == ("Spring", Status.SENT, "email")
    assert one.labels == {"team": "growth", "vip": ""}
    assert (one.created_at.year, one.updated_at, one.unknown) == (2026, None, ("updatedAt",))


def test_it_meets_the_sandbox():
    ids = [f"{SINGLE_SEND}{n:03}" for n in range(120)]
    wire = Wire([record(i, status="scheduled") for i in ids], accounts=ACCOUNTS)
    here, target = session_at(SENDGRID), item("acc", ids[7])
    listing = wire.run(SENDGRID.driver.list(here))
    assert (listing.complete, len(listing.campaigns)) == (True, 120)
    assert isinstance(wire.run(SENDGRID.driver.look(here, target)), Present)
    assert isinstance(wire.delete(SENDGRID, here, target), Deleted)
    assert isinstance(wire.delete(SENDGRID, here, target), Unconfirmed)
    assert isinstance(wire.run(SENDGRID.driver.look(here, target)), Missing)
    assert wire.effects == [f"acc/{ids[7]}"]


@pytest.mark.parametrize("faults", [[], ["part-done"]])
def test_fifty_at_once_meet_the_sandbox(faults):
    ids = [f"{SINGLE_SEND}{n:03}" for n in range(3)]
    wire = Wire([record(i) for i in ids], accounts=ACCOUNTS, faults=faults)
    here = session_at(SENDGRID_BULK)
    unknown = (item("acc", ids[0]), item("acc", "nobody"))
    assert isinstance(wire.delete(SENDGRID_BULK, here, *unknown), Split)
    assert isinstance(wire.delete(SENDGRID_BULK, here, *(item("acc", i) for i in ids[1:])), Deleted)


def test_the_sandbox_says_how_long_to_wait():
    wire, here = Wire([record("a")], accounts=ACCOUNTS, apart=0.01), session_at(SENDGRID)
    found = [wire.delete(SENDGRID, here, item("acc", "b")) for _ in range(11)][-1]
    assert isinstance(found, Throttled)
    assert found.wait == 2.0  # whole seconds: a little more than the window is left


def test_a_listing_that_loops_is_not_complete():
    wire = Wire([record(str(n)) for n in range(120)], accounts=ACCOUNTS, faults=["loop"])
    assert not wire.run(SENDGRID.driver.list(session_at(SENDGRID))).complete


def test_a_host_is_a_setting():
    assert SENDGRID.driver.base_url(session(SENDGRID, host="api.eu.sendgrid.com").settings) == (
        "https://api.eu.sendgrid.com"
    )

"""Batch MEP against its pages: seed 003, list and get (providers §4)."""

import pytest

from reconciler.driver import (
    Deleted,
    Doubt,
    Missing,
    Present,
    Refused,
    Secret,
    Throttled,
    Unauthorised,
    Unclear,
    Unconfirmed,
    revealed,
    shown,
)
from reconciler.model import Campaign, Limits, Status
from tests.support.driver_examples import MEP, TOKEN, answer, item, run, session, verdict
from tests.support.sandbox_wire import Wire, record, session_at
from tests.support.second_ring import IN_APP

DRIVER = MEP.driver


def test_the_request_is_the_documented_one():
    request = DRIVER.delete(MEP.session, MEP.batch)
    assert (request.method, request.base) == ("POST", "https://api.batch.com")
    path = [one.reveal() if isinstance(one, Secret) else one for one in request.path]
    assert path == ["1.1", "s3cr3t-api_key-value", "campaigns", "delete", f"{TOKEN}0"]
    assert request.query == ()
    assert {k: revealed(v) for k, v in request.headers} == {
        "X-Authorization": "s3cr3t-rest_api_key-value",
        "Content-Type": "application/json",
    }
    assert request.body is None
    assert request.shown_url == f"https://api.batch.com/1.1/***/campaigns/delete/{TOKEN}0"


@pytest.mark.parametrize(
    ("one", "kind"),
    [
        (answer(200), Deleted),
        (answer(200, {}), Deleted),
        (answer(200, {"campaign_token": f"{TOKEN}0"}), Deleted),
        (answer(200, {"campaign_token": "other"}), Doubt),
        (answer(200, b"deleted"), Doubt),
        (answer(200, b"<html></html>"), Doubt),
        (answer(200, {"error_code": 20}), Unconfirmed),
        (answer(200, {"error_code": "20"}), Unconfirmed),
        (answer(204), Doubt),
        (answer(202), Doubt),
        (answer(401), Unauthorised),
        (answer(403, {"error_code": 12}), Unauthorised),
        (answer(404, {"error_code": 20}), Unconfirmed),
        (answer(429), Throttled),
        (answer(500, {"error_code": 0}), Doubt),
        (answer(503), Doubt),
        (answer(400), Refused),
        (answer(302), Doubt),
    ],
    ids=str,
)
def test_every_documented_answer_has_its_meaning(one, kind):
    assert type(verdict(MEP, one)) is kind
    assert verdict(MEP, answer(429)).wait == 5


def campaigns(*numbers):
    return [{"campaign_token": f"t{n}", "name": f"N{n}", "live": False} for n in numbers]


def served(everything, *, between=lambda _page, everything: everything):
    """Answers of an offset listing; *between* changes what exists before each page."""
    flow = DRIVER.list(MEP.session)
    request, page = next(flow), 0
    offsets = []
    while True:
        query = dict(request.query)
        start = int(query["from"])
        offsets.append(start)
        everything = between(page, everything)
        page += 1
        try:
            request = flow.send(answer(200, everything[start : start + int(query["limit"])]))
        except StopIteration as end:
            return end.value, offsets


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 199, 250, 298])
def test_every_campaign_is_listed_whatever_the_last_page_holds(count):
    listing, _ = served(campaigns(*range(count)))
    assert listing.complete
    assert [one.id for one in listing.campaigns] == [f"t{n}" for n in range(count)]


def test_pages_overlap_by_one():
    assert served(campaigns(*range(250)))[1] == [0, 99, 198]


@pytest.mark.parametrize("gone", [0, 50, 99])
def test_a_deletion_between_pages_is_seen(gone):
    listing, _ = served(
        campaigns(*range(250)),
        between=lambda page, all_: all_[:gone] + all_[gone + 1 :] if page == 1 else all_,
    )
    assert not listing.complete
    assert "moved" in listing.why


def test_a_new_campaign_between_pages_is_seen():
    listing, _ = served(
        campaigns(*range(250)),
        between=lambda page, all_: [*campaigns(999), *all_] if page == 1 else all_,
    )
    assert not listing.complete


def test_an_object_with_one_array_in_it_is_read_too():
    listing = run(DRIVER.list(MEP.session), answer(200, {"campaigns": campaigns(1), "n": 1}))
    assert listing.complete
    assert len(listing.campaigns) == 1


@pytest.mark.parametrize("body", [{}, {"a": [], "b": []}, {"error_code": 20, "x": []}, "x", 1])
def test_a_list_of_another_shape_is_not_complete(body):
    assert not run(DRIVER.list(MEP.session), answer(200, body)).complete


@pytest.mark.parametrize("status", [403, 404])
def test_a_key_that_may_not_list_says_so(status):
    assert DRIVER.gate(answer(403)) is None
    assert run(DRIVER.list(MEP.session), answer(status)).unavailable


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"live": True}, Status.RUNNING),
        ({"live": False}, Status.STOPPED),
        ({"live": "true"}, Status.UNKNOWN),
        ({}, Status.UNKNOWN),
    ],
)
def test_live_counts_as_running(record, expected):
    page = answer(200, [{"campaign_token": "t", **record}])
    (found,) = run(DRIVER.list(MEP.session), page).campaigns
    assert found.status is expected


def test_automations_are_unsupported_even_with_an_empty_trigger():
    automation = Campaign(account="app", id="t", name="A", attributes={"trigger": {}})
    assert "automation" in DRIVER.unsupported(MEP.checked, automation)
    assert DRIVER.unsupported(MEP.checked, Campaign(account="app", id="t", name="A")) is None


@pytest.mark.parametrize(
    ("one", "kind"),
    [
        (answer(200, {"campaign_token": f"{TOKEN}0", "name": "N"}), Present),
        (answer(200, {"campaign_token": "other", "name": "N"}), Unclear),
        (answer(200, {"name": "N"}), Unclear),
        (answer(200, b"<html>"), Unclear),
        (answer(404), Missing),
        (answer(403), Unclear),
        (answer(500), Unclear),
        (answer(0), Unclear),
    ],
    ids=str,
)
def test_a_look_reads_one_campaign(one, kind):
    seen = run(DRIVER.look(MEP.session, MEP.items[0]), one)
    assert type(seen) is kind
    assert not getattr(seen, "sure", False)
    if kind is Unclear:
        assert seen.unavailable is (one.status == 403)


def test_a_look_asks_for_the_one_campaign():
    request = next(DRIVER.look(MEP.session, MEP.items[0]))
    assert request.method == "GET"
    assert request.shown_url == f"https://api.batch.com/1.1/***/campaigns/{TOKEN}0"


def test_it_keeps_the_defaults_of_the_contract():
    assert DRIVER.limits(MEP.checked) == Limits(requests=1, per=1, concurrency=1)
    assert DRIVER.complete
    assert shown(DRIVER.scope(session(MEP).settings)) == "app ***"


@pytest.mark.parametrize("id_", ["", ".", "..", "a/b", "a?", "a#", "%2e", "a\n", "é", "a" * 201])
def test_ids_in_a_path_cannot_leave_it(id_):
    campaign = Campaign(account="app", id=id_, name="A")
    assert DRIVER.unsafe(MEP.checked, campaign, None)


def test_in_app_campaigns_have_an_address_of_their_own_and_may_have_triggers():
    wire = Wire(
        [record("0" * 32, channel="in-app"), record("1" * 32)],
        accounts={"acc": ("batch-mep", {})},
    )
    here, target = session_at(IN_APP, "batch"), item("acc", "0" * 32)
    (shown,) = wire.run(IN_APP.driver.list(here)).campaigns
    assert (shown.id, shown.channel) == ("0" * 32, "in-app")
    assert "trigger" in shown.attributes
    assert IN_APP.driver.unsupported(here.settings, shown) is None
    assert MEP.driver.unsupported(MEP.checked, shown)
    assert isinstance(wire.delete(IN_APP, here, item("acc", "1" * 32)), Unconfirmed)
    assert isinstance(wire.delete(IN_APP, here, target), Deleted)
    assert wire.effects == [f"acc/{'0' * 32}"]
    assert MEP.driver.scope(MEP.checked)[0] != IN_APP.driver.scope(IN_APP.checked)[0]

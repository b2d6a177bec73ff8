"""Batch CEP against its pages: seed 002 and the orchestrations list (providers §3)."""

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

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
from tests.support.driver_examples import (
    CEP,
    ORCHESTRATION,
    answer,
    item,
    run,
    session,
    verdict,
)
from tests.support.sandbox_wire import Wire, record, session_at

DRIVER = CEP.driver


def unannounced(one):
    """An answer that ended with its connection."""
    return replace(one, announced=False)


def test_the_request_is_the_documented_one():
    request = DRIVER.delete(CEP.session, CEP.batch)
    assert (request.method, request.base) == ("POST", "https://api.batch.com")
    assert request.path == ("2.8", "campaigns", "delete")
    assert request.query == ()
    assert {k: revealed(v) for k, v in request.headers} == {
        "Authorization": "Bearer s3cr3t-rest_api_key-value",
        "X-Batch-Project": "project_0664",
        "Content-Type": "application/json",
    }
    assert request.body == {"id": f"{ORCHESTRATION}0"}
    assert DRIVER.delete(session(CEP, version="2.11"), CEP.batch).path[0] == "2.11"


@pytest.mark.parametrize(
    ("one", "kind"),
    [
        (answer(204), Deleted),
        (answer(200), Deleted),
        (answer(200, {}), Deleted),
        (answer(200, b"{}\n"), Deleted),
        (answer(200, {"message": "Campaign deleted"}), Deleted),
        (answer(204, b"x"), Doubt),
        (answer(202, {"indexing_token": "x"}), Doubt),
        (answer(201), Doubt),
        (answer(200, b"<html></html>"), Doubt),
        (answer(200, b'{"id":'), Doubt),
        (answer(200, b"[]"), Doubt),
        (answer(200, {"id": "orchestration_other"}), Doubt),
        (answer(200, {"error_code": 0, "error_message": "SERVER_ERROR"}), Doubt),
        (answer(200, {"error_code": 1}), Doubt),
        (answer(200, {"error_code": 99}), Doubt),
        (answer(200, {"error_code": None}), Doubt),
        (answer(200, {"error_message": "something"}), Doubt),
        (answer(200, {"success": False}), Doubt),
        (answer(200, {"ok": False}), Doubt),
        (answer(200, {"status": 404}), Doubt),
        (answer(200, {"data": {"error_code": 31}}), Doubt),
        (unannounced(answer(200)), Doubt),
        (unannounced(answer(200, {})), Doubt),
        (answer(200, {"error_code": 10}), Unauthorised),
        (answer(200, {"error_code": "12"}), Unauthorised),
        (answer(200, {"error_code": 20}), Unconfirmed),
        (answer(200, {"error_code": 30, "error_message": "MISSING_PARAMETER"}), Refused),
        (answer(200, {"error_code": 31}), Refused),
        (answer(200, {"error_code": 32}), Refused),
        (answer(200, {"error_code": 60}), Throttled),
        (answer(400, {"error_code": 30, "error_message": "MISSING_PARAMETER"}), Refused),
        (answer(400), Refused),
        (answer(401, {"error_code": 10}), Unauthorised),
        (answer(403, {"error_code": 12}), Unauthorised),
        (answer(404, {"error_code": 20}), Unconfirmed),
        (answer(404, b"<html></html>"), Unconfirmed),
        (answer(409), Doubt),
        (answer(429, {"error_code": 60}), Throttled),
        (answer(500, {"error_code": 0}), Doubt),
        (answer(500, {"error_code": 1}), Doubt),
        (answer(502, b"<html></html>"), Doubt),
        (answer(503, b"<html>maintenance</html>"), Throttled),
        (answer(303, location="/ok"), Doubt),
    ],
    ids=str,
)
def test_every_documented_answer_has_its_meaning(one, kind):
    assert type(verdict(CEP, one)) is kind


def test_too_many_requests_waits_five_seconds_and_says_what_the_vendor_said():
    assert verdict(CEP, answer(429)).wait == 5
    assert verdict(CEP, answer(503)).wait == 60
    refused = answer(400, {"error_code": 31, "error_message": "MALFORMED_PARAMETER"})
    assert verdict(CEP, refused) == Refused("HTTP 400: MALFORMED_PARAMETER")


def orchestration(id_, **fields):
    return {"id": id_, "name": id_.upper(), "type": "campaign", "status": "stopped", **fields}


def listed(*items, more=False, **fields):
    return answer(200, {"orchestrations": list(items), "has_more": more, **fields})


def test_the_list_is_read_cursor_by_cursor():
    flow = DRIVER.list(CEP.session)
    first = next(flow)
    assert (first.method, first.path) == ("GET", ("2.8", "orchestrations", "list"))
    assert first.query == (("limit", "100"),)
    page = listed(
        orchestration("a", created_date="2024-10-01T09:00:00", channels=["push"], labels=["x"]),
        more=True,
        next_from="c2",
        count=3,
    )
    assert flow.send(page).query == (("limit", "100"), ("from", "c2"))
    last = listed(
        orchestration("b", created_date="2024-10-01T09:00:00+02:00", channels=["sms", "email"]),
        orchestration("c", type="trigger", status="running", labels={"team": "growth"}),
        count=3,
    )
    with pytest.raises(StopIteration) as end:
        flow.send(last)
    listing = end.value.value
    assert listing.complete
    assert listing.why is None
    a, b, c = listing.campaigns
    assert (a.id, a.name, a.status, a.channel) == ("a", "A", Status.STOPPED, "push")
    assert a.created_at == datetime(2024, 10, 1, 9, tzinfo=UTC)
    assert a.labels == {"x": ""}
    assert b.created_at == datetime(2024, 10, 1, 7, tzinfo=UTC)
    assert b.channel is None
    assert c.labels == {"team": "growth"}
    assert c.attributes["type"] == "trigger"


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ([listed(orchestration("a"), count=2, more=False)] * 1, "counts 2"),
        ([listed(orchestration("a"), more=True)], "where the next one is"),
        ([answer(200, {"orchestrations": []})], "where the next one is"),
        ([listed(more=True, next_from="x")], "lists nothing more"),
        (
            [
                listed(orchestration("a"), more=True, next_from="x"),
                listed(orchestration("b"), more=True, next_from="x"),
            ],
            "same page twice",
        ),
        (
            [
                listed(orchestration("a"), more=True, next_from="x"),
                listed(orchestration("a")),
            ],
            "listed twice",
        ),
        ([listed(orchestration("a"), more=True, next_from="x"), answer(400)], "HTTP 400"),
        ([listed(orchestration("a"), more=True, next_from="x"), answer(0)], "no answer"),
        ([listed(orchestration("a"), {"name": "no id"})], "no text as id"),
        ([listed(orchestration("a"), {"id": 7, "name": "a number"})], "no text as id"),
    ],
)
def test_a_list_that_contradicts_itself_is_not_complete(answers, why):
    listing = run(DRIVER.list(CEP.session), *answers)
    assert not listing.complete
    assert why in listing.why
    assert not listing.unavailable


@pytest.mark.parametrize("status", [403, 404])
def test_a_list_that_may_never_be_read_says_so(status):
    listing = run(DRIVER.list(CEP.session), answer(status))
    assert (listing.complete, listing.unavailable) == (False, True)


def test_a_list_without_an_end_is_given_up():
    pages = [listed(orchestration(f"o{n}"), more=True, next_from=f"c{n}") for n in range(10_000)]
    listing = run(DRIVER.list(CEP.session), *pages)
    assert not listing.complete
    assert "10000 pages" in listing.why


def test_an_empty_list_is_complete():
    assert run(DRIVER.list(CEP.session), listed(count=0)).complete


def test_only_the_types_of_the_settings_are_supported():
    trigger = Campaign(account="push", id="a", name="A", attributes={"type": "trigger"})
    assert "settings.types" in DRIVER.unsupported(CEP.checked, trigger)
    wider = session(CEP, types=["campaign", "trigger"]).settings
    assert DRIVER.unsupported(wider, trigger) is None
    assert DRIVER.unsupported(CEP.checked, Campaign(account="push", id="a", name="A")) is None


def test_it_keeps_the_defaults_of_the_contract():
    assert DRIVER.limits(CEP.checked) == Limits(requests=1, per=1, concurrency=1)
    assert DRIVER.complete


@pytest.mark.parametrize(
    ("id_", "safe"),
    [("a", True), ("a b/c?", True), ("~" * 200, True), ("", False), ("~" * 201, False)]
    + [(text, False) for text in ("a\n", "é", "\x7f", "a\tb")],
)
def test_ids_in_a_body_are_printable_ascii(id_, safe):
    campaign = Campaign(account="push", id=id_, name="A")
    assert (DRIVER.unsafe(CEP.checked, campaign, None) is None) is safe


# ---------------------------------------------------------------- a look at one


def view_of(id_):
    return next(DRIVER.look(CEP.session, item("push", id_)))


def test_a_look_asks_for_that_campaign():
    asked = view_of("a b")
    assert (asked.method, asked.path) == ("GET", ("2.8", "orchestrations", "view"))
    assert asked.query == (("orchestration_id", "a b"),)


def test_what_the_view_shows_is_there_and_one_request_is_enough():
    shown = answer(200, orchestration("a", created_date="2024-03-01T09:00:00Z"))
    seen = run(DRIVER.look(CEP.session, item("push", "a")), shown)
    assert (seen.campaign.id, seen.campaign.account) == ("a", "push")
    assert seen.campaign.created_at == datetime(2024, 3, 1, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    "said",
    [
        answer(404, {"error_code": 20, "error_message": "ROUTE_NOT_FOUND"}),
        answer(400, {"error_code": 31}),
        answer(500),
        answer(0),
        answer(200, orchestration("b")),
        answer(200, b"<html>"),
    ],
)
def test_where_the_view_does_not_show_it_the_list_tells(said):
    def look(*pages):
        return run(DRIVER.look(CEP.session, item("push", "a")), said, *pages)

    assert isinstance(look(listed(orchestration("a"))), Present)
    gone = look(listed(orchestration("b")))
    assert isinstance(gone, Missing)
    assert not gone.sure, "silence needs a witness"
    assert isinstance(look(answer(500)), Unclear)
    assert look(answer(403)).unavailable
    cut = listed(orchestration("b"), more=True, next_from="x"), answer(500)
    assert isinstance(look(*cut), Unclear)


def test_at_the_sandbox_a_look_finds_every_kind_of_channel():
    rows = [record("push-1", channel="push"), record("sms-1", channel="sms")]
    wire = Wire(rows, accounts={"acc": ("batch-cep", {})})
    here = session_at(CEP, "batch")
    for one in ("push-1", "sms-1"):
        seen = wire.run(DRIVER.look(here, item("acc", one)))
        assert seen.campaign.id == one
    assert [one.path[-1] for one in wire.asked] == ["view", "view", "list"]
    assert isinstance(wire.run(DRIVER.look(here, item("acc", "never"))), Missing)

"""HubSpot: emails that are archived, campaigns of which a yes says nothing."""

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
    Unproven,
)
from reconciler.errors import InputError
from reconciler.model import Status
from tests.support.driver_examples import answer, item, run, session, verdict
from tests.support.sandbox_wire import Wire, record, session_at
from tests.support.second_ring import HUBSPOT, HUBSPOT_CAMPAIGNS

ACCOUNTS = {"acc": ("hubspot", {})}


def error(status, message, category="VALIDATION_ERROR"):
    told = {"status": "error", "message": message, "category": category, "correlationId": "1"}
    return answer(status, told)


@pytest.mark.parametrize(
    ("one", "kind", "said"),
    [
        (answer(204), Deleted, None),
        (error(404, "not found"), Unconfirmed, "404"),
        (error(400, "it is used in a workflow"), Refused, "HTTP 400: it is used in a workflow"),
        (error(409, "locked"), Refused, "HTTP 409: locked"),
        (error(401, "expired"), Unauthorised, "401"),
        (error(403, "scopes"), Unauthorised, "403"),
        (error(429, "ten secondly"), Throttled, "429"),
        (error(500, "oh"), Doubt, "500"),
        (answer(207, {}), Doubt, "207"),
    ],
)
def test_what_an_answer_means(one, kind, said):
    found = verdict(HUBSPOT, one)
    assert type(found) is kind
    assert said is None or said in found.detail


def test_a_campaigns_204_proves_nothing():
    assert isinstance(verdict(HUBSPOT_CAMPAIGNS, answer(204)), Unproven)
    assert isinstance(verdict(HUBSPOT_CAMPAIGNS, answer(204, b"x")), Doubt)


@pytest.mark.parametrize(
    ("version", "kind", "path"),
    [
        ("2026-03", "emails", ("marketing", "emails", "2026-03", "7")),
        ("2026-09-beta", "campaigns", ("marketing", "campaigns", "2026-09-beta", "7")),
        ("v3", "emails", ("marketing", "v3", "emails", "7")),
    ],
)
def test_the_version_is_in_the_path(version, kind, path):
    here = session(HUBSPOT, version=version, kind=kind)
    assert HUBSPOT.driver.delete(here, (item("hs", "7"),)).path == path


@pytest.mark.parametrize("wrong", ["v4", "2026-04", "26-03", "../x"])
def test_a_version_is_a_date_or_v3(wrong):
    with pytest.raises(InputError, match="2026-03"):
        session(HUBSPOT, version=wrong)


@pytest.mark.parametrize(
    ("state", "flows", "status"),
    [
        ("DRAFT", [], Status.DRAFT),
        ("AUTOMATED_DRAFT", [], Status.DRAFT),
        ("RSS_TO_EMAIL_DRAFT", None, Status.DRAFT),
        ("AUTOMATED", [], Status.RUNNING),
        ("AUTOMATED_FOR_FORM", [], Status.RUNNING),
        ("PUBLISHED", ["Welcome"], Status.RUNNING),
        ("PROCESSING", [], Status.RUNNING),
        ("PUBLISHED", [], Status.SENT),
        ("PUBLISHED_AB_VARIANT", [], Status.SENT),
        ("PUBLISHED_OR_SCHEDULED", [], Status.SCHEDULED),
        ("SCHEDULED_OR_PUBLISHED", [], Status.SCHEDULED),
        ("ERROR", [], Status.STOPPED),
        ("PAGE_STUB", [], Status.UNKNOWN),
        (None, None, Status.UNKNOWN),
    ],
)
def test_the_states_of_an_email(state, flows, status):
    said = {"id": "7", "name": "A", "state": state, "workflowNames": flows}
    seen = run(HUBSPOT.driver.look(HUBSPOT.session, item("hs", "7")), answer(200, said))
    assert seen.campaign.status is status


def test_emails_meet_the_sandbox():
    rows = [record(str(n), status="draft") for n in range(1, 251)]
    wire, here = Wire(rows, accounts=ACCOUNTS), session_at(HUBSPOT)
    listing = wire.run(HUBSPOT.driver.list(here))
    assert (listing.complete, len(listing.campaigns), len(wire.asked)) == (True, 250, 3)
    target = item("acc", "7")
    assert isinstance(wire.run(HUBSPOT.driver.look(here, target)), Present)
    assert isinstance(wire.delete(HUBSPOT, here, target), Deleted)
    gone = wire.run(HUBSPOT.driver.look(here, target))
    assert isinstance(gone, Missing)
    assert gone.sure
    assert isinstance(wire.delete(HUBSPOT, here, target), Unconfirmed)
    never = wire.run(HUBSPOT.driver.look(here, item("acc", "999")))
    assert isinstance(never, Missing)
    assert not never.sure
    assert wire.effects == ["acc/7"]


def test_campaigns_meet_the_sandbox():
    accounts = {"acc": ("hubspot", {"kind": "campaigns"})}
    rows = [record("g-1", status="running"), record("g-2", status="completed")]
    wire, here = Wire(rows, accounts=accounts), session_at(HUBSPOT_CAMPAIGNS)
    listing = wire.run(HUBSPOT_CAMPAIGNS.driver.list(here))
    assert listing.complete
    assert [(one.name, one.status) for one in listing.campaigns] == [
        ("Campaign g-1", Status.RUNNING),
        ("Campaign g-2", Status.COMPLETED),
    ]
    for id_ in ("g-1", "never"):
        assert isinstance(wire.delete(HUBSPOT_CAMPAIGNS, here, item("acc", id_)), Unproven)
    look = HUBSPOT_CAMPAIGNS.driver.look
    assert isinstance(wire.run(look(here, item("acc", "g-1"))), Missing)
    assert isinstance(wire.run(look(here, item("acc", "g-2"))), Present)


def test_an_archived_email_is_not_looked_for_where_reading_is_refused():
    wire = Wire([record("1")], accounts=ACCOUNTS, faults=["no-list"])
    seen = wire.run(HUBSPOT.driver.look(session_at(HUBSPOT), item("acc", "1")))
    assert seen.unavailable
    assert len(wire.asked) == 1

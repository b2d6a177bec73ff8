"""Twilio's messages, as the vendor's own OpenAPI document describes them."""

import pytest

from tests.support.sandbox_world import record

SID = "AC" + "0" * 32
ROOT = f"/twilio/2010-04-01/Accounts/{SID}/Messages"
AUTH = (SID, "sandbox-token")
ACCOUNTS = {"tw": ("twilio", {"accountSid": SID})}
AHEAD, OVER, QUEUED = (f"SM{n:032x}" for n in range(3))


@pytest.fixture
def twilio(world):
    states = {AHEAD: "scheduled", OVER: "delivered", QUEUED: "queued"}
    rows = [
        record("tw", "spring", messageIds=[AHEAD, OVER], attributes={"messageStatus": states}),
        record("tw", QUEUED, attributes={"status": "queued"}),
    ]
    return world(rows, accounts=ACCOUNTS)


def ask(twilio, method, sid, auth=AUTH, **parts):
    return twilio.ask(method, f"{ROOT}/{sid}.json", auth=auth, **parts)


def cancel(twilio, sid, **parts):
    return ask(twilio, "POST", sid, **{"data": {"Status": "canceled"}, **parts})


def test_a_scheduled_message_is_cancelled_by_a_form_and_stays(twilio):
    answer = cancel(twilio, AHEAD)
    assert (answer.status_code, answer.json()["status"]) == (200, "canceled")
    assert answer.json()["sid"] == AHEAD
    assert ask(twilio, "GET", AHEAD).json()["status"] == "canceled"
    assert twilio.effects == [f"tw/spring#{AHEAD}"]
    assert twilio.left == {"tw": [f"spring#{OVER}", QUEUED]}


@pytest.mark.parametrize("sid", [OVER, QUEUED])
def test_what_is_not_scheduled_cannot_be_cancelled(twilio, sid):
    answer = cancel(twilio, sid)
    assert (answer.status_code, answer.json()["code"]) == (400, 30409)
    assert cancel(twilio, AHEAD).status_code == 200
    assert cancel(twilio, AHEAD).json()["code"] == 30409


@pytest.mark.parametrize(
    "body", [{"json": {"Status": "canceled"}}, {"data": {"Status": "sent"}}, {"data": {}}]
)
def test_anything_but_that_form_is_refused(twilio, body):
    answer = ask(twilio, "POST", AHEAD, **body)
    assert (answer.status_code, twilio.effects) == (400, [])


def test_deleting_removes_a_record_and_never_stops_a_message(twilio):
    early = ask(twilio, "DELETE", AHEAD)
    assert (early.status_code, early.json()["code"]) == (409, 20009)
    assert ask(twilio, "DELETE", OVER).status_code == 204
    assert ask(twilio, "DELETE", OVER).json()["code"] == 20404
    assert twilio.effects == [f"tw/spring#{OVER}"]


def test_pages_are_paths(twilio):
    path = f"{ROOT}.json"
    first = twilio.ask("GET", path, auth=AUTH, params={"PageSize": "2"}).json()
    assert [one["sid"] for one in first["messages"]] == [AHEAD, OVER]
    assert first["next_page_uri"].startswith(f"/2010-04-01/Accounts/{SID}/Messages.json?")
    last = twilio.ask("GET", f"/twilio{first['next_page_uri']}", auth=AUTH).json()
    assert ([one["sid"] for one in last["messages"]], last["next_page_uri"]) == ([QUEUED], None)
    assert last["messages"][0]["date_created"].endswith("+0000")


@pytest.mark.parametrize(
    ("auth", "status"),
    [
        (("SK1", "sandbox-secret"), 200),
        ((SID, "real"), 401),
        (("AC" + "1" * 32, "sandbox-token"), 401),
        (None, 401),
    ],
)
def test_credentials_are_the_accounts_or_an_api_keys(twilio, auth, status):
    assert cancel(twilio, AHEAD, auth=auth).status_code == status


def test_too_many_requests_have_a_code(twilio):
    codes = [ask(twilio, "GET", AHEAD, apart=0.01).json().get("code") for _ in range(11)]
    assert codes == [None] * 10 + [20429]


def test_a_record_with_such_an_id_is_a_message_of_twilio(world):
    assert world([record("tw", AHEAD)]).ask("GET", "/__ledger").json()["campaigns"] == {
        "tw": [AHEAD]
    }
    assert cancel(world([record("tw", AHEAD)]), AHEAD).status_code == 200

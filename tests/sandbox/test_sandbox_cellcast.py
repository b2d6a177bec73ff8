"""Cellcast, as developer.cellcast.com describes it."""

import pytest

from tests.support.sandbox_world import record

CANCEL = "/cellcast/api/v1/gateway/cancelScheduleQuickMessage"
REPORT = "/cellcast/api/v2/report/message"
HEADERS = {"Authorization": "Bearer sandbox-key"}
SMS, MMS, SENT = "675161d8a000000000000001", "675161d8a000000000000002", "675161d8a000000000000003"
KEYS = (
    "app_type app_version maintainence new_version force_update invalid_token refresh_token"
    " show_message is_enc status message message_type data error"
)


@pytest.fixture
def cellcast(world):
    return world(
        [
            record("au", SMS, channel="sms", status="scheduled"),
            record("au", MMS, channel="mms"),
            record("au", SENT, status="sent"),
            record("au", "spring", messageIds=["m1", "m2", "m3"], createdAt="2026-03-01T00:00:00Z"),
        ]
    )


def cancel(cellcast, message=SMS, kind="sms", headers=HEADERS, **parts):
    body = parts.pop("json", {"messageId": message, "type": kind})
    return cellcast.ask("POST", CANCEL, headers=headers, json=body, **parts)


def state(cellcast, message):
    return cellcast.ask("GET", f"{REPORT}/{message}", headers=HEADERS).json()


def test_a_cancelled_message_is_told_in_the_whole_envelope(cellcast):
    answer = cancel(cellcast)
    assert answer.status_code == 200
    assert list(answer.json()) == KEYS.split()
    assert answer.json()["status"] is True
    assert answer.json()["data"] == {"message": "Job Removed successfully"}
    assert answer.json()["error"] == {}
    assert cellcast.effects == [f"au/{SMS}"]
    assert state(cellcast, SMS)["data"]["status"] == "canceled"


@pytest.mark.parametrize(
    ("message", "kind"), [("unknown", "sms"), (SENT, "sms"), (SMS, "mms"), (MMS, "sms")]
)
def test_what_cannot_be_cancelled_is_not_found_with_a_200(cellcast, message, kind):
    answer = cancel(cellcast, message, kind)
    assert answer.status_code == 200
    assert answer.json()["status"] is False
    assert answer.json()["message"] == "message not found"
    assert answer.json()["error"] == {"error": "message not found"}
    assert cellcast.effects == []


def test_a_second_cancel_is_not_found(cellcast):
    cancel(cellcast)
    assert cancel(cellcast).json()["status"] is False


def test_a_campaign_of_many_messages_is_cancelled_message_by_message(cellcast):
    cancel(cellcast, "m2")
    assert cellcast.effects == ["au/spring#m2"]
    assert cellcast.left == {"au": [SMS, MMS, SENT, "spring#m1", "spring#m3"]}


def test_single_messages_of_a_campaign_may_be_out_already(world):
    sent = {"messageStatus": {"m1": "delivered"}}
    cellcast = world([record("au", "spring", messageIds=["m1", "m2"], attributes=sent)])
    assert cancel(cellcast, "m1").json()["status"] is False
    assert cancel(cellcast, "m2").json()["status"] is True


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"type": "sms"}, "messageId is required"),
        ({"messageId": "", "type": "sms"}, "messageId is required"),
        ({"messageId": SMS}, "type is required"),
        ({"messageId": 7, "type": "sms"}, "messageId must be a string"),
        ({"messageId": SMS, "type": "SMS"}, "type must be one of [sms, mms]"),
        ([SMS], "the body is not a JSON object"),
    ],
)
def test_a_wrong_body_is_a_400_with_a_stack(cellcast, body, said):
    answer = cancel(cellcast, json=body)
    assert answer.status_code == 400
    assert answer.json() == {"code": 400, "message": said, "stack": f"APIError: {said}."}


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer real"}, {"Authorization": "sandbox-key"}]
)
def test_wrong_credentials_are_a_401_with_a_stack(cellcast, headers):
    answer = cancel(cellcast, headers=headers)
    assert (answer.status_code, answer.json()["message"]) == (401, "Token expired")
    assert cellcast.effects == []


def test_an_account_with_a_known_key_accepts_no_other(world):
    cellcast = world([record("au", SMS)], accounts={"au": ("cellcast", {"apiKey": "sandbox-au"})})
    assert cancel(cellcast).status_code == 401
    assert cancel(cellcast, headers={"Authorization": "Bearer sandbox-au"}).json()["status"]


def test_ten_requests_a_second_of_one_key(cellcast):
    for _ in range(10):
        assert cancel(cellcast, "unknown", apart=0).status_code == 200
    many = cancel(cellcast, apart=0.9)
    assert many.status_code == 429
    assert cellcast.effects == []
    assert cancel(cellcast, apart=0.2).json()["status"] is True


@pytest.mark.parametrize(("message", "status"), [(SMS, "queued"), (SENT, "delivered")])
def test_the_detail_says_what_a_message_is(cellcast, message, status):
    data = state(cellcast, message)["data"]
    assert (data["_id"], data["status"]) == (message, status)


def test_the_detail_of_an_unknown_message_is_not_found_with_a_200(cellcast):
    answer = cellcast.ask("GET", f"{REPORT}/unknown", headers=HEADERS)
    assert (answer.status_code, answer.json()["message"]) == (200, "message not found")


def listed(cellcast, **query):
    return cellcast.ask("GET", REPORT, headers=HEADERS, params=query)


def test_the_report_pages_messages(cellcast):
    first = listed(cellcast, limit="4").json()["data"]
    assert [one["_id"] for one in first["items"]] == [SMS, MMS, SENT, "m1"]
    assert (first["total"], first["hasNextPage"], first["nextPage"]) == (6, True, 2)
    last = listed(cellcast, limit="4", page="2").json()["data"]
    assert [one["_id"] for one in last["items"]] == ["m2", "m3"]
    assert (last["current"], last["totalPages"], last["hasNextPage"]) == (2, 2, False)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"campType": "mms"}, [MMS]),
        ({"status": "delievered"}, [SENT]),
        ({"customString": "Campaign spring"}, ["m1", "m2", "m3"]),
        ({"fromDate": "2026-03-01", "toDate": "2026-03-01"}, ["m1", "m2", "m3"]),
        ({"toDate": "2025-12-31", "campType": "sms"}, [SMS, SENT]),
    ],
)
def test_the_report_filters(cellcast, query, found):
    assert [one["_id"] for one in listed(cellcast, **query).json()["data"]["items"]] == found


def test_a_report_with_wrong_parameters_is_a_400(cellcast):
    assert listed(cellcast, page="0").status_code == 400
    assert listed(cellcast, campType="fax").status_code == 400

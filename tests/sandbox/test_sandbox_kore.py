"""Kore.ai, as docs.kore.ai describes it."""

import pytest

from tests.support.sandbox_world import record, signed

STREAM, ACCOUNT = "st-0603182c", "67777ce93e25326494"
BASE = f"/kore/campaign/api/v2/public/{STREAM}/campaign"
LIST = f"{BASE}/getAllCampaignDetails"
SMS, VOICE = "cd-213cc43a-a340-5b89-a256-ff8da28aaaaa", "cd-213cc43-a340-5b89-a256-ff8da28aaaaa"
QUERY = {"accountId": ACCOUNT, "campaignType": "sms"}
HEADERS = {"auth": signed(), "iid": STREAM, "accountId": ACCOUNT}
ACCOUNTS = {"cc": ("kore", {"streamId": STREAM, "accountId": ACCOUNT, "iid": STREAM})}
RATE = "You've exceeded the per-minute rate limit. Please wait for sometime before retrying."


@pytest.fixture
def kore(world):
    return world(
        [
            record("cc", SMS, status="running", createdAt="2025-12-08T07:09:14.523Z"),
            record("cc", VOICE, channel="voice"),
        ],
        accounts=ACCOUNTS,
    )


def delete(kore, id_=SMS, query=QUERY, headers=HEADERS, **parts):
    return kore.ask("DELETE", f"{BASE}/{id_}", params=query, headers=headers, **parts)


def listed(kore, body, headers=HEADERS, **parts):
    query = {"accountId": ACCOUNT}
    return kore.ask("POST", LIST, params=query, headers=headers, json=body, **parts)


def test_a_deletion_shows_the_campaign_as_it_was(kore):
    answer = delete(kore)
    assert answer.status_code == 200
    assert answer.json()["status"] == "success"
    assert answer.json()["message"] == f"Campaign Campaign {SMS} deleted successfully"
    data = answer.json()["data"]
    assert (data["_id"], data["status"], data["createdAt"]) == (
        SMS,
        "Active",
        "2025-12-08T07:09:14.523Z",
    )
    assert kore.effects == [f"cc/{SMS}"]
    assert kore.left == {"cc": [VOICE]}


def test_a_voice_campaign_is_deleted_as_voice(kore):
    assert delete(kore, VOICE, {**QUERY, "campaignType": "voice"}).json()["status"] == "success"
    assert kore.left == {"cc": [SMS]}


def test_the_wrong_type_is_refused_and_nothing_is_deleted(kore):
    answer = delete(kore, SMS, {**QUERY, "campaignType": "voice"})
    assert (answer.status_code, answer.json()["status"]) == (200, "failure")
    assert kore.left == {"cc": [SMS, VOICE]}


def test_a_deleted_campaign_is_not_found(kore):
    delete(kore)
    assert (delete(kore).status_code, delete(kore).json()["status"]) == (404, "failure")


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": signed(), "iid": STREAM, "accountId": ACCOUNT},
        {**HEADERS, "auth": signed({"sub": "me", "appid": "sandbox-app"})},
        {**HEADERS, "auth": signed({"sub": "me", "appId": "real-app"})},
        {**HEADERS, "auth": signed({"appId": "sandbox-app"})},
        {**HEADERS, "auth": signed(secret="another")},
        {**HEADERS, "auth": signed(alg="none")},
        {**HEADERS, "auth": signed({"sub": "me", "appId": "sandbox-app", "exp": 1})},
        {**HEADERS, "auth": "Bearer " + signed()},
        {**HEADERS, "auth": "a.b.c"},
        {**HEADERS, "auth": "sandbox-key"},
        {**HEADERS, "iid": "st-another"},
    ],
)
def test_a_token_that_is_not_to_the_letter_is_401(kore, headers):
    answer = delete(kore, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, 4002)
    assert kore.effects == []


@pytest.mark.parametrize("name", ["iid", "accountId"])
def test_both_identity_headers_are_required(kore, name):
    headers = {key: value for key, value in HEADERS.items() if key != name}
    assert delete(kore, headers=headers).status_code == 400


@pytest.mark.parametrize(
    "query", [{"accountId": ACCOUNT}, {"campaignType": "sms"}, {**QUERY, "campaignType": "SMS"}]
)
def test_both_query_parameters_are_required(kore, query):
    assert delete(kore, query=query).status_code == 400
    assert kore.effects == []


def test_a_delete_with_a_body_is_refused(kore):
    assert delete(kore, content=b"{}").status_code == 400


def test_an_app_that_enforces_jti_wants_it(world):
    kore = world([record("cc", SMS)], faults=["jti"])
    assert delete(kore).status_code == 401
    claims = {"sub": "me", "appId": "sandbox-app", "jti": "1"}
    assert delete(kore, headers={**HEADERS, "auth": signed(claims)}).status_code == 200


def test_another_client_secret_can_be_given(world):
    kore = world([record("cc", SMS)], kore_secrets=["sandbox-other"])
    assert delete(kore, headers={**HEADERS, "auth": signed(secret="sandbox-other")}).is_success


def test_sixty_requests_a_minute_of_one_account_reads_included(kore):
    for _ in range(59):
        assert listed(kore, {"type": "sms"}, apart=0.5).status_code == 200
    assert delete(kore, apart=0).status_code == 200
    many = delete(kore, VOICE, {**QUERY, "campaignType": "voice"}, apart=0)
    assert (many.status_code, many.json()["message"]) == (429, RATE)
    assert kore.left == {"cc": [VOICE]}
    kore.now = 60.49
    assert listed(kore, {"type": "sms"}, apart=0).status_code == 429
    assert listed(kore, {"type": "sms"}, apart=0.01).status_code == 200


def test_sms_items_have_id_and_voice_items_have_underscore_id(kore):
    (sms,) = listed(kore, {"type": "sms"}).json()["data"]["results"]
    (voice,) = listed(kore, {"type": "voice"}).json()["data"]["results"]
    assert (sms["id"], "_id" in sms) == (SMS, False)
    assert (voice["_id"], "id" in voice) == (VOICE, False)


def test_the_list_pages_by_skip_and_limit(world):
    kore = world([record("cc", f"cd-{n}") for n in range(7)])
    page = listed(kore, {"type": "sms", "skip": 3, "limit": 3}).json()["data"]
    assert [one["id"] for one in page["results"]] == ["cd-3", "cd-4", "cd-5"]
    rest = {key: page[key] for key in ("skip", "limit", "hasMore", "totalPages", "totalResults")}
    assert rest == {"skip": 3, "limit": 3, "hasMore": True, "totalPages": 3, "totalResults": 7}
    last = listed(kore, {"type": "sms", "page": 3, "limit": 3}).json()["data"]
    assert ([one["id"] for one in last["results"]], last["hasMore"]) == (["cd-6"], False)


def test_the_list_filters_and_sorts(world):
    kore = world(
        [record("cc", f"cd-{n}", status=s) for n, s in enumerate(["running", "ready"] * 2)]
    )
    body = {"type": "sms", "filters": {"status": ["Active"]}, "sortBy": {"name": "desc"}}
    assert [one["id"] for one in listed(kore, body).json()["data"]["results"]] == ["cd-2", "cd-0"]


@pytest.mark.parametrize("body", [{}, {"type": "email"}, {"type": "sms", "limit": "50"}, []])
def test_a_list_that_is_asked_wrongly_is_an_error(kore, body):
    answer = listed(kore, body)
    assert (answer.status_code, answer.json()["status"]) == (400, "error")


def test_get_and_status_show_one_campaign(kore):
    shown = kore.ask("GET", f"{BASE}/{SMS}", params={"accountId": ACCOUNT}, headers=HEADERS).json()
    assert (shown["status"], shown["data"]["_id"]) == ("success", SMS)
    query = {"accountId": ACCOUNT, "view": "status"}
    status = kore.ask("POST", f"{BASE}/{SMS}/status", params=query, headers=HEADERS, json={})
    assert status.json()["data"] == {"id": SMS, "status": "Active", "name": f"Campaign {SMS}"}
    none = kore.ask("GET", f"{BASE}/cd-x", params={"accountId": ACCOUNT}, headers=HEADERS)
    assert none.status_code == 404


def test_another_stream_sees_nothing(kore):
    path = LIST.replace(STREAM, "st-another")
    query = {"accountId": ACCOUNT}
    answer = kore.ask("POST", path, params=query, headers=HEADERS, json={"type": "sms"})
    assert answer.status_code == 404

"""Ozonetel, as docs.ozonetel.com describes it."""

import asyncio
import base64
import json

import pytest

from tests.support.sandbox_world import record

BULK = "/ozonetel/ca_apis/DeleteBulkData"
ONE = "/ozonetel/ca_apis/deleteCampaignData"
TOKEN = "/ozonetel/ca_apis/CAToken/generateToken"
STATUS = "/ozonetel/ca_apis/campaignStatus"
BASIC = {"apiKey": "sandbox-key"}
BODY = {"userName": "acme", "phoneNumber": [911, 912], "campaignName": ["Lead refill"]}
DONE = {"status": "Success", "message": "Deleted Successfully"}
NUMBERS = ["911", "912", "913"]


@pytest.fixture
def dialler(world):
    return world(
        [
            record("dial", "1", phoneNumbers=NUMBERS, status="ready") | {"name": "Lead refill"},
            record("dial", "2", phoneNumbers=NUMBERS) | {"name": "Lead refill "},
        ],
        accounts={"dial": ("ozonetel", {"userName": "acme"})},
    )


def bulk(dialler, headers=BASIC, **fields):
    body = {key: value for key, value in {**BODY, **fields}.items() if value is not None}
    answer = dialler.ask("DELETE", BULK, headers=headers, json=body)
    assert answer.status_code == 200
    return answer.json()


def token(dialler, headers=BASIC, apart=60.0, **body):
    body = body or {"userName": "acme"}
    return dialler.ask("POST", TOKEN, headers=headers, json=body, apart=apart).json()


def bearer(dialler, **parts):
    return {"Authorization": f"Bearer {token(dialler, **parts)['token']}"}


def false(message):
    return {"status": "false", "message": message, "data": None}


def error(message):
    return {"status": "Error", "message": message}


INVALID = error("Passed campaign are invalid")
TOO_MANY = error("A maximum of 100 phone numbers or 100 campaign names will be accepted")


def test_each_number_goes_from_each_campaign_and_the_campaigns_stay(dialler):
    assert bulk(dialler, campaignName=["Lead refill", "Lead refill "]) == DONE
    assert sorted(dialler.effects) == ["dial/1#911", "dial/1#912", "dial/2#911", "dial/2#912"]
    assert dialler.left == {"dial": {"1": ["913"], "2": ["913"]}}


def test_a_trailing_space_makes_another_campaign(dialler):
    assert bulk(dialler, campaignName=["Lead refill "]) == DONE
    assert dialler.left == {"dial": {"1": NUMBERS, "2": ["913"]}}
    assert bulk(dialler, campaignName=["lead refill"]) == INVALID


def test_a_token_works_as_well_as_the_key(dialler):
    assert bulk(dialler, bearer(dialler)) == DONE


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"userName": None}, false("Username Should Not be Null or Empty.")),
        ({"userName": ""}, false("Username Should Not be Null or Empty.")),
        ({"userName": "nobody"}, false("Invalid User Details")),
        ({"phoneNumber": None}, error("PhoneNumbers should not be null are empty")),
        ({"phoneNumber": []}, error("PhoneNumbers should not be null are empty")),
        ({"phoneNumber": 911}, error("PhoneNumbers should not be null are empty")),
        ({"phoneNumber": ["911"]}, false("Invalid Json Pass Valid Json")),
        ({"phoneNumber": [911.0]}, false("Invalid Json Pass Valid Json")),
        ({"campaignName": None}, error("Campaign should not be null are empty")),
        ({"campaignName": "Lead refill"}, error("Campaign should not be null are empty")),
        ({"campaignName": []}, INVALID),
        ({"campaignName": [""]}, INVALID),
        ({"campaignName": ["Lead refill", "Unknown"]}, INVALID),
        ({"campaignName": [7]}, INVALID),
        ({"phoneNumber": list(range(101))}, TOO_MANY),
        ({"campaignName": ["Lead refill"] * 101}, TOO_MANY),
        ({"phoneNumber": [999]}, error("No Record Found")),
    ],
)
def test_a_request_that_is_not_the_documented_one_fails_whole(dialler, fields, said):
    assert bulk(dialler, **fields) == said
    assert dialler.effects == []


def test_a_hundred_of_each_are_accepted(dialler):
    assert bulk(dialler, phoneNumber=[*range(98), 911, 912]) == DONE
    assert bulk(dialler, phoneNumber=[913], campaignName=["Lead refill"] * 100) == DONE


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({}, false("Token Should Not be Null or Empty.")),
        ({"Authorization": ""}, false("Token Should Not be Null or Empty.")),
        ({"Authorization": "Bearer sandbox-made-up"}, false("Invalid Token")),
        ({"apiKey": "real"}, false("Invalid userName or apiKey")),
    ],
)
def test_wrong_credentials_delete_nothing(dialler, headers, said):
    assert bulk(dialler, headers) == said
    assert dialler.effects == []


@pytest.mark.parametrize(
    ("mode", "headers", "said"),
    [
        ("token", BASIC, false("Token Should Not be Null or Empty.")),
        ("basic", {"Authorization": "Bearer x"}, false("Api Key Should Not be Null or Empty.")),
    ],
)
def test_an_account_accepts_only_its_own_mode(world, mode, headers, said):
    accounts = {"dial": ("ozonetel", {"userName": "acme", "authentication": mode})}
    one = record("dial", "1", phoneNumbers=NUMBERS) | {"name": "Lead refill"}
    assert bulk(world([one], accounts=accounts), headers) == said


def test_a_body_that_is_not_json_is_told(dialler):
    headers = {**BASIC, "Content-Type": "application/json"}
    answer = dialler.ask("DELETE", BULK, headers=headers, content=b"{")
    assert answer.json() == false("Invalid Json Pass Valid Json")
    assert dialler.ask("DELETE", BULK, headers=BASIC).json() == answer.json()


def test_the_third_bulk_request_of_a_minute_is_too_many(dialler):
    ask = {"headers": BASIC, "json": {**BODY, "phoneNumber": [911]}}
    assert dialler.ask("DELETE", BULK, **ask).json() == DONE
    ask["json"] = {**BODY, "phoneNumber": [912]}
    assert dialler.ask("DELETE", BULK, apart=1, **ask).json() == DONE
    ask["json"] = {**BODY, "phoneNumber": [913]}
    assert dialler.ask("DELETE", BULK, apart=1, **ask).json() == error("Max limit exceeded")
    assert dialler.ask("DELETE", BULK, apart=57.9, **ask).json() == error("Max limit exceeded")
    assert dialler.ask("DELETE", BULK, apart=0.1, **ask).json() == DONE


def test_a_request_that_overlaps_another_is_refused(world):
    gate = asyncio.Event()
    asked = asyncio.Event()

    async def until_gate(_seconds):
        if not asked.is_set():  # the second must not wait for what only it can bring
            asked.set()
            await gate.wait()

    one = record("dial", "1", phoneNumbers=NUMBERS) | {"name": "Lead refill"}
    dialler = world([one], faults=["slow"], sleep=until_gate)

    async def both():
        first = asyncio.ensure_future(dialler.send("DELETE", BULK, headers=BASIC, json=BODY))
        await asked.wait()
        second = await dialler.send("DELETE", BULK, headers=BASIC, json=BODY)
        gate.set()
        return (await first).json(), second.json()

    assert asyncio.run(both()) == (DONE, error("Max limit exceeded"))


def test_a_new_token_ends_the_one_before(dialler):
    first = bearer(dialler)
    assert bulk(dialler, first) == DONE
    second = bearer(dialler)
    assert bulk(dialler, first) == false("Invalid Token")
    assert bulk(dialler, second, phoneNumber=[913]) == DONE


def test_a_token_lives_sixty_minutes(dialler):
    headers = bearer(dialler)
    dialler.now += 3539.9 - 60
    assert bulk(dialler, headers) == DONE
    dialler.now += 0.1
    assert bulk(dialler, headers) == false("Token Expired")


def test_a_token_is_a_jwt_that_says_its_hour(dialler):
    head, claims, _ = token(dialler)["token"].split(".")
    read = [json.loads(base64.urlsafe_b64decode(one + "==")) for one in (head, claims)]
    assert read[0]["alg"] == "HS512"
    assert (read[1]["sub"], read[1]["exp"] - read[1]["iat"]) == ("acme", 3600)


def test_ten_tokens_an_hour_and_a_refused_one_ends_nothing(dialler):
    for _ in range(9):
        token(dialler)
    headers = bearer(dialler)
    assert token(dialler) == error("Max limit exceeded")
    assert bulk(dialler, headers) == DONE
    dialler.now = 3660.0
    assert token(dialler, apart=0)["message"] == ""


@pytest.mark.parametrize(
    ("headers", "body", "said"),
    [
        (BASIC, {"user": "acme"}, "UserName is null"),
        (BASIC, {"userName": "nobody"}, "Invalid userName or apiKey"),
        ({"apiKey": "real"}, {"userName": "acme"}, "Invalid userName or apiKey"),
        ({}, {"userName": "acme"}, "Invalid userName or apiKey"),
    ],
)
def test_a_token_is_not_given_to_anybody(dialler, headers, body, said):
    assert token(dialler, headers, **body) == false(said)


def one(dialler, apart=60.0, **fields):
    body = {"userName": "acme", "campaignName": "Lead refill", "phoneNumber": "911", **fields}
    return dialler.ask("DELETE", ONE, headers=BASIC, json=body, apart=apart).json()


def test_the_one_record_call_takes_texts(dialler):
    assert one(dialler) == DONE
    assert dialler.effects == ["dial/1#911"]
    assert one(dialler) == error("No Record Found")
    assert one(dialler, phoneNumber=911) == false("Invalid Json Pass Valid Json")
    assert one(dialler, phoneNumber=["911"]) == false("Invalid Json Pass Valid Json")


def test_a_hundred_one_record_calls_a_minute(dialler):
    for _ in range(100):
        assert one(dialler, apart=0)["message"] != "Max limit exceeded"
    assert one(dialler, apart=59.9) == error("Max limit exceeded")
    assert one(dialler, apart=0.1, phoneNumber="913") == DONE


def test_the_status_shows_whatever_is_alike(dialler):
    def asked(**body):
        return dialler.ask("GET", STATUS, headers=BASIC, json={"userName": "acme", **body}).json()

    found = asked(campaignName="Lead refill")
    assert found["status"] == "success"
    names = [(one["CampaignID"], one["CampaignName"]) for one in found["message"]]
    assert names == [("1", "Lead refill"), ("2", "Lead refill ")]
    assert found["message"][0]["Position"] == "READY"
    assert asked(campaignName="x") == {"status": "failure", "message": "no record found"}
    assert asked() == {"status": "failure", "message": "All parameters are mandatory"}


def test_another_verb_is_not_allowed(dialler):
    assert dialler.ask("POST", STATUS, headers=BASIC, json={}).status_code == 405
    assert dialler.ask("POST", BULK, headers=BASIC, json=BODY).status_code == 405
    assert dialler.ask("DELETE", "/ozonetel/ca_apis/deletebulkdata", json=BODY).status_code == 404


def test_an_expired_token_can_be_had_at_will(world):
    campaign = record("dial", "1", phoneNumbers=NUMBERS) | {"name": "Lead refill"}
    dialler = world([campaign], faults=["ozonetel:expire=2"])
    assert bulk(dialler, bearer(dialler)) == false("Token Expired")
    assert bulk(dialler, bearer(dialler)) == false("Token Expired")
    assert dialler.effects == []


def test_failures_can_come_with_a_status_of_their_own(world):
    campaign = record("dial", "1", phoneNumbers=NUMBERS) | {"name": "Lead refill"}
    dialler = world([campaign], faults=["http-status"])
    statuses = [
        dialler.ask("DELETE", BULK, headers=headers, json=body).status_code
        for headers, body in (({}, BODY), (BASIC, {**BODY, "campaignName": []}), (BASIC, BODY))
    ]
    assert statuses == [401, 400, 200]

"""SendGrid's Single Sends, as the vendor's own OpenAPI document describes them."""

import pytest

from tests.support.sandbox_world import record

ROOT = "/sendgrid/v3/marketing/singlesends"
HEADERS = {"Authorization": "Bearer sandbox-key"}
IDS = [f"2f6dec81-43b9-4c67-a890-{n:012}" for n in range(60)]
ACCOUNTS = {"sg": ("sendgrid", {})}


@pytest.fixture
def sendgrid(world):
    return world([record("sg", one, status="draft") for one in IDS], accounts=ACCOUNTS)


def ask(sendgrid, method, path="", headers=HEADERS, **parts):
    return sendgrid.ask(method, f"{ROOT}{path}", headers=headers, **parts)


def test_a_deletion_is_a_204_and_the_next_one_a_404(sendgrid):
    assert (ask(sendgrid, "DELETE", f"/{IDS[0]}").status_code) == 204
    again = ask(sendgrid, "DELETE", f"/{IDS[0]}")
    assert (again.status_code, list(again.json()["errors"][0])) == (
        404,
        ["field", "message", "error_id"],
    )
    assert sendgrid.effects == [f"sg/{IDS[0]}"]


def test_many_go_with_commas_or_repeated(sendgrid):
    assert ask(sendgrid, "DELETE", params={"ids": ",".join(IDS[:50])}).status_code == 204
    assert ask(sendgrid, "DELETE", params={"ids": IDS[50:52]}).status_code == 204
    assert len(sendgrid.effects) == 52


def test_fifty_one_ids_are_too_many(sendgrid):
    assert ask(sendgrid, "DELETE", params={"ids": ",".join(IDS[:51])}).status_code == 400
    assert sendgrid.effects == []


@pytest.mark.parametrize(("fault", "gone"), [([], 0), (["part-done"], 2)])
def test_one_unknown_id_among_many_is_a_404_in_both_readings(world, fault, gone):
    sendgrid = world([record("sg", one) for one in IDS[:2]], accounts=ACCOUNTS, faults=fault)
    answer = ask(sendgrid, "DELETE", params={"ids": f"{IDS[0]},nobody,{IDS[1]}"})
    assert (answer.status_code, len(sendgrid.effects)) == (404, gone)


def test_a_bulk_deletion_without_ids_is_the_worst_thing_it_could_be(sendgrid):
    assert ask(sendgrid, "DELETE").status_code == 204
    assert len(sendgrid.effects) == 60


def test_the_list_pages_by_an_address_at_the_vendor(sendgrid):
    first = ask(sendgrid, "GET", params={"page_size": "50"}).json()
    assert [one["id"] for one in first["result"]] == IDS[:50]
    following = first["_metadata"]["next"]
    assert following.startswith("https://api.sendgrid.com/v3/marketing/singlesends?")
    last = ask(sendgrid, "GET", params={"page_size": "50", "page_token": following[-3:]}).json()
    assert [one["id"] for one in last["result"]] == IDS[50:]
    assert "next" not in last["_metadata"]


def test_a_deletion_between_pages_moves_nothing(sendgrid):
    following = ask(sendgrid, "GET", params={"page_size": "50"}).json()["_metadata"]["next"]
    ask(sendgrid, "DELETE", f"/{IDS[0]}")
    last = ask(sendgrid, "GET", params={"page_size": "50", "page_token": following[-3:]}).json()
    assert len(last["result"]) == 10


def test_the_next_page_can_be_the_same_one(world):
    sendgrid = world([record("sg", one) for one in IDS], accounts=ACCOUNTS, faults=["loop"])
    asked = {"page_size": "10", "page_token": "t10"}
    told = ask(sendgrid, "GET", params=asked).json()["_metadata"]
    assert told["next"] == told["self"]


def test_a_scheduled_one_can_be_unscheduled(world):
    sendgrid = world([record("sg", IDS[0], status="scheduled")], accounts=ACCOUNTS)
    assert ask(sendgrid, "GET", f"/{IDS[0]}").json()["status"] == "scheduled"
    assert ask(sendgrid, "DELETE", f"/{IDS[0]}/schedule").json()["status"] == "draft"
    assert ask(sendgrid, "GET", f"/{IDS[0]}").json()["status"] == "draft"
    assert sendgrid.effects == []


def test_the_eleventh_request_in_a_second_is_told_when_to_come_again(sendgrid):
    every = [ask(sendgrid, "GET", f"/{IDS[0]}", apart=0.01) for _ in range(11)]
    assert [one.status_code for one in every] == [200] * 10 + [429]
    assert every[9].headers["x-ratelimit-remaining"] == "0"
    assert every[10].json()["errors"][0]["message"] == "too many requests"
    assert int(every[10].headers["x-ratelimit-reset"]) in range(1_800_000_000, 1_800_000_003)
    assert ask(sendgrid, "GET", f"/{IDS[0]}", apart=1).status_code == 200


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer SG.real"}, {"api-key": "sandbox-key"}]
)
def test_wrong_credentials_are_a_401(sendgrid, headers):
    assert ask(sendgrid, "DELETE", f"/{IDS[0]}", headers).status_code == 401
    assert sendgrid.effects == []


def test_a_subuser_is_another_tenant(world):
    accounts = {"sub": ("sendgrid", {"onBehalfOf": "acme"})}
    sendgrid = world([record("sub", IDS[0])], accounts=accounts)
    assert ask(sendgrid, "DELETE", f"/{IDS[0]}").status_code == 401
    behalf = {**HEADERS, "on-behalf-of": "acme"}
    assert ask(sendgrid, "DELETE", f"/{IDS[0]}", behalf).status_code == 204


def test_legacy_campaigns_are_another_api(sendgrid):
    answer = sendgrid.ask("DELETE", f"/sendgrid/v3/campaigns/{IDS[0]}", headers=HEADERS)
    assert answer.status_code == 404

"""Batch MEP 1.1, as doc.batch.com describes it."""

import pytest

from tests.support.sandbox_world import record

HEADERS = {"X-Authorization": "sandbox-rest", "Content-Type": "application/json"}
IOS = [f"{n:032x}" for n in range(3)]
ANDROID = [f"{n:032x}" for n in range(3, 5)]
ACCOUNTS = {
    "ios": ("batch-mep", {"apiKey": "sandbox-ios"}),
    "android": ("batch-mep", {"apiKey": "sandbox-android"}),
}


@pytest.fixture
def batch(world):
    days = (
        record("ios", one, createdAt=f"2024-01-0{n + 1}T00:00:00Z") for n, one in enumerate(IOS)
    )
    return world([*days, *(record("android", one) for one in ANDROID)], accounts=ACCOUNTS)


def delete(batch, token, app="sandbox-ios", headers=HEADERS, **parts):
    return batch.ask("POST", f"/batch/1.1/{app}/campaigns/delete/{token}", headers=headers, **parts)


def listed(batch, app="sandbox-ios", **query):
    return batch.ask("GET", f"/batch/1.1/{app}/campaigns/list", headers=HEADERS, params=query)


def test_a_deletion_is_a_200_with_no_body_and_with_an_empty_object_in_turn(batch):
    first, second = delete(batch, IOS[0]), delete(batch, IOS[1])
    assert (first.status_code, first.content) == (200, b"")
    assert (second.status_code, second.json()) == (200, {})
    assert batch.effects == [f"ios/{IOS[0]}", f"ios/{IOS[1]}"]


def test_a_second_deletion_is_not_found(batch):
    delete(batch, IOS[0])
    again = delete(batch, IOS[0])
    assert (again.status_code, again.json()["error_code"]) == (404, 20)


@pytest.mark.parametrize(
    ("app", "headers", "status", "code"),
    [
        ("sandbox-ios", {**HEADERS, "X-Authorization": "real"}, 401, 10),
        ("sandbox-ios", {"Authorization": "Bearer sandbox-rest"}, 401, 10),
        ("sandbox-android", HEADERS, 404, 20),
        ("sandbox-nobody", HEADERS, 404, 20),
        ("sandbox-ios", {"X-Authorization": "sandbox-rest"}, 400, 32),
    ],
)
def test_wrong_keys_delete_nothing(batch, app, headers, status, code):
    answer = delete(batch, IOS[0], app, headers)
    assert (answer.status_code, answer.json()["error_code"]) == (status, code)
    assert batch.left == {"ios": IOS, "android": ANDROID}


def test_push_campaigns_are_not_reached_by_the_route_of_in_app_campaigns(batch):
    path = f"/batch/1.1/sandbox-ios/in-app-campaigns/delete/{IOS[0]}"
    assert batch.ask("POST", path, headers=HEADERS).status_code == 404


def test_in_app_campaigns_have_routes_of_their_own(world):
    batch = world([record("ios", IOS[0]), record("ios", IOS[1], channel="in-app")])
    root = "/batch/1.1/sandbox-ios/in-app-campaigns"
    (shown,) = batch.ask("GET", f"{root}/list", headers=HEADERS).json()
    assert (shown["campaign_token"], shown["trigger"]["when"]) == (IOS[1], "next_session")
    assert batch.ask("GET", f"{root}/{IOS[1]}", headers=HEADERS).json()["name"]
    assert [one["campaign_token"] for one in listed(batch).json()] == [IOS[0]]
    assert delete(batch, IOS[1]).status_code == 404
    assert batch.ask("POST", f"{root}/delete/{IOS[1]}", headers=HEADERS).status_code == 200
    assert batch.effects == [f"ios/{IOS[1]}"]


def test_an_account_says_whether_it_is_of_in_app_campaigns(world):
    accounts = {"app": ("batch-mep", {"apiKey": "sandbox-ios", "kind": "in-app"})}
    batch = world([record("app", IOS[0])], accounts=accounts)
    assert delete(batch, IOS[0]).status_code == 404
    path = f"/batch/1.1/sandbox-ios/in-app-campaigns/delete/{IOS[0]}"
    assert batch.ask("POST", path, headers=HEADERS).status_code == 200


def test_a_second_request_within_a_second_of_one_app_is_too_many(batch):
    assert delete(batch, IOS[0]).status_code == 200
    assert delete(batch, IOS[1], apart=0.5).json()["error_code"] == 60
    assert delete(batch, ANDROID[0], "sandbox-android", apart=0).status_code == 200
    assert delete(batch, IOS[1], apart=0.5).status_code == 200


def test_the_list_is_a_bare_array_newest_first(batch):
    assert [one["campaign_token"] for one in listed(batch).json()] == IOS[::-1]
    assert listed(batch, **{"from": "3"}).json() == []


def test_offset_paging_slides_when_something_is_deleted_between_pages(batch):
    (first,) = listed(batch, limit="1").json()
    delete(batch, first["campaign_token"])
    (second,) = listed(batch, limit="1", **{"from": "1"}).json()
    assert second["campaign_token"] == IOS[0]  # IOS[1] was never shown


@pytest.mark.parametrize("query", [{"limit": "101"}, {"from": "-1"}, {"live": "maybe"}])
def test_a_list_with_wrong_parameters_is_malformed(batch, query):
    assert listed(batch, **query).status_code == 400


def test_live_tells_running_and_completed_from_stopped_and_draft(world):
    states = ("running", "completed", "stopped", "draft")
    batch = world([record("ios", f"{n:032x}", status=one) for n, one in enumerate(states)])
    shown = {value: listed(batch, live=value).json() for value in ("true", "false")}
    assert [one["campaign_token"][-1] for one in shown["true"]] == ["0", "1"]
    assert [one["campaign_token"][-1] for one in shown["false"]] == ["2", "3"]


def test_get_shows_one_campaign_of_this_app_only(batch):
    path = "/batch/1.1/{}/campaigns/" + IOS[0]
    shown = batch.ask("GET", path.format("sandbox-ios"), headers=HEADERS).json()
    assert (shown["campaign_token"], shown["created_date"]) == (IOS[0], "2024-01-01T00:00:00")
    assert batch.ask("GET", path.format("sandbox-android"), headers=HEADERS).status_code == 404


def test_an_automation_is_marked_by_its_trigger(world):
    batch = world([record("ios", IOS[0], attributes={"trigger": {}}), record("ios", IOS[1])])
    assert [one.get("trigger") for one in listed(batch).json()] == [{}, None]


def test_a_dev_key_deletes_but_does_not_list(world):
    batch = world([record("ios", IOS[0])], faults=["batch-mep:no-list"])
    assert listed(batch).json()["error_code"] == 12
    assert delete(batch, IOS[0]).status_code == 200

"""Batch CEP, as doc.batch.com describes it."""

import pytest

from tests.support.sandbox_world import record

DELETE = "/batch/2.8/campaigns/delete"
LIST = "/batch/2.8/orchestrations/list"
HEADERS = {"Authorization": "Bearer sandbox-key", "X-Batch-Project": "project_1"}
IDS = [f"orchestration_{n:032d}" for n in range(12)]
ACCOUNTS = {"push": ("batch-cep", {"project": "project_1"})}


@pytest.fixture
def batch(world):
    return world([record("push", one) for one in IDS], accounts=ACCOUNTS)


def delete(batch, id_, headers=HEADERS, **parts):
    return batch.ask("POST", DELETE, headers=headers, json={"id": id_}, **parts)


def test_a_deletion_is_answered_with_204_and_with_200_in_turn(batch):
    first, second = delete(batch, IDS[0]), delete(batch, IDS[1])
    assert (first.status_code, first.content, "content-type" in first.headers) == (204, b"", False)
    assert (second.status_code, second.json()) == (200, {})
    assert batch.effects == [f"push/{IDS[0]}", f"push/{IDS[1]}"]
    assert batch.left == {"push": IDS[2:]}


def test_a_deleted_id_is_not_found(batch):
    delete(batch, IDS[0])
    again = delete(batch, IDS[0])
    assert (again.status_code, again.json()["error_code"]) == (404, 20)
    assert again.json()["error_message"].startswith("ROUTE_NOT_FOUND")


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"X-Batch-Project": "project_1"}, 401, 10),
        ({**HEADERS, "Authorization": "Bearer real-key"}, 401, 10),
        ({**HEADERS, "Authorization": "sandbox-key"}, 401, 10),
        ({"X-Authorization": "sandbox-key", "X-Batch-Project": "project_1"}, 401, 10),
        ({"Authorization": "Bearer sandbox-key"}, 400, 30),
        ({**HEADERS, "X-Batch-Project": "project_2"}, 404, 20),
    ],
)
def test_wrong_credentials_delete_nothing(batch, headers, status, code):
    answer = delete(batch, IDS[0], headers)
    assert (answer.status_code, answer.json()["error_code"]) == (status, code)
    assert batch.left == {"push": IDS}


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ({"json": {}}, 30),
        ({"json": {"id": 7}}, 31),
        ({"json": {"id": ""}}, 31),
        ({"json": {"id": IDS[0], "force": True}}, 31),
        ({"json": [IDS[0]]}, 32),
        ({"content": b"{", "headers": {**HEADERS, "Content-Type": "application/json"}}, 32),
        ({"data": {"id": IDS[0]}}, 32),
        ({}, 32),
    ],
)
def test_a_body_that_is_not_the_documented_one_is_malformed(batch, parts, code):
    answer = batch.ask("POST", DELETE, **{"headers": HEADERS, **parts})
    assert (answer.status_code, answer.json()["error_code"]) == (400, code)
    assert batch.effects == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/batch/2/campaigns/delete"),
        ("POST", "/batch/3.1/campaigns/delete"),
        ("GET", "/batch/2.8/campaigns/list"),
        ("DELETE", DELETE),
        ("POST", f"{DELETE}/{IDS[0]}"),
        ("POST", LIST),
        ("GET", "/batch"),
    ],
)
def test_any_other_route_is_not_found(batch, method, path):
    answer = batch.ask(method, path, headers=HEADERS)
    assert answer.status_code == 404


def test_a_second_request_within_a_second_of_one_project_is_too_many(batch):
    assert delete(batch, IDS[0]).status_code == 204
    many = delete(batch, IDS[1], apart=0.99)
    assert (many.status_code, many.json()["error_code"]) == (429, 60)
    assert "retry-after" not in many.headers
    other = {**HEADERS, "X-Batch-Project": "project_9"}
    assert delete(batch, IDS[1], other, apart=0).status_code == 404
    assert delete(batch, IDS[1], apart=0.01).status_code == 200


def test_speed_makes_the_window_shorter(world):
    batch = world([record("push", one) for one in IDS], speed=10)
    assert delete(batch, IDS[0]).status_code == 204
    assert delete(batch, IDS[1], apart=0.09).status_code == 429
    assert delete(batch, IDS[1], apart=0.02).status_code == 200


def test_the_list_counts_towards_the_limit(batch):
    assert batch.ask("GET", LIST, headers=HEADERS).status_code == 200
    assert delete(batch, IDS[0], apart=0.5).status_code == 429


def test_the_list_pages_by_cursor_and_ten_a_page(batch):
    first = batch.ask("GET", LIST, headers=HEADERS).json()
    assert [one["id"] for one in first["orchestrations"]] == IDS[:10]
    assert (first["count"], first["has_more"]) == (12, True)
    delete(batch, IDS[3])  # a deletion between pages moves nothing
    query = {"from": first["next_from"], "limit": "100"}
    second = batch.ask("GET", LIST, headers=HEADERS, params=query).json()
    assert [one["id"] for one in second["orchestrations"]] == IDS[10:]
    assert (second["count"], second["has_more"]) == (11, False)
    assert "next_from" not in second


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "101"}, {"from": "x"}, {"from": "7"}])
def test_a_list_with_wrong_parameters_is_malformed(batch, query):
    answer = batch.ask("GET", LIST, headers=HEADERS, params=query)
    assert (answer.status_code, answer.json()["error_code"]) == (400, 31)


def test_another_project_lists_nothing(batch):
    headers = {**HEADERS, "X-Batch-Project": "project_2"}
    answer = batch.ask("GET", LIST, headers=headers)
    assert answer.json() == {"orchestrations": [], "count": 0, "has_more": False}


def test_an_item_says_the_vendors_words_and_a_time_without_a_zone(world):
    fields = {"status": "completed", "createdAt": "2024-10-01T11:00:00+02:00", "channel": "sms"}
    batch = world([record("push", IDS[0], labels={"team": "growth"}, **fields)])
    (item,) = batch.ask("GET", LIST, headers=HEADERS).json()["orchestrations"]
    assert item["status"] == "completed"
    assert item["created_date"] == "2024-10-01T09:00:00"
    assert (item["type"], item["channels"], item["labels"]) == (
        "campaign",
        ["sms"],
        ["team:growth"],
    )


@pytest.mark.parametrize("version", ["2.0", "2.8", "2.11", "2.99"])
def test_every_version_of_two_is_served(batch, version):
    path = f"/batch/{version}/campaigns/delete"
    assert batch.ask("POST", path, headers=HEADERS, json={"id": IDS[0]}).status_code == 204


def view(batch, id_):
    path = "/batch/2.8/orchestrations/view"
    return batch.ask("GET", path, headers=HEADERS, params={"orchestration_id": id_})


def test_a_view_shows_one_push_campaign(world):
    batch = world([record("push", IDS[0]), record("push", IDS[1], channel="sms")])
    shown = view(batch, IDS[0])
    assert (shown.json()["id"], shown.json()["created_date"][-1]) == (IDS[0], "Z")
    assert (view(batch, IDS[1]).status_code, view(batch, "unknown").status_code) == (400, 404)

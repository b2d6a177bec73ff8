"""OneSignal's messages, as documentation.onesignal.com describes them."""

import pytest

from tests.support.sandbox_world import record

ROOT = "/onesignal/notifications"
HEADERS = {"Authorization": "Key sandbox-key"}
APP = {"app_id": "app-1"}
ACCOUNTS = {"os": ("onesignal", {"appId": "app-1"})}


@pytest.fixture
def onesignal(world):
    rows = [
        record("os", "ahead", status="scheduled"),
        record("os", "out", status="running"),
        record("os", "over", status="sent"),
        record("os", "journey", attributes={"journey": True}),
    ]
    return world(rows, accounts=ACCOUNTS)


def ask(onesignal, method, path="", headers=HEADERS, params=APP, **parts):
    return onesignal.ask(method, f"{ROOT}{path}", headers=headers, params=params, **parts)


@pytest.mark.parametrize("id_", ["ahead", "out"])
def test_a_cancelled_message_stays_and_says_so(onesignal, id_):
    answer = ask(onesignal, "DELETE", f"/{id_}")
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    assert ask(onesignal, "GET", f"/{id_}").json()["canceled"] is True
    assert (onesignal.effects, id_ in onesignal.left["os"]) == ([f"os/{id_}"], False)


def test_a_second_cancel_is_a_200_that_says_no(onesignal):
    ask(onesignal, "DELETE", "/ahead")
    again = ask(onesignal, "DELETE", "/ahead")
    assert (again.status_code, again.json()["success"]) == (200, False)


def test_what_was_sent_is_a_400(onesignal):
    assert ask(onesignal, "DELETE", "/over").status_code == 400
    assert ask(onesignal, "GET", "/over").json()["completed_at"]
    assert onesignal.effects == []


def test_an_unknown_message_is_a_404_with_objects_and_a_400_with_texts_in_turn(onesignal):
    newer, older = (ask(onesignal, "DELETE", "/nobody") for _ in range(2))
    assert (newer.status_code, newer.json()["errors"][0]["title"]) == (404, "Message not found")
    assert (older.status_code, older.json()["errors"]) == (400, ["Message Not Found"])


def test_the_list_is_newest_first_and_hides_journeys(onesignal):
    listed = ask(onesignal, "GET", params={**APP, "limit": "2"}).json()
    assert [one["id"] for one in listed["notifications"]] == ["over", "out"]
    assert (listed["total_count"], listed["offset"], listed["limit"]) == (3, 0, 2)
    assert ask(onesignal, "GET", params={**APP, "limit": "99"}).json()["limit"] == 50


def test_the_older_host_has_a_path_before_it(onesignal):
    path = "/onesignal/api/v1/notifications/ahead"
    assert onesignal.ask("DELETE", path, headers=HEADERS, params=APP).json()["success"]


@pytest.mark.parametrize(
    ("headers", "params", "status"),
    [
        ({"Authorization": "Key real"}, APP, 401),
        ({"Authorization": "Bearer sandbox-key"}, APP, 200),
        (HEADERS, {}, 400),
        (HEADERS, {"app_id": "app-2"}, 400),
    ],
)
def test_key_and_app(onesignal, headers, params, status):
    answer = ask(onesignal, "DELETE", "/ahead", headers, params)
    assert answer.status_code == status


def test_viewing_is_far_slower_than_cancelling(onesignal):
    assert [ask(onesignal, "GET", apart=apart).status_code for apart in (1, 0.5)] == [200, 429]
    assert ask(onesignal, "DELETE", "/ahead", apart=0).status_code == 200
    late = ask(onesignal, "GET", apart=0.1)
    assert (late.status_code, late.headers["retry-after"]) == (429, "1")

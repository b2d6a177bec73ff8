"""listmonk's campaigns, as its own source says."""

import pytest

from tests.support.sandbox_world import record

ROOT = "/listmonk/api/campaigns"
HEADERS = {"Authorization": "token api:sandbox-token"}
ACCOUNTS = {"lm": ("listmonk", {})}
STATES = ("draft", "scheduled", "running", "paused", "stopped", "sent")


@pytest.fixture
def listmonk(world):
    rows = [record("lm", str(n + 1), status=one) for n, one in enumerate(STATES)]
    return world(rows, accounts=ACCOUNTS)


def ask(listmonk, method, path="", headers=HEADERS, **parts):
    return listmonk.ask(method, f"{ROOT}{path}", headers=headers, **parts)


@pytest.mark.parametrize("id_", "123456")
def test_any_state_can_be_deleted(listmonk, id_):
    answer = ask(listmonk, "DELETE", f"/{id_}")
    assert (answer.status_code, answer.json()) == (200, {"data": True})
    assert listmonk.effects == [f"lm/{id_}"]


def test_an_unknown_id_is_a_400(listmonk):
    for method in ("DELETE", "GET"):
        answer = ask(listmonk, method, "/99")
        assert (answer.status_code, answer.json()) == (400, {"message": "Campaign not found"})
    assert ask(listmonk, "DELETE", "/x").json() == {"message": "Invalid ID"}


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": "Basic YXBpOnNhbmRib3gtdG9rZW4="}, 200),
        ({"Authorization": "token api:real"}, 403),
        ({"Authorization": "Bearer sandbox-token"}, 403),
        ({**HEADERS, "Cookie": "session=1"}, 403),
        ({}, 403),
    ],
)
def test_wrong_credentials_are_a_403_and_a_session_hides_them(listmonk, headers, status):
    assert ask(listmonk, "DELETE", "/1", headers).status_code == status


def test_pages_have_at_most_fifty_and_an_empty_one_counts_nothing(world):
    rows = [record("lm", str(n)) for n in range(1, 71)]
    listmonk = world(rows, accounts=ACCOUNTS)
    asked = {"per_page": "100", "order": "asc"}
    first = ask(listmonk, "GET", params=asked).json()["data"]
    assert (len(first["results"]), first["per_page"], first["total"]) == (50, 50, 70)
    assert first["results"][0]["id"] == 1
    last = ask(listmonk, "GET", params={**asked, "page": "2"}).json()["data"]
    assert len(last["results"]) == 20
    empty = ask(listmonk, "GET", params={**asked, "page": "3"}).json()["data"]
    assert (empty["results"], empty["total"]) == ([], 0)
    whole = ask(listmonk, "GET", params={"per_page": "all"}).json()["data"]
    assert len(whole["results"]) == 70


@pytest.mark.parametrize(
    ("query", "gone"),
    [
        ({"id": ["1", "99"]}, 1),
        ({"id": "98"}, 0),
        ({"query": "Campaign"}, 6),
        ({"all": "true"}, 6),
    ],
)
def test_deleting_many_is_a_200_whatever_there_was(listmonk, query, gone):
    assert ask(listmonk, "DELETE", params=query).json() == {"data": True}
    assert len(listmonk.effects) == gone


def test_a_running_one_can_be_cancelled(listmonk):
    assert ask(listmonk, "PUT", "/3/status", json={"status": "cancelled"}).status_code == 200
    assert ask(listmonk, "GET", "/3").json()["data"]["status"] == "cancelled"
    assert ask(listmonk, "PUT", "/1/status", json={"status": "cancelled"}).status_code == 400
    assert listmonk.effects == []


def test_a_user_of_some_lists_sees_less_and_is_not_told(world):
    rows = [record("lm", "1"), record("lm", "2", attributes={"hidden": True})]
    listmonk = world(rows, accounts=ACCOUNTS, faults=["few-lists"])
    shown = ask(listmonk, "GET").json()["data"]
    assert ([one["id"] for one in shown["results"]], shown["total"]) == ([1], 1)
    assert {ask(listmonk, "DELETE", f"/{id_}").status_code for id_ in ("2", "99")} == {403}

"""Mailchimp's campaigns, as its specification describes them."""

import asyncio

import pytest

from tests.support.sandbox_world import record

ROOT = "/mailchimp/3.0/campaigns"
HEADERS = {"Authorization": "Bearer sandbox-key-us6"}
ACCOUNTS = {"mc": ("mailchimp", {})}
STATES = ("draft", "scheduled", "running", "paused", "stopped", "completed", "sent")


@pytest.fixture
def mailchimp(world):
    return world([record("mc", one, status=one) for one in STATES], accounts=ACCOUNTS)


def ask(mailchimp, method, path="", headers=HEADERS, **parts):
    return mailchimp.ask(method, f"{ROOT}{path}", headers=headers, **parts)


def test_a_deletion_is_a_204_and_the_next_one_a_problem(mailchimp):
    assert ask(mailchimp, "DELETE", "/draft").status_code == 204
    again = ask(mailchimp, "DELETE", "/draft")
    assert again.headers["content-type"].startswith("application/problem+json")
    assert set(again.json()) == {"type", "title", "status", "detail", "instance"}
    assert (again.status_code, again.json()["title"]) == (404, "Resource Not Found")
    assert mailchimp.effects == ["mc/draft"]


@pytest.mark.parametrize("id_", ["sent", "running"])
def test_what_went_out_cannot_be_deleted(mailchimp, id_):
    assert ask(mailchimp, "DELETE", f"/{id_}").status_code == 400
    assert mailchimp.effects == []


def test_items_show_more_states_than_the_filter_knows(mailchimp):
    items = ask(mailchimp, "GET", params={"count": "1000"}).json()["campaigns"]
    words = [one["status"] for one in items]
    assert words == ["save", "schedule", "sending", "paused", "canceled", "archived", "sent"]
    assert [one["settings"]["title"] for one in items][:1] == ["Campaign draft"]
    assert ask(mailchimp, "GET", params={"status": "archived"}).status_code == 400
    filtered = ask(mailchimp, "GET", params={"status": "save"}).json()
    assert [one["id"] for one in filtered["campaigns"]] == ["draft"]


def test_the_list_pages_by_offset(world):
    mailchimp = world([record("mc", f"{n:010x}") for n in range(1001)], accounts=ACCOUNTS)
    assert len(ask(mailchimp, "GET").json()["campaigns"]) == 10
    most = ask(mailchimp, "GET", params={"count": "1000"}).json()
    assert (len(most["campaigns"]), most["total_items"]) == (1000, 1001)
    last = ask(mailchimp, "GET", params={"count": "1000", "offset": "1000"}).json()
    assert [one["id"] for one in last["campaigns"]] == [f"{1000:010x}"]
    assert ask(mailchimp, "GET", params={"count": "1001"}).status_code == 400


@pytest.mark.parametrize(
    ("id_", "action", "word"),
    [("scheduled", "unschedule", "save"), ("running", "cancel-send", "canceled")],
)
def test_the_softer_ways_leave_the_campaign(mailchimp, id_, action, word):
    assert ask(mailchimp, "POST", f"/{id_}/actions/{action}").status_code == 204
    assert ask(mailchimp, "GET", f"/{id_}").json()["status"] == word
    assert mailchimp.effects == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer real-us6"}, 401),
        ({"Authorization": "Basic YW55Ym9keTpzYW5kYm94LWtleS11czY="}, 204),
        ({"Authorization": "Basic !"}, 401),
    ],
)
def test_a_key_goes_as_bearer_or_as_any_users_password(mailchimp, headers, status):
    assert ask(mailchimp, "DELETE", "/draft", headers).status_code == status


def test_ten_connections_at_a_time(world):
    waiting = []

    async def run():
        gate = asyncio.Event()

        async def sleep(_seconds):
            waiting.append(1)
            if len(waiting) == 10:
                gate.set()
            await never.wait()

        never = asyncio.Event()
        mailchimp = world([record("mc", "a")], accounts=ACCOUNTS, faults=["slow"], sleep=sleep)
        ten = [
            asyncio.ensure_future(mailchimp.send("GET", ROOT, headers=HEADERS)) for _ in "x" * 10
        ]
        await gate.wait()
        eleventh = await mailchimp.send("GET", ROOT, headers=HEADERS)
        never.set()
        return eleventh, await asyncio.gather(*ten)

    eleventh, ten = asyncio.run(run())
    assert (eleventh.status_code, {one.status_code for one in ten}) == (429, {200})


def test_a_flood_may_be_a_403_without_json(world):
    mailchimp = world([record("mc", "a")], accounts=ACCOUNTS, faults=["throttle"])
    answers = [ask(mailchimp, "GET") for _ in range(2)]
    assert [one.status_code for one in answers] == [429, 403]
    assert answers[1].headers["content-type"].startswith("text/html")

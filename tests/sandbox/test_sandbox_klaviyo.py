"""Klaviyo's campaigns, as the vendor's own OpenAPI document describes them."""

import pytest

from tests.support.sandbox_world import record

ROOT = "/klaviyo/api/campaigns"
HEADERS = {"Authorization": "Klaviyo-API-Key sandbox-key", "revision": "2026-07-15"}
ACCOUNTS = {"k": ("klaviyo", {})}


@pytest.fixture
def klaviyo(world):
    rows = [
        record("k", "mail", channel="email", status="draft"),
        record("k", "text", channel="sms", status="sent"),
        record("k", "push", channel="mobile_push", status="running"),
        record("k", "old", channel="email", attributes={"archived": True}),
    ]
    return world(rows, accounts=ACCOUNTS)


def ask(klaviyo, method, path=ROOT, headers=HEADERS, **parts):
    return klaviyo.ask(method, path, headers=headers, **parts)


def listed(klaviyo, channel, more="", **query):
    return ask(
        klaviyo, "GET", params={"filter": f"equals(messages.channel,'{channel}'){more}", **query}
    )


def test_a_deletion_is_a_204_and_the_next_one_a_404(klaviyo):
    assert ask(klaviyo, "DELETE", f"{ROOT}/mail").status_code == 204
    again = ask(klaviyo, "DELETE", f"{ROOT}/mail")
    assert again.headers["content-type"] == "application/vnd.api+json"
    assert set(again.json()["errors"][0]) == {"id", "code", "title", "detail", "source"}
    assert (again.status_code, klaviyo.effects) == (404, ["k/mail"])


@pytest.mark.parametrize("revision", [{}, {"revision": "latest"}])
def test_a_request_without_a_revision_is_refused(klaviyo, revision):
    headers = {"Authorization": HEADERS["Authorization"], **revision}
    assert ask(klaviyo, "DELETE", f"{ROOT}/mail", headers).status_code == 400
    assert klaviyo.effects == []


@pytest.mark.parametrize("key", ["Bearer sandbox-key", "Klaviyo-API-Key real", ""])
def test_wrong_credentials_are_a_401(klaviyo, key):
    headers = {**HEADERS, "Authorization": key}
    assert ask(klaviyo, "DELETE", f"{ROOT}/mail", headers).status_code == 401


@pytest.mark.parametrize(
    ("channel", "more", "found"),
    [
        ("email", "", ["mail"]),
        ("sms", "", ["text"]),
        ("mobile_push", "", ["push"]),
        ("email", ",equals(archived,true)", ["old"]),
        ("email", ",equals(archived,false)", ["mail"]),
    ],
)
def test_each_channel_has_a_list_of_its_own(klaviyo, channel, more, found):
    assert [one["id"] for one in listed(klaviyo, channel, more).json()["data"]] == found


@pytest.mark.parametrize("asked", [{}, {"filter": "equals(messages.channel,'fax')"}])
def test_a_list_without_a_channel_is_a_400(klaviyo, asked):
    assert ask(klaviyo, "GET", params=asked).status_code == 400


def test_pages_are_addresses_at_the_vendor(world):
    rows = [record("k", f"c{n}") for n in range(3)]
    klaviyo = world(rows, accounts=ACCOUNTS)
    first = listed(klaviyo, "email", **{"page[size]": "2"}).json()
    assert first["links"]["next"].startswith("https://a.klaviyo.com/api/campaigns?page%5B")
    last = listed(klaviyo, "email", **{"page[size]": "2", "page[cursor]": "c2"}).json()
    assert ([one["id"] for one in last["data"]], last["links"]["next"]) == (["c2"], None)
    assert listed(klaviyo, "email", **{"page[size]": "101"}).status_code == 400


def test_a_cursor_may_come_again(world):
    klaviyo = world([record("k", f"c{n}") for n in range(3)], accounts=ACCOUNTS, faults=["loop"])
    first = listed(klaviyo, "email", **{"page[size]": "1", "page[cursor]": "c1"}).json()
    assert first["links"]["next"].endswith("page%5Bcursor%5D=c1")


def test_a_send_can_be_cancelled(klaviyo):
    job = {"type": "campaign-send-job", "id": "push", "attributes": {"action": "cancel"}}
    path = "/klaviyo/api/campaign-send-jobs/push"
    assert ask(klaviyo, "PATCH", path, json={"data": job}).status_code == 204
    shown = ask(klaviyo, "GET", f"{ROOT}/push").json()["data"]["attributes"]
    assert (shown["status"], klaviyo.effects) == ("Cancelled", [])


def test_the_burst_and_the_steady_rate_are_counted_apart_for_each_kind_of_call(klaviyo):
    every = [ask(klaviyo, "GET", f"{ROOT}/mail", apart=0.01) for _ in range(11)]
    assert [one.status_code for one in every] == [200] * 10 + [429]
    assert every[0].headers["ratelimit-remaining"] == "149"
    assert every[10].headers["retry-after"] == "1"
    assert ask(klaviyo, "DELETE", f"{ROOT}/mail", apart=0).status_code == 204
    later = [ask(klaviyo, "GET", f"{ROOT}/mail", apart=0.11).status_code for _ in range(150)]
    assert later.count(429) > 0

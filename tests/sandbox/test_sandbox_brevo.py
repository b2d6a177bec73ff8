"""Brevo's campaigns, as developers.brevo.com describes them."""

import pytest

from tests.support.sandbox_world import record

EMAIL, SMS = "/brevo/v3/emailCampaigns", "/brevo/v3/smsCampaigns"
HEADERS = {"api-key": "sandbox-key"}
ACCOUNTS = {"mail": ("brevo", {"kind": "email"}), "text": ("brevo", {"kind": "sms"})}
STATES = ("draft", "scheduled", "running", "paused", "completed", "sent")


@pytest.fixture
def brevo(world):
    rows = [record("mail", str(n + 1), status=one) for n, one in enumerate(STATES)]
    return world(
        [*rows, *(record("text", str(n + 1), status=one) for n, one in enumerate(STATES))],
        accounts=ACCOUNTS,
    )


def ask(brevo, method, path, headers=HEADERS, **parts):
    return brevo.ask(method, path, headers=headers, **parts)


def test_a_draft_is_deleted_with_a_204_and_then_unknown(brevo):
    assert ask(brevo, "DELETE", f"{EMAIL}/1").status_code == 204
    again = ask(brevo, "DELETE", f"{EMAIL}/1")
    assert (again.status_code, again.json()["code"]) == (404, "document_not_found")
    assert brevo.effects == ["mail/1"]


def test_one_id_is_two_campaigns_by_email_and_by_sms(brevo):
    assert ask(brevo, "DELETE", f"{SMS}/1").status_code == 204
    assert (brevo.effects, "1" in brevo.left["mail"]) == (["text/1"], True)


@pytest.mark.parametrize(("root", "kept"), [(EMAIL, "23456"), (SMS, "236")])
def test_what_is_scheduled_cannot_be_deleted(brevo, root, kept):
    statuses = {id_: ask(brevo, "DELETE", f"{root}/{id_}").status_code for id_ in "123456"}
    assert "".join(id_ for id_, status in statuses.items() if status == 403) == kept


def test_a_key_without_the_right_gets_the_same_word_as_a_wrong_state(world):
    brevo = world([record("mail", "1", status="draft")], accounts=ACCOUNTS, faults=["no-delete"])
    answer = ask(brevo, "DELETE", f"{EMAIL}/1")
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


def test_archiving_is_not_deleting(brevo):
    answer = ask(brevo, "PUT", f"{EMAIL}/6/status", json={"status": "archive"})
    assert answer.status_code == 204
    assert ask(brevo, "GET", f"{EMAIL}/6").json()["status"] == "archive"
    assert (brevo.effects, "6" in brevo.left["mail"]) == (["mail/6"], True)
    assert ask(brevo, "PUT", f"{EMAIL}/6/status", json={"status": "gone"}).status_code == 400


def test_the_list_is_newest_first_and_carries_html_unless_told_not_to(brevo):
    asked = {"limit": "2", "excludeHtmlContent": "true"}
    listed = ask(brevo, "GET", EMAIL, params=asked).json()
    assert ([one["id"] for one in listed["campaigns"]], listed["count"]) == ([6, 5], 6)
    assert "htmlContent" not in listed["campaigns"][0]
    whole = ask(brevo, "GET", EMAIL, params={"sort": "asc"}).json()["campaigns"]
    assert (whole[0]["id"], "<html>" in whole[0]["htmlContent"]) == (1, True)
    assert [one["status"] for one in whole][:4] == ["draft", "queued", "inProcess", "suspended"]
    assert ask(brevo, "GET", EMAIL, params={"limit": "101"}).status_code == 400


def test_a_hundred_requests_an_hour(brevo):
    every = [ask(brevo, "GET", f"{EMAIL}/1", apart=1) for _ in range(101)]
    assert every[99].headers["x-sib-ratelimit-remaining"] == "0"
    assert (every[100].status_code, every[100].headers["x-sib-ratelimit-reset"]) == (429, "3500")
    assert ask(brevo, "GET", f"{EMAIL}/1", apart=3500).status_code == 200


def test_the_window_is_shorter_with_speed(world):
    brevo = world([record("mail", "1")], accounts=ACCOUNTS, speed=3600)
    every = [ask(brevo, "GET", f"{EMAIL}/1", apart=0.001) for _ in range(101)]
    assert every[100].headers["x-sib-ratelimit-reset"] == "1"


@pytest.mark.parametrize("headers", [{}, {"api-key": "xkeysib-1"}, {"Authorization": "sandbox-1"}])
def test_wrong_credentials_are_a_401(brevo, headers):
    assert ask(brevo, "DELETE", f"{EMAIL}/1", headers).json()["code"] == "unauthorized"

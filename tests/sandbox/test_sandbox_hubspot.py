"""HubSpot's emails and campaigns, as the vendor's own OpenAPI documents describe them."""

import pytest

from tests.support.sandbox_world import record

EMAILS = "/hubspot/marketing/emails/2026-03"
CAMPAIGNS = "/hubspot/marketing/campaigns/2026-03"
HEADERS = {"Authorization": "Bearer sandbox-token"}
ACCOUNTS = {"hs": ("hubspot", {}), "folders": ("hubspot", {"kind": "campaigns"})}


@pytest.fixture
def hubspot(world):
    rows = [
        record("hs", "1", status="draft"),
        record("hs", "2", attributes={"state": "AUTOMATED", "workflowNames": ["Welcome"]}),
        record("folders", "g-1", status="running"),
        record("folders", "g-2"),
    ]
    return world(rows, accounts=ACCOUNTS)


def ask(hubspot, method, path, headers=HEADERS, **parts):
    return hubspot.ask(method, path, headers=headers, **parts)


def test_a_deleted_email_is_archived_and_can_still_be_read(hubspot):
    assert ask(hubspot, "DELETE", f"{EMAILS}/1").status_code == 204
    assert ask(hubspot, "GET", f"{EMAILS}/1").status_code == 404
    shown = ask(hubspot, "GET", f"{EMAILS}/1", params={"archived": "true"}).json()
    assert (shown["archived"], shown["deletedAt"][-1]) == (True, "Z")
    assert ask(hubspot, "DELETE", f"{EMAILS}/1").status_code == 404
    assert (hubspot.effects, hubspot.left["hs"]) == (["hs/1"], ["2"])


def test_what_is_not_deleted_is_not_among_the_archived(hubspot):
    assert ask(hubspot, "GET", f"{EMAILS}/1", params={"archived": "true"}).status_code == 404
    assert ask(hubspot, "GET", EMAILS, params={"archived": "true"}).json()["results"] == []


def test_the_last_page_has_no_paging(hubspot):
    first = ask(hubspot, "GET", EMAILS, params={"limit": "1"}).json()
    assert (first["total"], first["results"][0]["id"]) == (2, "1")
    after = first["paging"]["next"]["after"]
    last = ask(hubspot, "GET", EMAILS, params={"limit": "1", "after": after}).json()
    assert (last["results"][0]["state"], "paging" in last) == ("AUTOMATED", False)
    assert last["results"][0]["workflowNames"] == ["Welcome"]


@pytest.mark.parametrize("id_", ["g-1", "nobody"])
def test_a_campaigns_204_says_nothing(hubspot, id_):
    assert ask(hubspot, "DELETE", f"{CAMPAIGNS}/{id_}").status_code == 204
    assert hubspot.effects == (["folders/g-1"] if id_ == "g-1" else [])


def test_a_batch_of_campaigns_is_a_204_too(hubspot):
    body = {"inputs": [{"id": "g-1"}, {"id": "nobody"}]}
    assert ask(hubspot, "POST", f"{CAMPAIGNS}/batch/archive", json=body).status_code == 204
    assert hubspot.effects == ["folders/g-1"]
    many = {"inputs": [{"id": str(n)} for n in range(51)]}
    assert ask(hubspot, "POST", f"{CAMPAIGNS}/batch/archive", json=many).status_code == 400


def test_a_campaign_shows_the_properties_that_are_asked_for(hubspot):
    bare = ask(hubspot, "GET", f"{CAMPAIGNS}/g-1").json()
    asked = {"properties": "hs_name,hs_campaign_status"}
    named = ask(hubspot, "GET", f"{CAMPAIGNS}/g-1", params=asked).json()["properties"]
    assert bare["properties"] == {}
    assert named == {"hs_name": "Campaign g-1", "hs_campaign_status": "active"}


def test_emails_and_campaigns_are_apart(hubspot):
    assert ask(hubspot, "GET", f"{EMAILS}/g-1").status_code == 404
    assert ask(hubspot, "GET", f"{CAMPAIGNS}/1").status_code == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/hubspot/marketing/emails/2025-09/1", 204),
        ("/hubspot/marketing/emails/2026-09-beta/1", 204),
        ("/hubspot/marketing/v3/emails/1", 204),
        ("/hubspot/marketing/emails/2026-04/1", 404),
        ("/hubspot/marketing/forms/2026-03/1", 404),
    ],
)
def test_versions_are_dates_and_v3_lives_on(hubspot, path, status):
    assert ask(hubspot, "DELETE", path).status_code == status


@pytest.mark.parametrize("kind", ["no-list", "no-delete"])
def test_an_app_may_lack_a_scope(world, kind):
    hubspot = world([record("hs", "1")], accounts=ACCOUNTS, faults=[kind])
    statuses = [ask(hubspot, method, f"{EMAILS}/1").status_code for method in ("GET", "DELETE")]
    assert statuses == ([403, 204] if kind == "no-list" else [200, 403])


def test_a_wrong_token_is_a_401_with_a_category(hubspot):
    answer = ask(hubspot, "DELETE", f"{EMAILS}/1", {"Authorization": "Bearer pat-real"})
    assert (answer.status_code, answer.json()["category"]) == (401, "INVALID_AUTHENTICATION")


def test_a_hundred_requests_in_ten_seconds(hubspot):
    every = [ask(hubspot, "GET", f"{EMAILS}/1", apart=0.01) for _ in range(101)]
    assert every[99].headers["x-hubspot-ratelimit-remaining"] == "0"
    assert (every[100].status_code, every[100].json()["policyName"]) == (
        429,
        "TEN_SECONDLY_ROLLING",
    )


def test_an_email_can_be_unpublished(hubspot):
    assert ask(hubspot, "POST", f"{EMAILS}/2/unpublish").status_code == 204
    assert ask(hubspot, "GET", f"{EMAILS}/2").json()["state"] == "DRAFT"

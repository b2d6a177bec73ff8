"""What is alike for all vendors: faults, ledger, tenants, state."""

import httpx
import pytest

from reconciler.sandbox.faults import KINDS, VENDORS, Fault, Faults, read
from reconciler.sandbox.state import State, shape
from tests.support.sandbox_world import record, signed

CEP, MEP, CD, SM = "orchestration_1", "0" * 31 + "1", "cd-1", "SM" + "0" * 32
BATCH = {"Authorization": "Bearer sandbox-key", "X-Batch-Project": "project_1"}
KORE = {"auth": signed(), "iid": "st-1", "accountId": "a1"}
CAST = {"Authorization": "Bearer sandbox-key"}
DIAL = {"apiKey": "sandbox-key"}
KLAVIYO = {"Authorization": "Klaviyo-API-Key sandbox-key", "revision": "2026-07-15"}
TWILIO = {
    "Authorization": "Basic QUMxOnNhbmRib3gta2V5",
    "Content-Type": "application/x-www-form-urlencoded",
}
ROWS = [
    record("push", CEP),
    record("mobile", MEP),
    record("cc", CD),
    record("au", "m1"),
    record("dial", "7", phoneNumbers=["911"]),
    record("sendgrid", "s1"),
    record("klaviyo", "k1"),
    record("mailchimp", "c1"),
    record("hubspot", "1"),
    record("onesignal", "o1", status="scheduled"),
    record("brevo", "1", status="draft"),
    record("twilio", SM),
    record("listmonk", "1"),
]
NEWER = (
    *("sendgrid", "klaviyo", "mailchimp", "hubspot"),
    *("onesignal", "brevo", "twilio", "listmonk"),
)
ACCOUNTS = {name: (name, {}) for name in NEWER}
REQUESTS = {
    "batch-cep": ("POST", "/batch/2.8/campaigns/delete", BATCH, {"id": CEP}),
    "batch-mep": (
        "POST",
        f"/batch/1.1/app/campaigns/delete/{MEP}",
        {"X-Authorization": "sandbox-key", "Content-Type": "application/json"},
        None,
    ),
    "kore": (
        "DELETE",
        f"/kore/campaign/api/v2/public/st-1/campaign/{CD}?accountId=a1&campaignType=sms",
        KORE,
        None,
    ),
    "ozonetel": (
        "DELETE",
        "/ozonetel/ca_apis/DeleteBulkData",
        DIAL,
        {"userName": "acme", "phoneNumber": [911], "campaignName": ["Campaign 7"]},
    ),
    "cellcast": (
        "POST",
        "/cellcast/api/v1/gateway/cancelScheduleQuickMessage",
        CAST,
        {"messageId": "m1", "type": "sms"},
    ),
    "sendgrid": ("DELETE", "/sendgrid/v3/marketing/singlesends/s1", CAST, None),
    "klaviyo": ("DELETE", "/klaviyo/api/campaigns/k1", KLAVIYO, None),
    "mailchimp": ("DELETE", "/mailchimp/3.0/campaigns/c1", CAST, None),
    "hubspot": ("DELETE", "/hubspot/marketing/emails/2026-03/1", CAST, None),
    "onesignal": (
        "DELETE",
        "/onesignal/notifications/o1?app_id=app",
        {"Authorization": "Key sandbox-key"},
        None,
    ),
    "brevo": ("DELETE", "/brevo/v3/emailCampaigns/1", {"api-key": "sandbox-key"}, None),
    "twilio": (
        "POST",
        f"/twilio/2010-04-01/Accounts/AC1/Messages/{SM}.json",
        TWILIO,
        b"Status=canceled",
    ),
    "listmonk": (
        "DELETE",
        "/listmonk/api/campaigns/1",
        {"Authorization": "token api:sandbox-key"},
        None,
    ),
}
EFFECTS = {
    "batch-cep": f"push/{CEP}",
    "batch-mep": f"mobile/{MEP}",
    "kore": f"cc/{CD}",
    "ozonetel": "dial/7#911",
    "cellcast": "au/m1",
    "sendgrid": "sendgrid/s1",
    "klaviyo": "klaviyo/k1",
    "mailchimp": "mailchimp/c1",
    "hubspot": "hubspot/1",
    "onesignal": "onesignal/o1",
    "brevo": "brevo/1",
    "twilio": f"twilio/{SM}",
    "listmonk": "listmonk/1",
}
every_vendor = pytest.mark.parametrize("vendor", list(REQUESTS))


def delete(world, vendor, **parts):
    method, path, headers, body = REQUESTS[vendor]
    content = {} if body is None else {"content" if isinstance(body, bytes) else "json": body}
    return world.ask(method, path, headers=headers, **content, **parts)


@every_vendor
def test_a_record_is_found_by_its_shape_or_by_its_account(world, vendor):
    accounts = {} if vendor == "twilio" else ACCOUNTS
    assert delete(sandbox := world(ROWS, accounts=accounts), vendor).is_success
    assert sandbox.effects == [EFFECTS[vendor]]


@every_vendor
@pytest.mark.parametrize("kind", ["throttle", "error", "html", "redirect", "drop", "auth"])
def test_a_fault_keeps_the_request_from_the_vendor(world, vendor, kind):
    sandbox = world(ROWS, accounts=ACCOUNTS, faults=[kind])
    if kind == "drop":
        with pytest.raises(ConnectionAbortedError):
            delete(sandbox, vendor)
    else:
        delete(sandbox, vendor)
    assert sandbox.effects == []
    assert sum(map(len, sandbox.left.values())) == len(ROWS)


@every_vendor
@pytest.mark.parametrize(
    ("kind", "status"), [("error-after", 500), ("html-after", 200), ("redirect-after", 303)]
)
def test_a_fault_after_it_hides_what_happened(world, vendor, kind, status):
    sandbox = world(ROWS, accounts=ACCOUNTS, faults=[f"{vendor}:{kind}"])
    assert delete(sandbox, vendor).status_code == status
    assert sandbox.effects == [EFFECTS[vendor]]


@every_vendor
def test_a_connection_cut_after_the_effect_has_no_status_in_the_ledger(world, vendor):
    sandbox = world(ROWS, accounts=ACCOUNTS, faults=["drop-after"])
    with pytest.raises(ConnectionAbortedError):
        delete(sandbox, vendor)
    (row,) = sandbox.ledger
    assert (row["status"], row["effect"]) == (None, [EFFECTS[vendor]])


@every_vendor
def test_an_empty_answer_stands_for_a_success_only(world, vendor):
    sandbox = world(ROWS, accounts=ACCOUNTS, faults=["empty"])
    first, second = delete(sandbox, vendor), delete(sandbox, vendor)
    assert (first.status_code, first.content) == (200, b"")
    assert second.content
    assert sandbox.effects == [EFFECTS[vendor]]


@pytest.mark.parametrize(("kind", "seen"), [("slow=2@1.5", []), ("slow-after=2@1.5", ["au/m1"])])
def test_a_slow_request_waits_before_or_after_its_effect(world, kind, seen):
    waits = []

    async def sleep(seconds):
        answer = await sandbox.send("GET", "/__ledger")
        waits.append((seconds, answer.json()["requests"][-1]["effect"]))

    sandbox = world(ROWS, faults=[kind], sleep=sleep)
    delete(sandbox, "batch-cep")
    assert waits == []
    delete(sandbox, "cellcast")
    assert waits == [(1.5, seen)]
    assert sandbox.effects == [EFFECTS["batch-cep"], EFFECTS["cellcast"]]


def test_a_fault_strikes_every_nth_request_of_its_vendor(world):
    sandbox = world(ROWS, faults=["cellcast:error=3"])
    statuses = [delete(sandbox, "cellcast").status_code for _ in range(7)]
    assert statuses == [200, 200, 500, 200, 200, 503, 200]
    assert delete(sandbox, "kore").status_code == 200


def test_kore_says_too_many_in_three_ways(world):
    sandbox = world(ROWS, faults=["kore:throttle"])
    answers = [delete(sandbox, "kore") for _ in range(3)]
    assert [one.status_code for one in answers] == [429, 403, 200]
    assert len({one.json()["message"] for one in answers}) == 1


def test_who_follows_a_redirect_is_seen(world):
    sandbox = world(ROWS, faults=["redirect"])
    answer = delete(sandbox, "batch-cep", follow_redirects=True)
    assert answer.status_code == 204
    assert [row["vendor"] for row in sandbox.ledger] == ["batch-cep", "redirected"]
    assert sandbox.effects == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("drop", Fault("drop", VENDORS)),
        ("batch:error=3", Fault("error", ("batch-cep", "batch-mep"), 3)),
        ("kore:slow=2@0.5", Fault("slow", ("kore",), 2, 0.5)),
    ],
)
def test_a_fault_is_read(text, fault):
    assert read(text) == fault


@pytest.mark.parametrize("text", ["", "drop=0", "drop=x", "acme:drop", "explode", "drop@3", "a b"])
def test_a_fault_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match="fault|vendor|KIND|seconds"):
        read(text)


def test_faults_are_the_same_each_time():
    runs = [Faults(["error=2", "drop=3"]) for _ in range(2)]
    struck = [[sorted(run.strike("kore")) for _ in range(6)] for run in runs]
    assert struck[0] == struck[1]
    assert struck[0][5] == ["drop", "error"]


def test_the_ledger_tells_a_request_whole(world):
    sandbox = world(ROWS)
    sandbox.ask("GET", "/__health")
    delete(sandbox, "kore", apart=1.5)
    delete(sandbox, "ozonetel", apart=0.25)
    first, second = sandbox.ledger
    keys = ["at", "vendor", "method", "path", "query", "headers", "body", "status", "effect"]
    assert list(first) == keys
    assert (first["vendor"], first["method"]) == ("kore", "DELETE")
    assert first["path"] == f"/kore/campaign/api/v2/public/st-1/campaign/{CD}"
    assert first["query"] == {"accountId": "a1", "campaignType": "sms"}
    assert first["headers"]["accountid"] == "a1"
    assert (first["body"], first["status"]) == (None, 200)
    assert second["body"]["phoneNumber"] == [911]
    seconds = [float(row["at"][17:-1]) for row in (first, second)]
    assert (seconds[1] - seconds[0]) % 60 == pytest.approx(0.25)


def test_a_body_that_is_not_json_is_kept_as_text(world):
    sandbox = world(ROWS)
    sandbox.ask("POST", "/cellcast/api", content=b"{\xff")
    assert sandbox.ledger[0]["body"] == "{\ufffd"


def test_what_is_left_is_by_account(world):
    assert world(ROWS[:5]).left == {
        "push": [CEP],
        "mobile": [MEP],
        "cc": [CD],
        "au": ["m1"],
        "dial": {"7": ["911"]},
    }


def test_separators_in_an_id_are_encoded_in_an_effect(world):
    sandbox = world([record("a/u", "m#1")])
    body = {"messageId": "m#1", "type": "sms"}
    path = "/cellcast/api/v1/gateway/cancelScheduleQuickMessage"
    assert sandbox.ask("POST", path, headers=CAST, json=body).json()["status"] is True
    assert sandbox.effects == ["a%2Fu/m%231"]


def test_an_encoded_slash_stays_in_its_segment(world):
    sandbox = world([record("cc", "cd-a/status")])
    path = "/kore/campaign/api/v2/public/st-1/campaign/cd-a%2Fstatus"
    answer = sandbox.ask("GET", path, params={"accountId": "a1"}, headers=KORE)
    assert answer.json()["data"]["_id"] == "cd-a/status"


def test_the_driver_of_an_account_decides_where_it_lives(world):
    sandbox = world([record("push", "id-of-no-shape")], accounts={"push": ("batch-cep", {})})
    path = "/batch/2.8/campaigns/delete"
    assert sandbox.ask("POST", path, headers=BATCH, json={"id": "id-of-no-shape"}).is_success


def test_an_account_of_a_driver_we_do_not_imitate_is_nowhere(world):
    assert world([record("x", CEP)], accounts={"x": ("acme", {})}).left == {}


def test_two_tenants_do_not_see_each_other():
    accounts = {name: ("batch-cep", {"project": f"project_{name}"}) for name in "ab"}
    state = State([record(name, "same") for name in "ab"], accounts)
    (held,) = state.find("batch-cep", "same", {"project": "project_b"})
    assert held.campaign.account == "b"
    assert not state.known("batch-cep", {"project": "project_c"})


@pytest.mark.parametrize("row", ROWS)
def test_shapes(row):
    import msgspec

    from reconciler.model import Campaign

    vendor = {"push": "batch-cep", "mobile": "batch-mep", "cc": "kore", "au": "cellcast"}
    vendor |= {"twilio": "twilio", "dial": "ozonetel"}
    assert shape(msgspec.convert(row, Campaign)) == vendor.get(row["account"], "cellcast")


def test_health_and_a_path_that_is_nowhere(world):
    sandbox = world([])
    assert sandbox.ask("GET", "/__health").json() == {"status": "ok"}
    nowhere: httpx.Response = sandbox.ask("POST", "/2.8/campaigns/delete")
    assert nowhere.status_code == 404
    assert sandbox.ledger == []


def test_every_fault_is_told_to_users():
    from pathlib import Path

    text = (Path(__file__).parents[2] / "docs/sandbox.md").read_text()
    assert [kind for kind in KINDS if f"`{kind}`" not in text] == []

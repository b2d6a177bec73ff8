"""Kore.ai against its pages: seed 001, list, get, rate limit and the JWT recipe (providers §2)."""

from dataclasses import replace

import jwt
import pytest

from reconciler.driver import (
    Deleted,
    Doubt,
    Missing,
    Present,
    Refused,
    Throttled,
    Unauthorised,
    Unclear,
    Unconfirmed,
    revealed,
)
from reconciler.errors import InputError
from reconciler.model import Campaign, Limits, Status
from reconciler.testing import settings
from tests.support.driver_examples import KORE, KORE_ID, answer, item, run, session, verdict
from tests.support.sandbox_wire import Wire, record, session_at

DRIVER = KORE.driver
SLOW = "You've exceeded the per-minute rate limit. Please wait for sometime before retrying."


def test_the_request_is_the_documented_one():
    request = DRIVER.delete(KORE.session, KORE.batch)
    assert (request.method, request.base) == ("DELETE", "https://platform.kore.ai")
    stream = ("campaign", "api", "v2", "public", "st-0603182c", "campaign")
    assert request.path == (*stream, KORE_ID)
    assert request.query == (("accountId", "67777ce93e25326494"), ("campaignType", "sms"))
    headers = {k: revealed(v) for k, v in request.headers}
    assert headers.pop("auth").count(".") == 2
    assert headers == {
        "iid": "st-0603182c",
        "accountId": "67777ce93e25326494",
        "Content-Type": "application/json",
    }
    assert request.body is None


def test_the_type_is_the_channel_and_sms_without_one():
    kinds = [DRIVER.delete(KORE.session, (one,)).query[1][1] for one in KORE.items]
    assert kinds == ["sms", "voice", "sms"]
    email = Campaign(account="kore", id="a", name="A", channel="email")
    assert "neither sms nor voice" in DRIVER.unsupported(KORE.checked, email)


@pytest.mark.parametrize(
    ("settings", "claims"),
    [
        ({}, {"sub": "reconciler", "appId": "cs-1"}),
        ({"subject": "x"}, {"sub": "x", "appId": "cs-1"}),
        ({"jti": "true"}, {"sub": "reconciler", "appId": "cs-1", "jti": "nonce-1"}),
    ],
)
def test_the_token_is_signed_by_the_client_secret(settings, claims):
    request = DRIVER.delete(session(KORE, **settings), KORE.batch)
    token = revealed(dict(request.headers)["auth"])
    key = b"s3cr3t-client_secret-value".ljust(32, b"\0")
    assert jwt.decode(token, key, algorithms=["HS256"]) == claims
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}


@pytest.mark.parametrize(
    ("host", "base"),
    [
        ("platform.kore.ai", "https://platform.kore.ai"),
        ("https://eu.kore.ai/", "https://eu.kore.ai"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
    ],
)
def test_a_host_may_have_its_scheme(host, base):
    assert DRIVER.base_url(session(KORE, host=host).settings) == base


@pytest.mark.parametrize("host", ["http://kore.ai", "https://kore.ai/path", "kore ai", "", "a@b"])
def test_a_host_that_is_none_is_refused(host):
    with pytest.raises(InputError, match="host"):
        session(KORE, host=host)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("streamId", "a/b"),
        ("streamId", ".."),
        ("streamId", "x" * 201),
        ("accountId", "a b"),
        ("accountId", "a\n"),
        ("accountId", "é"),
        ("clientId", "a\tb"),
        ("clientId", ""),
    ],
)
def test_a_setting_that_cannot_be_sent_is_refused_and_never_quoted(key, text):
    with pytest.raises(InputError) as caught:
        session(KORE, **{key: text})
    (one,) = caught.value.diagnostics
    assert one.message.startswith((f"`{key}` cannot be sent (", f"`{key}` is not 1 to 200 "))
    assert not text or text not in one.message.replace("and not . or ..", "")
    assert one.fix == "copy it from the vendor as it is there"


@pytest.mark.parametrize(
    ("one", "kind"),
    [
        (answer(200, {"status": "success"}), Deleted),
        (answer(200, {"status": "success", "data": {"_id": KORE_ID, "status": "Active"}}), Deleted),
        (answer(200, {"status": "success", "data": {"_id": "cd-other"}}), Doubt),
        (answer(200, {"status": "success", "data": {"id": "cd-other"}}), Doubt),
        (answer(200, {"status": "success", "data": []}), Doubt),
        (answer(200, {"data": {"_id": KORE_ID, "status": "success"}}), Doubt),
        (answer(200, {"status": "Stopped"}), Doubt),
        (answer(200, {"status": "Success"}), Doubt),
        (answer(200), Doubt),
        (answer(204), Doubt),
        (answer(200, b"<html></html>"), Doubt),
        (answer(200, {"status": "failure", "message": "no"}), Refused),
        (answer(200, {"status": "error", "message": "no"}), Refused),
        (answer(400, {"x": 1}), Unconfirmed),
        (answer(404, {"x": 1}), Unconfirmed),
        (answer(404), Unconfirmed),
        (answer(409), Doubt),
        (answer(401), Unauthorised),
        (answer(403), Unauthorised),
        (answer(400, {"msg": "Invalid SDK credentials", "code": 4002}), Unauthorised),
        (answer(429), Throttled),
        (answer(200, {"status": "error", "message": SLOW}), Throttled),
        (answer(403, {"errors": [{"msg": SLOW, "code": 1}]}), Throttled),
        (answer(403, SLOW.encode()), Throttled),
        (answer(200, SLOW), Throttled),
        (answer(500, {"error": {"message": SLOW.replace("'", "\u2019")}}), Throttled),
        (answer(500), Doubt),
        (answer(503), Doubt),
        (answer(302), Doubt),
    ],
    ids=str,
)
def test_every_answer_has_its_meaning(one, kind):
    assert type(verdict(KORE, one)) is kind


def test_the_window_is_waited_out():
    assert verdict(KORE, answer(429)).wait == 60
    assert verdict(KORE, answer(200, SLOW)).wait == 60


def test_a_campaign_that_is_named_like_the_rate_limit_is_deleted_all_the_same():
    said = {"status": "success", "message": SLOW, "data": {"_id": KORE_ID, "name": SLOW}}
    assert isinstance(verdict(KORE, answer(200, said)), Deleted)
    listed = {"status": "success", "data": {"results": [{"_id": "a", "name": SLOW}]}}
    assert DRIVER.gate(answer(200, listed)) is None


def served(campaigns, *, key="id", total=True, more=None):
    """What `list` returns for a server that holds *campaigns* by type."""
    flow = DRIVER.list(KORE.session)
    request = next(flow)
    while True:
        assert request.method == "POST"
        assert request.path[-1] == "getAllCampaignDetails"
        assert request.query == (("accountId", "67777ce93e25326494"),)
        body = request.body
        every = campaigns.get(body["type"], [])
        shown = every[body["skip"] : body["skip"] + body["limit"]]
        data = {
            "results": [{key: c, "name": f"N {c}", "status": "Ready"} for c in shown],
            "skip": body["skip"],
            "limit": body["limit"],
            "hasMore": body["skip"] + len(shown) < len(every) if more is None else more,
        }
        if total:
            data["totalResults"] = len(every)
        try:
            request = flow.send(answer(200, {"status": "success", "data": data}))
        except StopIteration as end:
            return end.value


@pytest.mark.parametrize("key", ["id", "_id"])
@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 99, 120])
def test_both_kinds_are_listed_to_the_end(key, count):
    sms = [f"cd-{n}" for n in range(count)]
    listing = served({"sms": sms, "voice": ["cd-7f3a0b1-4-4-4-12"]}, key=key)
    assert listing.complete
    assert [one.id for one in listing.campaigns] == [*sms, "cd-7f3a0b1-4-4-4-12"]
    assert [one.channel for one in listing.campaigns] == ["sms"] * count + ["voice"]


def test_more_with_nothing_behind_it_ends_at_the_total():
    assert served({"sms": ["a"]}, more=True).complete
    listing = served({"sms": ["a"]}, more=True, total=False)
    assert not listing.complete
    assert "nothing more" in listing.why


def page(*ids, **data):
    records = [{"id": one, "name": one} for one in ids]
    return answer(200, {"status": "success", "data": {"results": records, **data}})


FULL = [f"x{n}" for n in range(50)]


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ([page("a", hasMore=False, totalResults=2), page(hasMore=False)], "counts 2"),
        ([page(*FULL, hasMore=True, totalResults=60), page(hasMore=True), page()], "moved"),
        ([page(*FULL, hasMore=True), page("x48", "y"), page()], "moved"),
        ([page(*FULL, hasMore=True), page("x49", "x3"), page()], "twice"),
        (
            [page(*FULL, hasMore=True, totalResults=51), page("x49", totalResults=50), page()],
            "total changed",
        ),
        ([page("a"), page("a")], "listed twice, of sms and voice"),
        ([page("a"), answer(500)], "voice: HTTP 500"),
        ([answer(200, {"status": "error", "message": "x"}), page()], "not as documented"),
    ],
)
def test_a_list_that_contradicts_itself_is_not_complete(answers, why):
    listing = run(DRIVER.list(KORE.session), *answers)
    assert not listing.complete
    assert why in listing.why


def test_a_list_is_unavailable_only_if_neither_kind_can_be_listed():
    assert run(DRIVER.list(KORE.session), answer(403), answer(404)).unavailable
    assert not run(DRIVER.list(KORE.session), page("a"), answer(403)).unavailable


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("Active", Status.RUNNING),
        ("Preparing", Status.RUNNING),
        ("Completed", Status.COMPLETED),
        ("Ready", Status.READY),
        ("Paused", Status.PAUSED),
        ("Stopped", Status.STOPPED),
        ("Scheduled", Status.SCHEDULED),
        ("Rescheduled", Status.SCHEDULED),
        ("Rerun", Status.RUNNING),
        ("Sleeping", Status.UNKNOWN),
        (None, Status.UNKNOWN),
    ],
)
def test_the_vendors_words_are_mapped_and_kept(word, expected):
    data = {"_id": KORE_ID, "name": "N", "status": word, "createdAt": "2025-12-08T07:09:14.523Z"}
    seen = run(
        DRIVER.look(KORE.session, KORE.items[0]), answer(200, {"status": "success", "data": data})
    )
    assert seen.campaign.status is expected
    assert seen.campaign.attributes["status"] == word
    assert seen.campaign.created_at.isoformat() == "2025-12-08T07:09:14.523000+00:00"


@pytest.mark.parametrize(
    ("one", "kind"),
    [
        (answer(200, {"status": "success", "data": {"_id": KORE_ID, "name": "N"}}), Present),
        (answer(200, {"status": "success", "data": {"_id": "other", "name": "N"}}), Unclear),
        (answer(200, {"status": "success"}), Unclear),
        (answer(200, {"status": "failure", "message": "x"}), Unclear),
        (answer(404), Missing),
        (answer(400), Unclear),
        (answer(403), Unclear),
        (answer(500), Unclear),
    ],
    ids=str,
)
def test_a_look_reads_one_campaign(one, kind):
    seen = run(DRIVER.look(KORE.session, KORE.items[0]), one)
    assert type(seen) is kind
    assert not getattr(seen, "sure", False)
    if kind is Unclear:
        assert seen.unavailable is (one.status == 403)


def test_a_look_is_the_documented_get():
    request = next(DRIVER.look(KORE.session, item("kore", "cd-1")))
    assert (request.method, request.path[-1]) == ("GET", "cd-1")
    assert request.query == (("accountId", "67777ce93e25326494"),)


def test_it_keeps_the_defaults_of_the_contract():
    assert DRIVER.limits(KORE.checked) == Limits(requests=60, per=60, concurrency=4)
    assert DRIVER.complete
    assert dict(DRIVER.delete(session(KORE, iid="st-2"), KORE.batch).headers)["iid"] == "st-2"


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
def test_the_token_is_signed_as_the_app_says(algorithm):
    wire = Wire([record(KORE_ID, channel="sms", status="stopped")])
    app = {"clientId": "sandbox-client", "streamId": "st-1", "accountId": "acc"}
    example = replace(KORE, settings={**KORE.settings, **app, "algorithm": algorithm})
    here = session_at(example, "kore", "sandbox-secret")
    target = item("acc", KORE_ID, channel="sms")
    assert isinstance(wire.delete(example, here, target), Deleted)
    token = revealed(dict(wire.asked[0].headers)["auth"])
    assert jwt.get_unverified_header(token) == {"alg": algorithm, "typ": "JWT"}


@pytest.mark.parametrize("algorithm", ["RS256", "none", "hs256", "A256KW"])
def test_another_algorithm_is_refused_with_those_that_there_are(algorithm):
    with pytest.raises(InputError) as told:
        settings(DRIVER, {**KORE.settings, "algorithm": algorithm})
    (one,) = told.value.diagnostics
    assert "HS512" in f"{one.message} {one.fix}"

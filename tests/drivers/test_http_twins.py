"""The vendors of docs/cookbook.md meet the sandbox as their twins, the built-in drivers, do."""

import msgspec
import pytest

from reconciler.driver import (
    Deleted,
    Doubt,
    Missing,
    Present,
    Refused,
    Secret,
    Throttled,
    Unauthorised,
    Unconfirmed,
)
from reconciler.model import Status
from tests.support import cookbook
from tests.support.driver_examples import item
from tests.support.sandbox_wire import Wire, record, session_at

PAGES = cookbook.EXAMPLES
CEP = [f"orchestration_{n:03}" for n in range(130)]
MEP = [f"{n:032x}" for n in range(130)]
SMS = [f"cd-{n:08x}-1111-4111-8111-111111111111" for n in range(70)]
VOICE = [f"cd-{n:07x}-1111-4111-8111-111111111111" for n in range(3)]


def at(name, prefix="", key="sandbox-key"):
    return session_at(PAGES[name], prefix, key)


@pytest.mark.parametrize(
    ("name", "prefix", "ids", "vendor"),
    [
        ("push", "batch", CEP, "batch-cep"),
        ("app", "batch", MEP, "batch-mep"),
        ("news", "mailchimp", [f"{n:010x}" for n in range(1001)], "mailchimp"),
        ("lists", "listmonk", [str(n) for n in range(1, 151)], "listmonk"),
    ],
)
def test_it_lists_deletes_and_is_told_of_what_is_gone(name, prefix, ids, vendor):
    driver, here = PAGES[name].driver, at(name, prefix)
    rows = [record(one, status="draft") for one in ids]
    wire = Wire(rows, accounts={"acc": (vendor, {})})
    listing = wire.run(driver.list(here))
    assert (listing.complete, listing.why) == (True, None)
    assert {one.id for one in listing.campaigns} == set(ids)
    assert {one.name for one in listing.campaigns} == {f"Campaign {one}" for one in ids}
    target = item("acc", ids[7])
    assert isinstance(wire.delete(PAGES[name], here, target), Deleted)
    assert isinstance(wire.delete(PAGES[name], here, target), Unconfirmed)
    if driver.look is not None:
        assert isinstance(wire.run(driver.look(here, target)), Missing)
        assert isinstance(wire.run(driver.look(here, item("acc", ids[8]))), Present)
    assert wire.effects == [f"acc/{ids[7]}"]


def test_kore_signs_its_token_and_has_two_lists():
    driver, here = PAGES["contact-centre"].driver, at("contact-centre", "kore", "sandbox-secret")
    rows = [record(one, channel="sms", status="ready") for one in SMS]
    wire = Wire([*rows, *(record(one, channel="voice", status="running") for one in VOICE)])
    listing = wire.run(driver.list(here))
    assert listing.complete, listing.why
    assert {(one.id, one.channel, one.status) for one in listing.campaigns} == {
        *((one, "sms", Status.READY) for one in SMS),
        *((one, "voice", Status.RUNNING) for one in VOICE),
    }
    target = item("acc", VOICE[0], channel="voice")
    assert isinstance(wire.run(driver.look(here, target)), Present)
    wrong = item("acc", VOICE[0], channel="sms")
    assert isinstance(wire.delete(PAGES["contact-centre"], here, wrong), Refused)
    assert isinstance(wire.delete(PAGES["contact-centre"], here, target), Deleted)
    assert isinstance(wire.delete(PAGES["contact-centre"], here, target), Unconfirmed)
    assert isinstance(wire.run(driver.look(here, target)), Missing)
    assert driver.unsupported(here.settings, _campaign("x", channel="fax"))
    assert driver.unsupported(here.settings, _campaign("x")) is None


def _campaign(id_, **more):
    from reconciler.model import Campaign

    return Campaign(account="acc", id=id_, name="A", **more)


LEADS = [
    {"account": "acc", "id": "1", "name": "Lead refill ", "phoneNumbers": ["9181", "9182"]},
    {"account": "acc", "id": "2", "name": "Lead 2", "phoneNumbers": ["9181", "9182"]},
]


def test_ozonetel_asks_for_a_token_and_renews_it():
    example, wire = PAGES["dialer"], Wire(LEADS)
    driver, here = example.driver, at("dialer", "ozonetel")
    one = item("acc", "1", "9181", name="Lead refill ")
    stale = msgspec.structs.replace(here, token=Secret.of("stale"))
    refused = wire.delete(example, stale, one)
    assert isinstance(refused, Unauthorised)
    assert refused.renew
    token = wire.run(driver.authenticate(here)).secret
    here = msgspec.structs.replace(here, token=token)
    assert isinstance(wire.delete(example, here, one), Deleted)
    assert isinstance(wire.delete(example, here, one), Unconfirmed)
    unspaced = item("acc", "1", "9182", name="Lead refill")
    assert isinstance(wire.delete(example, here, unspaced), Refused)
    assert wire.effects == ["acc/1#9181"]
    assert (driver.by_name, driver.parts) == (True, "phoneNumbers")


def test_a_number_that_json_cannot_carry_is_not_sent():
    driver, settings = PAGES["dialer"].driver, PAGES["dialer"].checked
    campaign = _campaign("1")
    assert driver.unsafe(settings, campaign, "+9181")
    assert driver.unsafe(settings, campaign, "09181")
    assert driver.unsafe(settings, campaign, "9181") is None


def test_cellcast_looks_at_what_an_answer_does_not_tell():
    example = PAGES["texts"]
    driver, here = example.driver, at("texts", "cellcast")
    rows = [
        record(
            "spring",
            channel="sms",
            messageIds=["m1", "m2"],
            attributes={"messageStatus": {"m2": "delivered"}},
        ),
        record("m3", channel="mms"),
    ]
    wire = Wire(rows)
    first, sent = (
        item("acc", "spring", "m1", channel="sms"),
        item("acc", "spring", "m2", channel="sms"),
    )
    seen = wire.run(driver.look(here, first))
    assert (seen.campaign.id, seen.campaign.status, seen.settled) == (
        "spring",
        Status.SCHEDULED,
        None,
    )
    assert isinstance(wire.delete(example, here, first), Deleted)
    assert isinstance(wire.delete(example, here, first), Unconfirmed)
    assert driver.gone(here.settings, wire.run(driver.look(here, first)).campaign)
    assert isinstance(wire.delete(example, here, sent), Unconfirmed)
    assert wire.run(driver.look(here, sent)).settled == "the vendor says delivered"
    assert isinstance(wire.delete(example, here, item("acc", "m3", channel="mms")), Deleted)
    assert wire.effects == ["acc/spring#m1", "acc/m3"]


def test_fifty_at_once_at_sendgrid():
    example = PAGES["single-sends"]
    driver, here = example.driver, at("single-sends", "sendgrid")
    rows = [record(f"s{n}") for n in range(120)]
    wire = Wire(rows, accounts={"acc": ("sendgrid", {})})
    listing = wire.run(driver.list(here))
    assert (listing.complete, len(listing.campaigns)) == (True, 120)
    items = tuple(item("acc", f"s{n}") for n in range(120))
    batches = driver.batches(here.settings, items, None)
    assert [len(one) for one in batches] == [50, 50, 20]
    assert all(isinstance(wire.delete(example, here, *one), Deleted) for one in batches)
    assert isinstance(wire.delete(example, here, items[0]), Unconfirmed)
    assert len(wire.effects) == 120


def test_a_batch_of_folders_at_hubspot_is_in_doubt():
    example = PAGES["folders"]
    here = at("folders", "hubspot")
    wire = Wire([record("g-1")], accounts={"acc": ("hubspot", {"kind": "campaigns"})})
    assert isinstance(wire.delete(example, here, item("acc", "g-1"), item("acc", "g-2")), Doubt)
    assert wire.asked[0].body == {"inputs": [{"id": "g-1"}, {"id": "g-2"}]}
    assert wire.effects == ["acc/g-1"]


def test_the_vendors_own_words_are_throttles():
    wire = Wire([record(CEP[0])], faults=["throttle"])
    found = wire.delete(PAGES["push"], at("push", "batch"), item("acc", CEP[0]))
    assert found == Throttled(
        "HTTP 429: TOO_MANY_REQUESTS: please wait for at least 5 seconds before trying again", 5.0
    )
    kore = Wire([record(SMS[0])], faults=["throttle"])
    here = at("contact-centre", "kore", "sandbox-secret")
    said = [kore.delete(PAGES["contact-centre"], here, item("acc", SMS[0])) for _ in range(3)]
    assert {type(one) for one in said} == {Throttled}

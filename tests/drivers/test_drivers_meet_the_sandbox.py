"""Each driver against the sandbox, which was written from the vendors' pages and not from them."""

import pytest

from reconciler.driver import (
    Deleted,
    Item,
    Missing,
    Present,
    Refused,
    Secret,
    Session,
    Split,
    Unauthorised,
    Unconfirmed,
)
from tests.support.driver_examples import (
    CELLCAST,
    CEP,
    KORE,
    MEP,
    OZONETEL,
    OZONETEL_BASIC,
    OZONETEL_SINGLE,
    item,
)
from tests.support.sandbox_wire import Wire, record


def session(example, prefix, token=""):
    settings = example.checked
    key = "sandbox-secret" if example is KORE else "sandbox-key"
    settings = settings.resolved(dict.fromkeys(settings.credentials(), key))
    if example is KORE:
        settings = settings.model_copy(update={"client_id": "sandbox-client"})
    nonce = iter(map(str, range(1000)))
    base = f"http://sandbox/{prefix}"
    return Session("acc", settings, base, Secret.of(token), lambda: next(nonce))


def test_batch_cep():
    ids = [f"orchestration_{n:03}" for n in range(130)]
    wire, here = Wire([record(i, status="stopped") for i in ids]), session(CEP, "batch")
    listing = wire.run(CEP.driver.list(here))
    assert listing.complete
    assert {one.id for one in listing.campaigns} == set(ids)
    target = item("acc", ids[7])
    assert isinstance(wire.delete(CEP, here, target), Deleted)
    assert isinstance(wire.delete(CEP, here, target), Unconfirmed)
    assert len(wire.run(CEP.driver.list(here)).campaigns) == 129


def test_batch_mep():
    ids = [f"{n:032x}" for n in range(130)]
    wire, here = Wire([record(i, status="stopped") for i in ids]), session(MEP, "batch")
    listing = wire.run(MEP.driver.list(here))
    assert listing.complete
    assert {one.id for one in listing.campaigns} == set(ids)
    target = item("acc", ids[7])
    assert isinstance(wire.run(MEP.driver.look(here, target)), Present)
    assert isinstance(wire.delete(MEP, here, target), Deleted)
    assert isinstance(wire.delete(MEP, here, target), Unconfirmed)
    assert isinstance(wire.run(MEP.driver.look(here, target)), Missing)


def test_kore():
    sms = [f"cd-{n:08x}-1111-4111-8111-111111111111" for n in range(70)]
    voice = [f"cd-{n:07x}-1111-4111-8111-111111111111" for n in range(3)]
    everything = [
        *(record(i, channel="sms", status="ready") for i in sms),
        *(record(i, channel="voice", status="ready") for i in voice),
    ]
    wire, here = Wire(everything), session(KORE, "kore")
    listing = wire.run(KORE.driver.list(here))
    assert listing.complete, listing.why
    assert {(one.id, one.channel) for one in listing.campaigns} == {
        *((i, "sms") for i in sms),
        *((i, "voice") for i in voice),
    }
    target = item("acc", voice[0], channel="voice")
    assert not isinstance(wire.delete(KORE, here, item("acc", voice[0], channel="sms")), Deleted)
    assert isinstance(wire.run(KORE.driver.look(here, target)), Present)
    assert isinstance(wire.delete(KORE, here, target), Deleted)
    assert isinstance(wire.delete(KORE, here, target), Unconfirmed)
    assert isinstance(wire.run(KORE.driver.look(here, target)), Missing)


def test_cellcast():
    ids = [f"{n:024x}" for n in range(1, 4)]
    wire = Wire([record(i, channel="sms", status="scheduled") for i in ids])
    here, target = session(CELLCAST, "cellcast"), item("acc", ids[0], channel="sms")
    assert isinstance(wire.run(CELLCAST.driver.look(here, target)), Present)
    assert isinstance(wire.delete(CELLCAST, here, target), Deleted)
    assert isinstance(wire.delete(CELLCAST, here, target), Unconfirmed)
    gone = wire.run(CELLCAST.driver.look(here, target))
    assert isinstance(gone, Missing)
    assert gone.sure


LEADS = [
    {"account": "acc", "id": "1", "name": "Lead refill ", "phoneNumbers": ["9181", "9182"]},
    {"account": "acc", "id": "2", "name": "Lead 2", "phoneNumbers": ["9181", "9182"]},
]


def leads(*cells):
    return tuple(item("acc", name, number, name=name) for name, number in cells)


ALL: tuple[Item, ...] = leads(
    *((name, n) for name in ("Lead refill ", "Lead 2") for n in ("9181", "9182"))
)


def test_ozonetel_with_tokens():
    wire, here = Wire(LEADS), session(OZONETEL, "ozonetel", token="stale")
    (batch,) = OZONETEL.driver.batches(OZONETEL.checked, ALL, None)
    refused = wire.delete(OZONETEL, here, *batch)
    assert isinstance(refused, Unauthorised)
    assert refused.renew
    token = wire.run(OZONETEL.driver.authenticate(here)).secret.reveal()
    here = session(OZONETEL, "ozonetel", token)
    without_space = leads(("Lead refill", "9181"))
    assert isinstance(wire.delete(OZONETEL, here, *without_space), Refused)
    assert isinstance(wire.delete(OZONETEL, here, *batch), Deleted)
    unknown = (*leads(("nobody", "9181")), *leads(("Lead 2", "9181")))
    assert isinstance(wire.delete(OZONETEL, here, *unknown), Split)


@pytest.mark.parametrize("example", [OZONETEL_BASIC, OZONETEL_SINGLE])
def test_ozonetel_in_its_other_modes(example):
    wire, here = Wire(LEADS), session(example, "ozonetel")
    if example is OZONETEL_SINGLE:
        token = wire.run(example.driver.authenticate(here)).secret.reveal()
        here = session(example, "ozonetel", token)
    one = leads(("Lead refill ", "9181"))
    assert isinstance(wire.delete(example, here, *one), Deleted)
    assert isinstance(wire.delete(example, here, *one), Unconfirmed | Deleted)

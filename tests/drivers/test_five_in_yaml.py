"""The first five vendors in YAML alone, beside their built-in twins: same servers, same lies.

Over real sockets tests/lanes/test_twisted.py plays both to the end; here every answer is compared.
"""

from collections.abc import Iterator
from dataclasses import replace

import msgspec
import pytest

from reconciler.driver import (
    Absent,
    Answer,
    Deleted,
    Doubt,
    Item,
    Refused,
    Secret,
    Session,
    Split,
    Throttled,
    Unauthorised,
    Unconfirmed,
    Unproven,
    Verdict,
)
from reconciler.testing import Example, twisted
from tests.support import cookbook
from tests.support.driver_examples import item
from tests.support.sandbox_wire import Wire, record, session_at

FIVE = ("push", "app", "contact-centre", "dialer", "texts")
PREFIX = {
    "push": "batch",
    "app": "batch",
    "contact-centre": "kore",
    "dialer": "ozonetel",
    "texts": "cellcast",
}
FAULTS = (
    *("throttle", "error", "error-after", "html", "html-after", "redirect", "redirect-after"),
    *("empty", "auth", "no-list", "no-delete"),
)
FINAL = (Deleted, Unproven, Absent)


def twins(name: str) -> tuple[Example, Example]:
    """The vendor as YAML describes it, and as its built-in driver does."""
    return cookbook.EXAMPLES[name], cookbook.TWINS[name]


# ---------------------------------------------------------------- the same lies


def lies(name: str) -> Iterator[tuple[str, Answer]]:
    for success in cookbook.TWINS[name].successes:
        yield from twisted(success)


@pytest.mark.parametrize("name", FIVE)
def test_no_lie_is_believed_by_yaml_nor_by_its_twin(name):
    yaml, built_in = twins(name)
    told = believed = 0
    for lie, answer in lies(name):
        if built_in.documented(answer):
            continue
        told += 1
        for one in (yaml, built_in):
            verdict = one.driver.judge(one.session, one.items[:1], answer)
            if isinstance(verdict, FINAL):
                believed += 1
                print(f"{one.driver.name}: {lie}")
    assert told > 500
    assert believed == 0


@pytest.mark.parametrize("name", FIVE)
def test_yaml_calls_nothing_deleted_that_its_twin_does_not(name):
    yaml, built_in = twins(name)
    for lie, answer in lies(name):
        ours = yaml.driver.judge(yaml.session, yaml.items[:1], answer)
        theirs = built_in.driver.judge(built_in.session, built_in.items[:1], answer)
        if isinstance(ours, FINAL):
            assert isinstance(theirs, FINAL), f"{lie}: {ours}, but {theirs}"
        if isinstance(theirs, Throttled | Unauthorised) and answer.status in (401, 429):
            assert type(ours) is type(theirs), lie


# ---------------------------------------------------------------- the same servers

ROWS = {
    "push": [record(f"orchestration_{n}", status="completed") for n in range(3)],
    "app": [record(f"{n:032x}", status="stopped") for n in range(3)],
    "contact-centre": [
        record(f"cd-{n:08x}-1111-4111-8111-111111111111", channel="sms", status="completed")
        for n in range(3)
    ],
    "dialer": [{"account": "acc", "id": "1", "name": "Lead", "phoneNumbers": ["9181", "9182"]}],
    "texts": [record(f"m{n}", channel="sms") for n in range(3)],
}


def targets(name: str) -> tuple[Item, Item]:
    """One that is there, and one that never was."""
    if name == "dialer":
        return item("acc", "1", "9181", name="Lead"), item("acc", "1", "9199", name="Lead")
    (first, *_) = ROWS[name]
    channel = first.get("channel")
    gone = {"app": "f" * 32}.get(name, f"{first['id'][:-1]}9")
    return item("acc", first["id"], channel=channel), item("acc", gone, channel=channel)


class Meeting:
    """One of the twins at a sandbox of its own, with a fault or none."""

    def __init__(self, name: str, example: Example, fault: str | None) -> None:
        self.example = example
        key = "sandbox-secret" if name == "contact-centre" else "sandbox-key"
        if example.driver.name == "kore":  # the app that the sandbox knows, as the page has it
            app = {"clientId": "sandbox-client", "streamId": "st-1", "accountId": "acc"}
            example = replace(example, settings={**example.settings, **app})
        self.here = session_at(example, PREFIX[name], key)
        self.wire = Wire(ROWS[name], faults=[] if fault is None else [fault])
        self.here = self._with_token(self.here)

    def _with_token(self, here: Session) -> Session:
        flow = self.example.driver.authenticate
        if flow is None:
            return here
        token = self.wire.run(flow(here))
        secret = getattr(token, "secret", Secret.of("none"))
        return msgspec.structs.replace(here, token=secret)

    def delete(self, target: Item) -> Verdict:
        return self.wire.delete(self.example, self.here, target)


def kind(verdict: Verdict) -> str:
    """What becomes of it: a clear no, and what a look must tell, are each one thing."""
    match verdict:
        case Refused() | Split():
            return "refused"
        case Unconfirmed() | Absent():
            return "unconfirmed"
        case Doubt():
            return "in doubt"
        case _:
            return type(verdict).__name__


@pytest.mark.parametrize("name", FIVE)
@pytest.mark.parametrize("fault", [None, *FAULTS])
def test_both_meet_the_same_server_alike(name, fault):
    there, never = targets(name)
    told = []
    for example in twins(name):
        meeting = Meeting(name, example, fault)
        verdicts = [kind(meeting.delete(one)) for one in (there, there, never)]
        told.append((verdicts, meeting.wire.effects))
    assert told[0] == told[1]
    if fault is None:
        assert told[0][0][0] == "Deleted"
        assert len(told[0][1]) == 1

"""`notify` of the project file: who is told of an apply, and that it is the same without them."""

import asyncio
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from reconciler.apply import steps
from tests.support.apply_site import Site, free_port, sandbox
from tests.support.wire_server import Got, Serve, Wire, plain, serving_in_a_thread

MASKED = ("91••••••7008", "91••••••3210")
SECRET = "whisper-T0KEN-91xq"


class Heard:
    """What a receiver got, and how it answers."""

    def __init__(self, answer: bytes) -> None:
        self.got: list[Got] = []
        self.answer = answer

    async def __call__(self, wire: Wire, got: Got) -> None:
        self.got.append(got)
        wire.write(self.answer)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(one.body) for one in self.got]


def heard(status: str = "200 OK", body: bytes = b"ok") -> Heard:
    return Heard(plain(status, body))


@contextmanager
def told(
    site: Site, serve: Serve, monkeypatch: pytest.MonkeyPatch, more: str = ""
) -> Iterator[str]:
    """*site* tells *serve*, whose address holds a secret."""
    with serving_in_a_thread(serve) as url:
        monkeypatch.setenv("HOOK", f"{url}/services/{SECRET}?sig={SECRET}%2Fx")
        site.more = f"  notify: [{{url: {{env: HOOK}}{more}}}]\n"
        site.write()
        yield url


def test_an_apply_tells_when_it_starts_and_how_it_ended(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver = heard()
    with told(site, receiver, monkeypatch):
        site.plan()
        assert site.apply("--first-run") == 0, site.err
    started, finished = receiver.events
    assert [one["type"].rpartition(".")[2] for one in (started, finished)] == [
        "started",
        "finished",
    ]
    for one in (started, finished):
        assert one["specversion"] == "1.0"
        assert one["source"] == "/reconciler/site"
        assert one["subject"].startswith("sha256:")
        assert one["data"]["project"] == "site"
    assert started["id"] != finished["id"]
    assert finished["data"]["summary"]["deleted"] == 15
    assert finished["data"]["exitCode"] == 0
    assert {one["account"] for one in finished["data"]["byAccount"]} == set(site.accounts)
    got = receiver.got[0]
    assert got.target == f"/services/{SECRET}?sig={SECRET}%2Fx"
    assert got.headers["content-type"].startswith("application/cloudevents+json")
    assert "91818" not in json.dumps(receiver.events)  # no phone number


def test_a_second_apply_that_has_nothing_left_to_do_says_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver = heard()
    with told(site, receiver, monkeypatch):
        site.plan()
        assert site.apply("--first-run") == 0, site.err
        before = len(receiver.got)
        assert site.apply() == 0, site.err
    assert len(receiver.got) == before


@pytest.mark.parametrize("option", ["--no-notify", "--dry-run"])
def test_nobody_is_told(site: Site, monkeypatch: pytest.MonkeyPatch, option: str) -> None:
    receiver = heard()
    with told(site, receiver, monkeypatch):
        site.plan()
        assert site.apply("--first-run", option) == 0, site.err
    assert receiver.got == []


def test_a_receiver_hears_only_what_it_asked_for(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver = heard()
    with told(site, receiver, monkeypatch, ", on: [finished]"):
        site.plan()
        assert site.apply("--first-run") == 0, site.err
    assert [one["type"].rpartition(".")[2] for one in receiver.events] == ["finished"]


def test_a_secret_signs_each_body(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_KEY", "shared-with-the-receiver")
    receiver = heard()
    with told(site, receiver, monkeypatch, ", secret: {env: HOOK_KEY}"):
        site.plan()
        assert site.apply("--first-run") == 0, site.err
    assert len(receiver.got) == 2
    for one in receiver.got:
        made = hmac.new(b"shared-with-the-receiver", one.body, hashlib.sha256).hexdigest()
        assert one.headers["x-reconciler-signature-256"] == f"sha256={made}"


def test_missing_approvals_and_doubts_are_told(bare: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    receiver = heard()
    with sandbox("ozonetel:drop-after=2") as bare.url, told(bare, receiver, monkeypatch):
        bare.guards += ", approvals: {required: 1, allowedSigners: signers}"
        (bare.root / "signers").write_text("")
        bare.write()
        bare.plan("--author", "a@acme.example")
        assert bare.apply("--first-run") == 3
        (missing,) = receiver.events
        assert missing["type"].endswith(".approval-missing")
        assert "nothing was sent" in missing["data"]["message"]
        bare.guards = "maxDeletions: {count: 100}"
        bare.write()
        bare.plan()
        assert bare.apply("--first-run") == 6
    started, doubt, finished = receiver.events[1:]
    assert started["type"].endswith(".started")
    assert doubt["type"].endswith(".in-doubt")
    assert finished["type"].endswith(".finished")
    told_of = {one["target"] for one in doubt["data"]["notDeleted"]}
    assert told_of == {f"dialer/d{n}#{number}" for n in (0, 1) for number in MASKED}
    assert finished["data"]["exitCode"] == 6


def test_an_apply_that_goes_on_at_workers_does_not_say_that_it_ended(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = steps.apply
    monkeypatch.setattr(steps, "apply", lambda *given: replace(whole(*given), left=True))
    receiver = heard()
    with told(site, receiver, monkeypatch):
        site.plan()
        assert site.apply("--first-run") == 0, site.err
    assert [one["type"].rpartition(".")[2] for one in receiver.events] == ["started"]


# ---------------------------------------------------------------- receivers that are no help


async def _redirects(wire: Wire, got: Got) -> None:
    wire.write(plain("302 Found", b"", "Location: http://127.0.0.1:1/elsewhere"))


async def _lies(wire: Wire, got: Got) -> None:
    wire.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\nyes" + got.line.encode())
    wire.close()


async def _refuses(wire: Wire, got: Got) -> None:
    wire.write(plain("403 Forbidden", got.line.encode()))


@pytest.mark.parametrize(
    ("serve", "said"),
    [
        (_redirects, "it answered HTTP 302"),
        (_lies, "the connection ended in the middle of the answer"),
        (_refuses, "it answered HTTP 403"),
    ],
)
def test_a_receiver_that_lies_changes_nothing_and_its_address_stays_secret(
    site: Site, monkeypatch: pytest.MonkeyPatch, serve: Serve, said: str
) -> None:
    with told(site, serve, monkeypatch, ", on: [finished], timeout: 20s") as url:
        site.plan()
        code, report = site.report("--first-run")
        assert (code, report["summary"]["deleted"]) == (0, 15), site.err
        assert f"notify, receiver 1 (cloudevents): 1 of 1 not delivered ({said})" in site.err
        assert SECRET not in site.out + site.err
        assert url.removeprefix("http://") not in site.out + site.err
    for path in site.root.rglob("*"):
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes(), path


def test_a_receiver_that_is_not_there_changes_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK", f"http://127.0.0.1:{free_port()}/{SECRET}")
    site.more = "  notify: [{url: {env: HOOK}, timeout: 1s}, {url: {env: UNSET_HOOK}, as: slack}]\n"
    site.write()
    site.plan()
    assert site.apply("--first-run") == 0, site.err
    assert "receiver 1 (cloudevents): 2 of 2 not delivered" in site.err
    assert "receiver 2 (slack) is told nothing: the environment variable UNSET_HOOK" in site.err
    assert SECRET not in site.out + site.err


@pytest.mark.parametrize("drips", [b"", b"x"], ids=["silent", "dripping"])
def test_an_apply_ends_though_a_receiver_never_ends_its_answer(
    site: Site, monkeypatch: pytest.MonkeyPatch, drips: bytes
) -> None:
    over = threading.Event()
    asked = threading.Event()

    async def endless(wire: Wire, got: Got) -> None:
        asked.set()
        wire.write(drips and b"HTTP/1.1 200 OK\r\nX-More: ")
        while not over.is_set():  # it is not at its end when the apply has ended
            wire.write(drips)
            await asyncio.sleep(0.05)

    try:
        with told(site, endless, monkeypatch, ", timeout: 1s"):
            site.plan()
            code, report = site.report("--first-run")
            assert asked.is_set()
            assert not over.is_set()
            assert (code, report["summary"]["deleted"]) == (0, 15), site.err
            assert "not delivered (no " in site.err
            over.set()
    finally:
        over.set()


def test_an_address_that_may_not_be_used_is_told_without_a_word_of_it(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK", f"http://hooks.example/{SECRET}")
    site.more = "  notify: [{url: {env: HOOK}}]\n"
    site.write()
    site.plan()
    assert site.apply("--first-run") == 0, site.err
    assert "its address must be https; http is only for this machine" in site.err
    assert "hooks.example" not in site.err

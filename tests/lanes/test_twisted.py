"""Two hundred twisted answers for each driver, over real sockets, through a real lane and journal.

The vendors here know only the vendors' pages. Each twist is played twice: by a vendor that did
nothing, and by one that did delete. Whatever it says, nothing that is still there may be called
gone, and nothing is sent again without a look between.
"""

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from msgspec.structs import replace

from reconciler import drivers
from reconciler.declare.project import Account, Guards
from reconciler.driver import Credential, Driver, Item, Secret, Session
from reconciler.lanes.journal.sqlite import SqliteJournal
from reconciler.lanes.run import AccountWork, execute, take
from reconciler.lanes.send import Sender
from reconciler.lanes.work import Fate, Job, Rules, RunContext, Witnesses
from reconciler.model import Campaign, Limits, Target
from reconciler.testing import settings as settings_of
from reconciler.testing import twisted
from tests.support import cookbook
from tests.support.apply_world import opened_as
from tests.support.strict_json import said
from tests.support.wire_server import Got, Wire, plain, raw, serving

DEADLINE = 0.25
KEY = {"env": "KEY"}
TWINS = {  # the same vendors, described in docs/cookbook.md
    "batch-cep": "push",
    "batch-mep": "app",
    "kore": "contact-centre",
    "ozonetel": "dialer",
    "cellcast": "texts",
}
SETTINGS: dict[str, dict[str, Any]] = {
    "batch-cep": {"project": "project_1", "restApiKey": KEY},
    "batch-mep": {"apiKey": KEY, "restApiKey": KEY},
    "kore": {
        "host": "http://127.0.0.1",
        "streamId": "st-1",
        "accountId": "acc",
        "clientId": "cs-1",
        "clientSecret": KEY,
    },
    "ozonetel": {"userName": "acme", "apiKey": KEY},
    "cellcast": {"apiKey": KEY},
}
SUCCESS: dict[str, tuple[str, Any]] = {
    "batch-cep": ("200 OK", {}),
    "batch-mep": ("200 OK", {}),
    "kore": ("200 OK", {"status": "success", "message": "deleted", "data": None}),
    "ozonetel": ("200 OK", {"status": "Success", "message": "Deleted Successfully"}),
    "cellcast": ("200 OK", {"status": True, "message": "Job Removed successfully"}),
}
CHUNKED = "Transfer-Encoding: chunked"
NUMBERS = {"t": "911111111111", "u": "922222222222"}


def success(name: str) -> bytes:
    return json.dumps(SUCCESS[name][1]).encode()


# ---------------------------------------------------------------- what the vendors' pages say


def is_success(name: str, status: int, body: bytes) -> bool:
    """Whether the vendor's page calls this answer a success."""
    value = said(body)
    state = value.get("status") if isinstance(value, dict) else None
    match name:
        case "batch-cep" | "batch-mep":
            if status == 204:
                return name == "batch-cep" and not body
            empty = not body.strip()
            plainly = isinstance(value, dict) and "error_code" not in value
            return status == 200 and (empty or plainly)
        case "kore":
            return 200 <= status < 300 and state == "success"
        case "ozonetel":
            return 200 <= status < 300 and isinstance(state, str) and state.lower() == "success"
    return status == 200 and state is True


def is_not_now(name: str, status: int, body: bytes) -> bool:
    """Whether the page says: nothing happened, ask again (later, or with a new token)."""
    text = body.decode("utf-8", "replace").lower()
    if status == 429 or (name == "batch-cep" and status == 503):
        return True
    if name == "ozonetel":
        words = ("max limit exceeded", "token expired", "invalid token")
        return status == 401 or any(one in text for one in words)
    if name.startswith("batch"):
        value = said(body)
        return isinstance(value, dict) and value.get("error_code") in (60, "60")
    return name == "kore" and "rate limit" in text


def is_absent(name: str, body: bytes) -> bool:
    """Whether the page says, plainly, that the record does not exist."""
    return name == "ozonetel" and b"no record found" in body.lower()


# ---------------------------------------------------------------- five vendors


@dataclass
class Vendor:
    """Its campaigns, what it was asked, and the twist that is being played."""

    name: str
    left: dict[str, str] = field(default_factory=dict)  # id -> what is deleted in it
    log: list[tuple[str, str]] = field(default_factory=list)  # (delete|look, id)
    twist: "Twist | None" = None
    effect: bool = False
    last: dict[str, tuple[int, bytes]] = field(default_factory=dict)  # id -> its last answer

    async def serve(self, wire: Wire, got: Got) -> None:
        url = urlsplit(got.target)
        path = [unquote(one) for one in url.path.strip("/").split("/")]
        wanted = self.wanted(got.method, path, got.body)
        if wanted is None:
            wire.write(self.read(path, parse_qs(url.query), got.body))
            return
        self.log.append(("delete", wanted))
        twist = self.twist if wanted.startswith("t") else None
        if self.effect or twist is None or twist.good:
            known = self.left.pop(wanted, None)
            assert known is not None or twist is not None, f"{wanted} is deleted twice"
        if twist is None:
            wire.write(plain(SUCCESS[self.name][0], success(self.name)))
        else:
            await twist.play(wire, self.name)

    def wanted(self, method: str, path: list[str], body: bytes) -> str | None:
        """The id that a deletion is about; None if it is a read."""
        match self.name, method, path:
            case "batch-cep", "POST", ["2.8", "campaigns", "delete"]:
                return str(json.loads(body)["id"])
            case "batch-mep", "POST", ["1.1", "k3y", "campaigns", "delete", id_]:
                return id_
            case "kore", "DELETE", [*_, "campaign", id_]:
                return id_
            case "ozonetel", "DELETE", ["ca_apis", "DeleteBulkData"]:
                (id_,) = json.loads(body)["campaignName"]
                return str(id_)
            case "cellcast", "POST", [*_, "cancelScheduleQuickMessage"]:
                return str(json.loads(body)["messageId"])
        return None

    def read(self, path: list[str], query: dict[str, list[str]], body: bytes) -> bytes:
        match self.name, path:
            case "ozonetel", [*_, "generateToken"]:
                return _json({"token": "t0k3n", "message": ""})
            case "ozonetel", [*_, "campaignStatus"]:
                name = json.loads(body)["campaignName"]
                found = [{"CampaignName": name}] if name in self.left else []
                return _json({"status": "success", "message": found})
            case "batch-cep", [*_, "view"]:
                (id_,) = query["orchestration_id"]
                return self.one(id_, {"id": id_, "name": id_})
            case "batch-cep", [*_, "list"]:
                items = [{"id": i, "name": i} for i in self.seen()]
                return _json({"orchestrations": items, "has_more": False, "count": len(items)})
            case "batch-mep", [*_, "list"]:
                return _json([{"campaign_token": i, "name": i} for i in self.seen()])
            case "batch-mep", [*_, id_]:
                return self.one(id_, {"campaign_token": id_, "name": id_})
            case "kore", [*_, "getAllCampaignDetails"]:
                sms = json.loads(body)["type"] == "sms"
                found = [{"id": i, "name": i} for i in (self.seen() if sms else ())]
                facts = {"results": found, "totalResults": len(found), "hasMore": False}
                return _json({"status": "success", "data": facts})
            case "kore", [*_, id_]:
                return self.one(id_, {"status": "success", "data": {"_id": id_, "name": id_}})
            case "cellcast", [*_, id_]:
                self.log.append(("look", id_))
                state = "scheduled" if id_ in self.left else "canceled"
                return _json({"status": True, "data": {"_id": id_, "status": state}})
        raise AssertionError(f"no such call: {path}")

    def seen(self) -> list[str]:
        self.log.append(("look", "*"))
        return list(self.left)

    def one(self, id_: str, value: Any) -> bytes:
        self.log.append(("look", id_))
        return _json(value) if id_ in self.left else plain("404 Not Found", b"{}")


def _json(value: Any) -> bytes:
    return plain("200 OK", json.dumps(value).encode(), "Content-Type: application/json")


# ---------------------------------------------------------------- twists

Play = Callable[[Wire, str], Awaitable[None]]


@dataclass(frozen=True)
class Twist:
    """*answer*: what the twist comes to if it is one whole answer. *good*: a success all the same,
    so that the vendor is honest about it."""

    label: str
    play: Play
    answer: tuple[int, bytes] | None = None
    good: bool = False


def whole(status: int, body: bytes, *headers: str) -> Play:
    async def play(wire: Wire, name: str) -> None:
        wire.write(plain(f"{status} Twisted", body, *headers))

    return play


def exactly(make: Callable[[bytes], bytes], *, close: bool = False, after: float = 0.0) -> Play:
    """Write what *make* makes of the body of a success."""

    async def play(wire: Wire, name: str) -> None:
        wire.stays = not close
        wire.write(make(success(name)))
        if close:
            await asyncio.sleep(after)
            wire.close()

    return play


def _ok(body: bytes) -> bytes:
    return plain("200 OK", body)


def _chunked(body: bytes, *headers: str, end: bytes = b"0\r\n\r\n") -> bytes:
    chunks = b"%x\r\n" % len(body) + body + b"\r\n" + end
    return raw("200 OK", chunks, "Transfer-Encoding: chunked", *headers)


async def _drip(wire: Wire, name: str) -> None:
    await wire.drip(_ok(success(name)), 0.02)


async def _drip_body(wire: Wire, name: str) -> None:
    body = success(name) + b" " * 60
    wire.write(raw("200 OK", b"", f"Content-Length: {len(body)}"))
    await wire.drip(body, 0.02)


async def _silence(wire: Wire, name: str) -> None:
    await asyncio.sleep(DEADLINE * 2)


async def _reset(wire: Wire, name: str) -> None:
    wire.reset()


async def _late(wire: Wire, name: str) -> None:
    """Another answer, before the connection closes."""
    wire.stays = True
    wire.write(_ok(success(name)))
    await asyncio.sleep(0.02)
    wire.write(_ok(success(name)))


async def _late_body(wire: Wire, name: str) -> None:
    """The body that a 204 cannot have, a moment later."""
    wire.stays = True
    wire.write(raw("204 No Content"))
    await asyncio.sleep(0.02)
    wire.write(success(name) or b"{}")


async def _half(wire: Wire, name: str) -> None:
    wire.write(raw("200 OK", success(name), f"Content-Length: {len(success(name)) + 1}"))
    wire.half_close()


async def _page(wire: Wire, name: str) -> None:
    wire.write(plain("200 OK", b"<html>" + success(name) + b"</html>", "Content-Type: text/html"))


def on_the_wire(name: str) -> Iterator[Twist]:
    """Twists of the exchange itself."""
    location = "Location: /__success"
    for code in (301, 302, 303, 307, 308):
        answer = raw(f"{code} Moved", b"", "Content-Length: 0", location)
        yield Twist(f"{code} to a page that says success", exactly(lambda _, a=answer: a))
    bomb = gzip.compress(b" " * 3_000_000)
    gz = "Content-Encoding: gzip"
    makes: dict[str, Callable[[bytes], bytes]] = {
        "nothing at all": lambda _: b"",
        "half a status line": lambda _: b"HTTP/1.1 2",
        "half a head": lambda _: b"HTTP/1.1 200 OK\r\nContent-Le",
        "a head and no body": lambda b: raw("200 OK", b"", f"Content-Length: {len(b)}"),
        "a body cut by one": lambda b: raw("200 OK", b[:-1], f"Content-Length: {len(b)}"),
        "chunks without an end": lambda b: _chunked(b, end=b""),
        "chunks cut in a chunk": lambda b: raw("200 OK", b"ff\r\n" + b, CHUNKED),
        "two lengths": lambda b: raw("200 OK", b, f"Content-Length: {len(b)}", "Content-Length: 1"),
        "a length of words": lambda b: raw("200 OK", b, "Content-Length: many"),
        "garbage": lambda b: b"\x16\x03\x01" + b,
        "HTTP/0.9": lambda b: b,
        "HTTP/9.9": lambda b: raw("200 OK", b, f"Content-Length: {len(b)}", version="9.9"),
        "only 100": lambda _: raw("100 Continue"),
        "101": lambda b: raw("101 Switching Protocols", b"", "Upgrade: x") + b,
        "huge headers": lambda b: raw("200 OK", b, *["X: " + "y" * 900] * 90),
        "a huge header": lambda b: raw("200 OK", b, "X: " + "y" * 90_000),
        "a huge body": lambda b: _ok(b + b" " * 1_100_000),
        "a huge chunked body": lambda b: _chunked(b + b" " * 1_100_000),
        "a gzip bomb": lambda _: plain("200 OK", bomb, gz),
        "damaged gzip": lambda b: plain("200 OK", b"\x1f\x8b" + b, gz),
        "gzip and more": lambda b: plain("200 OK", gzip.compress(b) + b, gz),
        "gzip that is none": lambda b: plain("200 OK", b, gz),
        "brotli": lambda b: plain("200 OK", b, "Content-Encoding: br"),
        "204 with a length and a body": lambda b: plain("204 No Content", b or b"{}"),
        "204 with a body": lambda b: raw("204 No Content", b or b"{}"),
        "204 that announces a body": lambda _: raw("204 No Content", b"", "Content-Length: 9"),
        "204 with chunks": lambda _: raw("204 No Content", b"0\r\n\r\n", CHUNKED),
        "a surplus byte": lambda b: _ok(b) + b"\0",
        "both lengths": lambda b: _chunked(b, f"Content-Length: {len(b)}"),
        "a surplus line and a byte": lambda b: _ok(b) + b"\r\n0",
        "two answers at once": lambda b: _ok(b) + _ok(b),
        "three answers at once": lambda b: _ok(b) * 3,
        "a surplus after chunks": lambda b: _chunked(b) + _ok(b),
        "a surplus after a 500": lambda b: plain("500 Oops", b"{}") + _ok(b),
        "a surplus after a 404": lambda b: plain("404 Not Found", b"{}") + _ok(b),
        "a surplus after a 204": lambda b: raw("204 No Content") + _ok(b),
        "a body and a page": lambda b: _ok(b + b"<html></html>"),
    }  # fmt: skip
    for label, make in makes.items():
        yield Twist(f"{label}, and closed", exactly(make, close=True, after=0.005))
    for label in ("two answers at once", "a surplus byte", "a surplus after chunks",
                  "204 with a length and a body", "a surplus after a 204"):  # fmt: skip
        yield Twist(f"{label}, kept open", exactly(makes[label]))
    for play in (_drip, _drip_body, _silence, _reset, _late, _late_body, _half, _page):
        yield Twist(play.__name__.strip("_"), play)
    yield Twist("100, then a success", exactly(lambda b: raw("100 Continue") + _ok(b)), good=True)
    yield Twist(
        "103 twice, then a success", exactly(lambda b: raw("103 E") * 2 + _ok(b)), good=True
    )
    yield Twist("chunks", exactly(_chunked), good=True)
    trailed = b"0\r\nX-Status: failed\r\n\r\n"
    yield Twist("trailers", exactly(lambda b: _chunked(b, end=trailed)), good=True)
    yield Twist(
        "gzip all the same", exactly(lambda b: plain("200 OK", gzip.compress(b), gz)), good=True
    )
    yield Twist("line ends behind it", exactly(lambda b: _ok(b) + b"\r\n\n"), good=True)
    lower = "content-length: "
    yield Twist("lower case", exactly(lambda b: raw("200", b, f"{lower}{len(b)}")), good=True)
    old = exactly(
        lambda b: raw("200 OK", b, f"Content-Length: {len(b)}", version="1.0"), close=True
    )
    yield Twist("HTTP/1.0", old, good=True)
    until = exactly(lambda b: raw("200 OK", b, version="1.0"), close=True)
    told = not name.startswith("batch")  # a body that says success in so many words is whole
    yield Twist("HTTP/1.0 until it closes", until, good=told)
    for label, version in (("HTTP/1.1", "1.1"), ("HTTP/1.0", "1.0")):
        empty = exactly(lambda _, v=version: raw("200 OK", version=v), close=True)
        yield Twist(f"{label} without a body until it closes", empty)
    closing = exactly(lambda b: plain("200 OK", b, "Connection: close"), close=True)
    yield Twist("Connection: close", closing, good=True)


def in_words(name: str) -> Iterator[Twist]:
    """Twists of what a whole answer says."""
    from reconciler.driver import Answer

    for label, one in twisted(Answer(200, {}, success(name))):
        if one.status < 200 or one.status > 599 or one.status in (204, 304):
            continue  # those are twists of the wire
        yield Twist(label, whole(one.status, one.body), (one.status, one.body))
    for value in ("0", "1", "5", "soon", "-1", "99999999999", "Fri, 20 Nov 2026 09:00:00 GMT"):
        yield Twist(
            f"429 Retry-After {value}", whole(429, b"{}", f"Retry-After: {value}"), (429, b"{}")
        )
    other: dict[str, Any] = {
        "batch-cep": {"id": "another"},
        "batch-mep": {"campaign_token": "another"},
        "kore": {"status": "success", "data": {"_id": "another"}},
        "ozonetel": {"status": "Error", "message": "Deleted Successfully"},
        "cellcast": {"status": True, "data": {"messageId": "another"}},
    }
    body = json.dumps(other[name]).encode()
    yield Twist("about another id", whole(200, body), (0, b""))
    if name == "batch-cep":
        yield Twist("204", exactly(lambda _: raw("204 No Content")), good=True)


def twists(name: str) -> list[Twist]:
    return [*in_words(name), *on_the_wire(name)]


# ---------------------------------------------------------------- playing one


@dataclass
class Stage:
    """One vendor, one journal, one account; a run for each twist."""

    vendor: Vendor
    url: str
    journal: SqliteJournal
    driver: Driver
    written: dict[str, Any]
    account: Account = field(init=False)

    def __post_init__(self) -> None:
        settings = settings_of(self.driver, self.written)
        self.account = Account(
            name="a",
            driver=self.driver.name,
            settings=settings.resolved(dict.fromkeys(settings.credentials(), "k3y")),
            definition="sha256:a",
            limits=Limits(100_000, 1.0, 1),
            complete=self.driver.complete,
            guards=Guards(),
        )

    async def play(
        self, ids: tuple[str, str], max_wait: float = 0.0, deadline: float = DEADLINE
    ) -> dict[str, Fate]:
        run = self.journal.begin("sha256:x", "apply", "{}", [], {})
        opened = opened_as(self.account, self.driver)
        ledgers = take([opened], self.journal, run)
        work = AccountWork(
            open=opened,
            session=Session("a", self.account.settings, self.url, Secret.of(""), lambda: "n"),
            secrets=["k3y"],
            jobs=[self._job(id_) for id_ in ids],
            witnesses=Witnesses((Item(Target("a", "witness"), "witness"),), 3),
            rules=Rules(lambda _t, _c: None),
        )
        context = RunContext(
            journal=self.journal,
            run=run,
            plan="sha256:x",
            wall=lambda: datetime.now(UTC),
            chance=lambda: 0.0,
            emit=lambda _: None,
            closed=lambda _: None,
            max_wait=max_wait,
            first_run=False,
        )
        fates = await execute(
            [work],
            context,
            ledgers,
            send=True,
            sender=lambda _: Sender(deadline=deadline),
        )
        return {target.id: fate for target, fate in fates.items()}

    def _job(self, id_: str) -> Job:
        part = NUMBERS[id_[0]] if self.vendor.name == "ozonetel" else None
        planned = Campaign(account="a", id=id_, name=id_)
        return Job(item=Item(Target("a", id_, part), id_), planned=planned)


GONE = ("deleted", "already-absent")


def check(stage: Stage, twist: Twist, ids: tuple[str, str], fates: dict[str, Fate]) -> str | None:
    """What is wrong with *fates*, or None."""
    vendor, name = stage.vendor, stage.vendor.name
    t, u = ids
    for id_ in ids:
        outcome = fates[id_].outcome.value
        if outcome not in GONE or id_ not in vendor.left:
            continue
        told = twist.answer if id_ == t else None
        if told is not None and is_success(name, *told) and outcome == "deleted":
            continue  # the vendor lies in so many words: nobody could know
        if told is not None and is_absent(name, told[1]) and outcome == "already-absent":
            continue
        return f"{id_} is {outcome} ({fates[id_].detail}) and is still there"
    if twist.good and fates[t] != replace_detail(fates[t], "deleted", "answer"):
        return f"{t} was deleted and is told as {fates[t]}"
    if fates[u].outcome.value == "in-doubt":
        return f"{u} was answered well and is in doubt: {fates[u].detail}"
    told = twist.answer
    repeatable = told is not None and is_not_now(name, *told)
    mine = [(kind, id_) for kind, id_ in vendor.log if id_ in (t, "*")]
    for before, after in zip(mine, mine[1:], strict=False):
        if before[0] == after[0] == "delete" and not repeatable:
            return f"{t} was sent twice without a look between: {mine}"
    if sum(kind == "delete" for kind, _ in mine) > 2 and not repeatable:
        return f"{t} was sent more than twice: {mine}"
    return None


def replace_detail(fate: Fate, outcome: str, evidence: str) -> Fate:
    """*fate* if it has this outcome and evidence, else something that equals nothing."""
    same = fate.outcome.value == outcome and fate.evidence == evidence
    return fate if same else Fate(fate.outcome, "not " + outcome, None)


def played(name: str, *, twin: bool) -> tuple[Driver, dict[str, Any]]:
    """The driver of a vendor and its settings: its own, or `http` as the cookbook describes it."""
    written = cookbook.accounts()[TWINS[name]]["settings"] if twin else SETTINGS[name]
    found = cookbook.configured(written) if twin else drivers.find(name)
    assert found is not None
    return found, written


def journal_in(place: Path) -> SqliteJournal:
    return SqliteJournal(place / "state.db", "acme", clock=lambda: datetime.now(UTC))


async def play_all(name: str, place: Path, *, effect: bool, twin: bool) -> tuple[int, list[str]]:
    found, written = played(name, twin=twin)
    vendor = Vendor(name, effect=effect)
    wrong: list[str] = []
    every = twists(name)
    with closing(journal_in(place)) as journal:
        journal._db.run("PRAGMA synchronous=OFF")
        async with serving(vendor.serve) as server:
            stage = Stage(vendor, server.url, journal, found, written)
            for number, twist in enumerate(every):
                if effect and twist.answer is not None and number % 4:
                    continue  # its words are read alike, whatever the vendor did
                # A second sending after two looks costs time: only the wire's twists come to that.
                again = 0.0 if twist.answer is None else 3600.0
                stage.driver = replace(found, quiet=0.0, again=again)
                ids = (f"t{number}", f"u{number}")
                vendor.left = {one: one for one in (*ids, "witness")}
                vendor.twist, vendor.log = twist, []
                journal._db.run("UPDATE lanes SET paused_until=NULL")  # as if the pause were over
                with pytest.MonkeyPatch.context() as patch:
                    if twist.play in (_late, _late_body):  # no stall of the machine is too long
                        patch.setattr("reconciler.lanes.send._LINGER", 30.0)
                    fates = await stage.play(ids)
                if (problem := check(stage, twist, ids, fates)) is not None:
                    wrong.append(f"{twist.label}: {problem}")
    return len(every), wrong


@pytest.mark.parametrize("effect", [False, True], ids=["nothing happened", "it was deleted"])
@pytest.mark.parametrize("twin", [False, True], ids=["its own driver", "in YAML"])
@pytest.mark.parametrize("name", SETTINGS)
def test_no_twisted_answer_deletes_what_the_vendor_did_not_or_sends_it_blindly(
    name: str, twin: bool, effect: bool, tmp_path: Path
) -> None:
    number, wrong = asyncio.run(play_all(name, tmp_path, effect=effect, twin=twin))
    assert wrong == []
    assert number >= 200


def test_credentials_are_what_the_test_resolves() -> None:
    assert Credential(env="KEY").resolved("k3y").secret().reveal() == "k3y"


# ---------------------------------------------------------------- surplus on an idle connection


@pytest.mark.parametrize("twin", [False, True], ids=["its own driver", "in YAML"])
@pytest.mark.parametrize("name", SETTINGS)
def test_a_surplus_that_comes_late_never_answers_for_the_next_target(
    name: str, twin: bool, tmp_path: Path
) -> None:
    """The account waits between two requests; meanwhile the vendor talks on."""

    async def late(wire: Wire, name: str) -> None:
        wire.stays = True
        wire.write(_ok(success(name)))
        await asyncio.sleep(0.2)
        wire.write(_ok(success(name)))

    async def main() -> tuple[dict[str, Fate], Vendor, int]:
        found, written = played(name, twin=twin)
        vendor = Vendor(name, effect=True, twist=Twist("late", late))
        vendor.left = {one: one for one in ("t0", "u0", "witness")}
        with closing(journal_in(tmp_path)) as journal:
            async with serving(vendor.serve) as server:
                stage = Stage(vendor, server.url, journal, found, written)
                account = stage.account.model_copy(update={"limits": Limits(1, 0.1, 1)})
                stage.account = account
                # Every answer comes at once: no stall of the machine makes one late.
                fates = await stage.play(("t0", "u0"), 10.0, deadline=30.0)
                return fates, vendor, server.connections

    fates, vendor, connections = asyncio.run(main())
    assert {one.outcome.value for one in fates.values()} == {"deleted"}
    assert set(vendor.left) == {"witness"}
    assert connections == (3 if name == "ozonetel" else 2)  # it has a token

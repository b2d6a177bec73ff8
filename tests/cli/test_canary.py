"""A vendor that echoes the key in every spelling and place: nobody ever sees eight of its letters.

Nowhere: state.db and its log, audit log, report, events, standard output and error.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.apply_site import ACCOUNTS, Site
from tests.support.spellings import SPELLINGS
from tests.support.wire_server import Got, Serve, Wire, plain, raw, serving_in_a_thread

CANARY = 'Kx9/+%&q7Z"eT<2v\\LmP~w3'
CHUNKED = "Transfer-Encoding: chunked"


def echoes() -> Iterator[str]:
    """What a vendor says instead of the key: in every spelling, whole and cut, early and late."""
    for spell in SPELLINGS.values():
        spelled = spell(CANARY)
        yield spelled
        yield spelled[: len(spelled) - len(spelled) // 3]
        yield spelled[len(spelled) // 4 :]
    for length in range(1, len(CANARY)):
        yield CANARY[:length]
        yield CANARY[:length] + "…"
        yield "A" * (200 - length) + CANARY
        yield "A" * (500 - length) + CANARY
        yield "A" * (2048 - length) + CANARY


ECHOES = tuple(echoes())


def header(text: str) -> str:
    """*text* as far as a header can hold it."""
    kept = "".join(c for c in text if "\x20" <= c <= "\xff" and c != "\x7f").strip()
    return kept[:9000]


def refusal(said: str) -> bytes:
    """A refusal with *said* in its status line, headers, body, chunk extension and trailers."""
    short = header(said)
    data = json.dumps({"error_message": said, "message": said, "error_code": 30}).encode()
    chunks = b"%x;x=%s\r\n" % (len(data), b"y") + data + b"\r\n0\r\n"
    trailers = f"X-Trailer: {short}\r\nX-Request-Id: {short}\r\n\r\n".encode("latin-1")
    return raw(
        f"400 {short}",
        chunks + trailers,
        CHUNKED,
        f"X-Request-Id: {short}",
        f"CF-Ray: {short}",
        f"Set-Cookie: key={short}",
        f"Content-Type: {short}",
        f"Retry-After: {short}",
    )


def doubts(said: str) -> Iterator[bytes]:
    """Answers that nobody can believe, with *said* where somebody may quote it."""
    short = header(said)
    yield raw("200 OK", b"{}", "Content-Length: 2", f"Content-Encoding: {short}")
    yield raw("303 See", b"", "Content-Length: 0", f"Location: https://x/{short}")
    yield raw(f"200 {short}", said.encode("utf-8", "replace"))
    yield raw("200 OK", b"{}", f"Content-Length: {short}")
    yield raw("200 OK", b"{}", f"Transfer-Encoding: {short}")
    yield f"HTTP/{short} 200 OK\r\n\r\n".encode("latin-1")


@dataclass
class Echo:
    """Says something else at every request, but for the *listing* if there is one."""

    doubtful: bool = False
    asked: int = 0
    listing: bytes | None = None

    async def serve(self, wire: Wire, got: Got) -> None:
        if got.method == "GET" and self.listing is not None:
            wire.write(plain("200 OK", self.listing))
            return
        said = ECHOES[self.asked % len(ECHOES)]
        self.asked += 1
        if self.doubtful and self.asked % 2:
            every = tuple(doubts(said))
            wire.write(every[self.asked // 2 % len(every)])
        else:
            wire.write(refusal(said))
        wire.close()


def shown(site: Site) -> dict[str, str]:
    """Everything that anybody can read after a run, by where."""
    found = {"out": site.out, "err": site.err}
    for path in Path(site.root).rglob("*"):
        if path.is_file():
            found[path.name] = path.read_bytes().decode("utf-8", "replace")
    return found


def check(site: Site) -> None:
    runs = {CANARY[at : at + 8].lower() for at in range(len(CANARY) - 7)}
    runs |= {json.dumps(one)[1:-1] for one in runs}
    whole = {spell(CANARY) for spell in SPELLINGS.values()}
    for where, text in shown(site).items():
        plain = "".join(text.lower().split())
        for run in runs:
            assert run not in plain, f"{run} in {where}"
        for one in whole:
            assert one not in text, f"{one} in {where}"
            assert json.dumps(one)[1:-1] not in text, f"{one} in {where}"


@pytest.fixture
def here(bare: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    for name in ("CEP_KEY", "OZO_KEY"):
        monkeypatch.setenv(name, CANARY)
    for one in ("ios", "contact", "sms", "dialer"):
        (bare.root / "manifests" / f"{one}.yaml").unlink()
    bare.guards = "maxDeletions: {count: 10000}"
    fast = ACCOUNTS["push"].replace("requests: 50", "requests: 100000")
    bare.accounts = {"push": fast.replace("concurrency: 1", "concurrency: 4")}
    return bare


def push(here: Site, number: int) -> bytes:
    """*number* campaigns to delete, and one that stays; the vendor's listing of them."""
    names = [*(f"old {n}" for n in range(number)), "new"]
    here.inventory(
        [
            {"account": "push", "id": f"t{n}", "name": name, "status": "stopped"}
            for n, name in enumerate(names)
        ]
    )
    listed = [{"id": f"t{n}", "name": name} for n, name in enumerate(names)]
    return json.dumps({"orchestrations": listed, "has_more": False}).encode()


def run(here: Site, serve: Serve) -> dict[str, int]:
    with serving_in_a_thread(serve) as url:
        here.accounts = {k: v.replace("URL", url) for k, v in here.accounts.items()}
        here.write()
        here.plan()
        asked = ("--first-run", "--max-wait", "1s", "--events", "events.ndjson")
        _, report = here.report(*asked)
    check(here)
    here.run("status")
    check(here)
    found: dict[str, int] = report["summary"]
    return found


def test_a_refusal_tells_nobody_the_key(here: Site) -> None:
    echo = Echo(listing=push(here, len(ECHOES)))
    summary = run(here, echo.serve)
    assert summary["refused"] == echo.asked == len(ECHOES)
    details = (here.root / "events.ndjson").read_text()
    assert details.count("***") > len(ECHOES) / 2


def test_a_doubt_tells_nobody_the_key(here: Site) -> None:
    echo = Echo(doubtful=True, listing=push(here, len(ECHOES)))
    summary = run(here, echo.serve)
    assert summary["pending"] == 0
    assert summary["in-doubt"] > len(ECHOES) / 3


@pytest.mark.parametrize("start", range(0, len(ECHOES), 97))
def test_a_look_tells_nobody_the_key(here: Site, start: int) -> None:
    push(here, 2)
    assert run(here, Echo(asked=start).serve)["pending"] == 2


@pytest.mark.parametrize("start", range(0, len(ECHOES), 97))
def test_a_login_tells_nobody_the_key(here: Site, start: int) -> None:
    async def serve(wire: Wire, got: Got) -> None:
        said = {"token": "", "message": ECHOES[start], "status": ECHOES[start]}
        wire.write(plain("200 OK", json.dumps(said).encode()))

    here.inventory([{"account": "dialer", "id": "d0", "name": "old 0", "phoneNumbers": ["9187"]}])
    here.accounts = {"dialer": ACCOUNTS["dialer"]}
    (here.root / "manifests" / "push.yaml").unlink()
    here.manifest("dialer")
    assert run(here, serve)["pending"] == 1

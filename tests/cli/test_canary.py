"""A vendor that echoes the key in every spelling and place: nobody ever sees eight of its letters.

Nowhere: state.db and its log, audit log, report, events, standard output and error.
"""

import gzip
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.test_notify import heard, told
from tests.cli.test_telemetry import Collector, collected
from tests.support.apply_site import ACCOUNTS, Site
from tests.support.postgres import PASSWORD, Postgres, program
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


_TOKEN = dict.fromkeys(map(ord, '";\\'))  # what would end a chunk's extension


def refusal(said: str) -> bytes:
    """A refusal with *said* in its status line, headers, body, chunk extension and trailers."""
    short = header(said)
    data = json.dumps({"error_message": said, "message": said, "error_code": 30}).encode()
    first, rest = data[: len(data) // 2], data[len(data) // 2 :]  # cut anywhere, in two chunks
    extension = b'x="%s"' % short.translate(_TOKEN)[:200].encode("latin-1")
    chunks = b"".join(b"%x;%s\r\n%s\r\n" % (len(d), extension, d) for d in (first, rest) if d)
    trailers = f"X-Trailer: {short}\r\nX-Request-Id: {short}\r\n\r\n".encode("latin-1")
    return raw(
        f"400 {short}",
        chunks + b"0\r\n" + trailers,
        CHUNKED,
        f"X-Request-Id: {short}",
        f"CF-Ray: {short}",
        f"Set-Cookie: key={short}",
        f"Content-Type: {short}",
        f"Retry-After: {short}",
    )


_NAME = dict.fromkeys((*range(33), *map(ord, ':"(),/;<=>?@[\\]{}'), *range(127, 256)))


def doubts(said: str) -> Iterator[bytes]:
    """Answers that nobody can believe, with *said* where somebody may quote it."""
    short = header(said)
    yield raw("200 OK", b"{}", "Content-Length: 2", f"Content-Encoding: {short}")
    yield raw("303 See", b"", "Content-Length: 0", f"Location: https://x/{short}")
    yield raw(f"200 {short}", said.encode("utf-8", "replace"))
    yield raw("200 OK", b"{}", f"Content-Length: {short}")
    yield raw("200 OK", b"{}", f"Transfer-Encoding: {short}")
    yield raw(f"103 {short}", b"", f"Link: {short}") + raw("200 OK", b"<p>", "Content-Length: 3")
    yield raw("200 OK", f"{short}\r\n{{}}\r\n0\r\n\r\n".encode("latin-1"), CHUNKED)
    yield raw("200 OK", b"{}", "Content-Length: 2", f"{short[:60].translate(_NAME)}: x")
    yield plain("200 OK", json.dumps({"data": {"error": [{said: said}]}}).encode())
    yield plain("500 Oops", f"<html><body>{said}</body></html>".encode("utf-8", "replace"))
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


def check(site: Site, **more: str) -> None:
    runs = {CANARY[at : at + 8].lower() for at in range(len(CANARY) - 7)}
    runs |= {json.dumps(one)[1:-1] for one in runs}
    whole = {spell(CANARY) for spell in SPELLINGS.values()}
    for where, text in {**shown(site), **more}.items():
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


def listing(*, ids: bool) -> bytes:
    """A listing that echoes the key in every text of its campaigns; with *ids* as their ids too."""
    listed = [
        {
            "id": one if ids and one.isascii() and one.isprintable() else f"c{n}",
            "name": one,
            "status": one,
            "channels": [one],
            "labels": [{"code": one, "description": one}],
            "source": {one: [one, {"deep": one}]},
            "created_date": one,
        }
        for n, one in enumerate(ECHOES)
    ]
    return json.dumps({"orchestrations": listed, "has_more": False}).encode()


@pytest.mark.parametrize("ids", [False, True], ids=["texts", "ids"])
def test_a_pull_tells_nobody_the_key(here: Site, ids: bool) -> None:
    push(here, 2)
    with serving_in_a_thread(Echo(listing=listing(ids=ids)).serve) as url:
        here.accounts = {k: v.replace("URL", url) for k, v in here.accounts.items()}
        here.write()
        pulled = ("inventory", "pull", "--allow-shrink", "push", "--events", "events.ndjson")
        assert here.run(*pulled, "--format", "json") == (5 if ids else 0), here.err
    check(here)
    lines = (here.root / "inventory.ndjson").read_text().splitlines()
    records = [one for one in map(json.loads, lines[1:]) if "***" in one["name"]]
    assert len(records) > len(ECHOES) / (10 if ids else 2)
    assert all("name" in one["unknown"] for one in records)
    for command in (("plan",), ("inventory", "stats"), ("plan", "--format", "html")):
        assert here.run(*command) in (0, 1), here.err
        check(here)


def test_the_pages_of_a_pull_that_was_cut_off_tell_nobody_the_key(here: Site) -> None:
    push(here, 2)
    first = json.loads(listing(ids=False)) | {"has_more": True, "next_from": "p2"}

    async def serve(wire: Wire, got: Got) -> None:
        if "from=" in got.target:
            wire.write(plain("429 Not now", b"{}", "Retry-After: 7200"))
        else:
            wire.write(plain("200 OK", json.dumps(first).encode()))

    with serving_in_a_thread(serve) as url:
        here.accounts = {k: v.replace("URL", url) for k, v in here.accounts.items()}
        here.write()
        assert here.run("inventory", "pull", "--max-wait", "1s") == 5, here.err
    assert len((here.root / "inventory.ndjson").read_text().splitlines()) > len(ECHOES)
    check(here)


def test_a_copy_tells_nobody_the_key(here: Site) -> None:
    """Nor does the look that it is made from, nor the evidence that packs it."""
    names = push(here, len(ECHOES))
    listed = json.loads(names)["orchestrations"]
    for one, said in zip(listed, ECHOES, strict=False):
        one |= {"source": said, "labels": [{"code": said}], "status": said}
    page = json.dumps({"orchestrations": listed, "has_more": False, "x": ECHOES[0]}).encode()
    here.accounts = {k: f"{v}, keepCopy: true" for k, v in here.accounts.items()}
    summary = run(here, Echo(listing=page).serve)
    assert summary["refused"] == len(ECHOES)
    assert len(list((here.root / ".reconciler" / "copies").iterdir())) == len(ECHOES)
    assert here.run("evidence", "plan.json", "--out", "e.tar.gz") == 0
    (here.root / "e.tar").write_bytes(gzip.decompress((here.root / "e.tar.gz").read_bytes()))
    (here.root / "e.tar.gz").unlink()
    check(here)


# ---------------------------------------------------------------- a state that machines share


def kept(server: Postgres, database: str) -> str:
    """Everything that the database has, packed or not."""
    dump = [program("pg_dump"), "--dbname", server.url(database)]
    found = [subprocess.run(dump, capture_output=True, text=True, check=True).stdout]
    tables = "SELECT tablename FROM pg_tables WHERE schemaname='reconciler'"
    for (table,) in server.ask(tables, database):
        for row in server.ask(f"SELECT * FROM reconciler.{table}", database):
            for value in row:
                data = value if isinstance(value, bytes) else str(value).encode()
                packed = data.startswith(b"\x1f\x8b")
                found.append((gzip.decompress(data) if packed else data).decode("utf-8", "replace"))
    return "\n".join(found)


@pytest.mark.parametrize("doubtful", [False, True])
def test_what_workers_do_leaves_no_secret_in_the_database(
    here: Site, postgres: Postgres, monkeypatch: pytest.MonkeyPatch, doubtful: bool
) -> None:
    echo = Echo(doubtful=doubtful, listing=push(here, len(ECHOES)))
    here.more = "  state: {env: RECONCILER_STATE}\n"
    with postgres.database("site") as name, serving_in_a_thread(echo.serve) as url:
        monkeypatch.setenv("RECONCILER_STATE", postgres.url(name, tcp=True))
        push_ = here.accounts["push"].replace("URL", url)
        here.accounts = {"push": f"{push_}, keepCopy: true"}
        here.write()
        here.plan()
        assert here.apply("--workers", "--detach", "--max-wait", "1s") == 0, here.err
        handed = kept(postgres, name)
        assert here.run("--log-format", "json", "worker", "--once") == 0
        check(here, handed=handed, worked=kept(postgres, name))
        assert here.run("status") == 0
        said = kept(postgres, name)
        assert "account-started" in said  # what is told to those who follow is among it
        assert ("***" in said, "old 1" in handed) == (True, True)
        assert here.apply("--max-wait", "1s") in (5, 6)
        check(here, after=kept(postgres, name))
        for where, text in {**shown(here), "kept": said, "handed": handed}.items():
            assert PASSWORD not in text, where


VIEWS = ("text", "markdown", "html", "json", "junit", "sarif", "csv", "github")


def test_no_view_log_trace_or_message_tells_anybody_the_key(
    here: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    echo = Echo(doubtful=True, listing=push(here, len(ECHOES)))
    collector, receiver = Collector(), heard()
    with (
        collected(collector, monkeypatch),
        serving_in_a_thread(echo.serve) as url,
        told(here, receiver, monkeypatch),
    ):
        here.accounts = {k: v.replace("URL", url) for k, v in here.accounts.items()}
        here.write()
        here.plan()
        views = [word for one in VIEWS for word in ("--report", f"{one}=report.{one}")]
        asked = ("--first-run", "--max-wait", "1s", *views)
        assert here.run("--log-format", "json", "apply", "plan.json", *asked) == 6, here.err
        check(here)
        assert '"outcome"' in here.err
        for command in (
            ("status", "--format", "json"),
            ("doctor",),
            ("doctor", "--format", "json"),
        ):
            here.run(*command)
            check(here)
        echo.listing = None  # the vendor tells a doctor the key as well
        here.run("doctor", "--format", "json")
    (here.root / "collected").write_bytes(collector.bytes)
    (here.root / "received").write_bytes(b"\n".join(one.body for one in receiver.got))
    assert collector.named("request")
    assert receiver.events
    check(here)

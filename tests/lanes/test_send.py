"""One request, one answer, over real sockets: what leaves, what is an answer, what is none."""

import asyncio
import base64
import gzip
import logging
import re
import socket
import ssl
import subprocess
import threading
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.driver import Answer, Request, Secret
from reconciler.lanes.journal import LaneLost
from reconciler.lanes.resolver import Resolver
from reconciler.lanes.send import Sender
from reconciler.lanes.wire import NoAnswer, NotSent, Unsendable, wire_request
from tests.support.wire_server import Got, Serve, Wire, plain, raw, serving

OK = plain("200 OK", b'{"status":true}')


def always(data: bytes) -> Serve:
    async def serve(wire: Wire, got: Got) -> None:
        wire.write(data)

    return serve


def get(url: str, *path: str, **more: Any) -> Request:
    return Request("GET", url, path or ("x",), **more)


async def ask(sender: Sender, request: Request) -> Answer:
    return await sender.send(request)


def asked(serve: Serve, *requests: tuple[Any, ...], **more: Any) -> tuple[list[Any], Any]:
    """What each request came to (an answer or an error), and the server."""

    async def main() -> tuple[list[Any], Any]:
        async with serving(serve) as server:
            sender = Sender(**more)
            found: list[Any] = []
            for _ in requests or ((),):
                try:
                    found.append(await ask(sender, Request("DELETE", server.url, ("x",))))
                except (NoAnswer, NotSent) as error:
                    found.append(error)
            return found, server

    return asyncio.run(main())


# ---------------------------------------------------------------- what leaves


def test_a_request_arrives_as_it_was_written() -> None:
    async def main() -> Got:
        async with serving(always(OK)) as server:
            sender = Sender()
            request = Request(
                "POST",
                server.url + "/batch",
                ("1.1", Secret.of("k/é y"), "delete", "a~b.c"),
                query=(("q x", "a&b=c/ü"), ("s", ("Bearer ", Secret.of("+%")))),
                headers=(("X-Key", Secret.of("s3")), ("Accept", "application/json")),
                body={"name": "Ünï ", "n": 918187867008},
            )
            await ask(sender, request)
            return server.got[0]

    got = asyncio.run(main())
    assert got.target == (
        "/batch/1.1/k%2F%C3%A9%20y/delete/a~b.c?q%20x=a%26b%3Dc%2F%C3%BC&s=Bearer%20%2B%25"
    )
    assert got.headers["x-key"] == "s3"
    assert got.headers["accept"] == "application/json"
    assert got.headers["accept-encoding"] == "identity"
    assert got.body == '{"name": "Ünï ", "n": 918187867008}'.encode()


def test_a_form_arrives_as_a_form_and_a_patch_as_a_patch() -> None:
    async def main() -> Got:
        async with serving(always(OK)) as server:
            form = (("Status", "canceled"), ("to", "+1 5ü"), ("key", ("a&", Secret.of("b=c"))))
            request = Request("PATCH", server.url, ("m", "SM1.json"), form=form)
            assert request.shown_body == {"Status": "canceled", "to": "+1 5ü", "key": "a&***"}
            await ask(Sender(), request)
            return server.got[0]

    got = asyncio.run(main())
    assert got.method == "PATCH"
    assert got.headers["content-type"] == "application/x-www-form-urlencoded"
    assert got.body == b"Status=canceled&to=%2B1+5%C3%BC&key=a%26b%3Dc"


def test_a_json_body_and_a_form_are_never_sent_together() -> None:
    with pytest.raises(Unsendable, match="form"):
        wire_request(Request("POST", "http://127.0.0.1:1", ("c",), body={}, form=()))


@pytest.mark.parametrize(
    "part",
    ["", ".", "..", "a/b", "a?x", "a#b", "%2e", "a\r\nb", "a\n", "a\\b", "٣", "a b", "\x00", "é"],
)
def test_an_id_that_would_leave_its_segment_is_never_sent(part: str) -> None:
    with pytest.raises(Unsendable):
        wire_request(Request("DELETE", "http://127.0.0.1:1", ("c", part)))


@pytest.mark.parametrize("value", ["a\nb", "a\r\nX: y", "é", "\x00", "a\x7f", " k3y", "k3y "])
def test_a_header_that_would_become_two_is_never_sent(value: str) -> None:
    with pytest.raises(Unsendable) as error:
        wire_request(get("http://127.0.0.1:1", headers=(("X", Secret.of(value)),)))
    assert value not in str(error.value)


@pytest.mark.parametrize("base", ["", "ftp://x", "http://", "file:///etc/passwd", "//x"])
def test_only_http_leaves(base: str) -> None:
    with pytest.raises(Unsendable):
        wire_request(get(base))


def test_nothing_of_the_environment_changes_where_a_request_goes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    elsewhere = f"http://127.0.0.1:{taken.getsockname()[1]}"
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, elsewhere)
    (tmp_path / ".netrc").write_text("default login me password netrc-secret\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    found, server = asked(always(OK))
    taken.close()
    assert found[0].status == 200
    assert "authorization" not in server.got[0].headers


def test_the_proxy_of_the_project_is_used() -> None:
    async def main() -> list[Got]:
        async with serving(always(OK)) as proxy:
            sender = Sender(proxy=proxy.url)
            answer = await ask(sender, get("http://127.0.0.1:9"))
            assert answer.status == 200
            return proxy.got

    assert asyncio.run(main())[0].target == "http://127.0.0.1:9/x"


# ---------------------------------------------------------------- not sent


def test_a_refused_connection_is_not_sent() -> None:
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))

    async def main() -> None:
        sender = Sender()
        with pytest.raises(
            NotSent, match=r"^cannot connect to 127\.0\.0\.1:\d+: Connection refused$"
        ):
            await ask(sender, get(f"http://127.0.0.1:{taken.getsockname()[1]}"))

    asyncio.run(main())
    taken.close()


def test_a_name_that_nobody_knows_is_not_sent() -> None:
    async def main() -> None:
        sender = Sender()
        with pytest.raises(NotSent):
            await ask(sender, get("http://no-such-host.invalid"))

    asyncio.run(main())


def _named(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Every name has these addresses."""

    def found(_: object, port: int, *__: object, **___: object) -> list[Any]:
        stream = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
        return [(*stream, (one, port)) for one in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", found)


def test_of_the_addresses_of_a_name_the_one_that_answers_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The first drops all that comes (a documentation address, RFC 5737), the second refuses.
    _named(monkeypatch, "192.0.2.1", "127.0.0.2", "127.0.0.1")

    async def main() -> None:
        async with serving(always(OK)) as server:
            answer = await ask(Sender(), get(f"http://vendor.example:{server.port}"))
            assert answer.status == 200
            assert [one.headers["host"] for one in server.got] == [f"vendor.example:{server.port}"]

    asyncio.run(main())


def test_a_name_whose_addresses_all_refuse_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    _named(monkeypatch, "127.0.0.2", "127.0.0.3")
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))

    async def main() -> None:
        with pytest.raises(NotSent, match=r"^cannot connect to vendor\.example:\d+: ") as caught:
            await ask(Sender(), get(f"http://vendor.example:{taken.getsockname()[1]}"))
        assert str(caught.value).endswith(": Connection refused")
        assert caught.value.stage == "connection"

    asyncio.run(main())
    taken.close()


def test_a_name_server_that_is_silent_keeps_nobody_from_ending(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answered, asked_ = threading.Event(), threading.Event()

    def silent(*_: object, **__: object) -> list[Any]:
        asked_.set()
        answered.wait()
        return []

    monkeypatch.setattr(socket, "getaddrinfo", silent)

    async def main() -> None:
        asyncio.get_running_loop().set_default_executor(Resolver())
        sender = Sender(deadline=0.1)
        with pytest.raises(NotSent, match=r"within 0\.1 s"):
            await ask(sender, get("http://vendor.example"))

    asyncio.run(main())
    assert asked_.is_set()
    assert not answered.is_set()  # it ended without an answer
    answered.set()


def test_a_connection_that_never_comes_about_is_not_sent() -> None:
    async def main() -> None:
        sender = Sender(proxy="http://127.0.0.1:1", deadline=5)
        with pytest.raises(NotSent):
            await ask(sender, get("https://127.0.0.1:9"))

    asyncio.run(main())


def test_a_proxy_that_refuses_the_tunnel_is_not_sent() -> None:
    async def main() -> None:
        async with serving(always(plain("403 Forbidden"))) as proxy:
            sender = Sender(proxy=proxy.url)
            with pytest.raises(NotSent):
                await ask(sender, get("https://127.0.0.1:9"))
            assert [one.method for one in proxy.got] == ["CONNECT"]

    asyncio.run(main())


# ---------------------------------------------------------------- TLS


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate authority of our own, and a certificate for 127.0.0.1."""
    place = tmp_path_factory.mktemp("ca")
    new = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    basic = ["-addext", "basicConstraints=critical,CA:TRUE"]
    sign = ["-CA", "ca.pem", "-CAkey", "ca.key", "-addext", "subjectAltName=IP:127.0.0.1"]
    end = ["-addext", "basicConstraints=critical,CA:FALSE"]
    for command in (
        [*new, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ours", *basic],
        [*new, "-keyout", "other.key", "-out", "other.pem", "-subj", "/CN=theirs", *basic],
        [*new, "-keyout", "end.key", "-out", "end.pem", "-subj", "/CN=127.0.0.1", *sign, *end],
    ):
        subprocess.run(command, cwd=place, check=True, capture_output=True)
    return place


def over_tls(authority: Path, url_host: str, **more: Any) -> Any:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "end.pem", authority / "end.key")

    async def main() -> Any:
        async with serving(always(OK), tls=context) as server:
            sender = Sender(**more)
            try:
                answer = await ask(sender, get(f"https://{url_host}:{server.port}"))
            except (NotSent, NoAnswer) as error:
                return error, server.got
            return answer, server.got

    return asyncio.run(main())


def test_the_ca_file_of_the_project_is_trusted(authority: Path) -> None:
    found, _ = over_tls(authority, "127.0.0.1", ca_file=str(authority / "ca.pem"))
    assert found.status == 200


@pytest.mark.parametrize("ca", ["nowhere.pem", "end.key"])
def test_a_ca_file_that_is_none_is_told_and_nothing_is_sent(authority: Path, ca: str) -> None:
    found, got = over_tls(authority, "127.0.0.1", ca_file=str(authority / ca))
    assert isinstance(found, NotSent)
    assert f"{ca} cannot be used: " in str(found)
    assert "mend caFile" in str(found)
    assert got == []


@pytest.mark.parametrize("ca", ["other.pem", None])
def test_a_stranger_certificate_is_not_sent(
    authority: Path, ca: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(authority))
    found, got = over_tls(authority, "127.0.0.1", ca_file=str(authority / ca) if ca else None)
    assert isinstance(found, NotSent)
    assert got == []


def test_a_certificate_for_another_name_is_not_sent(authority: Path) -> None:
    found, got = over_tls(authority, "localhost", ca_file=str(authority / "ca.pem"))
    assert isinstance(found, NotSent)
    assert "its certificate is not accepted: Hostname mismatch" in str(found)
    assert got == []


def test_no_key_of_a_session_is_written_for_a_stranger(
    authority: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = tmp_path / "keys.log"
    monkeypatch.setenv("SSLKEYLOGFILE", str(keys))
    found, _ = over_tls(authority, "127.0.0.1", ca_file=str(authority / "ca.pem"))
    assert found.status == 200
    assert not keys.exists()


# ---------------------------------------------------------------- a proxy


async def relay(wire: Wire, got: Got) -> None:
    """A proxy: opens the tunnel that it is asked for."""
    host, _, port = got.target.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    wire.write(b"HTTP/1.1 200 Connection established\r\n\r\n")

    async def pipe(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            sink.write(data)
        sink.close()

    try:
        both = (pipe(wire.reader, writer), pipe(reader, wire.writer))
        await asyncio.gather(*both, return_exceptions=True)
    finally:
        writer.close()
        await asyncio.wait_for(writer.wait_closed(), 5)


def through_a_proxy(serve: Serve, authority: Path, **more: Any) -> tuple[Any, list[Got], list[Got]]:
    """What a request over TLS comes to, what the proxy got, and what the vendor got."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "end.pem", authority / "end.key")

    async def main() -> tuple[Any, list[Got], list[Got]]:
        async with serving(serve) as proxy, serving(always(OK), tls=context) as vendor:
            ca = str(authority / "ca.pem")
            sender = Sender(proxy=proxy.url, ca_file=ca, **more)
            try:
                found: Any = await sender.send(get(vendor.url))
            except (NotSent, NoAnswer) as error:
                found = error
            return found, proxy.got, vendor.got

    return asyncio.run(main())


def test_a_tunnel_hides_the_request_from_the_proxy(authority: Path) -> None:
    secret = (Secret.of("us"), Secret.of("pä55"))
    found, at_proxy, at_vendor = through_a_proxy(relay, authority, proxy_auth=secret)
    assert found.status == 200
    (asked_of_proxy,) = at_proxy
    assert asked_of_proxy.method == "CONNECT"
    credentials = base64.b64encode("us:pä55".encode()).decode()
    assert asked_of_proxy.headers["proxy-authorization"] == f"Basic {credentials}"
    assert [(one.target, "proxy-authorization" in one.headers) for one in at_vendor] == [
        ("/x", False)
    ]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\nx", "the proxy said more than that the tunnel is open"),
        (plain("407 Say who \x1b[2J you are"), "the proxy refused the tunnel with HTTP 407"),
        (b"SSH-2.0\r\n\r\n", "the proxy's answer is not HTTP as it must be"),
        (b"", "the connection ended before the proxy's answer"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "cannot connect to 127.0.0.1:PORT: it was lost"),
    ],
)
def test_a_tunnel_that_does_not_come_about_is_told_and_nothing_is_sent(
    said: bytes, why: str, authority: Path
) -> None:
    found, _, at_vendor = through_a_proxy(lambda wire, _: closing(wire, said), authority)
    assert isinstance(found, NotSent)
    assert re.sub(r":\d+", ":PORT", str(found)) == why
    assert at_vendor == []


def test_an_ipv6_vendor_is_named_in_brackets() -> None:
    async def main() -> None:
        async with serving(always(plain("403 Forbidden"))) as proxy:
            with pytest.raises(NotSent):
                await Sender(proxy=proxy.url).send(get("https://[::1]:9"))
            assert [one.line for one in proxy.got] == ["CONNECT [::1]:9 HTTP/1.1"]

    asyncio.run(main())


# ---------------------------------------------------------------- what others would write down


def test_no_library_logs_what_an_answer_says(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    (found,), _ = asked(always(plain("200 OK", b"{}", "X-Echo: s3cr3t", "Set-Cookie: s3cr3t")))
    assert found.headers["x-echo"] == "s3cr3t"
    assert [one.getMessage() for one in caplog.records if one.name != "asyncio"] == []
    logging.getLogger("httpcore.http11").debug("of somebody else")
    assert "of somebody else" in caplog.text


# ---------------------------------------------------------------- what is an answer

CHUNKED = "Transfer-Encoding: chunked"
GZIP = "Content-Encoding: gzip"
TRAILED = b"f\r\n" + b'{"status":true}' + b"\r\n0\r\nX-Trailer: 1\r\n\r\n"


WHOLE: dict[str, tuple[bytes, int, bytes]] = {
    "plain": (OK, 200, b'{"status":true}'),
    "204": (raw("204 No Content"), 204, b""),
    "204 with a length": (raw("204 No Content", b"", "Content-Length: 0"), 204, b""),
    "chunks with a trailer": (raw("200 OK", TRAILED, CHUNKED), 200, b'{"status":true}'),
    "100 first": (raw("100 Continue") + OK, 200, b'{"status":true}'),
    "103 first": (raw("103 Early Hints", b"", "Link: </x>") + OK, 200, b'{"status":true}'),
    "gzip": (plain("200 OK", gzip.compress(b"{}"), GZIP), 200, b"{}"),
    "deflate": (plain("200 OK", zlib.compress(b"{}"), "content-encoding: deflate"), 200, b"{}"),
    "303": (plain("303 See Other", b"", "Location: /success"), 303, b""),
    "odd case": (b"HTTP/1.1 200 OK\r\ncOnTent-lEngth: 2\r\n\r\n{}", 200, b"{}"),
    "100, then 103": (raw("100 Continue") + raw("103 Early Hints") + OK, 200, b'{"status":true}'),
    "line ends behind it": (OK + b"\r\n\r\n", 200, b'{"status":true}'),
    "line ends behind a 204": (raw("204 No Content") + b"\n", 204, b""),
    "gzip of nothing": (plain("200 OK", b"", GZIP), 200, b""),
    "a 204 in gzip": (raw("204 No Content", b"", GZIP), 204, b""),
    "the same length twice": (
        raw("200 OK", b"{}", "Content-Length: 2", "Content-Length: 2"),
        200,
        b"{}",
    ),
    "no reason": (b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\n{}", 200, b"{}"),
}


@pytest.mark.parametrize("name", WHOLE)
def test_one_whole_answer(name: str) -> None:
    data, status, body = WHOLE[name]
    (found,), server = asked(always(data))
    assert (found.status, found.body) == (status, body)
    assert found.announced
    assert len(server.got) == 1


async def closing(wire: Wire, data: bytes) -> None:
    wire.write(data)
    wire.close()


@pytest.mark.parametrize(
    "data",
    [raw("200 OK", b"{}"), raw("200 OK", b"{}", version="1.0"), raw("200", b"{}", version="1.0")],
)
def test_an_answer_that_ends_with_its_connection(data: bytes) -> None:
    (found,), _ = asked(lambda wire, _: closing(wire, data))
    assert (found.status, found.body) == (200, b"{}")
    assert not found.announced  # nobody said that it is whole


def test_an_empty_body_whose_end_nobody_announced_is_told_as_such() -> None:
    (found,), _ = asked(lambda wire, _: closing(wire, raw("200 OK")))
    assert (found.status, found.body, found.announced) == (200, b"", False)


NO_ANSWERS: dict[str, bytes] = {
    "nothing": b"",
    "half a status line": b"HTTP/1.1 20",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "truncated": raw("200 OK", b'{"status"', "Content-Length: 15"),
    "truncated chunks": raw("200 OK", b"f\r\n{", CHUNKED),
    "chunks without an end": raw("200 OK", b"2\r\n{}\r\n", CHUNKED),
    "garbage": b"\x00\xff\x00\xff\r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "another version": raw("200 OK", b"{}", "Content-Length: 2", version="2.0"),
    "HTTP/0.9": b"<html>deleted</html>",
    "only early hints": raw("103 Early Hints"),
    "two lengths": raw("200 OK", b"{}", "Content-Length: 2", "Content-Length: 3"),
    "a length beside chunks": raw("200 OK", TRAILED, CHUNKED, "Content-Length: 15"),
    "chunks beside a length": raw("200 OK", b'{"status":true}', "Content-Length: 15", CHUNKED),
    "a length that is none": raw("200 OK", b"{}", "Content-Length: two"),
    "a negative length": raw("200 OK", b"{}", "Content-Length: -2"),
    "huge headers": raw("200 OK", b"{}", "Content-Length: 2", *["X: " + "y" * 999] * 80),
    "endless headers": raw("200 OK", b"{}", *["X: " + "y" * 9999] * 400),
    "a header over 64 KiB": raw("200 OK", b"{}", "Content-Length: 2", "X: " + "y" * 65530),
    "a huge body": plain("200 OK", b" " * (1024 * 1024 + 1)),
    "a huge chunked body": raw("200 OK", b"200001\r\n" + b" " * 0x200001 + b"\r\n0\r\n", CHUNKED),
    "a gzip bomb": plain("200 OK", gzip.compress(b" " * 50_000_000), GZIP),
    "damaged gzip": plain("200 OK", b"\x1f\x8b\x08" + b"x" * 30, GZIP),
    "cut gzip": plain("200 OK", gzip.compress(b"{}" * 50)[:-4], GZIP),
    "gzip and more": plain("200 OK", gzip.compress(b"{}", mtime=0) + b"more", GZIP),
    "a coding nobody knows": plain("200 OK", b"{}", "Content-Encoding: br"),
    "a 204 with a body": plain("204 No Content", b'{"error_code":20}'),
    "a 204 with an unannounced body": raw("204 No Content", b'{"error_code":20}'),
    "a 204 with chunks": raw("204 No Content", b"2\r\n{}\r\n0\r\n\r\n", CHUNKED),
    "a 204 that announces a body": raw("204 No Content", b"", "Content-Length: 17"),
    "a 304 with a body": plain("304 Not Modified", b"{}"),
    "a surplus byte": OK + b"x",
    "a surplus answer": OK + OK,
    "a surplus after chunks": raw("200 OK", TRAILED, CHUNKED) + OK,
    "a surplus after a 204": raw("204 No Content") + OK,
    "another protocol is spoken": raw("101 Switching Protocols", b"", "Upgrade: x"),
}  # fmt: skip


@pytest.mark.parametrize("name", NO_ANSWERS)
def test_what_is_not_exactly_one_whole_answer_is_none(name: str) -> None:
    async def serve(wire: Wire, got: Got) -> None:
        wire.write(NO_ANSWERS[name])
        await asyncio.sleep(0.02)
        wire.close()

    (found,), server = asked(serve)
    assert isinstance(found, NoAnswer), found
    assert len(server.got) == 1


@pytest.mark.parametrize("name", [n for n in NO_ANSWERS if n not in ("nothing", "HTTP/0.9")])
def test_after_no_answer_the_connection_is_never_used_again(name: str) -> None:
    seen: list[Got] = []

    async def serve(wire: Wire, got: Got) -> None:
        seen.append(got)
        if len(seen) == 1:
            wire.write(NO_ANSWERS[name])
        else:
            wire.write(plain("200 OK", b"second"))

    first_two, _ = asked(serve, (), ())
    assert isinstance(first_two[0], NoAnswer)
    assert first_two[1].body == b"second"
    assert seen[1].peer == 2


LATE = {
    "a second answer": OK,
    "a hidden body": b'{"error_code":20}',
    "a single byte": b"x",
    "line ends, then a byte": b"\r\n\r\nx",
}


def followed(first: bytes, late: bytes, monkeypatch: pytest.MonkeyPatch, *, stays: bool) -> Any:
    """What a request came to whose whole answer *first* was followed by *late*; the server."""
    # How long it is waited for is another test's: here no stall of the machine is too long.
    monkeypatch.setattr("reconciler.lanes.send._LINGER", 30.0)

    async def main() -> Any:
        whole = asyncio.Event()

        async def serve(wire: Wire, got: Got) -> None:
            wire.stays = stays
            wire.write(first)
            await whole.wait()
            wire.write(late)

        async with serving(serve) as server:
            request = Request("DELETE", server.url, ("x",))
            try:
                return await Sender().send(request, answered=whole.set), server
            except NoAnswer as error:
                return error, server

    return asyncio.run(main())


@pytest.mark.parametrize("first", [OK, raw("204 No Content")], ids=["200", "204"])
@pytest.mark.parametrize("late", LATE)
def test_what_comes_soon_after_an_answer_belongs_to_it(
    first: bytes, late: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, server = followed(first, LATE[late], monkeypatch, stays=True)
    assert isinstance(found, NoAnswer)
    assert str(found) == "more came than one answer"
    assert found.status in (200, 204)
    assert len(server.got) == 1


def test_what_comes_before_the_peer_closes_belongs_to_the_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found, _ = followed(OK, OK, monkeypatch, stays=False)
    assert isinstance(found, NoAnswer)


@pytest.mark.parametrize("late", [b"", b"\r\n"], ids=["silent", "line end"])
def test_a_peer_that_never_closes_is_waited_for_a_moment_only(late: bytes) -> None:
    async def serve(wire: Wire, got: Got) -> None:
        wire.stays = True
        wire.write(OK)
        await asyncio.sleep(0.01)
        wire.write(late)

    (found,), _ = asked(serve)
    assert found.status == 200


def test_no_connection_carries_two_requests() -> None:
    seen: list[Got] = []

    async def serve(wire: Wire, got: Got) -> None:
        seen.append(got)
        wire.stays = True
        wire.write(plain("200 OK", b"for %d" % len(seen)))
        if len(seen) == 1:
            await asyncio.sleep(0.2)
            wire.write(plain("200 OK", b"surplus"))

    found, server = asked(serve, (), ())
    assert [one.body for one in found] == [b"for 1", b"for 2"]
    assert [one.peer for one in server.got] == [1, 2]
    assert {one.headers["connection"] for one in server.got} == {"close"}


def test_the_status_of_an_answer_that_is_not_believed_is_known() -> None:
    for data, status in {
        "a 204 with a body": 204,
        "cut gzip": 200,
        "truncated": 200,
        "a surplus answer": 200,
        "only early hints": None,
        "nothing": None,
    }.items():
        (found,), _ = asked(lambda wire, _, data=data: closing(wire, NO_ANSWERS[data]))
        assert isinstance(found, NoAnswer)
        assert found.status == status, data


def test_a_listing_without_pages_may_be_larger_than_another_answer() -> None:
    async def main(data: bytes) -> Answer:
        async with serving(always(data)) as server:
            return await ask(Sender(), get(server.url))

    large = b"[" + b" " * 3_000_000 + b"]"
    for data in (plain("200 OK", large), plain("200 OK", gzip.compress(large), GZIP)):
        assert asyncio.run(main(data)).body == large
    with pytest.raises(NoAnswer, match="body is over 16 MiB"):
        asyncio.run(main(plain("200 OK", b" " * (16 * 1024 * 1024 + 1))))


def test_no_word_of_a_library_or_of_the_vendor_is_in_a_failure() -> None:
    for data in NO_ANSWERS.values():
        (found,), _ = asked(lambda wire, _, data=data: closing(wire, data))
        said = str(found)
        assert said in {
            "the connection ended before the answer",
            "the connection ended in the middle of the answer",
            "the answer is not HTTP as it must be",
            "the answer is in another version of HTTP than was asked for",
            "the answer goes over to another protocol",
            "the answer's headers are over 64 KiB",
            "the answer tells its length in two ways",
            "the answer's body is over 1 MiB",
            "the answer is over 1 MiB",
            "the answer's compressed body is damaged",
            "the answer's compressed body is over 1 MiB, cut short, or has a surplus",
            "the answer's content coding is not known",
            "HTTP 204 with a body",
            "HTTP 304 with a body",
            "more came than one answer",
        }, said


# ---------------------------------------------------------------- when it leaves


def test_what_is_raised_just_before_the_first_byte_keeps_it_here() -> None:
    class Kept(Exception):
        pass

    def leaves() -> None:
        raise Kept

    async def main() -> None:
        async with serving(always(OK)) as server:
            with pytest.raises(NotSent):
                await Sender().send(get("http://127.0.0.1:1"), leaves)
            with pytest.raises(LaneLost):
                await Sender().send(get(server.url), lost)
            await asyncio.sleep(0)
            assert server.got == []

    def lost() -> None:
        raise LaneLost("another has it")

    asyncio.run(main())


def test_the_answer_is_told_before_the_peer_has_closed() -> None:
    async def main() -> None:
        told = asyncio.Event()

        async def serve(wire: Wire, got: Got) -> None:
            wire.write(OK)
            await asyncio.wait_for(told.wait(), 5)

        async with serving(serve) as server:
            await Sender().send(get(server.url), answered=told.set)

    asyncio.run(main())


# ---------------------------------------------------------------- deadlines, broken connections


def test_a_drip_ends_at_the_deadline_of_the_whole_exchange() -> None:
    async def serve(wire: Wire, got: Got) -> None:
        await wire.drip(OK, 0.02)

    (found,), server = asked(serve, deadline=0.3)
    assert isinstance(found, NoAnswer)
    assert "0.3 s" in str(found)
    assert len(server.got) == 1


async def _reset(wire: Wire, got: Got) -> None:
    wire.reset()


async def _half(wire: Wire, got: Got) -> None:
    wire.write(raw("200 OK", b'{"sta', "Content-Length: 15"))
    wire.half_close()
    await asyncio.sleep(0.05)


@pytest.mark.parametrize("serve", [_reset, _half])
def test_a_connection_that_breaks_after_the_request_is_no_answer(
    serve: Callable[[Wire, Got], Awaitable[None]],
) -> None:
    (found,), server = asked(serve)
    assert isinstance(found, NoAnswer)
    assert len(server.got) == 1


def test_a_connection_that_breaks_before_the_request_was_read_may_have_taken_it() -> None:
    async def main() -> None:
        async with serving(always(OK), unread=lambda wire: wire.reset() or True) as server:
            sender = Sender()
            with pytest.raises(NoAnswer):
                await ask(sender, get(server.url))
            assert server.connections == 1

    asyncio.run(main())


def test_a_server_that_closes_an_idle_connection_costs_nothing() -> None:
    async def main() -> None:
        async def serve(wire: Wire, got: Got) -> None:
            wire.write(OK)
            await asyncio.sleep(0.01)
            wire.close()

        async with serving(serve) as server:
            sender = Sender()
            for _ in range(3):
                assert (await ask(sender, get(server.url))).status == 200
                await asyncio.sleep(0.05)
            assert server.connections == 3

    asyncio.run(main())


def test_a_cancelled_exchange_leaves_a_sender_that_works() -> None:
    async def main() -> None:
        hang = True

        async def serve(wire: Wire, got: Got) -> None:
            if hang:
                await asyncio.sleep(30)
            wire.write(OK)

        async with serving(serve) as server:
            sender = Sender()
            task = asyncio.create_task(ask(sender, get(server.url)))
            await asyncio.sleep(0.05)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            hang = False
            assert (await ask(sender, get(server.url))).status == 200

    asyncio.run(main())

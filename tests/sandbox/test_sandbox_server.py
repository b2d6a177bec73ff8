"""The sandbox over real TCP: what only a socket shows."""

import json
import signal
import socket
import subprocess
import sys
from urllib.parse import urlsplit

import httpx
import pytest

from reconciler.sandbox import create_app, serve
from reconciler.sandbox.server import bound
from tests.support.sandbox_world import record

CAST = {"Authorization": "Bearer sandbox-key"}
PATH = "/cellcast/api/v1/gateway/cancelScheduleQuickMessage"


def raw(base, message="m1"):
    """Everything that comes back over a connection of its own."""
    body = json.dumps({"messageId": message, "type": "sms"})
    lines = (
        f"POST {PATH} HTTP/1.1",
        "Host: sandbox",
        "Authorization: Bearer sandbox-key",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    )
    got = b""
    with socket.create_connection((urlsplit(base).hostname, urlsplit(base).port), 5) as wire:
        wire.sendall(("\r\n".join(lines) + "\r\n\r\n" + body).encode())
        wire.settimeout(5)
        while b"\r\n\r\n" not in got and (part := wire.recv(65536)):
            got += part
    return got


@pytest.mark.parametrize(("kind", "effect"), [("drop", []), ("drop-after", ["au/m1"])])
def test_a_cut_connection_brings_not_one_byte(kind, effect):
    with serve(create_app([record("au", "m1")], faults=[f"cellcast:{kind}=2"])) as base:
        assert raw(base, "other").startswith(b"HTTP/1.1 200")
        assert raw(base) == b""
        assert raw(base, "other").startswith(b"HTTP/1.1 200")
        rows = httpx.get(f"{base}/__ledger").json()["requests"]
    assert [row["status"] for row in rows] == [200, None, 200]
    assert rows[1]["effect"] == effect


def test_a_client_sees_a_cut_as_a_lost_connection():
    with (
        serve(create_app([], faults=["drop"])) as base,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        httpx.post(base + PATH, headers=CAST, json={})


def test_a_get_with_a_body_arrives_as_one():
    row = {**record("dial", "7", phoneNumbers=["911"]), "name": "Refill"}
    body = {"userName": "acme", "campaignName": "Refill"}
    with serve(create_app([row])) as base:
        url = f"{base}/ozonetel/ca_apis/campaignStatus"
        answer = httpx.request("GET", url, headers={"apiKey": "sandbox-key"}, json=body)
    assert answer.json()["message"][0]["CampaignID"] == "7"


def test_a_204_has_neither_body_nor_content_type():
    headers = {"Authorization": "Bearer sandbox-key", "X-Batch-Project": "p"}
    with serve(create_app([record("push", "orchestration_1")])) as base:
        url = f"{base}/batch/2.8/campaigns/delete"
        answer = httpx.post(url, headers=headers, json={"id": "orchestration_1"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert not {"content-type", "content-length"} & set(answer.headers)


def test_the_port_is_free_again_afterwards():
    with serve(create_app([])) as base:
        port = urlsplit(base).port
        with pytest.raises(OSError, match="in use"):
            bound(port)
    with serve(create_app([]), port) as again:
        assert httpx.get(f"{again}/__health").is_success


def test_it_listens_on_the_loopback_interface_alone():
    with bound(0) as listener:
        assert listener.getsockname()[0] == "127.0.0.1"


# ---------------------------------------------------------------- the command


RUN = "from reconciler.cli.main import run; run()"


def started(folder, *options, **streams):
    line = [sys.executable, "-c", RUN, "-C", folder, "sandbox", "--port", "0", *options]
    return subprocess.Popen(
        line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **streams
    )


@pytest.fixture
def folder(tmp_path):
    rows = [record("au", "m1"), record("push", "orchestration_1")]
    (tmp_path / "inventory.ndjson").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


@pytest.mark.parametrize("one", [signal.SIGINT, signal.SIGTERM])
def test_the_command_says_where_it_is_and_stops_cleanly(folder, one):
    with started(folder) as sandbox:
        line = sandbox.stdout.readline()
        try:
            assert line.startswith("sandbox: http://127.0.0.1:")
            left = httpx.get(line.split()[1] + "/__ledger").json()["campaigns"]
            assert left == {"au": ["m1"], "push": ["orchestration_1"]}
        finally:
            sandbox.send_signal(one)
            out, err = sandbox.communicate(timeout=10)
    assert (sandbox.returncode, out, err) == (0, "", "")


@pytest.mark.parametrize(
    "option",
    [
        "--fault=explode",
        "--vendor=crm=acme",
        "--vendor=crm",
        "--speed=0",
        "--speed=nan",
        "--port=70000",
    ],
)
def test_a_wrong_option_is_a_usage_error(folder, option):
    with started(folder, option) as sandbox:
        out, err = sandbox.communicate(timeout=10)
    assert (sandbox.returncode, out) == (64, "")
    assert "error:" in err


PROJECT = """\
apiVersion: reconciler/v1
kind: Project
metadata: {name: acme}
spec:
  accounts:
    push:
      driver: batch-cep
      settings: {project: project_1, restApiKey: {env: NOT_SET}}
    ios:
      driver: batch-mep
      settings: {apiKey: {env: SANDBOX_IOS}, restApiKey: {env: NOT_SET}}
    android:
      driver: batch-mep
      settings: {apiKey: {env: SANDBOX_REAL}, restApiKey: {env: NOT_SET}}
"""


def test_the_project_says_which_vendor_and_which_tenant(folder, monkeypatch):
    monkeypatch.setenv("SANDBOX_IOS", "sandbox-ios")
    monkeypatch.setenv("SANDBOX_REAL", "a real key is not looked at")
    (folder / "reconciler.yaml").write_text(PROJECT)
    (folder / "manifests").mkdir()
    rows = [record("push", "cd-1"), record("ios", "t1"), record("android", "t2")]
    (folder / "inventory.ndjson").write_text("".join(json.dumps(row) + "\n" for row in rows))
    rest = {"X-Authorization": "sandbox-rest", "Content-Type": "application/json"}
    push = {"Authorization": "Bearer sandbox-key", "X-Batch-Project": "project_1"}
    other = {**push, "X-Batch-Project": "project_2"}
    with started(folder, "--speed", "100000") as sandbox:
        try:
            base = sandbox.stdout.readline().split()[1] + "/batch"
            cep = f"{base}/2.8/campaigns/delete"
            mep = f"{base}/1.1/{{}}/campaigns/delete/{{}}"
            answers = [
                httpx.post(cep, headers=other, json={"id": "cd-1"}),
                httpx.post(cep, headers=push, json={"id": "cd-1"}),
                httpx.post(mep.format("another", "t1"), headers=rest),
                httpx.post(mep.format("sandbox-ios", "t1"), headers=rest),
                httpx.post(mep.format("anything", "t2"), headers=rest),
            ]
        finally:
            sandbox.terminate()
            _, err = sandbox.communicate(timeout=10)
    assert err == ""
    assert [one.status_code for one in answers] == [404, 204, 404, 200, 200]


def test_an_option_says_whose_campaigns_an_accounts_are(folder):
    (folder / "inventory.ndjson").write_text(json.dumps(record("crm", "7")) + "\n")
    with started(folder, "--vendor", "crm=hubspot") as sandbox:
        try:
            base = sandbox.stdout.readline().split()[1]
            url = f"{base}/hubspot/marketing/emails/2026-03/7"
            answer = httpx.delete(url, headers={"Authorization": "Bearer sandbox-1"})
        finally:
            sandbox.terminate()
            sandbox.communicate(timeout=10)
    assert answer.status_code == 204


def test_standard_input_can_be_the_inventory(folder):
    with started(folder, "--inventory", "-", stdin=subprocess.PIPE) as sandbox:
        sandbox.stdin.write(json.dumps(record("au", "from-stdin")) + "\n")
        sandbox.stdin.close()
        sandbox.stdin = None
        try:
            base = sandbox.stdout.readline().split()[1]
            left = httpx.get(f"{base}/__ledger").json()["campaigns"]
        finally:
            sandbox.terminate()
            sandbox.communicate(timeout=10)
    assert left == {"au": ["from-stdin"]}


def test_a_port_that_is_taken_is_told(folder):
    with bound(0) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        with started(folder, "--port", str(port)) as sandbox:
            _, err = sandbox.communicate(timeout=10)
    assert sandbox.returncode == 1
    assert f"127.0.0.1:{port}" in err

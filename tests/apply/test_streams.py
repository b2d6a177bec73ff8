"""An apply holds what it is about to send, whatever the size of its plan."""

import gc
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import reconciler
from reconciler.apply.merge import PlanTarget
from reconciler.events import Event
from reconciler.lanes.journal import State
from reconciler.lanes.work import Fate, Job
from reconciler.model import SentRequest, TargetReport

_PROJECT = """\
apiVersion: reconciler/v1
kind: Project
metadata: {{name: large}}
spec:
  guards: {{maxDeletions: {{count: 1000000}}, inventoryMaxAge: 36500d}}
  accounts:
    crm:
      driver: http
      baseUrl: http://127.0.0.1:{port}
      inventory: complete
      limits: {{requests: 100000, per: 1s, concurrency: 2}}
      settings:
        secrets: {{key: {{env: KEY}}}}
        headers: {{Authorization: "Bearer ${{secret.key}}"}}
        delete: {{method: POST, path: /delete, json: {{ids: ["${{id}}"]}}, many: {{max: 100}}}}
        answers: [{{status: 204, body: empty, means: deleted}}]
"""
_MANIFEST = """\
apiVersion: reconciler/v1
kind: CampaignAbsence
metadata: {name: retire, owner: crm, reason: The season is over}
spec: {account: crm, absent: [{match: {status: draft}}]}
"""
_HELD = (PlanTarget, Job, State, Fate, TargetReport, SentRequest)


class _Vendor(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Vendor) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def _site(folder: Path, port: int, count: int) -> reconciler.Project:
    """A project whose *count* campaigns should all not exist."""
    (folder / "manifests").mkdir(parents=True)
    (folder / "reconciler.yaml").write_text(_PROJECT.format(port=port))
    (folder / "manifests/retire.yaml").write_text(_MANIFEST)
    head = {"kind": "Inventory", "apiVersion": "reconciler/v1"}
    facts = {"crm": {"complete": True, "campaigns": count}}
    lines = [json.dumps({**head, "capturedAt": "2026-11-20T08:00:00Z", "accounts": facts})]
    lines += [
        json.dumps({"account": "crm", "id": f"c{n:05}", "name": f"Old {n}", "status": "draft"})
        for n in range(count)
    ]
    (folder / "inventory.ndjson").write_text("\n".join(lines) + "\n")
    return reconciler.open_project(folder, environ={"KEY": "k3y"})


def _most_held(folder: Path, port: int, count: int) -> int:
    """The most values about single targets that an apply of *count* held while it sent."""
    project, most, requests = _site(folder, port, count), 0, 0

    def heard(event: Event) -> None:
        nonlocal most, requests
        requests += event.kind == "request"
        if event.kind == "request" and requests % 7 == 0:
            most = max(most, sum(isinstance(one, _HELD) for one in gc.get_objects()))

    with project.plan() as plan:
        report = project.apply(plan, first_run=True, on_event=heard)
    assert (report.exit_code, report.summary["deleted"]) == (0, count)
    assert [one.id for one in report.targets] == [f"c{n:05}" for n in range(count)]
    assert {len(one.requests) for one in report.targets} == {1}
    return most


def test_what_an_apply_holds_does_not_grow_with_its_plan(tmp_path: Path, port: int) -> None:
    few = _most_held(tmp_path / "few", port, 1_500)
    many = _most_held(tmp_path / "many", port, 6_000)
    assert many < few + 1_500, f"{few} values of 1,500 targets, {many} of 6,000"


def test_the_log_has_every_record_though_it_takes_some_at_a_time(
    tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.lanes.state._RECORDS", 3)
    project = _site(tmp_path / "p", port, 250)
    with project.plan() as plan:
        assert project.apply(plan, first_run=True).exit_code == 0
    log = (tmp_path / "p/.reconciler/audit.ndjson").read_text().splitlines()
    records = [json.loads(one) for one in log]
    assert [one["entry"] for one in records] == list(range(1, len(records) + 1))
    assert sum(one["type"] == "target" for one in records) == 250
    assert records[-1]["type"] == "run-ended"

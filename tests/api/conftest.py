"""A small project in a folder of its own; the library sees nothing but what it is given."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import reconciler
from reconciler.sandbox import create_app, serve

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PROJECT = """\
apiVersion: reconciler/v1
kind: Project
metadata: {name: acme}
spec:
  accounts:
    push: {driver: batch-cep, settings: {project: project_1, restApiKey: {env: CEP_KEY}}}
"""
MANIFEST = """\
apiVersion: reconciler/v1
kind: CampaignAbsence
metadata: {name: retire, owner: growth, reason: The season is over}
spec:
  account: push
  absent:
    - id: c1
    - id: c9
"""
INVENTORY = """\
{"apiVersion":"reconciler/v1","kind":"Inventory","accounts":{"push":{"complete":true}}}
{"account":"push","id":"c1","name":"One","status":"completed"}
{"account":"push","id":"c2","name":"Two","status":"completed"}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of the project."""
    place = tmp_path / "acme"
    (place / "manifests").mkdir(parents=True)
    (place / "reconciler.yaml").write_text(PROJECT)
    (place / "manifests/retire.yaml").write_text(MANIFEST)
    (place / "inventory.ndjson").write_text(INVENTORY)
    return place


@pytest.fixture
def project(root: Path) -> reconciler.Project:
    return reconciler.open_project(root, environ={}, clock=lambda: NOW)


RECORDS = [
    {"account": "push", "id": f"c{n}", "name": f"C {n}", "status": "completed"} for n in range(1, 5)
]
HEAD = {
    "apiVersion": "reconciler/v1",
    "kind": "Inventory",
    "accounts": {"push": {"complete": True}},
}
THREE = """\
apiVersion: reconciler/v1
kind: CampaignAbsence
metadata: {name: retire, owner: growth, reason: The season is over}
spec:
  account: push
  absent: [{id: c1}, {id: c2}, {id: c3}]
"""


@pytest.fixture
def faults() -> tuple[str, ...]:
    """What goes wrong in the sandbox."""
    return ()


@pytest.fixture
def here(root: Path, faults: tuple[str, ...]) -> Iterator[reconciler.Project]:
    """A project that plans three deletions of four, its vendor in the sandbox."""
    tenants = {"push": ("batch-cep", {"project": "project_1"})}
    with serve(create_app(RECORDS, tenants, 500, faults)) as url:
        account = f"baseUrl: {url}/batch, limits: {{requests: 50, per: 1s, concurrency: 1}}}}"
        text = PROJECT.replace("CEP_KEY}}}", "CEP_KEY}}, " + account)
        (root / "reconciler.yaml").write_text(text)
        (root / "manifests/retire.yaml").write_text(THREE)
        lines = [json.dumps(one) for one in (HEAD, *RECORDS)]
        (root / "inventory.ndjson").write_text("\n".join(lines) + "\n")
        yield reconciler.open_project(root, environ={"CEP_KEY": "sandbox-key"})

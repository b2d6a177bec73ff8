"""A small project in a folder of its own; the library sees nothing but what it is given."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

import reconciler

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

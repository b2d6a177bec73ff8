"""`worker --metrics`: what Prometheus and probes see of a worker that works."""

import json
import signal
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.apply_site import free_port
from tests.support.crash_project import ended, make, parcels
from tests.support.crash_vendor import Vendor
from tests.support.postgres import Postgres


def test_a_worker_counts_its_lanes_and_says_that_it_is_ready(
    tmp_path: Path, postgres: Postgres
) -> None:
    port = free_port()
    with postgres.database("crash") as name, Vendor(parcels(5)) as vendor:
        place = make(tmp_path / "project", {"shop": vendor}, shared=postgres.url(name))
        worker = place.start("--log-format", "json", "worker", "--metrics", str(port))
        last = place.run("apply", "plan.json", "--workers", "--format", "json")
        assert last.code == 0, last
        text = answered(port, "/metrics")
        assert (answered(port, "/livez"), answered(port, "/readyz")) == ("alive\n", "ready\n")
        worker.send_signal(signal.SIGTERM)
        said = ended(worker)
    found = {
        (one.name, *one.labels.values()): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }
    assert found["reconciler_targets_total", "shop", "deleted"] == 5
    assert found["reconciler_in_flight", "shop"] == 0
    told = [json.loads(line) for line in said.err.splitlines()]
    assert sum(one.get("outcome") == "deleted" for one in told) == 5


def answered(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
        text: str = answer.read().decode()
    return text


@pytest.mark.parametrize("address", ["x", "host:"])
def test_an_address_that_is_none_is_a_usage_error(
    tmp_path: Path, postgres: Postgres, address: str
) -> None:
    with postgres.database("crash") as name, Vendor(parcels(1)) as vendor:
        place = make(tmp_path / "project", {"shop": vendor}, shared=postgres.url(name))
        last = place.run("worker", "--once", "--metrics", address)
    assert last.code == 64, last
    assert "write a port" in last.err

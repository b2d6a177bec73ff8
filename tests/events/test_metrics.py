"""Counts for Prometheus and the health of a process, over real HTTP."""

import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from reconciler.errors import ReconcilerError, Usage
from reconciler.events import Event, Listener
from reconciler.events.metrics import Metrics, MetricsListener, address_of, served

AT = datetime(2026, 11, 20, 8, tzinfo=UTC)
LOCAL = ("127.0.0.1", 0)
ROOT = Path(__file__).resolve().parents[2]
DASHBOARD = ROOT / "examples/observability/grafana-dashboard.json"


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@contextmanager
def told(metrics: Metrics) -> Iterator[MetricsListener]:
    listener = MetricsListener(Listener(), metrics)
    listener.begin(())
    yield listener
    listener.end()


def samples(text: str) -> dict[tuple[str, ...], float]:
    """Every sample of *text* by its name and its labels' values, in the labels' order of names."""
    return {
        (one.name, *(value for _, value in sorted(one.labels.items()))): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def test_what_a_run_tells_is_counted_by_account() -> None:
    metrics = Metrics()
    with told(metrics) as listener, served(metrics, LOCAL, lambda: None) as url:
        listener.event(Event(AT, "request", account="push", request=1, total=2))
        listener.event(Event(AT, "request", account="push", request=2, total=1))
        for target in ("push/a", "push/b"):
            listener.event(Event(AT, "outcome", "push", target, "deleted"))
        listener.event(Event(AT, "answer", "push", request=1, status=200, seconds=0.2))
        listener.event(Event(AT, "wait", account="push", until=AT))
        listener.event(Event(AT, "account-stopped", account="dialer"))
        status, text = get(f"{url}/metrics")
    found = samples(text)
    assert status == 200
    assert found["reconciler_targets_total", "push", "deleted"] == 2
    assert found["reconciler_requests_total", "push", "200"] == 1
    assert found["reconciler_request_seconds_count", "push"] == 1
    assert found["reconciler_in_flight", "push"] == 1
    assert found["reconciler_waiting_until_seconds", "push"] == AT.timestamp()
    assert found["reconciler_accounts_stopped_total", "dialer"] == 1
    assert found[("reconciler_runs",)] == 1
    assert "push/a" not in text


def test_a_run_that_is_over_leaves_nothing_in_flight() -> None:
    metrics = Metrics()
    with told(metrics) as listener:
        listener.event(Event(AT, "request", account="push", request=1, total=1))
    found = samples(metrics.page("")[2].decode())
    assert found["reconciler_in_flight", "push"] == 0
    assert found[("reconciler_runs",)] == 0


def test_a_process_lives_and_says_what_it_waits_for() -> None:
    waits: list[str | None] = ["the database cannot be reached", None]
    with served(Metrics(), LOCAL, lambda: waits[0]) as url:
        assert get(f"{url}/livez") == (200, "alive\n")
        assert get(f"{url}/readyz") == (503, "the database cannot be reached\n")
        waits.pop(0)
        assert get(f"{url}/readyz") == (200, "ready\n")
        assert get(f"{url}/else")[0] == 404


def test_a_port_that_is_taken_is_told() -> None:
    with served(Metrics(), LOCAL, lambda: None) as url:
        port = int(url.rpartition(":")[2])
        with (
            pytest.raises(ReconcilerError, match=f"cannot listen at 127.0.0.1:{port}"),
            served(Metrics(), ("127.0.0.1", port), lambda: None),
        ):
            pass


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("9100", ("127.0.0.1", 9100)),
        ("0.0.0.0:9100", ("0.0.0.0", 9100)),  # noqa: S104
        ("[::1]:9100", ("::1", 9100)),
    ],
)
def test_an_address_is_a_port_or_host_and_port(text: str, address: tuple[str, int]) -> None:
    assert address_of(text) == address


@pytest.mark.parametrize("text", ["", "x", "70000", ":9100", "host:", "-1", "9100x"])
def test_what_is_no_address_is_told_with_what_to_write(text: str) -> None:
    with pytest.raises(Usage, match="write a port"):
        address_of(text)


def test_the_dashboard_asks_only_for_what_is_counted() -> None:
    text = DASHBOARD.read_text()
    told = {one.name for family in _all_families() for one in family.samples}
    asked = set(re.findall(r"reconciler_[a-z_]+", text))
    assert asked
    assert asked <= told


def _all_families() -> Iterator[Metric]:
    """What is counted once everything has happened."""
    metrics = Metrics()
    with told(metrics) as listener:
        listener.event(Event(AT, "request", account="push", request=1, total=1))
        listener.event(Event(AT, "answer", "push", request=1, status=200, seconds=0.2))
        listener.event(Event(AT, "outcome", "push", "push/a", "deleted"))
        listener.event(Event(AT, "account-stopped", account="push"))
        yield from text_string_to_metric_families(metrics.page("")[2].decode())

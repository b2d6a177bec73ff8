"""OpenTelemetry where `OTEL_*` asks for it: what a collector gets, and that it changes nothing."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.support.apply_site import KEYS, NUMBERS, Site, sandbox
from tests.support.wire_server import Got, Serve, Wire, plain, serving_in_a_thread

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"


class Collector:
    """Takes what is sent by OTLP over HTTP."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.service: set[str] = set()
        self.metrics: dict[str, Metric] = {}
        self.bytes = b""

    async def __call__(self, wire: Wire, got: Got) -> None:
        self.bytes += got.body
        if got.target == "/v1/traces":
            for one in ExportTraceServiceRequest.FromString(got.body).resource_spans:
                self.service |= {
                    pair.value.string_value
                    for pair in one.resource.attributes
                    if pair.key == "service.name"
                }
                self.spans += [span for scope in one.scope_spans for span in scope.spans]
        else:
            for told in ExportMetricsServiceRequest.FromString(got.body).resource_metrics:
                found = [metric for scope in told.scope_metrics for metric in scope.metrics]
                self.metrics |= {metric.name: metric for metric in found}
        wire.write(plain("200 OK", b"", "Content-Type: application/x-protobuf"))

    def named(self, name: str) -> list[Span]:
        return [one for one in self.spans if one.name == name]


@contextmanager
def collected(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with serving_in_a_thread(serve) as url:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
        yield


def attributes(span: Span) -> dict[str, object]:
    return {pair.key: pair.value.string_value or pair.value.int_value for pair in span.attributes}


def test_a_run_is_a_trace_of_accounts_and_requests(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector = Collector()
    monkeypatch.setenv("TRACEPARENT", f"00-{TRACE}-{PARENT}-01")
    with collected(collector, monkeypatch):
        site.plan()
        assert site.apply("--first-run") == 0, site.err
    assert collector.service == {"reconciler"}
    (run,) = collector.named("reconciler apply")
    assert (run.trace_id.hex(), run.parent_span_id.hex()) == (TRACE, PARENT)
    accounts = {attributes(one)["reconciler.account"]: one for one in collector.named("account")}
    assert set(accounts) == set(site.accounts)
    assert {one.parent_span_id for one in accounts.values()} == {run.span_id}
    sent = [row for row in site.ledger() if row["effect"]]
    requests = collector.named("request")
    assert len(requests) == len(sent)
    for one in requests:
        known = attributes(one)
        assert one.parent_span_id == accounts[known["reconciler.account"]].span_id
        assert known["http.response.status_code"] in (200, 204)
    points = collector.metrics["reconciler.targets"].sum.data_points
    assert sum(one.as_int for one in points) == 15


def test_a_collector_gets_no_secret_no_number_and_no_campaign(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector = Collector()
    with collected(collector, monkeypatch):
        site.plan()
        assert site.apply("--first-run") == 0, site.err
    assert collector.named("request")
    for hidden in (*KEYS.values(), *NUMBERS, "push-old-0", "old 1"):
        assert hidden.encode() not in collector.bytes


@pytest.mark.parametrize("answer", [plain("500 Internal Server Error", b"no"), b"lies\r\n\r\n"])
def test_a_collector_that_refuses_or_lies_is_told_and_changes_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    async def serve(wire: Wire, got: Got) -> None:
        del got
        wire.write(answer)

    with collected(serve, monkeypatch):
        site.plan()
        code, report = site.report("--first-run")
    assert (code, report["summary"]["deleted"]) == (0, 15)
    assert site.err.count("did not reach the collector") == 1
    assert "Traceback" not in site.err
    assert "opentelemetry" not in site.err


def test_a_collector_that_says_nothing_keeps_nobody(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, never = threading.Event(), threading.Event()

    async def serve(wire: Wire, got: Got) -> None:
        del wire, got
        asked.set()
        import asyncio

        while not never.is_set():
            await asyncio.sleep(0.05)

    with collected(serve, monkeypatch):
        site.plan()
        code, report = site.report("--first-run")
        never.set()
    assert asked.is_set()
    assert (code, report["summary"]["deleted"]) == (0, 15)
    assert "did not reach the collector" in site.err


@pytest.mark.parametrize(
    ("name", "value"), [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none")]
)
def test_what_is_switched_off_is_not_sent(
    site: Site, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    collector = Collector()
    monkeypatch.setenv(name, value)
    with collected(collector, monkeypatch):
        site.plan()
        assert site.apply("--first-run") == 0, site.err
    assert collector.spans == []
    assert bool(collector.metrics) == (name == "OTEL_TRACES_EXPORTER")


def test_a_doubt_is_an_error_of_its_request(bare: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    collector = Collector()
    with sandbox("ozonetel:drop-after=2") as url, collected(collector, monkeypatch):
        bare.url = url
        bare.write()
        bare.plan("--account", "dialer")
        bare.apply("--first-run", "--max-wait", "0")
    wrong = [one for one in collector.named("request") if one.status.code == 2]
    assert len(wrong) == 1

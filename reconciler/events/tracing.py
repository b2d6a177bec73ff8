"""What a run tells, as OpenTelemetry traces and metrics, sent by OTLP over HTTP.

Asked for by the `OTEL_*` variables of the environment, which the SDK reads by itself
(opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables). The collector is a
spectator: one that is slow, dead or lying delays the end of a run by `LONGEST` seconds at most, and
never changes it. No target, name or number is sent: only accounts, counts and times.
"""

import logging
import threading
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    MetricExportResult,
    MetricsData,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.trace import Span, StatusCode, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from reconciler.events import Event, Listener, Relay

LONGEST = 3.0  # seconds that the end of a run waits for the collector

_SCOPE = "reconciler"


class TracingListener(Relay):
    """A span for the run, for each account and for each request; counts and times as metrics.

    *command* names the run (`apply`); *environ* gives `TRACEPARENT`, the span that this run is
    part of. *version* is the program's. Everything is told to *other* first.
    """

    def __init__(
        self, other: Listener, *, command: str, version: str, environ: Mapping[str, str]
    ) -> None:
        super().__init__(other)
        self._command = command
        self._version = version
        self._environ = environ
        self._tale: _Tale | None = None

    def begin(self, numbers: Collection[str]) -> None:
        super().begin(numbers)
        self._tale = _Tale(self._command, self._version, self._environ)

    def event(self, event: Event) -> None:
        super().event(event)
        if self._tale is not None:
            self._tale.take(event)

    def end(self) -> None:
        tale, self._tale = self._tale, None
        undelivered = "" if tale is None else tale.close()
        super().end()
        if undelivered:
            self.note(undelivered)


class _Tale:
    """The open spans of one run, and its counts."""

    def __init__(self, command: str, version: str, environ: Mapping[str, str]) -> None:
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL + 1)  # we say it, at the end
        made = {SERVICE_VERSION: version}
        if not environ.get("OTEL_SERVICE_NAME"):
            made[SERVICE_NAME] = "reconciler"
        resource = Resource.create(made)
        self._failed: list[str] = []
        self._spans = TracerProvider(resource=resource, shutdown_on_exit=False)
        if environ.get("OTEL_TRACES_EXPORTER", "otlp") != "none":
            self._spans.add_span_processor(BatchSpanProcessor(_Spans(self._failed)))
        readers = []
        if environ.get("OTEL_METRICS_EXPORTER", "otlp") != "none":
            readers = [PeriodicExportingMetricReader(_Metrics(self._failed))]
        self._meters = MeterProvider(readers, resource, shutdown_on_exit=False)
        meter = self._meters.get_meter(_SCOPE, version)
        self._outcomes = meter.create_counter(
            "reconciler.targets", "{target}", "Targets by what became of them"
        )
        self._seconds = meter.create_histogram(
            "reconciler.request.duration", "s", "From a request's first byte to its whole answer"
        )
        self._tracer = self._spans.get_tracer(_SCOPE, version)
        carrier = {key.lower(): environ[key] for key in _CONTEXT if environ.get(key)}
        parent = TraceContextTextMapPropagator().extract(carrier)
        self._run = self._tracer.start_span(f"reconciler {command}", parent)
        self._accounts: dict[str, Span] = {}
        self._requests: dict[tuple[str, int], Span] = {}

    def take(self, event: Event) -> None:
        if event.kind == "run-started":
            self._run.set_attributes(_known(plan=event.detail, targets=event.total))
        if event.account is None:
            return
        span = self._account(event)
        match event.kind:
            case "request" if event.request is not None:
                self._begin(event, span, event.request, event.account)
            case "answer":
                key = (event.account, event.request or 0)
                if (request := self._requests.pop(key, None)) is not None:
                    self._answered(event, request, event.account)
            case "outcome":
                self._outcomes.add(1, _known(account=event.account, outcome=event.outcome))
            case "wait" | "look":
                span.add_event(event.kind, _known(until=event.until), _nanos(event.at))
            case "account-stopped":
                span.set_status(StatusCode.ERROR, "stopped")
            case "account-done":
                span.set_attributes(_known(done=event.done))
                self._accounts.pop(event.account).end(_nanos(event.at))
            case _:
                pass

    def _account(self, event: Event) -> Span:
        name = event.account or ""
        if name not in self._accounts:
            self._accounts[name] = self._tracer.start_span(
                "account",
                set_span_in_context(self._run),
                attributes=_known(account=name, targets=event.total),
                start_time=_nanos(event.at),
            )
        return self._accounts[name]

    def _begin(self, event: Event, account: Span, number: int, name: str) -> None:
        self._requests[(name, number)] = self._tracer.start_span(
            "request",
            set_span_in_context(account),
            attributes=_known(account=name, request=number, targets=event.total),
            start_time=_nanos(event.at),
        )

    def _answered(self, event: Event, span: Span, name: str) -> None:
        span.set_attributes(_known(meaning=event.detail))
        if event.status is not None:
            span.set_attribute("http.response.status_code", event.status)
        if event.detail in _WRONG:
            span.set_status(StatusCode.ERROR, event.detail)
        if event.seconds is not None:
            self._seconds.record(event.seconds, _known(account=name, status=event.status))
        span.end(_nanos(event.at))

    def close(self) -> str:
        """End what is open and hand it over; what to tell if that could not be done, else ""."""
        for span in self._requests.values():
            span.set_status(StatusCode.ERROR, "no answer was seen")
            span.end()
        for span in (*self._accounts.values(), self._run):
            span.end()
        # In a thread that dies with the process: a collector that says nothing keeps nobody.
        sending = threading.Thread(target=self._hand_over, name="telemetry", daemon=True)
        sending.start()
        sending.join(LONGEST)
        if sending.is_alive():
            self._failed.append(f"it took longer than {LONGEST:g} s")
        if not self._failed:
            return ""
        return (
            "traces or metrics of this run did not reach the collector"
            f" ({self._failed[0]}); see OTEL_EXPORTER_OTLP_ENDPOINT. The run itself is as told."
        )

    def _hand_over(self) -> None:
        self._spans.shutdown()
        self._meters.shutdown()


_CONTEXT = ("TRACEPARENT", "TRACESTATE")
_REFUSED = "it took nothing"
_WRONG = ("doubt", "no-answer", "failed", "unauthorised")


class _Spans(OTLPSpanExporter):
    """Remembers in *failed* that something was not taken."""

    def __init__(self, failed: list[str]) -> None:
        super().__init__()
        self._failed = failed

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = super().export(spans)
        if result is not SpanExportResult.SUCCESS:
            self._failed.append(_REFUSED)
        return result


class _Metrics(OTLPMetricExporter):
    """Remembers in *failed* that something was not taken."""

    def __init__(self, failed: list[str]) -> None:
        super().__init__()
        self._failed = failed

    def export(
        self, metrics_data: MetricsData, timeout_millis: float | None = 10_000, **kwargs: Any
    ) -> MetricExportResult:
        result = super().export(metrics_data, timeout_millis, **kwargs)
        if result is not MetricExportResult.SUCCESS:
            self._failed.append(_REFUSED)
        return result


def _known(**values: object) -> dict[str, Any]:
    """Attributes of ours, without what is not known."""
    return {
        f"reconciler.{key}": value if isinstance(value, int) else str(value)
        for key, value in values.items()
        if value is not None
    }


def _nanos(moment: datetime) -> int:
    """Nanoseconds since 1970, as spans count."""
    return int(moment.timestamp() * 1_000_000) * 1000

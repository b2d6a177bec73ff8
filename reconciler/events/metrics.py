"""What runs tell, counted for Prometheus, and served with the health of the process.

`GET /metrics` is the text format (prometheus.io/docs/instrumenting/exposition_formats), `/livez`
says that the process runs, `/readyz` whether it can take work (503 with the reason if not).
"""

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder

from reconciler.errors import ReconcilerError, Usage
from reconciler.events import Event, Listener, Relay

_HOST = "127.0.0.1"
_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_TEXT = "text/plain; charset=utf-8"
Page = Callable[[str], tuple[int, str, bytes]]  # the accepted formats -> status, type, body


class Metrics:
    """The counts of one process. Accounts, outcomes and times only: no target and no number."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.targets = self._counter(
            "targets", "Targets by what became of them.", "account", "outcome"
        )
        self.requests = self._counter(
            "requests", "Requests by their answer's status; none: no answer.", "account", "status"
        )
        self.stopped = self._counter("accounts_stopped", "Accounts that were stopped.", "account")
        self.seconds = Histogram(
            "reconciler_request_seconds",
            "From a request's first byte to its whole answer.",
            ["account"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.in_flight = self._gauge("in_flight", "Requests without an answer so far.", "account")
        self.waiting = self._gauge(
            "waiting_until_seconds",
            "Until when an account sends nothing, in seconds since 1970; 0: it does not wait.",
            "account",
        )
        self.runs = self._gauge("runs", "Runs under way in this process.")

    def _counter(self, name: str, said: str, *labels: str) -> Counter:
        return Counter(f"reconciler_{name}", said, labels, registry=self.registry)

    def _gauge(self, name: str, said: str, *labels: str) -> Gauge:
        return Gauge(f"reconciler_{name}", said, labels, registry=self.registry)

    def page(self, accepted: str) -> tuple[int, str, bytes]:
        """What `/metrics` answers to who takes the formats *accepted* (an `Accept` header)."""
        encoder, kind = choose_encoder(accepted)
        return HTTPStatus.OK, kind, encoder(self.registry)


class MetricsListener(Relay):
    """Counts in *metrics* what one run tells; everything is told to *other* first."""

    def __init__(self, other: Listener, metrics: Metrics) -> None:
        super().__init__(other)
        self._metrics = metrics
        self._open: set[tuple[str, int]] = set()

    def begin(self, numbers: Collection[str]) -> None:
        super().begin(numbers)
        self._metrics.runs.inc()

    def event(self, event: Event) -> None:
        super().event(event)
        account, metrics = event.account, self._metrics
        if account is None:
            return
        match event.kind:
            case "request" if event.request is not None:
                self._open.add((account, event.request))
                metrics.in_flight.labels(account).inc()
                metrics.waiting.labels(account).set(0)
            case "outcome":
                metrics.targets.labels(account, event.outcome or "unknown").inc()
            case "answer":
                self._answered(event, account)
            case "wait" if event.until is not None:
                metrics.waiting.labels(account).set(event.until.timestamp())
            case "account-stopped":
                metrics.stopped.labels(account).inc()
            case "account-done":
                metrics.waiting.labels(account).set(0)
            case _:
                pass

    def _answered(self, event: Event, account: str) -> None:
        if event.request is None or (account, event.request) not in self._open:
            return
        self._open.discard((account, event.request))
        self._metrics.in_flight.labels(account).dec()
        self._metrics.requests.labels(account, str(event.status or "none")).inc()
        if event.seconds is not None:
            self._metrics.seconds.labels(account).observe(event.seconds)

    def end(self) -> None:
        self._metrics.runs.dec()
        for account, _ in self._open:
            self._metrics.in_flight.labels(account).dec()
        self._open.clear()
        super().end()


def address_of(text: str) -> tuple[str, int]:
    """Host and port of `[HOST:]PORT`; without a host, this machine alone. `Usage` if it is none."""
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (port.isascii() and port.isdigit() and int(port) < 65536) or (colon and not host):
        raise Usage(f"--metrics {text!r}: write a port (9100), or HOST:PORT (0.0.0.0:9100)")
    return host or _HOST, int(port)


@contextmanager
def served(
    metrics: Metrics, address: tuple[str, int], waiting_for: Callable[[], str | None]
) -> Iterator[str]:
    """Meanwhile *address* answers; gives the URL it listens at (port 0: any that is free).

    *waiting_for* says what keeps the process from taking work, None if nothing does; it is asked
    from another thread. `ReconcilerError` where nobody can listen there.
    """

    def ready(_: str) -> tuple[int, str, bytes]:
        why = waiting_for()
        if why is None:
            return HTTPStatus.OK, _TEXT, b"ready\n"
        return HTTPStatus.SERVICE_UNAVAILABLE, _TEXT, f"{why}\n".encode()

    pages: dict[str, Page] = {
        "/metrics": metrics.page,
        "/livez": lambda _: (HTTPStatus.OK, _TEXT, b"alive\n"),
        "/readyz": ready,
    }
    try:
        server = _Server(address, pages)
    except OSError as error:
        host, port = address
        raise ReconcilerError(f"cannot listen at {host}:{port}: {error.strerror}") from error
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    try:
        yield f"http://{address[0]}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], pages: dict[str, Page]) -> None:
        self.pages = pages
        super().__init__(address, _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A reader that went away is nothing to tell."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 10  # seconds that a silent reader may keep a thread

    def do_GET(self) -> None:
        page = self.server.pages.get(self.path.partition("?")[0])
        if page is None:
            status, kind, body = HTTPStatus.NOT_FOUND.value, _TEXT, b"not found\n"
        else:
            status, kind, body = page(self.headers.get("Accept", ""))
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's
        """Scrapes are not worth a line."""

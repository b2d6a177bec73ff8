"""What was asked, in order of arrival, and what each request changed.

Headers are kept as they came, keys and tokens included: this is a test tool, and whether a key
went where it should is what tests ask. Never start a sandbox with credentials of a vendor.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

from reconciler.sandbox.wire import Call, Reply, parsed


class Ledger:
    """Rows of `GET /__ledger`. *began* is the time of day when *clock* stood at its start."""

    def __init__(self, clock: Callable[[], float], began: datetime) -> None:
        self._start = clock()
        self._began = began.astimezone(UTC)
        self.rows: list[dict[str, Any]] = []

    def open(self, vendor: str, call: Call, path: str, query: str) -> dict[str, Any]:
        """A row for a request that has arrived: no answer and no effect yet."""
        at = self._began + timedelta(seconds=call.at - self._start)
        several = parse_qs(query, keep_blank_values=True)
        body = parsed(call.body)
        row: dict[str, Any] = {
            "at": f"{at.replace(tzinfo=None).isoformat(timespec='microseconds')}Z",
            "vendor": vendor,
            "method": call.method,
            "path": path,
            "query": {key: v[0] if len(v) == 1 else v for key, v in several.items()},
            "headers": dict(call.headers),
            "body": call.body.decode("utf-8", "replace") if call.body and body is None else body,
            "status": None,
            "effect": [],
        }
        self.rows.append(row)
        return row


def close(row: dict[str, Any], reply: Reply | None) -> None:
    """Write down the answer's status; None: the connection was cut without one."""
    row["status"] = None if reply is None else reply.status

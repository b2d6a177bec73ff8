"""A sentence or a diagnostic of the log as one JSON object a line: `--log-format json`.

What happens in a run is logged as its event, see `reconciler.events.to_json_line`.
"""

import json
from datetime import datetime

from reconciler.errors import Diagnostic
from reconciler.model import stamp
from reconciler.safe import printable_json


def sentence(at: datetime, level: str, message: str) -> str:
    """`{"at","level","message"}`, harmless in a terminal and in a CI log."""
    return _line(at, level, message)


def diagnostic(at: datetime, one: Diagnostic) -> str:
    """The same with `code`, `path`, `line`, `column` and `fix`, where they are known."""
    beside = {"code": one.code, "path": one.path, "line": one.line, "column": one.column}
    return _line(at, one.severity, one.message, **beside, fix=one.fix)


def _line(at: datetime, level: str, message: str, **beside: object) -> str:
    told = {"at": stamp(at, "milliseconds"), "level": level, "message": message}
    known = {key: value for key, value in beside.items() if value is not None}
    return printable_json(json.dumps({**told, **known}, separators=(",", ":")))

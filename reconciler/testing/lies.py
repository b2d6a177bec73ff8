"""Answers that look like a success and are none, made from a real success and from habit."""

import json
from collections.abc import Iterator
from typing import Any, Final

from reconciler.driver import Answer

_STATUSES: Final = (
    *(201, 202, 203, 204, 205, 206, 207, 226),
    *(300, 301, 302, 303, 304, 307, 308),
    *(400, 401, 402, 403, 404, 405, 406, 408, 409, 410, 411, 413, 415, 418, 421, 422, 423, 425),
    *(426, 428, 429, 431, 451, 499, 500, 501, 502, 503, 504, 507, 508, 511, 520, 522, 524, 599),
    *(100, 101, 102, 103, 0, 999),
)
_REFUSALS: Final = (400, 401, 403, 404, 405, 409, 410, 415, 422, 423, 429, 500, 503)
_SENTENCE: Final = b'{"message":"it cannot be done now"}'
_VALUES: Final = (
    *(b"null", b"true", b"false", b"0", b"1", b"200", b"204", b'""', b'"success"', b'"true"'),
    *(b"[]", b"[{}]", b"[true]", b'["success"]', b'[{"status":"success"}]', b'[{"status":true}]'),
    *(b"{}", b" ", b"\n", b"\x00", b"OK", b"success", b"true\n", b"deleted", b"status=success"),
)
_WORDS: Final[tuple[Any, ...]] = (
    *("ok", "OK", "Ok", "done", "true", "True", "TRUE", "yes", "1", "200", "accepted", "queued"),
    *("successful", "succeeded", "success ", "succe\u017fs", "not success", "unsuccessful"),
    *("failure", "error", "Error", "fail", "false", "pending", "", "null", "Stopped", "partial"),
    *(True, False, 0, 1, 200, 1.0, None, [], {}, ["success"], {"status": "success"}),
)
_FAILURES: Final = (
    {"status": "false", "message": "Token Expired", "data": None},
    {"status": "false", "message": "Invalid Token", "data": None},
    {"status": "Error", "message": "Max limit exceeded"},
    {"status": "Error", "message": "No Record Found"},
    {"status": "Error", "message": "Passed campaign are invalid"},
    {"status": "failure", "message": "not found"},
    {"status": "error", "message": "You've exceeded the per-minute rate limit."},
    {"error_code": 20, "error_message": "ROUTE_NOT_FOUND"},
    {"error_code": "20", "error_message": "ROUTE_NOT_FOUND"},
    {"error_code": 0, "error_message": "SERVER_ERROR"},
    {"error_code": 10}, {"error_code": 12}, {"error_code": 60}, {"error_code": None},
    {"error_message": "unknown"}, {"error": "unknown"}, {"errors": [{"msg": "unknown"}]},
    {"code": 400, "message": "messageId is required", "stack": "APIError: x"},
    {"code": 401, "message": "Token expired", "stack": "APIError: x"},
    {"code": 4002, "msg": "Invalid SDK credentials"},
    {"status": False, "message": "message not found", "data": {}, "error": {"error": "x"}},
    {"success": False}, {"success": "true", "status": "failed"}, {"ok": False, "status": 500},
)  # fmt: skip
_PAGES: Final = (
    b"<!DOCTYPE html><html><body>Log in</body></html>",
    b"<html><body>success</body></html>",
    b"<?xml version='1.0'?><status>success</status>",
    b"Too many requests",
    b"upstream connect error",
)


def twisted(success: Answer) -> Iterator[tuple[str, Answer]]:
    """Some 250 answers with a name each; a few may still be what a vendor documents as success.

    *success*: one documented success. Those that break JSON are wrong for every vendor.
    """
    body = success.body
    for status in _STATUSES:
        yield f"{status} with the success body", _answer(status, body)
        yield f"{status} without a body", _answer(status, b"")
    for status in _REFUSALS:
        yield f"{status} with a sentence", _answer(status, _SENTENCE)
    for value in (*_VALUES, *_PAGES):
        yield f"200 {value[:30]!r}", _answer(success.status or 200, value)
    for failure in _FAILURES:
        yield f"200 {failure}", _answer(200, json.dumps(failure).encode())
    for name, broken in broken_json(body or b'{"status":"success"}'):
        yield f"200 {name}", _answer(200, broken)
    for word in _WORDS:
        yield f"200 status {word!r}", _answer(200, _with(body, status=word))


def broken_json(body: bytes) -> Iterator[tuple[str, bytes]]:
    """*body* (a JSON object) in forms that no strict reader takes for JSON."""
    inside = body.strip()[1:-1]
    comma = b"," if inside.strip() else b""
    for cut in sorted({1, len(body) // 4, len(body) // 2, len(body) - 1}):
        if body[:cut].strip():
            yield f"cut after {cut} bytes", body[:cut]
    yield "with a byte too many", body + b"}"
    yield "twice", body + body
    yield "followed by a page", body + b"<html></html>"
    yield "after a byte order mark", b"\xef\xbb\xbf" + body
    yield "in UTF-16", body.decode("utf-8").encode("utf-16")
    yield "with a key twice", b'{"a":1,"a":2' + comma + inside + b"}"
    yield "with every key twice", b"{" + inside + (comma or b'"a":1,"a":1') + inside + b"}"
    yield "with NaN", b'{"a":NaN' + comma + inside + b"}"
    yield "with Infinity", b'{"a":-Infinity' + comma + inside + b"}"
    yield "with a number too large", b'{"a":1e999' + comma + inside + b"}"
    yield "with a byte that is no UTF-8", b'{"a":"\xff"' + comma + inside + b"}"
    yield "with half a surrogate pair", b'{"a":"\\ud800"' + comma + inside + b"}"
    yield "with a comment", b"/* */" + body
    yield "with a trailing comma", b"{" + inside + b",}"
    yield "in single quotes", body.replace(b'"', b"'") if b'"' in body else b"{'a':1}"
    yield "too deep", b'{"a":' * 5_000 + body + b"}" * 5_000
    yield "too deep in a list", b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + comma + inside + b"}"
    yield "with an endless number", b'{"a":' + b"9" * 5_000 + comma + inside + b"}"


def _answer(status: int, body: bytes) -> Answer:
    return Answer(status, {"content-type": "application/json"}, body)


def _with(body: bytes, **changes: Any) -> bytes:
    try:
        value = json.loads(body)
    except ValueError:
        value = {}
    return json.dumps({**(value if isinstance(value, dict) else {}), **changes}).encode()

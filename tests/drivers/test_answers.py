"""What an answer says of failure where no page shows the body of a success."""

import pytest
from msgspec.structs import replace

from reconciler.driver import Doubt
from reconciler.drivers.answers import endless, speaks_of_failure
from tests.support.driver_examples import answer

FAILURES = [
    {"error_code": 31},
    {"error_code": 0},
    {"errorCode": None},
    {"data": {"error_code": 31}},
    {"data": [{"a": 1}, {"Error-Code": "20"}]},
    {"error": "unknown"},
    {"a": {"errors": [{"msg": "unknown"}]}},
    {"error_description": "x"},
    {"failed": 1},
    {"failures": ["a"]},
    {"ok": False},
    {"ok": 0},
    {"deleted": 0},
    {"result": None},
    {"a": [[{"b": False}]]},
    {"success": "true"},
    {"success": None},
    {"data": {"success": 0}},
    {"status": 404},
    {"status": "404"},
    {"status": "500 Internal"},
    {"status": 400.0},
    {"statusCode": 503},
    {"meta": {"http_status": 401}},
    {"status": "failed"},
    {"state": "FAILURE"},
    {"status": ""},
    {"message": "campaign not found"},
    {"message": "Invalid id"},
    {"detail": "You are unauthorized"},
    {"code": 400},
    {"code": "NOT_FOUND"},
]
HARMLESS = [
    {},
    {"id": "a"},
    {"message": "Campaign deleted"},
    {"status": "success"},
    {"status": 200},
    {"status": "204"},
    {"statusCode": 399},
    {"success": True, "errors": [], "error": None, "failed": 0},
    {"ok": 1},
    {"deleted": 1},
    {"deleted": ["a"]},
    {"name": "Error test, failed"},
    {"data": {"count": 404, "year": 2026, "note": None}},
]


@pytest.mark.parametrize("said", FAILURES, ids=str)
def test_it_speaks_of_a_failure(said):
    assert speaks_of_failure(said)


@pytest.mark.parametrize("said", HARMLESS, ids=str)
def test_it_does_not_speak_of_a_failure(said):
    assert not speaks_of_failure(said)


def test_a_body_whose_end_nobody_announced_is_in_doubt():
    assert endless(answer(200)) is None
    assert endless(replace(answer(200), announced=False)) == Doubt(
        "HTTP 200 with a body whose end nobody announced"
    )

"""What both Batch APIs share: the documented errors.

The pages promise an "actionable error message" and name codes, but no JSON keys; third-party
clients read `error_code` and `error_message`, so those are what is sent.
"""

from reconciler.sandbox.wire import Reply, failure, page

_NAMES = {
    0: "SERVER_ERROR",
    1: "SERVER_ERROR",
    2: "MAINTENANCE_ERROR",
    10: "AUTHENTICATION_INVALID",
    12: "API_MISUSE",
    20: "ROUTE_NOT_FOUND",
    30: "MISSING_PARAMETER",
    31: "MALFORMED_PARAMETER",
    32: "MALFORMED_JSON_BODY",
    60: "TOO_MANY_REQUESTS",
}


def error(status: int, code: int, text: str) -> Reply:
    """A documented failure: HTTP *status* with Batch's own *code*."""
    return failure(status, {"error_code": code, "error_message": f"{_NAMES[code]}: {text}"})


NOT_FOUND = error(404, 20, "this route or resource does not exist")
UNAUTHORISED = error(401, 10, "the REST API key is not valid")
MISUSE = error(403, 12, "this key may not do that")
TOO_MANY = error(429, 60, "please wait for at least 5 seconds before trying again")
ERRORS = (error(500, 0, "unexpected error"), page(503, "Under maintenance"), error(500, 1, "error"))

"""Ozonetel CloudAgent: DeleteBulkData, deleteCampaignData, generateToken, campaignStatus.

Pages: docs.ozonetel.com/reference/{delete_ca-apis-deletebulkdata, …-deletebulkdata-1 (basic),
delete_ca-apis-deletecampaigndata, post_ca-apis-catoken-generatetoken,
get_ca-apis-campaignstatus}. No HTTP status is documented, so everything comes with 200 unless
the fault `http-status` is on. The success body of the bulk call is that of its one-record sibling.
"""

from collections.abc import Callable
from typing import Any

from reconciler.model import Status
from reconciler.sandbox._ozonetel_tokens import Tokens
from reconciler.sandbox.limits import Limit, Window
from reconciler.sandbox.state import Held, State
from reconciler.sandbox.vendor import Vendor
from reconciler.sandbox.wire import Call, Reply, failure, page, parsed, success

BULK = ("ca_apis", "DeleteBulkData")
ONE = ("ca_apis", "deleteCampaignData")
TOKEN = ("ca_apis", "CAToken", "generateToken")
STATUS = ("ca_apis", "campaignStatus")
VERBS: dict[tuple[str, ...], str] = {BULK: "DELETE", ONE: "DELETE", TOKEN: "POST", STATUS: "GET"}

MOST = 100
_POSITIONS = {
    Status.READY: "READY",
    Status.COMPLETED: "COMPLETED",
    Status.SENT: "COMPLETED",
    Status.RUNNING: "RUNNING",
    Status.STOPPED: "STOPPED",
    Status.PAUSED: "STOPPED",
}


class Ozonetel(Vendor):
    """Bulk: 2 requests a minute, one at a time; one record: 100 a minute; 10 tokens an hour."""

    name = "ozonetel"
    errors: tuple[Reply, ...] = (page(500, "Internal Server Error"), page(502, "Bad Gateway"))

    def __init__(self, state: State, speed: float, *, wall: Callable[[], float]) -> None:
        self._state = state
        self._windows: dict[tuple[str, ...], Window] = {
            BULK: Window(2, 60 / speed, open=1),
            ONE: Window(100, 60 / speed),
        }
        self._tokens = Tokens(3600 / speed, wall)

    def limits(self, call: Call) -> tuple[Limit, ...]:
        """Counted under the user that the body names."""
        window = self._windows.get(call.path)
        body = parsed(call.body)
        user = body.get("userName") if isinstance(body, dict) else None
        return () if window is None else ((window, str(user)),)

    def throttled(self, _call: Call, _nth: int) -> Reply:
        """The answer to one too many, and to one that overlaps another."""
        return _error("Max limit exceeded")

    def answer(self, call: Call) -> Reply:
        verb = VERBS.get(call.path)
        if verb != call.method:
            return page(
                404 if verb is None else 405, "Not Found" if verb is None else "Not Allowed"
            )
        body = call.json_object()
        if body is None:
            reply = _false("Invalid Json Pass Valid Json")
        elif call.path == TOKEN:
            reply = self._token(call, body)
        else:
            reply = self._refused(call, body) or self._act(call, body)
        return self.with_status(reply) if "http-status" in call.faults else reply

    def with_status(self, reply: Reply) -> Reply:
        """The fault `http-status`: a failure as others have seen it, with 401, 429 or 400."""
        if reply.ok:
            return reply
        status = 429 if b"Max limit" in reply.body else 401 if b'"false"' in reply.body else 400
        return Reply(status, reply.body, reply.content_type)

    def _token(self, call: Call, body: dict[str, Any]) -> Reply:
        user, key = body.get("userName"), call.headers.get("apikey", "")
        if not isinstance(user, str) or not user:
            return _false("UserName is null")
        if (
            "auth" in call.faults
            or not key.startswith("sandbox-")
            or not self._state.known(self.name, {"userName": user})
        ):
            return _false("Invalid userName or apiKey")
        token = self._tokens.issue(user, call.at)
        if token is None:
            return self.throttled(call, 0)
        return success({"token": token, "message": ""})

    def _refused(self, call: Call, body: dict[str, Any]) -> Reply | None:
        """Credentials, then the user; an account that was told its mode accepts no other."""
        user = body.get("userName")
        named = {"userName": user} if isinstance(user, str) and user else {}
        mode = self._state.setting(self.name, named, "authentication") if named else None
        if mode != "basic" and (mode == "token" or "authorization" in call.headers):
            why = self._tokens.fault_of(call, named.get("userName"))
        else:
            key = call.headers.get("apikey", "")
            why = None if key.startswith("sandbox-") else "Invalid userName or apiKey"
            if not key and mode == "basic":
                why = "Api Key Should Not be Null or Empty."
            elif not key:
                why = "Token Should Not be Null or Empty."
            elif "auth" in call.faults:
                why = "Invalid userName or apiKey"
        if why is not None:
            return _false(why)
        if not named:
            return _false("Username Should Not be Null or Empty.")
        return None if self._state.known(self.name, named) else _false("Invalid User Details")

    def _act(self, call: Call, body: dict[str, Any]) -> Reply:
        if call.path == STATUS:
            return self._status(body)
        return self._delete_bulk(body) if call.path == BULK else self._delete_one(body)

    def _delete_bulk(self, body: dict[str, Any]) -> Reply:
        numbers, names = body.get("phoneNumber"), body.get("campaignName")
        if not isinstance(numbers, list) or not numbers:
            return _error("PhoneNumbers should not be null are empty")
        if not isinstance(names, list):
            return _error("Campaign should not be null are empty")
        if not all(isinstance(one, int) and not isinstance(one, bool) for one in numbers):
            return _false("Invalid Json Pass Valid Json")
        if len(numbers) > MOST or len(names) > MOST:
            text = "A maximum of 100 phone numbers or 100 campaign names will be accepted"
            return _error(text)
        found = [self._named(name, body) for name in names]
        if not found or not all(found):
            return _error("Passed campaign are invalid")
        return _removed([one for several in found for one in several], map(str, numbers))

    def _delete_one(self, body: dict[str, Any]) -> Reply:
        number, name = body.get("phoneNumber"), body.get("campaignName")
        if number is None or number == "":
            return _error("PhoneNumbers should not be null are empty")
        if name is None or name == "":
            return _error("Campaign should not be null are empty")
        if not isinstance(number, str) or not isinstance(name, str):
            return _false("Invalid Json Pass Valid Json")
        return _removed(self._named(name, body), [number])

    def _named(self, name: object, body: dict[str, Any]) -> list[Held]:
        """Campaigns go by name, to the byte."""
        if not isinstance(name, str):
            return []
        return self._state.find(self.name, name, {"userName": body["userName"]})

    def _status(self, body: dict[str, Any]) -> Reply:
        name, user = body.get("campaignName"), body["userName"]
        if not isinstance(name, str) or not name:
            return failure(200, {"status": "failure", "message": "All parameters are mandatory"})
        # The vendor's sample asks for one name and shows four: anything alike comes along.
        alike = name.strip().casefold()
        found = [
            {
                "CampaignID": one.campaign.id,
                "CampaignName": one.campaign.name,
                "UserName": user,
                "Position": _POSITIONS.get(one.campaign.status or Status.UNKNOWN, "READY"),
            }
            for one in self._state.all(self.name, {"userName": user})
            if alike in one.campaign.name.casefold()
        ]
        if not found:
            return failure(200, {"status": "failure", "message": "no record found"})
        return success({"status": "success", "message": found})


def _removed(campaigns: list[Held], numbers: Any) -> Reply:
    """Each listed number from each listed campaign; the campaigns themselves stay."""
    effect = []
    for number in dict.fromkeys(numbers):
        for held in campaigns:
            if number in held.numbers:
                del held.numbers[number]
                effect.append(held.target(number))
    if not effect:
        return _error("No Record Found")
    return success({"status": "Success", "message": "Deleted Successfully"}, effect=tuple(effect))


def _false(message: str) -> Reply:
    return failure(200, {"status": "false", "message": message, "data": None})


def _error(message: str) -> Reply:
    return failure(200, {"status": "Error", "message": message})

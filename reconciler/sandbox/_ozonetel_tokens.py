"""Ozonetel's tokens (docs.ozonetel.com/reference/post_ca-apis-catoken-generatetoken).

They live 60 minutes, at most 10 are issued in an hour, and each new one ends all earlier ones of
its user. They are JWTs (HS512, `sub`, `iat`, `exp` 3600 s apart), as the vendor's sample is.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable

from reconciler.sandbox.limits import Window
from reconciler.sandbox.wire import Call

LIFETIME = 3600.0  # seconds; not made shorter by --speed: the token says when it expires


class Tokens:
    """The newest token of each user. *hour* is the window of the issue limit in seconds."""

    def __init__(self, hour: float, wall: Callable[[], float]) -> None:
        self._window = Window(10, hour)
        self._wall = wall
        self._issued = 0
        self._newest: dict[str, tuple[str, float]] = {}

    def issue(self, user: str, at: float) -> str | None:
        """A new token that ends the earlier ones; None over the limit, and nothing ends."""
        if not self._window.enter(user, at):
            return None
        self._issued += 1
        now = int(self._wall())
        claims = {"sub": user, "exp": now + int(LIFETIME), "iat": now}
        signed = f"{_part({'alg': 'HS512'})}.{_part(claims)}"
        # Two tokens of one second have the same claims: the serial number keeps them apart.
        key = f"sandbox {self._issued}".encode()
        signature = hmac.new(key, signed.encode(), hashlib.sha512).digest()
        token = f"{signed}.{_base64(signature)}"
        self._newest[user] = (token, at)
        return token

    def fault_of(self, call: Call, user: str | None) -> str | None:
        """What the vendor says of the request's token, or None if it is good.

        *user* is whom the body names; None: nobody, which is not the token's fault.
        """
        token = call.bearer()
        if token is None:
            return "Token Should Not be Null or Empty."
        owner = next((name for name, (one, _) in self._newest.items() if one == token), None)
        if owner is None or "auth" in call.faults:
            return "Invalid Token"
        if "expire" in call.faults:
            self._newest[owner] = (token, call.at - LIFETIME)
        if call.at - self._newest[owner][1] >= LIFETIME:
            return "Token Expired"
        return "Invalid User Details" if user and user != owner else None


def _part(value: dict[str, object]) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

"""Who asks: headers, tokens that a vendor gives, tokens that are signed here.

What is secret in them stays wrapped until it is sent.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, get_args

from reconciler.driver import Answer, Doubt, Secret, Text, Throttled, Token, Unauthorised
from reconciler.drivers import answers
from reconciler.drivers.shapes import at
from reconciler.drivers.strictjson import mapping

Algorithm = Literal["HS256", "HS384", "HS512"]
ALGORITHMS: Final[tuple[Algorithm, ...]] = get_args(Algorithm)
_TOKEN: Final = re.compile("[ -~]{1,8192}")
_WAIT: Final = 60.0  # where a token is throttled, and nobody says for how long


def bearer(secret: Secret) -> tuple[str, Text]:
    """`Authorization: Bearer SECRET`."""
    return ("Authorization", ("Bearer ", secret))


def basic(user: str, password: Secret) -> tuple[str, Text]:
    """`Authorization: Basic …` of *user* and *password*."""
    encoded = password.map(lambda text: b64encode(f"{user}:{text}".encode()).decode())
    return ("Authorization", ("Basic ", encoded))


def given(
    answer: Answer, *, take: str = "access_token", lives: str | float | None = "expires_in"
) -> Token | Unauthorised | Throttled | Doubt:
    """What the *answer* to a token request gives: the last line of most drivers' `authenticate`.

    *take*: where the token is in it, with dots. *lives*: where it says for how many seconds, or
    how many that are.
    """
    said = mapping(answer.body) if answers.ok(answer) else None
    found = at(said, take)
    if isinstance(found, str) and _TOKEN.fullmatch(found):
        seconds = _seconds(at(said, lives)) if isinstance(lives, str) else lives
        return Token(Secret.of(found), seconds)
    if answer.status == 429:
        return Throttled("HTTP 429: too many tokens were asked for", _WAIT)
    if answer.status in (400, 401, 403):  # 400: RFC 6749, §5.2
        return Unauthorised(f"no token was given ({answers.told(answer)})")
    return Doubt(f"no token: {answers.odd(answer)}")


def _seconds(value: Any) -> float | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 10:
        value = int(value)
    known = isinstance(value, int | float) and not isinstance(value, bool) and value > 0
    return float(value) if known else None


def signed(
    key: Secret,
    claims: Mapping[str, Any],
    *,
    algorithm: Algorithm = "HS256",
    times: Callable[[], Mapping[str, Any]] = dict,
) -> Secret:
    """A JWT of *claims*, signed with *key* when it is sent and never before.

    *times*: claims that are made then, too (`iat`, `exp` from `session.now`).
    """

    def sign(text: str) -> str:
        import jwt

        # HMAC pads short keys with zeros anyway; padded here, PyJWT does not warn about them.
        padded = text.encode().ljust(64, b"\0")
        return jwt.encode({**claims, **times()}, padded, algorithm=algorithm)

    return key.map(sign)

"""What the driver `http` proves itself by: secrets, a token that is given, one that is signed."""

from collections.abc import Mapping
from typing import Any

from reconciler.driver import (
    Answer,
    Doubt,
    Secret,
    Session,
    Throttled,
    Token,
    Unauthorised,
    duration,
)
from reconciler.drivers import _http_templates as templates
from reconciler.drivers import answers, ids, pages
from reconciler.drivers._http_models import HttpSettings, Jwt, TokenFlow
from reconciler.drivers._http_templates import Filling
from reconciler.drivers.strictjson import mapping

_WAIT = 60.0  # where a token is throttled, and nobody says for how long


def hidden(session: Session) -> Mapping[str, Secret]:
    """Every secret by the placeholder that stands for it."""
    settings: HttpSettings = session.settings
    found = {f"secret.{name}": one.secret() for name, one in settings.secrets.items()}
    found["token"] = session.token
    if settings.jwt is not None:
        found["jwt"] = _signed(session, settings.jwt)
    return found


def base(host: str) -> str:
    """The base URL of a token endpoint."""
    return ids.base_of(host)


def _signed(session: Session, wanted: Jwt) -> Secret:
    """Signed when it is sent and never before: a dry run needs no secret."""
    claims: dict[str, Any] = templates.filled_json(
        wanted.claims, Filling({"nonce": session.nonce()}, {})
    )

    def sign(key: str) -> str:
        import jwt

        times = {}
        if wanted.expires is not None:
            now = int(session.now())
            times = {"iat": now, "exp": now + int(wanted.expires.total_seconds())}
        # HMAC pads short keys with zeros anyway; padded here, PyJWT does not warn about them.
        padded = key.encode().ljust(64, b"\0")
        return jwt.encode({**claims, **times}, padded, algorithm=wanted.algorithm)

    settings: HttpSettings = session.settings
    return settings.secrets[wanted.secret].secret().map(sign)


def token(flow: TokenFlow, answer: Answer) -> Token | Unauthorised | Throttled | Doubt:
    """What the *answer* to a token request gives."""
    said = mapping(answer.body) if answers.ok(answer) else None
    found = pages.at(said, flow.take)
    if (
        isinstance(found, str)
        and 0 < len(found) <= 8192
        and found.isascii()
        and found.isprintable()
    ):
        return Token(Secret.of(found), _lives(flow.expires, said))
    if answer.status == 429:
        return Throttled("HTTP 429: too many tokens were asked for", _WAIT)
    if answer.status in (400, 401, 403):  # 400: RFC 6749, §5.2
        return Unauthorised(f"no token was given ({answers.told(answer)})")
    return Doubt(f"no token: {answers.odd(answer)}")


def _lives(expires: str | None, said: Any) -> float | None:
    """Seconds that a token lives, if anybody says."""
    if expires is None:
        return None
    if expires[0].isdigit():
        return duration(expires).total_seconds()
    found = pages.at(said, expires)
    if isinstance(found, str) and found.isascii() and found.isdecimal() and len(found) < 10:
        found = int(found)
    known = isinstance(found, int | float) and not isinstance(found, bool) and found > 0
    return float(found) if known else None

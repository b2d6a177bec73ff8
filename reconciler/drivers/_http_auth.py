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
from reconciler.drivers import auth, ids
from reconciler.drivers._http_models import HttpSettings, Jwt, TokenFlow
from reconciler.drivers._http_templates import Filling


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

    def times() -> dict[str, int]:
        if wanted.expires is None:
            return {}
        now = int(session.now())
        return {"iat": now, "exp": now + int(wanted.expires.total_seconds())}

    settings: HttpSettings = session.settings
    key = settings.secrets[wanted.secret].secret()
    return auth.signed(key, claims, algorithm=wanted.algorithm, times=times)


def token(flow: TokenFlow, answer: Answer) -> Token | Unauthorised | Throttled | Doubt:
    """What the *answer* to a token request gives."""
    lives: str | float | None = flow.expires
    if flow.expires is not None and flow.expires[0].isdigit():
        lives = duration(flow.expires).total_seconds()
    return auth.given(answer, take=flow.take, lives=lives)

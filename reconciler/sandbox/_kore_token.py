"""Kore.ai's self-signed JWT, checked by hand (docs.kore.ai …/apis/automation/api-introduction).

HS256 keyed with the app's client secret, or another HMAC as the app was told (…/sdk-security);
claims `sub`, `appId` (spelled so), and `jti` where the
app enforces it. Written without a JWT library, so that it can disagree with one.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterable
from typing import Any

_DIGESTS = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}


def fault_of(token: str, secrets: Iterable[str], *, jti: bool, now: float) -> str | None:
    """Why *token* is not accepted, or None. *now* is Unix time, for an `exp` if it has one."""
    parts = token.split(".")
    if len(parts) != 3:
        return "not a JWT"
    header, claims, signature = _object(parts[0]), _object(parts[1]), _bytes(parts[2])
    if header is None or claims is None or signature is None:
        return "not a JWT"
    digest = _DIGESTS.get(str(header.get("alg")))
    if digest is None:
        return "the algorithm is HS256, HS384 or HS512"
    signed = f"{parts[0]}.{parts[1]}".encode()
    keys = (hmac.new(secret.encode(), signed, digest).digest() for secret in secrets)
    if not any(hmac.compare_digest(signature, key) for key in keys):
        return "the signature is not of the client secret"
    return _fault_of_claims(claims, jti=jti, now=now)


def _fault_of_claims(claims: dict[str, Any], *, jti: bool, now: float) -> str | None:
    if not isinstance(claims.get("sub"), str) or not claims["sub"]:
        return "the claim sub is missing"
    if not isinstance(claims.get("appId"), str) or not claims["appId"].startswith("sandbox-"):
        return "the claim appId is not a known client id"
    if jti and not (isinstance(claims.get("jti"), str) and claims["jti"]):
        return "the claim jti is enforced"
    expires = claims.get("exp")
    if expires is not None and not (isinstance(expires, int | float) and expires > now):
        return "expired"
    return None


def _bytes(part: str) -> bytes | None:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None


def _object(part: str) -> dict[str, Any] | None:
    raw = _bytes(part)
    try:
        value = None if raw is None else json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None

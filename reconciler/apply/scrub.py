"""Foreign text without our secrets; pure."""

import base64
import json
from collections.abc import Sequence
from urllib.parse import quote, quote_plus


def scrubbed(text: str, secrets: Sequence[str]) -> str:
    """*text* with each secret, in any spelling a vendor may echo it in, as `***`."""
    for secret in sorted(set(secrets), key=len, reverse=True):
        for spelling in _spellings(secret):
            text = text.replace(spelling, "***")
    return text


def _spellings(secret: str) -> list[str]:
    encoded = secret.encode("utf-8", "surrogatepass")
    spelled = {
        secret,
        secret.strip(),
        quote(encoded, safe=""),
        quote(encoded, safe="~"),
        quote(encoded),
        quote_plus(encoded),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        base64.b64encode(encoded).decode().rstrip("="),
        base64.urlsafe_b64encode(encoded).decode().rstrip("="),
    }
    return sorted((one for one in spelled if one), key=len, reverse=True)

"""URLs of the project file, which hold no secret."""

import re
from urllib.parse import urlsplit

# The same for an editor; it may let more through than the functions below, never less.
_HOST = r"(\[[0-9A-Fa-f:.]+\]|[!-.0-9;=A-Z^-~]+)"  # printable, but for / : < > ? @ [ \ ]
_PORT = "(:[0-9]{0,5})?"
_PATH = r"(/(?!\.{1,2}(/|$))[!\"$-.0->@-\[\]-~]+)*/*"
_HTTPS = f"[Hh][Tt][Tt][Pp][Ss]://{_HOST}{_PORT}"
_HERE = rf"[Hh][Tt][Tt][Pp]://([Ll][Oo][Cc][Aa][Ll][Hh][Oo][Ss][Tt]|127(\.[0-9]{{1,3}}){{3}}|\[::1\]){_PORT}"
BASE_URL = f"^({_HTTPS}|{_HERE}){_PATH}$"
PROXY_URL = f"^[Hh][Tt][Tt][Pp][Ss]?://{_HOST}{_PORT}/*$"


def _url(text: str, *, path: bool, secrets: str, form: str = "https://HOST") -> str:
    """A URL that holds no secret; *path*: may it have one. *secrets*: where these go.

    *form*: how such a one is written.
    """
    # The parser of the standard library drops some of these silently.
    if not re.fullmatch(r"[!-~]+", text) or "\\" in text:
        raise ValueError(
            f"is not a URL: blanks, backslashes and non-ASCII do not belong there; write {form}"
        )
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError(f"is not a URL; write {form}") from None
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError(f"is not a URL; write {form}")
    if "@" in parts.netloc:
        raise ValueError(f"must not hold a user name or password; {secrets}")
    if "?" in text or "#" in text:
        raise ValueError("must not have a query or fragment; cut it off")
    steps = parts.path.rstrip("/").split("/")[1:]
    if steps and not path:
        raise ValueError("must not have a path; cut it off")
    if any(step in ("", ".", "..") for step in steps):
        raise ValueError("must not have empty, . or .. steps in its path; write the path out")
    return text.rstrip("/")


def base_url(text: str) -> str:
    """Where an account's requests go; plain http only to this machine."""
    if not text:
        raise ValueError(
            "has no address, and this driver asks whatever vendor lives there; write "
            "baseUrl: https://api.acme.example"
        )
    text = _url(text, path=True, secrets="credentials go into settings")
    parts = urlsplit(text)
    if parts.scheme == "http" and not is_here(parts.hostname or ""):
        raise ValueError(
            "must be https: http is only for localhost, 127.0.0.0/8 and [::1]; write https"
        )
    return text


def origin(text: str) -> tuple[str, str, int | None]:
    """Scheme, host and port of a right URL, as they are compared."""
    parts = urlsplit(text)
    scheme, host = parts.scheme.lower(), (parts.hostname or "").lower().rstrip(".")
    default = {"http": 80, "https": 443}.get(scheme)
    return scheme, host, parts.port or default


def is_here(host: str) -> bool:
    """Whether *host* is this machine, whatever the name servers say."""
    if host == "localhost":
        return True
    import ipaddress

    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback and (address.version == 4 or host == "::1")


def proxy_url(text: str) -> str:
    """A proxy's address."""
    secrets = "write {url: ..., user: {env: NAME}, password: {env: NAME}}"
    return _url(text, path=False, secrets=secrets, form="http://HOST:PORT")

"""Whose campaigns an account names, and what it shares a vendor's rate with (spec §5.1). Pure.

Names of accounts are labels. What an account *is*: the origin and path of its base URL, and what
its driver says beside it: a project, a stream, a user, an application. Where only a secret names
that, the account's own `scope:` stands for it, else an HMAC of the secret under the salt of the
journal, so that equal keys are equal and nothing can be read back.
"""

import hashlib
import hmac
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

from reconciler.declare.project import Account
from reconciler.driver import Driver, Secret, Text
from reconciler.errors import Diagnostic

_PORTS = {"http": 80, "https": 443}
_SHOWN = 32  # characters of an HMAC: enough that no two keys meet


def place(account: Account, driver: Driver) -> str:
    """Origin and path of where *account* lives: `https://api.batch.com`, no slash at the end."""
    base = urlsplit(account.base_url or driver.base_url(account.settings))
    scheme, host = base.scheme.lower(), (base.hostname or "").lower().rstrip(".")
    host = f"[{host}]" if ":" in host else host
    port = "" if base.port in (None, _PORTS.get(scheme)) else f":{base.port}"
    return f"{scheme}://{host}{port}{base.path.rstrip('/')}"


def plain(account: Account, driver: Driver) -> str | None:
    """The scope of *account* where no secret is needed to tell it, else None."""
    said = driver.scope(account.settings)
    if not _secret(said):
        return f"{place(account, driver)} {_joined(said)}"
    return None if account.scope is None else f"{place(account, driver)} {account.scope}"


def sealed(account: Account, driver: Driver, settings: Any, salt: bytes) -> str:
    """The scope of *account*, whose *settings* have their credentials read."""
    known = plain(account, driver)
    if known is not None:
        return known
    parts = _parts(driver.scope(settings))
    text = "".join(_seal(one, salt) if isinstance(one, Secret) else one for one in parts)
    return f"{place(account, driver)} {text}"


def likeness(account: Account, driver: Driver) -> str:
    """What a plan, which reads no credential, can see of the scope.

    Equal texts are one scope; different ones may still be one, if only secrets tell.
    """
    known = plain(account, driver)
    if known is not None:
        return known
    sources = ", ".join(one.source for one in account.settings.credentials().values())
    return f"{place(account, driver)} {_joined(driver.scope(account.settings))} ({sources})"


def limit(account: Account, driver: Driver, scope: str) -> str:
    """The lane of *account*: what shares a rate at its vendor; *scope* where nothing more does."""
    if driver.limit is None:
        return scope
    # Wherever the account points: to wait for one too many breaks no limit.
    return f"{driver.name} {driver.limit(account.settings)}"


def twins(scopes: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Account -> all accounts of its scope, itself among them, by name; only where several are."""
    members: dict[str, list[str]] = {}
    for name in sorted(scopes):
        members.setdefault(scopes[name], []).append(name)
    return {name: tuple(names) for names in members.values() if len(names) > 1 for name in names}


def alike(
    accounts: Collection[Account], drivers: Mapping[str, Driver]
) -> dict[str, tuple[str, ...]]:
    """`twins` as far as a plan can see them; *drivers* by account."""
    return twins({one.name: likeness(one, drivers[one.name]) for one in accounts})


def needs_scope(account: Account, driver: Driver) -> bool:
    """Whether only a secret says whose campaigns these are, and the project does not."""
    return account.scope is None and _secret(driver.scope(account.settings))


def told(
    accounts: Mapping[str, Account], drivers: Mapping[str, Driver], path: str
) -> list[Diagnostic]:
    """What `validate` warns of: accounts that are one, and accounts that only a secret names.

    *drivers* by account; *path* is the project file's.
    """
    found = []
    for names in sorted(set(alike(tuple(accounts.values()), drivers).values())):
        said = f"accounts {', '.join(names)} are one and the same at the vendor"
        fix = "what each keeps and protects holds for all; keep one of them if that is not meant"
        found.append(Diagnostic("warning", "same-scope", said, path, fix=fix))
    for name, account in sorted(accounts.items()):
        if needs_scope(account, drivers[name]):
            said = f"account {name}: only its key says whose campaigns these are"
            fix = f"give it a `scope`, such as `scope: {name}`; then the key may be rotated"
            found.append(Diagnostic("warning", "scope-by-secret", said, path, fix=fix))
    return found


def _parts(text: Text) -> tuple[str | Secret, ...]:
    return text if isinstance(text, tuple) else (text,)


def _secret(text: Text) -> bool:
    return any(isinstance(one, Secret) for one in _parts(text))


def _joined(text: Text) -> str:
    return "".join(str(one) for one in _parts(text))


def _seal(secret: Secret, salt: bytes) -> str:
    digest = hmac.new(salt, secret.reveal().encode("utf-8", "surrogatepass"), hashlib.sha256)
    return f"hmac:{digest.hexdigest()[:_SHOWN]}"

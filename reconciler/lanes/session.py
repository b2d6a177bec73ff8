"""A session: what the driver of an account may know while it builds requests."""

import secrets
import time
from collections.abc import Callable
from typing import Any

from reconciler.declare.project import Account
from reconciler.driver import Driver, Secret, Session
from reconciler.errors import ReconcilerError
from reconciler.lanes.work import OpenAccount


def session_of(
    account: Account, driver: Driver, settings: Any, nonce: Callable[[], str]
) -> Session:
    """The session of *account*; *settings* with or without secrets."""
    return Session(
        account=account.name,
        settings=settings,
        base=(account.base_url or driver.base_url(account.settings)).rstrip("/"),
        token=Secret(_no_token),
        nonce=nonce,
        now=time.time,
    )


def _no_token() -> str:
    raise ReconcilerError("no token was issued")


def open_session(opened: OpenAccount) -> tuple[Session, list[str]]:
    """The session of an account, and the secret values that no shown text may hold."""
    settings = opened.settings
    sources = [settings, opened.proxy] if opened.proxy is not None else [settings]
    read = [one for source in sources for one in source.credentials().values()]
    values = [one.secret().reveal() for one in read]
    return session_of(opened.account, opened.driver, settings, _nonce), values


def _nonce() -> str:
    return secrets.token_hex(16)

"""What makes an account what it is: a digest that a plan remembers."""

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta

from pydantic import BaseModel

from reconciler.driver import Credential, Driver, Settings
from reconciler.driver.declared import by_key


def definition(driver: Driver, settings: Settings, base_url: str | None) -> str:
    """The digest that says an account is still the same: driver, settings, where it goes.

    A credential counts by its source, never by its value.
    """
    known = {
        "driver": driver.name,
        "settings": _plain(settings),
        "baseUrl": base_url or driver.base_url(settings),
    }
    text = json.dumps(known, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _plain(value: object) -> object:
    match value:
        case Credential():
            return value.source
        case BaseModel():
            return {key: _plain(inner) for key, inner in by_key(value).items()}
        case Mapping():
            return {str(key): _plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case set() | frozenset():
            return sorted(str(inner) for inner in value)
        case timedelta():
            return value.total_seconds()
        case None | bool() | int() | float():
            return value
    return str(value)

"""`drivers`: what each driver can do, and what it wants to know."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from reconciler import drivers as registry
from reconciler.driver import Driver, defaults_of, one_each, settings_of
from reconciler.errors import ReconcilerError, Usage, meant


def drivers(name: str | None = None) -> tuple[list[dict[str, Any]], ReconcilerError | None]:
    """Everything about the driver *name*, or about each, as the JSON view shows it.

    Of all of them, those that load; beside them, what is wrong with the first that does not.
    """
    found, broken = _found(name)
    if name is not None and not found:
        raise Usage(f"there is no driver {name!r}.{meant(name, registry.names())}")
    return [_told(driver) for driver in found], broken


def _found(name: str | None) -> tuple[list[Driver], ReconcilerError | None]:
    """The drivers to show; of all of them, those that load, and what is wrong with another."""
    if name is not None:
        one = registry.find(name)
        return ([one] if one else []), None
    found: list[Driver] = []
    broken: ReconcilerError | None = None
    for known in registry.names():
        try:
            one = registry.find(known)
        except ReconcilerError as error:
            broken = broken or error
        else:
            found.extend([one] if one else [])
    return found, broken


def _told(driver: Driver) -> dict[str, Any]:
    """Everything about *driver*, as the JSON view shows it; null where its settings decide."""
    return {
        "name": driver.name,
        "title": driver.title,
        "call": driver.call,
        "docs": driver.docs,
        "delete": True,
        "list": None if driver.configured else driver.list is not None,
        "look": "settings" if driver.configured else _look(driver),
        "batch": None if driver.configured else driver.batches is not one_each,
        "byName": driver.by_name,
        "parts": driver.parts,
        "channels": list(driver.channels),
        "inventory": "complete" if driver.complete else "partial",
        "limits": _limits(driver),
        "timeout": f"{driver.timeout:g}s",
        "settings": list(_settings(driver)),
        "notes": list(driver.notes),
    }


def _look(driver: Driver) -> str | None:
    """How one target is looked at: by its own request, in the listing, or not at all."""
    if driver.look is not None:
        return "target"
    return "listing" if driver.list is not None else None


def _limits(driver: Driver) -> dict[str, Any] | None:
    """The limits with every setting at its default; None if they depend on one that has none."""
    try:
        limits = driver.limits(SimpleNamespace(**defaults_of(driver.settings)))
    except AttributeError:
        return None
    return {
        "requests": limits.requests,
        "per": f"{limits.per:g}s",
        "concurrency": limits.concurrency,
    }


def _settings(driver: Driver) -> Iterator[dict[str, Any]]:
    for one in settings_of(driver.settings):
        yield {
            "name": one.name,
            "required": one.required,
            "credential": one.credential,
            "default": one.default,
            "choices": one.choices,
            "description": one.description,
        }

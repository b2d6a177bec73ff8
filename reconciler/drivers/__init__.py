"""Finds drivers by name: our own from a table, other people's through entry points.

Nothing is imported until it is asked for: a project with one account loads one driver. Reading
installed distributions is slow, so it happens only for a name that is not built in, or to list all.

The other modules here are what our drivers share, and third parties may use them as well:
`answers` (what an answer means anywhere), `ids` (what can be sent, and where), `pages` (listings),
`strictjson`, and `grid` (requests that take a product).
"""

import sys
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from reconciler.driver import Driver, Settings
from reconciler.errors import ReconcilerError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP: Final = "reconciler.drivers"

BUILT_IN: Final = {
    "batch-cep": "reconciler.drivers.batch_cep",
    "batch-mep": "reconciler.drivers.batch_mep",
    "brevo": "reconciler.drivers.brevo",
    "cellcast": "reconciler.drivers.cellcast",
    "http": "reconciler.drivers.http",
    "hubspot": "reconciler.drivers.hubspot",
    "klaviyo": "reconciler.drivers.klaviyo",
    "kore": "reconciler.drivers.kore",
    "listmonk": "reconciler.drivers.listmonk",
    "mailchimp": "reconciler.drivers.mailchimp",
    "onesignal": "reconciler.drivers.onesignal",
    "ozonetel": "reconciler.drivers.ozonetel",
    "sendgrid": "reconciler.drivers.sendgrid",
    "twilio": "reconciler.drivers.twilio",
}


def find(name: str) -> Driver | None:
    """The driver called *name*, or None; a third party's that cannot be loaded is an error.

    A name of ours is always ours: no installed distribution can take its place.
    """
    if name in BUILT_IN:
        driver: Driver = import_module(BUILT_IN[name]).DRIVER
        return driver
    offers = [entry for entry in _entry_points() if entry.name == name]
    if len({entry.value for entry in offers}) > 1:
        who = ", ".join(sorted(_distribution(entry) for entry in offers))
        raise ReconcilerError(f"several distributions offer a driver {name!r}: {who}; keep one")
    return _load(offers[0]) if offers else None


def names() -> tuple[str, ...]:
    """The names of all drivers there are, built in or installed, sorted."""
    return tuple(sorted({*BUILT_IN, *(entry.name for entry in _entry_points())}))


def _entry_points() -> "tuple[EntryPoint, ...]":
    return _installed(tuple(sys.path))


@lru_cache(maxsize=4)
def _installed(path: tuple[str, ...]) -> "tuple[EntryPoint, ...]":
    """What is installed on *path*; reading that takes as long as a small plan, so it is kept."""
    from importlib.metadata import entry_points

    del path  # `sys.path` as it is
    return tuple(entry_points(group=GROUP))


def _distribution(entry: "EntryPoint") -> str:
    return entry.dist.name if entry.dist is not None else "an unknown distribution"


def _load(entry: "EntryPoint") -> Driver:
    """What *entry* names; whatever its module raises is told with the distribution's name."""

    def who() -> str:  # whose it is takes a while to read, and is needed by nobody but here
        return f"the driver {entry.name!r} of {_distribution(entry)} ({entry.value})"

    try:
        found: Any = entry.load()
    except Exception as error:
        raise ReconcilerError(
            f"{who()} cannot be loaded: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(found, Driver):
        raise ReconcilerError(f"{who()} is not a Driver but a {type(found).__name__}")
    if found.name != entry.name:
        raise ReconcilerError(f"{who()} calls itself {found.name!r}; both names must be the same")
    if not (isinstance(found.settings, type) and issubclass(found.settings, Settings)):
        raise ReconcilerError(f"{who()} has settings that are no subclass of reconciler's Settings")
    try:
        found.settings.model_rebuild()
    except Exception as error:
        kind = "NameError" if isinstance(error, NameError) else type(error).__name__
        why = getattr(error, "message", error)  # pydantic's own text points to its site
        raise ReconcilerError(f"{who()} has settings that cannot be read: {kind}: {why}") from error
    return found

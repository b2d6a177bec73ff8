"""Candidates of the project and of what is installed: accounts, manifests, drivers, conditions."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reconciler.api.completing import Completion
from reconciler.errors import ReconcilerError
from reconciler.site import Site

if TYPE_CHECKING:
    from reconciler.site import Loaded


def accounts(site: Site, begun: str) -> Iterator[Completion]:
    """The project's accounts, each with its driver."""
    loaded = _loaded(site)
    if loaded is not None and loaded.project is not None:
        for name, account in sorted(loaded.project.accounts.items()):
            if name.startswith(begun):
                yield Completion(name, about=account.driver)


def targets(site: Site, begun: str) -> Iterator[Completion]:
    """`ACCOUNT/` of a target."""
    for one in accounts(site, begun):
        yield Completion(f"{one.value}/", "part")


def manifests(site: Site, begun: str) -> Iterator[Completion]:
    """The project's manifests by name, each with its file."""
    loaded = _loaded(site)
    for one in () if loaded is None else loaded.manifests:
        if one.name.startswith(begun):
            yield Completion(one.name, about=one.path)


def drivers(site: Site, begun: str) -> Iterator[Completion]:
    """The drivers that load, each with its title."""
    from reconciler.api.drivers import drivers as known

    del site
    for one in known()[0]:
        if one["name"].startswith(begun):
            yield Completion(one["name"], about=one["title"])


def account_drivers(site: Site, begun: str) -> Iterator[Completion]:
    """`ACCOUNT=DRIVER`."""
    account, equals, driver = begun.partition("=")
    if not equals:
        for one in accounts(site, account):
            yield Completion(f"{one.value}=", "part")
        return
    for one in drivers(site, driver):
        yield one._replace(value=f"{account}={one.value}")


def conditions(site: Site, begun: str) -> Iterator[Completion]:
    """`KEY=` of a match."""
    from reconciler.api.generate import CONDITIONS

    del site
    for key in CONDITIONS:
        end = "." if key.startswith("label") else "="
        if f"{key}{end}".startswith(begun):
            yield Completion(f"{key}{end}", "part")


def _loaded(site: Site) -> "Loaded | None":
    """What the files say; a project that is wrong breaks no completion."""
    try:
        return site.read()
    except (ReconcilerError, OSError):
        return None

"""Candidates of the project and of what is installed: accounts, manifests, drivers, conditions."""

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from itertools import chain, islice
from typing import TYPE_CHECKING

from reconciler.api.completing import Completion
from reconciler.errors import ReconcilerError
from reconciler.model import Target
from reconciler.site import Site

if TYPE_CHECKING:
    from reconciler.model import Campaign
    from reconciler.site import Loaded

_OFFERED = 50  # campaigns
_READ = 20_000  # records


def accounts(site: Site, begun: str) -> Iterator[Completion]:
    """The project's accounts, each with its driver."""
    loaded = _loaded(site)
    if loaded is not None and loaded.project is not None:
        for name, account in sorted(loaded.project.accounts.items()):
            if name.startswith(begun):
                yield Completion(name, about=account.driver)


def targets(site: Site, begun: str) -> Iterator[Completion]:
    """`ACCOUNT/`, then the campaigns of the inventory whose ids, or names, begin so.

    Not more than anybody looks through, and of the file's first records: a shell waits for it.
    """
    account, slash, start = begun.partition("/")
    if not slash:
        for one in accounts(site, begun):
            yield Completion(f"{one.value}/", "part")
        return
    for record in islice(_listed(site, account, start), _OFFERED):
        yield Completion(str(Target(account, record.id)), about=record.name)


def _listed(site: Site, account: str, start: str) -> Iterator["Campaign"]:

    from reconciler.inventory import Reader
    from reconciler.inventory.sources import PROJECT, inventory_sources

    loaded = _loaded(site)
    if loaded is None or loaded.project is None:
        return
    with ExitStack() as spooled, suppress(ReconcilerError, OSError):
        sources = inventory_sources(site, loaded.project, PROJECT, spooled)
        reader = Reader(sources, accounts=None, now=site.now())
        for one in islice(chain.from_iterable(reader), _READ):
            shown = str(Target(account, one.id)).partition("/")[2]
            if one.account == account and (shown.startswith(start) or one.name.startswith(start)):
                yield one


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

"""Accounts of any vendor at one address: only the project can say whose campaigns they are."""

from collections import Counter
from collections.abc import Callable

from reconciler.declare.account import Account
from reconciler.declare.strict import YamlDocument
from reconciler.declare.urls import origin
from reconciler.driver import Driver
from reconciler.errors import Diagnostic


def scopeless(
    accounts: dict[str, Account],
    document: YamlDocument,
    path: str,
    find_driver: Callable[[str], Driver | None],
) -> list[Diagnostic]:
    """An error for each account that needs a `scope` of its own and has none.

    A driver that is all settings (`http`) cannot know what names an account at its vendor. Alone at
    its address, all its secrets do; beside another account they might be two keys of one account.
    """
    drivers = {name: find_driver(one.driver) for name, one in accounts.items()}
    origins = {
        name: origin(one.base_url or driver.base_url(one.settings))
        for name, one in accounts.items()
        if (driver := drivers[name]) is not None
    }
    shared = Counter(origins.values())
    said = "another account has this address, and nothing says whether they are one"
    fix = "add `scope: NAME`, the same for accounts that are one at the vendor, else another"
    return [
        Diagnostic("error", "scope", f"`spec.accounts.{name}`: {said}", path, *place, fix)
        for name, one in accounts.items()
        if (driver := drivers[name]) is not None
        and driver.anywhere
        and one.scope is None
        and shared[origins[name]] > 1
        for place in [document.place(("spec", "accounts", name), key=True)]
    ]

"""What a first project is to be: the answers to `init`'s questions, and the defaults of each."""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from reconciler import drivers
from reconciler.api.init.vendors import FirstAccount, vendor_of
from reconciler.driver import Driver, settings_of
from reconciler.errors import Usage

PLACES: Final = ("sandbox", "vendor")
DEFAULT: Final = "batch-cep"
PORT: Final = 8080
_ACCOUNT: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class ToAnswer(msgspec.Struct, frozen=True):
    """One thing to know of an account. *default*: what is taken where nobody answers."""

    key: str
    about: str
    default: str
    credential: bool


class Beginning(msgspec.Struct, frozen=True):
    """A first account. *place*: `sandbox` or `vendor`.

    *settings*: key -> text. *credentials*: key -> `env:NAME` or `file:PATH`. *port*: the
    sandbox's.
    """

    driver: Driver
    vendor: FirstAccount
    account: str
    place: str
    settings: dict[str, str]
    credentials: dict[str, str]
    port: int

    @property
    def here(self) -> bool:
        """Whether it is an account of the sandbox."""
        return self.place == "sandbox"

    @property
    def examples(self) -> tuple[str, ...]:
        """The settings that nobody has said and that only the vendor's customer knows."""
        if self.here:
            return ()
        needed = {one.name for one in settings_of(self.driver.settings) if one.required}
        return tuple(
            key
            for key, text in self.settings.items()
            if key in needed and text == self.vendor.settings.get(key)
        )

    @property
    def variables(self) -> dict[str, str]:
        """Credential -> the environment's variable that holds it, where one does."""
        sources = (one.partition(":") for one in self.credentials.values())
        return {name: name for kind, _, name in sources if kind == "env"}


def driver_named(name: str | None) -> Driver:
    """The driver *name*; `Usage` if there is none."""
    found = drivers.find(name or DEFAULT)
    if found is None:
        raise Usage(f"no driver {name!r}; there are {', '.join(drivers.names())}")
    return found


def questions(driver: Driver, account: str | None, place: str) -> list[ToAnswer]:
    """What must be known of an account of *driver*, and is no name."""
    vendor = vendor_of(driver, account)
    about = {one.name: one.description or one.name for one in settings_of(driver.settings)}
    settings = dict(vendor.settings) | (dict(vendor.there) if place == "sandbox" else {})
    plain = [ToAnswer(key, about[key], text, False) for key, text in settings.items()]
    secret = [
        ToAnswer(key, about.get(key, key), f"env:{name}", True)
        for key, name in vendor.credentials.items()
    ]
    return [*plain, *secret]


def beginning(
    driver: Driver,
    account: str | None,
    place: str,
    *,
    settings: Mapping[str, str],
    credentials: Mapping[str, str],
    port: int = PORT,
) -> Beginning:
    """A first account as it was said, and as it is by default where nothing was."""
    vendor = vendor_of(driver, account)
    if place == "sandbox" and vendor.sandbox is None:
        raise Usage(f"the sandbox does not play the vendor of {driver.name}; say --at vendor")
    name = account or vendor.account
    if not _ACCOUNT.fullmatch(name):
        raise Usage(f"the account {name!r}: write a-z, 0-9 and -, at most 63, such as push-prod")
    asked = questions(driver, account, place)
    sources = {one.key: one.default for one in asked if one.credential}
    plain = {one.key: one.default for one in asked if not one.credential}
    _known(driver, "--setting", settings, {one.name for one in settings_of(driver.settings)})
    _known(driver, "--credential", credentials, sources)
    for key, source in credentials.items():
        if not re.fullmatch(r"env:[^\s:]+|file:.+", source):
            raise Usage(f"--credential {key}: write env:NAME or file:PATH, never the secret itself")
    return Beginning(
        driver, vendor, name, place, {**plain, **settings}, {**sources, **credentials}, port
    )


def _known(driver: Driver, option: str, given: Mapping[str, str], names: object) -> None:
    assert isinstance(names, set | dict)
    for key in given:
        if key not in names:
            there = f"there are {', '.join(sorted(names))}" if names else "it has none"
            raise Usage(f"{option}: {driver.name} has no {key!r}; {there}")

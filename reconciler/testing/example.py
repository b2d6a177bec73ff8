"""What the suite is told about a driver, and the sessions it makes of that."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from reconciler.declare.checked import validate
from reconciler.declare.strict import parse
from reconciler.driver import Answer, Driver, Item, Secret, Session
from reconciler.errors import InputError

SECRET: Final = "s3cr3t-{}-value"


def settings(driver: Driver, written: Mapping[str, Any]) -> Any:
    """What *driver* gets for the settings *written* as in `reconciler.yaml` (camelCase).

    Credentials are not read yet; `settings(...).resolved({"api_key": "text"})` has them read.
    Raises `InputError` with everything that is wrong.
    """
    text = json.dumps(written, ensure_ascii=False)
    documents, problems = parse(text.encode("utf-8", "surrogatepass"), "settings")
    if problems:
        raise InputError(problems)
    found, told = validate(driver.settings, documents[0], "settings", quotes=True)
    if found is None:
        raise InputError(told)
    return found


@dataclass(frozen=True, kw_only=True)
class Example:
    """What the suite must be told about a driver.

    *settings* as in `reconciler.yaml` (camelCase). *items*: targets one could delete, several if
    requests are shared. *successes*: each documented answer that deletes the first batch of them.
    *documented*: whether any answer is a documented success for that batch; say it from the
    vendor's page, not from the driver. *absences*: the statuses by which the vendor says that
    there is no such campaign. *base*: the account's `baseUrl`, if it has one. *listing*: the
    vendor's answers, page by page, to a listing of the whole account, of a driver that lists
    everything; with it the suite also holds cut and torn listings against the driver. *shown*: its
    answer to a look at the first item.
    """

    driver: Driver
    settings: Mapping[str, Any]
    items: tuple[Item, ...]
    successes: tuple[Answer, ...]
    documented: Callable[[Answer], bool]
    absences: tuple[int, ...] = (404, 410)
    base: str | None = None
    listing: tuple[Answer, ...] = ()
    shown: Answer | None = None

    @cached_property
    def checked(self) -> Any:
        """The settings as the driver gets them, credentials not yet read."""
        return settings(self.driver, self.settings)

    @cached_property
    def session(self) -> Session:
        """A session whose every secret is known text."""
        plain = self.checked
        read = plain.resolved({name: SECRET.format(name) for name in plain.credentials()})
        return self._session(read, Secret.of(SECRET.format("token")))

    @cached_property
    def dry(self) -> Session:
        """A session whose secrets are an error to look at, as in a dry run."""

        def touched() -> str:
            raise AssertionError("a secret was looked at while the request was built")

        return self._session(self.checked, Secret(touched))

    def _session(self, settings: Any, token: Secret) -> Session:
        base = (self.base or self.driver.base_url(settings)).rstrip("/")
        return Session(self.items[0].target.account, settings, base, token, lambda: "nonce-1")

    @property
    def batch(self) -> tuple[Item, ...]:
        """The first request's items."""
        return self.driver.batches(self.checked, self.items, None)[0]

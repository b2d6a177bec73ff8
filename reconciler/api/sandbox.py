"""`sandbox`: what a local imitation of the vendors is told of a project."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from reconciler.declare.project import Account, ProjectFile
from reconciler.driver import Credential, by_key
from reconciler.inventory import InventorySource, Reader, format_of
from reconciler.model import Campaign
from reconciler.site import Site

# What identifies an account at its vendor, by driver. Keys among them are read from the
# environment, and known to the sandbox only if they begin with `sandbox-`.
_IDENTITY = {
    "batch-cep": ("project",),
    "batch-mep": ("apiKey", "kind"),
    "kore": ("streamId", "accountId", "iid"),
    "ozonetel": ("userName", "authentication"),
    "cellcast": ("apiKey",),
    "sendgrid": ("apiKey", "onBehalfOf"),
    "klaviyo": ("apiKey",),
    "mailchimp": ("apiKey",),
    "hubspot": ("accessToken", "kind"),
    "onesignal": ("appId",),
    "brevo": ("apiKey", "kind"),
    "twilio": ("accountSid",),
    "listmonk": ("user",),
}
_OURS = "sandbox-"


@dataclass(frozen=True, slots=True)
class Tenants:
    """The vendors' customers: each account's driver and identity, its signing keys, campaigns."""

    accounts: dict[str, tuple[str, dict[str, str]]]
    secrets: tuple[str, ...]
    campaigns: Iterator[Campaign]


def tenants(site: Site, files: Sequence[str] = ()) -> Tenants:
    """Those of the project, if there is one; *files*: inventories in place of the project's.

    Of credentials only those are told that were made for the sandbox.
    """
    project = site.load_project() if (site.root / site.config).exists() else None
    accounts = {} if project is None else project.accounts
    return Tenants(
        accounts={name: _tenant(site, one) for name, one in accounts.items()},
        secrets=tuple(key for one in accounts.values() for key in _secret(site, one)),
        campaigns=_campaigns(site, _sources(site, project, files)),
    )


def _tenant(site: Site, account: Account) -> tuple[str, dict[str, str]]:
    """The account's driver, and as much of its identity as the sandbox may know."""
    settings = by_key(account.settings)
    found = {key: _known(site, settings.get(key)) for key in _IDENTITY.get(account.driver, ())}
    if "iid" in found and found["iid"] is None:
        found["iid"] = found["streamId"]
    return account.driver, {key: value for key, value in found.items() if value is not None}


def _secret(site: Site, account: Account) -> list[str]:
    """The client secret that a Kore.ai account signs with, if it is one of ours."""
    if account.driver != "kore":
        return []
    key = _known(site, by_key(account.settings).get("clientSecret"))
    return [] if key is None else [key]


def _known(site: Site, value: Any) -> str | None:
    """A setting's text; of a credential, only one that was made for the sandbox."""
    if not isinstance(value, Credential):
        return None if value is None else str(value)
    key = site.environ.get(value.env or "", "")
    return key if key.startswith(_OURS) else None


def _sources(
    site: Site, project: ProjectFile | None, files: Sequence[str]
) -> list[InventorySource]:
    """The inventory files; those of the project count from its folder."""
    default = ("inventory.ndjson",) if project is None else project.inventory
    paths = tuple(files) or tuple(site.shown(path) for path in default)
    return [
        InventorySource(path, _opener(site, path), format_of(path) or "ndjson") for path in paths
    ]


def _opener(site: Site, path: str) -> Callable[[], BinaryIO]:
    """How *path* is opened, more than once if need be; `-` is standard input."""
    if path == "-":
        stream = site.stdin()
        return partial(BytesIO, b"" if stream is None else stream.read())
    return lambda: Path(path).open("rb")


def _campaigns(site: Site, sources: list[InventorySource]) -> Iterator[Campaign]:
    reader = Reader(sources, accounts=None, now=site.now())
    for batch in reader:
        yield from batch

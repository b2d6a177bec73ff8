"""Faults on demand: `[VENDOR:]KIND[=N][@SECONDS]`, read and counted."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

VENDORS = (
    *("batch-cep", "batch-mep", "kore", "ozonetel", "cellcast"),
    *("sendgrid", "klaviyo", "mailchimp", "hubspot", "onesignal", "brevo", "twilio", "listmonk"),
)
GROUPS = {"batch": ("batch-cep", "batch-mep"), **{name: (name,) for name in VENDORS}}

KINDS = {
    "throttle": "refused as too many requests, in the vendor's words; nothing happens",
    "error": "a server error (5xx); nothing happens",
    "error-after": "the deletion happens, then a 500",
    "slow": "waits before it does anything (5 seconds, or @SECONDS)",
    "slow-after": "the deletion happens, then it waits before it answers",
    "drop": "the connection is cut without an answer; nothing happens",
    "drop-after": "the deletion happens, then the connection is cut without an answer",
    "html": "200 with an HTML page; nothing happens",
    "html-after": "the deletion happens, then 200 with an HTML page",
    "redirect": "303 to a page that answers 204; nothing happens",
    "redirect-after": "the deletion happens, then a 303",
    "empty": "what would have been a success is done, and answered with 200 and no body",
    "auth": "the credentials are refused",
    "no-list": "listing and reading are refused (403), deleting is not",
    "no-delete": "deleting is refused (403), listing and reading are not",
    "loop": "a list's next page leads to the page that was asked for",
    "jti": "Kore: the app enforces the claim jti",
    "expire": "Ozonetel: the token has just expired",
    "http-status": "Ozonetel: failures come with 4xx instead of 200",
    "part-done": "SendGrid: a bulk deletion with an unknown id is a 404, the others are gone",
    "few-lists": "listmonk: the user has rights for some lists only, and nothing says so",
}

_GRAMMAR = re.compile(r"(?:([a-z-]+):)?([a-z-]+)(?:=([1-9][0-9]{0,8}))?(?:@([0-9]+(?:\.[0-9]+)?))?")


@dataclass(frozen=True, slots=True)
class Fault:
    """Strikes every *every*-th request of *vendors*. *seconds*: how long a slow one waits."""

    kind: str
    vendors: tuple[str, ...]
    every: int = 1
    seconds: float = 5.0


def read(text: str) -> Fault:
    """A fault as written on the command line; ValueError says what is wrong with it."""
    found = _GRAMMAR.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not [VENDOR:]KIND[=N][@SECONDS]")
    vendor, kind, every, seconds = found.groups()
    if vendor is not None and vendor not in GROUPS:
        raise ValueError(f"no vendor {vendor!r}; there are {', '.join(GROUPS)}")
    if kind not in KINDS:
        raise ValueError(f"no fault {kind!r}; there are {', '.join(KINDS)}")
    if seconds is not None and kind not in ("slow", "slow-after"):
        raise ValueError(f"{text!r}: only slow and slow-after take seconds")
    return Fault(
        kind, GROUPS[vendor] if vendor else VENDORS, int(every or 1), float(seconds or 5.0)
    )


class Faults:
    """Counts requests, each fault for itself, so that the same run always has the same faults."""

    def __init__(self, faults: Iterable[Fault | str]) -> None:
        self._faults = [read(one) if isinstance(one, str) else one for one in faults]
        self._requests = [0] * len(self._faults)
        self._struck: dict[str, int] = {}

    def strike(self, vendor: str) -> dict[str, Fault]:
        """The faults, by kind, that strike the request of *vendor* that has just arrived."""
        struck: dict[str, Fault] = {}
        for index, fault in enumerate(self._faults):
            if vendor in fault.vendors:
                self._requests[index] += 1
                if self._requests[index] % fault.every == 0:
                    struck.setdefault(fault.kind, fault)
        return struck

    def variant(self, vendor: str, kind: str) -> int:
        """0, 1, 2 … at each call: which of several documented forms comes next."""
        key = f"{vendor}:{kind}"
        self._struck[key] = self._struck.get(key, -1) + 1
        return self._struck[key]

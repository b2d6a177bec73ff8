"""The campaigns that the imitated vendors hold, and who may see which."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from reconciler.model import Campaign, Status, Target
from reconciler.sandbox.faults import VENDORS

Tenants = Mapping[str, tuple[str, Mapping[str, str]]]
"""Account -> its driver and what identifies it at the vendor (`project`, `userName`, …)."""

Given = Mapping[str, str]
"""What a request says of its tenant, under the same keys as in `Tenants`."""

_MESSAGE_STATES = {
    "cellcast": {
        *("blocked", "delivered", "failed", "received", "expired"),
        *("queued", "sent", "rejected", "canceled"),
    },
    "twilio": {
        *("accepted", "scheduled", "canceled", "queued", "sending", "sent", "delivered"),
        *("undelivered", "failed", "receiving", "received", "read", "partially_delivered"),
    },
}
_WAITING = {"cellcast": "queued", "twilio": "scheduled"}  # a message that says nothing of itself


class Held:
    """One campaign at a vendor, which changes in place.

    *numbers*: Ozonetel's. *messages*: Cellcast's and Twilio's, each with its state. *word*: the
    state that the vendor gave it since. *gone*: deleted or stopped, though the vendor may go on
    showing it.
    """

    def __init__(self, campaign: Campaign, order: int, vendor: str) -> None:
        self.campaign = campaign
        self.order = order
        self.word: str | None = None
        self.gone = False
        self.numbers = dict.fromkeys(campaign.phone_numbers or ())
        ids = campaign.message_ids if campaign.message_ids is not None else (campaign.id,)
        self.messages = {one: _message_state(campaign, one, vendor) for one in ids}

    def target(self, part: str | None = None) -> str:
        """`ACCOUNT/ID` or `ACCOUNT/ID#PART`, as the ledger writes it."""
        return str(Target(self.campaign.account, self.campaign.id, part))

    def attribute(self, key: str) -> Any:
        """What the inventory record keeps of the vendor's own fields, or None."""
        return (self.campaign.attributes or {}).get(key)

    def status_word(self, words: Mapping[Status, str], default: str) -> str:
        """The vendor's word for the status; the record's own if it is one of *words*' values."""
        if self.word is not None:
            return self.word
        own = self.attribute("status")
        if isinstance(own, str) and own in words.values():
            return own
        return words.get(self.campaign.status or Status.UNKNOWN, default)


class State:
    """All campaigns, by vendor. Without *accounts* the vendor is told by the record's shape."""

    def __init__(
        self, campaigns: Iterable[Campaign | Mapping[str, Any]], accounts: Tenants | None
    ) -> None:
        self._tenants = dict(accounts or {})
        self._held: dict[str, dict[int, Held]] = {name: {} for name in VENDORS}
        self._found: dict[str, dict[str, list[Held]]] = {
            name: defaultdict(list) for name in VENDORS
        }
        self._accounts: dict[str, str] = {
            name: driver for name, (driver, _) in self._tenants.items() if driver in VENDORS
        }
        for order, given in enumerate(campaigns):
            one = given if isinstance(given, Campaign) else msgspec.convert(given, Campaign)
            vendor = self._vendor_of(one)
            if vendor is not None:
                self._accounts.setdefault(one.account, vendor)
                self._hold(vendor, Held(one, order, vendor))

    def _vendor_of(self, campaign: Campaign) -> str | None:
        if campaign.account in self._tenants:
            driver = self._tenants[campaign.account][0]
            return driver if driver in VENDORS else None
        return shape(campaign)

    def _hold(self, vendor: str, held: Held) -> None:
        self._held[vendor][held.order] = held
        for key in _keys(vendor, held):
            self._found[vendor][key].append(held)

    def find(self, vendor: str, key: str, given: Given) -> list[Held]:
        """The campaigns that a tenant sees under *key*: id, name (Ozonetel), message."""
        return [
            one
            for one in self._found[vendor].get(key, ())
            if self._sees(one.campaign.account, given)
        ]

    def all(self, vendor: str, given: Given) -> list[Held]:
        """Every campaign that a tenant sees, once, in the inventory's order."""
        everything = self._held[vendor].values()
        return [one for one in everything if self._sees(one.campaign.account, given)]

    def remove(self, vendor: str, held: Held) -> None:
        """Delete a campaign."""
        del self._held[vendor][held.order]
        for key in _keys(vendor, held):
            self._found[vendor][key].remove(held)

    def forget(self, vendor: str, held: Held, message: str) -> None:
        """Delete one message of a campaign."""
        del held.messages[message]
        self._found[vendor][message].remove(held)

    def known(self, vendor: str, given: Given) -> bool:
        """Whether there is such a tenant; any is where the sandbox was told of none."""
        accounts = [name for name, of in self._accounts.items() if of == vendor]
        return not accounts or any(self._sees(name, given) for name in accounts)

    def told(self, held: Held, key: str) -> str | None:
        """A setting of the account that *held* belongs to, as far as the sandbox was told."""
        return self._tenants.get(held.campaign.account, ("", {}))[1].get(key)

    def setting(self, vendor: str, given: Given, key: str) -> str | None:
        """A setting of the one told tenant that *given* fits; None if unknown."""
        found = {
            tenant.get(key)
            for name, (driver, tenant) in self._tenants.items()
            if driver == vendor and self._sees(name, given)
        }
        return found.pop() if len(found) == 1 else None

    def _sees(self, account: str, given: Given) -> bool:
        if account not in self._tenants:
            return True
        tenant = self._tenants[account][1]
        return all(tenant.get(key) in (None, value) for key, value in given.items())

    def left(self) -> dict[str, Any]:
        """What still exists: account -> ids (with parts ID#MESSAGE; Ozonetel: id -> numbers)."""
        found: dict[str, Any] = {
            name: {} if vendor == "ozonetel" else [] for name, vendor in self._accounts.items()
        }
        for vendor in VENDORS:
            for one in self.all(vendor, {}):
                account, id_ = one.campaign.account, one.campaign.id
                if vendor == "ozonetel":
                    found[account][id_] = list(one.numbers)
                elif vendor in _WAITING:
                    found[account] += _messages_left(one)
                elif not one.gone:
                    found[account].append(id_)
        return found


def _messages_left(held: Held) -> list[str]:
    left = [message for message, state in held.messages.items() if state != "canceled"]
    if held.campaign.message_ids is None:
        return left
    return [f"{held.campaign.id}#{message}" for message in left]


def shape(campaign: Campaign) -> str:
    """The vendor whose samples look like this record."""
    if campaign.id.startswith("orchestration_"):
        return "batch-cep"
    if re.fullmatch(r"[0-9a-f]{32}", campaign.id):
        return "batch-mep"
    if campaign.id.startswith("cd-"):
        return "kore"
    if any(
        re.fullmatch(r"[SM]M[0-9a-f]{32}", one) for one in campaign.message_ids or (campaign.id,)
    ):
        return "twilio"
    return "cellcast" if campaign.phone_numbers is None else "ozonetel"


def _keys(vendor: str, held: Held) -> Iterable[str]:
    if vendor == "ozonetel":
        return (held.campaign.name,)
    return list(held.messages) if vendor in _WAITING else (held.campaign.id,)


def _message_state(campaign: Campaign, message: str, vendor: str) -> str:
    attributes = campaign.attributes or {}
    states = attributes.get("messageStatus")
    own = states.get(message) if isinstance(states, dict) else attributes.get("status")
    if own in _MESSAGE_STATES.get(vendor, ()):
        return str(own)
    gone = campaign.status in (Status.SENT, Status.COMPLETED)
    return "delivered" if gone else _WAITING.get(vendor, "")

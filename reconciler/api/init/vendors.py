"""What a first project says of each driver: an account that could be, and its campaigns.

The identities are nobody's; the keys come from the environment. At the sandbox all of it works as
it stands.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from reconciler.driver import Driver, settings_of


@dataclass(frozen=True, slots=True)
class FirstAccount:
    """One driver's first account.

    *settings*: what must be set and is no credential; *there*: what the sandbox wants instead.
    *credentials*: the variable of each. *sandbox*: its folder at the sandbox, None: it is not
    played there; *serves*: the driver whose vendor is, if that is another. *ids*, *record*: its
    campaigns there. *pace*: a faster one, for the sandbox alone. *written*: the file of settings
    that are too many for single questions; *credentials* stand in it.
    """

    account: str
    settings: Mapping[str, str] = field(default_factory=dict)
    there: Mapping[str, str] = field(default_factory=dict)
    credentials: Mapping[str, str] = field(default_factory=dict)
    sandbox: str | None = None
    serves: str | None = None
    ids: tuple[str, ...] = ("1001", "1002", "1003")
    record: Mapping[str, Any] = field(default_factory=dict)
    pace: str | None = None
    written: str | None = None


def _hex(length: int) -> tuple[str, ...]:
    return tuple(f"{number}".rjust(length, "a") for number in (1, 2, 3))


_UUIDS: Final = tuple(f"b2f7f966-d8cc-11e4-bed1-df8f05be55b{number}" for number in (1, 2, 3))
_SMS: Final = {"status": "scheduled", "channel": "sms"}

VENDORS: Final[Mapping[str, FirstAccount]] = {
    "batch-cep": FirstAccount(
        account="push-prod",
        settings={"project": "project_0664hxvwffvbpn278gxdyhsadddqgna6"},
        credentials={"restApiKey": "BATCH_REST_API_KEY"},
        sandbox="batch",
        ids=tuple(f"orchestration_0664hyh918hr1gnzka9py5t62nrc0e{n}f" for n in (1, 2, 3)),
        record={"status": "stopped", "channel": "push"},
    ),
    "batch-mep": FirstAccount(
        account="app-ios",
        credentials={"apiKey": "BATCH_APP_KEY", "restApiKey": "BATCH_REST_API_KEY"},
        sandbox="batch",
        ids=_hex(32),
        record={"status": "draft", "channel": "push"},
    ),
    "kore": FirstAccount(
        account="contact-centre",
        settings={
            "host": "platform.kore.ai",
            "streamId": "st-0603182c-5a2e-5b89-a256-ff8da28d0001",
            "accountId": "67777ce93e25326494",
            "clientId": "cs-1e845b00-81ad-5757-a1e7-d0f6fea20001",
        },
        there={"clientId": "sandbox-client"},
        credentials={"clientSecret": "KORE_CLIENT_SECRET"},
        sandbox="kore",
        ids=tuple(f"cd-213cc43a-a340-5b89-a256-ff8da280000{n}" for n in (1, 2, 3)),
        record={"status": "paused", "channel": "sms"},
    ),
    "ozonetel": FirstAccount(
        account="dialler",
        settings={"userName": "acme"},
        credentials={"apiKey": "OZONETEL_API_KEY"},
        sandbox="ozonetel",
        record={"status": "stopped", "phoneNumbers": ["918187867008", "919876543210"]},
    ),
    "cellcast": FirstAccount(
        account="sms-au",
        credentials={"apiKey": "CELLCAST_API_KEY"},
        sandbox="cellcast",
        ids=tuple(f"675161d8a00000000000000{number}" for number in (1, 2, 3)),
        record=_SMS,
    ),
    "sendgrid": FirstAccount(
        account="single-sends",
        credentials={"apiKey": "SENDGRID_API_KEY"},
        sandbox="sendgrid",
        ids=_UUIDS,
        record={"status": "draft", "channel": "email"},
    ),
    "klaviyo": FirstAccount(
        account="shop",
        credentials={"apiKey": "KLAVIYO_API_KEY"},
        sandbox="klaviyo",
        ids=tuple(f"01GDDKASAP8TKDDA2GRZDSVP4{letter}" for letter in "ABC"),
        record={"status": "draft", "channel": "email"},
    ),
    "mailchimp": FirstAccount(
        account="newsletter",
        settings={"dataCenter": "us6"},
        credentials={"apiKey": "MAILCHIMP_API_KEY"},
        sandbox="mailchimp",
        ids=tuple(f"42694e9e5{number}" for number in (1, 2, 3)),
        record={"status": "draft", "channel": "email"},
    ),
    "hubspot": FirstAccount(
        account="marketing",
        credentials={"accessToken": "HUBSPOT_ACCESS_TOKEN"},
        sandbox="hubspot",
        record={"status": "draft", "channel": "email"},
    ),
    "onesignal": FirstAccount(
        account="app-push",
        settings={"appId": "b2f7f966-d8cc-11e4-bed1-df8f05be55ba"},
        credentials={"apiKey": "ONESIGNAL_API_KEY"},
        sandbox="onesignal",
        ids=_UUIDS,
        record={"status": "scheduled", "channel": "push"},
    ),
    "brevo": FirstAccount(
        account="email",
        credentials={"apiKey": "BREVO_API_KEY"},
        sandbox="brevo",
        record={"status": "draft", "channel": "email"},
        pace="{requests: 10, per: 1s}",
    ),
    "twilio": FirstAccount(
        account="texts",
        settings={"accountSid": f"AC{_hex(32)[0]}"},
        credentials={"authToken": "TWILIO_AUTH_TOKEN"},
        sandbox="twilio",
        ids=tuple(f"SM{one}" for one in _hex(32)),
        record=_SMS,
    ),
    "listmonk": FirstAccount(
        account="lists",
        settings={"host": "lists.acme.example", "user": "reconciler"},
        credentials={"token": "LISTMONK_TOKEN"},
        sandbox="listmonk",
        record={"status": "draft", "channel": "email"},
    ),
    "http": FirstAccount(
        account="crm",
        credentials={"token": "CRM_TOKEN"},
        sandbox="listmonk",
        serves="listmonk",
        record={"status": "draft", "channel": "email"},
        written="http.yaml",
    ),
}


def vendor_of(driver: Driver, account: str | None = None) -> FirstAccount:
    """What a first project says of *driver*; of somebody else's, what its settings demand."""
    if driver.name in VENDORS:
        return VENDORS[driver.name]
    name = account or driver.name
    required = [one for one in settings_of(driver.settings) if one.required]
    return FirstAccount(
        account=name,
        settings={one.name: f"YOUR-{_words(one.name)}" for one in required if not one.credential},
        credentials={
            one.name: f"{_variable(name)}_{_variable(one.name)}"
            for one in required
            if one.credential
        },
    )


def _words(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).upper()


def _variable(name: str) -> str:
    return re.sub(r"[^A-Z0-9]+", "_", _words(name)).strip("_")

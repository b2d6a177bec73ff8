"""The second ring of drivers as the conformance suite needs to know them, from vendors' pages."""

from reconciler import drivers
from reconciler.testing import Example
from tests.support.driver_examples import MEP, answer, item
from tests.support.strict_json import said

SINGLE_SEND = "2f6dec81-43b9-4c67-a890-3a38cb63b54a"


def _emptied(one):
    return one.status == 204 and not one.body


def _value(one, key):
    value = said(one.body)
    return value.get(key) if isinstance(value, dict) else None


SENDGRID = Example(
    driver=drivers.find("sendgrid"),
    settings={"apiKey": {"env": "SENDGRID_KEY"}},
    items=tuple(item("sg", f"{SINGLE_SEND}{n}") for n in range(3)),
    successes=(answer(204),),
    documented=_emptied,
)
SENDGRID_BULK = Example(
    driver=drivers.find("sendgrid"),
    settings={
        "apiKey": {"env": "SENDGRID_KEY"},
        "onBehalfOf": "acme",
        "host": "api.eu.sendgrid.com",
        "bulk": "true",
    },
    items=tuple(item("sg", f"{SINGLE_SEND}{n}") for n in range(120)),
    successes=(answer(204),),
    documented=_emptied,
)
KLAVIYO = Example(
    driver=drivers.find("klaviyo"),
    settings={"apiKey": {"file": "/run/klaviyo"}, "revision": "2026-07-15"},
    items=tuple(item("k", f"01GDDKASAP8TKDDA2GRZDSVP4{n}", channel="email") for n in range(3)),
    successes=(answer(204),),
    documented=_emptied,
)
MAILCHIMP = Example(
    driver=drivers.find("mailchimp"),
    settings={"apiKey": {"env": "MAILCHIMP_KEY"}, "dataCenter": "us6"},
    items=tuple(item("mc", f"42694e9e5{n}") for n in range(3)),
    successes=(answer(204),),
    documented=_emptied,
)
HUBSPOT = Example(
    driver=drivers.find("hubspot"),
    settings={"accessToken": {"env": "HUBSPOT_TOKEN"}},
    items=tuple(item("hs", f"17919152{n}") for n in range(3)),
    successes=(answer(204),),
    documented=_emptied,
)
HUBSPOT_CAMPAIGNS = Example(
    driver=drivers.find("hubspot"),
    settings={"accessToken": {"env": "HUBSPOT_TOKEN"}, "kind": "campaigns", "version": "v3"},
    items=tuple(item("hs", f"8b5a39b8-{n}") for n in range(3)),
    successes=(answer(204),),
    documented=_emptied,
)
ONESIGNAL = Example(
    driver=drivers.find("onesignal"),
    settings={"appId": "b2f7f966-d8cc-11e4-bed1", "apiKey": {"env": "ONESIGNAL_KEY"}},
    items=tuple(item("os", f"481a2734-6b7d-11e4-a6ea-{n}") for n in range(3)),
    successes=(answer(200, {"success": True}),),
    documented=lambda one: one.status == 200 and _value(one, "success") is True,
)
BREVO = Example(
    driver=drivers.find("brevo"),
    settings={"apiKey": {"env": "BREVO_KEY"}},
    items=tuple(item("mail", str(n)) for n in range(1, 4)),
    successes=(answer(204),),
    documented=_emptied,
)
BREVO_ARCHIVE = Example(
    driver=drivers.find("brevo"),
    settings={"apiKey": {"env": "BREVO_KEY"}, "kind": "sms", "mode": "archive"},
    items=tuple(item("mail", str(n), channel="sms") for n in range(1, 4)),
    successes=(answer(204),),
    documented=_emptied,
)
ACCOUNT, MESSAGE = "AC" + "0123456789abcdef" * 2, "SM" + "0123456789abcdef" * 2
TWILIO = Example(
    driver=drivers.find("twilio"),
    settings={"accountSid": ACCOUNT, "authToken": {"env": "TWILIO_TOKEN"}},
    items=(item("tw", MESSAGE), *(item("tw", "spring", f"MM{n:032x}") for n in range(3))),
    successes=(answer(200, {"sid": MESSAGE, "status": "canceled", "error_code": None}),),
    documented=lambda one: (
        (one.status, _value(one, "sid"), _value(one, "status")) == (200, MESSAGE, "canceled")
    ),
)
TWILIO_DELETE = Example(
    driver=drivers.find("twilio"),
    settings={
        "accountSid": ACCOUNT,
        "authToken": {"env": "TWILIO_TOKEN"},
        "apiKeySid": "SK1",
        "mode": "delete",
    },
    items=TWILIO.items,
    successes=(answer(204),),
    documented=_emptied,
)
LISTMONK = Example(
    driver=drivers.find("listmonk"),
    settings={
        "host": "lists.acme.example",
        "user": "api",
        "token": {"env": "LISTMONK_TOKEN"},
    },
    items=tuple(item("lm", str(n)) for n in range(1, 4)),
    successes=(answer(200, {"data": True}),),
    documented=lambda one: one.status == 200 and _value(one, "data") is True,
    absences=(400,),
)
IN_APP = Example(
    driver=drivers.find("batch-mep"),
    settings={
        "apiKey": {"env": "APP_KEY"},
        "restApiKey": {"env": "REST_KEY"},
        "kind": "in-app",
    },
    items=MEP.items,
    successes=MEP.successes,
    documented=MEP.documented,
)
EXAMPLES = (
    *(SENDGRID, SENDGRID_BULK, KLAVIYO, MAILCHIMP, HUBSPOT, HUBSPOT_CAMPAIGNS, ONESIGNAL),
    *(BREVO, BREVO_ARCHIVE, TWILIO, TWILIO_DELETE, LISTMONK, IN_APP),
)

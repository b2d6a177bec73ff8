"""The second ring of drivers as the conformance suite needs to know them, from vendors' pages."""

from reconciler import drivers
from reconciler.testing import Example
from tests.support.driver_examples import answer, item

SINGLE_SEND = "2f6dec81-43b9-4c67-a890-3a38cb63b54a"


def _emptied(one):
    return one.status == 204 and not one.body


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
EXAMPLES = (SENDGRID, SENDGRID_BULK, KLAVIYO, MAILCHIMP)

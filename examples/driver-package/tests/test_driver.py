"""The driver holds what every driver must hold, and what Acme's page says."""

import json

import pytest
from reconciler_acme.driver import DRIVER

from reconciler.driver import Answer, Item
from reconciler.model import Target
from reconciler.testing import Example, conformance


def said(status, body):
    return Answer(status, {}, json.dumps(body).encode())


def documented(answer):
    try:
        return answer.status == 200 and json.loads(answer.body)["deleted"] == ["a1", "a2", "a3"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return False


EXAMPLE = Example(
    driver=DRIVER,
    settings={"clientId": "reconciler", "clientSecret": {"env": "ACME_SECRET"}},
    items=tuple(Item(Target("prod", f"a{n}"), f"Campaign {n}") for n in (1, 2, 3)),
    # From the vendor's page: what says that all of the first request are deleted.
    successes=(said(200, {"deleted": ["a1", "a2", "a3"]}),),
    documented=documented,
    # The vendor's answers to a listing of everything, page by page, and to a look at the first.
    listing=(
        said(200, {"campaigns": [{"id": "a1", "title": "Spring"}], "next": "p2", "total": 2}),
        said(200, {"campaigns": [{"id": "a2", "title": "Summer"}], "next": None, "total": 2}),
    ),
    shown=said(200, {"id": "a1", "title": "Spring"}),
)


@pytest.mark.parametrize("check", conformance(EXAMPLE), ids=str)
def test_driver(check):
    check()

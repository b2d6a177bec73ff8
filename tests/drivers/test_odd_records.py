"""One odd record spoils no listing: what can be read of it is kept, the rest is unknown."""

import json
from typing import Any

import pytest

from reconciler.driver import Answer, Listing
from reconciler.drivers import find
from reconciler.testing import Example
from tests.support.driver_examples import CELLCAST, CEP, KORE, MEP

LISTS = {
    "batch-cep": (CEP, lambda items: {"orchestrations": items, "has_more": False}),
    "batch-mep": (MEP, lambda items: items),
    "kore": (KORE, lambda items: {"status": "success", "data": _last("results", "hasMore", items)}),
    "cellcast": (CELLCAST, lambda items: {"status": True, "data": _last("items", _NEXT, items)}),
}
_NEXT = "hasNextPage"


def _last(key: str, more: str, items: list[Any]) -> dict[str, Any]:
    return {key: items, more: False}


KEYS = {
    "batch-cep": ("id", "name", "created_date"),
    "batch-mep": ("campaign_token", "name", "created_date"),
    "kore": ("id", "name", "createdAt"),
    "cellcast": ("_id", "customString", "createdAt"),
}
NAME = {"cellcast": "labels.customString"}


def listing(driver: str, *items: dict[str, Any]) -> Listing:
    """What the driver lists if the vendor's first page is *items* and all others are empty."""
    example, page = LISTS[driver]
    assert isinstance(example, Example)
    chosen = find(driver)
    assert chosen is not None
    assert chosen.list is not None
    flow = chosen.list(example.session)
    next(flow)
    body = json.dumps(page(list(items))).encode()
    try:
        while True:
            flow.send(Answer(200, {}, body))
            body = json.dumps(page([])).encode()
    except StopIteration as end:
        found: Listing = end.value
        return found


def item(
    driver: str, id_: Any = "c1", name: Any = "One", created: Any = "2024-01-01T00:00:00Z"
) -> Any:
    made = dict(zip(KEYS[driver], (id_, name, created), strict=True))
    return made | ({"labels": []} if driver == "batch-cep" else {})


@pytest.mark.parametrize("driver", LISTS)
@pytest.mark.parametrize("created", ["01/02/2024", 1704067200, {"at": 1}, "2024-13-01"])
def test_a_time_that_cannot_be_read_is_unknown(driver: str, created: Any) -> None:
    found = listing(driver, item(driver, created=created), item(driver, "c2"))
    first, second = found.campaigns
    assert (first.created_at, first.unknown) == (None, ("createdAt",))
    assert second.unknown is None
    assert found.complete or found.partial


@pytest.mark.parametrize("driver", LISTS)
@pytest.mark.parametrize("created", [None, ""])
def test_no_time_is_known_to_be_missing(driver: str, created: Any) -> None:
    (one,) = listing(driver, item(driver, created=created)).campaigns
    assert (one.created_at, one.unknown) == (None, None)


@pytest.mark.parametrize("driver", LISTS)
@pytest.mark.parametrize("name", [7, ["x"], {"en": "x"}, "half \ud83d of it"])
def test_a_name_that_is_no_text_or_not_whole_is_unknown(driver: str, name: Any) -> None:
    found = listing(driver, item(driver, name=name), item(driver, "c2"))
    assert [one.id for one in found.campaigns] == ["c1", "c2"]
    assert found.campaigns[0].unknown == (NAME.get(driver, "name"),)
    assert found.campaigns[1].unknown is None
    assert found.complete or found.partial
    if name == 7 and driver != "cellcast":
        assert found.campaigns[0].name == "7"


@pytest.mark.parametrize("driver", LISTS)
@pytest.mark.parametrize("id_", [7.5, None, "", ["x"], "half \ud83d"])
def test_only_an_odd_id_makes_an_account_not_complete(driver: str, id_: Any) -> None:
    found = listing(driver, item(driver, "c1"), item(driver, id_), item(driver, "c3"))
    assert [one.id for one in found.campaigns] == ["c1", "c3"]
    assert not found.complete
    assert not found.partial
    assert "a record has no text as id" in (found.why or "")


@pytest.mark.parametrize(
    ("labels", "lost"),
    [
        ([], False),
        (None, False),
        (["tier:evergreen"], False),
        (["tier:evergreen", 5], True),
        ({"tier": 1}, True),
        ("tier:evergreen", True),
        (["half \ud83d"], True),
    ],
)
def test_labels_that_cannot_be_read_are_unknown(labels: Any, lost: bool) -> None:
    (one,) = listing("batch-cep", item("batch-cep") | {"labels": labels}).campaigns
    assert one.unknown == (("labels",) if lost else None)


def test_a_vendor_that_does_not_speak_of_labels_says_nothing_of_them() -> None:
    spoken = item("batch-cep")
    del spoken["labels"]
    (one,) = listing("batch-cep", spoken).campaigns
    assert one.unknown == ("labels",)

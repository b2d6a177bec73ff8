"""Where a vendor's item has what a record holds, as drivers say it."""

from typing import Any

import pytest

from reconciler.drivers import jsonapi, shapes
from reconciler.model import Campaign, Status

STATES = shapes.states(draft="*draft*", scheduled="scheduled*", stopped="canceled, over(*)")


def record(shape: shapes.Shape, item: Any, **facts: Any) -> Campaign:
    found = shape.record("a", item, **facts)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("word", "wanted"),
    [
        ("AUTOMATED_DRAFT_AB", Status.DRAFT),
        ("scheduled_draft", Status.DRAFT),  # the first that fits
        ("Scheduled\nagain", Status.SCHEDULED),
        ("canceled", Status.STOPPED),
        ("canceled again", Status.UNKNOWN),
        ("over(x)", Status.STOPPED),
        ("overx", Status.UNKNOWN),
        (True, Status.UNKNOWN),
        (1, Status.UNKNOWN),
        (None, Status.UNKNOWN),
    ],
)
def test_a_star_stands_for_anything_and_nothing_else_does(word: object, wanted: Status) -> None:
    assert shapes.status(STATES, word) is wanted


def test_a_boolean_may_tell_the_state_but_no_number_and_no_text() -> None:
    table = {True: Status.RUNNING, False: Status.STOPPED}
    found = [shapes.status(table, one) for one in (True, False, 1, 0, "true", None)]
    assert found == [Status.RUNNING, Status.STOPPED, *[Status.UNKNOWN] * 4]


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        ("sms", "sms"),
        (["sms"], "sms"),
        (["sms", "push"], None),
        ([], None),
        ([1], None),
        ("", None),
    ],
)
def test_an_item_has_a_channel_if_it_tells_one_alone(told: object, wanted: str | None) -> None:
    shape = shapes.Shape(channel_at="via", within="in")
    assert record(shape, {"id": "1", "in": {"via": told}}).channel == wanted


def test_a_number_is_an_id_only_where_the_vendor_has_numbers() -> None:
    assert record(shapes.Shape(), {"id": 7}).id == "7"
    assert shapes.Shape(numbers=False).record("a", {"id": 7}) is None


def test_what_is_related_and_not_included_is_unknown_and_not_missing() -> None:
    item = {"id": "1", "relationships": {"tags": {"data": [{"type": "tag", "id": "t"}]}}}
    page = {"included": [{"type": "tag", "id": "t", "attributes": {"name": "tier:evergreen"}}]}
    known = jsonapi.related(item, page, "tags", "name")
    assert known == ["tier:evergreen"]
    assert record(shapes.Shape(), item, tags=known).labels == {"tier": "evergreen"}
    other = jsonapi.related(item, {"included": []}, "tags", "name")
    assert record(shapes.Shape(), item, tags=other).unknown == ("labels",)
    assert jsonapi.related({"id": "1"}, page, "tags", "name") is None

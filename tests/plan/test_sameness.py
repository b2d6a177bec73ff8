"""Same record, changed record, another campaign: field by field, as spec §5.1 says."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model import Campaign, Status
from reconciler.plan.sameness import difference

BORN = datetime(2024, 10, 1, 9, 0, tzinfo=UTC)
FULL: dict[str, Any] = {
    "account": "a",
    "id": "1",
    "name": "Diwali",
    "channel": "sms",
    "created_at": BORN,
    "updated_at": BORN,
    "phone_numbers": ("1", "2"),
    "message_ids": ("x",),
    "status": Status.STOPPED,
    "labels": {"team": "growth"},
    "attributes": {"vendor": 1},
}


def campaign(**changes: Any) -> Campaign:
    return Campaign(**{**FULL, **changes})


def kind(changes: dict[str, Any], *, by_name: bool = False) -> str | None:
    """What a change is, seen from either side."""
    one, other = campaign(), campaign(**changes)
    there = difference(one, other, by_name=by_name)
    back = difference(other, one, by_name=by_name)
    assert (there is None) == (back is None)
    assert there is None or back is None or there.kind == back.kind
    return there.kind if there is not None else None


def test_a_name_that_one_side_does_not_have_is_not_compared() -> None:
    assert kind({"name": ""}) is None
    assert kind({"name": ""}, by_name=True) == "another"


@pytest.mark.parametrize(
    ("changes", "is_"),
    [
        ({}, None),
        ({"name": "Other"}, "changed"),
        ({"name": "Diwali "}, "changed"),
        ({"channel": "voice"}, "changed"),
        ({"updated_at": BORN + timedelta(seconds=1)}, "changed"),
        ({"created_at": BORN + timedelta(seconds=1)}, "another"),
        ({"created_at": BORN + timedelta(seconds=1), "name": "Other"}, "another"),
        ({"phone_numbers": ("1",)}, "changed"),
        ({"phone_numbers": ("2", "1")}, None),
        ({"message_ids": ("y",)}, "changed"),
        ({"status": Status.RUNNING}, None),
        ({"labels": None}, None),
        ({"attributes": {}}, None),
        ({"id": "2"}, None),
        *(({field: None}, None) for field in FULL if field not in ("account", "id", "name")),
    ],
    ids=str,
)
def test_each_field_counts_only_if_both_sides_have_it(
    changes: dict[str, Any], is_: str | None
) -> None:
    assert kind(changes) == is_


def test_another_name_is_another_campaign_where_the_vendor_goes_by_name() -> None:
    assert kind({"name": "Other"}, by_name=True) == "another"


def test_names_are_compared_in_nfc() -> None:
    one, other = campaign(name="Caf\u00e9"), campaign(name="Cafe\u0301")
    assert difference(one, other, by_name=True) is None


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (BORN.astimezone(timezone(timedelta(hours=5, minutes=30))), True),
        (BORN.replace(microsecond=123_000), True),
        (BORN + timedelta(seconds=1), False),
        (BORN - timedelta(microseconds=1), False),
    ],
)
def test_a_time_written_without_fractions_is_the_same_second(other: datetime, same: bool) -> None:
    assert (kind({"created_at": other}) is None) == same


def test_two_times_with_fractions_are_compared_to_the_end() -> None:
    one = campaign(created_at=BORN.replace(microsecond=1))
    other = campaign(created_at=BORN.replace(microsecond=2))
    found = difference(one, other, by_name=False)
    assert found is not None
    assert found.kind == "another"


def test_parts_can_be_left_to_whoever_compares_them_one_by_one() -> None:
    one, other = campaign(), campaign(phone_numbers=("9",), message_ids=("9",))
    assert difference(one, other, by_name=False, parts=False) is None


def test_the_detail_names_every_field_and_no_phone_number() -> None:
    other = campaign(
        name="New", phone_numbers=("918187867008",), created_at=BORN.replace(year=2025)
    )
    found = difference(campaign(), other, by_name=False)
    assert found is not None
    assert found.detail == (
        "name: 'Diwali' -> 'New'; createdAt: 2024-10-01T09:00:00Z -> 2025-10-01T09:00:00Z; "
        "phoneNumbers: 2 of them -> 1 of them"
    )


@given(st.fixed_dictionaries({}, optional={
    "name": st.text(max_size=5),
    "channel": st.sampled_from(["sms", "voice", None]),
    "created_at": st.sampled_from([BORN, BORN + timedelta(days=1), None]),
    "phone_numbers": st.sampled_from([None, (), ("1",), ("1", "2")]),
}))  # fmt: skip
def test_a_record_is_always_the_same_as_itself(changes: dict[str, Any]) -> None:
    one = campaign(**changes)
    assert difference(one, one, by_name=True) is None

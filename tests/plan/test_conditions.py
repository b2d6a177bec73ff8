"""Conditions on times and labels, one record at a time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.declare.manifest import Selector
from reconciler.model import Campaign, Status
from reconciler.plan.conditions import test_of as condition

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def says(record: dict[str, Any], now: datetime = NOW, **conditions: Any) -> bool | None:
    test = condition(Selector.model_validate(conditions), now)
    assert test is not None
    (verdict,) = test([Campaign(account="a", id="1", name="n", **record)])
    return verdict


def labelled(**labels: str) -> dict[str, Any]:
    return {"labels": labels}


@pytest.mark.parametrize(
    ("value", "before", "after"),
    [
        ("2026-11-19", True, False),
        ("2026-11-20", False, False),  # the day is not over, and has begun
        ("2026-11-21", False, True),
        ("2026-11-20T08:59:59Z", True, False),
        ("2026-11-20T09:00:00Z", False, False),
        ("2026-11-20T09:00:01Z", False, True),
        ("2026-11-20T10:30:00+02:00", True, False),
        ("2026-11-20 08:59", True, False),  # no zone is UTC
        ("2026-11-20T08:59:60Z", True, False),  # the leap second is the second before it
        ("2026-11-20T08:59:59.9999999999Z", True, False),  # cut, never rounded
        (" 2026-11-19 ", True, False),
        ("19.11.2026", None, None),
        ("2026-02-30", None, None),
        ("", None, None),
    ],
)
def test_a_label_that_holds_a_date_is_before_or_after_now(
    value: str, before: bool | None, after: bool | None
) -> None:
    record = labelled(expiresAt=value)
    assert says(record, labelBefore={"expiresAt": "now"}) is before
    assert says(record, labelAfter={"expiresAt": "now"}) is after


def test_a_day_is_over_at_midnight_utc() -> None:
    record = labelled(expiresAt="2026-11-19")
    midnight = datetime(2026, 11, 20, tzinfo=UTC)
    assert says(record, midnight, labelBefore={"expiresAt": "now"}) is True
    late = midnight - timedelta(seconds=1)
    assert says(record, late, labelBefore={"expiresAt": "now"}) is False


@pytest.mark.parametrize(
    ("value", "before", "after"),
    [
        ("2026-11-09", True, False),
        ("2026-11-10", False, False),
        ("2026-11-11", False, True),
        ("2026-11-09T23:59:59Z", True, False),
        ("2026-11-10T00:00:00Z", False, False),
        ("2026-11-10T23:59:59Z", False, False),
        ("2026-11-11T00:00:00Z", False, True),
    ],
)
def test_a_date_in_the_selector_is_the_whole_utc_day(value: str, before: bool, after: bool) -> None:
    record = labelled(expiresAt=value)
    assert says(record, labelBefore={"expiresAt": "2026-11-10"}) is before
    assert says(record, labelAfter={"expiresAt": "2026-11-10"}) is after


def test_a_label_that_is_not_there_cannot_be_judged() -> None:
    for record in ({}, labelled(), labelled(other="2020-01-01")):
        assert says(record, labelBefore={"expiresAt": "now"}) is None
        assert says(record, labels={"expiresAt": "now"}) is None


def test_labels_are_compared_in_nfc_key_and_value() -> None:
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    for key in (composed, decomposed):
        for value in (composed, decomposed):
            record = {"labels": {key: value, "x": "y"}}
            assert says(record, labels={composed: decomposed}) is True
            assert says(record, labels={decomposed: "cafe"}) is False
    record = {"labels": {decomposed: "2026-01-01"}}
    assert says(record, labelBefore={composed: "now"}) is True
    kelvin = {"labels": {"\u212a": "v"}}  # its NFC is the plain letter
    assert says(kelvin, labels={"K": "v"}) is True


def test_of_keys_that_are_equal_only_in_nfc_each_counts() -> None:
    record = {"labels": {"caf\u00e9": "one", "cafe\u0301": "two"}}
    for value in ("one", "two"):
        assert says(record, labels={"caf\u00e9": value}) is True


@pytest.mark.parametrize(
    ("condition_", "field"), [("newerThan", "created_at"), ("updatedWithin", "updated_at")]
)
def test_the_young_are_younger_than_the_age(condition_: str, field: str) -> None:
    for at, young in ((NOW - DAY, False), (NOW - DAY + timedelta(seconds=1), True), (NOW, True)):
        assert says({field: at}, **{condition_: DAY}) is young
    assert says({}, **{condition_: DAY}) is None


@given(
    some=st.lists(
        st.fixed_dictionaries(
            {
                "status": st.sampled_from([None, *Status]),
                "channel": st.sampled_from([None, "sms", "push"]),
                "created_at": st.sampled_from([None, NOW - DAY, NOW, NOW + DAY]),
                "labels": st.sampled_from([None, {"a": "b"}, {"a": "c"}]),
            }
        ),
        max_size=4,
    ),
    conditions=st.fixed_dictionaries(
        {"createdBefore": st.just(NOW)},
        optional={
            "status": st.just(["draft", "unknown"]) | st.just(["draft"]),
            "channel": st.just(["sms"]),
            "labels": st.just({"a": "b"}),
        },
    ),
)
def test_of_many_records_each_is_told_what_all_conditions_say_of_it(
    some: list[dict[str, Any]], conditions: dict[str, Any]
) -> None:
    test = condition(Selector.model_validate(conditions), NOW)
    assert test is not None
    told = test([Campaign(account="a", id="1", name="n", **one) for one in some])
    assert len(told) == len(some)
    for one, verdict in zip(some, told, strict=True):
        each = {says(one, **{key: value}) for key, value in conditions.items()}
        assert verdict is (False if False in each else None if None in each else True)


def test_an_unknown_status_is_judged_only_by_who_asks_for_it() -> None:
    for asked, verdict in ((["draft"], None), (["unknown"], True)):
        assert says({"status": Status.UNKNOWN}, status=asked) is verdict
        assert says({}, status=asked) is None

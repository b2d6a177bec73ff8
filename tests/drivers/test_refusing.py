"""A driver's rule that goes by one field says of many records what it says of each."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reconciler.driver import refusing
from reconciler.model import Campaign, Status

RULES = (
    refusing.by_status(lambda bad, one: "x" if one is bad else None),
    refusing.by_channel(lambda bad, one: "x" if one is bad or one == "fax" else None),
    refusing.by_attributes(lambda bad, one: "x" if one is bad or "kind" in (one or {}) else None),
)


@given(
    some=st.lists(
        st.tuples(
            st.sampled_from([None, *Status]),
            st.sampled_from([None, "", "fax", "sms"]),
            st.sampled_from([None, {}, {"kind": ["flow"]}, {"other": {}}]),
        ),
        min_size=1,
        max_size=4,
    ),
    bad=st.sampled_from([None, "nobody", Status.RUNNING]),
)
def test_records_are_cleared_together_if_and_only_if_none_is_refused(
    some: list[tuple[Any, Any, Any]], bad: Any
) -> None:
    records = [
        Campaign(account="a", id="1", name="n", status=one, channel=channel, attributes=told)
        for one, channel, told in some
    ]
    for rule in RULES:
        assert rule.clear(bad, records) == (not any(rule(bad, one) for one in records))


def test_who_has_no_rule_refuses_nothing() -> None:
    one = Campaign(account="a", id="1", name="n", attributes={"kind": "flow"})
    assert refusing.nothing.clear(None, [one])
    assert refusing.nothing(None, one) is None

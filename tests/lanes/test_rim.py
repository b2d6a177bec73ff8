"""A vendor that echoes a credential in a campaign: nobody is given it, and nobody is misled."""

import asyncio
from typing import Any

import pytest

from reconciler.declare.known import unknown
from reconciler.driver import Listing, Missing, Present, Unclear
from reconciler.lanes import rim
from reconciler.lanes.scrub import scrubbed
from reconciler.model import AccountFacts, Campaign

KEY = "Kx9+q7ZeT2vLmPw3"
PLAIN = Campaign(
    account="a",
    id="c1",
    name="One",
    channel="push",
    labels={"team": "growth", "tier": "two"},
    attributes={"state": "LIVE", "more": [{"deep": "x"}], "n": 7},
    message_ids=("m1",),
)
ALL = AccountFacts(fields=("name", "channel", "labels"))


def clean(shown: Any, *, by_name: bool = False) -> Any:
    return asyncio.run(rim.clean(shown, lambda text: scrubbed(text, [KEY]), by_name=by_name))


def listed(*records: Campaign, by_name: bool = False) -> Listing:
    found = clean(Listing(records, complete=True), by_name=by_name)
    assert isinstance(found, Listing)
    return found


def test_a_record_without_a_secret_is_as_it_was() -> None:
    assert listed(PLAIN) == Listing((PLAIN,), complete=True)


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("name", f"One {KEY}", "One ***"),
        ("channel", KEY, None),
        ("labels", {"team": "growth", "tier": KEY}, {"team": "growth"}),
        ("labels", {KEY: "growth"}, None),
        ("labels", {"team": KEY[:10]}, None),
    ],
)
def test_what_is_masked_is_known_no_longer(field: str, value: Any, shown: Any) -> None:
    odd = {"channel": PLAIN.channel, "labels": PLAIN.labels, "name": PLAIN.name, field: value}
    record = Campaign(account="a", id="c1", attributes=PLAIN.attributes, **odd)
    found = listed(record)
    assert found.complete
    (one,) = found.campaigns
    assert getattr(one, field) == shown
    assert one.unknown == (field,)
    asked = "labels.tier" if field == "labels" else field
    assert unknown(one, ALL, asked)
    assert not unknown(PLAIN, ALL, asked)


def test_the_vendors_own_words_are_masked_however_deep() -> None:
    deep = {"state": KEY, KEY: 1, "more": [{"deep": [KEY, 7, None]}], "n": 7}
    (one,) = listed(Campaign(account="a", id="c1", name="One", attributes=deep)).campaigns
    assert one.attributes == {
        "state": "***",
        "***": 1,
        "more": [{"deep": ["***", 7, None]}],
        "n": 7,
    }
    assert one.unknown is None


def test_attributes_without_an_end_are_left_out_below() -> None:
    deep: Any = KEY
    for _ in range(5000):
        deep = [deep]
    (one,) = listed(Campaign(account="a", id="c1", name="One", attributes={"x": deep})).campaigns
    assert KEY not in str(one)


@pytest.mark.parametrize("field", ["id", "message_ids", "phone_numbers", "name"])
def test_a_record_that_is_named_by_a_secret_is_left_out_and_told(field: str) -> None:
    value: Any = KEY if field in ("id", "name") else ("7", KEY)
    record = Campaign(**{"account": "a", "id": "c2", "name": "Two", field: value})
    found = listed(PLAIN, record, by_name=True)
    assert found.campaigns == (PLAIN,)
    assert not found.complete
    assert found.why is not None
    assert "credential" in found.why


def test_what_a_look_shows_is_masked_too() -> None:
    seen = clean(Present(Campaign(account="a", id=KEY, name=f"{KEY} 1"), settled=f"sent {KEY}"))
    assert seen == Present(
        Campaign(account="a", id="***", name="*** 1", unknown=("name",)), settled="sent ***"
    )
    assert clean(Missing(f"no {KEY}", sure=True)) == Missing("no ***", sure=True)
    assert clean(Unclear(f"no {KEY}", unseen=True)) == Unclear("no ***", unseen=True)
    assert listed().why is None
    assert clean(Listing((), complete=False, why=f"x {KEY}")).why == "x ***"

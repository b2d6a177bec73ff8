"""The new inventory from the old one and a listing: values in, values out."""

from datetime import UTC, datetime

import msgspec
import pytest

from reconciler.driver import Listing
from reconciler.lanes.journal import State
from reconciler.model import AccountFacts, Campaign, Outcome, Status, Target
from reconciler.pull.keeping import (
    Portion,
    gone_since,
    header,
    listed,
    targets_of,
    unlistable,
)

T0 = datetime(2026, 11, 19, 8, tzinfo=UTC)
T1 = datetime(2026, 11, 20, 8, 0, 0, 999_999, tzinfo=UTC)
NOW = T1.replace(microsecond=0)
BORN = datetime(2024, 10, 1, 9, tzinfo=UTC)
KNOWN = AccountFacts(complete=True, campaigns=2, captured_at=T0)


def campaign(id_: str, **fields: object) -> Campaign:
    values = {"account": "acc", "id": id_, "name": f"N {id_}", **fields}
    return Campaign(**values)


def pulled(new, old=(), *, known=KNOWN, gone=None, complete=True, **facts) -> Portion | None:
    listing = Listing(tuple(new), complete, **facts)
    return listed("acc", listing, T1, old, known, gone or {})


def ids(portion: Portion) -> list[str]:
    return [one.id for one in portion.records]


def test_a_complete_listing_is_the_whole_truth():
    found = pulled([campaign("c"), campaign("b")], [campaign("a"), campaign("b", status="draft")])
    assert ids(found) == ["b", "c"]
    assert found.facts == AccountFacts(complete=True, campaigns=2, captured_at=NOW)
    assert (found.appeared, found.gone, found.changed, found.kept) == (1, 1, 1, 0)


def test_an_empty_complete_listing_is_news():
    found = pulled([], [campaign("a")])
    assert found.records == ()
    assert found.facts.complete


def test_a_listing_that_failed_from_the_start_is_no_news():
    assert pulled([], [campaign("a")], complete=False, why="HTTP 500") is None


def test_what_part_of_a_listing_did_not_show_stays():
    found = pulled([campaign("b")], [campaign("a")], complete=False, why="HTTP 500")
    assert ids(found) == ["a", "b"]
    assert found.facts == AccountFacts(complete=False, campaigns=2, captured_at=T0, why="HTTP 500")
    assert (found.gone, found.kept) == (0, 1)


@pytest.mark.parametrize(
    ("old", "known", "at"),
    [
        ([], KNOWN, NOW),
        ([campaign("b")], KNOWN, NOW),
        ([campaign("a")], KNOWN, T0),
        ([campaign("a")], AccountFacts(), None),
        ([campaign("a")], None, None),
        ([campaign("a")], AccountFacts(captured_at=datetime(2026, 11, 21, tzinfo=UTC)), NOW),
    ],
)
def test_the_oldest_record_says_how_old_an_inventory_is(old, known, at):
    found = pulled([campaign("b")], old, known=known, complete=False, why="x")
    assert found.facts.captured_at == at


def test_a_vendor_that_never_lists_everything_is_pulled_though_it_lists_nothing():
    found = pulled([], [campaign("a")], complete=False, partial=True, why="only sent ones")
    assert ids(found) == ["a"]
    assert not found.facts.complete
    assert found.facts.why == "only sent ones"


# ---------------------------------------------------------------- fields

OLD = campaign(
    "a",
    status=Status.DRAFT,
    channel="sms",
    created_at=BORN,
    updated_at=BORN,
    labels={"team": "x"},
    phone_numbers=("9181",),
    message_ids=("m",),
    attributes={"status": "DRAFT"},
)


def test_the_vendors_record_wins_and_what_it_never_says_stays():
    (found,) = pulled([campaign("a", status=Status.RUNNING)], [OLD]).records
    assert found == msgspec.structs.replace(
        OLD, status=Status.RUNNING, updated_at=None, attributes=None
    )


def test_a_field_that_the_vendor_gives_is_never_the_old_one():
    new = msgspec.structs.replace(
        OLD, labels={"tier": "y"}, channel="voice", phone_numbers=(), attributes={"n": 1}
    )
    assert pulled([new], [OLD]).records == (new,)


def test_no_labels_are_news_where_the_vendor_has_labels():
    (found,) = pulled([campaign("a", created_at=BORN, labels={})], [OLD]).records
    assert found.labels is None


@pytest.mark.parametrize(
    "new",
    [
        campaign("a", name="Another", created_at=BORN),
        campaign("a", created_at=T0),
    ],
)
def test_another_campaign_of_the_same_id_inherits_nothing(new):
    assert pulled([new], [OLD]).records == (new,)


def test_names_are_the_same_in_nfc_and_the_vendors_bytes_are_kept():
    old, new = campaign("a", name="\u00e9", labels={"t": "x"}), campaign("a", name="e\u0301")
    (found,) = pulled([new], [old]).records
    assert (found.name, found.labels) == ("e\u0301", {"t": "x"})


def test_a_message_of_a_campaign_of_ours_is_not_listed_beside_it():
    old = campaign("spring", message_ids=("m1", "m2"))
    new = [campaign("m1"), campaign("m3")]
    assert ids(pulled(new, [old], complete=False, partial=True)) == ["m3", "spring"]


# ---------------------------------------------------------------- hostile listings


def test_a_campaign_listed_twice_is_a_contradiction():
    found = pulled([campaign("a"), campaign("a", name="other")])
    assert ids(found) == ["a"]
    assert found.facts.why == "a campaign was listed twice"
    assert not found.facts.complete


@pytest.mark.parametrize("value", [10**400, -(2**70), float("1e300"), "x" * 2_000_000])
def test_attributes_that_no_file_can_hold_are_left_out(value):
    (found,) = pulled([campaign("a", attributes={"n": value})]).records
    assert found.attributes is None or found.attributes == {"n": value}
    assert msgspec.json.decode(msgspec.json.encode(found), type=Campaign) == found
    assert len(msgspec.json.encode(found)) < 1 << 20


def test_a_record_that_no_file_can_hold_makes_the_listing_incomplete():
    found = pulled([campaign("a", name="x" * 2_000_000), campaign("b")])
    assert ids(found) == ["b"]
    assert found.facts.why == "a record was listed that cannot be written down"


def test_a_record_is_always_of_the_account_that_was_asked():
    (found,) = pulled([campaign("a", account="another")]).records
    assert found.account == "acc"


# ---------------------------------------------------------------- what the journal knows

CALLS = campaign("calls", phone_numbers=("1", "2"))


def ended(part=None, *, at=T1, outcome=Outcome.DELETED, inventory=(), id_="calls"):
    return {Target("acc", id_, part): State(outcome, at=at, inventory=inventory)}


def test_every_target_of_a_record_is_asked_about():
    assert [str(one) for one in targets_of([CALLS])] == ["acc/calls", "acc/calls#1", "acc/calls#2"]


@pytest.mark.parametrize(
    ("states", "left"),
    [
        (ended(), []),
        (ended("1"), [("2",)]),
        (ended("1") | ended("2"), []),
        (ended("1") | ended(), []),
        (ended(outcome=Outcome.ALREADY_ABSENT), []),
        (ended(outcome=Outcome.IN_DOUBT), [("1", "2")]),
        (ended(outcome=Outcome.REFUSED), [("1", "2")]),
        (ended(outcome=None), [("1", "2")]),
        (ended(at=T0), [("1", "2")]),
        (ended(at=T0, inventory=("other",)), [("1", "2")]),
        (ended(at=T0, inventory=("digest",)), []),
        ({}, [("1", "2")]),
    ],
)
def test_what_was_deleted_since_the_file_was_captured_is_gone(states, left):
    gone = gone_since(states, T0, "digest")
    found = unlistable([CALLS], KNOWN, gone)
    assert [one.phone_numbers for one in found.records] == left
    assert found.facts == AccountFacts(complete=True, campaigns=len(left), captured_at=T0)
    kept = pulled([], [CALLS], gone=gone, complete=False, partial=True, why="x")
    assert [one.phone_numbers for one in kept.records] == left


def test_of_a_file_of_unknown_age_only_its_own_deletions_are_gone():
    assert gone_since(ended(inventory=("digest",)), None, "digest") == {("acc", "calls"): None}
    assert gone_since(ended(), None, "digest") == {}
    assert gone_since(ended(), None, None) == {}


def test_what_is_listed_again_has_come_back_whatever_the_journal_says():
    assert ids(pulled([CALLS], [CALLS], gone={("acc", "calls"): None})) == ["calls"]


def test_the_header_names_every_account_in_order():
    portion = pulled([campaign("a")])
    known = {"zoo": KNOWN, "acc": AccountFacts(), "bee": AccountFacts(complete=False)}
    found = header({"acc": portion}, known)
    assert list(found) == ["acc", "bee", "zoo"]
    assert found["zoo"] is KNOWN
    assert found["acc"] is portion.facts

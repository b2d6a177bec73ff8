"""The new inventory from the old one and a listing: values in, values out."""

from datetime import UTC, datetime

import msgspec
import pytest

from reconciler.declare.known import unknown
from reconciler.driver import Listing
from reconciler.lanes.journal import State
from reconciler.model import AccountFacts, Campaign, Outcome, Status, Target
from reconciler.pull.keeping import (
    Portion,
    Vendor,
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


FIELDS = ("name", "status", "channel", "createdAt", "updatedAt")
VENDOR = Vendor(FIELDS)


def pulled(
    new, old=(), *, known=KNOWN, gone=None, complete=True, vendor=VENDOR, **facts
) -> Portion | None:
    listing = Listing(tuple(new), complete, **facts)
    return listed("acc", listing, T1, old, known, gone or {}, vendor)


def facts(**said: object) -> AccountFacts:
    return AccountFacts(**{"fields": FIELDS, **said})


def ids(portion: Portion) -> list[str]:
    return [one.id for one in portion.records]


def test_a_complete_listing_is_the_whole_truth():
    found = pulled([campaign("c"), campaign("b")], [campaign("a"), campaign("b", status="draft")])
    assert ids(found) == ["b", "c"]
    assert found.facts == facts(complete=True, campaigns=2, captured_at=NOW)
    assert (found.appeared, found.gone, found.changed, found.kept) == (1, 1, 1, 0)


def test_an_empty_listing_of_an_account_that_had_nothing_is_news():
    found = pulled([], [])
    assert found.records == ()
    assert found.facts.complete


@pytest.mark.parametrize(
    ("was", "is_", "said"),
    [
        (4, 0, "none of 4 campaigns that were known is listed now"),
        (4, 1, "only 1 of 4 campaigns that were known is listed now"),
        (5, 2, "only 2 of 5 campaigns that were known are listed now"),
        (1, 0, "none of the 1 campaign that was known is listed now"),
    ],
)
def test_an_absence_is_believed_only_with_a_witness(was, is_, said):
    old = [campaign(f"c{n}") for n in range(was)]
    new = [*old[:is_], campaign("new")]
    found = pulled(new, old)
    assert found.facts.complete is False
    assert found.facts.why == f"{said}; if the others are gone, say --allow-shrink acc"
    assert found.facts.captured_at == T0
    assert ids(found) == sorted(one.id for one in (*old, campaign("new")))
    assert (found.gone, found.kept) == (0, was - is_)
    sure = pulled(new, old, vendor=Vendor(FIELDS, may_shrink=True))
    assert sure.facts == facts(complete=True, campaigns=is_ + 1, captured_at=NOW)


def test_half_of_what_was_known_is_witness_enough():
    old = [campaign(f"c{n}") for n in range(4)]
    assert pulled(old[:2], old).facts.complete
    assert pulled(old[:1], old[:2]).facts.complete


def test_what_the_journal_says_is_gone_needs_no_witness():
    old = [campaign(f"c{n}") for n in range(4)]
    gone = {("acc", f"c{n}"): None for n in range(1, 4)}
    assert pulled(old[:1], old, gone=gone).facts.complete
    assert pulled([], old, gone={**gone, ("acc", "c0"): None}).facts.complete


def test_what_is_shown_as_gone_is_left_out_and_counted_and_is_no_silence():
    old = [campaign(f"c{n}") for n in range(4)]
    over = [campaign(f"c{n}", attributes={"state": "archived"}) for n in range(1, 4)]
    vendor = Vendor(FIELDS, lambda one: (one.attributes or {}).get("state") == "archived")
    found = pulled([old[0], *over], old, vendor=vendor)
    assert ids(found) == ["c0"]
    assert found.facts.complete
    assert (found.gone, found.ended, found.kept) == (3, 3, 0)
    part = pulled(over[:1], old, vendor=vendor, complete=False, why="HTTP 500")
    assert ids(part) == ["c0", "c2", "c3"]


def test_a_listing_that_failed_from_the_start_is_no_news():
    assert pulled([], [campaign("a")], complete=False, why="HTTP 500") is None


def test_what_part_of_a_listing_did_not_show_stays():
    found = pulled([campaign("b")], [campaign("a")], complete=False, why="HTTP 500")
    assert ids(found) == ["a", "b"]
    assert found.facts == facts(complete=False, campaigns=2, captured_at=T0, why="HTTP 500")
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
    vendor = Vendor((*FIELDS, "labels"))
    assert pulled([new], [OLD], vendor=vendor).records == (new,)


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


# ---------------------------------------------------------------- names, states, what is known

NAMELESS = Vendor(("channel", "createdAt", "labels.customString"))


def test_a_vendor_without_names_and_states_replaces_none():
    old = campaign("a", name="Spring", status=Status.RUNNING, created_at=BORN)
    new = campaign("a", name="a", status=Status.SCHEDULED, created_at=BORN)
    (found,) = pulled([new], [old], vendor=NAMELESS).records
    assert (found.name, found.status) == ("Spring", Status.RUNNING)
    (found,) = pulled([new], vendor=NAMELESS).records
    assert (found.name, found.status) == ("a", Status.SCHEDULED)
    other = msgspec.structs.replace(new, created_at=T0)
    assert pulled([other], [old], vendor=NAMELESS).records[0].name == "a"


def test_a_vendor_that_knows_one_label_leaves_the_others():
    old = campaign("a", labels={"tier": "evergreen", "customString": "x"})
    new = campaign("a", name="a", labels={"customString": "y"})
    (found,) = pulled([new], [old], vendor=NAMELESS).records
    assert found.labels == {"tier": "evergreen", "customString": "y"}


def known_of(portion: Portion, id_: str, field: str) -> bool:
    one = next(one for one in portion.records if one.id == id_)
    return not unknown(one, portion.facts, field)


def test_the_header_lists_what_the_vendor_knows():
    found = pulled([campaign("a")])
    assert found.facts.fields == FIELDS
    assert known_of(found, "a", "createdAt")
    assert not known_of(found, "a", "labels.tier")


def test_what_an_old_record_knew_and_the_vendor_never_says_stays_known():
    old = [campaign("a", labels={"team": "x"}), campaign("b")]
    before = facts(fields=("labels",), captured_at=T0)
    found = pulled([campaign("a"), campaign("b"), campaign("new")], old, known=before)
    assert found.facts.fields == (*FIELDS, "labels")
    assert known_of(found, "a", "labels.tier")
    assert known_of(found, "b", "labels.tier")
    assert not known_of(found, "new", "labels.tier")
    assert [one.unknown for one in found.records] == [None, None, ("labels",)]


def test_labels_written_by_hand_are_still_all_of_a_record_after_a_pull():
    old = [campaign("a", labels={"team": "x"}), campaign("b")]
    found = pulled([campaign("a"), campaign("b")], old, known=AccountFacts(captured_at=T0))
    assert known_of(found, "a", "labels.tier")
    assert not known_of(found, "b", "labels.tier")


def test_of_what_stays_unlisted_nobody_knows_more_than_before():
    old = [campaign("a"), campaign("b")]
    found = pulled([campaign("a")], old, complete=False, why="HTTP 500")
    assert known_of(found, "a", "createdAt")
    assert not known_of(found, "b", "createdAt")


def test_what_could_not_be_read_is_counted_and_named_and_spoils_nothing():
    odd = campaign("a", unknown=("createdAt",))
    found = pulled([odd, campaign("b")])
    assert found.facts.complete
    assert found.odd == (("a", ("createdAt",)),)
    assert not known_of(found, "a", "createdAt")


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


def test_what_no_file_can_hold_is_unknown_and_spoils_no_listing():
    labels = {"t": "x" * 2_000_000}
    found = pulled([campaign("a", name="x" * 2_000_000), campaign("b", labels=labels)])
    assert ids(found) == ["a", "b"]
    assert found.facts.complete
    assert [(one.name, one.unknown) for one in found.records] == [
        ("", ("name", "labels")),
        ("N b", ("labels",)),
    ]
    assert found.odd == (("a", ("name", "labels")), ("b", ("labels",)))


def test_an_id_that_no_file_can_hold_makes_the_listing_incomplete():
    found = pulled([campaign("x" * 2_000_000), campaign("b")])
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

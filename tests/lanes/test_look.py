"""What a look means, before a request and after a doubt: whole tables; witnesses; who may look."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from reconciler.driver import Item, Listing, Missing, Present, Unclear
from reconciler.driver.looks import by_listing, can_look
from reconciler.lanes.journal import State
from reconciler.lanes.look import _until_look, fate_after, fate_before
from reconciler.lanes.wire import NoAnswer
from reconciler.lanes.work import Fate, Job, LookReason, Rules, Witnesses
from reconciler.model import Campaign, Held, Outcome, Target
from tests.support.apply_world import (
    BLIND,
    DRIVER,
    EPOCH,
    LISTS_ONLY,
    LOOKS_ONLY,
    Vendor,
    World,
    campaigns,
    told,
)

Make = Callable[..., World]
TARGET = Target("a", "1")
SAME = Campaign(account="a", id="1", name="one", created_at=EPOCH)
OTHER = Campaign(account="a", id="1", name="one", created_at=EPOCH + timedelta(days=1))
RENAMED = Campaign(account="a", id="1", name="two", created_at=EPOCH)
NO_RULES = Rules(lambda _t, _c: None)
RUNNING = Rules(lambda _t, _c: Held.RUNNING)
MINUTE = timedelta(seconds=60)


def job(**state: Any) -> Job:
    return Job(item=Item(TARGET, "one"), planned=SAME, state=State(**state))


# ---------------------------------------------------------------- before a request

GO = None
DRIFTED, REFUSED, ABSENT = Outcome.DRIFTED, Outcome.REFUSED, Outcome.ALREADY_ABSENT


@pytest.mark.parametrize(
    ("sighting", "witnessed", "rules", "outcome"),
    [
        (Present(SAME), False, NO_RULES, GO),
        (Present(SAME), True, NO_RULES, GO),
        (Present(SAME), True, RUNNING, DRIFTED),
        (Present(OTHER), True, NO_RULES, DRIFTED),
        (Present(RENAMED), False, NO_RULES, DRIFTED),
        (Present(SAME, settled="it was sent"), False, NO_RULES, REFUSED),
        (Present(OTHER, settled="it was sent"), False, NO_RULES, REFUSED),
        (Missing("no"), True, NO_RULES, ABSENT),
        (Missing("no"), False, NO_RULES, GO),
        (Missing("cancelled", sure=True), False, NO_RULES, ABSENT),
        (Unclear("500"), True, NO_RULES, GO),
        (Unclear("403", unavailable=True), False, NO_RULES, GO),
    ],
)
def test_what_a_look_before_the_request_decides(
    sighting: Any, witnessed: bool, rules: Rules, outcome: Outcome | None
) -> None:
    fate = fate_before(job(), sighting, witnessed=witnessed, rules=rules, by_name=False)
    assert (fate.outcome if fate else None) == outcome
    assert fate is None or fate.evidence == "look"


def test_the_detail_of_a_drift_says_what_it_is() -> None:
    def said(seen: Campaign, *, by_name: bool = False, rules: Rules = NO_RULES) -> str | None:
        fate = fate_before(job(), Present(seen), witnessed=True, rules=rules, by_name=by_name)
        return fate.detail if fate else None

    assert said(SAME, rules=RUNNING) == "running"
    assert (said(OTHER) or "").startswith("another: createdAt: ")
    assert said(RENAMED) == "changed: name: 'one' -> 'two'"
    assert said(RENAMED, by_name=True) == "another: name: 'one' -> 'two'"


# ---------------------------------------------------------------- after a doubt

CLEARED = {"cleared": True, "outcome": None, "detail": "there after two looks"}
SINCE = {"sends": 1, "doubts": 1, "outcome": Outcome.IN_DOUBT}
SEEN = {**SINCE, "seen_at": EPOCH - MINUTE}
SEEN_AHEAD = {**SINCE, "seen_at": EPOCH + timedelta(hours=1)}  # by a clock that was put right
JUST_SEEN = {**SINCE, "seen_at": EPOCH - timedelta(seconds=59)}
TWICE = {**SINCE, "sends": 2, "doubts": 2}
NEVER_SENT = {**SINCE, "sends": 0}


@pytest.mark.parametrize(
    ("state", "sighting", "witnessed", "rules", "outcome", "changes"),
    [
        (SINCE, Missing("no"), True, NO_RULES, Outcome.DELETED, {}),
        (SINCE, Missing("no"), False, NO_RULES, None, {}),
        (SINCE, Missing("cancelled", sure=True), False, NO_RULES, Outcome.DELETED, {}),
        (NEVER_SENT, Missing("no"), True, NO_RULES, ABSENT, {}),
        (SINCE, Present(SAME), True, NO_RULES, None, {"seen_at": EPOCH}),
        (SINCE, Present(SAME), False, NO_RULES, None, {"seen_at": EPOCH}),
        (JUST_SEEN, Present(SAME), True, NO_RULES, None, {}),
        (SEEN, Present(SAME), True, NO_RULES, None, CLEARED),
        (SEEN_AHEAD, Present(SAME), True, NO_RULES, None, {"seen_at": EPOCH}),
        (SEEN, Present(SAME), True, RUNNING, DRIFTED, {}),
        (SINCE, Present(SAME), True, RUNNING, None, {"seen_at": EPOCH}),
        (SINCE, Present(OTHER), True, NO_RULES, DRIFTED, {}),
        (SINCE, Present(RENAMED), False, NO_RULES, DRIFTED, {}),
        (SINCE, Present(SAME, settled="it was sent"), True, NO_RULES, REFUSED, {}),
        (TWICE, Present(SAME), True, NO_RULES, None, {"seen_at": EPOCH}),
        ({**TWICE, "seen_at": EPOCH - MINUTE * 9}, Present(SAME), True, NO_RULES, None, "same"),
        (TWICE, Missing("no"), True, NO_RULES, Outcome.DELETED, {}),
        (SINCE, Unclear("500"), True, NO_RULES, None, {}),
        (SEEN, Unclear("500"), True, NO_RULES, None, {}),
    ],
)
def test_what_a_look_after_a_doubt_decides(
    state: dict[str, Any],
    sighting: Any,
    witnessed: bool,
    rules: Rules,
    outcome: Outcome | None,
    changes: Any,
) -> None:
    one = job(**state)
    fate, found = fate_after(
        one, sighting, witnessed=witnessed, rules=rules, by_name=False, now=EPOCH, again=MINUTE
    )
    assert (fate.outcome if fate else None) == outcome
    if changes == "same":
        assert found in ({}, {"seen_at": one.state.seen_at})
    else:
        assert found == changes


def test_a_doubt_about_what_was_never_listed_is_settled_by_being_there() -> None:
    one = Job(item=Item(TARGET, "one"), planned=None, state=State(**SEEN))  # type: ignore[arg-type]
    _, found = fate_after(
        one,
        Present(OTHER),
        witnessed=True,
        rules=NO_RULES,
        by_name=False,
        now=EPOCH,
        again=MINUTE,
    )
    assert found == CLEARED


# ---------------------------------------------------------------- how to look


@pytest.mark.parametrize(
    ("driver", "targets", "campaigns_", "listing"),
    [
        (LISTS_ONLY, 1, 100_000, True),
        (LOOKS_ONLY, 500, 1, False),
        (BLIND, 500, 1, False),
        (DRIVER, 1, 100, True),  # a page, or a look and its witness: a page serves all
        (DRIVER, 1, 1_000, False),
        (DRIVER, 500, 1_000, True),
        (replace(DRIVER, complete=False), 500, 10, False),
    ],
)
def test_one_listing_serves_all_where_that_is_fewer_requests(
    driver: Any, targets: int, campaigns_: int, listing: bool
) -> None:
    assert by_listing(driver, targets, campaigns_) is listing


def test_a_driver_that_neither_lists_nor_looks_cannot_look() -> None:
    assert [can_look(one) for one in (DRIVER, LISTS_ONLY, LOOKS_ONLY, BLIND)] == [
        True,
        True,
        True,
        False,
    ]


def test_witnesses_are_never_among_what_is_asked_about() -> None:
    every = Witnesses(tuple(Item(Target("a", i), i) for i in ("x", "y", "z")), 3)
    assert every.without({"y"}).ids == {"x", "z"}
    assert every.without({"y"}).campaigns == 3


# ---------------------------------------------------------------- witnesses, in a run


def gone(vendor: Vendor) -> Any:
    vendor.left.pop("a1", None)
    return NoAnswer("reset")


def run(world: Make, driver: Any, vendor: Vendor, *witnesses: str) -> dict[str, Fate]:
    vendor.answers = lambda *_: gone(vendor)
    return world(vendor, driver=driver, witnesses=witnesses).go(["a1"])


@pytest.mark.parametrize("driver", [DRIVER, LISTS_ONLY, LOOKS_ONLY], ids=["both", "list", "look"])
@pytest.mark.parametrize(
    ("there", "witnesses", "outcome"),
    [
        (("keep",), ("keep",), "deleted"),
        (("keep",), ("lost", "gone", "keep"), "deleted"),
        (("stranger",), ("keep",), "in-doubt"),
        (("keep",), (), "in-doubt"),
        ((), ("keep",), "in-doubt"),
    ],
    ids=["witness", "third witness", "strangers", "nobody to ask about", "empty"],
)
def test_silence_means_something_only_with_a_witness(
    world: Make, driver: Any, there: tuple[str, ...], witnesses: tuple[str, ...], outcome: str
) -> None:
    assert told(run(world, driver, Vendor(campaigns("a1", *there)), *witnesses))["a1"] == outcome


def test_an_incomplete_listing_shows_what_is_there_and_never_what_is_not(world: Make) -> None:
    def part(session: Any) -> Any:
        whole = yield from DRIVER.list(session)  # type: ignore[misc]
        return Listing(whole.campaigns, complete=False, why="a page failed")

    driver = replace(LISTS_ONLY, list=part)
    vendor = Vendor(campaigns("a1", "keep"))
    assert told(run(world, driver, vendor, "keep")) == {"a1": "in-doubt"}
    assert vendor.sent() == ["a1"]


def test_no_listing_says_gone_where_an_account_may_have_what_is_not_listed(world: Make) -> None:
    """However whole it is, and whomever it shows: `inventory: partial` says what it is worth."""
    partial = replace(LISTS_ONLY, complete=False)
    vendor = Vendor(campaigns("keep"))  # a1 may well be there, and its listing hides it
    assert told(run(world, partial, vendor, "keep")) == {"a1": "in-doubt"}
    assert vendor.sent() == ["a1"]


def test_a_partial_listing_that_does_not_show_a_target_speaks_not_against_its_request(
    world: Make,
) -> None:
    partial = replace(LISTS_ONLY, complete=False)
    vendor = Vendor(campaigns("keep"))
    fates = world(vendor, driver=partial, witnesses=["keep"]).go(["a1"], look=LookReason.UNTRACED)
    assert vendor.sent() == ["a1"]
    assert told(fates)["a1"] != "already-absent"


def test_a_vendor_that_says_gone_needs_no_witness(world: Make) -> None:
    vendor = Vendor(campaigns("a1"), reads=lambda *_: 410)
    assert told(run(world, LOOKS_ONLY, vendor)) == {"a1": "deleted"}


def test_looks_that_fail_leave_the_doubt_and_end(world: Make) -> None:
    vendor = Vendor(campaigns("a1"), reads=lambda *_: 500)
    assert told(run(world, LOOKS_ONLY, vendor, "keep")) == {"a1": "in-doubt"}
    assert len(vendor.seen) < 40


def test_a_vendor_that_answers_no_look_is_left_alone_after_three(world: Make) -> None:
    """A target's look is tried four times; a thousand targets are not."""
    ids = [f"c{n}" for n in range(9)]
    vendor = Vendor(campaigns(*ids), reads=lambda *_: 500)
    fates = world(vendor, driver=LOOKS_ONLY).go(ids, look=LookReason.RESUMED)
    assert set(told(fates).values()) == {"pending"}
    (said,) = {one.detail for one in fates.values()}
    assert (said or "").startswith("3 looks in a row had no answer: HTTP 500. To lift it: ")
    assert len([one for one in vendor.seen if one.kind == "look"]) == 12


def test_one_listing_serves_every_doubt_and_comes_at_most_once_a_minute(world: Make) -> None:
    ids = [f"c{n}" for n in range(4)]
    vendor = Vendor(campaigns(*ids, "keep"))
    first: set[str] = set()

    def answers(one: Any, vendor: Vendor) -> Any:
        if one.ids[0] in first:
            return None
        first.add(one.ids[0])
        return NoAnswer("reset")

    vendor.answers = answers
    here = world(vendor, driver=LISTS_ONLY, witnesses=["keep"])
    assert set(told(here.go(ids)).values()) == {"deleted"}
    lists = [one.at for one in vendor.seen if one.kind == "list"]
    assert len(lists) == 2
    assert lists[1] - lists[0] >= 60


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(minutes=10), timedelta(days=30)])
@pytest.mark.parametrize("field", ["last_byte_at", "seen_at"])
def test_no_clock_makes_the_wait_before_a_look_longer(field: str, ahead: timedelta) -> None:
    """Not one that was ahead when the doubt began, nor when a look has shown the campaign."""
    doubt = job(**SINCE, **{field: EPOCH + ahead})
    wait = _until_look([doubt], DRIVER, EPOCH, first=True)
    assert wait == {"last_byte_at": DRIVER.quiet, "seen_at": DRIVER.again}[field]

"""One account's work on a clock that jumps: outcomes, doubts, looks, throttling, stopping."""

import asyncio
import gc
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from reconciler.driver import Answer, Deleted, Growth, Item, Token, Unclear, Unproven
from reconciler.lanes.halts import AccountStopped
from reconciler.lanes.journal import State
from reconciler.lanes.line import Gate
from reconciler.lanes.pace import Pace
from reconciler.lanes.wire import NoAnswer, NotSent
from reconciler.lanes.work import LookReason
from reconciler.model import Held, Limits, Outcome, Target
from tests.support.apply_world import (
    BLIND,
    DRIVER,
    LISTS_ONLY,
    LOOKS_ONLY,
    Vendor,
    World,
    campaigns,
    run_on,
    told,
)

Make = Callable[..., World]
ABC = ("a1", "b2", "c3")


def once(id_: str, first: Any) -> Callable[[Any, Vendor], Any]:
    """*first* for the first deletion of *id_*; everything else goes well."""
    seen: list[str] = []

    def answers(one: Any, vendor: Vendor) -> Any:
        if id_ in one.ids and not seen:
            seen.append(id_)
            return first(vendor) if callable(first) else first
        return None

    return answers


def test_what_the_vendor_deletes_is_deleted_once(world: Make) -> None:
    here = world(Vendor(campaigns(*ABC, "keep")))
    assert told(here.go(ABC)) == dict.fromkeys(ABC, "deleted")
    assert sorted(here.vendor.sent()) == sorted(ABC)
    assert set(here.vendor.left) == {"keep"}
    assert {s.outcome for s in here.states(*ABC).values()} == {Outcome.DELETED}


# ---------------------------------------------------------------- doubts


def test_a_doubt_that_took_effect_is_deleted_after_one_look_with_a_witness(world: Make) -> None:
    def lost(vendor: Vendor) -> Any:
        vendor.remove(["b2"])
        return NoAnswer("reset")

    here = world(Vendor(campaigns(*ABC, "keep"), answers=once("b2", lost)), witnesses=["keep"])
    fates = here.go(ABC)
    assert told(fates) == dict.fromkeys(ABC, "deleted")
    assert fates["b2"].evidence == "look"
    assert here.vendor.sent().count("b2") == 1


@pytest.mark.parametrize(
    ("before", "after"), [(0, -1), (24 * 30, 0), (0, 24 * 30)], ids=["back", "righted", "ahead"]
)
def test_a_doubt_is_settled_by_a_look_whatever_the_clock_says_since(
    world: Make, before: int, after: int
) -> None:
    """An hour back, a month put right, a month ahead: nobody waits for more than the quiet."""

    def lost(vendor: Vendor) -> Any:
        vendor.remove(["b2"])
        return NoAnswer("reset")

    here = world(
        Vendor(campaigns(*ABC, "keep"), answers=once("b2", lost)),
        witnesses=["keep"],
        max_wait=0.0,
        skew=timedelta(hours=before),
    )
    assert told(here.go(ABC))["b2"] == "in-doubt"
    here.loop.go(here.loop.time() + 120)
    here.skew, here.max_wait = timedelta(hours=after), 60.0
    assert told(here.go(["b2"], send=False)) == {"b2": "deleted"}
    assert here.vendor.sent().count("b2") == 1


def test_a_yes_that_proves_nothing_is_looked_at_and_stops_nobody(world: Make) -> None:
    """The vendor says yes to all nine, and has left one where it was."""

    def judge(session: Any, items: Any, answer: Any) -> Any:
        found = DRIVER.judge(session, items, answer)
        return Unproven("it says so of everything") if isinstance(found, Deleted) else found

    def idle(_vendor: Vendor) -> Any:
        return Answer(200, {}, b"")

    nine = [f"x{n}" for n in range(9)]
    here = world(
        Vendor(campaigns(*nine, "keep"), answers=once("x4", idle)),
        driver=replace(DRIVER, judge=judge),
        witnesses=["keep"],
    )
    fates = here.go(nine)
    assert told(fates) == dict.fromkeys(nine, "deleted")
    assert {one.evidence for one in fates.values()} == {"look"}
    assert [here.vendor.sent().count(one) for one in nine] == [1, 1, 1, 1, 2, 1, 1, 1, 1]


@pytest.mark.parametrize("driver", [LISTS_ONLY, LOOKS_ONLY])
def test_what_is_shown_as_gone_is_gone_without_a_witness(world: Make, driver: Any) -> None:
    def archived(vendor: Vendor) -> Any:
        vendor.left["b2"]["name"] = "archived"
        return NoAnswer("reset")

    gone = replace(driver, gone=lambda _settings, campaign: campaign.name == "archived")
    here = world(Vendor(campaigns("b2"), answers=once("b2", archived)), driver=gone)
    fates = here.go(["b2"])
    assert (told(fates), fates["b2"].evidence) == ({"b2": "deleted"}, "look")


@pytest.mark.parametrize(("lives", "issued"), [(None, 1), (1000.0, 1), (2.0, 5)])
def test_a_token_that_does_not_live_long_is_replaced_before_it_is_refused(
    world: Make, lives: float | None, issued: int
) -> None:
    def authenticate(session: Any) -> Any:
        found = yield from DRIVER.authenticate(session)  # type: ignore[misc]
        return Token(found.secret, lives)

    ten = [f"x{n}" for n in range(10)]
    here = world(
        Vendor(campaigns(*ten)),
        driver=replace(DRIVER, authenticate=authenticate),
        limits=Limits(1, 1.0, 1),
    )
    assert told(here.go(ten)) == dict.fromkeys(ten, "deleted")
    assert here.vendor.issued == issued


def test_the_status_of_an_answer_that_is_not_believed_is_kept(world: Make) -> None:
    hidden = NoAnswer("more came than one answer", 204)
    here = world(Vendor(campaigns("a1", "keep"), answers=once("a1", hidden)), max_wait=0.0)
    assert told(here.go(["a1"])) == {"a1": "in-doubt"}
    target = Target("a", "a1")
    assert [one.status for one in here.known.history([target])[target].requests] == [204]


def test_a_look_after_a_doubt_waits_out_the_quiet_period(world: Make) -> None:
    here = world(
        Vendor(campaigns(*ABC, "keep"), answers=once("b2", NoAnswer("reset"))), witnesses=["keep"]
    )
    here.go(ABC)
    doubt = next(one for one in here.vendor.deletes if one.ids == ("b2",))
    looks = [one for one in here.vendor.seen if one.kind in ("look", "list")]
    assert looks[0].at - doubt.answered >= DRIVER.quiet
    assert looks[1].at - looks[0].at >= DRIVER.again


def test_a_doubt_without_effect_is_sent_once_more_after_two_looks(world: Make) -> None:
    here = world(
        Vendor(campaigns(*ABC, "keep"), answers=once("b2", NoAnswer("reset"))), witnesses=["keep"]
    )
    assert told(here.go(ABC)) == dict.fromkeys(ABC, "deleted")
    assert here.vendor.sent().count("b2") == 2


def test_a_second_doubt_stays_for_a_person(world: Make) -> None:
    here = world(
        Vendor(campaigns("a1", "keep"), answers=lambda *_: NoAnswer("reset")), witnesses=["keep"]
    )
    assert told(here.go(["a1"])) == {"a1": "in-doubt"}
    assert here.vendor.sent() == ["a1", "a1"]
    for _ in range(3):
        here.reopen()
        assert told(here.go(["a1"])) == {"a1": "in-doubt"}
    assert here.vendor.sent() == ["a1", "a1"]


def test_a_cleared_doubt_that_is_answered_404_is_never_sent_a_third_time(world: Make) -> None:
    answers = iter([NoAnswer("reset"), 404, 404, 404, 404, 404, 404, 404, 404, 404])
    vendor = Vendor(campaigns("a1", "keep"), answers=lambda *_: next(answers))
    here = world(vendor, witnesses=["keep"])
    assert told(here.go(["a1"])) == {"a1": "in-doubt"}
    assert vendor.sent() == ["a1", "a1"]
    assert told(here.go(["a1"])) == {"a1": "in-doubt"}
    assert vendor.sent() == ["a1", "a1"]


def test_what_cannot_be_looked_at_stays_in_doubt(world: Make) -> None:
    vendor = Vendor(campaigns("a1"), answers=lambda *_: NoAnswer("reset"))
    here = world(vendor, driver=BLIND)
    assert told(here.go(["a1"])) == {"a1": "in-doubt"}
    assert told(here.go(["a1"])) == {"a1": "in-doubt"}
    assert vendor.sent() == ["a1"]


def test_silence_without_a_witness_leaves_the_doubt(world: Make) -> None:
    def lost(vendor: Vendor) -> Any:
        vendor.left.clear()
        return NoAnswer("reset")

    here = world(Vendor(campaigns("a1"), answers=once("a1", lost)), witnesses=["keep"])
    assert told(here.go(["a1"])) == {"a1": "in-doubt"}


def test_another_campaign_under_the_same_id_is_never_sent(world: Make) -> None:
    def reborn(vendor: Vendor) -> Any:
        vendor.left["a1"]["name"] = "next year's"
        return NoAnswer("reset")

    here = world(Vendor(campaigns("a1", "keep"), answers=once("a1", reborn)), witnesses=["keep"])
    fates = here.go(["a1"])
    assert told(fates) == {"a1": "drifted"}
    assert "next year's" in (fates["a1"].detail or "")
    assert here.vendor.sent() == ["a1"]


# ---------------------------------------------------------------- what is not known


@pytest.mark.parametrize("driver", [DRIVER, LISTS_ONLY, LOOKS_ONLY], ids=["both", "list", "look"])
def test_a_404_with_a_witness_is_already_absent(world: Make, driver: Any) -> None:
    here = world(Vendor(campaigns("keep")), driver=driver, witnesses=["keep"])
    fates = here.go(ABC)
    assert told(fates) == dict.fromkeys(ABC, "already-absent")
    assert {fate.evidence for fate in fates.values()} == {"look"}


@pytest.mark.parametrize("driver", [DRIVER, LISTS_ONLY, LOOKS_ONLY, BLIND])
def test_404s_without_a_witness_are_refused_and_stop_the_account_after_three(
    world: Make, driver: Any
) -> None:
    many = [f"c{n}" for n in range(9)]
    slow = Limits(1, 1.0, 1)
    here = world(Vendor(campaigns("stranger")), driver=driver, witnesses=["keep"], limits=slow)
    fates = here.go(many)
    assert list(told(fates).values()) == ["refused"] * 3 + ["pending"] * 6
    assert {fates[i].detail for i in many[:3]} == {"unconfirmed-404"}
    assert len(here.vendor.deletes) == 3


def test_words_that_fit_gone_and_never_there_are_told_and_the_account_goes_on(
    world: Make,
) -> None:
    many = [f"c{n}" for n in range(9)]
    here = world(Vendor({}, answers=lambda *_: (406, b"no record")), driver=BLIND)
    fates = here.go(many)
    assert told(fates) == dict.fromkeys(many, "refused")
    assert {one.detail for one in fates.values()} == {"unconfirmed: 406 no record"}


def test_after_a_doubtful_request_of_our_own_they_say_what_came_of_it(world: Make) -> None:
    here = world(Vendor({}, answers=lambda *_: (406, b"no record")), driver=BLIND)
    state = State(outcome=None, doubts=1, sends=1)
    assert told(here.go(["a1"], state=state)) == {"a1": "already-absent"}


@pytest.mark.parametrize("said", [410, 406], ids=["gone", "no record"])
def test_that_one_of_several_is_gone_says_nothing_of_the_others(world: Make, said: int) -> None:
    """The vendor has two of three, and turns the whole request down: only a look tells which."""
    driver = replace(DRIVER, batches=in_lumps)
    vendor = Vendor(campaigns("a1", "c3", "keep"), answers=lambda *_: (said, b"gone"))
    here = world(vendor, driver=driver, witnesses=["keep"])
    state = State(outcome=None, doubts=1, sends=1) if said == 406 else State()
    fates = told(here.go(ABC, state=state))
    assert {i for i, outcome in fates.items() if outcome in ("already-absent", "deleted")} == {"b2"}


@pytest.mark.parametrize("said", [410, 406], ids=["gone", "no record"])
def test_where_nobody_can_look_none_of_several_is_called_gone(world: Make, said: int) -> None:
    vendor = Vendor(campaigns("a1", "c3", "keep"), answers=lambda *_: (said, b"gone"))
    here = world(vendor, driver=replace(BLIND, batches=in_lumps), witnesses=["keep"])
    state = State(outcome=None, doubts=1, sends=1) if said == 406 else State()
    assert {"already-absent", "deleted"}.isdisjoint(told(here.go(ABC, state=state)).values())


def test_one_404_of_a_small_plan_stops_it_at_its_last(world: Make) -> None:
    here = world(Vendor(campaigns("stranger")), witnesses=["keep"])
    assert told(here.go(["a1"])) == {"a1": "refused"}
    assert here.events[-1].detail is not None


def test_a_404_for_something_that_is_listed_is_refused(world: Make) -> None:
    here = world(Vendor(campaigns("a1", "keep"), answers=lambda *_: 404), witnesses=["keep"])
    fates = here.go(["a1"])
    assert told(fates) == {"a1": "refused"}
    assert fates["a1"].evidence == "look"


# ---------------------------------------------------------------- durable at once


def test_an_outcome_is_durable_before_the_lane_waits_for_its_next_request(world: Make) -> None:
    limits = Limits(2, 60.0, 1)
    here = world(Vendor(campaigns(*ABC)), limits=limits)
    found: list[Any] = []

    def before(one: Any, vendor: Vendor) -> Any:
        found.append(here.states(*ABC))
        return None

    async def peek(one: Any) -> None:
        await asyncio.sleep(15)
        found.append({i: s.outcome for i, s in here.states(*ABC).items()})

    async def also(one: Any, vendor: Vendor) -> Any:
        if one.ids == ("a1",):
            tasks.append(asyncio.ensure_future(peek(one)))

    tasks: list[Any] = []
    here.vendor.answers = also
    here.go(ABC)
    assert found[0]["a1"] is Outcome.DELETED


def test_what_is_answered_is_durable_while_another_request_hangs(world: Make) -> None:
    here = world(Vendor(campaigns(*ABC)), driver=BLIND)
    found: list[Any] = []

    async def answers(one: Any, vendor: Vendor) -> Any:
        if one.ids == ("c3",):
            await asyncio.sleep(20)
            found.append({i: s.outcome for i, s in here.states(*ABC).items()})

    here.vendor.answers = answers
    here.go(ABC)
    assert found[0]["a1"] is Outcome.DELETED
    assert found[0]["b2"] is Outcome.DELETED


# ---------------------------------------------------------------- not now


def test_a_throttled_account_waits_and_then_goes_on(world: Make) -> None:
    here = world(
        Vendor(campaigns(*ABC), answers=once("a1", (429, b"slow", {"retry-after": "40"}))),
        limits=Limits(1, 1.0, 1),
    )
    assert told(here.go(ABC)) == dict.fromkeys(ABC, "deleted")
    first, second = here.vendor.deletes[:2]
    assert first.ids == second.ids == ("a1",)
    assert second.at - first.answered >= 40


def test_throttling_without_end_stops_the_account(world: Make) -> None:
    vendor = Vendor(campaigns(*ABC), answers=lambda *_: (429, b"no", {"retry-after": "1"}))
    here = world(vendor)
    fates = here.go(ABC)
    assert told(fates) == dict.fromkeys(ABC, "pending")
    assert "throttled" in (fates["a1"].detail or "")
    assert len(vendor.deletes) < 60


def test_a_wait_longer_than_max_wait_stops_the_account_and_is_kept(world: Make) -> None:
    here = world(
        Vendor(campaigns(*ABC), answers=once("a1", (429, b"", {"retry-after": "3600"}))),
        limits=Limits(1, 1.0, 1),
        max_wait=60.0,
    )
    assert told(here.go(ABC)) == dict.fromkeys(ABC, "pending")
    here.reopen()
    again = here.go(ABC)
    assert told(again) == dict.fromkeys(ABC, "pending")
    assert len(here.vendor.deletes) == 1
    here.loop.go(here.loop.time() + 3700)
    assert told(here.go(ABC)) == dict.fromkeys(ABC, "deleted")


def test_nobody_of_a_limit_waits_longer_than_max_wait_for_what_another_was_told(
    world: Make,
) -> None:
    """Accounts that share a vendor's limit share a gate: one of them was asked to wait an hour."""
    here = world(Vendor(campaigns("a1")), max_wait=60.0)
    context = here._context(1, True)

    async def asked(seconds: float) -> bool:
        gate = Gate("lane", 1, Pace(Limits(1, 1.0, 1)))
        gate.pace.pause(gate.now() + seconds)
        return await gate.open(context)

    assert run_on(here.loop, asked(59.0))
    with pytest.raises(AccountStopped, match="asked to wait 3600 s more, which is over --max-wait"):
        run_on(here.loop, asked(3600.0))


def test_a_pause_survives_a_restart_and_a_shorter_one_never_replaces_it(world: Make) -> None:
    given = {"a1": "50", "b2": "1"}

    async def answers(one: Any, vendor: Vendor) -> Any:
        await asyncio.sleep(1 if one.ids[0] == "a1" else 2)
        asked = given.pop(one.ids[0], None)
        if asked == "1":
            assert here.context is not None
            here.context.stop.set()
        return (429, b"", {"retry-after": asked}) if asked else None

    here = world(Vendor(campaigns("a1", "b2"), answers=answers))
    start = here.loop.time()
    assert told(here.go(["a1", "b2"])) == {"a1": "pending", "b2": "pending"}
    here.reopen()
    assert told(here.go(["a1", "b2"])) == {"a1": "deleted", "b2": "deleted"}
    assert min(one.at for one in here.vendor.deletes[2:]) >= start + 51


def test_a_vendor_that_cannot_be_reached_is_tried_again_and_then_left(world: Make) -> None:
    tries = iter([NotSent("refused")] * 3)
    here = world(Vendor(campaigns(*ABC), answers=lambda *_: next(tries, None)))
    assert told(here.go(ABC)) == dict.fromkeys(ABC, "deleted")
    for state in here.states(*ABC).values():
        assert state.sends == 1
    here = world(Vendor(campaigns(*ABC), answers=lambda *_: NotSent("refused")))


def test_eight_refused_connections_at_once_are_one_failure(world: Make) -> None:
    many = [f"c{n}" for n in range(16)]
    tries = iter([NotSent("refused")] * 8)
    here = world(
        Vendor(campaigns(*many), answers=lambda *_: next(tries, None), latency=0.01),
        limits=Limits(100000, 1.0, 8),
    )
    assert set(told(here.go(many)).values()) == {"deleted"}


def test_a_vendor_that_is_down_leaves_everything_pending(world: Make) -> None:
    vendor = Vendor(campaigns(*ABC), answers=lambda *_: NotSent("refused"))
    here = world(vendor)
    assert told(here.go(ABC)) == dict.fromkeys(ABC, "pending")
    assert here.states(*ABC) == {} or {s.outcome for s in here.states(*ABC).values()} == {None}


def test_five_doubts_in_a_row_open_the_breaker(world: Make) -> None:
    many = [f"c{n}" for n in range(12)]
    vendor = Vendor(campaigns(*many), answers=lambda *_: (500, b"down"))
    here = world(vendor, limits=Limits(1, 1.0, 1), driver=BLIND)
    fates = told(here.go(many))
    assert list(fates.values()).count("in-doubt") == 5
    assert list(fates.values()).count("pending") == 7


# ---------------------------------------------------------------- credentials


def test_an_expired_token_is_renewed_once_for_all(world: Make) -> None:
    vendor = Vendor(campaigns(*ABC, *"defghijk"), latency=0.05)
    vendor.answers = lambda one, _: (401, b"expired") if one.token == "Bearer token-1" else None
    here = world(vendor)
    assert set(told(here.go([*ABC, *"defghijk"])).values()) == {"deleted"}
    assert vendor.issued == 2


def test_another_process_that_renews_is_survived_and_not_fought(world: Make) -> None:
    vendor = Vendor(campaigns(*ABC), answers=lambda *_: (401, b"invalid"))
    here = world(vendor)
    fates = here.go(ABC)
    assert set(told(fates).values()) <= {"refused", "pending"}
    assert vendor.issued == 2  # one refresh, then the same targets again; not a third
    assert vendor.left.keys() >= set(ABC)


def test_a_token_that_worked_may_be_renewed_again_but_not_for_ever(world: Make) -> None:
    many = [f"c{n}" for n in range(12)]
    vendor = Vendor(campaigns(*many))
    seen: list[str] = []

    def answers(one: Any, _: Vendor) -> Any:
        seen.append(one.token)
        return (401, b"invalid") if seen.count(one.token) > 2 else None

    vendor.answers = answers
    here = world(vendor, limits=Limits(100, 1.0, 1), driver=BLIND)
    fates = list(told(here.go(many)).values())
    assert vendor.issued == 4
    assert (fates.count("deleted"), fates.count("pending")) == (8, 3)


def test_credentials_that_are_refused_stop_the_account(world: Make) -> None:
    vendor = Vendor(campaigns(*ABC), answers=lambda *_: (403, b"no"))
    here = world(vendor, limits=Limits(1, 1.0, 1))
    assert list(told(here.go(ABC)).values()) == ["refused", "pending", "pending"]
    assert len(vendor.deletes) == 1


def test_a_request_that_is_still_connecting_when_its_account_stops_never_leaves(
    world: Make,
) -> None:
    vendor = Vendor(campaigns(*ABC), answers=lambda *_: (403, b"no"))
    vendor.connects = {("a1",): 1.0, ("b2",): 5.0}.get
    here = world(vendor, limits=Limits(1000, 1.0, 2))
    assert told(here.go(ABC)) == {"a1": "refused", "b2": "pending", "c3": "pending"}
    assert vendor.sent() == ["a1"]
    assert "b2" not in here.states("b2") or here.states("b2")["b2"].sends == 0


def test_no_token_leaves_everything_pending(world: Make) -> None:
    vendor = Vendor(campaigns(*ABC), tokens=lambda *_: (500, b"down"))
    here = world(vendor)
    assert told(here.go(ABC)) == dict.fromkeys(ABC, "pending")
    assert vendor.deletes == []


def test_a_run_that_is_told_to_stop_while_it_renews_leaves_its_target_pending(
    world: Make,
) -> None:
    def tokens(one: Any, vendor: Vendor) -> Any:
        if vendor.issued == 0:
            return None
        assert here.context is not None
        here.context.stop.set()
        return NotSent("down")

    vendor = Vendor(campaigns("a1"), tokens=tokens, answers=lambda *_: (401, b"expired"))
    here = world(vendor)
    assert told(here.go(["a1"])) == {"a1": "pending"}


# ---------------------------------------------------------------- requests that grow


def in_lumps(_: Any, items: Sequence[Item], most: int | None) -> list[tuple[Item, ...]]:
    size = most or len(items) or 1
    return [tuple(items[at : at + size]) for at in range(0, len(items), size)]


@pytest.mark.parametrize(
    ("latency", "sizes"),
    [
        (1.0, [2, 4, 8, 6]),
        (10.0, [2] * 10),
        (40.0, [2, *([1] * 18)]),
    ],
)
def test_requests_grow_while_answers_are_quick_and_shrink_when_they_are_slow(
    world: Make, latency: float, sizes: list[int]
) -> None:
    driver = replace(BLIND, batches=in_lumps, growth=Growth(first=2))
    ids = [f"c{n:02}" for n in range(20)]
    here = world(Vendor(campaigns(*ids), latency=latency), driver=driver)
    here.limits = Limits(1000, 1.0, 1)
    assert set(told(here.go(ids)).values()) == {"deleted"}
    assert [len(one.ids) for one in here.vendor.deletes] == sizes
    assert here.vendor.sent() == ids


# ---------------------------------------------------------------- the end of an account


@pytest.mark.parametrize(
    ("ids", "limits", "seconds"),
    [
        (["a1"], Limits(2, 60.0, 1), 0.0),  # one request at Ozonetel's pace
        (["a1", "b2"], Limits(2, 60.0, 1), 30.5),
        (["a1"], Limits(2, 60.0, 4), 0.0),  # three runners have nothing to do
        (["a1", "b2"], Limits(2, 60.0, 4), 30.5),
    ],
)
def test_an_account_ends_with_its_last_answer(
    world: Make, ids: list[str], limits: Limits, seconds: float
) -> None:
    here = world(Vendor(campaigns(*ids), latency=1.0), driver=BLIND, limits=limits)
    before = here.loop.time()
    assert set(told(here.go(ids)).values()) == {"deleted"}
    assert here.loop.time() - before == pytest.approx(seconds + 2.0)  # the token, the last answer


def test_an_account_that_stops_waits_for_no_turn_that_it_will_not_take(world: Make) -> None:
    vendor = Vendor(campaigns(*ABC), answers=lambda *_: (403, b"no"), latency=1.0)
    here = world(vendor, driver=BLIND, limits=Limits(2, 60.0, 4))
    before = here.loop.time()
    assert list(told(here.go(ABC)).values()) == ["refused", "pending", "pending"]
    assert here.loop.time() - before == pytest.approx(2.0)


def test_what_comes_back_while_others_have_nothing_to_do_is_sent(world: Make) -> None:
    vendor = Vendor(campaigns(*ABC), answers=once("b2", (429, b"slow")), latency=1.0)
    here = world(vendor, driver=BLIND, limits=Limits(1000, 1.0, 4))
    assert set(told(here.go(ABC)).values()) == {"deleted"}
    assert here.vendor.sent().count("b2") == 2


# ---------------------------------------------------------------- failures of ours


def bug(*_: Any) -> Any:
    raise ZeroDivisionError("a driver's bug, and what the vendor said")


def bug_in_a_flow(*_: Any) -> Any:
    yield from ()
    bug()


def test_a_driver_that_fails_to_judge_leaves_its_targets_in_doubt_and_stops_its_account(
    world: Make, caplog: pytest.LogCaptureFixture
) -> None:
    vendor = Vendor(campaigns(*ABC))
    here = world(vendor, driver=replace(DRIVER, judge=bug))
    fates = here.go(ABC)
    assert told(fates) == {"a1": "in-doubt", "b2": "pending", "c3": "pending"}
    for fate in fates.values():
        assert (fate.detail or "").startswith(
            "the driver memory failed: ZeroDivisionError in test_"
        )
        assert "vendor said" not in (fate.detail or "")
    gc.collect()
    assert caplog.records == []
    here.reopen()
    here.driver = DRIVER
    here.witnesses = ["keep"]
    vendor.left |= campaigns("keep")
    assert set(told(here.go(ABC)).values()) == {"deleted"}
    assert sorted(vendor.sent()) == sorted(set(vendor.sent()))


@pytest.mark.parametrize("broken", ["delete", "batches", "gate", "authenticate", "list", "look"])
def test_a_driver_that_fails_elsewhere_stops_its_account_before_anything_is_sent(
    world: Make, broken: str
) -> None:
    flow = broken in ("authenticate", "list", "look")
    driver = replace(DRIVER, **{broken: bug_in_a_flow if flow else bug})
    driver = replace(driver, **{"list": {"look": None}, "look": {"list": None}}.get(broken, {}))
    here = world(Vendor(campaigns(*ABC)), driver=driver)
    fates = here.go(ABC, look="before: look")
    assert told(fates) == dict.fromkeys(ABC, "pending")
    assert all("the driver memory failed" in (fate.detail or "") for fate in fates.values())
    assert here.vendor.sent() == []


@pytest.mark.parametrize("broken", ["delete", "judge", "gate", "list", "look", "batches"])
def test_what_a_driver_may_not_give_stops_its_account(world: Make, broken: str) -> None:
    def flow(*_: Any) -> Any:
        yield from ()
        return 7

    driver = replace(DRIVER, **{broken: flow if broken in ("list", "look") else lambda *_: 7})
    driver = replace(driver, **{"list": {"look": None}, "look": {"list": None}}.get(broken, {}))
    here = world(Vendor(campaigns(*ABC)), driver=driver)
    fates = here.go(ABC, look="before: look")
    assert told(fates)["a1"] == ("in-doubt" if broken == "judge" else "pending")
    assert (told(fates)["b2"], told(fates)["c3"]) == ("pending", "pending")
    assert "gave int, which it may not" in (fates["a1"].detail or "")


def test_trouble_of_ours_after_the_request_left_leaves_it_in_doubt(
    world: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = world(Vendor(campaigns(*ABC)), limits=Limits(1000, 1.0, 1))
    monkeypatch.setattr("reconciler.lanes.line.Line.result", bug)
    fates = here.go(ABC)
    assert list(told(fates).values()) == ["in-doubt", "pending", "pending"]
    assert "ZeroDivisionError" in (fates["a1"].detail or "")
    here.reopen()
    assert here.states("a1")["a1"].outcome is Outcome.IN_DOUBT


# ---------------------------------------------------------------- looking first


def test_a_target_is_looked_at_first_when_that_is_due(world: Make) -> None:
    here = world(Vendor(campaigns("a1", "keep")), witnesses=["keep"])
    assert told(here.go(["a1", "b2"], look=LookReason.UNTRACED)) == {
        "a1": "deleted",
        "b2": "already-absent",
    }
    assert here.vendor.sent() == ["a1"]


def test_a_look_first_that_shows_something_else_is_drift(world: Make) -> None:
    here = world(
        Vendor({"a1": {"id": "a1", "name": "renamed"}, **campaigns("b2", "keep")}),
        witnesses=["keep"],
        broken=lambda target, _: Held.RUNNING if target.id == "b2" else None,
    )
    fates = here.go(["a1", "b2"], look=LookReason.RESUMED)
    assert told(fates) == {"a1": "drifted", "b2": "drifted"}
    assert fates["b2"].detail == "running"
    assert here.vendor.sent() == []


def test_an_account_that_may_not_look_needs_first_run(world: Make) -> None:
    vendor = Vendor(campaigns("a1"), reads=lambda *_: 405)
    here = world(vendor)
    fates = here.go(["a1"], look=LookReason.UNTRACED)
    assert told(fates) == {"a1": "pending"}
    assert "could not look" in (fates["a1"].detail or "")
    here.first_run = True
    assert told(here.go(["a1"], look=LookReason.UNTRACED)) == {"a1": "deleted"}


def test_an_account_that_may_not_look_is_resumed_by_its_journal(world: Make) -> None:
    vendor = Vendor(campaigns("a1", "b2"), reads=lambda *_: 405)
    here = world(vendor)
    assert told(here.go(["a1"], look=LookReason.RESUMED)) == {"a1": "deleted"}
    assert told(here.go(["b2"], look=LookReason.BEFORE)) == {"b2": "pending"}


def test_a_vendor_that_may_not_show_what_is_there_does_not_bar_a_request(world: Make) -> None:
    def look(session: Any, item: Any) -> Any:
        yield next(DRIVER.look(session, item))  # type: ignore[misc]
        return Unclear("not in the report", unseen=True)

    vendor = Vendor(campaigns("a1", "b2"), answers=lambda one, _: 404 if "b2" in one.ids else None)
    here = world(vendor, driver=replace(LOOKS_ONLY, look=look), witnesses=["w"])
    fates = here.go(["a1", "b2"], look=LookReason.UNLISTED)
    assert told(fates) == {"a1": "deleted", "b2": "refused"}
    assert fates["b2"].detail == "unconfirmed-404"  # and its silence is no proof


def test_first_run_never_skips_a_look_that_could_have_been(world: Make) -> None:
    vendor = Vendor(campaigns("a1"), reads=lambda *_: 500)
    here = world(vendor, first_run=True)
    assert told(here.go(["a1"], look=LookReason.UNTRACED)) == {"a1": "pending"}
    assert vendor.sent() == []


# ---------------------------------------------------------------- windows


def test_a_window_that_closes_stops_before_the_next_request(world: Make) -> None:
    here = world(Vendor(campaigns(*ABC)), limits=Limits(1, 1.0, 1))
    here.closed = lambda _: "the window is closed: x" if here.vendor.deletes else None
    fates = here.go(ABC)
    assert list(told(fates).values()) == ["deleted", "pending", "pending"]
    assert fates["c3"].detail == "the window is closed: x"


# ---------------------------------------------------------------- settling alone


def test_settling_never_sends_and_ends_the_doubt_of_what_is_there(world: Make) -> None:
    here = world(
        Vendor(campaigns("a1", "keep"), answers=once("a1", NoAnswer("reset"))),
        witnesses=["keep"],
        max_wait=0.0,
    )
    assert told(here.go(["a1"])) == {"a1": "in-doubt"}
    here.max_wait = 900.0
    assert told(here.go(["a1"], send=False)) == {"a1": "pending"}
    state = here.states("a1")["a1"]
    assert (state.outcome, state.cleared, state.doubts) == (None, True, 1)
    assert here.vendor.sent() == ["a1"]
    here.reopen()
    assert told(here.go(["a1"], look=LookReason.RESUMED)) == {"a1": "deleted"}


def test_settling_finds_what_is_gone(world: Make) -> None:
    def lost(vendor: Vendor) -> Any:
        vendor.remove(["a1"])
        return NoAnswer("reset")

    here = world(
        Vendor(campaigns("a1", "keep"), answers=once("a1", lost)), witnesses=["keep"], max_wait=0.0
    )
    assert told(here.go(["a1"])) == {"a1": "in-doubt"}
    here.max_wait = 900.0
    assert told(here.go(["a1"], send=False)) == {"a1": "deleted"}


def test_what_runs_after_a_doubt_is_not_sent_again(world: Make) -> None:
    here = world(
        Vendor(campaigns("a1", "keep"), answers=once("a1", NoAnswer("reset"))),
        witnesses=["keep"],
        broken=lambda *_: Held.RUNNING,
    )
    fates = here.go(["a1"])
    assert (told(fates), fates["a1"].detail) == ({"a1": "drifted"}, "running")
    assert here.vendor.sent() == ["a1"]


def test_what_the_plan_no_longer_deletes_is_looked_at_and_not_sent_again(world: Make) -> None:
    from reconciler.lanes.work import Fate

    here = world(
        Vendor(campaigns("a1", "keep"), answers=once("a1", NoAnswer("reset"))),
        witnesses=["keep"],
        max_wait=0.0,
    )
    here.go(["a1"])
    here.max_wait = 900.0
    kept = Fate(Outcome.DRIFTED, "withdrawn")
    fates = here.go(["a1"], may_send=False, withheld=kept)
    assert fates["a1"] == kept
    assert here.vendor.sent() == ["a1"]


# ---------------------------------------------------------------- tokens and secrets


def test_a_late_refusal_of_the_old_token_does_not_renew_the_new_one(world: Make) -> None:
    slow = {"a1": 0.1, "b2": 0.5, "c3": 0.9}

    async def answers(one: Any, vendor: Vendor) -> Any:
        if one.token == "Bearer token-1":
            await asyncio.sleep(slow[one.ids[0]])
            return 401, b"expired"
        return None

    vendor = Vendor(campaigns(*ABC), answers=answers)
    here = world(vendor)
    assert told(here.go(ABC)) == dict.fromkeys(ABC, "deleted")
    assert vendor.issued == 2


SECRET = 'k"ey%\nwith 100% sécret'
ECHOES: dict[str, Any] = {
    "deleted": 200,
    "refused": 409,
    "absent": 410,
    "unconfirmed": 404,
    "doubt": 500,
    "throttled": 429,
    "unauthorised": 401,
    "forbidden": 403,
    "split": 422,
}


@pytest.mark.parametrize("status", ECHOES.values(), ids=list(ECHOES))
def test_what_a_vendor_echoes_is_written_and_told_nowhere(world: Make, status: int) -> None:
    import json
    from urllib.parse import quote

    spelled = [SECRET, json.dumps(SECRET)[1:-1], quote(SECRET)]

    def answers(one: Any, vendor: Vendor) -> Any:
        issued = [f"token-{n + 1}" for n in range(vendor.issued)]
        return status, " | ".join([*spelled, *issued]).encode(), {"retry-after": "1"}

    vendor = Vendor(campaigns("a1", "keep"), answers=answers)
    here = world(vendor, secrets=[SECRET], witnesses=["keep"])
    fates = here.go(["a1"])
    here.reopen()
    shown = [str(fates), str(here.events), str(here.journal.audit_after(0))]
    shown += [str(here.states("a1")), str(here.journal.runs())]
    for path in here.folder.iterdir():
        shown.append(path.read_bytes().decode("utf-8", "replace"))
    for text in shown:
        for one in ("sécret", "s%C3%A9cret", "s\\u00e9cret", "token-1", "token-2"):
            assert one not in text


def test_a_secret_in_a_record_that_a_look_shows_is_not_told(world: Make) -> None:
    vendor = Vendor({"a1": {"id": "a1", "name": f"x {SECRET}"}, **campaigns("keep")})
    here = world(vendor, secrets=[SECRET], witnesses=["keep"])
    fates = here.go(["a1"], look=LookReason.RESUMED)
    assert told(fates) == {"a1": "drifted"}
    assert "sécret" not in str(fates) + str(here.events) + str(here.journal.audit_after(0))


def test_a_secret_that_stops_an_account_is_not_told(world: Make) -> None:
    vendor = Vendor(campaigns("a1"), reads=lambda *_: (403, SECRET.encode()))
    here = world(vendor, secrets=[SECRET])
    fates = here.go(["a1"], look=LookReason.RESUMED)
    assert "sécret" not in str(fates) + str(here.events)

"""Pace: never over a vendor's limit, hardly under it, across restarts; on a clock that jumps."""

import asyncio
import random
from bisect import bisect_left
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from reconciler import drivers
from reconciler.driver import Driver, Item
from reconciler.lanes.journal import Ledger
from reconciler.lanes.pace import Breaker, Pace, jittered, retry_after, slack, throttle_wait
from reconciler.lanes.run import resumed, strictest
from reconciler.model import Limits
from tests.support.apply_world import (
    DRIVER,
    LOOKS_ONLY,
    JumpingLoop,
    Seen,
    Vendor,
    World,
    campaigns,
    run_on,
    told,
)

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
Make = Callable[..., World]

# ---------------------------------------------------------------- the vendor's side


def most_in_a_window(spans: Sequence[tuple[float, float]], per: float) -> int:
    """The most requests that a vendor can count in any *per* seconds, choosing for each request
    whichever instant between its leaving and its answer suits it.

    A window [t, t + per] can count every request whose span touches it; the most are touched by
    a window that ends just where some request leaves, or starts just where one is answered.
    """
    left = sorted(one for one, _ in spans)
    ended = sorted(one for _, one in spans)
    most = 0
    for start in ended:
        # Windows are half open at the vendor's: what is counted at t is out at t + per.
        begun = bisect_left(left, start + per)
        over = bisect_left(ended, start)
        most = max(most, begun - over)
    return most


def at_once(spans: Sequence[tuple[float, float]]) -> int:
    events = sorted([(start, 1) for start, _ in spans] + [(end, -1) for _, end in spans])
    now = most = 0
    for _, step in events:
        now += step
        most = max(most, now)
    return most


def test_the_window_oracle_sees_what_a_vendor_could_see() -> None:
    assert most_in_a_window([(0, 0.1), (0.9, 1.0), (1.05, 1.1)], 1.0) == 3
    assert most_in_a_window([(0, 0.1), (1.11, 1.2), (2.21, 2.3)], 1.0) == 1
    assert most_in_a_window([(0, 0.5), (0.2, 3), (3.5, 4)], 1.0) == 2


def spans_of(seen: Sequence[Seen]) -> list[tuple[float, float]]:
    return [(one.at, one.answered) for one in seen]


# ---------------------------------------------------------------- whole applies, simulated

NAMES = ("batch-cep", "batch-mep", "kore", "ozonetel", "cellcast")


def limits_of(name: str) -> Limits:
    driver = drivers.find(name)
    assert driver is not None
    return driver.limits(_Bulk())


class _Bulk:
    bulk = True


def least(requests: int, limits: Limits, latency: float) -> float:
    """The least time that *limits* allow, each request counted from its answer, with the slack.

    A request's place is free again `per` and slack after its answer, so the n-th of a window can
    leave only that long after the answer of the one *requests* places before it.
    """
    hold = limits.per + max(0.020, limits.per / 60)
    by_window = -(-requests // limits.requests) - 1
    full = by_window * (hold + latency)
    by_hand = -(-requests // limits.concurrency) * latency
    return max(full + latency, by_hand)


def applied(
    world: Make, limits: Limits, ids: Sequence[str], *, latency: float, **more: Any
) -> tuple[World, float]:
    vendor = Vendor(campaigns(*ids), latency=latency, **more)
    here = world(vendor, limits=limits, driver=DRIVER)
    start = here.loop.time()
    fates = here.go(ids)
    assert set(told(fates).values()) == {"deleted"}
    return here, here.loop.time() - start


def paced(limits: Limits, number: int, latency: float) -> list[tuple[float, float]]:
    """When each of *number* requests leaves and is answered, if only `Pace` decides."""
    pace, now = Pace(limits), 1000.0
    flying: list[float] = []
    spans: list[tuple[float, float]] = []
    for _ in range(number):
        while (wait := pace.wait(now)) > 0:
            now = min(now + wait, flying[0]) if flying else now + wait
            while flying and flying[0] <= now:
                pace.land(flying.pop(0))
        pace.leave(now)
        flying.append(now + latency)
        spans.append((now, now + latency))
    return spans


@pytest.mark.parametrize("name", NAMES)
def test_ten_thousand_targets_take_hardly_longer_than_the_limits_say(name: str) -> None:
    limits = limits_of(name)
    spans = paced(limits, 10_000, 0.05)
    assert spans[-1][1] - spans[0][0] <= 1.02 * least(10_000, limits, 0.05)
    assert most_in_a_window(spans, limits.per) <= limits.requests
    assert at_once(spans) <= limits.concurrency


@pytest.mark.parametrize("name", NAMES)
def test_a_lane_loses_no_time_that_its_pace_does_not_ask_for(world: Make, name: str) -> None:
    limits = limits_of(name)
    here, _ = applied(world, limits, [str(n) for n in range(300)], latency=0.05)
    spans, ideal = spans_of(here.vendor.deletes), paced(limits, 300, 0.05)
    took, least_ = spans[-1][1] - spans[0][0], ideal[-1][1] - ideal[0][0]
    assert len(spans) == 300
    assert took <= 1.001 * least_ + 0.01
    assert most_in_a_window(spans, limits.per) <= limits.requests
    assert at_once(spans) <= limits.concurrency


@pytest.mark.parametrize("name", NAMES)
def test_five_in_a_hundred_throttled_cost_little(world: Make, name: str) -> None:
    """What is throttled has to be asked again, so the least is that of all requests that leave.

    The vendor asks for one request's share of its window each time (Retry-After is whole seconds,
    so at least one); no sender can go on before that, so those waits are in the least too, as far
    as they are longer than the pace alone would wait.
    """
    limits = limits_of(name)
    share = max(1, round(limits.per / limits.requests))
    dice = random.Random(7)

    def answers(one: Seen, vendor: Vendor) -> Any:
        if dice.random() < 0.05:
            return 429, b"slow down", {"retry-after": str(share)}
        return None

    ids = [str(n) for n in range(300)]
    here, seconds = applied(world, limits, ids, latency=0.05, answers=answers)
    spans = spans_of(here.vendor.deletes)
    throttled = len(spans) - len(ids)
    assert throttled > 8
    waits = throttled * max(0.0, share - limits.per / limits.requests)
    assert seconds <= 1.2 * (least(len(spans), limits, 0.05) + waits)
    assert most_in_a_window(spans, limits.per) <= limits.requests


def test_the_batches_of_a_driver_keep_its_limits_too(world: Make) -> None:
    """Ozonetel: 3,000 numbers of one campaign are thirty requests, two a minute."""
    limits = limits_of("ozonetel")

    def batches(_s: Any, items: Sequence[Item], _m: int | None) -> list[tuple[Item, ...]]:
        return [tuple(items[n : n + 100]) for n in range(0, len(items), 100)]

    ids = [str(n) for n in range(3_000)]
    vendor = Vendor(campaigns(*ids), latency=2.0)
    batching = replace(DRIVER, batches=batches)
    here = world(vendor, limits=limits, driver=batching)
    start = here.loop.time()
    assert set(told(here.go(ids)).values()) == {"deleted"}
    spans = spans_of(vendor.deletes)
    assert len(spans) == 30
    assert here.loop.time() - start <= 1.02 * least(30, limits, 2.0) + limits.per
    assert most_in_a_window(spans, limits.per) <= limits.requests
    assert at_once(spans) == 1


@pytest.mark.parametrize("latency", [0.0, 0.4, 3.0])
@pytest.mark.parametrize(
    "limits",
    [Limits(1, 1.0, 1), Limits(60, 60.0, 4), Limits(2, 60.0, 1), Limits(10, 1.0, 4)],
    ids=str,
)
def test_slow_vendors_are_never_asked_too_often(
    world: Make, limits: Limits, latency: float
) -> None:
    here, _ = applied(world, limits, [str(n) for n in range(60)], latency=latency)
    spans = spans_of(here.vendor.deletes)
    assert most_in_a_window(spans, limits.per) <= limits.requests
    assert at_once(spans) <= limits.concurrency


def test_answers_of_any_length_never_break_the_limit(world: Make) -> None:
    dice = random.Random(11)
    limits = Limits(10, 1.0, 4)

    async def answers(one: Seen, vendor: Vendor) -> Any:
        await asyncio.sleep(dice.choice([0, 0.001, 0.05, 0.3, 1.2]))

    here, _ = applied(world, limits, [str(n) for n in range(200)], latency=0.0, answers=answers)
    spans = spans_of(here.vendor.deletes)
    assert most_in_a_window(spans, limits.per) <= limits.requests
    assert at_once(spans) <= limits.concurrency


def test_looks_and_lists_count_against_the_same_limit(world: Make) -> None:
    ids = [str(n) for n in range(30)]
    vendor = Vendor(campaigns(*ids, "keep"), latency=0.01)
    here = world(
        vendor,
        limits=Limits(5, 10.0, 2),
        driver=LOOKS_ONLY,
        witnesses=["keep"],
    )
    assert set(told(here.go(ids, look="resumed")).values()) == {"deleted"}
    seen = [one for one in vendor.seen if one.kind != "token"]
    assert {one.kind for one in seen} == {"look", "delete"}
    assert most_in_a_window(spans_of(seen), 10.0) <= 5


# ---------------------------------------------------------------- across processes


@pytest.mark.parametrize("name", NAMES)
def test_restarts_never_break_the_limit(world: Make, name: str) -> None:
    limits = limits_of(name)
    ids = [str(n) for n in range(60)]
    vendor = Vendor(campaigns(*ids), latency=0.05)
    dice = random.Random(3)
    here = world(vendor, limits=limits, driver=DRIVER)
    for _ in range(30):
        left = [i for i in ids if i in vendor.left]
        if not left:
            break
        stop_after = len(vendor.deletes) + dice.randint(1, 4)

        def answers(one: Seen, vendor: Vendor, last: int = stop_after) -> Any:
            if len(vendor.deletes) >= last:
                assert here.context is not None
                here.context.stop.set()

        vendor.answers = answers
        here.go(left)
        here.reopen()
        here.loop.go(here.loop.time() + dice.choice([0, 0, 0.3, 2]))
    spans = spans_of(vendor.deletes)
    assert not vendor.left
    assert most_in_a_window(spans, limits.per) <= limits.requests


def _resumed(ledger: Ledger, limits: Limits, now: datetime, loop_at: float = 100.0) -> Pace:
    async def main() -> Pace:
        return resumed(ledger, limits, now)

    loop = JumpingLoop(loop_at)
    try:
        return run_on(loop, main())
    finally:
        loop.close()


def test_what_an_earlier_owner_sent_counts() -> None:
    limits = Limits(2, 60.0, 1)
    recent = ((NOW - timedelta(seconds=40), NOW - timedelta(seconds=38)),) * 2
    pace = _resumed(Ledger(3, recent, None), limits, NOW)
    assert pace.wait(100.0) == pytest.approx(61 - 38)


def test_a_request_that_nobody_saw_answered_counts_from_now() -> None:
    limits = Limits(1, 60.0, 1)
    pace = _resumed(Ledger(3, ((NOW - timedelta(seconds=50), None),), None), limits, NOW)
    assert pace.wait(100.0) == pytest.approx(61)


def test_a_pause_is_taken_over_and_a_senseless_one_ends() -> None:
    limits = Limits(1, 1.0, 1)
    pace = _resumed(Ledger(1, (), NOW + timedelta(seconds=90)), limits, NOW)
    assert pace.wait(100.0) == pytest.approx(90)
    pace = _resumed(Ledger(1, (), NOW + timedelta(days=4000)), limits, NOW)
    assert pace.wait(100.0) <= 86400
    assert _resumed(Ledger(1, (), NOW - timedelta(days=1)), limits, NOW).wait(100.0) == 0


def test_a_pause_is_never_longer_than_when_it_was_set() -> None:
    limits = Limits(1, 1.0, 1)
    set_by_a_clock_ahead = Ledger(1, (), NOW + timedelta(days=30, seconds=60), 60.0)
    assert _resumed(set_by_a_clock_ahead, limits, NOW).wait(100.0) == pytest.approx(60)


def test_a_clock_that_jumped_back_only_makes_it_wait() -> None:
    limits = Limits(1, 60.0, 1)
    later = NOW + timedelta(hours=5)
    assert _resumed(Ledger(1, ((later, later),), None), limits, NOW).wait(100.0) <= 61.0


def test_accounts_that_share_a_lane_get_the_strictest_of_their_limits() -> None:
    both = strictest([Limits(60, 60.0, 4), Limits(2, 60.0, 8)])
    assert both == Limits(2, 60.0, 4)


# ---------------------------------------------------------------- pace itself


def test_a_fresh_start_never_bursts() -> None:
    pace, now, left = Pace(Limits(60, 60.0, 60)), 500.0, []
    for _ in range(60):
        now += pace.wait(now)
        left.append(now)
        pace.leave(now)
    assert min(b - a for a, b in pairwise(left)) >= 1.0


def test_what_never_left_does_not_count() -> None:
    pace = Pace(Limits(1, 1.0, 1))
    pace.leave(10.0)
    assert pace.wait(10.0) == float("inf")
    pace.land(10.5, sent=False)
    assert pace.wait(11.02) == 0
    pace.leave(11.02)
    pace.land(12.0)
    assert pace.wait(12.5) == pytest.approx(0.52)


@given(
    st.integers(1, 12),
    st.sampled_from([0.5, 1.0, 60.0]),
    st.integers(1, 6),
    st.lists(st.floats(0, 90), min_size=1, max_size=60),
)
def test_no_order_of_answers_breaks_a_limit(
    requests: int, per: float, concurrency: int, waits: list[float]
) -> None:
    limits, now = Limits(requests, per, concurrency), 0.0
    pace = Pace(limits)
    flying: list[tuple[float, float]] = []
    spans: list[tuple[float, float]] = []
    for latency in waits:
        while (wait := pace.wait(now)) > 0:
            ends = min((end for _, end in flying), default=float("inf"))
            now = min(now + wait, ends)
            for one in [f for f in flying if f[1] <= now]:
                flying.remove(one)
                pace.land(one[1])
        pace.leave(now)
        flying.append((now, now + latency * per))
        spans.append(flying[-1])
        assert len(flying) <= concurrency
    assert most_in_a_window(spans, per) <= requests


def test_the_slack_is_a_sixtieth_and_never_under_twenty_milliseconds() -> None:
    assert [slack(Limits(1, per, 1)) for per in (60.0, 1.0, 0.1)] == [1.0, 0.020, 0.020]


# ---------------------------------------------------------------- waits


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        (" 120 ", 120.0),
        ("Fri, 20 Nov 2026 09:02:00 GMT", 120.0),
        ("Friday, 20-Nov-26 09:02:00 GMT", 120.0),
        ("Fri, 20 Nov 2026 08:00:00 GMT", 0.0),
        ("-5", None),
        ("1.5", None),
        ("١٢", None),
        ("soon", None),
        ("", None),
        ("1e9", None),
        ("99999999999999999999", None),
        ("Fri, 99 Nov 2026 99:99:99 GMT", None),
        ("Fri, 20 Nov 99999 09:02:00 GMT", None),
        ("Mon, 01 Jan 99999999999 00:00:00 GMT", None),  # OverflowError
        ("Mon, 01 Jan 2024 00:00:00 +99999999999", None),
        ("Sat, 01 Jan 0001 00:00:00 +2359", 0.0),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


@given(st.text(max_size=60))
def test_no_retry_after_is_an_error(value: str) -> None:
    found = retry_after(value, NOW)
    assert found is None or found >= 0


@given(st.integers(0, 99), st.integers(0, 99), st.integers(0, 10**9), st.integers(-9999, 9999))
def test_no_date_of_a_retry_after_is_an_error(d: int, h: int, y: int, zone: int) -> None:
    found = retry_after(f"Fri, {d} Nov {y} {h}:00:00 {zone:+05}", NOW)
    assert found is None or found >= 0


def test_a_throttled_account_waits_longer_each_time_and_never_less_than_it_was_asked() -> None:
    assert [throttle_wait(n, 60.0, None, 0.0) for n in range(5)] == [60, 120, 240, 480, 480]
    assert throttle_wait(4, 60.0, 5.0, 0.0) == 5.0
    assert throttle_wait(0, 60.0, None, 0.999) <= 60 * 1.02


def test_jitter_is_full_and_capped() -> None:
    assert jittered(3, 0.0) == 0
    assert jittered(1, 0.5) == 0.5
    assert jittered(99, 0.999) < 30


def test_the_breaker_opens_after_failures_in_a_row_only() -> None:
    breaker = Breaker(limit=3)
    assert [breaker.failed(), breaker.failed()] == [False, False]
    breaker.succeeded()
    assert [breaker.failed(), breaker.failed(), breaker.failed()] == [False, False, True]


def test_every_driver_has_a_limit_that_can_be_kept() -> None:
    for name in NAMES:
        driver: Driver | None = drivers.find(name)
        assert driver is not None
        limits = limits_of(name)
        assert limits.requests >= 1
        assert limits.concurrency >= 1

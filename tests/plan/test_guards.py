from datetime import UTC, date, datetime, timedelta

import pytest

from reconciler.declare.manifest import Manifest, Selector
from reconciler.declare.project import Guards, MaxDeletions, Protect, Waiver
from reconciler.model import Campaign, Status, Target
from reconciler.plan.guards import (
    inventory_age,
    max_deletions,
    metadata,
    plan_age,
    protect,
    running,
    texts,
    waivers,
)
from tests.support.declared import manifest_of

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
TODAY = NOW.date()
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


# ---------------------------------------------------------------- running


@pytest.mark.parametrize("status", [*Status, None])
@pytest.mark.parametrize("rule", ["refuse", "allow"])
def test_only_a_running_campaign_is_refused(status: Status | None, rule: str) -> None:
    one = Campaign(account="a", id="1", name="n", status=status)
    guards = Guards(running=rule)  # type: ignore[arg-type]
    assert bool(running.refusal(one, guards)) is (status == "running" and rule == "refuse")
    assert running.unknown(one, guards) is (status in (None, "unknown") and rule == "refuse")


# ---------------------------------------------------------------- protect


def _protect(**form: object) -> Protect:
    return Protect(because="Hold", path="p.yaml", line=3, **form)  # type: ignore[arg-type]


def test_a_protection_says_why_and_where() -> None:
    assert protect.refusal([]) is None
    assert protect.refusal([_protect(id="1"), _protect(name="n")]) == (
        "Hold (p.yaml:3); Hold (p.yaml:3)"
    )


@pytest.mark.parametrize("looks", [True, False])
@pytest.mark.parametrize("form", [{"id": "1"}, {"match": Selector(name="*")}])
def test_only_a_match_that_nobody_can_check_refuses_what_is_not_seen(
    looks: bool, form: dict[str, object]
) -> None:
    refused = protect.unseen([_protect(**form)], looks=looks)
    assert bool(refused) is ("match" in form and not looks)


# ---------------------------------------------------------------- limits


def test_no_limit_is_never_broken() -> None:
    assert max_deletions.violation(MaxDeletions(), targets=9, deleted=9, campaigns=0) is None


def test_percent_of_no_campaigns_allows_none() -> None:
    limit = MaxDeletions(percent=100)
    assert max_deletions.violation(limit, targets=1, deleted=1, campaigns=0)
    assert max_deletions.violation(limit, targets=0, deleted=0, campaigns=0) is None


def test_large_numbers_stay_exact() -> None:
    limit = MaxDeletions(percent=33)
    most = 33 * 10**15
    assert max_deletions.violation(limit, targets=1, deleted=most, campaigns=10**17) is None
    assert max_deletions.violation(limit, targets=1, deleted=most + 1, campaigns=10**17)


@pytest.mark.parametrize(
    ("captured", "written", "broken"),
    [
        (NOW - DAY, False, False),
        (NOW - DAY - SECOND, False, True),
        (NOW + SECOND, True, False),
        (None, False, False),
        (None, True, True),
    ],
)
def test_inventory_age(captured: datetime | None, written: bool, broken: bool) -> None:
    said = inventory_age.violation(captured, now=NOW, most=DAY, written=written)
    assert bool(said) is broken


@pytest.mark.parametrize("written", [True, False])
def test_the_oldest_known_time_is_judged_though_other_parts_have_none(written: bool) -> None:
    old, young = NOW - 14 * DAY, NOW - SECOND
    said = inventory_age.violation(None, now=NOW, most=DAY, written=written, oldest=old)
    assert said == "part of the inventory is 14d old and at most 1d is allowed: 13d too old"
    said = inventory_age.violation(None, now=NOW, most=DAY, written=written, oldest=young)
    assert bool(said) is written


def test_a_broken_age_says_by_how_much() -> None:
    said = inventory_age.violation(NOW - 2 * DAY, now=NOW, most=DAY, written=True)
    assert said == "the inventory is 2d old and at most 1d is allowed: 1d too old"


# ---------------------------------------------------------------- plan age


def test_a_plan_may_be_applied_until_it_expires() -> None:
    assert plan_age.expired(NOW, now=NOW) is None
    assert plan_age.expired(NOW, now=NOW + SECOND) is not None


def test_a_started_plan_may_be_resumed_for_resume_max_age() -> None:
    assert plan_age.outlived(NOW, now=NOW + DAY, most=DAY) is None
    assert plan_age.outlived(NOW, now=NOW + DAY + SECOND, most=DAY) is not None


# ---------------------------------------------------------------- metadata


def _manifest(**texts_: str) -> Manifest:
    return manifest_of(**texts_)


def test_every_lack_of_metadata_is_told_at_once() -> None:
    guards = Guards(require=("owner", "reason"), ticket_pattern=r"CHG-\d+")
    said = metadata.refusal(_manifest(ticket="INC-1"), guards)
    assert said == (
        "m: owner is required; reason is required; the ticket INC-1 does not fit CHG-\\d+"
    )


def test_a_ticket_that_nobody_requires_may_be_missing() -> None:
    assert metadata.refusal(_manifest(), Guards(ticket_pattern=r"CHG-\d+")) is None


def test_a_blank_ticket_is_one_mistake() -> None:
    pattern = r"CHG-\d+"
    said = metadata.refusal(_manifest(ticket=" "), Guards(ticket_pattern=pattern))
    assert said is not None
    assert "does not fit" in said
    said = metadata.refusal(
        _manifest(ticket=" "), Guards(require=("ticket",), ticket_pattern=pattern)
    )
    assert said is not None
    assert said.endswith("ticket is required")


# ---------------------------------------------------------------- waivers


def _waiver(guard: str, until: date = TODAY, **more: object) -> Waiver:
    return Waiver(
        guard=guard,
        account="a",
        because="b",
        ticket="t",
        until=until,
        path="p",
        line=1,
        **more,  # type: ignore[arg-type]
    )


def test_a_waiver_of_a_campaign_with_parts_says_which() -> None:
    found = waivers.sort_out(
        [
            _waiver("running", id="1"),
            _waiver("running", id="2", part="x"),
            _waiver("running", id="3", parts="all"),
        ],
        today=TODAY,
    )
    records = {"3": Campaign(account="a", id="3", name="n", phone_numbers=("x", "y"))}
    for target, lifted in (
        (Target("a", "1"), True),
        (Target("a", "1", "x"), False),
        (Target("a", "2", "x"), True),
        (Target("a", "2", "y"), False),
        (Target("a", "2"), False),
        (Target("a", "3", "x"), True),
        (Target("a", "3", "z"), False),  # a number that the record does not list
        (Target("a", "3"), False),
        (Target("b", "1"), False),
    ):
        record = records.get(target.id)
        assert bool(found.of_target("running", target, record)) is lifted
        assert found.of_target("protected", target, record) is None


def test_a_waiver_of_the_wrong_breadth_lifts_nothing() -> None:
    found = waivers.sort_out(
        [_waiver("running"), _waiver("max-deletions", id="1", count=9)], today=TODAY
    )
    assert found.of_target("running", Target("a", "1"), None) is None
    assert found.of_account("running", "a") == ()
    assert found.of_account("max-deletions", "a") == ()


def test_a_waiver_is_in_force_through_its_last_day() -> None:
    one = _waiver("inventory-age")
    assert waivers.sort_out([one], today=TODAY).of_account("inventory-age", "a") == (one,)
    late = waivers.sort_out([one], today=TODAY + DAY)
    assert late.expired == (one,)
    assert late.of_account("inventory-age", "a") == ()


# ---------------------------------------------------------------- texts


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (timedelta(0), "under 1s"),
        (SECOND, "1s"),
        (timedelta(minutes=90), "1h 30m"),
        (timedelta(days=3, minutes=5), "3d"),
        (timedelta(days=3, hours=4, minutes=5), "3d 4h"),
    ],
)
def test_a_span_has_its_two_largest_units(duration: timedelta, text: str) -> None:
    assert texts.span(duration) == text


def test_today_is_the_utc_day() -> None:
    east = datetime.fromisoformat("2026-11-20T01:00:00+05:30")
    assert texts.today(east) == date(2026, 11, 19)

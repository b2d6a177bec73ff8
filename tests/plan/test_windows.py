"""The windows guard, against an oracle that walks every minute and knows no calendar arithmetic."""

from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.declare.project import Window
from reconciler.declare.zones import NO_DATA
from reconciler.plan.guards import spans, windows
from tests.support.zones import no_zone_data

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def cron(kind: str, schedule: str, length: timedelta, zone: str = "UTC", **more: str) -> Window:
    return Window(kind=kind, schedule=schedule, duration=length, time_zone=zone, **more)  # type: ignore[arg-type]


def unchecked(kind: str, schedule: str, length: timedelta, zone: str = "UTC") -> Window:
    return Window.model_construct(
        kind=kind,  # type: ignore[arg-type]
        schedule=schedule,
        duration=length,
        time_zone=zone,
    )


def days(kind: str, first: str | None, last: str | None, zone: str = "UTC") -> Window:
    return Window(
        kind=kind,  # type: ignore[arg-type]
        first=date.fromisoformat(first) if first else None,
        last=date.fromisoformat(last) if last else None,
        time_zone=zone,
        because="Peak freeze",
    )


# ---------------------------------------------------------------- the oracle


def numbers(field: str, low: int, high: int) -> set[int]:
    found: set[int] = set()
    for term in field.split(","):
        span, _, step = term.partition("/")
        start, _, end = (str(low), "", str(high)) if span == "*" else span.partition("-")
        last = int(end) if end else (high if step else int(start))
        found |= set(range(int(start), last + 1, int(step or 1)))
    return found


class Oracle:
    """Walks the zone's own clock minute by minute; in a jump the wall is not the next minute's."""

    def __init__(self, window: Window, low: datetime, high: datetime) -> None:
        assert window.schedule is not None
        assert window.duration is not None
        self.minute, self.hour, self.dom, self.month, self.dow = (
            numbers(text, *bounds)
            for text, bounds in zip(
                window.schedule.split(),
                ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7)),
                strict=True,
            )
        )
        fields = window.schedule.split()
        self.both = fields[2].startswith("*") or fields[4].startswith("*")
        fixed = not fields[0].startswith("*") and not fields[1].startswith("*")
        zone = ZoneInfo(window.time_zone)
        now = low - window.duration - 2 * DAY
        seen: set[datetime] = set()
        previous = now.astimezone(zone).replace(tzinfo=None) - MINUTE
        self.starts = []
        while now < high:
            wall = now.astimezone(zone).replace(tzinfo=None)
            shown = [wall]
            if fixed:
                shown += [previous + i * MINUTE for i in range(1, (wall - previous) // MINUTE)]
                shown = [one for one in shown if one not in seen]
                seen |= set(shown)
            if any(self.matches(one) for one in shown):
                self.starts.append(now)
            previous, now = wall, now + MINUTE
        self.duration = window.duration

    def matches(self, wall: datetime) -> bool:
        weekday = wall.isoweekday()
        dom, dow = wall.day in self.dom, weekday in self.dow or weekday % 7 in self.dow
        day = (dom and dow) if self.both else (dom or dow)
        return (
            wall.minute in self.minute
            and wall.hour in self.hour
            and wall.month in self.month
            and day
        )

    def holds(self, now: datetime) -> bool:
        k = bisect_right(self.starts, now)
        return k > 0 and now < self.starts[k - 1] + self.duration


HOUR = timedelta(hours=1)
STRETCHES = {  # a clock change each way, and the leap day with the end of its month
    "Europe/Paris": ("2024-02-27", "2024-03-29", "2024-10-25"),
    "America/New_York": ("2024-02-27", "2024-03-08", "2024-11-01"),
    "Australia/Lord_Howe": ("2024-02-27", "2024-04-05", "2024-10-04"),
    "Africa/Cairo": ("2024-02-27", "2024-04-24", "2024-10-30"),  # changes at midnight
    "America/Havana": ("2024-03-09", "2024-11-02"),  # skips a midnight, and repeats one
    "UTC": ("2024-02-27", "2024-12-30"),
}
SCHEDULES = [
    ("0 9 * * 1-4", 8 * HOUR),
    ("30 2 * * *", HOUR),
    ("30 0 * * *", 2 * HOUR),
    ("15 1 29 2 *", 3 * HOUR),
    ("0 22 * * 5,6", 30 * HOUR),
    ("*/20 * * * *", timedelta(minutes=7)),
    ("0 * * * *", timedelta(minutes=45)),
    ("*/10 0-3 * * 0", timedelta(minutes=10)),
    ("5 2,3 1,15 * 6", timedelta(minutes=90)),
    ("0 0 28-31 * *", 24 * HOUR),
    ("* 22-23 * * *", 2 * HOUR),
    ("* 1 10-20 * *", 2 * HOUR),
    ("0 */2 * * 0", 7 * MINUTE),
]


@pytest.mark.parametrize("zone", STRETCHES)
def test_every_minute_is_judged_as_a_walk_along_the_clock_judges_it(zone: str) -> None:
    for start in STRETCHES[zone]:
        low = at(f"{start}T00:00:00+00:00")
        for schedule, length in SCHEDULES:
            allow = cron("allow", schedule, length, zone)
            oracle = Oracle(allow, low, low + 3 * DAY)
            opened = windows.Schedule([allow])
            closed = windows.Schedule([cron("deny", schedule, length, zone)])
            for now in (low + minute * MINUTE for minute in range(3 * 24 * 60)):
                holds = oracle.holds(now)
                assert opened.decide(now).open is holds, (schedule, now)
                assert closed.decide(now).open is not holds, (schedule, now)


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_mixed_windows_open_and_close_exactly_when_announced(data: st.DataObject) -> None:
    zone = data.draw(st.sampled_from(list(STRETCHES)))
    low = at(f"{data.draw(st.sampled_from(STRETCHES[zone]))}T00:00:00+00:00")
    high = low + 2 * DAY
    rules = [
        cron(data.draw(st.sampled_from(["allow", "deny"])), schedule, length, zone)
        for schedule, length in data.draw(
            st.lists(st.sampled_from(SCHEDULES[:8]), min_size=1, max_size=3)
        )
    ]
    oracles = [Oracle(rule, low, high) for rule in rules]
    compiled = windows.Schedule(rules)
    any_allow = any(rule.kind == "allow" for rule in rules)
    announced: tuple[datetime, bool] | None = None
    was: bool | None = None
    now = low
    while now < high:
        held = {rule.kind for rule, one in zip(rules, oracles, strict=True) if one.holds(now)}
        expected = "deny" not in held and ("allow" in held or not any_allow)
        decision = compiled.decide(now)
        assert decision.open is expected
        if was is not None and was is not expected:
            assert announced == (now, expected)
        turn = decision.closes_at if decision.open else decision.opens_at
        announced, was = (turn, not decision.open) if turn else None, expected
        now += MINUTE


def test_what_never_opens_is_searched_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[datetime] = []
    whole = spans.Cron.next

    def counted(cron: spans.Cron, at: datetime) -> spans.Span:
        asked.append(at)
        return whole(cron, at)

    monkeypatch.setattr(spans.Cron, "next", counted)
    often = ("0 */6 * * *", HOUR, "Europe/Paris")
    never = windows.Schedule([cron("allow", *often), cron("deny", *often)])
    now = at("2026-03-27T00:00:00Z")
    assert never.decide(now) == windows.WindowDecision(open=False, rule=windows.OUTSIDE)
    first = len(asked)
    assert first > 1_000
    for hour in range(1, 72):
        decision = never.decide(now + hour * HOUR)
        assert (decision.open, decision.opens_at) == (False, None)
    assert len(asked) - first < 200


# ---------------------------------------------------------------- the rules, one by one

PARIS_DAYS = cron("allow", "0 9 * * 1-4", 8 * HOUR, "Europe/Paris")


def test_no_windows_are_always_open() -> None:
    assert windows.decide([], at("2026-01-01T00:00:00Z")) == windows.WindowDecision(open=True)


def test_an_allow_closes_everything_outside_it_and_says_when_it_opens() -> None:
    decision = windows.decide([PARIS_DAYS], at("2026-11-20T12:00:00Z"))  # a Friday
    assert decision == windows.WindowDecision(
        open=False, rule=windows.OUTSIDE, opens_at=at("2026-11-23T08:00:00Z")
    )


def test_inside_an_allow_the_closing_time_is_told() -> None:
    decision = windows.decide([PARIS_DAYS], at("2026-11-23T08:00:00Z"))
    assert decision.open
    assert decision.rule == 'allow "0 9 * * 1-4" for 8h Europe/Paris'
    assert decision.closes_at == at("2026-11-23T16:00:00Z")
    assert not windows.decide([PARIS_DAYS], at("2026-11-23T16:00:00Z")).open


def test_deny_beats_an_open_allow_and_brings_its_reason() -> None:
    freeze = days("deny", "2026-12-20", "2027-01-04")
    decision = windows.decide([PARIS_DAYS, freeze], at("2026-12-21T10:00:00Z"))
    assert (decision.open, decision.because) == (False, "Peak freeze")
    assert decision.rule == "deny from 2026-12-20 to 2027-01-04 UTC"
    assert decision.opens_at == at("2027-01-05T08:00:00Z")  # a Tuesday, the freeze is over


def test_only_denies_leave_the_rest_open() -> None:
    freeze = days("deny", "2026-12-20", "2027-01-04")
    decision = windows.decide([freeze], at("2026-12-19T23:59:59Z"))
    assert decision == windows.WindowDecision(open=True, closes_at=at("2026-12-20T00:00:00Z"))


def test_dates_are_whole_days_of_the_windows_zone_and_include_both() -> None:
    freeze = days("deny", "2026-12-20", "2026-12-20", "Asia/Kolkata")
    for moment, opened in [
        ("2026-12-19T18:29:59Z", True),
        ("2026-12-19T18:30:00Z", False),
        ("2026-12-20T18:29:59Z", False),
        ("2026-12-20T18:30:00Z", True),
    ]:
        assert windows.decide([freeze], at(moment)).open is opened


@pytest.mark.parametrize(("first", "last"), [(None, "2026-12-20"), ("2026-12-01", None)])
def test_a_missing_date_is_open_ended(first: str | None, last: str | None) -> None:
    freeze = days("deny", first, last)
    assert not windows.decide([freeze], at("2026-12-10T00:00:00Z")).open


def test_a_freeze_until_the_end_of_the_calendar_never_opens() -> None:
    decision = windows.decide([days("deny", None, "9999-12-31")], at("2026-12-10T00:00:00Z"))
    assert decision == windows.WindowDecision(
        open=False, rule="deny to 9999-12-31 UTC", because="Peak freeze"
    ) or (not decision.open and decision.opens_at is None)


def test_a_window_in_the_spring_gap_opens_after_it_for_its_full_length() -> None:
    window = cron("allow", "30 2 * * *", 2 * HOUR, "Europe/Paris")
    decision = windows.decide([window], at("2026-03-29T01:00:00Z"))  # 02:00 became 03:00
    assert decision.open
    assert decision.closes_at == at("2026-03-29T03:00:00Z")


def test_a_window_in_the_autumn_overlap_opens_once_for_its_elapsed_length() -> None:
    window = cron("allow", "30 2 * * *", HOUR, "Europe/Paris")
    assert windows.decide([window], at("2026-10-25T00:30:00Z")).closes_at == at(
        "2026-10-25T01:30:00Z"
    )
    assert not windows.decide([window], at("2026-10-25T01:30:00Z")).open


@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris", "Australia/Lord_Howe"])
@pytest.mark.parametrize(
    ("schedule", "length"),
    [("* * * * *", MINUTE), ("*/5 * 1-31 * *", HOUR), ("* * * * 1-5", 50 * HOUR)],
)
def test_a_schedule_that_is_always_on_has_no_closing_time_and_is_not_walked(
    monkeypatch: pytest.MonkeyPatch, zone: str, schedule: str, length: timedelta
) -> None:
    walked = []

    class Counted(CronSim):
        def __next__(self) -> datetime:
            walked.append(1)
            return super().__next__()

    monkeypatch.setattr(spans, "CronSim", Counted)
    compiled = windows.Schedule([cron("allow", schedule, length, zone)])
    for moment in ("2026-03-29T00:59:00Z", "2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z"):
        assert compiled.decide(at(moment)).open
        assert compiled.decide(at(moment)).closes_at is None
    assert len(walked) < 100_000  # thrice 400 days have 1,728,000 minutes


def test_a_schedule_of_every_day_closes_in_the_night_that_is_an_hour_longer() -> None:
    window = cron("allow", "0 0 * * *", DAY, "Europe/Paris")
    decision = windows.decide([window], at("2026-05-01T12:00:00Z"))
    assert decision.closes_at == at("2026-10-25T22:00:00Z")


@pytest.mark.parametrize(
    ("rules", "moment", "says"),
    [
        ([PARIS_DAYS], "2026-11-20T12:00:00Z", "2026-11-23 09:00 +01:00 (Europe/Paris)"),
        ([PARIS_DAYS], "2026-07-10T12:00:00Z", "2026-07-13 09:00 +02:00 (Europe/Paris)"),
        ([days("deny", None, "2026-12-20")], "2026-12-01T00:00:00Z", "2026-12-21 00:00 UTC"),
        (
            [PARIS_DAYS, days("deny", None, "2026-12-20", "Asia/Kolkata")],
            "2026-12-20T09:00:00Z",
            "2026-12-21 09:00 +01:00 (Europe/Paris)",
        ),
        (
            [days("deny", None, "2026-12-20", "Asia/Kolkata")],
            "2026-12-20T09:00:00Z",
            "2026-12-21 00:00 +05:30 (Asia/Kolkata)",
        ),
    ],
)
def test_when_it_opens_is_told_in_the_zone_of_the_window_that_opens_it(
    rules: list[Window], moment: str, says: str
) -> None:
    assert windows.decide(rules, at(moment)).opens == says


def test_without_time_zone_data_that_is_said_and_utc_is_still_known() -> None:
    with no_zone_data():
        said = windows.check(unchecked("allow", "0 9 * * *", HOUR, "Europe/Paris"))
        assert said == f"'Europe/Paris' {NO_DATA}"
        assert windows.check(cron("allow", "0 9 * * *", HOUR)) is None


def test_a_turn_is_told_within_four_hundred_days_and_not_beyond() -> None:
    freeze = days("deny", "2028-01-01", "2028-01-01")
    turn = at("2028-01-01T00:00:00Z")
    compiled = windows.Schedule([freeze])
    assert compiled.decide(turn - windows.HORIZON - MINUTE).closes_at is None
    assert compiled.decide(turn - windows.HORIZON).closes_at == turn


def test_a_held_decision_never_depends_on_what_was_asked_before() -> None:
    rules = [PARIS_DAYS, days("deny", "2026-12-20", "2027-01-04")]
    compiled = windows.Schedule(rules)
    moments = [at("2026-12-18T00:00:00Z") + i * 97 * MINUTE for i in range(300)]
    for moment in [*moments, *reversed(moments)]:
        assert compiled.decide(moment) == windows.decide(rules, moment)


def test_a_window_says_where_it_stands() -> None:
    window = cron("deny", "0 9 * * *", 90 * MINUTE)
    placed = Window(
        kind="deny", schedule="0 9 * * *", duration=90 * MINUTE, path="reconciler.yaml", line=7
    )
    assert windows.describe(window) == 'deny "0 9 * * *" for 90m UTC'
    assert windows.describe(placed).endswith("(reconciler.yaml:7)")


@pytest.mark.parametrize(
    ("window", "says"),
    [
        (unchecked("allow", "0 9 * *", HOUR), "five cron fields"),
        (unchecked("allow", "0 0 9 * * *", HOUR), "five cron fields"),
        (unchecked("allow", "61 9 * * *", HOUR), "Bad minute"),
        (unchecked("allow", "0 9 30 2 *", HOUR), "Bad day-of-month"),
        (unchecked("allow", "0 9 * * *", timedelta(0)), "at least one second"),
        (unchecked("allow", "0 9 * * *", 401 * DAY), "at most 400d"),
        (unchecked("allow", "0 9 * * *", HOUR, "Europe/Pariss"), "IANA"),
        (unchecked("allow", "0 9 * * *", HOUR, "../../etc/passwd"), "IANA"),
        (Window(kind="allow", schedule="0 9 * * *"), "duration"),
        (Window(kind="deny", duration=HOUR), "needs a schedule"),
        (Window(kind="deny"), "or dates"),
        (days("deny", "2027-01-01", "2026-01-01"), "before it begins"),
    ],
)
def test_a_window_that_makes_no_sense_is_told(window: Window, says: str) -> None:
    assert says in (windows.check(window) or "")
    with pytest.raises(ValueError, match="."):
        windows.Schedule([window])


def test_a_sensible_window_has_nothing_wrong() -> None:
    assert windows.check(PARIS_DAYS) is None
    assert windows.check(cron("allow", "0 9 L * MON#2", HOUR)) is None

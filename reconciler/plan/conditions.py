"""The conditions of a selector beside the name, as one test of records."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from operator import attrgetter, gt, lt

from reconciler.declare.manifest import Selector
from reconciler.driver.scalars import day, instant
from reconciler.model import Campaign, Status
from reconciler.plan.names import nfc

Test = Callable[[Sequence[Campaign]], list[bool | None]]
"""Of each record. True: all conditions hold. False: one does not. None: nothing fails, and
something cannot be judged: a field is missing, or a label holds no date."""


def test_of(selector: Selector, now: datetime) -> Test | None:
    """What must hold beside the name; None if nothing must."""
    tests = [*_word_tests(selector), *_time_tests(selector, now), *_label_tests(selector, now)]
    if not tests:
        return None
    if len(tests) == 1:
        return tests[0]
    return lambda some: _all(tests, some)


def _all(tests: Sequence[Test], some: Sequence[Campaign]) -> list[bool | None]:
    verdicts: list[bool | None] = [True] * len(some)
    left: Sequence[int] = range(len(some))
    for test in tests:
        for at, said in zip(left, test([some[at] for at in left]), strict=True):
            if said is not True:
                verdicts[at] = said
        left = [at for at in left if verdicts[at] is not False]
    return verdicts


def _word_tests(selector: Selector) -> Iterator[Test]:
    if selector.status is not None:
        yield _status(frozenset(selector.status))
    if selector.channel is not None:
        channels = frozenset(selector.channel)
        yield lambda some: [
            None if one.channel is None else one.channel in channels for one in some
        ]


def _status(wanted: frozenset[Status]) -> Test:
    said: dict[Status | None, bool | None] = {None: None, Status.UNKNOWN: None}
    said |= {one: one in wanted for one in Status if one in wanted or one is not Status.UNKNOWN}
    return lambda some: [said[one.status] for one in some]


# ---------------------------------------------------------------- times


def _time_tests(selector: Selector, now: datetime) -> Iterator[Test]:
    for field, before, after, longer, less in (
        (
            "created_at",
            selector.created_before,
            selector.created_after,
            selector.older_than,
            selector.newer_than,
        ),
        (
            "updated_at",
            selector.updated_before,
            selector.updated_after,
            selector.not_updated_for,
            selector.updated_within,
        ),
    ):
        if before is not None:
            yield _timed(field, lt, before)
        if after is not None:
            yield _timed(field, gt, after)
        if longer is not None:
            yield _timed(field, lt, _ago(now, longer))
        if less is not None:
            yield _timed(field, gt, _ago(now, less))


def _ago(now: datetime, age: timedelta) -> datetime:
    try:
        return now - age
    except OverflowError:  # longer ago than there were years: nothing is that old
        return datetime.min.replace(tzinfo=now.tzinfo)


def _timed(field: str, holds: Callable[[datetime, datetime], bool], bound: datetime) -> Test:
    of = attrgetter(field)
    return lambda some: [None if at is None else holds(at, bound) for at in map(of, some)]


# ---------------------------------------------------------------- labels


def _label_tests(selector: Selector, now: datetime) -> Iterator[Test]:
    for key, wanted in (selector.labels or {}).items():
        yield _label(key, nfc(wanted))
    for key, bound in (selector.label_before or {}).items():
        yield _dated(key, now if isinstance(bound, str) else bound, _is_before)
    for key, bound in (selector.label_after or {}).items():
        yield _dated(key, now if isinstance(bound, str) else bound, _is_after)


def labels_of(one: Campaign, key: str) -> Sequence[str]:
    """What *one* has under the label *key* (NFC); several if its keys are equal only in NFC."""
    labels: Mapping[str, str] = one.labels or {}
    if all(map(str.isascii, labels)):
        held = labels.get(key)
        return () if held is None else (held,)
    return [held for written, held in labels.items() if nfc(written) == key]


def _label(key: str, wanted: str) -> Test:
    key = nfc(key)

    def test(one: Campaign) -> bool | None:
        held = labels_of(one, key)
        return any(nfc(value) == wanted for value in held) if held else None

    return lambda some: list(map(test, some))


def _dated(key: str, bound: datetime, holds: Callable[[str, datetime], bool]) -> Test:
    key = nfc(key)

    def test(one: Campaign) -> bool | None:
        held = labels_of(one, key)
        if not held or not all(map(is_dated, held)):
            return None  # nobody can say
        return any(holds(value.strip(), bound) for value in held)

    return lambda some: list(map(test, some))


def is_dated(value: str) -> bool:
    """Whether the *value* of a label is a date or a time."""
    try:
        instant(value.strip())
    except ValueError:
        return False
    return True


def _is_before(value: str, bound: datetime) -> bool:
    """Whether a time is before *bound*; of a date, whether its whole day (UTC) is over by then."""
    if _is_date(value):
        return datetime.combine(day(value), time.max, UTC) < bound
    return instant(value) < bound


def _is_after(value: str, bound: datetime) -> bool:
    """Whether a time is after *bound*; of a date, whether its day (UTC) begins only then."""
    return instant(value, time.min) > bound


def _is_date(value: str) -> bool:
    return len(value) == len("2026-12-31")

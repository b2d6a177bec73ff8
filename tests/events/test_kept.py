"""What workers tell of a run, kept for those who follow it."""

from datetime import UTC, datetime, timedelta

from msgspec import structs

from reconciler.events import Event, from_kept, kept

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def outcomes(number: int, first: int = 1, *, outcome: str = "deleted") -> list[Event]:
    return [
        Event(NOW, "outcome", "crm", f"crm/{n}", outcome, total=9, done=n)
        for n in range(first, first + number)
    ]


def again(lines: list[str]) -> list[Event]:
    return [event for line in lines for event in from_kept(line)]


def test_what_is_kept_comes_back_as_it_was_told() -> None:
    until = NOW + timedelta(hours=1)
    told = [
        Event(NOW, "account-started", "crm", total=900, done=0),
        Event(NOW, "request", "crm", total=3, request=7),
        Event(NOW, "answer", "crm", detail="deleted", request=7, status=204, seconds=0.25),
        *outcomes(450),
        *outcomes(2, 451, outcome="refused"),
        *outcomes(1, 900),
        Event(NOW, "wait", "crm", detail="##\n\u2028 said", until=until),
    ]
    lines = list(kept(told))
    assert again(lines) == told
    assert all("\n" not in line for line in lines)
    assert list(kept([])) == []


def test_outcomes_that_differ_in_their_target_alone_are_a_line() -> None:
    assert len(list(kept(outcomes(200)))) == 1
    assert len(list(kept(outcomes(201)))) == 2


def test_outcomes_that_differ_in_anything_else_stand_apart() -> None:
    one, two = outcomes(2)
    for other in (
        structs.replace(two, at=NOW + timedelta(seconds=1)),
        structs.replace(two, account="sms"),
        structs.replace(two, outcome="refused"),
        structs.replace(two, detail="why"),
        structs.replace(two, total=8),
        structs.replace(two, done=7),
        structs.replace(two, done=None),
        structs.replace(two, kind="look"),
    ):
        lines = list(kept([one, other]))
        assert len(lines) == 2
        assert again(lines) == [one, other]

"""Values by place, most of them equal, kept outside of memory."""

import random

import pytest

from reconciler.plan.alike import Alike


def kept(count: int = 0) -> Alike[str]:
    return Alike(str.encode, bytes.decode, count)


def test_it_gives_back_what_was_put_at_each_place() -> None:
    dice = random.Random(7)
    values = kept(5_000)
    expected: list[str | None] = [None] * 5_000
    for _ in range(12_000):  # many more different ones than are held
        place = dice.randrange(5_000)
        expected[place] = f"value {dice.randrange(4_000)}"
        values[place] = expected[place] or ""
    assert list(values) == expected
    assert [values[place] for place in range(5_000)] == expected


def test_what_comes_next_stands_behind_the_rest() -> None:
    values = kept(1)
    values.append("b")
    assert (len(values), list(values)) == (2, [None, "b"])


def test_equal_values_are_kept_once() -> None:
    values = kept()
    for _ in range(10_000):
        values.append("x" * 1_000)
    assert len(values._spool) == 1_000


def test_a_value_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        kept().append("x" * (1 << 24))

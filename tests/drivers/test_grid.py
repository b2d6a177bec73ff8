"""Grouping: a partition, within its limits, and the fewest there can be."""

import random
from functools import cache
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.drivers.grid import rectangles


def cells_of(rows):
    return [(f"r{r}", f"c{c}") for r, row in enumerate(rows) for c in range(12) if row >> c & 1]


def covered(found):
    return [(row, column) for rows, columns in found for row in rows for column in columns]


@cache
def least(rows):
    """The optimum by trying every rectangle around one cell."""
    if len(rows) <= 1:
        return len(rows)
    first, others = rows[0], rows[1:]
    corner = first & -first
    best, more = len(rows), first ^ corner
    while True:
        along = corner | more
        able = [row for row in others if row & along == along]
        for pick in range(1 << len(able)):
            cut = {first, *(row for i, row in enumerate(able) if pick >> i & 1)}
            left = {row & ~along if row in cut else row for row in rows} - {0}
            best = min(best, 1 + least(tuple(sorted(left))))
        if not more:
            return best
        more = (more - 1) & (first ^ corner)


def test_every_grid_up_to_four_by_four_has_the_fewest():
    """Order and repetition of rows change nothing, so sets of rows are all grids there are."""
    for count in range(1, 5):
        for rows in combinations(range(1, 16), count):
            assert len(rectangles(cells_of(rows), side=100)) == least(rows), rows


def test_random_grids_of_five_by_six_have_the_fewest():
    rng = random.Random(5)
    for _ in range(60):
        rows = tuple(sorted({rng.getrandbits(6) for _ in range(5)} - {0}))
        assert len(rectangles(cells_of(rows), side=100)) == least(rows), rows


@pytest.mark.parametrize(
    ("rows", "fewest"),
    [
        ((0b110, 0b101, 0b011), 3),
        ((0b111, 0b111, 0b111), 1),
        ((0b0110, 0b1111, 0b1111, 0b0110), 2),
        ((0b111000, 0b111000, 0b000111, 0b000111, 0b111111), 2),
        ((0b1, 0b1, 0b1, 0b1111), 2),
    ],
)
def test_known_grids(rows, fewest):
    assert len(rectangles(cells_of(rows), side=100)) == fewest


@given(
    st.sets(st.tuples(st.integers(0, 11), st.integers(0, 11)), min_size=1),
    st.integers(1, 6),
    st.none() | st.integers(1, 9),
)
def test_every_cell_is_in_one_rectangle_within_the_limits(cells, side, most):
    wanted = [(f"r{r}", f"c{c}") for r, c in sorted(cells)]
    found = rectangles(wanted, side, most)
    assert sorted(covered(found)) == sorted(wanted)
    for rows, columns in found:
        assert max(len(rows), len(columns)) <= side
        assert most is None or len(rows) * len(columns) <= most


@given(st.sets(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=400))
def test_the_same_cells_give_the_same_answer(cells):
    wanted = [(f"r{r}", f"c{c}") for r, c in sorted(cells)]
    found = rectangles(wanted, 100)
    assert found == rectangles(wanted, 100)
    assert sorted(covered(found)) == sorted(wanted)
    assert len(found) <= min(len({r for r, _ in cells}), len({c for _, c in cells}))


def test_large_rectangles_are_cut_into_the_fewest():
    cells = [(f"r{r}", f"c{c}") for r in range(10) for c in range(1_000)]
    assert len(rectangles(cells, side=100)) == 10
    assert len(rectangles(cells[:300], side=100, most=7)) == 43


def test_shared_segments_cost_what_the_segments_cost():
    """Three lists made of the same four segments of numbers: four requests, not ten."""
    segments = [[f"{i}{n:02}" for n in range(90)] for i in range(4)]
    lists = {"A": (0, 1, 2), "B": (1, 2, 3), "C": (0, 3)}
    cells = [(name, n) for name, parts in lists.items() for i in parts for n in segments[i]]
    assert len(rectangles(cells, side=100)) == 4


def test_ten_thousand_cells_in_a_hundred_rows_are_grouped():
    rng = random.Random(1)
    cells = sorted({(rng.randrange(100), rng.randrange(1_000)) for _ in range(10_000)})
    wanted = [(f"r{r}", f"c{c}") for r, c in cells]
    assert sorted(covered(rectangles(wanted, 100))) == sorted(wanted)

"""Ozonetel grouping against the optimum, and against the clock.

`python benchmarks/grouping.py` checks every grid up to 5 x 5 and 500 random ones up to 8 x 8
against a search that shares nothing with ours, then groups 10,000 targets of several shapes. It
exits 1 if any is not optimal. `--quick` checks up to 4 x 4 and 50 random ones.

All grids up to 5 x 5: order and repetition of rows change nothing, so one grid for each set of
different rows is enough.
"""

import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import combinations

from _side import Figure, at_most, finish, options, published

from reconciler.drivers.grid import rectangles

Grid = tuple[int, ...]


@cache
def least(rows: Grid) -> int:
    """Fewest rectangles of *rows* (different, sorted, not empty), by trying all of them."""
    if len(rows) <= 1:
        return len(rows)
    return 1 + min(least(left) for left in _removals(rows))


def optimum(rows: Grid) -> int:
    """`least` for larger grids: the first number of rectangles that works."""
    known: dict[tuple[Grid, int], bool] = {}
    return next(
        count for count in range(9) if _works(min(rows, turned(rows), key=len), count, known)
    )


def _works(rows: Grid, count: int, known: dict[tuple[Grid, int], bool]) -> bool:
    if len(rows) <= count:
        return True
    if (rows, count) not in known:
        known[rows, count] = _xor_rank(rows) <= count and any(
            _works(left, count - 1, known) for left in _removals(rows)
        )
    return known[rows, count]


def _xor_rank(rows: Grid) -> int:
    """Each rectangle adds at most one to the rank, over any field."""
    basis: list[int] = []
    for row in rows:
        left = row
        for one in basis:
            left = min(left, left ^ one)
        basis.extend([left] if left else [])
    return len(basis)


def _removals(rows: Grid) -> Iterator[Grid]:
    """*rows* without each of the rectangles that hold the first cell of the shortest row."""
    first = min(rows, key=int.bit_count)
    others = [row for row in rows if row != first]
    corner = first & -first
    rest = more = first ^ corner
    while True:
        along = corner | more
        able = [row for row in others if row & along == along]
        fixed = {first & ~along, *(row for row in others if row & along != along)}
        for pick in range(1 << len(able)):
            left = {r & ~along if pick >> i & 1 else r for i, r in enumerate(able)}
            yield tuple(sorted((fixed | left) - {0}))
        if not more:
            return
        more = (more - 1) & rest


def cells(rows: Iterable[int]) -> list[tuple[str, str]]:
    return [(f"r{r}", f"c{c}") for r, row in enumerate(rows) for c in range(8) if row >> c & 1]


def every(side: int) -> Iterator[Grid]:
    for count in range(1, side + 1):
        yield from combinations(range(1, 1 << side), count)


def chance(rng: random.Random) -> Grid:
    """A random grid up to 8 x 8; half of them are sums of rectangles, where rank is low."""
    high, wide = rng.randint(2, 8), rng.randint(2, 8)
    rows = [0] * high
    if rng.random() < 0.5:
        for _ in range(rng.randint(2, 5)):
            columns = rng.getrandbits(wide)
            for i in range(high):
                if rng.random() < 0.5 and not rows[i] & columns:
                    rows[i] |= columns
    else:
        share = rng.choice([0.2, 0.4, 0.5, 0.6, 0.8])
        rows = [sum((rng.random() < share) << c for c in range(wide)) for _ in rows]
    return tuple(sorted(set(rows) - {0}))


def turned(rows: Grid) -> Grid:
    columns = {sum((row >> c & 1) << r for r, row in enumerate(rows)) for c in range(8)}
    return tuple(sorted(columns - {0}))


def differences(grids: Iterable[Grid], oracle: Callable[[Grid], int]) -> tuple[int, int]:
    count = wrong = 0
    for grid in grids:
        count += 1
        ours = len(rectangles(cells(grid), side=100))
        if ours != oracle(grid):
            wrong += 1
            print("not optimal:", grid, ours)
    return count, wrong


def shapes(rng: random.Random) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """10,000 targets: unrelated, shared segments, overlapping rectangles, many small parts."""
    for high, wide in ((100, 1000), (1000, 1000), (300, 300), (20, 5000), (5000, 5000)):
        found: set[tuple[int, int]] = set()
        while len(found) < min(10_000, high * wide * 9 // 10):
            found.add((rng.randrange(high), rng.randrange(wide)))
        yield f"random {high} x {wide}", [(f"r{r}", f"c{c}") for r, c in sorted(found)]
    segments = [[f"{i}.{j}" for j in range(rng.randint(5, 120))] for i in range(30)]
    lists = [(f"r{r}", n) for r in range(12) for part in rng.sample(segments, 14) for n in part]
    yield "shared segments", lists[:10_000]
    planted: set[tuple[int, int]] = set()
    while len(planted) < 10_000:
        rows, columns = rng.sample(range(150), 18), rng.sample(range(150), 20)
        planted |= {(r, c) for r in rows for c in columns}
    yield "overlapping", [(f"r{r}", f"c{c}") for r, c in sorted(planted)[:10_000]]
    small = [(f"{k}.{r}", f"{k}.{c}") for k in range(230) for r in range(8) for c in range(8)]
    yield "many 8 x 8", rng.sample(small, 10_000)
    yield "one list", [(f"r{r}", f"c{c}") for r in range(10) for c in range(1_000)]


def lists(count: int) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """*count* campaigns of 100 numbers each: of their own, half of the neighbour's, in segments,
    from a small pool that all share, and from a large one.
    """
    rng = random.Random(count)
    yield "their own", [(f"c{i}", f"{i}.{j}") for i in range(count) for j in range(100)]
    yield "half shared", [(f"c{i}", f"n{50 * i + j}") for i in range(count) for j in range(100)]
    segments = [[f"{i}.{j}" for j in range(25)] for i in range(count)]
    joined = ((f"c{i}", n) for i in range(count) for part in rng.sample(segments, 4) for n in part)
    yield "segments", list(joined)
    for name, times in (("a pool of as many numbers", 1), ("a pool of ten times as many", 10)):
        pool = [f"n{j}" for j in range(times * count)]
        yield name, [(f"c{i}", n) for i in range(count) for n in rng.sample(pool, 100)]


def grown(most: int) -> list[Figure]:
    """How long *most* campaigns take, and beside a quarter of them."""
    found = []
    for (name, few), (_, many) in zip(lists(most // 4), lists(most), strict=True):
        took = []
        for grid in (few, many):
            started = time.process_time()
            rectangles(grid, side=100)
            took.append(time.process_time() - started)
        what = f"{most:,} campaigns of 100 numbers, {name}"
        found.append(at_most(20, what, took[1], unit="s"))
        found.append(published(f"{what} / a quarter of them", took[1] / took[0]))
    return found


def main() -> int:
    quick = options(__doc__, repeats=1).quick
    rng = random.Random(2026)
    side, some = (4, 50) if quick else (5, 500)
    count, wrong = differences(every(side), least)
    more, also = differences((chance(rng) for _ in range(some)), optimum)
    print(f"{'shape':24} {'targets':>8} {'requests':>9} {'seconds':>8}")
    slowest = (0.0, "")
    for name, grid in shapes(rng):
        started = time.process_time()
        found = rectangles(grid, side=100)
        took = time.process_time() - started
        slowest = max(slowest, (took, name))
        print(f"{name:24} {len(grid):8} {len(found):9} {took:8.3f}")
    figures = [
        at_most(0, f"all grids up to {side} x {side}: not optimal", wrong, unit=f"of {count:,}"),
        at_most(0, "random grids up to 8 x 8: not optimal", also, unit=f"of {more:,}"),
        at_most(1, "10,000 targets, slowest of nine shapes", slowest[0], unit="s", note=slowest[1]),
        *grown(500 if quick else 5_000),
    ]
    return finish("grouping", "Ozonetel grouping", figures, runs="1 run of each", quick=quick)


if __name__ == "__main__":
    sys.exit(main())

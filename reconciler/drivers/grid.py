"""Cells of a grid into the fewest rectangles that hold them all once and nothing else.

A rectangle is a set of rows times a set of columns, wherever they are in the grid. This is the
biclique partition of a bipartite graph: hard in general, so small parts are solved exactly and
large ones well. Everything is deterministic: the same cells in the same order give the same answer.

How: equal rows and equal columns become one, parts that share nothing are solved alone, and a line
with a single cell left settles that cell's whole cross line. What remains is searched, bounded from
below by the rank of the matrix (each rectangle has rank one) and from above by stars (whole lines).
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

Block = tuple[int, int]
"""A rectangle as two bit sets: rows, columns."""

_PRIME: Final = 2_147_483_647
_SMALL: Final = 16  # lines on both sides: up to here a part is searched
_STEPS: Final = 60_000  # search steps of one call; enough for everything up to 8 x 8
_SEEDS: Final = 16
_TAKEN: Final = 40
_GREEDY: Final = 160  # lines on both sides: up to here rectangles are looked for in large parts
_WIDE: Final = 1024  # bits of a number that is gone through word by word


def rectangles(
    cells: Iterable[tuple[str, str]], side: int, most: int | None = None
) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """*cells* (row, column) as rectangles: at most *side* rows and columns and *most* cells each.

    Rows, columns and rectangles are in the order in which *cells* first names them.
    """
    across: dict[str, int] = {}
    down: dict[str, int] = {}
    grid = [
        (across.setdefault(row, len(across)), down.setdefault(column, len(down)))
        for row, column in cells
    ]
    names, numbers, steps = list(across), list(down), [_STEPS]
    found = []
    for rows, columns, matrix in _apart(grid, len(across)):
        for up, along in _blocks(matrix, len(columns), side, most or side * side, steps):
            up_names = tuple(names[rows[i]] for i in _bits(up))
            found.append((up_names, tuple(numbers[columns[i]] for i in _bits(along))))
    return sorted(found, key=lambda block: (across[block[0][0]], down[block[1][0]]))


def _apart(
    grid: Sequence[tuple[int, int]], height: int
) -> Iterator[tuple[list[int], list[int], list[int]]]:
    """What belongs together, apart from the rest: rows, columns, and a matrix of them alone.

    Bit sets are as wide as what they are of, so nothing is ever as wide as everything.
    """
    leads = list(range(height))

    def lead(row: int) -> int:
        while leads[row] != row:
            leads[row] = row = leads[leads[row]]
        return row

    first: dict[int, int] = {}  # column -> the first row that has it
    for row, column in grid:
        one, other = lead(first.setdefault(column, row)), lead(row)
        leads[max(one, other)] = min(one, other)
    parts: dict[int, list[tuple[int, int]]] = {}
    for row, column in grid:
        parts.setdefault(lead(row), []).append((row, column))
    for _, cells in sorted(parts.items()):
        rows, columns = sorted({row for row, _ in cells}), sorted({column for _, column in cells})
        row_at = {row: i for i, row in enumerate(rows)}
        column_at = {column: i for i, column in enumerate(columns)}
        content: list[list[int]] = [[] for _ in rows]
        for row, column in cells:
            content[row_at[row]].append(column_at[column])
        yield rows, columns, [_set(own) for own in content]


def _blocks(
    matrix: Sequence[int], width: int, side: int, most: int, steps: list[int]
) -> list[Block]:
    """The rectangles of *matrix* (one bit set of columns a row), each within the limits."""
    columns = _same(_transposed(matrix, width))
    if len(columns) < width:
        matrix = _transposed([where for _, where in columns], len(matrix))
    rows = _same(matrix)
    row_sets, column_sets = [members for members, _ in rows], [members for members, _ in columns]
    sizes = _Sizes(row_sets, column_sets, side, most)
    # Lines that have become one hold together what they held together before.
    blocks = _solved(dict(enumerate(content for _, content in rows)), sizes, steps)
    return [tile for block in blocks for tile in sizes.tiles(block)]


class _Lines:
    """The lines behind each merged one, as bit sets; most stand for themselves alone."""

    def __init__(self, members: list[int]) -> None:
        self._members = members
        self._more = {
            i: count - 1 for i, one in enumerate(members) if (count := one.bit_count()) > 1
        }
        self._merged = _set(self._more)

    def count(self, which: int) -> int:
        return which.bit_count() + sum(self._more[i] for i in _bits(which & self._merged))

    def behind(self, which: int) -> int:
        """All lines behind *which*."""
        if not self._more:
            return which
        found: list[int] = []
        for i in _bits(which):
            one = self._members[i]
            if i in self._more:
                found.extend(_bits(one))
            else:
                found.append(one.bit_length() - 1)
        return _set(found)


class _Sizes:
    """What a rectangle of merged lines costs in requests."""

    def __init__(self, rows: list[int], columns: list[int], side: int, most: int) -> None:
        self.side, self.most = side, most
        self._rows, self._columns = _Lines(rows), _Lines(columns)

    def cost(self, block: Block) -> int:
        height, width = self._rows.count(block[0]), self._columns.count(block[1])
        if max(height, width) <= self.side and height * width <= self.most:
            return 1
        high, wide = _tile(height, width, self.side, self.most)
        return -(-height // high) * -(-width // wide)

    def total(self, blocks: Iterable[Block]) -> int:
        return sum(map(self.cost, blocks))

    def tiles(self, block: Block) -> Iterator[Block]:
        """The requests of *block*, of lines as they were before any were merged."""
        rows, columns = self._rows.behind(block[0]), self._columns.behind(block[1])
        return _tiles(rows, columns, self.side, self.most)


# ---------------------------------------------------------------- one connected part


Part = dict[int, int]
"""Row index -> bit set of its columns; no row is empty, no two rows are equal."""


def _solved(part: Part, sizes: _Sizes, steps: list[int]) -> list[Block]:
    options = [_row_stars(part), _column_stars(part)]
    few, many = sorted(map(len, options))
    if few == 1:
        return min(options, key=len)
    options.append(_cover_stars(part))
    if many <= _SMALL and (exact := _searched(part, min(map(len, options)), steps)) is not None:
        options.insert(0, exact)
    elif _SMALL < many <= _GREEDY:
        options.append(_greedy(part, sizes))
    return min(options, key=sizes.total)


def _row_stars(part: Part) -> list[Block]:
    return [(1 << row, content) for row, content in part.items()]


def _column_stars(part: Part) -> list[Block]:
    return [(rows, 1 << column) for column, rows in _columns(part).items()]


def _cover_stars(part: Part) -> list[Block]:
    """Fewest whole lines that hold every cell (König: as many as a largest matching)."""
    owner: dict[int, int] = {}  # column -> row
    pair: dict[int, int] = {}  # row -> column
    for start in part:
        _augment(part, owner, pair, start)
    rows, columns = {row for row in part if row not in pair}, set[int]()
    queue = sorted(rows)
    while queue:
        for column in _bits(part[queue.pop()]):
            if column not in columns:
                columns.add(column)
                if owner[column] not in rows:
                    rows.add(owner[column])
                    queue.append(owner[column])
    kept = {row: content for row, content in part.items() if row not in rows}
    left = {row: part[row] for row in part if row in rows}
    return [*_row_stars(kept), *_column_stars(left)]


def _augment(part: Part, owner: dict[int, int], pair: dict[int, int], start: int) -> None:
    """One more pair for the matching, if there is one; breadth first."""
    came: dict[int, int] = {}
    seen = 0
    queue = [start]
    for row in queue:
        for column in _bits(part[row] & ~seen):
            came[column] = row
            if column in owner:
                queue.append(owner[column])
                continue
            last: int | None = column
            while last is not None:
                row_of = came[last]
                before = pair.get(row_of)
                owner[last], pair[row_of] = row_of, last
                last = before
            return
        seen |= part[row]


def _greedy(part: Part, sizes: _Sizes) -> list[Block]:
    """Large rectangles first while that pays, stars for what is left."""
    left, taken = dict(part), list[Block]()
    best = _cover_stars(part)
    while len(left) > 1 and len(taken) < min(len(best), _TAKEN):
        seeds = sorted(left, key=lambda row: -left[row].bit_count())[:_SEEDS]
        block = max((_grown(left, row) for row in seeds), key=_area)
        if min(block[0].bit_count(), block[1].bit_count()) < 2:
            break
        left = _without(left, block)
        taken.append(block)
        options = [_row_stars(left), _column_stars(left), _cover_stars(left)]
        now = [*taken, *min(options, key=sizes.total)]
        best = min(best, now, key=sizes.total)
    return best


def _area(block: Block) -> int:
    return block[0].bit_count() * block[1].bit_count()


def _grown(left: Part, seed: int) -> Block:
    """The largest rectangle met while adding rows to *seed*, the most alike first."""
    alike = sorted(left, key=lambda row: -(left[row] & left[seed]).bit_count())
    rows, columns = 1 << seed, left[seed]
    best = rows, columns
    for row in alike:
        rows, columns = rows | 1 << row, columns & left[row]
        if not columns:
            break
        best = max(best, (rows, columns), key=_area)
    return best


# ---------------------------------------------------------------- exact search


def _searched(part: Part, known: int, steps: list[int]) -> list[Block] | None:
    """The fewest rectangles, if they are fewer than *known* and are found within *steps*."""
    for most in range(_rank(list(part.values()), known), known):
        found = _search(part, most, {}, steps)
        if found is not None:
            return found
        if steps[0] <= 0:
            return None
    return None


def _search(
    part: Part, most: int, failed: dict[frozenset[int], int], steps: list[int]
) -> list[Block] | None:
    """*part* in at most *most* rectangles, or None. *failed*: what is known not to be possible."""
    forced: list[Block] = []
    while (block := _forced(part)) is not None:
        forced.append(block)
        part = _without(part, block)
    most -= len(forced)
    if not part:
        return forced if most >= 0 else None
    distinct = frozenset(part.values())
    steps[0] -= 1
    if most <= 0 or steps[0] < 0 or failed.get(distinct, -1) >= most:
        return None
    if (lines := _by_lines(part, distinct, most)) is not None:
        return [*forced, *lines]
    if _rank(list(distinct), most + 1) <= most:
        for block in _choices(part):
            rest = _search(_without(part, block), most - 1, failed, steps)
            if rest is not None:
                return [*forced, block, *rest]
    failed[distinct] = most
    return None


def _forced(part: Part) -> Block | None:
    """A whole line that some best answer holds: it crosses a line with a single cell.

    Whatever rectangle holds that cell lies in the crossing line; giving it the whole line takes
    cells from others without making any of them more.
    """
    for content in part.values():
        if content & (content - 1) == 0:
            return _set(row for row, other in part.items() if other & content), content
    twice = once = 0
    for content in part.values():
        twice |= once & content
        once |= content
    single = once & ~twice
    if not single:
        return None
    row = next(row for row, content in part.items() if content & single)
    return 1 << row, part[row]


def _by_lines(part: Part, distinct: frozenset[int], most: int) -> list[Block] | None:
    """One rectangle for each different row, or each different column, if that is few enough."""
    if len(distinct) <= most:
        return [(_set(r for r, c in part.items() if c == content), content) for content in distinct]
    columns = _columns(part)
    if len(set(columns.values())) <= most:
        return [
            (rows, _set(c for c, other in columns.items() if other == rows))
            for rows in dict.fromkeys(columns.values())
        ]
    return None


def _choices(part: Part) -> Iterator[Block]:
    """Every rectangle that can hold one chosen cell, but those a whole line does as well."""
    columns = _columns(part)
    row = min(part, key=lambda r: (len({columns[c] for c in _bits(part[r])}), r))
    atoms = _same_lines(columns, part[row])
    corner = min(atoms, key=lambda atom: (columns[_first(atom)].bit_count(), atom))
    others = [atom for atom in atoms if atom != corner]
    twins = _set(r for r, content in part.items() if content == part[row])
    found = []
    for pick in range(1 << len(others)):
        along = corner | _or(others[i] for i in _bits(pick))
        whole_row = along == part[row]
        holding: dict[int, int] = {}
        for r, content in part.items():
            if content & along == along and content != part[row]:
                holding[content] = holding.get(content, 0) | 1 << r
        groups = list(holding.values())
        if along == corner:
            found.append((twins | _or(groups), along))
            continue
        for chosen in range(0 if whole_row else 1, 1 << len(groups)):
            found.append((twins | _or(groups[i] for i in _bits(chosen)), along))
    return iter(sorted(found, key=lambda block: (-_area(block), block)))


# ---------------------------------------------------------------- matrices of bits


def _rank(rows: Sequence[int], enough: int) -> int:
    """The rank of *rows* (modulo a prime, so never above the true one); stops at *enough*."""
    if (two := _rank_two(rows)) >= enough:
        return two
    used = list(_bits(_or(rows)))
    matrix = [[content >> i & 1 for i in used] for content in rows]
    rank = 0
    for column in range(len(used)):
        pivot = next((r for r in range(rank, len(matrix)) if matrix[r][column]), None)
        if pivot is None:
            continue
        matrix[rank], matrix[pivot] = matrix[pivot], matrix[rank]
        top = matrix[rank]
        inverse = pow(top[column], -1, _PRIME)
        for r in range(rank + 1, len(matrix)):
            if factor := matrix[r][column] * inverse % _PRIME:
                line = matrix[r]
                matrix[r] = [(a - factor * b) % _PRIME for a, b in zip(line, top, strict=True)]
        rank += 1
    return max(rank, two)


def _rank_two(rows: Sequence[int]) -> int:
    basis: list[int] = []
    for content in rows:
        left = content
        for one in basis:
            left = min(left, left ^ one)
        if left:
            basis.append(left)
    return len(basis)


def _without(part: Part, block: Block) -> Part:
    rows, columns = block
    cut = {r: c & ~columns if rows >> r & 1 else c for r, c in part.items()}
    return {r: c for r, c in cut.items() if c}


def _columns(part: Part) -> dict[int, int]:
    found: dict[int, list[int]] = {}
    for row, content in part.items():
        for column in _bits(content):
            found.setdefault(column, []).append(row)
    return {column: _set(rows) for column, rows in found.items()}


def _same_lines(columns: dict[int, int], among: int) -> list[int]:
    """The columns of *among*, equal ones as one bit set."""
    found: dict[int, int] = {}
    for column in _bits(among):
        found[columns[column]] = found.get(columns[column], 0) | 1 << column
    return list(found.values())


def _transposed(matrix: Sequence[int], width: int) -> list[int]:
    found: list[list[int]] = [[] for _ in range(width)]
    for row, content in enumerate(matrix):
        for column in _bits(content):
            found[column].append(row)
    return [_set(rows) for rows in found]


def _same(lines: Sequence[int]) -> list[Block]:
    """Equal lines as one: (bit set of their indices, content)."""
    found: dict[int, int] = {}
    for i, content in enumerate(lines):
        found[content] = found.get(content, 0) | 1 << i
    return [(members, content) for content, members in found.items()]


def _tile(height: int, width: int, side: int, most: int) -> tuple[int, int]:
    """Rows and columns of the tiles that cut *height* x *width* into the fewest."""
    best = None
    for high in range(min(height, side, most), 0, -1):
        wide = min(width, side, most // high)
        count = -(-height // high) * -(-width // wide)
        if best is None or count < best[0]:
            best = count, high, wide
        if high == min(height, side) and wide == min(width, side):
            break
    assert best is not None
    return best[1], best[2]


def _tiles(rows: int, columns: int, side: int, most: int) -> Iterator[Block]:
    height, width = rows.bit_count(), columns.bit_count()
    if max(height, width) <= side and height * width <= most:
        yield rows, columns
        return
    up, along = list(_bits(rows)), list(_bits(columns))
    high, wide = _tile(len(up), len(along), side, most)
    for i in range(0, len(up), high):
        for j in range(0, len(along), wide):
            yield _set(up[i : i + high]), _set(along[j : j + wide])


def _bits(value: int) -> Iterable[int]:
    if value.bit_length() > _WIDE:  # where every step on the whole number is dear
        return _wide_bits(value)
    found = []
    while value:
        low = value & -value
        found.append(low.bit_length() - 1)
        value ^= low
    return found


def _wide_bits(value: int) -> list[int]:
    many = -(-value.bit_length() // 64)
    words = struct.unpack(f"<{many}Q", value.to_bytes(8 * many, "little"))
    found = []
    for at, word in enumerate(words):
        left = word
        while left:
            low = left & -left
            found.append(64 * at + low.bit_length() - 1)
            left ^= low
    return found


def _first(value: int) -> int:
    return (value & -value).bit_length() - 1


def _set(indices: Iterable[int]) -> int:
    every = indices if isinstance(indices, list | dict) else list(indices)
    top = max(every, default=0)
    if top <= _WIDE:
        found = 0
        for index in every:
            found |= 1 << index
        return found
    data = bytearray(top // 8 + 1)
    for index in every:
        data[index >> 3] |= 1 << (index & 7)
    return int.from_bytes(data, "little")


def _or(values: Iterable[int]) -> int:
    found = 0
    for value in values:
        found |= value
    return found

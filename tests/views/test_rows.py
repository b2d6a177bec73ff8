"""Names that a column has no room for go on below it."""

from itertools import product

import pytest

from reconciler.views.layout import fold, widest
from reconciler.views.text import rows
from reconciler.views.text.cells import Layout, Widths

WIDTH = 9


@pytest.mark.parametrize("letter", ["a", "世"])
@pytest.mark.parametrize("between", [" ", "  "])
def test_many_names_are_folded_as_each_of_them_is(letter: str, between: str) -> None:
    words = product(range(1, WIDTH + 3), repeat=3)
    some = [f'"{between.join(letter * length for length in lengths)}"' for lengths in words]
    own, layout = Widths(name=widest(some)), Layout(False, 4, WIDTH, 5)
    firsts, more = rows._folded(some, own, layout)
    found = [[first, *more.get(at, [])] for at, first in enumerate(firsts)]
    assert found == [fold(name, WIDTH, rows._MOST_LINES) for name in some]

"""Lines of a plan: what is read of them, and what is not."""

from array import array

import pytest

from reconciler.model import Reason
from reconciler.plan.lines import keys, spooled
from reconciler.plan.spool import Picked
from tests.support.render_samples import action, campaign

SOME = [
    action("delete", Reason.MATCHED, campaign("a", f'"id":"{n}","ü\\', f"name {n}"))
    for n in range(600)
]
KEYS = [(one.account, one.id) for one in SOME]


@pytest.mark.parametrize(("first", "stop"), [(0, 600), (0, 0), (255, 257), (599, 600)])
def test_keys_are_those_of_the_actions_whatever_holds_them(first: int, stop: int) -> None:
    lines, places = spooled(SOME), array("I", range(first, stop, 3))
    assert list(keys(SOME[first:stop])) == KEYS[first:stop]
    assert list(keys(lines[first:stop])) == KEYS[first:stop]
    assert list(keys(Picked(lines, places))) == KEYS[first:stop:3]
    assert list(keys(Picked(SOME, places))) == KEYS[first:stop:3]

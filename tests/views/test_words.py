"""What is said after an apply: "again" only where that can do something."""

import pytest

from reconciler.model import Outcome
from reconciler.views import words
from tests.support.render_samples import report_of, target


def said(*outcomes: Outcome, code: int = 5) -> tuple[str, tuple[str, ...]]:
    targets = [target("push-prod", f"c{n}", one) for n, one in enumerate(outcomes)]
    report = report_of(targets, exit_code=code)
    return words.way_on(report), words.commands_after(report, "plan.json")


def test_what_is_pending_goes_on() -> None:
    text, commands = said(Outcome.DELETED, Outcome.PENDING)
    assert text.startswith("Run apply again to go on")
    assert commands == ("reconciler apply plan.json",)


@pytest.mark.parametrize(
    ("outcome", "way", "commands"),
    [
        (Outcome.DRIFTED, "plan anew", ("reconciler plan --out plan.json",)),
        (Outcome.REFUSED, "needs its cause mended first", ()),
    ],
)
def test_running_again_is_not_named_where_it_cannot_help(
    outcome: Outcome, way: str, commands: tuple[str, ...]
) -> None:
    text, found = said(Outcome.DELETED, outcome)
    assert way in text
    assert "apply again" not in text
    assert found == commands


def test_each_kind_that_is_left_has_its_own_way_on() -> None:
    text, commands = said(Outcome.PENDING, Outcome.DRIFTED, Outcome.REFUSED)
    assert text.count(".") == 3
    assert commands == ("reconciler apply plan.json",)
    assert said(Outcome.IN_DOUBT, code=6)[1] == ("reconciler settle plan.json",)
    assert said(Outcome.DELETED, code=0) == ("", ())

"""The exit code that a run deserves: by what happened, never by a sentence."""

import pytest

from reconciler.apply.report import exit_code
from reconciler.errors import Exit
from reconciler.lanes.work import Fate
from reconciler.model import Outcome

DONE = Fate(Outcome.DELETED)
DOUBT = Fate(Outcome.IN_DOUBT)
REFUSED = Fate(Outcome.REFUSED)
PENDING = Fate(Outcome.PENDING)
SHUT = Fate(Outcome.PENDING, "the window is closed: Peak freeze", shut=True)
EXCUSED = Fate(Outcome.DRIFTED, "withdrawn", excused=True)


def code(*fates: Fate, stop: Exit | None = None) -> Exit:
    return exit_code(fates, stop=stop)


@pytest.mark.parametrize(
    ("fates", "stop", "expected"),
    [
        ((DONE, EXCUSED), None, Exit.OK),
        ((DONE, EXCUSED), Exit.TERM, Exit.OK),
        ((DONE, REFUSED), None, Exit.PARTIAL),
        ((REFUSED, SHUT), None, Exit.REFUSED),
        ((REFUSED, SHUT, DOUBT), None, Exit.DOUBT),
        ((SHUT, DOUBT), Exit.HUP, Exit.HUP),
        ((DONE, REFUSED), Exit.INT, Exit.PARTIAL),
    ],
)
def test_the_first_that_holds_is_the_exit_code(
    fates: tuple[Fate, ...], stop: Exit | None, expected: Exit
) -> None:
    assert code(*fates, stop=stop) is expected


@pytest.mark.parametrize("outcome", [Outcome.PENDING, Outcome.REFUSED, Outcome.DRIFTED])
@pytest.mark.parametrize("detail", ["the window is closed", "withdrawn", "interrupted"])
def test_what_a_vendor_says_decides_nothing(outcome: Outcome, detail: str) -> None:
    assert code(Fate(outcome, detail)) is Exit.PARTIAL

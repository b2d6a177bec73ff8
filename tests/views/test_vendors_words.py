"""Whatever a vendor writes into its answer: what a report advises, and counts, goes by fields."""

import xml.etree.ElementTree as ET

import pytest

from reconciler.model import Held, Outcome
from reconciler.views import words
from tests.support.render_samples import report_of, seen, target

# How our own sentences begin, and end; each from a vendor that refuses for a reason of its own.
SAID = [
    "unconfirmed: ask again tomorrow",
    "the window is closed for edits",
    "withdrawn by its author",
    "left out by --limit 3",
    "could not look first (at the bill)",
    "no such campaign. To lift it: pay the bill",
]
FORMATS = ["text", "markdown", "junit", "html", "github"]


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("said", SAID)
def test_a_refusal_has_the_way_out_of_refusals_whatever_it_says(said: str, format_: str) -> None:
    way_out = words.way_out(Outcome.REFUSED, None)
    assert way_out is not None
    shown = seen(format_, report_of([target("push-prod", "a", Outcome.REFUSED, detail=said)]))
    assert way_out.partition(",")[0] in " ".join(shown.split())


@pytest.mark.parametrize("held", [Held.CHANGED, Held.UNKNOWN, None])
def test_what_drifted_counts_as_failed_but_for_what_was_withdrawn(held: Held | None) -> None:
    drifted = [
        target("push-prod", "a", Outcome.DRIFTED, detail="withdrawn by its author", reason=held),
        target("push-prod", "b", Outcome.DRIFTED, detail="as it was", reason=Held.WITHDRAWN),
    ]
    suites = ET.fromstring(seen("junit", report_of(drifted)))
    assert [one.get("failures") for one in suites.iter("testsuite")] == ["1"]
    assert [one.get("skipped") for one in suites.iter("testsuite")] == ["1"]

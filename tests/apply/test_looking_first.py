"""What is looked at before its request, as what the journal knows of it may be too little."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reconciler.apply.jobs import LookPolicy
from reconciler.apply.merge import PlanTarget
from reconciler.lanes.journal import NOTHING, State
from reconciler.lanes.work import LookReason
from reconciler.model import Outcome, Target
from tests.support import planner_world as w

SINCE = datetime(2026, 11, 20, tzinfo=UTC)
REFUSED = {"outcome": Outcome.REFUSED, "evidence": "answer", "sends": 1}


def reason(state: State, since: datetime | None = SINCE) -> LookReason | None:
    plan = w.plan([w.manifest("m", [{"id": "1"}])], [w.campaign("1")])
    one = PlanTarget(plan.actions[0], Target("a", "1"), state, None, None)
    policy = LookPolicy(untraced=(), resumed=False, older={"a": since})
    return policy.reason(w.account("a"), one, None)


@pytest.mark.parametrize(
    "known",
    [
        {},
        {**REFUSED, "at": SINCE - timedelta(days=1)},
        {**REFUSED, "at": None},
        {"outcome": Outcome.DRIFTED, "evidence": "inventory", "at": SINCE + timedelta(days=1)},
    ],
    ids=["nothing", "before the trace", "at no time", "by files alone"],
)
def test_what_was_not_heard_of_since_the_trace_began_is_looked_at(known: dict[str, Any]) -> None:
    """A journal put back from a backup knows of requests, and not of those after it."""
    assert reason(State(**known) if known else NOTHING) is LookReason.OLDER


@pytest.mark.parametrize("evidence", ["answer", "look", "person"])
def test_what_was_heard_of_since_is_not(evidence: Any) -> None:
    state = State(**{**REFUSED, "evidence": evidence, "at": SINCE + timedelta(hours=1)})
    assert reason(state) is None
    assert reason(state, None) is LookReason.OLDER  # there is no trace at all

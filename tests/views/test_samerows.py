"""Rows that are read from a plan's lines are those that its actions have."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from reconciler.model import Action, Campaign, Reason, Status, WaiverUse
from reconciler.plan import spool
from reconciler.plan.planfile import written
from reconciler.views import text
from reconciler.views.text import groups, samerows
from tests.support.render_samples import action, plan_of, sources

DAY = datetime(2026, 1, 5, 10, tzinfo=UTC)
ELSEWHERE = DAY.astimezone(timezone(timedelta(hours=-11)))
(OWN,) = sources("push-prod", 14)
USE = WaiverUse(guard="running", because="b", ticket="CHG-1", until="2026-12-01")


@st.composite
def actions(draw: st.DrawFn) -> list[Action]:
    usual: Any = {"updated_at": DAY, "status": Status.DRAFT}
    made = []
    for number in range(draw(st.integers(1, 12))):
        odd: dict[str, Any] = draw(
            st.sampled_from(
                [{}] * 6
                + [
                    {"updated_at": None},
                    {"updated_at": ELSEWHERE},
                    {"updated_at": None, "created_at": DAY},
                    {"status": None},
                    {"attributes": {"id": "x", "name": "y", "updatedAt": 3}},
                ]
            )
        )
        name = draw(st.sampled_from(["Winter", "a b c " * 20, '","parts":', "\\", "##", "é\x7f"]))
        id_ = f"{number:03}" + draw(st.sampled_from(["", "", "-longer", " é"]))
        record = Campaign(account="push-prod", id=id_, name=name, **{**usual, **odd})
        more: dict[str, Any] = draw(
            st.sampled_from(
                [{}] * 6
                + [{"line": 1_000}]
                + [{"waivers": (USE,)}, {"message": "said"}, {"name": "other"}, {"campaign": None}]
                + [{"sources": (replace(OWN, manifest="m"),)}, {"sources": (OWN, OWN)}]
                + [{"sources": (replace(OWN, path="p.yaml"),)}, {"account": "kore-in"}]
                + [{"parts": ("91",)}]
            )
        )
        reason = draw(st.sampled_from([Reason.DECLARED] * 9 + [Reason.MATCHED]))
        made.append(action("delete", reason, record, **more))
    return made


@given(some=actions(), width=st.sampled_from([60, 160]))
def test_a_plan_from_a_file_looks_as_it_does_in_memory(some: list[Action], width: int) -> None:
    plan = plan_of(some)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(groups, "TOGETHER", 3)
        kept = written(plan)[0]
        seen = "".join(text.plan(kept, color=True, width=width))
    assert seen == "".join(text.plan(plan, color=True, width=width))


def test_most_lines_of_a_large_plan_are_read_without_their_actions() -> None:
    records = [
        Campaign(account="push-prod", id=f"{n:04}", name="Winter", updated_at=DAY)
        for n in range(600)
    ]
    plan = written(plan_of([action("delete", Reason.DECLARED, one) for one in records]))[0]
    assert isinstance(plan.actions, spool.Lines)
    same = samerows.SameRows.of(plan.actions)
    assert same is not None
    assert same.ids == [one.id for one in records]

"""Which deletions deserve a second look."""

from datetime import timedelta
from typing import Any

import pytest

from reconciler.model import Action, LookFirst, Reason, Status, WaiverUse
from reconciler.views import twice
from tests.support.render_samples import NOW, action, campaign

LOOK = LookFirst(because=Reason.KEPT, field="labels", path="m.yaml", line=1)


def waiver(guard: str) -> WaiverUse:
    return WaiverUse(guard=guard, because="b", ticket="t", until="2026-12-01")


def delete(record: dict[str, Any] | None = None, **rest: Any) -> Action:
    return action(
        "delete", Reason.MATCHED, campaign("push-prod", "a", "A", **(record or {})), **rest
    )


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (delete(), None),
        (delete(waivers=(waiver("running"),)), twice.WAIVED),
        (delete(waivers=(waiver("max-deletions"),)), None),  # said once, of the account
        (delete(look_first=(LOOK,)), twice.LOOKED_AT),
        (delete(campaign=None), twice.UNLISTED),
        (delete({"status": Status.SCHEDULED}), twice.MAY_SEND),
        (delete({"updated_at": NOW - timedelta(days=27)}), twice.RECENT),
        (delete({"updated_at": NOW - timedelta(days=28)}), None),
        (delete({"updated_at": None, "created_at": NOW}), twice.RECENT),
        (delete({"updated_at": None, "created_at": None}), None),
        (action("refuse", Reason.RUNNING, campaign("push-prod", "a", "A", updated_at=NOW)), None),
    ],
)
def test_what_is_unlike_the_others_is_named(one: Action, why: str | None) -> None:
    assert twice.second_look(one, NOW) == why

"""Two plans of one project, a week apart, and what changed between them."""

from functools import cache

from msgspec import structs

from reconciler.inventory.diff import changes
from reconciler.model import Action, PlanDocument, Reason, Source, Status, Violation
from reconciler.plan.compared import Comparison
from reconciler.plan.comparing import compare
from reconciler.views.compared import COMPARISON_FORMATS
from reconciler.views.frame import Frame
from tests.support.render_samples import (
    HOSTILE,
    action,
    campaign,
    hostile_plan,
    plan_of,
    sample,
)

BEFORE, AFTER = "sha256:" + "0a" * 32, "sha256:" + "0b" * 32


def between(before: PlanDocument, after: PlanDocument) -> Comparison:
    """What changed from one to the other."""
    return compare(before, after, digests=(BEFORE, AFTER), record_changes=changes)


def of(*actions: Action, **rest: object) -> PlanDocument:
    return plan_of(list(actions), **rest)  # type: ignore[arg-type]


def delete(id_: str, account: str = "push-prod", **rest: object) -> Action:
    record = {key: rest.pop(key) for key in ("status", "labels", "updated_at") if key in rest}
    made = campaign(account, id_, f"Name of {id_}", **record)
    return action("delete", Reason.MATCHED, made, **rest)


@cache
def changed() -> Comparison:
    """A week of work: some come, some go, some are no longer what they were."""
    before = sample()
    kept = list(before.actions)
    gone = [one for one in kept if one.account == "push-prod" and one.action == "delete"][:9]
    after = [one for one in kept if one not in gone]
    for at, one in enumerate(after):
        record = one.campaign
        if one.reason is Reason.PROTECTED:
            after[at] = structs.replace(one, action="delete", reason=Reason.MATCHED, message=None)
        elif one.account == "push-legacy" and record is not None:
            moved = structs.replace(one.sources[0], line=one.sources[0].line + 2)
            after[at] = structs.replace(one, sources=(moved,))
        elif one.account == "dialer" and one.parts and record is not None:
            numbers = (*one.parts[2:], "918187867008")
            record = structs.replace(record, phone_numbers=numbers)
            after[at] = structs.replace(one, parts=numbers, campaign=record)
        elif one.account == "voice-in" and record is not None and at % 5 == 0:
            record = structs.replace(record, status=Status.PAUSED, labels={"team": "voice"})
            after[at] = structs.replace(one, campaign=record)
    after += [delete(f"orchestration_06new{n:02}") for n in range(3)]
    return between(
        before,
        plan_of(after, required=3, because="above 10", author="b@acme.example", commit="f" * 40),
    )


@cache
def hostile_comparison() -> Comparison:
    """Every field that others write holds something hostile, on both sides."""
    plan = hostile_plan()
    other = []
    for number, one in enumerate(plan.actions):
        text = HOSTILE[(number + 1) % len(HOSTILE)]
        record = one.campaign
        assert record is not None
        record = structs.replace(record, name=text, channel=text, labels={text: text})
        source = Source(manifest=text, path=text, line=7)
        other.append(structs.replace(one, campaign=record, message=text, sources=(source,)))
    after = structs.replace(
        plan,
        actions=tuple(other),
        violations=tuple(Violation(guard=t, account=t, message=t) for t in HOSTILE),
        warnings=tuple(structs.replace(one, code=one.message) for one in plan.warnings),
        metadata=structs.replace(plan.metadata, author=HOSTILE[8], commit=HOSTILE[5]),
    )
    return between(plan, after)


def shown(name: str, found: Comparison) -> str:
    """The view *name* of a comparison, whole."""
    return "".join(COMPARISON_FORMATS[name](found, Frame(digest=AFTER)))

"""Saved plan ∩ fresh plan ∩ journal: what may still be sent, and why the rest may not."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from reconciler.apply.merge import MergeFacts, PlanTarget, known_fate, merge
from reconciler.declare.project import Guards, Protect
from reconciler.lanes.journal import State
from reconciler.lanes.work import Fate, drifted
from reconciler.model import (
    AccountFacts,
    Campaign,
    Held,
    InputFile,
    Inputs,
    InventoryFile,
    ManifestFile,
    Outcome,
    PlanDocument,
    Status,
    Target,
)
from tests.support import planner_world as w

WITHDRAWN = drifted(Held.WITHDRAWN, None)
DIGEST = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64
BORN = datetime(2024, 1, 1, tzinfo=UTC)
ONE = Target("a", "1")


def made(
    manifests: Sequence[Any],
    campaigns: Sequence[Campaign],
    *,
    captured: datetime | None = w.CAPTURED,
    complete: bool | None = True,
    inventory: str = "i1",
    **more: Any,
) -> PlanDocument:
    facts = w.facts(
        campaigns,
        a=AccountFacts(campaigns=len(campaigns), captured_at=captured, complete=complete),
    )
    inputs = Inputs(
        project=InputFile(path="reconciler.yaml", sha256="0"),
        manifests=tuple(ManifestFile(path=one.path, sha256="m", documents=()) for one in manifests),
        inventory=(InventoryFile(path="inventory.ndjson", sha256=inventory, campaigns=1),),
    )
    return w.plan(manifests, campaigns, facts_=facts, inputs=inputs, **more)


def facts(campaigns: Sequence[Campaign], **more: Any) -> MergeFacts:
    known: dict[str, Any] = {
        "by_name": (),
        "captured": {"a": w.CAPTURED},
        "complete": {"a"},
        "witnessed": {"a"},
        "revived": (),
        "listed": {(one.account, one.id): one for one in campaigns},
        "declared": (),
        "asking": {("a", "1"): {"m1"}},
        "lookable": (),
        "now": w.CAPTURED + timedelta(days=1),
    }
    return MergeFacts(**{**known, **more})


def asks(*ids: str, **more: Any) -> list[Any]:
    return [w.manifest("m", [{"id": i} for i in ids], **more)]


def merged(
    before: Sequence[Campaign],
    after: Sequence[Campaign],
    *,
    saved_by: Sequence[Any] | None = None,
    fresh_by: Sequence[Any] | None = None,
    states: dict[Target, State] | None = None,
    facts_: dict[str, Any] | None = None,
    fresh: dict[str, Any] | None = None,
    saved: dict[str, Any] | None = None,
) -> list[PlanTarget]:
    ids = [one.id for one in before]
    old = made(saved_by or asks(*ids), before, **(saved or {}))
    new = made(fresh_by if fresh_by is not None else asks(*ids), after, **(fresh or {}))
    return merge(old, DIGEST, new, states or {}, facts(after, **(facts_ or {})))


def fate(*given: Any, **more: Any) -> Fate | None:
    (one,) = merged(*given, **more)
    return one.fate


def record(**more: Any) -> list[Campaign]:
    known: dict[str, Any] = {"status": Status.STOPPED, "created_at": BORN, "updated_at": BORN}
    return [w.campaign("1", **{**known, **more})]


# ---------------------------------------------------------------- the two plans


def test_what_both_plans_delete_with_the_same_record_may_be_sent() -> None:
    assert fate(record(), record()) is None


def test_nothing_is_added() -> None:
    found = merged(record(), [*record(), w.campaign("2")], fresh_by=asks("1", "2"))
    assert [one.target for one in found] == [ONE]


def test_a_keep_since_withdraws_it_whatever_else_changed() -> None:
    kept = [w.manifest("m", [{"id": "1"}], keep=[{"id": "1"}])]
    assert fate(record(), record(), fresh_by=kept) == WITHDRAWN
    changed = record(updated_at=BORN + timedelta(days=1))
    assert fate(record(), changed, fresh_by=kept) == WITHDRAWN


def test_an_expired_manifest_withdraws_it() -> None:
    expired = asks("1", until=w.NOW.date() - timedelta(days=1))
    assert fate(record(), record(), fresh_by=expired) == WITHDRAWN


def test_what_nobody_asks_for_any_more_is_withdrawn() -> None:
    assert fate(record(), record(), fresh_by=[]) == WITHDRAWN


def test_a_guard_of_today_takes_it_out_with_its_name() -> None:
    running = fate(record(), record(status=Status.RUNNING))
    assert running == drifted(Held.RUNNING, "inventory")
    guards = Guards(protect=(Protect(because="legal", path="p", line=1, id="1"),))
    guarded = w.project(w.account(guards=guards))
    protected = fate(record(), record(), fresh={"project_": guarded})
    assert protected == drifted(Held.PROTECTED, "inventory")


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"name": "x"}, "changed: name: 'name of 1' -> 'x'"),
        ({"channel": "sms"}, None),
        ({"updated_at": BORN + timedelta(days=1)}, "changed: updatedAt: 2024-01-01T00:00:00Z -> "),
        ({"created_at": BORN + timedelta(days=1)}, "another: createdAt: "),
        ({"created_at": None, "updated_at": None}, None),
        ({"created_at": BORN.replace(microsecond=5)}, None),
        ({"labels": {"team": "x"}, "status": Status.PAUSED}, None),
        ({"attributes": {"x": 1}}, None),
    ],
)
def test_a_changed_record_drifts_field_by_field(
    changes: dict[str, Any], detail: str | None
) -> None:
    found = fate(record(), record(**changes))
    assert (found is None) == (detail is None)
    assert detail is None or found is not None
    if detail is not None and found is not None:
        assert found.outcome is Outcome.DRIFTED
        assert (found.detail or "").startswith(detail)


def test_another_name_is_another_campaign_where_the_vendor_goes_by_name() -> None:
    found = fate(record(), record(name="x"), facts_={"by_name": {"a"}})
    assert found is not None
    assert (found.detail or "").startswith("another: name")


def test_a_renamed_campaign_that_no_pattern_finds_any_more_has_changed() -> None:
    by_glob = [w.manifest("m", [{"match": w.glob("name of *")}])]
    found = fate(record(), record(name="Next year"), saved_by=by_glob, fresh_by=by_glob)
    assert found is not None
    assert found.detail == "changed: name: 'name of 1' -> 'Next year'"


# ---------------------------------------------------------------- no longer listed

LATER = w.CAPTURED + timedelta(minutes=30)
NEWER: dict[str, Any] = {
    "fresh": {"captured": LATER, "inventory": "i2"},
    "facts_": {"captured": {"a": LATER}},
}
GONE = Fate(Outcome.ALREADY_ABSENT, "no longer in a newer, complete inventory", "inventory")
UNSEEN = drifted(Held.CHANGED, "inventory", "no longer in the inventory")
OTHERS = [w.campaign("9")]


def test_what_a_newer_complete_inventory_with_a_witness_no_longer_lists_is_gone() -> None:
    assert fate(record(), OTHERS, **NEWER) == GONE


def test_so_is_what_only_a_pattern_had_asked_for() -> None:
    by_glob = [w.manifest("m", [{"match": w.glob("name of 1*")}])]
    assert fate(record(), OTHERS, saved_by=by_glob, fresh_by=by_glob, **NEWER) == GONE


@pytest.mark.parametrize(
    "more",
    [
        {"facts_": {"captured": {"a": LATER}, "witnessed": ()}},
        {"facts_": {"captured": {"a": LATER}, "complete": ()}},
        {"facts_": {"captured": {"a": w.CAPTURED}}},
        {"facts_": {"captured": {"a": None}}},
    ],
    ids=["no witness", "not complete", "not newer", "age unknown"],
)
@pytest.mark.parametrize("form", ["id", "match"])
def test_otherwise_it_has_drifted(more: dict[str, Any], form: str) -> None:
    asked = asks("1") if form == "id" else [w.manifest("m", [{"match": w.glob("name of 1*")}])]
    more = {**NEWER, **more, "facts_": {**more["facts_"], "declared": {("a", "1")}}}
    assert fate(record(), OTHERS, saved_by=asked, fresh_by=asked, **more) == UNSEEN


def test_what_is_neither_listed_nor_asked_for_is_withdrawn() -> None:
    more = {**NEWER, "facts_": {"captured": {"a": w.CAPTURED}}}
    assert fate(record(), OTHERS, fresh_by=[], **more) == WITHDRAWN


# ---------------------------------------------------------------- the journal


def final(outcome: Outcome = Outcome.DELETED, **more: Any) -> State:
    known: dict[str, Any] = {
        "at": w.CAPTURED + timedelta(hours=2),
        "plan": OTHER,
        "evidence": "answer",
        "asked": ("m1",),
        "inventory": ("i0",),
        "sends": 1,
    }
    return State(outcome=outcome, **{**known, **more})


def test_what_this_plan_has_finished_stays_finished_whatever_changed() -> None:
    state = final(plan=DIGEST, detail="said so")
    told = Fate(Outcome.DELETED, "said so", "answer")
    assert fate(record(), [], states={ONE: state}, fresh_by=[]) == told


def test_what_another_plan_deleted_after_the_inventory_was_captured_is_gone() -> None:
    found = fate(record(), record(), states={ONE: final()})
    assert found == Fate(Outcome.ALREADY_ABSENT, "deleted by an earlier plan", "answer")


def came_back(**more: Any) -> State:
    return final(at=w.CAPTURED - timedelta(hours=2), **more)


def test_what_was_deleted_before_the_inventory_was_captured_has_come_back() -> None:
    found = fate(record(), record(), states={ONE: came_back()})
    assert found == drifted(Held.RESURRECTED, "inventory")


def test_a_waiver_lets_it_go_again_from_the_beginning() -> None:
    (one,) = merged(record(), record(), states={ONE: came_back()}, facts_={"revived": {ONE}})
    assert one.fate is None
    assert one.state == State()


RESURRECTED = drifted(Held.RESURRECTED, "inventory")


def test_so_does_an_absence_that_did_not_ask_before() -> None:
    assert fate(record(), record(), states={ONE: came_back(asked=("m0",))}) is None


def test_one_absence_less_is_no_news() -> None:
    found = fate(record(), record(), states={ONE: came_back(asked=("m0", "m1"))})
    assert found == RESURRECTED


def test_where_nobody_knows_who_asked_before_nothing_is_asked_anew() -> None:
    assert fate(record(), record(), states={ONE: came_back(asked=())}) == RESURRECTED


AHEAD = {"at": w.CAPTURED + timedelta(days=30)}  # after `now`: by a clock that ran ahead


@pytest.mark.parametrize(
    ("state", "captured"),
    [
        (AHEAD, w.CAPTURED),
        (AHEAD, w.CAPTURED + timedelta(days=31)),
        ({}, None),
        ({"at": None}, w.CAPTURED),
    ],
    ids=["stamped ahead", "stamped ahead of what came after", "no capture time", "no time"],
)
def test_where_the_times_say_nothing_a_look_decides_or_it_stays(
    state: dict[str, Any], captured: datetime | None
) -> None:
    known = {"states": {ONE: final(**state)}, "saved": {"captured": captured}}
    (one,) = merged(record(), record(), facts_={"lookable": {"a"}}, **known)
    assert (one.fate, one.suspect) == (None, True)
    (one,) = merged(record(), record(), **known)
    assert one.fate is not None
    assert one.fate.outcome is Outcome.DRIFTED
    assert "nobody can look" in (one.fate.detail or "")


def test_the_very_inventory_that_proposed_it_before_is_no_news() -> None:
    known = final(inventory=("i1",), at=None)
    found = fate(record(), record(), states={ONE: known}, saved={"captured": None})
    assert found == Fate(Outcome.ALREADY_ABSENT, "deleted by an earlier plan", "answer")


def test_what_is_in_doubt_or_refused_or_drifted_is_judged_again() -> None:
    for outcome in (Outcome.IN_DOUBT, Outcome.REFUSED, Outcome.DRIFTED, Outcome.PENDING):
        (one,) = merged(record(), record(), states={ONE: final(outcome)})
        assert one.fate is None
        assert one.in_doubt == (outcome is Outcome.IN_DOUBT)


def test_a_doubt_is_known_though_it_may_not_be_sent() -> None:
    (one,) = merged(record(), record(), states={ONE: final(Outcome.IN_DOUBT)}, fresh_by=[])
    assert one.in_doubt
    assert one.fate == WITHDRAWN


def test_what_was_never_listed_does_not_come_back() -> None:
    plan = made(asks("1"), record())
    action = msgspec.structs.replace(plan.actions[0], campaign=None)
    found = known_fate(plan, DIGEST, action, came_back(), w.NOW)
    assert found is not None
    assert found.outcome is Outcome.ALREADY_ABSENT


# ---------------------------------------------------------------- parts

NUMBERS = ("911", "912", "913")


def parts(*numbers: str) -> list[Campaign]:
    return [w.campaign("1", account="a", phone_numbers=numbers, name="Leads")]


def merged_parts(before: Sequence[str], after: Sequence[str], **more: Any) -> dict[str, Any]:
    project = {"project_": w.project(w.account(driver="numbers"))}
    found = merged(
        parts(*before),
        parts(*after),
        saved={**project, **more.pop("saved", {})},
        fresh={**project, **more.pop("fresh", {})},
        facts_={"by_name": {"a"}},
        **more,
    )
    return {str(one.target.part): one.fate for one in found}


def test_every_part_of_the_same_record_may_be_sent() -> None:
    assert merged_parts(NUMBERS, NUMBERS) == dict.fromkeys(NUMBERS)


def test_the_order_of_the_parts_is_no_change() -> None:
    assert merged_parts(NUMBERS, NUMBERS[::-1]) == dict.fromkeys(NUMBERS)


def test_parts_that_we_deleted_ourselves_are_no_change() -> None:
    gone = {Target("a", "1", "911"): final(plan=DIGEST)}
    found = merged_parts(NUMBERS, NUMBERS[1:], states=gone)
    assert found["911"] == Fate(Outcome.DELETED, None, "answer")
    assert (found["912"], found["913"]) == (None, None)


def test_only_parts_that_both_absences_name_are_sent() -> None:
    some = [w.manifest("m", [{"id": "1", "phone_numbers": ("911", "912")}])]
    fewer = [w.manifest("m", [{"id": "1", "phone_numbers": ("912",)}])]
    project = {"project_": w.project(w.account(driver="numbers"))}
    found = merged(
        parts(*NUMBERS),
        parts(*NUMBERS),
        saved_by=some,
        fresh_by=fewer,
        saved=project,
        fresh=project,
        facts_={"by_name": {"a"}},
    )
    fates = {str(one.target.part): one.fate for one in found}
    assert fates == {"911": WITHDRAWN, "912": None}


@pytest.mark.parametrize("after", [("911", "912"), (*NUMBERS, "914")])
def test_other_parts_than_planned_are_a_change(after: tuple[str, ...]) -> None:
    found = merged_parts(NUMBERS, after)
    assert {one.outcome for one in found.values()} == {Outcome.DRIFTED}
    assert {(one.detail or "")[:21] for one in found.values()} == {"changed: phoneNumbers"}

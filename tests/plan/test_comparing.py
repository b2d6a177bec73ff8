"""Two plans compared: nothing that differs is missed, and nothing that does not is told."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from reconciler.model import Action, LookFirst, Reason, Source, Status, Violation
from reconciler.plan.compared import Effect
from tests.support.compared_plans import between, changed, delete, of
from tests.support.render_samples import NOW, action, campaign


def told(before: Action, after: Action) -> dict[tuple[str | int, ...], tuple[object, object]]:
    found = between(of(before), of(after))
    (one,) = found.changes
    assert one.kind == "changed"
    return {field.path: (field.before, field.after) for field in one.fields}


def test_a_plan_does_what_it_does() -> None:
    plan = of(delete("a"), delete("b", "voice-in"))
    found = between(plan, plan)
    assert not found.differ
    assert (found.changes, found.facts) == ((), ())


def test_what_comes_and_what_goes_is_told() -> None:
    found = between(of(delete("a"), delete("b")), of(delete("b"), delete("c")))
    assert [(one.kind, one.now.id, one.effect) for one in found.changes] == [
        ("added", "c", Effect.NOW_DELETED),
        ("gone", "a", Effect.NO_LONGER_DELETED),
    ]
    assert found.differ
    counts = found.accounts["push-prod"]
    assert (counts.added, counts.gone, counts.changed, counts.moved) == (1, 1, 0, 0)
    assert counts.before == counts.after


def test_a_refusal_that_became_a_deletion_comes_first() -> None:
    record = campaign("push-prod", "z", "Z")
    before = of(action("refuse", Reason.RUNNING, record, message="is running"), delete("a"))
    after = of(action("delete", Reason.MATCHED, record))
    first, second = between(before, after).changes
    assert (first.now.id, first.effect) == ("z", Effect.NOW_DELETED)
    assert [(one.path, one.before, one.after) for one in first.fields] == [
        (("action",), "refuse", "delete"),
        (("reason",), Reason.RUNNING, Reason.MATCHED),
        (("message",), "is running", None),
    ]
    assert second.effect is Effect.NO_LONGER_DELETED


def test_a_record_is_compared_field_by_field() -> None:
    was = delete("a", status=Status.STOPPED, labels={"team": "growth", "season": "2024"})
    now = delete(
        "a",
        status=Status.RUNNING,
        labels={"team": "legal", "hold": "yes"},
        updated_at=NOW - timedelta(days=1),
    )
    assert told(was, now) == {
        ("campaign", "status"): ("stopped", "running"),
        ("campaign", "labels", "team"): ("growth", "legal"),
        ("campaign", "labels", "season"): ("2024", None),
        ("campaign", "labels", "hold"): (None, "yes"),
        ("campaign", "updatedAt"): ("2025-11-05T09:00:00Z", "2026-11-19T09:00:00Z"),
    }


def test_labels_that_nobody_knew_are_told_one_by_one() -> None:
    now = delete("a", labels={"team": "growth"})
    assert told(delete("a"), now) == {("campaign", "labels", "team"): (None, "growth")}


def test_of_lists_only_what_differs_is_told() -> None:
    many = tuple(f"9181878{n:05}" for n in range(4000))
    record = campaign("dialer", "700", "Lead", phone_numbers=many)
    was = action("delete", Reason.DECLARED, record, parts=many)
    numbers = ("918187867008", *many[1:])
    now = structs.replace(
        was, parts=numbers, campaign=structs.replace(record, phone_numbers=numbers)
    )
    differs = ([many[0]], ["918187867008"])
    assert told(was, now) == {("parts",): differs}
    of_record = structs.replace(was, campaign=now.campaign)
    assert told(was, of_record) == {("campaign", "phoneNumbers"): differs}
    assert not between(of(was), of(structs.replace(was, parts=many[::-1]))).differ


def test_parts_of_one_campaign_are_compared_with_their_like() -> None:
    record = campaign("dialer", "700", "Lead")
    one = action("delete", Reason.DECLARED, record, parts=("918187867001",))
    two = action("delete", Reason.UNLISTED, record, parts=("918187867002",))
    kept = action("none", Reason.KEPT, record, parts=("918187867003",))
    found = between(of(one, two, kept), of(two, kept))
    assert [(each.kind, each.now.reason) for each in found.changes] == [("gone", Reason.DECLARED)]


def test_a_name_that_found_nothing_is_known_by_its_name() -> None:
    absent = [
        action("none", Reason.ABSENT, campaign("push-prod", "", name), id=None, campaign=None)
        for name in ("One", "Two", "Three")
    ]
    found = between(of(*absent[:2]), of(*absent[1:]))
    assert [(one.kind, one.now.name) for one in found.changes] == [
        ("gone", "One"),
        ("added", "Three"),
    ]


def test_a_line_that_moved_is_counted_and_no_difference() -> None:
    was = delete("a")
    here = was.sources[0]
    moved = structs.replace(was, sources=(structs.replace(here, line=99),))
    found = between(of(was), of(moved))
    assert (found.moved, found.changes, found.differ) == (1, (), False)
    other = structs.replace(was, sources=(Source(manifest="x", path=here.path, line=here.line),))
    assert set(told(was, other)) == {("sources",)}
    more = structs.replace(was, sources=(here, structs.replace(here, line=99)))
    assert told(was, more)["sources",][0] == []


def test_a_look_that_must_come_first_is_told() -> None:
    look = LookFirst(because=Reason.KEPT, field="labels.tier", path="reconciler.yaml", line=4)
    found = told(delete("a"), structs.replace(delete("a"), look_first=(look,)))
    assert found["lookFirst",] == (
        [],
        [{"because": "kept", "field": "labels.tier", "path": "reconciler.yaml", "line": 4}],
    )


def test_attributes_that_one_plan_was_not_asked_for_are_no_change() -> None:
    was, record = delete("a"), delete("a").campaign
    assert record is not None
    whole = structs.replace(was, campaign=structs.replace(record, attributes={"x": 1}))
    other = structs.replace(was, campaign=structs.replace(record, attributes={"x": 2}))
    assert between(of(was), of(whole)).changes == ()
    assert told(whole, other) == {("campaign", "attributes", "x"): (1, 2)}


@pytest.mark.parametrize(
    ("rest", "differ"),
    [
        ({"author": "c@acme.example", "created_at": "2026-11-21T09:00:00Z"}, False),
        ({"project_sha256": "ee" * 32}, False),
        ({"required": 2, "because": "above 10"}, True),
        ({"violations": (Violation(guard="g", account=None, message="m"),)}, True),
        ({"accounts": {"push-prod": "kore"}}, True),
    ],
)
def test_plans_differ_where_applying_them_does(rest: dict[str, object], differ: bool) -> None:
    assert between(of(delete("a")), of(delete("a"), **rest)).differ == differ


def test_what_surrounds_the_actions_is_told() -> None:
    facts = {one.path: (one.before, one.after) for one in changed().facts}
    assert facts["metadata", "author"] == ("a@acme.example", "b@acme.example")
    assert facts["approvals", "required"] == (2, 3)
    assert [one.guard for one in changed().went.violations] == ["max-deletions"]
    assert len(changed().went.warnings) == 2


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_every_action_is_the_same_or_told_once(data: st.DataObject) -> None:
    kinds = [("delete", Reason.MATCHED), ("refuse", Reason.RUNNING), ("none", Reason.KEPT)]
    drawn = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(kinds))

    def plan(actions: dict[str, tuple[str, Reason]]) -> list[Action]:
        return [action(*kind, campaign("push-prod", id_, id_)) for id_, kind in actions.items()]

    was, now = data.draw(drawn), data.draw(drawn)
    before, after = of(*plan(was)), of(*plan(now))
    if data.draw(st.booleans()):  # a plan whose order is another's work
        after = structs.replace(after, actions=after.actions[::-1])
    found = between(before, after)
    assert {one.now.id for one in found.changes} == {
        id_ for id_ in {*was, *now} if was.get(id_) != now.get(id_)
    }
    assert len(found.changes) == len({one.now.id for one in found.changes})
    for one in found.changes:
        id_ = one.now.id or ""
        assert (one.before is None, one.after is None) == (id_ not in was, id_ not in now)

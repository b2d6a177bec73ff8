"""What was judged of one record is said of others only where each alone would be told the same."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.declare.manifest import Manifest
from reconciler.declare.project import Guards, Protect, Waiver
from reconciler.model import Campaign, Campaigns, PlanDocument, Status
from reconciler.plan import planfile, samerecords, spool, usual
from reconciler.views import text
from reconciler.views.text import samerows
from tests.support.planner_world import DRIVERS, account, campaign, glob, manifest, plan, project

DAY = datetime(2026, 1, 5, 10, tzinfo=UTC)
ELSEWHERE = DAY.astimezone(timezone(timedelta(hours=-11)))
IDS = [f"c{n}" for n in range(8)] + ["un/safe", "n1", "n2"]
NAMES = ["n1", "n1", "n2", "n3"]
World = tuple[list[Manifest], list[Campaign], Any, bool]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    form = st.one_of(
        st.sampled_from(["n*", "*1", "*"]).map(lambda one: {"match": glob(one)}),
        st.sampled_from(IDS).map(lambda one: {"id": one}),
        st.sampled_from(NAMES).map(lambda one: {"name": one}),
    )
    records = [
        campaign(
            one,
            draw(st.sampled_from(NAMES)),
            status=draw(st.sampled_from([None, Status.DRAFT, Status.DRAFT, Status.RUNNING])),
            updated_at=draw(st.sampled_from([DAY] * 5 + [None, ELSEWHERE])),
            channel=draw(st.sampled_from([None, "sms", "fax"])),
            attributes=draw(st.sampled_from([None, {"a": 1}, {"kind": "flow"}])),
            unknown=draw(st.sampled_from([None, ("labels",)])),
            message_ids=draw(st.sampled_from([None, None, (), ("m1",)])),
            phone_numbers=draw(st.sampled_from([None, ("91",)])),
        )
        for one in draw(st.lists(st.sampled_from(IDS), unique=True, min_size=1))
    ]
    manifests = [
        manifest(
            f"m{n}",
            absent=draw(st.lists(form, min_size=1, max_size=6)),
            keep=draw(st.lists(form, max_size=1)),
            until=draw(st.sampled_from([None, None, date(2026, 11, 19)])),
        )
        for n in range(draw(st.integers(1, 3)))
    ]
    protects = draw(st.lists(form, max_size=1))
    waivers = [
        Waiver(
            guard=draw(st.sampled_from(["running", "protected"])),
            account="a",
            id=draw(st.sampled_from(IDS)),
            because="b",
            ticket="T",
            until=date(2026, 12, 1),
            path="reconciler.yaml",
            line=9,
        )
        for _ in range(draw(st.integers(0, 2)))
    ]
    guards = Guards(
        protect=tuple(Protect(because="P", path="r.yaml", line=3, **one) for one in protects),
        running=draw(st.sampled_from(["allow", "refuse"])),
    )
    driver = draw(st.sampled_from(["simple", "glanced", "messages", "numbers", "seeing"]))
    where = account(driver=driver, complete=draw(st.booleans()), guards=guards)
    return manifests, records, project(where, waivers=tuple(waivers)), draw(st.booleans())


@given(world=worlds())
def test_a_plan_is_what_it_is_when_everything_is_asked_of_every_record(world: World) -> None:
    manifests, records, where, attributes = world
    quick = plan(manifests, records, where, attributes=attributes)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(usual.Usual, "of", lambda *_: None)
        slow = plan(manifests, records, where, attributes=attributes)
    assert planfile.dumps(quick) == planfile.dumps(slow)


def looks_as_from_a_file(made: PlanDocument, width: int) -> bool:
    saved = planfile.loads(planfile.dumps(made))
    seen = "".join(text.plan(planfile.written(made)[0], color=True, width=width))
    return seen == "".join(text.plan(saved, color=True, width=width))


@given(world=worlds(), width=st.sampled_from([60, 160]))
def test_a_plan_that_was_just_made_looks_as_one_from_a_file(world: World, width: int) -> None:
    manifests, records, where, attributes = world
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(samerecords, "PIECE", 3)
        made = plan(manifests, records, where, attributes=attributes)
    assert looks_as_from_a_file(made, width)


@given(owners=st.lists(st.sampled_from("abc"), min_size=8, max_size=24))
def test_each_campaign_of_such_a_plan_stands_under_those_who_ask_for_it(owners: list[str]) -> None:
    manifests = [manifest(f"m{one}", absent=[{"match": glob(f"{one}*")}]) for one in "abc"]
    records = [campaign(f"c{n:02}", f"{one} {n}", updated_at=DAY) for n, one in enumerate(owners)]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(samerecords, "PIECE", 3)
        made = plan(manifests, records)
    assert looks_as_from_a_file(made, 160)


def test_of_most_of_a_plan_that_was_just_made_the_text_needs_the_records_alone() -> None:
    records = [campaign(f"c{n:03}", f"n{n}", updated_at=DAY) for n in range(600)]
    made = plan([manifest(absent=[{"match": glob("n*")}])], records)
    assert isinstance(made.actions, spool.Lines)
    beside = [one for one in made.actions.beside if isinstance(one, samerecords.SameRecords)]
    assert [(one.first, one.stop) for one in beside] == [(1, 257), (257, 513), (513, 600)]
    rows = [samerows.SameRows.known(one) for one in beside]
    ids = [id_ for one in rows if one is not None for id_ in one.ids]
    assert ids == [one.id for one in records[1:]]


def test_most_of_a_large_plan_is_judged_once(monkeypatch: pytest.MonkeyPatch) -> None:
    learnt = []
    learn = usual.Usual.learn
    monkeypatch.setattr(usual.Usual, "learn", lambda *said: (learnt.append(said), learn(*said)))
    records = [campaign(f"c{n}") for n in range(50)]
    made = plan([manifest(absent=[{"match": glob("*")}])], records)
    assert (made.summary.delete, len(learnt)) == (50, 1)


def test_absences_that_differ_in_their_line_are_judged_once_and_no_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    forms: list[Any] = [
        lambda one: {"id": one},
        lambda one: {"id": one},
        lambda one: {"name": f"name of {one}"},
        lambda one: {"match": glob(f"name of {one}")},
        lambda one: {"id": one, "phone_numbers": ("91",)},
    ]
    ids = [f"c{n:02d}" for n in range(60)]
    mixed = [forms[n % 5](one) for n, one in enumerate(ids[50:])]
    manifests = [
        manifest("mixed", absent=mixed),
        manifest("over", absent=[{"id": one} for one in ids[40:50]], until=date(2020, 1, 1)),
        *(
            manifest(f"m{n}", absent=[form(one) for one in ids[n:40:5]])
            for n, form in enumerate(forms)
        ),
    ]
    records = [campaign(one) for one in ids]
    learnt = []
    learn = usual.Usual.learn
    monkeypatch.setattr(usual.Usual, "learn", lambda *said: (learnt.append(said), learn(*said)))
    quick = plan(manifests, records)
    refused = 8 + 2 + 10  # for them nothing is learnt: phone numbers, and what is over
    assert len(learnt) == 4 + 3 + refused
    monkeypatch.setattr(usual.Usual, "of", lambda *_: None)
    assert planfile.dumps(quick) == planfile.dumps(plan(manifests, records))


def test_a_record_loses_nothing_in_a_plan_but_its_attributes() -> None:
    record = campaign("x", attributes={"a": 1}, unknown=("labels",), message_ids=("m1",))
    made = plan([manifest(absent=[{"id": "x"}])], [record])
    assert made.actions[0].campaign == campaign("x", unknown=("labels",), message_ids=("m1",))


FLAWS: list[dict[str, Any]] = [
    {"status": Status.RUNNING},
    {"message_ids": ()},
    {"attributes": {"kind": "flow"}},
    {"id": "un/safe"},
]


@pytest.mark.parametrize("flaw", FLAWS, ids=lambda flaw: next(iter(flaw)))
@pytest.mark.parametrize("driver", ["simple", "glanced"])
def test_among_records_that_are_let_go_each_with_a_reason_of_its_own_is_seen(
    driver: str, flaw: dict[str, Any]
) -> None:
    one = account(driver=driver, guards=Guards(running="refuse"))
    said = usual.plainness({"a": one}, DRIVERS | {"a": DRIVERS[driver]})
    records = [campaign("c1"), campaign(**{"id": "c2"} | flaw), campaign("c3")]
    assert said("a", Campaigns(records)) == [True, False, True]
    assert said("a", Campaigns(records[::2])) == [True, True]
    assert said("b", Campaigns(records)) == [False] * 3

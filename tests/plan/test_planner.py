from collections.abc import Callable
from datetime import date, timedelta
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from reconciler.declare.manifest import Manifest
from reconciler.declare.project import Approvals, Guards, MaxDeletions, Protect, Waiver
from reconciler.errors import Diagnostic
from reconciler.model import AccountFacts, Campaign, Limits, PlanDocument, Reason, Status
from reconciler.plan import hits, planfile
from tests.support.planner_world import (
    CAPTURED,
    NOW,
    account,
    campaign,
    facts,
    glob,
    manifest,
    only,
    plan,
    project,
    said,
    without_first_keep,
)

YESTERDAY = date(2026, 11, 19)
TODAY = date(2026, 11, 20)


def protect(**form: Any) -> Protect:
    return Protect(because="Legal hold", path="reconciler.yaml", line=31, **form)


def waiver(guard: str, account: str = "a", **more: Any) -> Waiver:
    return Waiver(
        guard=guard,
        account=account,
        because="Wrong audience",
        ticket="CHG-1",
        until=more.pop("until", TODAY),
        path="reconciler.yaml",
        line=40,
        **more,
    )


def codes(plan_: PlanDocument) -> list[str]:
    return [one.code for one in plan_.warnings]


# ---------------------------------------------------------------- what is asked and found


def test_a_listed_id_is_deleted_with_its_record_and_its_source() -> None:
    record = campaign("x", attributes={"secret": 1}, labels={"team": "growth"})
    action = only(plan([manifest(absent=[{"id": "x"}])], [record]))
    assert (action.action, action.reason, action.id) == ("delete", "declared", "x")
    assert action.name == "name of x"
    assert action.message is None
    assert [(s.manifest, s.path, s.line) for s in action.sources] == [("m", "manifests/m.yaml", 10)]
    assert action.campaign == campaign("x", labels={"team": "growth"})


def test_attributes_are_shown_only_when_asked_for() -> None:
    record = campaign("x", attributes={"a": 1})
    action = only(plan([manifest(absent=[{"id": "x"}])], [record], attributes=True))
    assert action.campaign == record


def test_a_name_and_a_match_find_their_records() -> None:
    m = manifest(absent=[{"name": "One"}, {"match": glob("T*")}])
    made = plan([m], [campaign("1", "One"), campaign("2", "Two"), campaign("3", "Other")])
    assert said(made) == [("delete", "declared", "1"), ("delete", "matched", "2")]


def test_declared_comes_before_matched_and_all_who_ask_are_sources() -> None:
    b = manifest("b", absent=[{"match": glob("*")}])
    a = manifest("a", absent=[{"match": glob("*")}, {"id": "x"}])
    action = only(plan([b, a], [campaign("x")]))
    assert action.reason == "declared"
    assert [(s.path, s.line) for s in action.sources] == [
        ("manifests/a.yaml", 10),
        ("manifests/a.yaml", 11),
        ("manifests/b.yaml", 10),
    ]


def test_a_match_that_finds_nothing_is_a_warning_and_no_action() -> None:
    made = plan([manifest(absent=[{"match": glob("nothing*")}])], [campaign("x")])
    assert made.actions == ()
    assert [(w.code, w.path, w.line) for w in made.warnings] == [
        ("matches-nothing", "manifests/m.yaml", 10)
    ]


def test_how_many_records_lack_a_field_is_said() -> None:
    m = manifest(absent=[{"match": glob(status=(Status.DRAFT,))}])
    made = plan([m], [campaign("x"), campaign("y", status=Status.DRAFT), campaign("z")])
    assert codes(made) == ["lacks-field"]
    assert "2 campaigns" in made.warnings[0].message


# ---------------------------------------------------------------- what is not listed

COMPLETE = AccountFacts(campaigns=0, captured_at=CAPTURED)
SAYS_NOT = AccountFacts(campaigns=1, captured_at=CAPTURED, complete=False, why="page 3 failed")


@pytest.mark.parametrize(
    ("complete", "known", "form", "expected"),
    [
        (True, COMPLETE, {"id": "gone"}, ("none", "absent", "gone")),
        (True, COMPLETE, {"name": "gone"}, ("none", "absent", None)),
        (True, SAYS_NOT, {"id": "gone"}, ("refuse", "inventory-incomplete", "gone")),
        (True, SAYS_NOT, {"name": "gone"}, ("refuse", "inventory-incomplete", None)),
        (True, None, {"id": "gone"}, ("refuse", "inventory-incomplete", "gone")),
        (True, None, {"name": "gone"}, ("refuse", "inventory-incomplete", None)),
        (False, COMPLETE, {"id": "gone"}, ("delete", "unlisted", "gone")),
        (False, SAYS_NOT, {"id": "gone"}, ("delete", "unlisted", "gone")),
        (False, None, {"id": "gone"}, ("delete", "unlisted", "gone")),
        (False, COMPLETE, {"name": "gone"}, ("refuse", "inventory-incomplete", None)),
    ],
)
def test_what_a_missing_record_means(
    complete: bool, known: AccountFacts | None, form: dict[str, str], expected: tuple[str, ...]
) -> None:
    known_ = facts([], **({} if known is None else {"a": known}))
    made = plan([manifest(absent=[form])], [], project(account(complete=complete)), known_)
    assert said(made) == [expected]


def test_a_header_that_says_not_complete_refuses_names_and_matches_but_not_listed_ids() -> None:
    m = manifest(absent=[{"id": "1"}, {"name": "Two"}, {"match": glob("Three")}])
    records = [campaign("1", "One"), campaign("2", "Two"), campaign("3", "Three")]
    made = plan([m], records, None, facts(records, a=SAYS_NOT))
    assert said(made) == [
        ("delete", "declared", "1"),
        ("refuse", "inventory-incomplete", "2"),
        ("refuse", "inventory-incomplete", "3"),
    ]
    assert "page 3 failed" in (made.actions[1].message or "")
    assert not made.accounts["a"].complete


def test_a_partial_account_still_deletes_what_its_names_and_matches_find() -> None:
    m = manifest(absent=[{"name": "Two"}, {"match": glob("Three")}])
    records = [campaign("2", "Two"), campaign("3", "Three")]
    made = plan([m], records, project(account(complete=False)))
    assert said(made) == [("delete", "declared", "2"), ("delete", "matched", "3")]


def test_what_is_absent_comes_once_however_many_ask() -> None:
    m = manifest(absent=[{"name": "Café"}, {"name": "Cafe\u0301"}, {"id": "x"}, {"id": "x"}])
    made = plan([m], [], None, facts([], a=COMPLETE))
    assert said(made) == [("none", "absent", None), ("none", "absent", "x")]
    assert [len(one.sources) for one in made.actions] == [2, 2]


# ---------------------------------------------------------------- ambiguity


def test_a_name_that_several_campaigns_bear_is_refused_for_each() -> None:
    records = [campaign("1", "Caf\u00e9"), campaign("2", "Cafe\u0301"), campaign("3", "Tea")]
    made = plan([manifest(absent=[{"name": "Caf\u00e9"}])], records)
    assert said(made) == [("refuse", "ambiguous", "1"), ("refuse", "ambiguous", "2")]


def numbers_account(**changes: Any) -> Any:
    return project(account("a", "numbers", **changes))


@pytest.mark.parametrize("form", [{"id": "1"}, {"name": "Same"}, {"match": glob("S*")}])
def test_where_the_vendor_goes_by_name_a_shared_name_is_ambiguous_in_every_form(
    form: dict[str, Any],
) -> None:
    records = [
        campaign("1", "Same", phone_numbers=("911",)),
        campaign("2", "Same", phone_numbers=("912",)),
    ]
    made = plan([manifest(absent=[form])], records, numbers_account())
    assert {(one.action, str(one.reason)) for one in made.actions} == {("refuse", "ambiguous")}


def test_where_the_vendor_goes_by_name_an_id_that_is_a_listed_name_finds_that_record() -> None:
    record = campaign("oz-1", "Lead", phone_numbers=("911",))
    made = plan([manifest(absent=[{"id": "Lead"}])], [record], numbers_account())
    assert said(made) == [("delete", "declared", "oz-1")]


def test_where_the_vendor_goes_by_name_a_name_that_is_only_an_id_is_ambiguous() -> None:
    record = campaign("Lead", "Other", phone_numbers=("911",))
    made = plan([manifest(absent=[{"name": "Lead"}])], [record], numbers_account())
    assert said(made) == [("refuse", "ambiguous", "Lead")]


# ---------------------------------------------------------------- parts


def test_the_record_gives_the_numbers_where_the_absence_gives_none() -> None:
    record = campaign("1", "Lead", phone_numbers=("911", "912", "911"))
    action = only(plan([manifest(absent=[{"name": "Lead"}])], [record], numbers_account()))
    assert (action.reason, action.parts) == ("declared", ("911", "912"))
    made = plan([manifest(absent=[{"name": "Lead"}])], [record], numbers_account())
    assert made.summary.targets == 2


def test_given_numbers_narrow_the_record_and_the_rest_is_unlisted() -> None:
    record = campaign("1", "Lead", phone_numbers=("911", "912"))
    m = manifest(absent=[{"name": "Lead", "phone_numbers": ("913", "912")}])
    made = plan([m], [record], numbers_account())
    assert [(one.reason, one.parts) for one in made.actions] == [
        ("declared", ("912",)),
        ("unlisted", ("913",)),
    ]


def test_given_numbers_that_a_complete_record_lacks_are_absent() -> None:
    record = campaign("1", "Lead", phone_numbers=("911", "912"))
    m = manifest(absent=[{"name": "Lead", "phone_numbers": ("913", "912")}])
    made = plan([m], [record], numbers_account(complete=True))
    assert [(one.reason, one.parts) for one in made.actions] == [
        ("declared", ("912",)),
        ("absent", ("913",)),
    ]


def test_given_numbers_are_declared_where_the_record_gives_none() -> None:
    m = manifest(absent=[{"name": "Lead", "phone_numbers": ("913",)}])
    action = only(plan([m], [campaign("1", "Lead")], numbers_account()))
    assert (action.reason, action.parts) == ("declared", ("913",))


def test_an_unlisted_name_counts_as_the_id_where_the_vendor_goes_by_name() -> None:
    m = manifest(absent=[{"name": "Lead ", "phone_numbers": ("913",)}])
    action = only(plan([m], [], numbers_account()))
    assert (action.action, action.reason, action.id) == ("delete", "unlisted", "Lead ")
    assert (action.name, action.parts, action.campaign) == ("Lead ", ("913",), None)


def test_no_numbers_from_anywhere_is_refused() -> None:
    m = manifest(absent=[{"name": "Lead"}, {"name": "Gone"}])
    made = plan([m], [campaign("1", "Lead", phone_numbers=())], numbers_account())
    assert said(made) == [
        ("refuse", "numbers-missing", "1"),
        ("refuse", "numbers-missing", "Gone"),
    ]


def test_a_keep_with_numbers_keeps_those_alone() -> None:
    record = campaign("1", "Lead", phone_numbers=("911", "912"))
    m = manifest(absent=[{"name": "Lead"}], keep=[{"name": "Lead", "phone_numbers": ("911",)}])
    made = plan([m], [record], numbers_account())
    assert [(one.reason, one.parts) for one in made.actions] == [
        ("declared", ("912",)),
        ("kept", ("911",)),
    ]


def test_numbers_for_a_vendor_without_numbers_never_widen_to_the_campaign() -> None:
    m = manifest(absent=[{"id": "x", "phone_numbers": ("911",)}])
    assert only(plan([m], [campaign("x")])).reason == "unsupported"


@pytest.mark.parametrize("attributes", [True, False], ids=["shown", "not-shown"])
@pytest.mark.parametrize("held", [(99, 99), (2, 99), (2, 3)], ids=["few", "packed", "in-runs"])
def test_what_only_attributes_tell_refuses_however_many_hits_there_are(
    held: tuple[int, int], attributes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, number in zip(("_IN_MEMORY", "_PACKED"), held, strict=True):
        monkeypatch.setattr(hits, name, number)
    kinds = ["flow", "mail", "flow", "mail", "mail", "flow", "mail", "flow"]
    records = [campaign(f"c{n}", attributes={"kind": kind}) for n, kind in enumerate(kinds)]
    made = plan([manifest(absent=[{"match": glob("*")}])], records, attributes=attributes)
    told = {one.id: (one.action, one.reason) for one in made.actions}
    flow, mail = ("refuse", "unsupported"), ("delete", "matched")
    assert told == {f"c{n}": flow if kind == "flow" else mail for n, kind in enumerate(kinds)}
    shown = {one.campaign.attributes is not None for one in made.actions if one.campaign}
    assert shown == {attributes}


def test_messages_are_parts_where_the_record_has_them() -> None:
    records = [campaign("1", message_ids=("m1", "m2")), campaign("2")]
    made = plan(
        [manifest(absent=[{"match": glob("*")}])], records, project(account("a", "messages"))
    )
    assert [one.parts for one in made.actions] == [("m1", "m2"), None]
    assert made.summary.targets == 3


def test_a_campaign_of_no_messages_is_never_taken_for_one_message() -> None:
    record = campaign("1", message_ids=())
    made = plan([manifest(absent=[{"id": "1"}])], [record], project(account("a", "messages")))
    assert [str(one.reason) for one in made.actions] == ["numbers-missing"]


def test_an_unsafe_part_is_refused_alone() -> None:
    record = campaign("1", message_ids=("m1", "m/2"))
    made = plan([manifest(absent=[{"id": "1"}])], [record], project(account("a", "messages")))
    assert [(str(one.reason), one.parts) for one in made.actions] == [
        ("declared", ("m1",)),
        ("unsafe-id", ("m/2",)),
    ]


# ---------------------------------------------------------------- manifests that may not ask


def test_until_is_the_last_day_that_is_enforced() -> None:
    for until, expected in ((TODAY, "declared"), (YESTERDAY, "expired")):
        m = manifest(absent=[{"id": "x"}], until=until)
        assert only(plan([m], [campaign("x")])).reason == expected


def test_not_before_is_the_first_day_that_is_enforced() -> None:
    for first, expected in ((TODAY, "declared"), (TODAY + timedelta(days=1), "not-yet")):
        m = manifest(absent=[{"id": "x"}], not_before=first)
        made = plan([m], [campaign("x")])
        assert only(made).reason == expected
        assert codes(made) == ["unknown-status"] if expected == "declared" else not codes(made)
    assert only(made).action == "none"
    assert only(made).message == "m is enforced from 2026-11-21"


def test_a_keep_holds_before_its_manifest_is_enforced() -> None:
    later = manifest("later", keep=[{"id": "x"}], not_before=TODAY + timedelta(days=9))
    made = plan([manifest(absent=[{"id": "x"}]), later], [campaign("x")])
    assert only(made).reason == "kept"


def test_a_match_that_finds_nothing_is_told_only_once_it_is_enforced() -> None:
    m = manifest(absent=[{"match": glob("none*")}], not_before=TODAY + timedelta(days=1))
    assert codes(plan([m], [campaign("x")])) == []


def test_a_keep_outlives_its_manifest() -> None:
    old = manifest("old", keep=[{"id": "x"}], until=YESTERDAY)
    made = plan([manifest(absent=[{"id": "x"}]), old], [campaign("x")])
    assert said(made) == [("none", "kept", "x")]


@pytest.mark.parametrize(
    ("expect", "number", "refused"),
    [
        ({"expect_min": 2}, 0, False),
        ({"expect_min": 2}, 1, True),
        ({"expect_min": 2}, 2, False),
        ({"expect_max": 2}, 2, False),
        ({"expect_max": 2}, 3, True),
        ({"expect_max": 0}, 1, True),
    ],
)
def test_what_a_match_expects_is_judged_before_keeps(
    expect: dict[str, int], number: int, refused: bool
) -> None:
    m = manifest(absent=[{"match": glob("T*"), **expect}, {"id": "other"}], keep=[{"id": "t0"}])
    records = [campaign(f"t{n}", f"T{n}") for n in range(number)] + [campaign("other")]
    made = plan([m], records)
    assert all((one.reason == "expectation") is refused for one in made.actions)


METADATA_GUARDS = Guards(require=("owner", "ticket"), ticket_pattern=r"CHG-\d{4,}")


@pytest.mark.parametrize(
    ("texts", "refused"),
    [
        ({"owner": "me", "ticket": "CHG-1234"}, False),
        ({"owner": "me", "ticket": "CHG-123"}, True),
        ({"owner": "me", "ticket": "XCHG-1234"}, True),
        ({"owner": "me"}, True),
        ({"owner": " ", "ticket": "CHG-1234"}, True),
    ],
)
def test_metadata_that_the_project_requires(texts: dict[str, str], refused: bool) -> None:
    m = manifest(absent=[{"id": "x"}], **texts)
    made = plan([m], [campaign("x")], project(account(guards=METADATA_GUARDS)))
    assert (only(made).reason == "metadata") is refused


@pytest.mark.parametrize("blocked", ["expired", "expectation", "metadata"])
def test_a_blocked_manifest_is_the_reason_only_if_nobody_else_asks(blocked: str) -> None:
    good = {"owner": "me", "ticket": "CHG-1234"}
    match: dict[str, Any] = {"match": glob("*")}
    bad = {
        "expired": manifest("bad", absent=[match], until=YESTERDAY, **good),
        "expectation": manifest("bad", absent=[{**match, "expect_min": 9}], **good),
        "metadata": manifest("bad", absent=[match]),
    }[blocked]
    where = project(account(guards=METADATA_GUARDS))
    fine = manifest("fine", absent=[{"id": "x"}], **good)
    assert only(plan([bad], [campaign("x")], where)).reason == blocked
    together = only(plan([bad, fine], [campaign("x")], where))
    assert together.reason == "declared"
    assert [one.manifest for one in together.sources] == ["fine"]


# ---------------------------------------------------------------- precedence

# Each makes its reason hold for the one campaign "x/1", whatever else holds.
World = dict[str, Any]


def _keep(world: World) -> None:
    world["keep"].append({"id": world["id"]})


def _protect(world: World) -> None:
    world["guards"]["protect"] = (protect(id=world["id"]),)


def _unsafe(world: World) -> None:
    world["id"] = "x/1"


def _unsupported(world: World) -> None:
    world["record"]["channel"] = "fax"


def _ambiguous(world: World) -> None:
    world["absent"] = [{"name": "Same"}]
    world["others"] = [campaign("other", "Same", phone_numbers=("1",))]


def _incomplete(world: World) -> None:
    world["facts"] = SAYS_NOT
    if "id" in world["absent"][0]:
        world["absent"] = [{"match": glob("Same")}]


def _no_numbers(world: World) -> None:
    world["record"]["phone_numbers"] = ()


def _running(world: World) -> None:
    world["record"]["status"] = Status.RUNNING


REASONS: dict[str, Callable[[World], None]] = {
    "kept": _keep,
    "protected": _protect,
    "unsafe-id": _unsafe,
    "unsupported": _unsupported,
    "ambiguous": _ambiguous,
    "inventory-incomplete": _incomplete,
    "numbers-missing": _no_numbers,
    "running": _running,
}


def _planned(*reasons: str) -> str:
    world: World = {
        "id": "x",
        "absent": [{"match": glob("Same")}],
        "keep": [],
        "guards": {},
        "record": {"phone_numbers": ("1",)},
        "others": [],
        "facts": AccountFacts(campaigns=1, captured_at=CAPTURED),
    }
    # The id first: others name it.
    for reason in sorted(reasons, key=lambda one: one != "unsafe-id"):
        REASONS[reason](world)
    record = campaign(world["id"], "Same", **world["record"])
    made = plan(
        [manifest(absent=world["absent"], keep=world["keep"])],
        [record, *world["others"]],
        project(account("a", "numbers", complete=True, guards=Guards(**world["guards"]))),
        facts([record], a=world["facts"]),
    )
    return next(str(one.reason) for one in made.actions if one.id == world["id"])


@pytest.mark.parametrize("reason", REASONS)
def test_each_reason_holds_alone(reason: str) -> None:
    assert _planned(reason) == reason


@pytest.mark.parametrize(("first", "second"), list(combinations(REASONS, 2)))
def test_of_two_reasons_the_first_in_the_order_is_given(first: str, second: str) -> None:
    assert _planned(first, second) == first


def test_the_order_of_reasons_is_that_of_the_model() -> None:
    assert list(REASONS) == [str(one) for one in list(Reason)[: len(REASONS)]]


# ---------------------------------------------------------------- guards of a target


def test_a_running_campaign_is_refused_unless_allowed_or_waived() -> None:
    m = manifest(absent=[{"id": "x"}])
    record = campaign("x", status=Status.RUNNING)
    assert only(plan([m], [record])).reason == "running"
    allowed = project(account(guards=Guards(running="allow")))
    assert only(plan([m], [record], allowed)).action == "delete"
    action = only(plan([m], [record], project(waivers=(waiver("running", id="x"),))))
    assert action.action == "delete"
    assert [(w.guard, w.ticket, w.until) for w in action.waivers] == [
        ("running", "CHG-1", "2026-11-20")
    ]


def test_unknown_statuses_pass_and_are_counted() -> None:
    records = [campaign("1"), campaign("2", status=Status.UNKNOWN), campaign("3", status="draft")]
    made = plan([manifest(absent=[{"match": glob("*")}])], records)
    assert made.summary.delete == 3
    assert codes(made) == ["unknown-status"]
    assert "2 campaigns" in made.warnings[0].message


def test_a_protection_without_an_account_holds_everywhere() -> None:
    guards = Guards(protect=(protect(match=glob("E*")), protect(account="b", id="x")))
    where = project(account("a", guards=guards), account("b", guards=guards))
    m = [manifest(f"m{n}", absent=[{"match": glob("*")}], account=n) for n in "ab"]
    records = [
        campaign("x", "Ever", "a"),
        campaign("y", "Other", "a"),
        campaign("x", "Other", "b"),
    ]
    made = plan(m, records, where)
    assert [(one.account, one.id, str(one.reason)) for one in made.actions] == [
        ("a", "y", "matched"),
        ("a", "x", "protected"),
        ("b", "x", "protected"),
    ]
    assert "Legal hold (reconciler.yaml:31)" in (made.actions[1].message or "")


@pytest.mark.parametrize(("driver", "reason"), [("simple", "protected"), ("seeing", "unlisted")])
def test_what_nobody_can_see_may_be_protected(driver: str, reason: str) -> None:
    guards = Guards(protect=(protect(match=glob(labels={"tier": "gold"})),))
    where = project(account("a", driver, complete=False, guards=guards))
    assert only(plan([manifest(absent=[{"id": "x"}])], [], where)).reason == reason


def test_what_nobody_can_see_may_be_kept() -> None:
    m = manifest(absent=[{"id": "x"}], keep=[{"match": glob(labels={"tier": "gold"})}])
    made = plan([m], [], project(account("a", complete=False)))
    assert only(made).action == "refuse"


def test_a_keep_by_name_holds_for_an_unlisted_name() -> None:
    m = manifest(absent=[{"name": "Lead", "phone_numbers": ("1",)}], keep=[{"name": "Lead"}])
    assert only(plan([m], [], numbers_account())).reason == "kept"


@pytest.mark.parametrize(
    ("rule", "name", "reason"),
    [("Lead*", "Lead", "kept"), ("Lead*", "Other", "unlisted")],
)
def test_a_keep_by_match_is_judged_by_the_name_where_that_is_all_there_is(
    rule: str, name: str, reason: str
) -> None:
    m = manifest(absent=[{"name": name, "phone_numbers": ("1",)}], keep=[{"match": glob(rule)}])
    assert only(plan([m], [], numbers_account())).reason == reason


def test_an_empty_list_of_numbers_never_means_all() -> None:
    m = manifest(absent=[{"name": "Lead", "phone_numbers": ()}])
    record = campaign("1", "Lead", phone_numbers=("911",))
    assert only(plan([m], [record], numbers_account())).reason == "numbers-missing"


def test_a_waiver_for_one_target_lifts_nothing_for_another() -> None:
    records = [campaign(i, status=Status.RUNNING) for i in "xy"]
    m = manifest(absent=[{"match": glob("*")}])
    made = plan([m], records, project(waivers=(waiver("running", id="x"),)))
    assert said(made) == [("delete", "matched", "x"), ("refuse", "running", "y")]


@given(
    lifted=st.sets(
        st.tuples(st.sampled_from(["running", "protected"]), st.sampled_from(["x", "y"]))
    )
)
def test_lifting_one_guard_for_one_target_lifts_no_other(lifted: set[tuple[str, str]]) -> None:
    guards = Guards(protect=(protect(id="x"), protect(id="y")))
    records = [campaign(i, status=Status.RUNNING) for i in "xy"]
    waivers = tuple(waiver(guard, id=i) for guard, i in sorted(lifted))
    where = project(account(guards=guards), waivers=waivers)
    made = plan([manifest(absent=[{"match": glob("*")}])], records, where)
    for action in made.actions:
        mine = {guard for guard, i in lifted if i == action.id}
        expected = "protected" if "protected" not in mine else "running"
        assert action.reason == ("matched" if len(mine) == 2 else expected)


@pytest.mark.parametrize(
    ("more", "lifted", "warned"),
    [
        ({}, (), ["waiver-without-part"]),
        ({"part": "m2"}, ("m2",), []),
        ({"parts": "all"}, ("m1", "m2"), []),
        ({"part": "m9"}, (), ["waiver-unused"]),
    ],
)
def test_a_waiver_of_a_campaign_with_parts_lifts_those_it_names(
    more: dict[str, str], lifted: tuple[str, ...], warned: list[str]
) -> None:
    record = campaign("x", status=Status.RUNNING, message_ids=("m1", "m2"))
    where = project(account("a", "messages"), waivers=(waiver("running", id="x", **more),))
    made = plan([manifest(absent=[{"id": "x"}])], [record], where)
    gone = tuple(p for one in made.actions if one.action == "delete" for p in one.parts or ())
    assert gone == lifted
    assert codes(made) == warned
    if warned == ["waiver-without-part"]:
        assert "write `parts: all` beside its id (2 of the record)" in made.warnings[0].message


def test_all_parts_are_those_that_the_record_lists() -> None:
    record = campaign("1", "Lead", status=Status.RUNNING, phone_numbers=("911",))
    m = manifest(absent=[{"name": "Lead", "phone_numbers": ("911", "912")}])
    where = numbers_account().model_copy()
    waivers = (waiver("running", id="1", parts="all"),)
    made = plan([m], [record], project(*where.accounts.values(), waivers=waivers))
    assert sorted((str(one.reason), one.parts) for one in made.actions) == [
        ("declared", ("911",)),
        ("running", ("912",)),
    ]


def test_expired_and_unused_waivers_are_warnings() -> None:
    waivers = (
        waiver("running", id="x", until=YESTERDAY),
        waiver("running", id="idle"),
        waiver("max-deletions", count=5),
        waiver("resurrected", id="x"),
    )
    made = plan(
        [manifest(absent=[{"id": "x"}])],
        [campaign("x", status=Status.RUNNING)],
        project(waivers=waivers),
    )
    assert only(made).reason == "running"
    assert codes(made) == ["waiver-expired", "waiver-unused", "waiver-unused"]


# ---------------------------------------------------------------- limits of an account


def _many(number: int, limit: MaxDeletions, total: int, *waivers: Waiver) -> PlanDocument:
    records = [campaign(str(n), "del" if n < number else "stay") for n in range(total)]
    where = project(account(guards=Guards(max_deletions=limit)), waivers=waivers)
    return plan([manifest(absent=[{"match": glob("del")}])], records, where)


@pytest.mark.parametrize("total", range(1, 13))
def test_the_boundaries_of_max_deletions_are_exact(total: int) -> None:
    for number in range(total + 1):
        for count in (None, 0, 1, 5, 12):
            for percent in (None, 0, 1, 8, 9, 33, 34, 50, 99, 100):
                made = _many(number, MaxDeletions(count=count, percent=percent), total)
                broken = (count is not None and number > count) or (
                    percent is not None and number / total > percent / 100 + 1e-9
                )
                assert bool(made.violations) is (broken and number > 0), (number, count, percent)
                assert made.applicable is not bool(made.violations)


def test_a_violation_says_by_how_much() -> None:
    (violation,) = _many(4, MaxDeletions(count=1, percent=50), 5).violations
    assert (violation.guard, violation.account) == ("max-deletions", "a")
    assert "3 too many" in violation.message
    assert "2 too many" in violation.message


def test_count_counts_numbers_and_percent_counts_campaigns() -> None:
    records = [
        campaign("1", "One", phone_numbers=("1", "2", "3")),
        campaign("2", "Two", phone_numbers=("1",)),
    ]
    m = manifest(absent=[{"name": "One"}])
    for limit, broken in (
        (MaxDeletions(count=2), True),
        (MaxDeletions(count=3), False),
        (MaxDeletions(percent=50), False),
        (MaxDeletions(percent=49), True),
    ):
        guards = Guards(max_deletions=limit)
        made = plan([m], records, numbers_account(guards=guards))
        assert bool(made.violations) is broken


def test_a_waiver_of_max_deletions_sets_its_own_count() -> None:
    limit = MaxDeletions(count=1, percent=10)
    made = _many(4, limit, 5, waiver("max-deletions", count=4))
    assert not made.violations
    assert all([use.guard for use in one.waivers] == ["max-deletions"] for one in made.actions)
    within = _many(1, MaxDeletions(count=1), 5, waiver("max-deletions", count=4))
    assert [one.waivers for one in within.actions] == [()]
    (violation,) = _many(4, limit, 5, waiver("max-deletions", count=3)).violations
    assert "the waiver at reconciler.yaml:40 allows 3" in violation.message


@pytest.mark.parametrize(
    ("captured", "written", "violated", "warned"),
    [
        (NOW - timedelta(hours=24), True, False, False),
        (NOW - timedelta(hours=24, seconds=1), False, True, False),
        (None, True, True, False),
        (None, False, False, True),
    ],
)
def test_the_age_of_the_inventory(
    captured: Any, written: bool, violated: bool, warned: bool
) -> None:
    guards = Guards(inventory_max_age=timedelta(hours=24)) if written else Guards()
    known = facts([], a=AccountFacts(campaigns=1, captured_at=captured))
    record = campaign("x", status=Status.DRAFT)
    m = manifest(absent=[{"id": "x"}])
    made = plan([m], [record], project(account(guards=guards)), known)
    assert [one.guard for one in made.violations] == ["inventory-age"] * violated
    assert codes(made) == ["no-capture-time"] * warned
    lifted = project(account(guards=guards), waivers=(waiver("inventory-age"),))
    assert plan([m], [record], lifted, known).applicable


def test_an_account_that_loses_nothing_breaks_no_limit() -> None:
    known = facts([], a=AccountFacts(campaigns=0, captured_at=NOW - timedelta(days=9)))
    assert plan([manifest(absent=[{"id": "x"}])], [], None, known).applicable


# ---------------------------------------------------------------- approvals, age, estimate


@pytest.mark.parametrize(
    ("number", "waived", "required", "because"),
    [
        (2, False, 0, None),
        (3, False, 2, "above 2"),
        (1, True, 2, "a waiver is used"),
        (3, True, 2, "above 2 and a waiver is used"),
    ],
)
def test_when_approvals_are_needed(
    number: int, waived: bool, required: int, because: str | None
) -> None:
    guards = Guards(approvals=Approvals(required=2, above=2, allowed_signers="s"))
    waivers = (waiver("running", id="0"),) if waived else ()
    records = [
        campaign(str(n), status=Status.RUNNING if waived and n == 0 else Status.DRAFT)
        for n in range(number)
    ]
    where = project(account(guards=guards), guards=guards, waivers=waivers)
    made = plan([manifest(absent=[{"match": glob("*")}])], records, where)
    assert (made.approvals.required, made.approvals.because) == (required, because)


def test_a_waiver_on_a_limit_needs_approvals_too() -> None:
    guards = Guards(
        approvals=Approvals(required=1, above=99, allowed_signers="s"),
        max_deletions=MaxDeletions(count=0),
    )
    where = project(account(guards=guards), waivers=(waiver("max-deletions", count=9),))
    made = plan([manifest(absent=[{"id": "x"}])], [campaign("x")], where)
    assert made.approvals.required == 1


def test_a_plan_expires_after_plan_max_age() -> None:
    made = plan([manifest(absent=[{"id": "x"}])], [campaign("x")])
    assert made.metadata.created_at == "2026-11-20T09:00:00Z"
    assert made.metadata.expires_at == "2026-11-27T09:00:00Z"


def test_accounts_of_one_limit_wait_for_each_other() -> None:
    slow = Limits(2, 60.0, 1)
    where = project(account("a", limits=slow), account("b", limits=slow), account("c", "messages"))
    m = [manifest(f"m{n}", absent=[{"match": glob("*")}], account=n) for n in "abc"]
    records = [campaign(f"{a}{n}", None, a) for a in "abc" for n in range(3)]
    made = plan(m, records, where)
    assert {n: (c.requests, c.seconds) for n, c in made.estimate.accounts.items()} == {
        "a": (3, 90),
        "b": (3, 90),
        "c": (3, 3),
    }
    assert (made.estimate.requests, made.estimate.seconds) == (9, 180)


@pytest.mark.parametrize(
    ("driver", "looks"),
    [
        ("simple", 0),  # cannot look
        ("seeing", 3),  # one by one
        ("listing", 1),  # one listing is fewer than three looks
    ],
)
def test_looks_before_the_first_request_are_part_of_the_estimate(driver: str, looks: int) -> None:
    where = project(account("a", driver, before="look", limits=Limits(1, 2.0, 1)))
    records = [campaign(str(n), status=Status.DRAFT) for n in range(3)]
    made = plan([manifest(absent=[{"match": glob("*")}])], records, where)
    assert (made.estimate.requests, made.estimate.seconds) == (3 + looks, 2 * (3 + looks))


def test_only_what_is_looked_at_whatever_a_journal_knows_is_estimated() -> None:
    where = project(account("a", "seeing"))
    records = [
        campaign("0", status=Status.DRAFT),
        campaign("1", status=Status.UNKNOWN),  # the guard `running` has to see it
        campaign("2", status=None),
    ]
    made = plan([manifest(absent=[{"match": glob("*")}])], records, where)
    assert made.estimate.requests == 3 + 2
    allowed = project(account("a", "seeing", guards=Guards(running="allow")))
    made = plan([manifest(absent=[{"match": glob("*")}])], records, allowed)
    assert made.estimate.requests == 3


# ---------------------------------------------------------------- leaving deletions out


def test_account_and_manifest_only_leave_deletions_out() -> None:
    guards = Guards(max_deletions=MaxDeletions(count=1))
    where = project(
        account("a", guards=guards),
        account("b", guards=guards),
        waivers=(waiver("running", id="w"),),
    )
    manifests = [
        manifest("one", absent=[{"id": "x"}, {"id": "kept"}, {"id": "w"}], keep=[{"id": "kept"}]),
        manifest("two", absent=[{"id": "x"}, {"id": "gone"}]),
        manifest("three", absent=[{"id": "y"}], account="b"),
    ]
    records = [
        campaign("x"),
        campaign("kept"),
        campaign("w", status=Status.RUNNING),
        campaign("y", None, "b"),
    ]
    whole = plan(manifests, records, where)
    others = [one for one in whole.actions if one.action != "delete"]
    assert not whole.applicable
    for options, left in (
        ({"only_accounts": {"b"}}, ["y"]),
        ({"only_manifests": {"two"}}, ["x"]),
        ({"only_manifests": {"three"}, "only_accounts": {"a"}}, []),
    ):
        made = plan(manifests, records, where, **options)
        assert [one.id for one in made.actions if one.action == "delete"] == left
        assert [one for one in made.actions if one.action != "delete"] == others
        assert made.applicable
        assert "waiver-unused" not in codes(made)


# ---------------------------------------------------------------- the plan as a whole


def test_actions_stand_in_their_order() -> None:
    where = project(account("a"), account("b"))
    m = [
        manifest("ma", absent=[{"id": "2"}, {"id": "1"}, {"name": "no"}, {"id": "0"}]),
        manifest("mb", absent=[{"id": "3"}], account="b"),
    ]
    records = [campaign("1"), campaign("2", status=Status.RUNNING), campaign("3", None, "b")]
    assert said(plan(m, records, where)) == [
        ("delete", "declared", "1"),
        ("delete", "declared", "3"),
        ("refuse", "running", "2"),
        ("none", "absent", None),
        ("none", "absent", "0"),
    ]


def test_the_readers_warnings_are_in_the_plan() -> None:
    known = structs.replace(
        facts([]), warnings=(Diagnostic("warning", "no-zone", "no zone", "inventory.csv", 3),)
    )
    made = plan([], [], None, known)
    assert [(w.code, w.path, w.line) for w in made.warnings] == [("no-zone", "inventory.csv", 3)]


def test_the_same_inputs_in_any_order_give_the_same_bytes() -> None:
    manifests = [
        manifest("b", absent=[{"match": glob("*")}], keep=[{"id": "1"}]),
        manifest("a", absent=[{"id": "2"}, {"id": "gone"}]),
    ]
    records = [campaign(str(n), labels={"b": "1", "a": "2"}) for n in range(4)]
    first = planfile.dumps(plan(manifests, records))
    assert planfile.dumps(plan(manifests[::-1], records[::-1])) == first
    assert planfile.loads(first) == plan(manifests, records)


# ---------------------------------------------------------------- properties

IDS = [f"c{n}" for n in range(6)]
NAMES = ["n1", "n2", "n2", "n3"]


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Manifest], list[Campaign], Any]:
    form = st.one_of(
        st.sampled_from([*IDS, "gone"]).map(lambda i: {"id": i}),
        st.sampled_from(NAMES).map(lambda n: {"name": n}),
        st.sampled_from(["n*", "*1", "*"]).map(lambda g: {"match": glob(g)}),
    )
    records = [
        campaign(i, draw(st.sampled_from(NAMES)), status=draw(st.sampled_from(Status)))
        for i in draw(st.lists(st.sampled_from(IDS), unique=True))
    ]
    manifests = [
        manifest(
            f"m{n}",
            absent=draw(st.lists(form, min_size=1, max_size=4)),
            keep=draw(st.lists(form, max_size=2)),
            until=draw(st.sampled_from([None, YESTERDAY])),
        )
        for n in range(draw(st.integers(1, 3)))
    ]
    guards = Guards(
        protect=tuple(protect(**one) for one in draw(st.lists(form, max_size=2))),
        running=draw(st.sampled_from(["allow", "refuse"])),
    )
    return manifests, records, project(account(complete=draw(st.booleans()), guards=guards))


def _deleted(made: PlanDocument) -> set[str | None]:
    return {one.id for one in made.actions if one.action == "delete"}


@given(world=worlds())
def test_nothing_kept_or_protected_is_deleted_and_every_deletion_has_a_source(
    world: tuple[list[Manifest], list[Campaign], Any],
) -> None:
    manifests, records, where = world
    made = plan(manifests, records, where)
    named = {one.id: one.name for one in records}
    rules = [e for m in manifests for e in m.keep] + list(where.accounts["a"].guards.protect)
    for action in made.actions:
        if action.action != "delete":
            continue
        assert action.sources
        assert all(m.until is None for m in manifests if m.name == action.sources[0].manifest)
        for rule in rules:
            assert rule.id != action.id
            assert rule.name is None or rule.name != named.get(action.id or "")
            assert rule.match is None or not (
                action.id in named and rule.match.name in ("*", f"*{named[action.id][-1]}", "n*")
            )
    ids = [one.id for one in made.actions if one.id is not None]
    assert len(ids) == len(set(ids))
    assert planfile.loads(planfile.dumps(made)) == made


@given(world=worlds())
def test_without_one_keep_only_what_it_kept_can_be_added(
    world: tuple[list[Manifest], list[Campaign], Any],
) -> None:
    manifests, records, where = world
    before = _deleted(plan(manifests, records, where))
    for at, one in enumerate(manifests):
        if not one.keep:
            continue
        less = [*manifests[:at], without_first_keep(one), *manifests[at + 1 :]]
        assert before <= _deleted(plan(less, records, where))


def test_an_expired_manifest_confuses_nobody() -> None:
    expired = manifest("old", absent=[{"id": "Lead"}], until=TODAY - timedelta(days=1))
    asking = manifest("new", absent=[{"name": "Lead"}])
    record = campaign("9", "Lead", phone_numbers=("1",))
    made = plan([expired, asking], [record], numbers_account())
    assert only(made).reason == "declared"


def test_where_a_name_is_the_id_it_is_compared_in_nfc() -> None:
    nfd, nfc_ = "Cafe\u0301", "Caf\u00e9"
    record = campaign("9", nfc_, phone_numbers=("1",))
    m = manifest(absent=[{"match": glob("*")}], keep=[{"id": nfd}])
    assert only(plan([m], [record], numbers_account())).reason == "kept"

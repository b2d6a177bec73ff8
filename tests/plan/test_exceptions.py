"""An exception that nobody can judge holds until somebody has looked (spec §2.2)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from reconciler.declare.guards import Guards
from reconciler.model import AccountFacts, Campaign, Status
from reconciler.plan import exceptions
from reconciler.plan.matching import Matcher, Matches
from tests.plan.test_planner import protect as protect_of
from tests.plan.test_planner import waiver
from tests.support import planner_world as w

TIER = w.glob(labels={"tier": "gold"})
BORN = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _real_matcher(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(w, "matched", real)


def real(questions: Any, campaigns: Any, by_name: Any = (), **given: Any) -> Matches:
    """The inventory's answers by the matcher itself."""
    matcher = Matcher(questions, now=w.NOW, by_name=by_name, **given)
    matcher.feed(campaigns)
    return matcher.finish()


LOOKS = {"look": lambda *_: iter(())}


def made(
    record: Campaign,
    *,
    keep: Any = None,
    protect: Any = None,
    fields: tuple[str, ...] | None = None,
    looks: tuple[str, ...] | None = None,
    **more: Any,
) -> Any:
    """The one action on *record*, which an absence asks for by id."""
    driver = w.driver("one", **({} if looks is None else {**LOOKS, "look_fields": looks}))
    w.DRIVERS["one"] = driver
    guards = Guards(protect=() if protect is None else (protect_of(match=protect),))
    where = w.project(w.account("a", "one", guards=guards), **more)
    kept = [] if keep is None else [{"match": keep}]
    facts = w.facts([record], a=AccountFacts(complete=True, campaigns=1, fields=fields))
    m = w.manifest("m", [{"id": record.id}], keep=kept)
    plan = w.plan([m], [record], where, facts_=facts)
    (action,) = plan.actions
    return action


def test_a_field_that_is_unknown_and_that_a_look_shows_is_looked_at_first() -> None:
    action = made(w.campaign("1"), protect=TIER, looks=("labels",))
    assert action.action == "delete"
    (first,) = action.look_first
    assert (first.because, first.field, first.line) == ("protected", "labels.tier", 31)


def test_where_no_look_shows_it_the_campaign_is_refused_with_a_way_out() -> None:
    for looks in (None, (), ("name", "status")):
        action = made(w.campaign("1"), protect=TIER, looks=looks)
        assert (action.action, action.reason) == ("refuse", "protected")
        assert "labels: {}" in (action.message or "")


def test_a_keep_that_nobody_can_judge_refuses_too() -> None:
    action = made(w.campaign("1"), keep=TIER)
    assert (action.action, action.reason, action.look_first) == ("refuse", "kept", None)


def test_a_record_that_is_known_not_to_have_it_is_not_held() -> None:
    for known in (w.campaign("1", labels={}), w.campaign("1", labels={"team": "x"})):
        assert made(known, protect=TIER).action == "delete"
    assert made(w.campaign("1"), protect=TIER, fields=("labels",)).action == "delete"
    assert made(w.campaign("1"), protect=TIER, fields=("labels.tier",)).action == "delete"


def test_a_source_that_knows_another_label_does_not_know_this_one() -> None:
    action = made(w.campaign("1"), protect=TIER, fields=("labels.team",))
    assert action.reason == "protected"


def test_a_record_that_says_it_is_unknown_is_believed_before_its_header() -> None:
    odd = w.campaign("1", unknown=("createdAt",))
    before = w.glob(created_before=BORN)
    assert made(odd, protect=before, fields=("createdAt",)).reason == "protected"


def test_what_fails_for_certain_does_not_hold_whatever_else_is_unknown() -> None:
    both = w.glob("Other *", labels={"tier": "gold"})
    assert made(w.campaign("1"), protect=both).action == "delete"
    active = w.glob(status=(Status.RUNNING,), labels={"tier": "gold"})
    assert made(w.campaign("1", status=Status.STOPPED), protect=active).action == "delete"


@pytest.mark.parametrize("status", [None, Status.UNKNOWN])
def test_an_unknown_status_is_unknown(status: Status | None) -> None:
    action = made(w.campaign("1", status=status), protect=w.glob(status=(Status.PAUSED,)))
    assert action.reason == "protected"


def test_all_that_may_hold_is_listed() -> None:
    several = w.glob(labels={"tier": "gold", "team": "x"}, created_before=BORN)
    action = made(w.campaign("1"), protect=several, looks=("labels", "createdAt"))
    assert [one.field for one in action.look_first] == ["labels.tier", "labels.team", "createdAt"]


@pytest.mark.parametrize(("value", "reason"), [("soon", "protected"), ("2999-01-01", "declared")])
def test_a_label_that_should_hold_a_date_and_does_not_is_unknown(value: str, reason: str) -> None:
    expired = w.glob(label_before={"expiresAt": "now"})
    assert made(w.campaign("1", labels={"expiresAt": value}), protect=expired).reason == reason


def test_a_label_is_there_in_whatever_form_its_key_is_written() -> None:
    protect = w.glob(labels={"caf\u00e9": "gold"}, status=(Status.PAUSED,))
    record = w.campaign("1", labels={"cafe\u0301": "gold"}, status=Status.UNKNOWN)
    assert made(record, protect=protect, looks=("status",)).look_first[0].field == "status"


LEGAL = w.glob("Legal *")


def nameless(**more: Any) -> Campaign:
    return replace(w.campaign("1"), name="", **more)


@pytest.mark.parametrize("keep", [{"name": "Legal hold"}, {"match": LEGAL}])
def test_a_name_that_the_source_does_not_have_is_unknown(keep: dict[str, Any]) -> None:
    facts = w.facts([nameless()], a=AccountFacts(complete=True, campaigns=1, fields=("status",)))
    m = w.manifest("m", [{"id": "1"}], keep=[keep])
    (action,) = w.plan([m], [nameless()], facts_=facts).actions
    assert (action.action, action.reason) == ("refuse", "kept")
    assert "does not say name" in (action.message or "")


def test_a_name_that_could_not_be_read_is_unknown_whatever_stands_there() -> None:
    odd = replace(w.campaign("1"), name="17", unknown=("name",))
    assert made(odd, protect=LEGAL, fields=("name",)).reason == "protected"
    assert made(odd, protect=LEGAL, looks=("name",)).look_first[0].field == "name"
    assert made(odd, protect=w.glob("1?"), fields=("name",)).reason == "protected"


def test_an_empty_name_is_known_where_the_source_has_names() -> None:
    sms = w.glob("Legal *", channel=("sms",))
    for fields in (None, ("name",), ("name", "status")):
        assert made(nameless(), protect=LEGAL, fields=fields).action == "delete"
        assert made(nameless(), protect=sms, fields=fields).action == "delete"


def test_a_name_that_is_unknown_does_not_hold_what_fails_otherwise() -> None:
    running = w.glob("Legal *", status=(Status.RUNNING,))
    stopped = nameless(status=Status.STOPPED)
    assert made(stopped, protect=running, fields=("status",)).action == "delete"


def test_a_waiver_lifts_a_protection_that_nobody_can_judge() -> None:
    waivers = (waiver("protected", id="1"),)
    assert made(w.campaign("1"), protect=TIER, waivers=waivers).action == "delete"


@pytest.mark.parametrize(("slip", "meant"), [("campaing-1", "campaign-1"), (" C1", "c1")])
def test_an_exception_that_finds_nothing_is_told_with_what_was_meant(slip: str, meant: str) -> None:
    m = w.manifest("m", [{"match": w.glob("*")}], keep=[{"id": slip}])
    plan = w.plan([m], [w.campaign("campaign-1"), w.campaign("c1"), w.campaign("other")])
    (one,) = [one for one in plan.warnings if one.code == "exception-matches-nothing"]
    assert f"{meant!r}" in one.message


def test_an_exception_says_nothing_where_the_inventory_is_not_complete() -> None:
    m = w.manifest("m", [{"match": w.glob("*")}], keep=[{"id": "nowhere"}])
    plan = w.plan([m], [w.campaign("1")], w.project(w.account(complete=False)))
    assert not [one for one in plan.warnings if one.code == "exception-matches-nothing"]


# ---------------------------------------------------------------- any project

VALUES = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from([Status.STOPPED, Status.PAUSED, Status.UNKNOWN]),
        "channel": st.sampled_from(["sms", "push"]),
        "created_at": st.sampled_from([BORN, BORN + timedelta(days=400)]),
        "labels": st.dictionaries(st.sampled_from(["tier", "team"]), st.sampled_from("ab")),
        "unknown": st.lists(
            st.sampled_from(["labels", "createdAt", "status", "labels.tier"]), max_size=2
        ).map(tuple),
    },
)
RULES = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["name*", "other*"]),
        "status": st.sampled_from([(Status.STOPPED,), (Status.PAUSED,)]),
        "channel": st.just(("sms",)),
        "created_before": st.just(BORN + timedelta(days=1)),
        "labels": st.sampled_from([{"tier": "a"}, {"team": "b"}, {"tier": "a", "team": "b"}]),
    },
).filter(bool)
FIELDS = st.none() | st.lists(
    st.sampled_from(["status", "channel", "createdAt", "labels", "labels.tier"]), unique=True
).map(tuple)


def worlds(record: Campaign, fields: tuple[str, ...] | None) -> list[Campaign]:
    """Every campaign that *record* may be, of the values that matter here."""
    from reconciler.declare.known import unknown

    facts = AccountFacts(fields=fields)
    found = [record]
    for field, name, values in (
        ("status", "status", [Status.STOPPED, Status.PAUSED, Status.DRAFT]),
        ("channel", "channel", ["sms", "push", None]),
        ("createdAt", "created_at", [BORN, BORN + timedelta(days=400), None]),
    ):
        said = getattr(record, name)  # what is there is known, whatever the record says of it
        if said in (None, Status.UNKNOWN) and unknown(record, facts, field):
            found = [replace(one, **{name: value}) for one in found for value in values]
    for label in ("tier", "team"):
        if label not in (record.labels or {}) and unknown(record, facts, f"labels.{label}"):
            found = [
                replace(one, labels={**(one.labels or {}), **({label: v} if v else {})})
                for one in found
                for v in ("a", "b", None)
            ]
    return found


def holds(rule: dict[str, Any], one: Campaign) -> bool:
    """The contract read plainly, of a campaign of which everything is known."""
    labels = one.labels or {}
    return (
        one.name.startswith(rule.get("name", "*")[:-1])
        and ("status" not in rule or one.status in rule["status"])
        and ("channel" not in rule or one.channel in rule["channel"])
        and (
            "created_before" not in rule
            or (one.created_at is not None and one.created_at < rule["created_before"])
        )
        and all(labels.get(key) == value for key, value in rule.get("labels", {}).items())
    )


@settings(
    max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(VALUES, RULES, FIELDS, st.none() | FIELDS, st.booleans())
def test_nothing_that_an_exception_might_hold_goes_without_a_look_that_clears_it(
    values: dict[str, Any],
    rule: dict[str, Any],
    fields: tuple[str, ...] | None,
    looks: tuple[str, ...] | None,
    keep: bool,
) -> None:
    record = w.campaign("1", "name 1", **values)
    said = w.glob(**rule)
    more = {"keep": said} if keep else {"protect": said}
    action = made(record, fields=fields, looks=looks, **more)
    might = any(holds(rule, one) for one in worlds(record, fields))
    if not might:
        assert action.action == "delete", action
        return
    if action.action == "delete":
        shown = {one.field for one in action.look_first or ()}
        assert shown, action
        assert all(exceptions._covers(looks or (), one) for one in shown)

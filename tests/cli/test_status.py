"""`reconciler status` sends nothing; it tells runs, outcomes, doubts, locks, closed windows."""

import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from reconciler.apply.settle import status as standing
from reconciler.lanes.locks import Locks
from reconciler.plan import planfile
from tests.support.apply_site import NUMBERS, Site, sandbox


def found(site: Site, *options: str, code: int = 0) -> dict[str, Any]:
    assert site.run("status", "--format", "json", *options) == code, site.err
    told: dict[str, Any] = json.loads(site.out)
    return told


def test_a_project_that_never_applied_anything(bare: Site) -> None:
    told = found(bare)
    assert (told["project"], told["runs"], told["inDoubt"], told["lanes"]) == ("site", [], [], [])
    assert bare.run("status") == 0
    assert "No run yet." in bare.out


def files(site: Site) -> dict[str, bytes]:
    """Every file of the project, and what is in it."""
    every = (one for one in site.root.rglob("*") if one.is_file())
    return {str(one.relative_to(site.root)): one.read_bytes() for one in every}


READERS = [
    ("status",),
    ("status", "plan.json"),
    ("status", "--format", "json"),
    ("show", "plan.json"),
]


@pytest.mark.parametrize("reader", READERS, ids=" ".join)
def test_who_only_reads_creates_nothing_where_nothing_ever_ran(
    bare: Site, reader: tuple[str, ...]
) -> None:
    bare.plan("--account", "push")
    before = files(bare), sorted(bare.root.iterdir())
    assert bare.run(*reader) == 0
    assert (files(bare), sorted(bare.root.iterdir())) == before


@pytest.mark.parametrize("reader", READERS, ids=" ".join)
def test_who_only_reads_changes_nothing_and_waits_for_no_writer(
    site: Site, monkeypatch: pytest.MonkeyPatch, reader: tuple[str, ...]
) -> None:
    monkeypatch.setattr("reconciler.lanes.journal.opening._PATIENCE", 0.0)
    site.plan("--account", "push")
    assert site.apply("--limit", "2") == 5
    before = files(site)
    state = site.root / ".reconciler" / "state.db"
    with closing(sqlite3.connect(state, isolation_level=None)) as holding:
        holding.execute("BEGIN IMMEDIATE")
        assert site.run(*reader) == 0, site.err
        holding.execute("ROLLBACK")
    holding.close()
    after = files(site)
    beside = {".reconciler/state.db-wal", ".reconciler/state.db-shm"}  # the writer's own
    assert {k: v for k, v in after.items() if k not in beside} == before


def test_a_plan_that_was_never_applied_is_pending(bare: Site) -> None:
    bare.plan("--account", "push")
    told = found(bare, "plan.json")
    assert told["outcomes"]["pending"] == 3
    assert told["plan"].startswith("sha256:")


def test_outcomes_and_runs_of_a_plan(site: Site) -> None:
    site.plan("--account", "push")
    assert site.apply("--limit", "2") == 5
    told = found(site, "plan.json")
    assert (told["outcomes"]["deleted"], told["outcomes"]["pending"]) == (2, 1)
    (run,) = told["runs"]
    assert (run["kind"], run["exitCode"]) == ("apply", 5)
    assert run["ended"] is not None
    assert site.run("status", "plan.json") == 0
    assert "2 deleted, 1 pending" in site.out


def test_of_a_plan_that_was_applied_the_journal_alone_tells_the_outcomes(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.plan("--account", "push")
    assert site.apply("--limit", "2") == 5
    told = found(site, "plan.json")
    with monkeypatch.context() as patched:
        patched.setattr(planfile, "read", None)  # its actions are not looked at
        assert found(site, "plan.json") == told
    monkeypatch.setattr(standing, "_counted", lambda *_: None)
    assert found(site, "plan.json") == told


def test_what_another_plan_did_is_told_target_by_target(site: Site) -> None:
    site.plan("--account", "push")
    assert site.apply("--limit", "2") == 5
    site.plan("--account", "push", "--author", "b@acme.example")
    assert site.apply("--limit", "1") == 0
    outcomes = found(site, "plan.json")["outcomes"]
    assert {name: number for name, number in outcomes.items() if number} == {"deleted": 3}


def test_doubts_are_6_with_a_plan_and_name_their_request(bare: Site) -> None:
    with sandbox("ozonetel:drop-after=2") as url:
        bare.url = url
        bare.write()
        bare.plan("--account", "dialer")
        assert bare.apply("--first-run", "--max-wait", "0") == 6
    told = found(bare, "plan.json", code=6)
    assert len(told["inDoubt"]) == 4
    assert len({one["request"] for one in told["inDoubt"]}) == 1
    assert {one["state"] for one in told["inDoubt"]} == {"in doubt"}
    assert not any(number in bare.out for number in NUMBERS)
    assert found(bare)["inDoubt"] == told["inDoubt"]
    bare.run("status", "--show-numbers")
    assert NUMBERS[0] in bare.out
    bare.plan("--account", "push")
    assert found(bare, "plan.json")["inDoubt"] == []


def test_a_run_that_died_leaves_its_request_in_doubt_and_one_that_lives_in_flight(
    site: Site,
) -> None:
    site.plan("--account", "push")
    assert site.apply("--limit", "1") == 5
    with closing(sqlite3.connect(site.root / ".reconciler" / "state.db")) as db, db:
        db.execute("UPDATE requests SET answered=NULL, status=NULL WHERE kind='delete'")
        db.execute("UPDATE targets SET outcome=NULL")
    db.close()
    assert len(found(site, "plan.json", code=6)["inDoubt"]) == 1
    locks = Locks(site.root / ".reconciler" / "state.db.locks")
    who = {"pid": 4711, "user": "u", "host": "h", "accounts": ["push"], "since": "now"}
    locks.take([f"{site.url}/batch project project_1"], who)
    try:
        told = found(site, "plan.json")
        assert (told["inFlight"], told["inDoubt"]) == (1, [])
        (lane,) = told["lanes"]
        assert (lane["owner"]["pid"], lane["accounts"]) == (4711, ["push"])
        assert site.run("status") == 0
        assert "held by pid 4711 of u on h" in site.out
    finally:
        locks.release()


def test_the_rule_that_blocks_now_and_when_it_opens(bare: Site) -> None:
    bare.guards = "windows: [{kind: deny, from: 2020-01-01, to: 2090-12-31, because: Peak freeze}]"
    bare.write()
    told = found(bare)
    assert {one["account"] for one in told["blocked"]} == set(bare.accounts)
    assert {one["because"] for one in told["blocked"]} == {"Peak freeze"}
    assert {one["opensAt"] for one in told["blocked"]} <= {"2091-01-01T00:00:00Z", None}
    bare.run("status")
    assert "Peak freeze" in bare.out


def test_when_a_window_opens_is_told_in_its_own_zone(bare: Site) -> None:
    from datetime import UTC, datetime, timedelta

    today = datetime.now(UTC).date()
    until = today + timedelta(days=3)
    dates = f"from: {today - timedelta(days=3)}, to: {until}"
    bare.guards = f"windows: [{{kind: deny, {dates}, timeZone: Asia/Kolkata}}]"
    bare.write()
    assert {one["timeZone"] for one in found(bare)["blocked"]} == {"Asia/Kolkata"}
    bare.run("status")
    opens = f"{until + timedelta(days=1)} 00:00 +05:30 (Asia/Kolkata)"
    assert f"; opens {opens}" in bare.out
    bare.plan("--account", "push")
    assert bare.apply() == 3
    assert f"; opens {opens}" in bare.err


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--reviewed", "1"], 64),
        (["--by", "carol", "--because", "x"], 64),
        (["--reviewed", "1", "--by", "carol", "--because", "x"], 1),
    ],
    ids=["alone", "without a run", "no such run"],
)
def test_a_review_needs_a_run_a_name_and_a_reason(
    bare: Site, options: list[str], code: int
) -> None:
    assert bare.run("status", *options) == code


def test_what_was_waived_is_open_until_it_is_reviewed(site: Site) -> None:
    closed = "windows: [{kind: deny, from: 2020-01-01, to: 2090-12-31}]"
    site.guards = f"maxDeletions: {{count: 100}}, waivable: [windows], {closed}"
    site.write()
    site.plan("--account", "push")
    assert site.apply() == 3
    waive = ["--waive", "windows", "--because", "outage", "--ticket", "CHG-9"]
    assert site.apply(*waive) == 0, site.err
    (one,) = found(site)["openForReview"]
    assert (one["rule"], one["because"], one["ticket"]) == ("windows", "outage", "CHG-9")
    number = str(one["run"])
    assert site.run("status", "--reviewed", number, "--by", "carol", "--because", "fine") == 0
    assert found(site)["openForReview"] == []


def test_a_variable_may_say_where_the_journal_is(
    bare: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (bare.root / "reconciler.yaml").read_text()
    (bare.root / "reconciler.yaml").write_text(
        text.replace("spec:\n", "spec:\n  state: {env: RECONCILER_STATE}\n")
    )
    for value in ("", "mysql://u:sekret@h/d", "sqlite:///"):
        monkeypatch.setenv("RECONCILER_STATE", value)
        assert bare.run("status") == 1
        assert "sqlite:///PATH" in bare.err
        assert "sekret" not in bare.err
    monkeypatch.setenv("RECONCILER_STATE", "sqlite:///elsewhere/state.db")
    assert bare.run("status") == 0

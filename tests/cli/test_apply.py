"""`reconciler apply` over the sandbox: what is sent, what is told, with which exit code."""

import json
import os
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

import pytest

from reconciler.cli import apply as command
from reconciler.cli._listeners import EventsListener
from reconciler.cli.main import main
from reconciler.lanes.locks import Locks
from tests.support.apply_site import KEYS, NUMBERS, Site, campaigns, free_port, sandbox, stamp

OLD = sorted(
    [f"{a}/{a}-old-{n}" for a in ("push", "ios", "contact") for n in range(3)]
    + [f"dialer/d{n}#{number}" for n in range(2) for number in NUMBERS]
    + [f"sms/67516{n:019x}" for n in (1, 2)]
)


# ---------------------------------------------------------------- the whole way


def test_apply_deletes_exactly_what_was_planned_and_proves_it(site: Site) -> None:
    plan = site.plan()
    assert plan["summary"]["targets"] == len(OLD)
    code, outcomes = site.outcomes("--first-run")
    assert code == 0, site.err
    assert outcomes == dict.fromkeys(OLD, "deleted")
    assert site.effects() == OLD
    deletes = [row for row in site.ledger() if row["effect"]]
    assert len(deletes) == plan["estimate"]["requests"]


def test_estimate_dry_run_and_apply_send_the_same_growing_requests(bare: Site) -> None:
    numbers = [str(918187860000 + n) for n in range(40)]
    records = [
        {"account": "dialer", "id": f"d{n}", "name": f"old {n}", "phoneNumbers": numbers}
        for n in range(50)
    ]
    bare.inventory(records)
    bare.accounts = {"dialer": bare.accounts["dialer"]}
    bare.guards = "maxDeletions: {count: 10000}"
    for one in ("push", "ios", "contact", "sms"):
        (bare.root / "manifests" / f"{one}.yaml").unlink()
    with sandbox(records=records) as bare.url:
        bare.write()
        assert bare.plan()["estimate"]["requests"] == 2  # 1,000, then the rest
        assert bare.apply("--dry-run", "--format", "json") == 0
        shown = [one["body"] for one in json.loads(bare.out)["requests"] if one["targets"]]
        assert [len(b["campaignName"]) * len(b["phoneNumber"]) for b in shown] == [1000, 1000]
        code, report = bare.report("--first-run")
        assert (code, report["summary"]["deleted"]) == (0, 2000)
        assert [row["body"] for row in bare.ledger() if row["effect"]] == shown


def test_an_applied_plan_sends_nothing_even_expired_with_everything_else_wrong(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = datetime.now(UTC) - timedelta(days=6, hours=23)
    site.inventory(age=timedelta(days=6, hours=23, minutes=30))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(old.timestamp())))
    site.plan()
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    assert site.apply("--first-run") == 0, site.err
    before = len(site.ledger())
    site.guards = "planMaxAge: 1h, windows: [{kind: deny, from: 2020-01-01, to: 2999-01-01}]"
    site.write()
    (site.root / "manifests" / "push.yaml").write_text("broken: [")
    for name in KEYS:
        monkeypatch.delenv(name)
    assert site.apply() == 0, site.err
    assert len(site.ledger()) == before


def test_the_report_has_exactly_the_shape_of_the_contract(site: Site) -> None:
    site.plan()
    code, report = site.report("--first-run")
    assert code == 0
    # `notes` is ours, and last; all else is the contract's.
    assert list(report)[:8] == [
        "apiVersion", "kind", "plan", "startedAt", "endedAt", "exitCode", "summary", "targets",
    ]  # fmt: skip
    assert (report["apiVersion"], report["kind"]) == ("reconciler/v1", "Report")
    assert report["plan"].startswith("sha256:")
    assert report["exitCode"] == 0
    assert report["summary"] == {
        "deleted": len(OLD),
        "already-absent": 0,
        "refused": 0,
        "drifted": 0,
        "pending": 0,
        "in-doubt": 0,
    }
    for one in report["targets"]:
        assert list(one) == [
            *("account", "scope", "id", "part", "name", "outcome", "detail", "evidence"),
            *("attempts", "requests", "driver", "sources", "copy", "reason"),
        ]
        assert one["evidence"] == "answer"
        assert one["attempts"] == len(one["requests"]) == 1
        (sent,) = one["requests"]
        assert list(sent) == ["at", "method", "url", "status"]
        assert sent["status"] in (200, 204)
    shown = json.dumps(report)
    for secret in KEYS.values():
        assert secret not in shown
    for number in NUMBERS:
        assert number not in shown
    ios = next(one for one in report["targets"] if one["account"] == "ios")
    assert "/1.1/***/campaigns/delete/ios-old-0" in ios["requests"][0]["url"]


def test_no_secret_is_in_any_file_or_output(site: Site) -> None:
    site.plan()
    assert site.apply("--first-run", "--events", "events.ndjson") == 0
    shown = site.out + site.err
    for path in site.root.rglob("*"):
        if path.is_file():
            shown += path.read_bytes().decode("utf-8", "replace")
    for secret in KEYS.values():
        assert secret not in shown


def test_plan_and_apply_work_from_anywhere(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert site.run("-C", str(site.root), "plan", "--out", "p.json") == 0, site.err
    monkeypatch.chdir(elsewhere)
    assert site.run("-C", str(site.root), "apply", "p.json", "--first-run") == 0, site.err
    assert (site.root / ".reconciler" / "state.db").exists()
    assert list(elsewhere.iterdir()) == []


# ---------------------------------------------------------------- dry run


def test_a_dry_run_opens_no_socket_reads_no_credential_and_shows_every_request(
    bare: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = bare.plan()
    for name in KEYS:
        monkeypatch.delenv(name)

    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", never)
    monkeypatch.setattr(socket, "create_connection", never)
    monkeypatch.setattr(socket, "getaddrinfo", never)
    assert bare.apply("--dry-run", "--format", "json") == 0, bare.err
    document = json.loads(bare.out)
    assert document["kind"] == "DryRun"
    requests = document["requests"]
    tokens = [one for one in requests if one.get("ifNeeded")]
    assert [one["account"] for one in tokens] == ["dialer"]
    assert sorted(t for one in requests for t in one["targets"]) == OLD
    assert len(requests) - len(tokens) == plan["estimate"]["requests"]
    for one in requests:
        assert list(one)[:6] == ["account", "method", "url", "headers", "body", "targets"]
    push = next(one for one in requests if one["account"] == "push")
    assert push == {
        "account": "push",
        "method": "POST",
        "url": f"{bare.url}/batch/2.8/campaigns/delete",
        "headers": {
            "Authorization": "Bearer ***",
            "X-Batch-Project": "project_1",
            "Content-Type": "application/json",
        },
        "body": {"id": "push-old-0"},
        "targets": ["push/push-old-0"],
    }
    assert not (bare.root / ".reconciler").exists()


def test_a_dry_run_in_text_shows_the_same(bare: Site) -> None:
    bare.plan()
    assert bare.apply("--dry-run") == 0
    assert "/1.1/***/campaigns/delete/ios-old-0" in bare.out
    for secret in KEYS.values():
        assert secret not in bare.out + bare.err


def test_a_dry_run_honours_account_and_limit(bare: Site) -> None:
    bare.plan()
    assert bare.apply("--dry-run", "--format", "json", "--account", "push", "--limit", "2") == 0
    targets = [t for one in json.loads(bare.out)["requests"] for t in one["targets"]]
    assert targets == ["push/push-old-0", "push/push-old-1"]


# ---------------------------------------------------------------- part of it


def test_a_canary_stops_after_n_and_the_rest_follows(site: Site) -> None:
    site.plan()
    code, outcomes = site.outcomes("--first-run", "--limit", "3")
    assert code == 5
    assert list(outcomes.values()).count("deleted") == 3
    assert list(outcomes.values()).count("pending") == len(OLD) - 3
    assert len(site.effects()) == 3
    code, outcomes = site.outcomes()
    assert code == 0, site.err
    assert outcomes == dict.fromkeys(OLD, "deleted")
    assert site.effects() == OLD


def test_one_account_alone(site: Site) -> None:
    site.plan()
    code, outcomes = site.outcomes("--account", "push")
    assert code == 5
    gone = [one for one, outcome in outcomes.items() if outcome == "deleted"]
    assert gone == [f"push/push-old-{n}" for n in range(3)]
    assert {row["vendor"] for row in site.ledger()} == {"batch-cep"}
    assert site.outcomes("--first-run")[0] == 0


# ---------------------------------------------------------------- exit codes before a request


def test_another_project_is_4(site: Site) -> None:
    site.plan()
    path = site.root / "reconciler.yaml"
    path.write_text(path.read_text().replace("{name: site}", "{name: other}"))
    assert site.apply("--first-run") == 4
    assert "other" in site.err
    assert site.ledger() == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("project: project_1", "project: project_2"),
        ("restApiKey: {env: CEP_KEY}", "restApiKey: {env: MEP_KEY}"),
        ("/batch, limits", "/batch2, limits"),
    ],
)
def test_an_account_that_is_no_longer_what_it_was_is_4(site: Site, before: str, after: str) -> None:
    site.plan()
    site.accounts["push"] = site.accounts["push"].replace(before, after)
    site.write()
    assert site.apply("--first-run") == 4
    assert "push" in site.err
    assert site.ledger() == []


def test_limits_and_guards_of_an_account_may_change(site: Site) -> None:
    site.plan()
    site.accounts["push"] = site.accounts["push"].replace("requests: 50", "requests: 40")
    site.write()
    assert site.apply("--first-run") == 0, site.err


def test_an_expired_plan_is_4(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.inventory(age=timedelta(days=9))
    old = datetime.now(UTC) - timedelta(days=8, hours=23)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(old.timestamp())))
    site.plan()
    assert site.apply("--first-run") == 4
    assert "expired" in site.err
    assert site.ledger() == []


def test_a_started_plan_may_be_resumed_after_it_expired(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.guards = "maxDeletions: {count: 100}, planMaxAge: 24h, inventoryMaxAge: 2400h"
    site.write()
    site.inventory(age=timedelta(days=3))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int((datetime.now(UTC)).timestamp()) - 86_390))
    site.plan()
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    assert site.apply("--first-run", "--limit", "1") == 5, site.err
    site.guards = "maxDeletions: {count: 100}, planMaxAge: 1h, inventoryMaxAge: 2400h"
    site.write()
    assert site.apply("--first-run") == 0, site.err
    site.guards += ", resumeMaxAge: 1s"


def test_every_changed_byte_of_a_plan_changes_its_name_or_is_refused(site: Site) -> None:
    site.plan("--account", "push")
    good = (site.root / "plan.json").read_bytes()
    for place in range(0, len(good), 97):
        bad = bytearray(good)
        bad[place] ^= 0x20
        (site.root / "bad.json").write_bytes(bytes(bad))
        code = site.apply("--dry-run", "--format", "json", plan="bad.json")
        assert code in (0, 1, 4), (place, site.err)
        if code == 0:
            sent = [t for one in json.loads(site.out)["requests"] for t in one["targets"]]
            assert set(sent) <= {f"push/push-old-{n}" for n in range(3)}
    assert site.ledger() == []


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b"not json", b'{"kind":"Plan"}', b"\xff\xfe"])
def test_what_is_no_plan_is_refused(site: Site, text: bytes) -> None:
    (site.root / "plan.json").write_bytes(text)
    assert site.apply("--first-run") in (1, 4)
    assert site.ledger() == []


def test_a_newer_plan_version_is_4(site: Site) -> None:
    site.plan()
    path = site.root / "plan.json"
    path.write_bytes(path.read_bytes().replace(b"reconciler/v1", b"reconciler/v9", 1))
    assert site.apply("--first-run") == 4
    assert site.ledger() == []


def test_exit_codes_before_a_request_come_in_their_order(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """64, 1, 4, 3, 75: mend one after the other, and the next is told."""
    site.inventory(age=timedelta(days=9))
    old = datetime.now(UTC) - timedelta(days=8, hours=23)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(old.timestamp())))
    site.plan()
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    closed = "windows: [{kind: deny, from: 2020-01-01, to: 2999-01-01}]"
    site.guards = f"maxDeletions: {{count: 100}}, inventoryMaxAge: 2400h, {closed}"
    site.write()
    good = (site.root / "manifests" / "push.yaml").read_text()
    (site.root / "manifests" / "push.yaml").write_text(good + "surplus: 1\n")
    monkeypatch.delenv("CEP_KEY")
    locks = Locks(site.root / ".reconciler" / "state.db.locks")
    locks.take(
        [f"{site.url}/batch project project_1"], {"pid": 1, "accounts": ["push"], "user": "u"}
    )

    assert site.apply("--account", "nobody") == 64
    assert site.apply("--max-wait", "soon") == 64
    assert site.apply() == 64  # no journal, and dialer cannot be looked at
    assert site.apply("--first-run") == 1
    assert "surplus" in site.err
    (site.root / "manifests" / "push.yaml").write_text(good)
    assert site.apply("--first-run") == 1
    assert "CEP_KEY" in site.err
    monkeypatch.setenv("CEP_KEY", KEYS["CEP_KEY"])
    assert site.apply("--first-run") == 4
    assert "expired" in site.err
    site.plan()
    assert site.apply("--first-run") == 3
    assert "window" in site.err
    site.guards = "maxDeletions: {count: 100}, inventoryMaxAge: 2400h"
    site.write()
    assert site.apply("--first-run") == 75
    assert "pid 1 of u" in site.err
    assert site.ledger() == []
    locks.release()
    assert site.apply("--first-run") == 0, site.err


def test_a_broken_manifest_is_told_before_another_project(site: Site) -> None:
    site.plan()
    path = site.root / "reconciler.yaml"
    path.write_text(path.read_text().replace("{name: site}", "{name: other}"))
    (site.root / "manifests" / "push.yaml").write_text("broken: [")
    assert site.apply("--first-run") == 1


def test_an_account_nobody_has_is_told_before_another_project(site: Site) -> None:
    site.plan()
    path = site.root / "reconciler.yaml"
    path.write_text(path.read_text().replace("{name: site}", "{name: other}"))
    assert site.apply("--account", "nobody") == 64


@pytest.mark.parametrize(
    "options",
    [
        ["--waive", "windows"],
        ["--waive", "windows", "--waive", "approvals", "--because", "x", "--ticket", "T"],
        ["--because", "x"],
        ["--report", "nonsense=x"],
        ["--report", "json"],
        ["--limit", "0"],
        ["--events", "-", "--format", "json"],
        ["--update-inventory", "--inventory", "-"],
    ],
    ids=" ".join,
)
def test_what_cannot_be_meant_is_64(site: Site, options: list[str]) -> None:
    site.plan()
    assert site.apply("--first-run", *options) == 64
    assert site.ledger() == []


def test_without_a_plan_and_a_terminal_it_is_64(site: Site) -> None:
    assert site.run("apply") == 64


# ---------------------------------------------------------------- guards at apply


def test_a_plan_with_violations_is_3(site: Site) -> None:
    site.guards = "maxDeletions: {count: 2}"
    site.write()
    site.plan(code=3)
    assert site.apply("--first-run") == 3
    assert "max-deletions" in site.err
    assert site.ledger() == []


def test_max_deletions_is_judged_again_on_what_is_left(site: Site) -> None:
    site.plan()
    site.guards = "maxDeletions: {count: 3}"
    site.write()
    assert site.apply("--first-run") == 3
    assert "dialer" in site.err
    site.manifest("dialer", keep="dialer", name="nothing")
    assert site.apply("--first-run") == 0, site.err
    assert not any(one.startswith("dialer/") for one in site.effects())


def test_ten_small_plans_in_an_hour_are_one_big_one(site: Site) -> None:
    site.guards = "maxDeletions: {count: 4, per: 1h}"
    site.write()
    for path in (site.root / "manifests").iterdir():
        path.unlink()
    site.manifest("push", name="old *")
    site.plan()
    assert site.apply() == 0, site.err
    site.manifest("push", name="* 1")
    site.plan()
    assert site.apply() == 0, site.err  # new 1: the fourth
    site.manifest("push", name="new 0")
    site.plan()
    assert site.apply() == 3
    assert "max-deletions (push)" in site.err
    assert len(site.effects()) == 4


def test_an_old_inventory_is_judged_against_the_larger_age_at_apply(site: Site) -> None:
    site.guards = "maxDeletions: {count: 100}, inventoryMaxAge: 24h, planMaxAge: 48h"
    site.write()
    site.inventory(age=timedelta(hours=2))
    site.plan()
    site.inventory(age=timedelta(hours=47))
    assert site.apply("--account", "push") == 5, site.err
    site.inventory(age=timedelta(hours=49))
    assert site.apply("--account", "ios") == 3
    assert "inventory-age" in site.err


def parts_of_an_inventory(site: Site, shape: str, *, days: int) -> list[str]:
    """The options for an inventory one part of which is *days* old, and one of unknown age."""
    records = [one for one in campaigns() if one["account"] == "push"]
    at = stamp(datetime.now(UTC) - timedelta(days=days))
    head = json.dumps({"kind": "Inventory", "accounts": {"push": {"capturedAt": at}}})
    first, rest = json.dumps(records[0]), [json.dumps(one) for one in records[1:]]
    if shape == "one file":
        texts = {"a.ndjson": [first, head, *rest]}
    elif shape == "a table":
        table = [f"push,{one['id']},{one['name']},stopped" for one in records[1:]]
        texts = {"a.ndjson": [head, first], "b.csv": ["account,id,name,status", *table]}
    else:
        texts = {"a.ndjson": [first], "b.ndjson": [head, *rest]}
    for name, lines in texts.items():
        (site.root / name).write_text("\n".join(lines) + "\n")
    return [option for name in texts for option in ("--inventory", name)]


@pytest.mark.parametrize("shape", ["two files", "one file", "a table"])
def test_the_old_part_of_an_inventory_is_judged_though_another_has_no_time(
    bare: Site, shape: str
) -> None:
    old = parts_of_an_inventory(bare, shape, days=14)
    (violation,) = bare.plan("--account", "push", *old, code=3)["violations"]
    assert (violation["guard"], violation["account"]) == ("inventory-age", "push")
    assert "part of the inventory is 14d old" in violation["message"]
    young = parts_of_an_inventory(bare, shape, days=0)
    assert bare.plan("--account", "push", *young)["applicable"]
    old = parts_of_an_inventory(bare, shape, days=14)
    assert bare.apply("--first-run", *old) == 3
    assert "part of the inventory is 14d old" in bare.err


# ---------------------------------------------------------------- no journal


def test_without_a_journal_what_can_be_looked_at_is_looked_at(site: Site) -> None:
    site.plan("--account", "push", "--account", "ios", "--account", "contact", "--account", "sms")
    code, outcomes = site.outcomes()
    assert code == 0, site.err
    assert set(outcomes.values()) == {"deleted"}
    assert "no trace of contact, ios, push, sms" in site.err
    first = {}
    for row in site.ledger():
        first.setdefault(row["vendor"], row)
    assert all(not row["effect"] for row in first.values())


def test_without_a_journal_what_cannot_be_looked_at_needs_first_run(site: Site) -> None:
    site.plan()
    assert site.apply() == 64
    assert "--first-run" in site.err
    assert "dialer" in site.err
    assert site.ledger() == []
    assert site.apply("--account", "push") == 5


def test_first_run_skips_no_look(site: Site) -> None:
    site.plan("--account", "push")
    assert site.apply("--first-run") == 0
    assert [row["method"] for row in site.ledger()] == ["GET", "POST", "POST", "POST"]


# ---------------------------------------------------------------- drift


def test_a_keep_since_the_plan_saves_its_campaign_and_is_no_failure(site: Site) -> None:
    site.plan()
    site.manifest("push", keep="push-old-1")
    code, outcomes = site.outcomes("--first-run")
    assert code == 0, site.err
    assert outcomes["push/push-old-1"] == "drifted"
    assert "push/push-old-1" not in site.effects()
    assert len(site.effects()) == len(OLD) - 1


def test_a_changed_record_lives_and_is_told_field_by_field(site: Site) -> None:
    site.plan()
    records = campaigns()
    records[0]["createdAt"] = "2026-01-01T00:00:00Z"
    records[1]["status"] = "running"
    records[2]["name"] = "renamed"
    site.inventory(records)
    code, report = site.report("--first-run")
    assert code == 5
    details = {one["id"]: one["detail"] for one in report["targets"] if one["outcome"] == "drifted"}
    assert details["push-old-0"].startswith("another: createdAt: ")
    assert details["push-old-1"] == "running"
    assert details["push-old-2"] == "changed: name: 'old 2' -> 'renamed'"
    assert not any(one.startswith("push/") for one in site.effects())


def test_what_a_newer_complete_inventory_no_longer_lists_is_already_absent(site: Site) -> None:
    site.inventory(age=timedelta(hours=2))
    site.plan("--account", "push")
    site.inventory([one for one in campaigns() if one["id"] != "push-old-1"])
    code, outcomes = site.outcomes()
    assert code == 0, site.err
    assert outcomes["push/push-old-1"] == "already-absent"
    assert "push/push-old-1" not in site.effects()


# ---------------------------------------------------------------- vendors that say no


def test_the_wrong_batch_project_deletes_nothing_and_stops_after_three(bare: Site) -> None:
    records = campaigns()
    more = [{**records[0], "id": f"push-old-{n}", "name": f"old {n}"} for n in range(3, 9)]
    bare.inventory([*records, *more])
    bare.accounts["push"] = bare.accounts["push"].replace("project_1", "project_wrong")
    with sandbox(records=[*records, *more]) as url:
        bare.url = url
        bare.write()
        bare.plan("--account", "push")
        assert (
            bare.apply("--account", "push", "--limit", "1") == 5
        )  # the journal has a trace of it now
        assert bare.outcomes("--account", "push")[0] == 5
        code, outcomes = bare.outcomes("--account", "push")
        assert code == 5
        assert set(outcomes.values()) <= {"refused", "pending"}
        assert bare.effects() == []


@pytest.mark.parametrize("seen_before", [False, True])
def test_a_listing_of_strangers_confirms_nothing(bare: Site, seen_before: bool) -> None:
    """404 on delete, and a listing that shows other campaigns than ours."""
    strangers = [{**one, "id": f"x-{one['id']}"} for one in campaigns()]
    more = [{**campaigns()[0], "id": f"push-old-{n}", "name": f"old {n}"} for n in range(3, 9)]
    bare.inventory([*campaigns(), *more])
    with sandbox(records=strangers) as url:
        bare.url = url
        bare.write()
        if seen_before:
            bare.plan("--account", "ios")
            bare.apply()
        bare.plan("--account", "push")
        code, outcomes = bare.outcomes()
        assert code == 5
        assert set(outcomes.values()) <= {"refused", "pending"}
        deletes = [r for r in bare.ledger() if r["vendor"] == "batch-cep" and r["method"] == "POST"]
        assert len(deletes) == 3


def test_bad_credentials_stop_one_account_and_the_others_go_on(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEP_KEY", "wrong-key")
    site.plan()
    code, outcomes = site.outcomes("--first-run")
    assert code == 5
    assert {v for k, v in outcomes.items() if not k.startswith("ios/")} == {"deleted"}
    assert {v for k, v in outcomes.items() if k.startswith("ios/")} <= {"refused", "pending"}
    assert "wrong-key" not in site.out + site.err


def test_a_vendor_that_is_not_there_leaves_its_targets_pending(bare: Site) -> None:
    bare.url = f"http://127.0.0.1:{free_port()}"
    bare.write()
    bare.plan("--account", "push")
    code, outcomes = bare.outcomes("--max-wait", "0")
    assert code == 5
    assert set(outcomes.values()) == {"pending"}


def test_a_token_that_expires_in_the_middle_is_renewed(bare: Site) -> None:
    with sandbox("ozonetel:expire=2") as url:
        bare.url = url
        bare.write()
        bare.plan("--account", "dialer")
        code, outcomes = bare.outcomes("--first-run")
        assert code in (0, 5), bare.err
        assert "in-doubt" not in outcomes.values()


def test_a_doubt_is_6(bare: Site) -> None:
    with sandbox("ozonetel:drop-after=2") as url:
        bare.url = url
        bare.write()
        bare.plan("--account", "dialer")
        code, outcomes = bare.outcomes("--first-run", "--max-wait", "0")
        assert code == 6
        assert "in-doubt" in outcomes.values()
        sent = len(bare.ledger())
        assert bare.outcomes("--max-wait", "0")[0] == 6
        assert len(bare.ledger()) == sent


# ---------------------------------------------------------------- after


def test_update_inventory_makes_the_next_plan_empty(site: Site) -> None:
    site.plan()
    before = (site.root / "inventory.ndjson").read_text()
    captured = json.loads(before.splitlines()[0])["accounts"]["push"]["capturedAt"]
    assert site.apply("--first-run", "--update-inventory") == 0, site.err
    head, *lines = (site.root / "inventory.ndjson").read_text().splitlines()
    facts = json.loads(head)["accounts"]
    assert facts["push"]["campaigns"] == 2
    assert facts["push"]["capturedAt"] == captured
    assert not any('"old' in one for one in lines)
    assert site.run("plan") == 0
    assert "No changes" in site.out


def test_the_inventory_is_updated_under_the_lock_of_a_pull(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    from reconciler.apply import after

    path, seen = site.root / "inventory.ndjson", list[bytes]()
    lock = after.inventory_lock

    @contextmanager
    def watched(site: Any, project: Any) -> Iterator[None]:
        with lock(site, project):
            seen.append(path.read_bytes())
            yield
            seen.append(path.read_bytes())

    monkeypatch.setattr(after, "inventory_lock", watched)
    site.plan()
    before = path.read_bytes()
    assert site.apply("--first-run", "--update-inventory") == 0, site.err
    assert seen == [before, path.read_bytes()]
    assert b"old" in before
    assert b"old" not in seen[1]


def test_without_the_option_the_inventory_is_not_touched(site: Site) -> None:
    site.plan()
    before = (site.root / "inventory.ndjson").read_bytes()
    assert site.apply("--first-run") == 0
    assert (site.root / "inventory.ndjson").read_bytes() == before


def test_a_report_is_told_even_if_a_report_file_cannot_be_written(site: Site) -> None:
    site.plan("--account", "push")
    assert site.apply("--report", "json=/nowhere/at/all.json") == 1
    assert "deleted" in site.out
    assert len(site.effects()) == 3


def test_events_are_json_lines_without_numbers_or_secrets(site: Site) -> None:
    site.plan()
    assert site.apply("--first-run", "--events", "events.ndjson") == 0
    lines = [json.loads(one) for one in (site.root / "events.ndjson").read_text().splitlines()]
    kinds = {one["type"] for one in lines}
    assert {"account-started", "request", "outcome", "account-done"} <= kinds
    outcomes = [one for one in lines if one["type"] == "outcome"]
    assert len(outcomes) == len(OLD)
    assert {one["outcome"] for one in outcomes} == {"deleted"}
    text = (site.root / "events.ndjson").read_text()
    assert not any(number in text for number in NUMBERS)


def test_events_that_cannot_be_written_leave_no_run_behind(site: Site) -> None:
    site.plan()
    assert site.apply("--first-run", "--events", "no/such/folder") == 1
    assert site.ledger() == []
    site.run("status")
    assert "No run yet." in site.out


@pytest.mark.parametrize("outer", ["apply", "pull", "settle"])
def test_events_that_nobody_reads_yet_hold_no_lane(
    site: Site, monkeypatch: pytest.MonkeyPatch, outer: str
) -> None:
    """To open a FIFO waits for its reader, for hours if need be."""
    site.plan("--account", "push")
    commands = {
        "apply": ("apply", "plan.json"),
        "pull": ("inventory", "pull", "--account", "push"),
        "settle": ("settle",),
    }
    if outer == "settle":
        assert site.apply("--limit", "1") == 5
        with closing(sqlite3.connect(site.root / ".reconciler" / "state.db")) as db, db:
            db.execute("UPDATE targets SET outcome='in-doubt'")
        db.close()
    opened, others = EventsListener._opened, []

    def waits(self: EventsListener) -> TextIO | None:
        if self._where == "fifo":
            others.append(main([*commands["apply" if outer != "apply" else "pull"]]))
            reader = os.open("fifo", os.O_RDONLY | os.O_NONBLOCK)
            try:
                return opened(self)
            finally:
                os.close(reader)
        return opened(self)

    os.mkfifo(site.root / "fifo")
    monkeypatch.setattr(EventsListener, "_opened", waits)
    code = site.run(*commands[outer], "--events", "fifo")
    assert len(others) == 1
    assert 75 not in (code, *others), site.err


@pytest.mark.parametrize("format_", ["text", "json", "html"])
def test_whoever_reads_a_report_for_hours_holds_no_lane(
    site: Site, monkeypatch: pytest.MonkeyPatch, format_: str
) -> None:
    """`apply | less`: all is over and written down before its first line is printed."""
    shown, others = command._show_report, []

    def show(*given: Any, **more: Any) -> None:
        others.append(main(["inventory", "pull", "--account", "push"]))
        assert main(["status", "plan.json"]) == 0
        shown(*given, **more)

    monkeypatch.setattr(command, "_show_report", show)
    site.plan("--account", "push")
    assert site.apply("--format", format_) == 0, site.err
    assert others == [0]


def test_a_window_that_closes_is_3_and_can_be_resumed(site: Site) -> None:
    site.guards = (
        "maxDeletions: {count: 100}, windows: [{kind: allow, schedule: '0 0 1 1 *', duration: 1m}]"
    )
    site.write()
    site.plan()
    assert site.apply("--first-run") == 3
    assert site.ledger() == []
    site.guards = "maxDeletions: {count: 100}"
    site.write()
    assert site.apply("--first-run") == 0


def test_a_rule_that_was_waived_is_told_in_every_report(site: Site) -> None:
    site.guards = (
        "maxDeletions: {count: 100}, waivable: [windows], "
        "windows: [{kind: allow, schedule: '0 0 1 1 *', duration: 1m}]"
    )
    site.write()
    site.plan()
    options = ["--first-run", "--waive", "windows", "--because", "urgent", "--ticket", "CHG-9"]
    code, report = site.report(*options, "--report", "markdown=r.md", "--report", "text=r.txt")
    assert code == 0, site.err
    assert report["notes"] == ["WAIVED for this run: windows (CHG-9: urgent)"]
    assert "CHG" in (site.root / "r.md").read_text()
    assert "WAIVED for this run" in (site.root / "r.txt").read_text()


def test_the_evidence_of_an_apply_holds_with_its_looks(site: Site) -> None:
    site.plan()
    assert site.apply("--first-run") == 0
    assert any(row["method"] == "GET" for row in site.ledger())
    assert site.run("evidence", "plan.json", "--out", "evidence.tgz") == 0, site.err
    assert site.run("verify", "evidence.tgz") == 0, site.out


def test_a_plan_from_the_future_is_4(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    later = datetime.now(UTC) + timedelta(days=2)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int(later.timestamp())))
    site.guards = "maxDeletions: {count: 100}, inventoryMaxAge: 2400h"
    site.write()
    site.plan()
    assert site.apply("--first-run") == 4
    assert stamp(later)[:10] in site.err

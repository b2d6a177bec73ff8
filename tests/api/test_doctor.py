"""`doctor`: what is wrong is named with its fix, and nothing is sent that changes anything."""

import json
import re
import sqlite3
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import reconciler
from reconciler.api.doctor import Checkup, Health
from reconciler.declare.project import ProjectFile
from reconciler.lanes.locks import Locks
from reconciler.sandbox import create_app, serve
from reconciler.site import Site
from reconciler.views import doctor as view
from tests.support.apply_site import ACCOUNTS, KEYS, TENANTS, campaigns
from tests.support.apply_site import Site as Folder

VENDOR = ("credentials", "reached", "tls", "log-in", "reads", "clock")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """All five vendors; nothing that a doctor asks may leave a trace there."""
    with serve(create_app(campaigns(), TENANTS, 500)) as found:
        yield found
        with urllib.request.urlopen(f"{found}/__ledger") as answer:
            rows = json.load(answer)["requests"]
    assert rows
    assert [row for row in rows if row["effect"]] == []
    assert [row for row in rows if row["method"] not in ("GET", "POST")] == []
    assert [row for row in rows if "delete" in row["path"] or "cancel" in row["path"]] == []


@pytest.fixture
def folder(tmp_path: Path, url: str) -> Folder:
    made = Folder(tmp_path, url, accounts={"push": ACCOUNTS["push"]})
    made.write()
    made.manifest("push")
    made.inventory([one for one in campaigns() if one["account"] == "push"])
    return made


def now() -> datetime:
    return datetime.now(UTC)


def doctor(folder: Folder, environ: dict[str, str] = KEYS, **given: Any) -> Health:
    clock = given.pop("clock", now)
    project = reconciler.open_project(folder.root, environ=environ, clock=clock)
    return project.doctor(**given)


def wrong(found: Health) -> Checkup:
    """The one thing that is wrong."""
    (one,) = [one for one in found.checks if one.ok is False]
    assert found.exit_code == 1
    assert one.fix
    return one


def change(folder: Folder, old: str, new: str) -> None:
    path = folder.root / "reconciler.yaml"
    before = path.read_text()
    assert old in before
    path.write_text(before.replace(old, new))


def test_where_all_is_there_nothing_is_wrong(folder: Folder) -> None:
    found = doctor(folder)
    assert found.exit_code == 0
    assert [one.ok for one in found.checks if one.account == "push"] == [
        True, True, None, True, True, True
    ]  # fmt: skip


def test_a_vendor_that_asked_for_a_long_wait_is_not_waited_for(folder: Folder) -> None:
    """An earlier run was told to wait; whoever only asks how things are says so, and ends."""
    assert doctor(folder).exit_code == 0
    with sqlite3.connect(folder.root / ".reconciler/state.db") as journal:
        at = now().timestamp()
        journal.execute("UPDATE lanes SET paused_at = ?, paused_until = ?", (at, at + 45))
    journal.close()
    found = doctor(folder, max_wait="1s")
    asked = [one for one in found.checks if one.account == "push" and one.check != "credentials"]
    assert {one.ok for one in asked} == {None}
    (said,) = {one.message for one in asked}
    assert re.fullmatch(
        r"skipped: the vendor asked to wait \d\d s more, which is over --max-wait", said
    )


def test_every_driver_of_a_vendor_can_be_asked(folder: Folder) -> None:
    folder.accounts = dict(ACCOUNTS)
    folder.write()
    folder.inventory()
    found = doctor(folder)
    assert found.exit_code == 0, view.text(found.checks)
    said = {(one.account, one.check): one.ok for one in found.checks}
    for account in ACCOUNTS:
        assert said[account, "reached"] is True
        assert said[account, "log-in"] is True
        assert said[account, "reads"] is (None if account == "dialer" else True)


def test_a_wrong_key(folder: Folder) -> None:
    one = wrong(doctor(folder, {**KEYS, "CEP_KEY": "another-secret"}))
    assert (one.check, one.account) == ("log-in", "push")
    assert "does not accept the credentials" in one.message


def test_no_key(folder: Folder) -> None:
    one = wrong(doctor(folder, {}))
    assert one.check == "credentials"
    assert "CEP_KEY is not set" in one.message


def test_a_wrong_project(folder: Folder) -> None:
    change(folder, "project_1", "project_2")
    one = wrong(doctor(folder))
    assert one.check == "reads"
    assert "0 campaigns are listed, and none of those that the inventory has" in one.message
    assert "right project" in str(one.fix)


def test_nobody_answers(folder: Folder) -> None:
    change(folder, folder.url, "http://127.0.0.1:1")
    one = wrong(doctor(folder))
    assert one.check == "reached"
    assert "127.0.0.1:1: Connection refused" in one.message


def test_a_host_that_has_no_address(folder: Folder) -> None:
    change(folder, folder.url, "https://vendor.invalid")
    one = wrong(doctor(folder))
    assert one.check == "reached"
    assert "cannot connect to vendor.invalid:443" in one.message
    assert "look names up" in str(one.fix)


def test_tls_that_is_none(folder: Folder) -> None:
    change(folder, folder.url, folder.url.replace("http:", "https:"))
    one = wrong(doctor(folder))
    assert one.check == "tls"
    assert "TLS failed" in one.message


@pytest.mark.parametrize("ca", ["missing.pem", "reconciler.yaml"])
def test_a_broken_ca_file(ca: str, folder: Folder) -> None:
    change(folder, "driver: batch-cep", f"driver: batch-cep, caFile: {ca}")
    one = wrong(doctor(folder))
    assert one.check == "tls"
    assert ca in one.message
    assert "caFile" in str(one.fix)


@pytest.mark.parametrize("hours", [3, -3])
def test_a_skewed_clock(hours: int, folder: Folder) -> None:
    skewed = timedelta(hours=hours)
    folder.inventory([], age=timedelta(hours=9))
    one = wrong(doctor(folder, clock=lambda: now() + skewed))
    assert one.check == "clock"
    assert ("ahead of" if hours > 0 else "behind") in one.message


def test_a_state_that_cannot_be_written(folder: Folder) -> None:
    change(folder, "spec:\n", "spec:\n  state: sqlite:////proc/state.db\n")
    found = doctor(folder)
    one = wrong(found)
    assert one.check == "state"
    assert "/proc cannot be written" in one.message
    assert {each.ok for each in found.checks if each.account == "push"} == {None}
    assert not (folder.root / ".reconciler").exists()


@pytest.mark.parametrize("needed", [False, True])
def test_no_ssh_keygen(
    needed: bool, folder: Folder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if needed:
        folder.guards = "approvals: {required: 1, allowedSigners: signers}"
        folder.write()
        (folder.root / "signers").touch()
    monkeypatch.setenv("PATH", str(tmp_path))
    found = doctor(folder)
    (one,) = [one for one in found.checks if one.check == "ssh-keygen"]
    assert one.ok is (False if needed else None)
    assert "OpenSSH" in str(one.fix)
    assert found.exit_code == int(needed)


def test_files_that_are_wrong(folder: Folder) -> None:
    project = reconciler.open_project(folder.root, environ=KEYS)
    (folder.root / "manifests/push.yaml").write_text("kind: Odd\n")
    found = project.doctor()
    assert {one.check for one in found.checks if one.ok is False} == {"files"}
    assert all(one.fix and "push.yaml:1:" in one.message for one in found.checks if not one.ok)


def test_an_account_that_another_run_works_is_skipped(folder: Folder) -> None:
    assert doctor(folder).exit_code == 0
    (lock,) = (folder.root / ".reconciler/state.db.locks").glob("*.lock")
    locks = Locks(lock.parent)
    said = json.loads(lock.read_bytes() or b"{}")
    lane = said.get("lane") or _lane(folder)
    locks.take([lane], {"pid": 1, "accounts": ["push"]})
    try:
        found = doctor(folder)
    finally:
        locks.release()
    assert found.exit_code == 0
    mine = {one.check: one for one in found.checks if one.account == "push"}
    assert mine["credentials"].ok is True
    assert {mine[one].ok for one in VENDOR[1:]} == {None}
    assert "skipped: " in mine["reads"].message
    assert "worked by another run" in mine["reads"].message


def _lane(folder: Folder) -> str:
    from reconciler.lanes.accounts import open_accounts, pairs_of
    from reconciler.lanes.state import journal

    site = Site(root=folder.root, environ=KEYS)
    project: ProjectFile = site.load_project()
    with journal(site, project) as opened:
        (one,) = open_accounts(site, pairs_of(site, project), opened)
    return one.lane


def test_views_tell_each_check_with_its_fix_and_escape_what_is_foreign() -> None:
    checks = [
        Checkup("files", None, True, "all are valid"),
        Checkup("log-in", "push", False, "no: \x1b[31mred\n", "mend it"),
    ]
    shown = view.text(checks)
    assert "WRONG  log-in" in shown
    assert "fix: mend it" in shown
    assert "\x1b" not in shown
    assert view.as_json(checks)["checks"][1] == {
        "check": "log-in", "account": "push", "ok": False,
        "message": "no: \x1b[31mred\n", "fix": "mend it",
    }  # fmt: skip
